//! PHP: Composer's lock file and its list of what is installed.
//!
//! Names are written in lower case, as Packagist compares them; versions without the leading `v`
//! of their tags, so that `v5.4.0` and `5.4.0` are one version.

use model::{FileEntry, PackageKind};

use crate::licenses::Licenses;
use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{List, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[&COMPOSER_LOCK, &COMPOSER_INSTALLED];

/// Locked packages of Composer: `composer.lock`.
const COMPOSER_LOCK: TextAnalyzer = TextAnalyzer {
    name: "composer-lock",
    version: 1,
    patterns: &[Pattern::Name("composer.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read: read_lock,
};

/// Installed packages of Composer: `vendor/composer/installed.json`.
const COMPOSER_INSTALLED: TextAnalyzer = TextAnalyzer {
    name: "composer-installed",
    version: 1,
    patterns: &[Pattern::Name("installed.json")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_installed_list,
    read: read_installed,
};

record! {
    Lock {
        packages = "packages": List<Loose<Entry<'a>>>,
        dev_packages = "packages-dev": List<Loose<Entry<'a>>>,
    }
}

record! {
    /// The list since Composer 2.
    Installed {
        packages = "packages": List<Loose<Entry<'a>>>,
        dev_names = "dev-package-names": List<Text<'a>>,
    }
}

record! {
    Entry {
        name = "name": Text<'a>,
        version = "version": Text<'a>,
        license = "license": Licenses,
    }
}

/// Whether a lock belongs to a project: packages carry the lock they were developed with
/// (`vendor/name/package/composer.lock`).
fn is_project_file(entry: &FileEntry) -> bool {
    let directories = entry.path.split('/').rev().skip(1);
    !directories.skip(2).any(|directory| directory == "vendor")
}

fn is_installed_list(entry: &FileEntry) -> bool {
    entry.path.ends_with("composer/installed.json")
        && entry.path.rsplit('/').nth(1) == Some("composer")
}

fn read_lock(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Composer, found);
    lock.packages.0.into_iter().for_each(|entry| add(entry.0, false, &mut pins));
    lock.dev_packages.0.into_iter().for_each(|entry| add(entry.0, true, &mut pins));
    Ok(())
}

fn read_installed(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    // Composer 1 wrote the list alone.
    let installed = if text.trim_start().starts_with('[') {
        Installed { packages: json(text)?, ..Installed::default() }
    } else {
        json(text)?
    };
    let dev_names: std::collections::HashSet<&str> =
        installed.dev_names.0.iter().map(|name| &**name).collect();
    let mut pins = Pins::new(PackageKind::Composer, found);
    for entry in installed.packages.0 {
        let dev = dev_names.contains(&*entry.0.name);
        add(entry.0, dev, &mut pins);
    }
    Ok(())
}

fn add(entry: Entry<'_>, dev: bool, pins: &mut Pins<'_>) {
    let tag = &*entry.version;
    let version = tag
        .strip_prefix(['v', 'V'])
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(tag);
    if let Some(package) = pins.add(&entry.name.to_lowercase(), version, dev) {
        package.licenses = entry.license.0;
    }
}

#[cfg(test)]
mod tests {
    use crate::Analysis;
    use crate::testing::{analyze, check, packages, try_analyze};

    fn dev(found: &Analysis) -> Vec<&str> {
        found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect()
    }

    #[test]
    fn the_lock() {
        let lock = br#"{"_readme":["x"],"content-hash":"0","packages":[
            {"name":"Acme/Log","version":"v2.9.1","license":["MIT","BSD-3-Clause"],"require":{"php":">=7"}},
            {"name":"acme/branch","version":"dev-main"},
            {"name":"acme/vendor","version":"vanilla"},
            {"name":"acme/none"}, 7],
            "packages-dev":[{"name":"acme/test","version":"9.6.0"}],
            "aliases":[],"platform":[],"platform-dev":{}}"#;
        let found = analyze("app/composer.lock", lock);
        assert_eq!(
            packages(&found),
            ["acme/branch dev-main", "acme/log 2.9.1", "acme/test 9.6.0", "acme/vendor vanilla"]
        );
        assert_eq!(dev(&found), ["acme/test"]);
        assert_eq!(found.packages[0].licenses, ["MIT", "BSD-3-Clause"]);
        check("app/vendor/acme/log/composer.lock", lock, &[]);
    }

    #[test]
    fn what_is_installed_by_composer_1_and_2() {
        let one =
            br#"[{"name":"acme/log","version":"v2.9.1"},{"name":"acme/test","version":"9.6.0"}]"#;
        let two = br#"{"packages":[{"name":"acme/log","version":"2.9.1"},{"name":"acme/test",
            "version":"9.6.0"}],"dev":true,"dev-package-names":["acme/test"]}"#;
        let path = "app/vendor/composer/installed.json";
        assert_eq!(packages(&analyze(path, one)), packages(&analyze(path, two)));
        assert_eq!(dev(&analyze(path, one)), [""; 0]);
        assert_eq!(dev(&analyze(path, two)), ["acme/test"]);
        check("app/installed.json", one, &[]);
        check("app/notcomposer/installed.json", one, &[]);
    }

    #[test]
    fn hostile() {
        check("composer.lock", b"\xef\xbb\xbf{\"packages\":{}}", &[]);
        let deep = "[".repeat(1 << 20);
        for bad in ["", "[1]", "{\"packages\":\"x\"}", "{\"packages\":{\"a\":1}}", &deep] {
            assert_eq!(try_analyze("composer.lock", bad.as_bytes()).1.len(), 1, "{bad:.20}");
            if !bad.starts_with("[1") {
                let errors = try_analyze("composer/installed.json", bad.as_bytes()).1;
                assert_eq!(errors.len(), 1, "{bad:.20}");
            }
        }
    }
}
