//! The version of a Go program that was built from its own checkout, for which Go writes `(devel)`.
//!
//! In this order: what the linker was told (`-ldflags "-X main.version=1.2.3"`), when the variable
//! is the program's own and the text is a version; else the commit, as the pseudo-version
//! `v0.0.0-<commit time>-<12 hex digits>+devel` that `go` gives an untagged commit; else `(devel)`.

use super::modinfo::{Module, ModuleLines};
use crate::limits::MAX_GO_LINKER_VARIABLES;

/// What Go writes for the version of a module without one.
pub(super) const DEVEL: &str = "(devel)";
/// Names of variables that carry the program's version, lower case, best first. `goVersion`,
/// `apiVersion`, `schemaVersion` and the like speak of something else.
const VERSION_VARIABLES: [&str; 14] = [
    "version",
    "appversion",
    "programversion",
    "releaseversion",
    "buildversion",
    "gitversion",
    "cliversion",
    "semver",
    "currentversion",
    "versionstring",
    "_version",
    "gittag",
    "buildtag",
    "tag",
];
/// Hex digits of the commit in a pseudo-version.
const PSEUDO_HASH_DIGITS: usize = 12;
/// Digits of the time in a pseudo-version: `YYYYMMDDhhmmss`.
const PSEUDO_TIME_DIGITS: usize = 14;

/// The version of the main module.
pub(super) fn of(main: &Module<'_>, lines: &ModuleLines<'_>) -> String {
    if !main.version.is_empty() && main.version != DEVEL {
        return main.version.to_owned();
    }
    from_linker_flags(main, lines)
        .or_else(|| pseudo_version(lines))
        .unwrap_or_else(|| DEVEL.to_owned())
}

/// The best `-X package.variable=value` that names the program's version.
fn from_linker_flags(main: &Module<'_>, lines: &ModuleLines<'_>) -> Option<String> {
    let flags = lines.setting("-ldflags")?;
    let owned = |package: &str| is_own_package(package, main, lines);
    let best = assignments(flags)
        .into_iter()
        .take(MAX_GO_LINKER_VARIABLES)
        .filter_map(|(package, variable, value)| {
            let variable = variable.to_ascii_lowercase();
            let rank = VERSION_VARIABLES.iter().position(|name| *name == variable)?;
            let version = go_version_text(value)?;
            owned(package).then_some((rank, package != "main", package.len(), version))
        })
        .min()?;
    Some(best.3)
}

/// Whether a package is part of the program's own source: `main`, the main module's packages, and
/// those of modules that the main module replaces by a directory of its own tree.
fn is_own_package(package: &str, main: &Module<'_>, lines: &ModuleLines<'_>) -> bool {
    let within = |module: &str| {
        package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if package.contains("/vendor/") {
        return false;
    }
    let in_own_tree =
        |module: &Module<'_>| module.replacement.is_some_and(|(path, _)| path.starts_with("./"));
    package == "main"
        || within(main.path)
        || lines.dependencies.iter().any(|module| in_own_tree(module) && within(module.path))
}

/// Every `-X package.variable=value` of linker flags, as (package, variable, value).
fn assignments(flags: &str) -> Vec<(&str, &str, &str)> {
    let words = split_flags(flags);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let definition = match *word {
            "-X" | "--X" => words.get(at + 1).copied(),
            other => other.strip_prefix("-X=").or_else(|| other.strip_prefix("--X=")),
        };
        let Some((target, value)) = definition.and_then(|text| unquoted(text).split_once('='))
        else {
            continue;
        };
        // The dot before the variable is the last one; dots of the host name lie before a slash.
        if let Some((package, variable)) = target.rsplit_once('.')
            && !variable.contains('/')
        {
            found.push((package, variable, unquoted(value)));
        }
    }
    found
}

/// Splits at white space; a word that begins with a quote reaches to the next one of its kind.
fn split_flags(flags: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = flags.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => {
                let inner = rest.get(1..).unwrap_or_default();
                inner.split_once(first).unwrap_or((inner, ""))
            }
            _ => rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, "")),
        };
        words.push(word);
        rest = after.trim_ascii_start();
    }
    words
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.strip_suffix(quote).unwrap_or(inner);
        }
    }
    text
}

