//! FriendsOfPHP security advisories (github.com/FriendsOfPHP/security-advisories): YAML, one file a
//! package and vulnerability, with the affected versions of each branch.

use model::{AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::ids::cves;
use super::names::normal;
use super::text::{Pairs, one_line};
use super::{Feed, Malformed, Reading, advisory};

const REFERENCE_PREFIX: &str = "composer://";

/// FriendsOfPHP's files.
pub(super) struct PhpFeed;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    title: String,
    #[serde(default)]
    link: String,
    cve: Option<String>,
    reference: String,
    branches: Pairs<String, Branch>,
}

#[derive(Deserialize)]
struct Branch {
    versions: Vec<String>,
}

impl Feed for PhpFeed {
    fn source(&self) -> &str {
        "php-fop"
    }

    fn joins(&self) -> bool {
        true
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let file: File = serde_saphyr::from_slice(bytes).map_err(super::yaml_error)?;
        let package = file.reference.trim().strip_prefix(REFERENCE_PREFIX).ok_or_else(|| {
            Malformed(format!("its reference `{}` names no Composer package", file.reference))
        })?;
        let cve = file.cve.as_deref().and_then(|cve| cves(cve).into_iter().next());
        let mut advisory = advisory(self.source(), &cve.unwrap_or_else(|| id_of_file(name)));
        advisory.aliases.extend(ghsa(&file.link).map(|id| AdvisoryId(id.to_owned())));
        advisory.summary = one_line(&file.title);
        let ranges = file.branches.0.iter().map(|(_, branch)| range(&branch.versions));
        let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
        if ranges.is_empty() {
            return Ok(Reading::default());
        }
        let fixed = ranges.iter().any(|range| matches!(range.end, RangeEnd::Fixed(_)));
        advisory.affected.push(Affected {
            ecosystem: Ecosystem("composer".to_owned()),
            package: normal("composer", package).into_owned(),
            name_of: NameOf::Binary,
            ranges,
            fix_state: if fixed { FixState::Fixed } else { FixState::Affected },
            ..Affected::default()
        });
        Ok(Reading::of_advisory(advisory))
    }
}

/// The id of a file without CVE: its path, which is the package and a date.
fn id_of_file(name: &str) -> String {
    let mut parts: Vec<&str> = name.rsplit('/').take(3).collect();
    parts.reverse();
    let path = parts.join("/");
    let path = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml")).unwrap_or(&path);
    format!("FOP-{path}")
}

/// The GitHub advisory that a link leads to.
fn ghsa(link: &str) -> Option<&str> {
    let id = link.trim().rsplit('/').next()?;
    id.starts_with("GHSA-").then_some(id)
}

/// The span that the bounds of a branch have in common.
fn range(bounds: &[String]) -> Result<VersionRange, Malformed> {
    let mut range = VersionRange { introduced: None, end: RangeEnd::Open };
    for bound in bounds {
        let bound = bound.trim();
        let at = bound.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(bound.len());
        let (operator, version) = bound.split_at(at);
        let version = version.trim().to_owned();
        if version.is_empty() {
            return Err(Malformed(format!("`{bound}` is not a bound of versions")));
        }
        match operator.trim() {
            ">=" => range.introduced = Some(version),
            ">" => range.introduced = Some(just_after(version)),
            "<" => range.end = RangeEnd::Fixed(version),
            "<=" => range.end = RangeEnd::LastAffected(version),
            "" | "=" | "==" => {
                range.introduced = Some(version.clone());
                range.end = RangeEnd::LastAffected(version);
            }
            _ => return Err(Malformed(format!("`{bound}` is not a bound of versions"))),
        }
    }
    Ok(range)
}

/// The least version above a released one: Composer holds patch levels just above it.
fn just_after(version: String) -> String {
    let released = version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if released { format!("{version}-p0") } else { version }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn read(name: &str, file: &str) -> model::Advisory {
        let mut reading = PhpFeed.read(name, file.as_bytes()).expect("valid");
        match reading.records.remove(0) {
            Record::Advisory(advisory) => *advisory,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_branch_is_a_span() {
        let advisory = read(
            "illuminate/mail/CVE-2026-1000.yaml",
            "title: Laravel CRLF\nlink: https://github.com/x/security/advisories/GHSA-a-b-c\n\
             cve: CVE-2026-1000\nbranches:\n  \"9.x\":\n    time: ~\n    versions: ['>=9.0.0', \
             '<10.0.0']\n  10:\n    time: 2026-05-19 18:22:00\n    versions: ['>10', '<=10.5']\n\
             reference: composer://Illuminate/mail\n",
        );
        assert_eq!(advisory.id.0, "CVE-2026-1000");
        assert_eq!(advisory.aliases[0].0, "GHSA-a-b-c");
        let affected = &advisory.affected[0];
        assert_eq!(affected.package, "illuminate/mail");
        assert_eq!(
            format!("{:?}", affected.ranges),
            r#"[VersionRange { introduced: Some("9.0.0"), end: Fixed("10.0.0") }, VersionRange { introduced: Some("10-p0"), end: LastAffected("10.5") }]"#
        );
    }

    #[test]
    fn a_file_without_cve_is_named_by_its_path() {
        let advisory = read(
            "php-fop/cakephp/cakephp/2015-08-06.yaml",
            "title: t\nlink: x\ncve: ~\nbranches:\n  1: {time: ~, versions: ['<1.4']}\n\
             reference: composer://cakephp/cakephp\n",
        );
        assert_eq!(advisory.id.0, "FOP-cakephp/cakephp/2015-08-06");
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for file in [
            "branches: {}\n",
            "reference: pear://x\nbranches: {}\n",
            "reference: composer://a/b\nbranches: {x: {versions: ['~1']}}\n",
            "[",
        ] {
            assert!(PhpFeed.read("x", file.as_bytes()).is_err(), "{file}");
        }
    }
}
