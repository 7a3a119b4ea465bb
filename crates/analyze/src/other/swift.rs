//! `Package.resolved` of the Swift package manager, versions 1 to 3: pins with the repository they
//! come from. A package is named by its repository's address without scheme and `.git`, as Swift
//! advisories name it. Pins on a branch or a commit have no version and are not told.

use std::borrow::Cow;

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{List, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Resolved packages of Swift.
pub(super) const PACKAGE_RESOLVED: TextAnalyzer = TextAnalyzer {
    name: "swift-resolved",
    version: 1,
    patterns: &[Pattern::Name("Package.resolved"), Pattern::Name(".package.resolved")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

record! {
    Resolved {
        pins = "pins": List<Loose<Pin<'a>>>,
        object = "object": Object<'a>,
    }
}

record! {
    /// Where version 1 keeps its pins.
    Object {
        pins = "pins": List<Loose<Pin<'a>>>,
    }
}

record! {
    Pin {
        identity = "identity": Text<'a>,
        location = "location": Text<'a>,
        repository = "repositoryURL": Text<'a>,
        kind = "kind": Text<'a>,
        state = "state": State<'a>,
    }
}

record! {
    State {
        version = "version": Text<'a>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let resolved: Resolved<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Swift, found);
    for Loose(pin) in resolved.pins.0.iter().chain(&resolved.object.pins.0) {
        if &*pin.kind == "localSourceControl" {
            continue;
        }
        let location = if pin.location.is_empty() { &pin.repository } else { &pin.location };
        let name = if location.is_empty() { Cow::Borrowed(&*pin.identity) } else { name(location) };
        pins.add(&name, &pin.state.version, false);
    }
    Ok(())
}

/// `https://user@Host/Owner/name.git` and `git@host:owner/name.git` as `host/owner/name`; the
/// owner keeps its case.
fn name(location: &str) -> Cow<'_, str> {
    let bare = location.split_once("://").map_or(location, |(_, rest)| rest);
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix(".git").unwrap_or(bare);
    let end = bare.find(['/', ':']).unwrap_or(bare.len());
    let (host, path) = bare.split_at_checked(end).unwrap_or((bare, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_start_matches(':').trim_start_matches('/');
    // A port is no part of the name.
    let path = match path.split_once('/') {
        Some((port, rest)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => path,
    };
    Cow::Owned(format!("{}/{path}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn addresses_become_names() {
        for (location, expect) in [
            ("https://github.com/apple/swift-nio.git", "github.com/apple/swift-nio"),
            ("https://GitHub.com/Weichsel/ZIPFoundation/", "github.com/Weichsel/ZIPFoundation"),
            ("git@github.com:apple/swift-nio.git", "github.com/apple/swift-nio"),
            ("ssh://git@host:22/a/b.git", "host/a/b"),
            ("host", "host/"),
            ("", "/"),
            (":", "/"),
        ] {
            assert_eq!(super::name(location), expect, "{location}");
        }
    }

    #[test]
    fn every_version() {
        let one = br#"{"object":{"pins":[{"package":"NIO","repositoryURL":
            "https://github.com/apple/swift-nio.git","state":{"branch":null,"revision":"0",
            "version":"2.40.0"}},{"package":"B","repositoryURL":"https://host/b","state":
            {"branch":"main","revision":"0","version":null}}]},"version":1}"#;
        let three = br#"{"originHash":"0","pins":[{"identity":"swift-nio","kind":
            "remoteSourceControl","location":"https://github.com/apple/swift-nio.git","state":
            {"revision":"0","version":"2.40.0"}},{"identity":"mona.list","kind":"registry",
            "location":"","state":{"version":"1.0.0"}},{"identity":"l","kind":"localSourceControl",
            "location":"/l","state":{"version":"1.0.0"}},7],"version":3}"#;
        check("app/Package.resolved", one, &["github.com/apple/swift-nio 2.40.0"]);
        let expect = &["github.com/apple/swift-nio 2.40.0", "mona.list 1.0.0"];
        check("app/Package.resolved", three, expect);
        check("Package.resolved", b"{}", &[]);
        for bad in ["", "[]", "{\"pins\":\"x\"}"] {
            assert_eq!(try_analyze("Package.resolved", bad.as_bytes()).1.len(), 1, "{bad}");
        }
    }
}