/// The value with Go's `v` in front, when it is a version: numbers joined by dots, at least two,
/// then nothing or a part that begins with `-`, `+` or `~`.
fn go_version_text(value: &str) -> Option<String> {
    let number = value.trim().trim_start_matches(['v', 'V']);
    let core_end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (core, rest) = number.split_at_checked(core_end)?;
    let parts: Vec<_> = core.split('.').collect();
    let is_core = parts.len() >= 2 && parts.iter().all(|part| !part.is_empty() && part.len() < 12);
    let is_rest = rest.is_empty()
        || (rest.starts_with(['-', '+', '~'])
            && rest.len() < 128
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+.~_".contains(&b)));
    // `0.0.0` and `0.0` are placeholders.
    let says_something = parts.iter().any(|part| part.bytes().any(|digit| digit != b'0'));
    (is_core && is_rest && says_something).then(|| format!("v{number}"))
}

/// The pseudo-version of the commit it was built from (Go modules reference, "Pseudo-versions").
/// Build metadata marks it: `+devel`, or `+dirty` as Go itself writes when files were changed.
/// Unlike a dependency's `v0.0.0-…`, it says nothing of where the commit stands among the tags.
fn pseudo_version(lines: &ModuleLines<'_>) -> Option<String> {
    let revision = lines.setting("vcs.revision")?;
    let hash = revision.get(..PSEUDO_HASH_DIGITS)?;
    if !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let time = lines.setting("vcs.time").filter(|time| time.ends_with('Z'))?;
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    let stamp = digits.get(..PSEUDO_TIME_DIGITS)?;
    let mark = if lines.setting("vcs.modified") == Some("true") { "+dirty" } else { "+devel" };
    Some(format!("v0.0.0-{stamp}-{hash}{mark}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(settings: &str) -> String {
        let text = format!(
            "mod\texample.org/tool\t(devel)\t\ndep\texample.org/dep\tv1.0.0\n\
             dep\texample.org/staged\tv0.0.0\n=>\t./staging/staged\t(devel)\n{settings}\n"
        );
        let lines = ModuleLines::parse(&text);
        of(lines.main.as_ref().unwrap(), &lines)
    }

    #[test]
    fn takes_the_version_the_linker_was_told() {
        for (flags, expect) in [
            ("-s -w -X main.version=1.2.3", "v1.2.3"),
            ("-X 'main.version=v1.2.3' -X main.commit=abc", "v1.2.3"),
            ("-X=main.Version=2.0.0-rc.1", "v2.0.0-rc.1"),
            ("-X example.org/tool/internal/version.Version=v3.1.0+dfsg1", "v3.1.0+dfsg1"),
            ("-X \\\"main.version=4.0.0\\\"", "v4.0.0"),
            // Another's variable, a word that is no version, a variable about something else.
            ("-X example.org/dep/version.Version=v9.9.9", "(devel)"),
            ("-X example.org/toolbox/version.Version=v9.9.9", "(devel)"),
            ("-X example.org/tool/vendor/example.org/dep.Version=v9.9.9", "(devel)"),
            ("-X main.version=dev", "(devel)"),
            ("-X main.version=0.0.0", "(devel)"),
            ("-X main.version=0a1b2c3", "(devel)"),
            ("-X main.goVersion=1.22.3", "(devel)"),
            ("-X main.version=", "(devel)"),
            ("-X", "(devel)"),
            // The plain name wins over a tag, the main package over others.
            ("-X main.gitTag=v1.0.0 -X main.version=v1.0.1", "v1.0.1"),
            ("-X example.org/tool/v.Version=v7.0.0 -X main.Version=v8.0.0", "v8.0.0"),
            // Modules that live in the program's own tree.
            ("-X example.org/staged/version.gitVersion=v1.28.2", "v1.28.2"),
        ] {
            assert_eq!(version(&format!("build\t-ldflags=\"{flags}\"")), expect, "{flags}");
        }
    }

    #[test]
    fn falls_back_to_the_commit() {
        let commit = "build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n\
                      build\tvcs.time=2024-02-03T04:05:06Z";
        let clean = "v0.0.0-20240203040506-0123456789ab";
        assert_eq!(version(commit), format!("{clean}+devel"));
        assert_eq!(
            version(&format!("{commit}\nbuild\tvcs.modified=true")),
            format!("{clean}+dirty")
        );
        assert_eq!(version("build\tvcs.revision=0123456789abcdef"), "(devel)");
        assert_eq!(version("build\tvcs.revision=zz\nbuild\tvcs.time=2024"), "(devel)");
    }
}
