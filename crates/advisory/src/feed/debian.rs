//! Debian's security tracker: one JSON document of packages, their vulnerabilities, and the state
//! in each release (security-tracker.debian.org/tracker/data/json).
//!
//! Turned round here: one advisory a vulnerability. Names are source packages.

use std::collections::BTreeMap;

use model::{Affected, Ecosystem, FixState, NameOf, RangeEnd, Severity, VersionRange};
use serde::Deserialize;

use super::text::{Pairs, Text, one_line};
use super::{Feed, Malformed, Reading, advisory, severity};
use crate::Record;

/// Releases by codename (wiki.debian.org/DebianReleases). `sid` has no number.
const RELEASES: [(&str, &str); 18] = [
    ("woody", "3.0"),
    ("sarge", "3.1"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("sid", "sid"),
    ("hamm", "2.0"),
    ("slink", "2.1"),
    ("potato", "2.2"),
];

/// The release of a codename: `bookworm` is 12.
pub(super) fn release(codename: &str) -> Option<&'static str> {
    RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, release)| *release)
}

/// The security tracker.
pub(super) struct TrackerFeed;

#[derive(Deserialize)]
struct Issue<'a> {
    #[serde(borrow, default)]
    description: Text<'a>,
    #[serde(borrow)]
    releases: Pairs<Text<'a>, Release<'a>>,
}

#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow, default)]
    fixed_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    urgency: Text<'a>,
    #[serde(borrow, default)]
    nodsa: Option<Text<'a>>,
    #[serde(borrow, default)]
    nodsa_reason: Option<Text<'a>>,
}

impl Feed for TrackerFeed {
    fn source(&self) -> &str {
        "debian"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let tracker: Pairs<Text<'_>, Pairs<Text<'_>, Issue<'_>>> = serde_json::from_slice(bytes)?;
        let mut advisories = BTreeMap::new();
        for (package, issues) in &tracker.0 {
            for (id, issue) in &issues.0 {
                let advisory =
                    advisories.entry(&**id).or_insert_with(|| advisory(self.source(), id));
                if advisory.summary.is_empty() {
                    advisory.summary = one_line(&issue.description);
                }
                let states = issue.releases.0.iter();
                advisory
                    .affected
                    .extend(states.filter_map(|(name, state)| affected(package, name, state)));
            }
        }
        let spoken = advisories.into_values().filter(|advisory| !advisory.affected.is_empty());
        Ok(Reading::of(spoken.map(|advisory| Record::Advisory(Box::new(advisory))).collect()))
    }
}

/// What the tracker says of a source package in one release.
fn affected(package: &str, codename: &str, state: &Release<'_>) -> Option<Affected> {
    let (fix_state, end) = judge(state)?;
    let rated = severity(state.urgency.trim_end_matches('*'));
    Some(Affected {
        ecosystem: Ecosystem(format!("debian:{}", release(codename)?)),
        package: package.to_owned(),
        name_of: NameOf::Source,
        ranges: vec![VersionRange { introduced: None, end }],
        fix_state,
        severity: (rated != Severity::Unknown).then_some(rated),
        ..Affected::default()
    })
}

/// The state of repair. `nodsa` is a reason not to publish a notice: the repair may come with the
/// next point release (`postponed` or no further reason), or it is `ignored`.
fn judge(state: &Release<'_>) -> Option<(FixState, RangeEnd)> {
    let fixed = state.fixed_version.as_ref().and_then(Text::non_empty);
    if &*state.status == "resolved" {
        return Some(match fixed? {
            "0" => (FixState::NotAffected, RangeEnd::Open),
            version => (FixState::Fixed, RangeEnd::Fixed(version.to_owned())),
        });
    }
    let fix_state = if state.urgency.starts_with("end-of-life") {
        FixState::EndOfLife
    } else if &*state.status == "undetermined" {
        FixState::UnderInvestigation
    } else if state.nodsa_reason.as_deref() == Some("ignored") {
        FixState::WillNotFix
    } else if state.nodsa.is_some() {
        FixState::Deferred
    } else {
        FixState::Affected
    };
    Some((fix_state, RangeEnd::Open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_packages_round_into_vulnerabilities() {
        let document = r#"{
          "curl": {"CVE-2024-1": {"description": "A bug.", "scope": "remote", "releases": {
            "bookworm": {"status":"resolved","repositories":{"bookworm":"7-1"},
              "fixed_version":"7.88-1","urgency":"not yet assigned"},
            "bullseye": {"status":"open","repositories":{},"urgency":"unimportant"},
            "buster": {"status":"open","urgency":"low**","nodsa":"Minor","nodsa_reason":""},
            "sid": {"status":"resolved","fixed_version":"0","urgency":"low"}}}},
          "wget": {"CVE-2024-1": {"releases": {
            "bookworm": {"status":"open","urgency":"medium","nodsa":"x","nodsa_reason":"ignored"},
            "bullseye": {"status":"undetermined","urgency":"not yet assigned"},
            "buster": {"status":"open","urgency":"end-of-life"},
            "trixie": {"status":"open","urgency":"high"},
            "nowhere": {"status":"open","urgency":"high"}}},
           "TEMP-0000000-1": {"releases": {}}}}"#;
        let reading = TrackerFeed.read("json", document.as_bytes()).expect("valid");
        let [Record::Advisory(advisory)] = reading.records.as_slice() else {
            panic!("{reading:?}");
        };
        let line = |affected: &Affected| {
            let end = match &affected.ranges[0].end {
                RangeEnd::Fixed(version) => version.as_str(),
                _ => "open",
            };
            let severity = affected.severity.unwrap_or_default();
            format!(
                "{} {} {end} {}, {severity}",
                affected.ecosystem, affected.package, affected.fix_state
            )
        };
        let lines: Vec<String> = advisory.affected.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "debian:12 curl 7.88-1 fixed, unknown",
                "debian:11 curl open affected, negligible",
                "debian:10 curl open deferred, low",
                "debian:sid curl open not affected, low",
                "debian:12 wget open will not fix, medium",
                "debian:11 wget open under investigation, unknown",
                "debian:10 wget open end of life, unknown",
                "debian:13 wget open affected, high",
            ]
        );
        assert_eq!(advisory.summary, "A bug.");
    }

    #[test]
    fn refuses_other_shapes() {
        for bytes in [&b"[]"[..], b"{\"a\":1}", b"{\"a\":{\"CVE-1\":{}}}", b""] {
            assert!(TrackerFeed.read("x", bytes).is_err());
        }
    }
}
