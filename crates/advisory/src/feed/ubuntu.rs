//! Ubuntu: what the standard archive and Ubuntu Pro say of a package, and the CVE tracker's JSON.
//!
//! Repairs of Ubuntu Pro (ESM) reach subscribers only. Where the standard archive has no repair and
//! Pro has, the statement keeps the standard archive's state (affected, end of life …) and ends at
//! Pro's version: an image with that build is clear, any other is reported with the state it is in
//! and the version that Pro offers.
//!
//! The tracker's format: canonical's ubuntu-cve-tracker, `README`; one JSON document a CVE.

use std::collections::BTreeMap;

use model::{Affected, Ecosystem, FixState, NameOf, RangeEnd, Severity, VersionRange};
use serde::Deserialize;

use super::text::{Pairs, Text, one_line, or_default, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};

/// Releases by codename (wiki.ubuntu.com/Releases).
const RELEASES: [(&str, &str); 39] = [
    ("breezy", "5.10"),
    ("dapper", "6.06"),
    ("edgy", "6.10"),
    ("feisty", "7.04"),
    ("gutsy", "7.10"),
    ("hardy", "8.04"),
    ("intrepid", "8.10"),
    ("jaunty", "9.04"),
    ("karmic", "9.10"),
    ("lucid", "10.04"),
    ("maverick", "10.10"),
    ("natty", "11.04"),
    ("oneiric", "11.10"),
    ("precise", "12.04"),
    ("quantal", "12.10"),
    ("raring", "13.04"),
    ("saucy", "13.10"),
    ("trusty", "14.04"),
    ("utopic", "14.10"),
    ("vivid", "15.04"),
    ("wily", "15.10"),
    ("xenial", "16.04"),
    ("yakkety", "16.10"),
    ("zesty", "17.04"),
    ("artful", "17.10"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
];
/// Releases after those, whose names came later.
const LATER_RELEASES: [(&str, &str); 3] =
    [("plucky", "25.04"), ("questing", "25.10"), ("resolute", "26.04")];
/// Archives of Ubuntu Pro, before the codename.
const PRO_ARCHIVES: [&str; 3] = ["esm-infra", "esm-apps", "esm-infra-legacy"];
/// Notes of an `ignored` status that say the release is over, not that the repair is refused.
const OVER: [&str; 6] = [
    "end of life",
    "end-of-life",
    "end of standard support",
    "end of kernel support",
    "out of standard support",
    "esm criteria",
];

/// The release of a codename: `jammy` is 22.04.
pub(super) fn release(codename: &str) -> Option<&'static str> {
    let known = RELEASES.iter().chain(&LATER_RELEASES).find(|(name, _)| *name == codename);
    known.map(|(_, release)| *release)
}

/// What one archive says of a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Claim<'a> {
    /// Nothing: the package is not in this archive.
    #[default]
    Absent,
    /// Vulnerable, and in this state of repair.
    Vulnerable(FixState),
    /// Not vulnerable.
    Clear,
    /// Repaired in this version.
    Fixed(&'a str),
}

impl Claim<'_> {
    /// How much it settles; the archives of Ubuntu Pro are asked for the one that settles most.
    fn weight(self) -> u8 {
        match self {
            Claim::Absent => 0,
            Claim::Vulnerable(_) => 1,
            Claim::Clear => 2,
            Claim::Fixed(_) => 3,
        }
    }
}

/// What the archives say of packages, by release and package.
#[derive(Debug, Default)]
pub(super) struct Claims<'a>(BTreeMap<(String, &'a str), Package<'a>>);

#[derive(Debug, Default)]
struct Package<'a> {
    standard: Claim<'a>,
    pro: Claim<'a>,
    severity: Option<Severity>,
}

impl<'a> Claims<'a> {
    /// Notes what an archive says of a source package.
    pub(super) fn add(&mut self, ecosystem: &str, name: &'a str, pro: bool, claim: Claim<'a>) {
        let package = self.0.entry((ecosystem.to_owned(), name)).or_default();
        let known = if pro { &mut package.pro } else { &mut package.standard };
        if claim.weight() > known.weight() {
            *known = claim;
        }
    }

    fn rate(&mut self, ecosystem: &str, name: &'a str, severity: Severity) {
        let package = self.0.entry((ecosystem.to_owned(), name)).or_default();
        package.severity = Some(severity);
    }

