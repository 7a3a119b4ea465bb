//! RustSec (github.com/RustSec/advisory-db): Markdown with TOML in front, one file an advisory. It
//! names the patched and the unaffected versions of a crate; the others are affected.
//!
//! The requirements are Cargo's (doc.rust-lang.org/cargo/reference/specifying-dependencies.html).

use model::{AdvisoryId, AdvisoryKind, Affected, Ecosystem, FixState, NameOf, RangeEnd};
use semver::{Comparator, Op, Prerelease, Version, VersionReq};
use serde::Deserialize;

use super::interval::{Bound, Interval, complement, spans};
use super::text::{one_line, timestamp};
use super::{Feed, Malformed, Reading, advisory};

const FRONT_BEGINS: &str = "```toml";
const FRONT_ENDS: &str = "\n```";
/// Directory of the advisories on Rust's own tools, which are not crates.
const TOOLS_DIRECTORY: &str = "rust";

/// RustSec's files.
pub(super) struct RustsecFeed;

#[derive(Deserialize)]
struct Front {
    advisory: About,
    versions: Versions,
}

#[derive(Deserialize)]
struct About {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    informational: Option<String>,
    withdrawn: Option<String>,
    title: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

impl Feed for RustsecFeed {
    fn source(&self) -> &str {
        "rustsec"
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let text = std::str::from_utf8(bytes)?;
        let (front, body) = split(text)?;
        let front: Front = toml::from_str(front)?;
        if name.split('/').rev().nth(2) == Some(TOOLS_DIRECTORY) {
            return Ok(Reading::default());
        }
        let about = front.advisory;
        let title = body.lines().find_map(|line| line.strip_prefix("# ")).map(str::to_owned);
        let mut advisory = advisory(self.source(), &about.id);
        advisory.aliases = about.aliases.into_iter().map(AdvisoryId).collect();
        advisory.summary = one_line(&title.or(about.title).unwrap_or_default());
        advisory.cvss = about.cvss.into_iter().collect();
        advisory.published = timestamp(&about.date);
        advisory.withdrawn = about.withdrawn.is_some();
        if about.informational.is_some() {
            advisory.kind = AdvisoryKind::Informational;
        }
        let ranges = affected_ranges(&front.versions)?;
        if !ranges.is_empty() {
            let fixed = ranges.iter().any(|range| matches!(range.end, RangeEnd::Fixed(_)));
            advisory.affected.push(Affected {
                ecosystem: Ecosystem("cargo".to_owned()),
                package: about.package,
                name_of: NameOf::Binary,
                ranges,
                fix_state: if fixed { FixState::Fixed } else { FixState::Affected },
                ..Affected::default()
            });
        }
        Ok(Reading::of_advisory(advisory))
    }
}

/// The TOML in front and the text after it.
fn split(text: &str) -> Result<(&str, &str), Malformed> {
    let front = text.trim_start().strip_prefix(FRONT_BEGINS);
    let parts = front.and_then(|front| front.split_once(FRONT_ENDS));
    parts.ok_or_else(|| Malformed("it does not begin with a block of TOML".to_owned()))
}

fn affected_ranges(versions: &Versions) -> Result<Vec<model::VersionRange>, Malformed> {
    let order = |a: &Version, b: &Version| a.cmp_precedence(b);
    let mut good = Vec::new();
    for requirement in versions.patched.iter().chain(&versions.unaffected) {
        good.extend(interval(&VersionReq::parse(requirement)?));
    }
    let text = |version: &Version| version.to_string();
    Ok(spans(complement(good, &order), text, |version| next(version).to_string()))
}

/// The versions that meet a requirement; `None` when none can.
fn interval(requirement: &VersionReq) -> Option<Interval<Version>> {
    let order = |a: &Version, b: &Version| a.cmp_precedence(b);
    let mut each = requirement.comparators.iter().map(of_comparator);
    each.try_fold(Interval::all(), |both, one| both.intersect(&one, &order))
}

fn of_comparator(comparator: &Comparator) -> Interval<Version> {
    let from = Version {
        pre: comparator.pre.clone(),
        ..version(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0))
    };
    let whole = comparator.patch.is_some();
    let including = Bound::Including(from.clone());
    let (low, high) = match comparator.op {
        Op::Exact if whole => (including.clone(), including),
        Op::Greater if whole => (Bound::Excluding(from), Bound::Unbounded),
        Op::Greater => (Bound::Including(released(after_part(comparator))), Bound::Unbounded),
        Op::GreaterEq => (including, Bound::Unbounded),
        Op::Less => (Bound::Unbounded, Bound::Excluding(from)),
        Op::LessEq if whole => (Bound::Unbounded, including),
        Op::LessEq => (Bound::Unbounded, Bound::Excluding(after_part(comparator))),
        Op::Tilde if whole => {
            let minor = comparator.minor.unwrap_or(0).saturating_add(1);
            (including, Bound::Excluding(least(comparator.major, minor, 0)))
        }
        Op::Caret => (including, Bound::Excluding(after_compatible(comparator))),
        // Partial versions name all that begin with them: `=1.2`, `~1.2`, `1.2.*`.
        _ => (including, Bound::Excluding(after_part(comparator))),
    };
    Interval { low, high }
}

