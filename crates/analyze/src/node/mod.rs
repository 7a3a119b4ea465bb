//! Node: installed packages, and the lock files of npm, Yarn, pnpm, Bun and Deno.
//!
//! Lock files below `node_modules` are not read: a package may carry the lock it was developed
//! with, which says nothing of what is installed here.

mod bun;
mod deno;
mod installed;
mod jsonc;
mod npm_lock;
mod pnpm;
mod yarn;

use model::FileEntry;

use crate::Analyzer;

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[
    &installed::INSTALLED,
    &npm_lock::NPM_LOCK,
    &yarn::YARN_LOCK,
    &pnpm::PNPM_LOCK,
    &bun::BUN_LOCK,
    &bun::BunLockb,
    &deno::DENO_LOCK,
];

/// Whether a lock file belongs to a project, not to an installed package.
fn is_project_file(entry: &FileEntry) -> bool {
    !entry.path.split('/').any(|part| part == "node_modules")
}

/// Splits `name@rest`, the name with its scope: `@scope/name@1.0` gives `@scope/name` and `1.0`.
fn split_descriptor(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@')?.0;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A version as npm compares it: without the leading `v` or `=` that semver's loose form lets
/// pass. `None` when it does not begin with a digit: a URL, a path, a tag.
fn exact_version(text: &str) -> Option<&str> {
    let version = text.trim().trim_start_matches(['=', 'v', ' ']);
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_and_versions() {
        for (text, expect) in [
            ("a@1", Some(("a", "1"))),
            ("@s/a@1@2", Some(("@s/a", "1@2"))),
            ("@s/a", None),
            ("é@1", Some(("é", "1"))),
            ("@", None),
            ("", None),
        ] {
            assert_eq!(split_descriptor(text), expect, "{text}");
        }
        for (text, expect) in
            [("1.0.0", Some("1.0.0")), (" =v1.0", Some("1.0")), ("latest", None), ("", None)]
        {
            assert_eq!(exact_version(text), expect, "{text}");
        }
    }
}