    /// The statements that come of it, sorted by release and package.
    pub(super) fn into_affected(self) -> impl Iterator<Item = Affected> + use<'a> {
        self.0.into_iter().filter_map(|((ecosystem, name), package)| {
            let (fix_state, end) = settle(package.standard, package.pro)?;
            Some(Affected {
                ecosystem: Ecosystem(ecosystem),
                package: name.to_owned(),
                name_of: NameOf::Source,
                ranges: vec![VersionRange { introduced: None, end }],
                fix_state,
                severity: package.severity,
                ..Affected::default()
            })
        })
    }
}

/// What the standard archive and Ubuntu Pro say together; `None` when the package is not
/// vulnerable or not there.
fn settle(standard: Claim<'_>, pro: Claim<'_>) -> Option<(FixState, RangeEnd)> {
    let state = match standard {
        Claim::Fixed(version) => {
            return Some((FixState::Fixed, RangeEnd::Fixed(version.to_owned())));
        }
        Claim::Clear => return None,
        Claim::Vulnerable(state) => state,
        // Only subscribers have the package still: standard support is over.
        Claim::Absent => FixState::EndOfLife,
    };
    match pro {
        Claim::Fixed(version) => Some((state, RangeEnd::Fixed(version.to_owned()))),
        // Support ended before anybody looked; Pro's people have looked since.
        Claim::Clear if state == FixState::EndOfLife => None,
        Claim::Absent if standard == Claim::Absent => None,
        _ => Some((state, RangeEnd::Open)),
    }
}

/// The CVE tracker as JSON.
pub(super) struct TrackerFeed;

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    candidate: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
    #[serde(borrow, default)]
    priority: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    cvss: Pairs<Text<'a>, Text<'a>>,
    #[serde(borrow, default)]
    public_date: Text<'a>,
    #[serde(borrow)]
    packages: Pairs<Text<'a>, Pairs<Text<'a>, Status<'a>>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow, default)]
    note: Text<'a>,
    #[serde(borrow, default)]
    priority: Option<Text<'a>>,
}

impl Feed for TrackerFeed {
    fn source(&self) -> &str {
        "ubuntu"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let cve: Cve<'_> = serde_json::from_slice(bytes)?;
        let mut advisory = advisory(self.source(), &cve.candidate);
        advisory.summary = one_line(&cve.description);
        advisory.severity = severity(&cve.priority);
        advisory.cvss = cve.cvss.0.iter().filter_map(|(_, score)| vector(score)).collect();
        advisory.cvss.dedup();
        advisory.published = timestamp(&cve.public_date);
        advisory.affected = claims(&cve).into_affected().collect();
        Ok(Reading::of_advisory(advisory))
    }
}

/// The vector of `CVSS:3.0/AV:N/… [5.3 MEDIUM]`.
fn vector(score: &str) -> Option<String> {
    let vector = score.split_whitespace().next()?;
    vector.starts_with("CVSS:").then(|| vector.to_owned())
}

fn claims<'a>(cve: &'a Cve<'_>) -> Claims<'a> {
    let mut claims = Claims::default();
    for (archive, packages) in &cve.packages.0 {
        let Some((release, pro)) = place(archive) else {
            continue;
        };
        let ecosystem = format!("ubuntu:{release}");
        for (name, status) in &packages.0 {
            let claim = claim(&status.status, &status.note);
            if claim == Claim::Absent {
                continue;
            }
            claims.add(&ecosystem, name, pro, claim);
            if let Some(priority) = &status.priority {
                claims.rate(&ecosystem, name, severity(priority));
            }
        }
    }
    claims
}

/// The release of an archive, and whether it is one of Ubuntu Pro's: `jammy`, `esm-infra/bionic`,
/// `trusty/esm`. The development release, certified builds, snaps and phones are left out.
fn place(archive: &str) -> Option<(&'static str, bool)> {
    match archive.split_once('/') {
        None => Some((release(archive)?, false)),
        Some((codename, "esm")) => Some((release(codename)?, true)),
        Some((pro, codename)) if PRO_ARCHIVES.contains(&pro) => Some((release(codename)?, true)),
        Some(_) => None,
    }
}

fn claim<'a>(status: &str, note: &'a str) -> Claim<'a> {
    Claim::Vulnerable(match status {
        "released" => return version(note).map_or(Claim::Absent, Claim::Fixed),
        "not-affected" => return Claim::Clear,
        "needed" | "pending" | "active" | "in-progress" => FixState::Affected,
        "needs-triage" => FixState::UnderInvestigation,
        "deferred" => FixState::Deferred,
        "ignored" => {
            let note = note.to_ascii_lowercase();
            let over = OVER.iter().any(|words| note.contains(words));
            if over { FixState::EndOfLife } else { FixState::WillNotFix }
        }
        _ => return Claim::Absent,
    })
}

