//! What one jar is: its own package, and those whose classes were packed into it.
//!
//! In order of trust:
//! 1. every `META-INF/maven/**/pom.properties` (or `pom.xml` where that is missing) is a package;
//!    the one that fits the jar's name is the jar itself, the others lie inside it;
//! 2. where none fits, the jar itself is known by its file name (`artifact-version.jar`) and its
//!    manifest. Its group is then, in this order: the directories of a local repository; the
//!    manifest's `Group-Id` (Jenkins plugins); a table of well-known artifacts;
//!    `Implementation-Vendor-Id`; `Bundle-SymbolicName` or `Automatic-Module-Name`, if the
//!    artifact's name can be split off. Otherwise it stays unknown, and the package has the bare
//!    artifact as its name: a wrong group would be worse than none.
//!
//! Jars without any version are no package. Classes that were packed without Maven's files are not
//! recognised.

use std::collections::BTreeSet;

use super::file_name::{JarName, repository_group};
use super::known_groups::known_group;
use super::manifest::Manifest;
use super::properties::Coordinates;

/// Vendor ids under which artifacts of many groups are published.
const VENDORS_OF_MANY_GROUPS: [&str; 4] = ["org.apache", "com.google", "com.sun", "org.eclipse"];

/// What was read from one archive.
#[derive(Default)]
pub(super) struct Evidence {
    /// The manifest, empty when there is none.
    pub manifest: Manifest,
    /// Where in the archive Maven's files lie, and what they state.
    pub stated: Vec<(String, Coordinates)>,
}

/// A package and where it lies: empty for the archive itself, else the entry that proves it.
pub(super) type Placed = (String, Coordinates);

/// The packages of an archive at this path (inner parts after `!/`).
pub(super) fn packages(path: &str, evidence: Evidence) -> Vec<Placed> {
    let file = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let name = JarName::parse(file);
    let own = own_place(&name, &evidence.stated);
    let mut found: Vec<Placed> = Vec::new();
    match own {
        Some(at) => {
            found.extend(evidence.stated.get(at).map(|(_, own)| (String::new(), own.clone())))
        }
        None => {
            found
                .extend(from_name(path, &name, &evidence.manifest).map(|own| (String::new(), own)));
        }
    }
    let tomcat = tomcat(file, &evidence.manifest).into_iter().map(|own| (String::new(), own));
    let mut known: BTreeSet<Coordinates> = found.iter().map(|(_, own)| own.clone()).collect();
    for (place, coordinates) in tomcat.chain(evidence.stated) {
        if known.insert(coordinates.clone()) {
            found.push((place, coordinates));
        }
    }
    found
}

/// Which of the stated coordinates are the jar's own: those that fit its name, of several the ones
/// with the longest artifact. A single one counts also when the name says nothing (`app.jar`).
fn own_place(name: &JarName<'_>, stated: &[Placed]) -> Option<usize> {
    let fitting = stated
        .iter()
        .enumerate()
        .filter(|(_, (_, one))| name.is_of(&one.artifact, &one.version))
        .max_by_key(|(_, (_, one))| (name.version == Some(&one.version), one.artifact.len()));
    let only = match stated {
        [(_, one)] => name.version.is_none_or(|version| version == one.version).then_some(0),
        _ => None,
    };
    fitting.map(|(at, _)| at).or(only)
}

/// The jar itself, by its name and manifest.
fn from_name(path: &str, name: &JarName<'_>, manifest: &Manifest) -> Option<Coordinates> {
    if manifest.value("implementation-title").is_some_and(is_tomcat) {
        return None;
    }
    if let Some(plugin) = jenkins_plugin(manifest) {
        return Some(plugin);
    }
    let nothing = Manifest::default();
    let manifest = if is_about(manifest, name.artifact) { manifest } else { &nothing };
    let version = match (name.version, manifest.version()) {
        // A variant that the name carries and the manifest does not: `1.2.3-linux`.
        (Some(named), Some(stated)) if is_variant(named, stated) => stated,
        (Some(named), _) => named,
        (None, Some(stated)) => stated,
        (None, None) => return None,
    };
    let artifact = bundle_artifact(name).unwrap_or(name.artifact);
    let group = repository_group(path)
        .or_else(|| known_group(artifact, version).map(str::to_owned))
        .or_else(|| stated_group(artifact, manifest))
        .unwrap_or_default();
    Coordinates::new(&group, artifact, version)
}

