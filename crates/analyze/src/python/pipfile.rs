//! `Pipfile.lock` of Pipenv: JSON, a section for each category of packages.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

use super::{is_project_file, normalized};

/// Locked packages of Pipenv.
pub(super) const PIPFILE_LOCK: TextAnalyzer = TextAnalyzer {
    name: "pipfile-lock",
    version: 1,
    patterns: &[Pattern::Name("Pipfile.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: is_project_file,
    read,
};

record! {
    Locked {
        version = "version": Text<'a>,
    }
}

/// Sections by category: `default`, `develop` and the project's own; `_meta` is none.
type Sections<'a> = Entries<'a, Loose<Entries<'a, Loose<Locked<'a>>>>>;

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let sections: Sections<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Pypi, found);
    for (category, section) in sections.0.iter().filter(|(category, _)| &**category != "_meta") {
        for (name, locked) in &section.0.0 {
            // A package from a repository or a directory has no version here.
            if let Some(version) = locked.0.version.strip_prefix("==") {
                pins.add(&normalized(name), version, &**category == "develop");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, check, packages, try_analyze};

    #[test]
    fn every_category_but_meta() {
        let lock =
            br#"{"_meta":{"pipfile-spec":6,"sources":[{"version":"==0"}],"h":{"version":"==9"}},
            "default":{"Foo_Bar":{"version":"==1.2"},"repo":{"git":"https://host/x","ref":"0"},
                       "both":{"version":"==1"},"odd":7},
            "develop":{"pytest":{"version":"==8"},"both":{"version":"==1"}},
            "tools":{"black":{"version":"==24.1"}}}"#;
        let found = analyze("app/Pipfile.lock", lock);
        assert_eq!(packages(&found), ["black 24.1", "both 1", "foo-bar 1.2", "pytest 8"]);
        let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
        assert_eq!(dev, ["pytest"]);
    }

    #[test]
    fn hostile() {
        check("Pipfile.lock", b"\xef\xbb\xbf{}", &[]);
        for bad in [&b""[..], b"[1]", b"{\"default\":{", b"\xff", &[b'['; 100_000]] {
            assert_eq!(try_analyze("Pipfile.lock", bad).1.len(), 1, "{bad:.20?}");
        }
    }
}
