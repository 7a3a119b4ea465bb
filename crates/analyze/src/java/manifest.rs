//! `META-INF/MANIFEST.MF`: the main section of a jar's manifest.
//!
//! Source: the JAR file specification ("name: value", lines cut at 72 bytes go on after a space),
//! OSGi core specification for the `Bundle-` attributes.

use std::collections::HashMap;

/// The attributes of the main section, names in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    attributes: HashMap<String, String>,
}

impl Manifest {
    /// Reads the main section: up to the first empty line.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut joined: Vec<String> = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            match (line.strip_prefix(' '), joined.last_mut()) {
                (Some(rest), Some(last)) => last.push_str(rest),
                _ => joined.push(line.to_owned()),
            }
        }
        let attributes = joined.iter().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        });
        Manifest { attributes: attributes.collect() }
    }

    /// The value of an attribute (name in lower case), when it says something.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = self.attributes.get(name)?.as_str();
        (!value.is_empty() && !value.contains("${")).then_some(value)
    }

    /// The OSGi name, without directives.
    pub(super) fn symbolic_name(&self) -> Option<&str> {
        let value = self.value("bundle-symbolicname")?;
        Some(value.split_once(';').map_or(value, |(name, _)| name).trim())
    }

    /// The version it gives of what is in the jar; `Specification-Version` is that of an interface
    /// and does not count. Words after the number (a build date) are cut off.
    pub(super) fn version(&self) -> Option<&str> {
        ["plugin-version", "implementation-version", "bundle-version"].into_iter().find_map(
            |name| {
                let first = self.value(name)?.split_ascii_whitespace().next()?.trim_matches('"');
                let number = first.strip_prefix('v').unwrap_or(first);
                number.starts_with(|c: char| c.is_ascii_digit()).then_some(number)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_lines_and_stops_at_the_main_section() {
        let manifest = Manifest::parse(
            b"Manifest-Version: 1.0\r\nBundle-SymbolicName: org.example.very.lo\r\n ng.name;single\
              ton:=true\r\nImplementation-Version: 1.2.3 (build 7)\r\nEmpty:\r\n\r\n\
              Name: a/B.class\r\nImplementation-Version: 9\r\n",
        );
        assert_eq!(manifest.symbolic_name(), Some("org.example.very.long.name"));
        assert_eq!(manifest.version(), Some("1.2.3"));
        assert_eq!(manifest.value("empty"), None);
        assert_eq!(manifest.value("name"), None);
    }

    #[test]
    fn a_version_is_a_number() {
        for (text, expect) in [
            ("Implementation-Version: ${project.version}\nBundle-Version: 4.5.6", Some("4.5.6")),
            ("Implementation-Version: unknown", None),
            ("Specification-Version: 3.1", None),
            ("Plugin-Version: 2.0\nImplementation-Version: 1.0", Some("2.0")),
            ("Implementation-Version: v7.1", Some("7.1")),
            (" continued from nothing\n\u{fffd}:", None),
        ] {
            assert_eq!(Manifest::parse(text.as_bytes()).version(), expect, "{text}");
        }
    }
}