/// The version in the note of a released repair.
fn version(note: &str) -> Option<&str> {
    let version = note.split([' ', ',']).next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn affected(packages: &str) -> Vec<String> {
        let document = format!(
            r#"{{"candidate":"CVE-2024-1","description":"A bug.","priority":"low",
                "cvss":{{"nvd":" CVSS:3.0/AV:N [5.3 MEDIUM]"}},
                "public_date":"2019-02-04 08:29:00 UTC","packages":{packages}}}"#
        );
        let reading = TrackerFeed.read("x", document.as_bytes()).expect("valid");
        let Some(Record::Advisory(advisory)) = reading.records.first() else {
            return Vec::new();
        };
        assert_eq!(advisory.severity, Severity::Low);
        assert_eq!(advisory.cvss, ["CVSS:3.0/AV:N"]);
        let line = |affected: &Affected| {
            let end = match &affected.ranges[0].end {
                RangeEnd::Fixed(version) => version.as_str(),
                _ => "open",
            };
            format!("{} {} {end} {}", affected.ecosystem, affected.package, affected.fix_state)
        };
        advisory.affected.iter().map(line).collect()
    }

    #[test]
    fn statuses_become_states() {
        let cases: [(&str, &[&str]); 9] = [
            (
                r#""status":"released","note":"1.2-3ubuntu1""#,
                &["ubuntu:22.04 a 1.2-3ubuntu1 fixed"],
            ),
            (r#""status":"released","note":"""#, &[]),
            (r#""status":"needed","note":"""#, &["ubuntu:22.04 a open affected"]),
            (r#""status":"needs-triage""#, &["ubuntu:22.04 a open under investigation"]),
            (r#""status":"deferred","note":"2024-01-01""#, &["ubuntu:22.04 a open deferred"]),
            (r#""status":"ignored","note":"too intrusive""#, &["ubuntu:22.04 a open will not fix"]),
            (
                r#""status":"ignored","note":"end of life, was needed""#,
                &["ubuntu:22.04 a open end of life"],
            ),
            (r#""status":"not-affected","note":"code not present""#, &[]),
            (r#""status":"DNE""#, &[]),
        ];
        for (status, expect) in cases {
            let packages = format!(r#"{{"jammy":{{"a":{{"name":"a",{status}}}}}}}"#);
            assert_eq!(affected(&packages), expect, "{status}");
        }
    }

    #[test]
    fn standard_and_pro_settle_together() {
        use Claim::{Absent, Clear, Fixed, Vulnerable};
        use FixState::{Affected, EndOfLife, WillNotFix};
        let fixed = |version: &str| RangeEnd::Fixed(version.to_owned());
        let cases = [
            (Fixed("1"), Fixed("1+esm1"), Some((FixState::Fixed, fixed("1")))),
            (Vulnerable(Affected), Fixed("1+esm1"), Some((Affected, fixed("1+esm1")))),
            (Vulnerable(EndOfLife), Fixed("1+esm1"), Some((EndOfLife, fixed("1+esm1")))),
            (Vulnerable(EndOfLife), Clear, None),
            (Vulnerable(WillNotFix), Clear, Some((WillNotFix, RangeEnd::Open))),
            (Vulnerable(EndOfLife), Absent, Some((EndOfLife, RangeEnd::Open))),
            (Absent, Fixed("1+esm1"), Some((EndOfLife, fixed("1+esm1")))),
            (Absent, Vulnerable(Affected), Some((EndOfLife, RangeEnd::Open))),
            (Absent, Absent, None),
            (Clear, Fixed("1+esm1"), None),
        ];
        for (standard, pro, expect) in cases {
            assert_eq!(settle(standard, pro), expect, "{standard:?} {pro:?}");
        }
    }

    #[test]
    fn archives_have_a_release_or_none() {
        let cases = [
            ("focal", Some(("20.04", false))),
            ("esm-apps/jammy", Some(("22.04", true))),
            ("trusty/esm", Some(("14.04", true))),
            ("fips-updates/bionic", None),
            ("devel", None),
            ("upstream", None),
            ("snap", None),
            ("vivid/ubuntu-core", None),
        ];
        for (archive, expect) in cases {
            assert_eq!(place(archive), expect, "{archive}");
        }
    }
}