/// The least version that no longer begins with the parts given: `1.2` ends before 1.3.0 and all
/// its pre-releases.
fn after_part(comparator: &Comparator) -> Version {
    match comparator.minor {
        Some(minor) => least(comparator.major, minor.saturating_add(1), 0),
        None => least(comparator.major.saturating_add(1), 0, 0),
    }
}

/// The least version that `^` no longer takes: the left-most part that is not zero is raised.
fn after_compatible(comparator: &Comparator) -> Version {
    match (comparator.major, comparator.minor, comparator.patch) {
        (0, Some(0), Some(patch)) => least(0, 0, patch.saturating_add(1)),
        (0, Some(minor), _) => least(0, minor.saturating_add(1), 0),
        (major, ..) => least(major.saturating_add(1), 0, 0),
    }
}

/// A version before every pre-release of this one.
fn least(major: u64, minor: u64, patch: u64) -> Version {
    let pre = Prerelease::new("0").unwrap_or(Prerelease::EMPTY);
    Version { pre, ..version(major, minor, patch) }
}

fn released(version: Version) -> Version {
    Version { pre: Prerelease::EMPTY, ..version }
}

fn version(major: u64, minor: u64, patch: u64) -> Version {
    Version::new(major, minor, patch)
}

/// The least version above one.
fn next(after: &Version) -> Version {
    let mut next = after.clone();
    let pre = if next.pre.is_empty() {
        next.patch = next.patch.saturating_add(1);
        "0".to_owned()
    } else {
        format!("{}.0", next.pre)
    };
    next.pre = Prerelease::new(&pre).unwrap_or(Prerelease::EMPTY);
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn ranges(patched: &[&str], unaffected: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let versions = Versions { patched: owned(patched), unaffected: owned(unaffected) };
        let line = |range: &model::VersionRange| {
            let from = range.introduced.as_deref().unwrap_or("*");
            match &range.end {
                RangeEnd::Fixed(version) => format!("[{from}, {version})"),
                RangeEnd::LastAffected(version) => format!("[{from}, {version}]"),
                RangeEnd::Open => format!("[{from}, ..)"),
            }
        };
        affected_ranges(&versions).expect("valid").iter().map(line).collect()
    }

    #[test]
    fn what_is_neither_patched_nor_unaffected_is_affected() {
        let cases: [(&[&str], &[&str], &[&str]); 12] = [
            (&[], &[], &["[*, ..)"]),
            (&[">= 1.2.3"], &[], &["[*, 1.2.3)"]),
            (&[">= 1.2.3"], &["< 1.0.0"], &["[1.0.0, 1.2.3)"]),
            (&["^0.3.5", ">= 0.4.2"], &[], &["[*, 0.3.5)", "[0.4.0-0, 0.4.2)"]),
            (&[">= 1.2.3, < 2", ">= 2.0.5"], &[], &["[*, 1.2.3)", "[2.0.0, 2.0.5)"]),
            (&["> 1.2.3"], &[], &["[*, 1.2.3]"]),
            (&[], &["<= 1.2.3"], &["[1.2.4-0, ..)"]),
            (&["~1.2.3"], &[], &["[*, 1.2.3)", "[1.3.0-0, ..)"]),
            (&["=1.2.3"], &[], &["[*, 1.2.3)", "[1.2.4-0, ..)"]),
            (&["*"], &[], &[]),
            (&[">= 2, < 1"], &[], &["[*, ..)"]),
            (&["^1"], &["< 1.0.0"], &["[2.0.0-0, ..)"]),
        ];
        for (patched, unaffected, expect) in cases {
            assert_eq!(ranges(patched, unaffected), expect, "{patched:?} {unaffected:?}");
        }
    }

    #[test]
    fn reads_a_file() {
        let file = "```toml\n[advisory]\nid = \"RUSTSEC-2021-1\"\npackage = \"a\"\ndate = \
                    \"2021-02-15\"\naliases = [\"CVE-2021-1\"]\ninformational = \"unsound\"\n\
                    [versions]\npatched = [\">= 1\"]\n```\n\n# A title\n\nText.\n";
        let reading =
            RustsecFeed.read("crates/a/RUSTSEC-2021-1.md", file.as_bytes()).expect("valid");
        let Record::Advisory(advisory) = &reading.records[0] else { panic!("{reading:?}") };
        assert_eq!(advisory.summary, "A title");
        assert_eq!(advisory.kind, AdvisoryKind::Informational);
        assert_eq!(advisory.aliases[0].0, "CVE-2021-1");
        assert_eq!(advisory.affected[0].package, "a");
        let tools = RustsecFeed.read("rust/std/RUSTSEC-2021-1.md", file.as_bytes()).expect("valid");
        assert!(tools.records.is_empty());
        for text in ["# no front", "```toml\n[advisory]\n", "```toml\nx=\n```\n"] {
            assert!(RustsecFeed.read("x.md", text.as_bytes()).is_err(), "{text}");
        }
    }
}
