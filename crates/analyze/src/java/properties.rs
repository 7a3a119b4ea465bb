//! `pom.properties`: the Maven coordinates that Maven leaves in what it packs, at
//! `META-INF/maven/<group>/<artifact>/`; and `Coordinates` themselves.
//!
//! The same file in an unpacked web application proves its package too. Sources: the Maven
//! Archiver reference; `java.util.Properties` for the syntax.

use model::{Content, FileEntry, Package, PackageKind};

use crate::content_reader::whole;
use crate::limits::MAX_POM_PROPERTIES_BYTES;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Longest group, artifact or version that is believed, in bytes.
const MAX_COORDINATE_BYTES: usize = 256;
/// The directory below which Maven leaves its files.
const MAVEN_DIRECTORY: &str = "META-INF/maven/";

/// What names a Maven artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Coordinates {
    /// Group; empty when it could not be learned.
    pub group: String,
    /// Artifact.
    pub artifact: String,
    /// Version.
    pub version: String,
}

impl Coordinates {
    /// The coordinates, when each is a plausible one: not empty, no `${placeholder}`, no spaces.
    pub(super) fn new(group: &str, artifact: &str, version: &str) -> Option<Self> {
        let is_plain = |text: &str| {
            text.len() <= MAX_COORDINATE_BYTES
                && text.chars().all(|c| c.is_alphanumeric() || "._-+~".contains(c))
        };
        let fits = is_plain(group) && is_plain(artifact) && is_plain(version);
        (fits && !artifact.is_empty() && !version.is_empty()).then(|| Coordinates {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The package: `group:artifact`, or the bare artifact when the group is not known.
    pub(super) fn package(&self) -> Package {
        let name = match self.group.as_str() {
            "" => self.artifact.clone(),
            group => format!("{group}:{}", self.artifact),
        };
        Package::new(PackageKind::Maven, name, self.version.as_str())
    }
}

/// Whether an entry of an archive, or a file, is a `pom.properties` where Maven puts it.
pub(super) fn is_pom_properties(path: &str) -> bool {
    path.ends_with("/pom.properties") && maven_place(path).is_some()
}

/// Group and artifact that the path of a file below `META-INF/maven` names.
pub(super) fn maven_place(path: &str) -> Option<(&str, &str)> {
    let (before, below) = path.rsplit_once(MAVEN_DIRECTORY)?;
    if !before.is_empty() && !before.ends_with('/') {
        return None;
    }
    let mut parts = below.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(group), Some(artifact), Some(_), None) => Some((group, artifact)),
        _ => None,
    }
}

/// The coordinates that a `pom.properties` at this path states; group and artifact default to the
/// directories it lies in.
pub(super) fn coordinates(path: &str, text: &str) -> Option<Coordinates> {
    let (mut group, mut artifact) = maven_place(path).map(|(g, a)| (g.to_owned(), a.to_owned()))?;
    let mut version = String::new();
    for line in text.lines() {
        let Some((key, value)) = property(line) else { continue };
        match key {
            "groupId" => group = value,
            "artifactId" => artifact = value,
            "version" => version = value,
            _ => {}
        }
    }
    Coordinates::new(&group, &artifact, &version)
}

/// One line `key=value` or `key: value`, escapes of the value undone.
fn property(line: &str) -> Option<(&str, String)> {
    let line = line.trim();
    if line.starts_with(['#', '!']) {
        return None;
    }
    let (key, value) = line.split_once(['=', ':'])?;
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    Some((key.trim_end(), plain))
}

/// Reads `pom.properties` of unpacked archives.
pub(super) struct UnpackedPomProperties;

impl Analyzer for UnpackedPomProperties {
    fn name(&self) -> &'static str {
        "java-pom-properties"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Name("pom.properties")]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if !is_pom_properties(&entry.path) {
            return Ok(());
        }
        let bytes = whole(content, MAX_POM_PROPERTIES_BYTES)?;
        let stated = coordinates(&entry.path, &String::from_utf8_lossy(&bytes));
        found.packages.extend(stated.map(|coordinates| coordinates.package()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn reads_coordinates_or_nothing() {
        let path = "META-INF/maven/org.example/tool/pom.properties";
        let full = "#Generated by Maven\n#Mon Jan 01\nversion=1.2.3\r\ngroupId = org.example\n\
                    artifactId:tool-core\n";
        for (text, expect) in [
            (full, Some(("org.example", "tool-core", "1.2.3"))),
            ("version=2.0", Some(("org.example", "tool", "2.0"))),
            ("version=1.0\\:x", None),
            ("version=${project.version}\ngroupId=g\nartifactId=a", None),
            ("groupId=g\nartifactId=a", None),
            ("", None),
        ] {
            let expect = expect.and_then(|(g, a, v)| Coordinates::new(g, a, v));
            assert_eq!(coordinates(path, text), expect, "{text}");
        }
    }

    #[test]
    fn an_unpacked_application_proves_its_package() {
        let text = b"version=1.2.3\ngroupId=org.example\nartifactId=app\n";
        let path = "srv/app/WEB-INF/classes/META-INF/maven/org.example/app/pom.properties";
        check(path, text, &["org.example:app 1.2.3"]);
        check("srv/app/pom.properties", text, &[]);
        check("srv/NOTMETA-INF/maven/org.example/app/pom.properties", text, &[]);
    }
}
