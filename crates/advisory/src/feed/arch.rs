//! Arch Linux: vulnerability groups (AVG) of the security tracker (security.archlinux.org), one
//! document a group or a list of all.

use model::{AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::text::{Text, one_line, or_default};
use super::{Feed, Malformed, Reading, advisory, severity};
use crate::Record;

/// Vulnerability groups.
pub(super) struct GroupFeed;

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    packages: Vec<Text<'a>>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    affected: Option<Text<'a>>,
    #[serde(borrow, default)]
    fixed: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    issues: Vec<Text<'a>>,
}

impl Feed for GroupFeed {
    fn source(&self) -> &str {
        "arch"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let groups: Vec<Group<'_>> = if bytes.trim_ascii_start().starts_with(b"[") {
            serde_json::from_slice(bytes)?
        } else {
            vec![serde_json::from_slice(bytes)?]
        };
        let mut reading = Reading::default();
        for group in &groups {
            match state(group) {
                Ok((fix_state, end)) => reading.records.push(self.record(group, fix_state, &end)),
                Err(why) => reading.rejected.push(format!("{}: {why}", &*group.name)),
            }
        }
        Ok(reading)
    }
}

impl GroupFeed {
    fn record(&self, group: &Group<'_>, fix_state: FixState, end: &RangeEnd) -> Record {
        let mut advisory = advisory(self.source(), &group.name);
        advisory.summary = one_line(&group.kind);
        advisory.severity = severity(&group.severity);
        advisory.covers = group.issues.iter().map(|id| AdvisoryId(id.to_string())).collect();
        advisory.covers.sort();
        let statement = |package: &Text<'_>| Affected {
            ecosystem: Ecosystem("arch".to_owned()),
            package: package.to_string(),
            name_of: NameOf::Binary,
            ranges: vec![VersionRange { introduced: None, end: end.clone() }],
            fix_state,
            ..Affected::default()
        };
        advisory.affected = group.packages.iter().map(statement).collect();
        Record::Advisory(Box::new(advisory))
    }
}

/// The state of repair. `Testing`: the repair is in the testing repositories only.
fn state(group: &Group<'_>) -> Result<(FixState, RangeEnd), String> {
    let fixed = group.fixed.as_ref().and_then(Text::non_empty).map(str::to_owned);
    let seen = group.affected.as_ref().and_then(Text::non_empty).map(str::to_owned);
    let end = || match (&fixed, &seen) {
        (Some(version), _) => RangeEnd::Fixed(version.clone()),
        _ => RangeEnd::Open,
    };
    match &*group.status {
        "Fixed" => match (&fixed, &seen) {
            (None, Some(version)) => Ok((FixState::Fixed, RangeEnd::LastAffected(version.clone()))),
            (None, None) => Err("it is fixed, but no version is named".to_owned()),
            _ => Ok((FixState::Fixed, end())),
        },
        "Vulnerable" | "Testing" => Ok((FixState::Affected, end())),
        "Not affected" => Ok((FixState::NotAffected, RangeEnd::Open)),
        "Unknown" => Ok((FixState::UnderInvestigation, end())),
        other => Err(format!("unknown status `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_groups_alone_and_in_a_list() {
        let group = |status: &str, fixed: &str| {
            format!(
                r#"{{"name":"AVG-1","packages":["chromium"],"status":"{status}","severity":"High",
                    "type":"multiple issues","affected":"89-1","fixed":{fixed},
                    "ticket":null,"issues":["CVE-2021-2","CVE-2021-1"],"advisories":[]}}"#
            )
        };
        let cases = [
            ("Fixed", r#""90-1""#, r#"Fixed("90-1") fixed"#),
            ("Vulnerable", "null", "Open affected"),
            ("Testing", r#""90-1""#, r#"Fixed("90-1") affected"#),
            ("Not affected", "null", "Open not affected"),
            ("Unknown", "null", "Open under investigation"),
            ("Fixed", "null", r#"LastAffected("89-1") fixed"#),
        ];
        for (status, fixed, expect) in cases {
            let list = format!("[{}]", group(status, fixed));
            for document in [group(status, fixed), list] {
                let reading = GroupFeed.read("x", document.as_bytes()).expect("valid");
                let Record::Advisory(advisory) = &reading.records[0] else { panic!() };
                let affected = &advisory.affected[0];
                let found = format!("{:?} {}", affected.ranges[0].end, affected.fix_state);
                assert_eq!(found, expect, "{status}");
                assert_eq!(advisory.covers[0].0, "CVE-2021-1");
            }
        }
        let odd = GroupFeed.read("x", group("Lost", "null").as_bytes()).expect("valid");
        assert_eq!(odd.rejected, ["AVG-1: unknown status `Lost`"]);
    }
}
