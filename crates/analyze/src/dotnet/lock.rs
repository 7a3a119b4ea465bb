//! `packages.lock.json` of NuGet: packages by target framework.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Locked packages of NuGet.
pub(super) const PACKAGES_LOCK: TextAnalyzer = TextAnalyzer {
    name: "nuget-lock",
    version: 1,
    patterns: &[Pattern::Name("packages.lock.json")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

record! {
    Lock {
        frameworks = "dependencies": Entries<'a, Entries<'a, Loose<Locked<'a>>>>,
    }
}

record! {
    Locked {
        kind = "type": Text<'a>,
        resolved = "resolved": Text<'a>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Nuget, found);
    for (name, locked) in lock.frameworks.0.iter().flat_map(|(_, packages)| &packages.0) {
        if !locked.0.kind.eq_ignore_ascii_case("project") {
            pins.add(name, &locked.0.resolved, false);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn packages_of_every_framework_once() {
        let lock = br#"{"version":1,"dependencies":{
            "net8.0":{"A.B":{"type":"Direct","requested":"[1.0.0, )","resolved":"1.0.0"},
                      "C":{"type":"Transitive","resolved":"2.0.0","dependencies":{"D":"3.0.0"}},
                      "own":{"type":"Project"},"odd":1},
            "net8.0/linux-x64":{"C":{"type":"Transitive","resolved":"2.0.0"},
                      "E":{"type":"CentralTransitive","resolved":"4.0.0"}}}}"#;
        check("app/packages.lock.json", lock, &["A.B 1.0.0", "C 2.0.0", "E 4.0.0"]);
        check("packages.lock.json", b"{}", &[]);
        assert_eq!(try_analyze("packages.lock.json", b"{\"dependencies\":{\"x\":1}}").1.len(), 1);
    }
}
