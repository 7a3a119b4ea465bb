//! RubySec (github.com/rubysec/ruby-advisory-db): YAML, one file a gem and vulnerability. It names
//! the patched and the unaffected versions; the others are affected.
//!
//! The requirements are RubyGems' (guides.rubygems.org/patterns/#pessimistic-version-constraint).

use std::cmp::Ordering;

use model::{AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, Severity, VersionRange};
use serde::Deserialize;

use super::interval::{Bound, Interval, complement, spans};
use super::text::{one_line, timestamp};
use super::{Feed, Malformed, Reading, advisory};
use model::version::{Scheme, compare};

/// Part that sorts before every released version that follows it: gems hold letters below numbers.
const BEFORE_RELEASES: &str = "A";

/// RubySec's files.
pub(super) struct RubysecFeed;

#[derive(Deserialize)]
struct File {
    gem: Option<String>,
    engine: Option<String>,
    platform: Option<String>,
    cve: Option<String>,
    ghsa: Option<String>,
    osvdb: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    date: String,
    cvss_v2: Option<f64>,
    cvss_v3: Option<f64>,
    cvss_v4: Option<f64>,
    #[serde(default)]
    patched_versions: Option<Vec<String>>,
    #[serde(default)]
    unaffected_versions: Option<Vec<String>>,
}

impl Feed for RubysecFeed {
    fn source(&self) -> &str {
        "rubysec"
    }

    fn joins(&self) -> bool {
        true
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let file: File = serde_saphyr::from_slice(bytes).map_err(super::yaml_error)?;
        let Some((ecosystem, package)) = place(&file) else {
            return Ok(Reading::default());
        };
        let mut ids = ids(&file).into_iter();
        let Some(id) = ids.next() else {
            return Err(Malformed("it has neither CVE nor GHSA nor OSVDB number".to_owned()));
        };
        let mut advisory = advisory(self.source(), &id);
        advisory.aliases = ids.map(AdvisoryId).collect();
        advisory.summary = one_line(&file.title);
        let score = file.cvss_v3.or(file.cvss_v4).or(file.cvss_v2);
        advisory.severity = score.map(Severity::from_cvss).unwrap_or_default();
        advisory.published = timestamp(&file.date);
        let ranges = affected_ranges(&file)?;
        if !ranges.is_empty() {
            let fixed = ranges.iter().any(|range| matches!(range.end, RangeEnd::Fixed(_)));
            advisory.affected.push(Affected {
                ecosystem: Ecosystem(ecosystem.to_owned()),
                package: package.to_owned(),
                name_of: NameOf::Binary,
                ranges,
                fix_state: if fixed { FixState::Fixed } else { FixState::Affected },
                // Builds for one platform are another package file of the same gem.
                arches: file.platform.iter().map(|platform| arch(platform)).collect(),
                ..Affected::default()
            });
        }
        Ok(Reading::of_advisory(advisory))
    }
}

/// The ecosystem and the package; `None` for libraries that come with Ruby.
fn place(file: &File) -> Option<(&'static str, &str)> {
    match (&file.gem, &file.engine) {
        (Some(gem), _) => Some(("gem", gem)),
        (None, Some(engine)) => Some(("generic", engine)),
        (None, None) => None,
    }
}

/// The platform of gems for JRuby is called `java`.
fn arch(platform: &str) -> String {
    if platform == "jruby" { "java" } else { platform }.to_owned()
}

fn ids(file: &File) -> Vec<String> {
    let id = |prefix: &str, number: &Option<String>| {
        number.as_ref().map(|number| format!("{prefix}-{}", number.trim()))
    };
    let ids = [id("CVE", &file.cve), id("GHSA", &file.ghsa), id("OSVDB", &file.osvdb)];
    ids.into_iter().flatten().collect()
}

fn affected_ranges(file: &File) -> Result<Vec<VersionRange>, Malformed> {
    let requirements = file.patched_versions.iter().chain(&file.unaffected_versions).flatten();
    let mut good = Vec::new();
    for requirement in requirements {
        good.extend(interval(requirement)?);
    }
    let text = |version: &String| version.clone();
    // A gem version has no least one above it; this is below every one that anybody has published.
    Ok(spans(complement(good, &order), text, |version| format!("{version}.0.1")))
}

fn order(a: &String, b: &String) -> Ordering {
    // What is no gem version has no place; texts keep the order stable.
    compare(Scheme::Gem, a, b).unwrap_or_else(|_| a.cmp(b))
}

/// The versions that meet a requirement, such as `~> 3.2.22, >= 3.2.22.5`; `None` when none can.
fn interval(requirement: &str) -> Result<Option<Interval<String>>, Malformed> {
    let mut both = Some(Interval::all());
    for part in requirement.split(',') {
        let one = of_part(part.trim())
            .ok_or_else(|| Malformed(format!("`{requirement}` is not a requirement")))?;
        both = both.and_then(|both| both.intersect(&one, &order));
    }
    Ok(both)
}

