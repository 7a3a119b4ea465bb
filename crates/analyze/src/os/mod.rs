//! Operating system packages, the distribution, and its users.
//!
//! One folder or file a package manager; each reads that manager's own database of what is
//! installed and which files it put there. What is in no database is not seen here: binaries
//! and language packages have their own folders. [`ledger::Ledger`] keeps the limits for all.

mod accounts;
mod apk;
mod bytes;
mod content_sets;
mod dpkg;
mod ledger;
mod pacman;
mod release;
mod rpm;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &dpkg::Dpkg,
    &dpkg::ChiselManifest,
    &apk::Apk,
    &rpm::RpmDatabase,
    &rpm::RpmManifest,
    &pacman::Pacman,
    &content_sets::ContentSets,
    &release::Release,
    &accounts::AccountFiles,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::Pattern;
    use crate::testing::try_analyze;

    /// Pieces that the text formats give a meaning to.
    const PIECES: [&[u8]; 22] = [
        b"\n",
        b"\n\n",
        b"\r\n",
        b" ",
        b"\t",
        b":",
        b"=",
        b"\"",
        b"'",
        b"\\",
        b"%",
        b"/",
        b"\0",
        b"\xff",
        b"Package: a\n",
        b"Version: 1\n",
        b"P:a\nV:1\n",
        b"F:a\nR:b\n",
        b"%NAME%\na\n",
        b"{\"kind\":\"package\"}\n",
        b"ID=",
        b"a release 1 (",
    ];

    fn paths() -> Vec<String> {
        let patterns = super::ANALYZERS.iter().flat_map(|analyzer| analyzer.patterns());
        let fixed = patterns.filter_map(|pattern| match pattern {
            Pattern::Path(path) => Some((*path).to_owned()),
            _ => None,
        });
        let inside = [
            "var/lib/dpkg/status.d/a",
            "var/lib/dpkg/status.d/a.md5sums",
            "var/lib/dpkg/info/a.list",
            "var/lib/pacman/local/a-1-1/desc",
            "var/lib/pacman/local/a-1-1/files",
            "usr/share/buildinfo/content-sets.json",
        ];
        fixed.chain(inside.map(str::to_owned)).collect()
    }

    proptest! {
        /// Whatever the bytes, every analyzer of this folder ends without a panic.
        #[test]
        fn text_of_any_kind_is_survived(
            pieces in proptest::collection::vec(prop::sample::select(&PIECES[..]), 0..60),
            noise in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let text = [pieces.concat(), noise].concat();
            let wall = zstd::encode_all(&[b"{\"jsonwall\":\"1.0\"}\n", &text[..]].concat()[..], 1);
            for path in paths() {
                let _ = try_analyze(&path, &text);
            }
            let _ = try_analyze("var/lib/chisel/manifest.wall", &wall.unwrap());
        }
    }
}
