//! What a jar's file name says: `artifact-version.jar`, as Maven names what it builds; and what
//! the directories of a local repository say.

/// Endings of a Maven version that name a variant of the same artifact (classifiers). `-jre` and
/// `-android` are not among them: they belong to the version.
const CLASSIFIERS: [&str; 13] = [
    "sources",
    "javadoc",
    "tests",
    "test-sources",
    "jar-with-dependencies",
    "with-dependencies",
    "shaded",
    "all",
    "exec",
    "boot",
    "nodep",
    "fat",
    "uber",
];
/// Systems that a classifier may begin with: `linux-x86_64`.
const SYSTEMS: [&str; 5] = ["linux", "osx", "windows", "macos", "win"];
/// Words before a number that make it part of a version: `1.0-rc-2`, `2.0-beta-9`.
const QUALIFIERS: [&str; 10] =
    ["alpha", "beta", "rc", "cr", "m", "milestone", "b", "sp", "pre", "snapshot"];
/// Directories under which artifacts lie by group: Maven's local repository, Karaf's.
const REPOSITORIES: [&str; 5] = ["repository", "maven2", "maven-repo", "m2", "system"];

/// The parts of a jar's file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JarName<'n> {
    /// The name without its ending.
    pub stem: &'n str,
    /// What comes before the version; the stem when there is none.
    pub artifact: &'n str,
    /// The version, classifier cut off.
    pub version: Option<&'n str>,
}

impl<'n> JarName<'n> {
    /// Takes a file name (without directories) apart.
    ///
    /// The version begins at the first `-` before a digit, unless what follows looks like a number
    /// in an artifact's name before the real version: `log4j-1.2-api-2.17.1`. Names of OSGi
    /// bundles separate the version by `_`: `org.eclipse.osgi_3.18.0`.
    pub(super) fn parse(name: &'n str) -> Self {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (artifact, version) = split_at_version(stem)
            .or_else(|| split_bundle(stem))
            .map_or((stem, None), |(artifact, version)| (artifact, Some(version)));
        JarName { stem, artifact, version: version.map(without_classifier) }
    }

    /// Whether this name can be that of an artifact of this name and version.
    pub(super) fn is_of(&self, artifact: &str, version: &str) -> bool {
        let rest = self.stem.strip_prefix(artifact);
        let is_bundle = || {
            let plain = self.artifact.replace('-', ".");
            let is_last = plain.strip_suffix(&artifact.replace('-', "."));
            self.version == Some(version) && is_last.is_some_and(|before| before.ends_with('.'))
        };
        match rest.and_then(|rest| rest.strip_prefix(['-', '_']).or(Some(rest))) {
            Some("") => true,
            Some(rest) if rest.starts_with(version) => true,
            _ => self.artifact == artifact || is_bundle(),
        }
    }
}

/// Whether the name is that of an archive of sources or documentation, which cannot run.
pub(super) fn is_documentation(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    ["-sources", "-javadoc", "-test-sources"].iter().any(|end| stem.ends_with(end))
}

/// The group that the directories of a repository give, when the file lies in one:
/// `…/repository/org/example/tool/1.0/tool-1.0.jar`, or Gradle's
/// `…/files-2.1/org.example/tool/1.0/<sha1>/tool-1.0.jar`.
pub(super) fn repository_group(path: &str) -> Option<String> {
    let parts: Vec<_> = path.split('/').collect();
    let (file, directories) = parts.split_last()?;
    let starts_with = |artifact: &str, version: &str| {
        let rest = file.strip_prefix(artifact).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.starts_with(version))
    };
    if let [.., cache, group, artifact, version, _] = directories
        && cache.starts_with("files-")
        && starts_with(artifact, version)
    {
        return Some((*group).to_owned());
    }
    let (above, [artifact, version]) = directories.split_last_chunk::<2>()?;
    let root = above.iter().rposition(|part| REPOSITORIES.contains(part))?;
    let group = above.get(root + 1..).filter(|group| !group.is_empty())?;
    starts_with(artifact, version).then(|| group.join("."))
}

fn split_at_version(stem: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + dash_before_digit(stem.get(from..)?)?;
        let (artifact, version) = (stem.get(..at)?, stem.get(at + 1..)?);
        if artifact.is_empty() {
            return None;
        }
        match number_of_the_name(version) {
            Some(skip) => from = at + 1 + skip,
            None => return Some((artifact, version)),
        }
    }
}

fn dash_before_digit(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| pair[0] == b'-' && pair[1].is_ascii_digit())
}