fn of_part(part: &str) -> Option<Interval<String>> {
    let digits = part.find(|c: char| c.is_ascii_alphanumeric())?;
    let (operator, version) = part.split_at(digits);
    let version = version.trim().to_owned();
    if compare(Scheme::Gem, &version, &version).is_err() {
        return None;
    }
    let including = Bound::Including(version.clone());
    let excluding = Bound::Excluding(version.clone());
    let (low, high) = match operator.trim() {
        "" | "=" => (including.clone(), including),
        ">" => (excluding, Bound::Unbounded),
        ">=" => (including, Bound::Unbounded),
        "<" => (Bound::Unbounded, excluding),
        "<=" => (Bound::Unbounded, including),
        "~>" => (including, Bound::Excluding(bumped(&version)?)),
        _ => return None,
    };
    Some(Interval { low, high })
}

/// Where `~>` ends: the last number but one raised, before any pre-release of that.
fn bumped(version: &str) -> Option<String> {
    let numbers = version.split('.').map_while(|part| part.parse::<u64>().ok());
    let mut numbers: Vec<u64> = numbers.collect();
    if numbers.len() > 1 {
        numbers.pop();
    }
    let last = numbers.last_mut()?;
    *last = last.saturating_add(1);
    let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(format!("{}.{BEFORE_RELEASES}", texts.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn read(file: &str) -> Vec<String> {
        let reading = RubysecFeed.read("gems/a/x.yml", file.as_bytes()).expect("valid");
        let Some(Record::Advisory(advisory)) = reading.records.first() else {
            return Vec::new();
        };
        let line = |range: &VersionRange| {
            let from = range.introduced.as_deref().unwrap_or("*");
            match &range.end {
                RangeEnd::Fixed(version) => format!("[{from}, {version})"),
                RangeEnd::LastAffected(version) => format!("[{from}, {version}]"),
                RangeEnd::Open => format!("[{from}, ..)"),
            }
        };
        advisory.affected.iter().flat_map(|affected| &affected.ranges).map(line).collect()
    }

    #[test]
    fn what_is_neither_patched_nor_unaffected_is_affected() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &["[*, ..)"]),
            ("patched_versions: [\">= 2.2.1\"]", &["[*, 2.2.1)"]),
            (
                "patched_versions: [\"~> 3.2.22, >= 3.2.22.5\", \">= 4.1\"]",
                &["[*, 3.2.22.5)", "[3.3.A, 4.1)"],
            ),
            (
                "patched_versions: [\"~> 2.3.18\", \">= 3.1\"]\nunaffected_versions: [\"< 2\"]",
                &["[2, 2.3.18)", "[2.4.A, 3.1)"],
            ),
            ("unaffected_versions: [\"<= 1.2\"]", &["[1.2.0.1, ..)"]),
            ("patched_versions: [\"> 1.2\"]", &["[*, 1.2]"]),
        ];
        for (versions, expect) in cases {
            let file = format!("gem: a\ncve: 2024-1\ntitle: t\ndate: 2024-01-01\n{versions}\n");
            assert_eq!(read(&file), expect, "{versions}");
        }
    }

    #[test]
    fn names_platform_score_and_every_id() {
        let file = "---\ngem: nokogiri\nplatform: jruby\ncve: 2022-24839\nghsa: a-b-c\nosvdb: 12\n\
                    title: DoS\ndate: 2022-04-11\ncvss_v3: 7.5\npatched_versions:\n  - \">= 1.13.4\"\n";
        let reading = RubysecFeed.read("x", file.as_bytes()).expect("valid");
        let Record::Advisory(advisory) = &reading.records[0] else { panic!("{reading:?}") };
        assert_eq!(advisory.id.0, "CVE-2022-24839");
        let aliases: Vec<&str> = advisory.aliases.iter().map(|id| id.0.as_str()).collect();
        assert_eq!(aliases, ["GHSA-a-b-c", "OSVDB-12"]);
        assert_eq!(advisory.severity, Severity::High);
        assert_eq!(advisory.affected[0].arches, ["java"]);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let odd = "gem: a\ncve: 2024-1\npatched_versions: [\"!= 1\"]\n";
        assert!(RubysecFeed.read("x", odd.as_bytes()).is_err());
        assert!(RubysecFeed.read("x", b"gem: a\n").is_err());
        assert!(RubysecFeed.read("x", b"gem: [\n").is_err());
        let library = RubysecFeed.read("x", b"library: rubygems\ncve: 2024-1\n").expect("valid");
        assert!(library.records.is_empty());
    }
}
