//! Versions that rules files ask for: of the engine, and of plugins.

/// The version of Falco's engine whose rules files are read, `major.minor.patch`.
pub const ENGINE_VERSION: &str = "0.63.0";

/// Plugins of Falco whose fields are built in, with the version that they are as.
pub const PLUGIN_VERSIONS: [(&str, &str); 3] =
    [("container", "0.9.0"), ("json", "0.7.3"), ("k8saudit", "0.16.1")];

/// A version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// Reads `1.2.3`; what follows a `-` or `+` does not count.
    pub(super) fn read(text: &str) -> Option<Version> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = core.split('.').map(|number| {
            number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let version = [numbers.next()??, numbers.next()??, numbers.next()??];
        numbers.next().is_none().then_some(Version(version))
    }

    /// Reads the version of an engine: of old a single number, which is the minor version.
    pub(super) fn read_engine(text: &str) -> Option<Version> {
        match text.parse() {
            Ok(minor) => Some(Version([0, minor, 0])),
            Err(_) => Version::read(text),
        }
    }

    /// Whether what needs `needed` runs with this one: the same major version, and no older.
    pub(super) fn serves(self, needed: Version) -> bool {
        self.0[0] == needed.0[0] && self >= needed
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn compares_versions() {
        for (ours, needed, expected) in [
            ("0.63.0", "0.57.0", true),
            ("0.63.0", "0.63.0", true),
            ("0.63.0", "0.63.1", false),
            ("0.63.0", "57", true),
            ("0.63.0", "64", false),
            ("0.63.0", "1.0.0", false),
            ("1.0.0", "0.5.0", false),
            ("0.63.0", "0.57.0-rc1", true),
        ] {
            let needed = Version::read_engine(needed).unwrap();
            assert_eq!(Version::read(ours).unwrap().serves(needed), expected, "{ours} {needed:?}");
        }
        for bad in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.+2.3", "-1"] {
            assert_eq!(Version::read(bad), None, "{bad}");
        }
    }
}