/// When the text is a short number, a word and then a dotted number (`1.2-api-2.17.1`), the number
/// belongs to the artifact's name; gives where the word begins.
fn number_of_the_name(version: &str) -> Option<usize> {
    let (number, rest) = version.split_once('-')?;
    let is_short = number.bytes().filter(|b| *b == b'.').count() <= 1
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let at = dash_before_digit(rest)?;
    let word = rest.get(..at)?;
    let is_word = word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
        && !QUALIFIERS.contains(&word.to_ascii_lowercase().as_str());
    let is_dotted = rest.get(at..)?.contains('.');
    (is_short && is_word && is_dotted).then_some(number.len())
}

/// A bundle's name and version, when the name is dotted and the version has three numbers.
fn split_bundle(stem: &str) -> Option<(&str, &str)> {
    let (name, version) = stem.rsplit_once('_')?;
    let numbers = version.split('.').take(3).filter(|part| part.parse::<u32>().is_ok()).count();
    (name.contains('.') && numbers == 3).then_some((name, version))
}

fn without_classifier(version: &str) -> &str {
    for classifier in CLASSIFIERS {
        if let Some(rest) = version.strip_suffix(classifier)
            && let Some(number) = rest.strip_suffix('-')
        {
            return number;
        }
    }
    let system = SYSTEMS.iter().find_map(|system| {
        let (before, after) = version.split_once(&format!("-{system}"))?;
        (after.is_empty() || after.starts_with(['-', '_'])).then_some(before)
    });
    system.unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        for (name, artifact, version) in [
            ("commons-io-2.11.0.jar", "commons-io", Some("2.11.0")),
            ("guava-31.1-jre.jar", "guava", Some("31.1-jre")),
            ("log4j-1.2-api-2.17.1.jar", "log4j-1.2-api", Some("2.17.1")),
            ("log4j-1.2.17.jar", "log4j", Some("1.2.17")),
            ("jackson-module-scala_2.12-2.13.0.jar", "jackson-module-scala_2.12", Some("2.13.0")),
            ("bcprov-jdk15on-1.70.jar", "bcprov-jdk15on", Some("1.70")),
            ("foo-1.0-20230101.123456-1.jar", "foo", Some("1.0-20230101.123456-1")),
            ("foo-2.0-beta-9.1.jar", "foo", Some("2.0-beta-9.1")),
            ("epoll-4.1.100.Final-linux-x86_64.jar", "epoll", Some("4.1.100.Final")),
            ("app-1.0.0-jar-with-dependencies.jar", "app", Some("1.0.0")),
            ("spring-core-5.3.39.RELEASE.jar", "spring-core", Some("5.3.39.RELEASE")),
            ("org.eclipse.osgi_3.18.0.v2022.jar", "org.eclipse.osgi", Some("3.18.0.v2022")),
            ("spark-core_2.12.jar", "spark-core_2.12", None),
            ("catalina.jar", "catalina", None),
            ("-1.jar", "-1", None),
            ("noending", "noending", None),
            ("", "", None),
        ] {
            let parsed = JarName::parse(name);
            assert_eq!((parsed.artifact, parsed.version), (artifact, version), "{name}");
        }
    }

    #[test]
    fn knows_its_artifact() {
        for (name, artifact, version, expect) in [
            ("log4j-core-2.17.1.jar", "log4j-core", "2.17.1", true),
            ("log4j-core.jar", "log4j-core", "2.17.1", true),
            ("log4j-core-2.17.1.jar", "log4j", "2.17.1", false),
            ("netty-all-4.1.0-shaded.jar", "netty-all", "4.1.0", true),
            ("org.example.tool.core_1.2.3.jar", "tool-core", "1.2.3", true),
            ("app.jar", "commons-io", "2.11.0", false),
        ] {
            assert_eq!(JarName::parse(name).is_of(artifact, version), expect, "{name} {artifact}");
        }
    }

    #[test]
    fn a_repository_names_the_group() {
        for (path, expect) in [
            ("root/.m2/repository/org/example/tool/1.0/tool-1.0.jar", Some("org.example")),
            ("opt/karaf/system/com/acme/x/2/x-2-linux.jar", Some("com.acme")),
            (
                "g/caches/modules-2/files-2.1/org.example/tool/1.0/0a1b/tool-1.0.jar",
                Some("org.example"),
            ),
            ("root/.m2/repository/tool/1.0/tool-1.0.jar", None),
            ("root/.m2/repository/org/example/tool/1.0/other.jar", None),
            ("opt/app/lib/tool-1.0.jar", None),
            ("tool-1.0.jar", None),
        ] {
            assert_eq!(repository_group(path).as_deref(), expect, "{path}");
        }
    }
}