/// Whether a manifest speaks of this artifact. Tools that pack several jars into one often keep the
/// manifest of one of them; then its OSGi name has no word in common with the jar's name.
fn is_about(manifest: &Manifest, artifact: &str) -> bool {
    let Some(symbolic_name) = manifest.symbolic_name() else { return true };
    let symbolic_name = symbolic_name.to_ascii_lowercase();
    artifact
        .to_ascii_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| word.len() > 1 && symbolic_name.contains(word))
}

/// Whether the version in the name is the stated one with something after a dash.
fn is_variant(named: &str, stated: &str) -> bool {
    named.strip_prefix(stated).is_some_and(|rest| rest.starts_with('-'))
}

/// `org.example.tool_1.2.3.jar`: the artifact of an OSGi bundle file, when its last part is one
/// word. The group is guessed from the same name.
fn bundle_artifact<'n>(name: &JarName<'n>) -> Option<&'n str> {
    let is_bundle_file = name.stem.get(name.artifact.len()..)?.starts_with('_');
    is_bundle_file.then(|| name.artifact.rsplit_once('.').map_or(name.artifact, |(_, last)| last))
}

/// A Jenkins plugin's manifest states its coordinates.
fn jenkins_plugin(manifest: &Manifest) -> Option<Coordinates> {
    let version = manifest.value("plugin-version")?.split_ascii_whitespace().next()?;
    let artifact = manifest.value("short-name").or_else(|| manifest.value("extension-name"))?;
    Coordinates::new(manifest.value("group-id").unwrap_or_default(), artifact, version)
}

/// The group that the manifest gives or lets guess.
fn stated_group(artifact: &str, manifest: &Manifest) -> Option<String> {
    let is_usable = |id: &&str| is_group(id) && !VENDORS_OF_MANY_GROUPS.contains(id);
    let vendor = manifest.value("implementation-vendor-id").filter(is_usable);
    let names = [manifest.symbolic_name(), manifest.value("automatic-module-name")];
    let guess = || names.into_iter().flatten().find_map(|name| group_before(name, artifact));
    vendor.or_else(guess).map(str::to_owned)
}

/// The group out of a dotted name that ends with the artifact.
///
/// The OSGi and module names that build tools make are `group.artifact`; where the artifact begins
/// with the group's last word, that is written once: `org.apache.commons` and `commons-lang3`
/// give `org.apache.commons.lang3`.
fn group_before<'n>(name: &'n str, artifact: &str) -> Option<&'n str> {
    let before = |ending: &str| {
        let group = name.strip_suffix(ending)?.strip_suffix('.')?;
        is_group(group).then_some(group)
    };
    if let Some(group) = before(artifact) {
        return Some(group);
    }
    let (first, rest) = artifact.split_once('-')?;
    let group = before(rest).or_else(|| before(&rest.replace('-', ".")))?;
    let (_, last) = group.rsplit_once('.')?;
    (last == first).then_some(group)
}

/// Whether a text looks like a group: lower-case words joined by dots, at least two.
fn is_group(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    text.contains('.') && text.split('.').all(is_word)
}

fn is_tomcat(title: &str) -> bool {
    title == "Apache Tomcat"
}

