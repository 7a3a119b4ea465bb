//! Core metadata: the header of a distribution (`METADATA`, `PKG-INFO`) as packaging.python.org's
//! "Core metadata specifications" describe it.

use model::{Package, PackageKind};

use crate::pins::is_word;

/// Longest licence text that is taken for a licence's name, in bytes.
const MAX_LICENSE_BYTES: usize = 120;

/// The package that core metadata describes; `None` without a name and a version.
pub(super) fn package(text: &str) -> Option<Package> {
    let fields = Fields::read(text);
    let name = super::normalized(fields.name);
    if !is_word(&name) || !is_word(fields.version) {
        return None;
    }
    let mut package = Package::new(PackageKind::Pypi, name, fields.version);
    package.licenses = fields.licenses();
    Some(package)
}

/// The fields of the header that are of use.
#[derive(Default)]
struct Fields<'a> {
    name: &'a str,
    version: &'a str,
    expression: &'a str,
    license: &'a str,
    /// Whether the licence's text goes on in the next line: then it is no name.
    license_goes_on: bool,
    classifiers: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    /// Reads the header up to its first empty line; the first field of a name holds.
    fn read(text: &'a str) -> Self {
        let mut fields = Fields::default();
        let mut last = "";
        for line in text.lines() {
            if line.trim_end().is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                fields.license_goes_on |= last.eq_ignore_ascii_case("license");
                continue;
            }
            let Some((key, value)) = line.split_once(':') else { continue };
            last = key;
            fields.set(key, value.trim());
        }
        fields
    }

    fn set(&mut self, key: &str, value: &'a str) {
        let field = match key.to_ascii_lowercase().as_str() {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "license-expression" => &mut self.expression,
            "license" => &mut self.license,
            "classifier" => {
                if let Some(path) = value.strip_prefix("License ::") {
                    self.classifiers.push(path.rsplit("::").next().unwrap_or(path).trim());
                }
                return;
            }
            _ => return,
        };
        if field.is_empty() {
            *field = value;
        }
    }

    /// The licences: the expression, else the field when it is a name, else the classifiers.
    fn licenses(&self) -> Vec<String> {
        if !self.expression.is_empty() {
            return vec![self.expression.to_owned()];
        }
        let is_name = !self.license_goes_on
            && !self.license.is_empty()
            && self.license.len() <= MAX_LICENSE_BYTES
            && !self.license.eq_ignore_ascii_case("unknown");
        if is_name {
            return vec![self.license.to_owned()];
        }
        let named = self.classifiers.iter().filter(|name| **name != "OSI Approved");
        named.map(|name| (*name).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_header_and_nothing_else() {
        for (text, expect) in [
            ("Name: A.b\nVersion: 1.0\n", Some(("a-b", "1.0", ""))),
            ("name: a\r\nVERSION: 1\r\nLicense: MIT\r\n\r\nName: no\r\n", Some(("a", "1", "MIT"))),
            (
                "Name: a\nVersion: 1\nLicense: Long\n  text\nClassifier: License :: OSI Approved :: BSD License\n",
                Some(("a", "1", "BSD License")),
            ),
            (
                "Name: a\nVersion: 1\nLicense: x\nLicense-Expression: MIT OR Apache-2.0\n",
                Some(("a", "1", "MIT OR Apache-2.0")),
            ),
            (
                "Name: a\nVersion: 1\nLicense: UNKNOWN\nClassifier: License :: OSI Approved\n",
                Some(("a", "1", "")),
            ),
            (
                "Name: a\nDescription: Name: b\n        Version: 3\nVersion: 1\nVersion: 2\n",
                Some(("a", "1", "")),
            ),
            ("Name: a\n\nVersion: 1\n", None),
            ("Name: a b\nVersion: 1\n", None),
            ("no colon\n", None),
            ("", None),
        ] {
            let read = package(text);
            let read = read
                .as_ref()
                .map(|p| (&*p.name, &*p.version, p.licenses.first().map_or("", |l| l)));
            assert_eq!(read, expect, "{text:?}");
        }
    }
}
