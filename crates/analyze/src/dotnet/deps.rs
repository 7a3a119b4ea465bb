//! `*.deps.json` beside every built .NET program (the runtime configuration files specification)
//! and `project.assets.json` of a restored project: both list `libraries` by `name/version`.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Packages of built programs and of the shared frameworks.
pub(super) const DEPS: TextAnalyzer = TextAnalyzer {
    name: "dotnet-deps",
    version: 1,
    patterns: &[Pattern::Suffix(".deps.json")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

/// Packages of restored projects.
pub(super) const ASSETS: TextAnalyzer = TextAnalyzer {
    name: "nuget-assets",
    version: 1,
    patterns: &[Pattern::Name("project.assets.json")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

/// Before the name of the runtime that a self-contained program brings along.
const RUNTIME_PACK: &str = "runtimepack.";

record! {
    Deps {
        libraries = "libraries": Entries<'a, Loose<Library<'a>>>,
    }
}

record! {
    Library {
        kind = "type": Text<'a>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let deps: Deps<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Nuget, found);
    for (key, library) in &deps.libraries.0 {
        let Some((name, version)) = key.rsplit_once('/') else { continue };
        match &*library.0.kind {
            "package" => pins.add(name, version, false),
            "runtimepack" => {
                pins.add(name.strip_prefix(RUNTIME_PACK).unwrap_or(name), version, false)
            }
            // The program itself, its projects, assemblies of the framework.
            _ => None,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze, wanted_by};

    const DEPS: &[u8] = br#"{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0/linux-x64"},
        "targets":{".NETCoreApp,Version=v8.0":{"App/1.0.0":{"dependencies":{"Newtonsoft.Json":"13.0.1"}}}},
        "libraries":{
            "App/1.0.0":{"type":"project","serviceable":false,"sha512":""},
            "Newtonsoft.Json/13.0.1":{"type":"package","serviceable":true,"sha512":"sha512-0"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"runtimepack"},
            "Local/1.0.0":{"type":"reference"},
            "odd":{"type":"package"},"odd/":{"type":"package"},"x/1":7}}"#;

    #[test]
    fn packages_and_the_runtime_that_is_brought_along() {
        let expect = &["Microsoft.NETCore.App.Runtime.linux-x64 8.0.1", "Newtonsoft.Json 13.0.1"];
        check("app/App.deps.json", DEPS, expect);
        check("app/obj/project.assets.json", DEPS, expect);
        assert!(wanted_by("app/deps.json").is_empty());
    }

    #[test]
    fn hostile() {
        check("a.deps.json", b"\xef\xbb\xbf{}", &[]);
        for bad in ["", "[]", "{\"libraries\":[1]}", "{\"libraries\":{\"a/1\":"] {
            assert_eq!(try_analyze("a.deps.json", bad.as_bytes()).1.len(), 1, "{bad}");
        }
    }
}