/// The jars of a Tomcat distribution have no version in their names and no Maven files.
/// `catalina.jar` is `tomcat-catalina`; it also proves the distribution, which advisories call
/// `org.apache.tomcat:tomcat`. Embedded Tomcat's jars have names that say enough.
fn tomcat(file: &str, manifest: &Manifest) -> Vec<Coordinates> {
    let Some(version) = manifest.version() else { return Vec::new() };
    if !manifest.value("implementation-title").is_some_and(is_tomcat) {
        return Vec::new();
    }
    let name = JarName::parse(file);
    let (group, artifact) = match name.artifact {
        embedded if embedded.starts_with("tomcat-embed-") => {
            ("org.apache.tomcat.embed", embedded.to_owned())
        }
        named if named.starts_with("tomcat") => ("org.apache.tomcat", named.to_owned()),
        short => ("org.apache.tomcat", format!("tomcat-{short}")),
    };
    let product = (name.stem == "catalina").then_some(("org.apache.tomcat", "tomcat".to_owned()));
    [Some((group, artifact)), product]
        .into_iter()
        .flatten()
        .filter_map(|(group, artifact)| Coordinates::new(group, &artifact, version))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(path: &str, manifest: &str, stated: &[(&str, &str, &str)]) -> Vec<String> {
        let evidence = Evidence {
            manifest: Manifest::parse(manifest.as_bytes()),
            stated: stated
                .iter()
                .filter_map(|(g, a, v)| Some((format!("at/{a}"), Coordinates::new(g, a, v)?)))
                .collect(),
        };
        packages(path, evidence)
            .into_iter()
            .map(|(place, c)| format!("{}:{}:{} {place}", c.group, c.artifact, c.version))
            .collect()
    }

    #[test]
    fn the_name_chooses_among_stated_coordinates() {
        let inner = [("org.a", "core", "1.0"), ("org.a", "core-api", "1.0"), ("org.b", "x", "2")];
        assert_eq!(
            identify("lib/core-api-1.0.jar", "", &inner),
            ["org.a:core-api:1.0 ", "org.a:core:1.0 at/core", "org.b:x:2 at/x"]
        );
        // One of them, and a name that says nothing.
        assert_eq!(identify("app.jar", "", &inner[..1]), ["org.a:core:1.0 "]);
        // Packed into something else: both are there.
        assert_eq!(
            identify("tool-3.1.jar", "", &inner[..1]),
            [":tool:3.1 ", "org.a:core:1.0 at/core"]
        );
        // Several, none its own, and no version of the whole.
        assert_eq!(identify("app.jar", "", &inner).len(), 3);
    }

    #[test]
    fn name_and_manifest_tell_the_rest() {
        for (path, manifest, expect) in [
            ("spring-core-5.3.1.jar", "", "org.springframework:spring-core:5.3.1"),
            (
                "spring-core.jar",
                "Implementation-Version: 5.3.1",
                "org.springframework:spring-core:5.3.1",
            ),
            ("hibernate-core-6.2.0.Final.jar", "", "org.hibernate.orm:hibernate-core:6.2.0.Final"),
            ("hibernate-core-5.6.1.Final.jar", "", "org.hibernate:hibernate-core:5.6.1.Final"),
            (
                "commons-lang9-3.12.0.jar",
                "Bundle-SymbolicName: org.apache.commons.lang9",
                "org.apache.commons:commons-lang9:3.12.0",
            ),
            (
                "jackson-core-2.14.0.jar",
                "Bundle-SymbolicName: com.fasterxml.jackson.core.jackson-core;a:=b",
                "com.fasterxml.jackson.core:jackson-core:2.14.0",
            ),
            ("tool-1.0.jar", "Implementation-Vendor-Id: org.example", "org.example:tool:1.0"),
            ("tool-1.0.jar", "Implementation-Vendor-Id: Example Inc.", ":tool:1.0"),
            ("tool-1.0.jar", "Automatic-Module-Name: org.example.other", ":tool:1.0"),
            ("tool-1.0.jar", "Implementation-Vendor-Id: org.apache", ":tool:1.0"),
            (
                "packed-1.0.jar",
                "Bundle-SymbolicName: org.other\nImplementation-Vendor-Id: org.other",
                ":packed:1.0",
            ),
            ("tool-1.0-extra.jar", "Implementation-Version: 1.0", ":tool:1.0"),
            ("root/.m2/repository/com/acme/tool/1.0/tool-1.0.jar", "", "com.acme:tool:1.0"),
            (
                "git.hpi",
                "Group-Id: org.example.plugins\nShort-Name: git\nPlugin-Version: 4.1 (x)",
                "org.example.plugins:git:4.1",
            ),
            (
                "org.example.tool_1.2.3.jar",
                "Bundle-SymbolicName: org.example.tool",
                "org.example:tool:1.2.3",
            ),
        ] {
            assert_eq!(identify(path, manifest, &[]), [format!("{expect} ")], "{path}");
        }
        assert!(identify("app.jar", "Implementation-Version: unknown", &[]).is_empty());
        assert!(identify("app.jar", "", &[]).is_empty());
        // The manifest of something that was packed into it.
        let foreign = "Bundle-SymbolicName: org.other.lib\nBundle-Version: 2.25.3";
        assert!(identify("app.jar", foreign, &[]).is_empty());
    }

    #[test]
    fn tomcat_is_known_by_its_manifest() {
        let manifest = "Implementation-Title: Apache Tomcat\nImplementation-Version: 9.0.80";
        assert_eq!(
            identify("usr/local/tomcat/lib/catalina.jar", manifest, &[]),
            ["org.apache.tomcat:tomcat-catalina:9.0.80 ", "org.apache.tomcat:tomcat:9.0.80 "]
        );
        assert_eq!(
            identify("lib/tomcat-coyote.jar", manifest, &[]),
            ["org.apache.tomcat:tomcat-coyote:9.0.80 "]
        );
        assert_eq!(
            identify("BOOT-INF/lib/tomcat-embed-core-9.0.80.jar", manifest, &[]),
            ["org.apache.tomcat.embed:tomcat-embed-core:9.0.80 "]
        );
    }
}
