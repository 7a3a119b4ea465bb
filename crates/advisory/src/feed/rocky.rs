//! Rocky's errata (errata.rockylinux.org API): notices with every built file, named
//! `name-epoch:version-release.arch.rpm`.

use model::{AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::names::{Nevra, is_debug_rpm};
use super::osv::merge;
use super::redhat;
use super::text::{Pairs, Text, one_line, or_default, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};

/// Product names of the standard repositories begin so; what a special interest group builds is
/// installed beside them and has versions of its own.
const PRODUCT: &str = "Rocky Linux ";

/// Errata.
pub(super) struct ErrataFeed;

#[derive(Deserialize)]
struct Erratum<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    synopsis: Text<'a>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default, rename = "publishedAt")]
    published: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    cves: Vec<Cve<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    rpms: Pairs<Text<'a>, Builds<'a>>,
}

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default, rename = "cvss3ScoringVector")]
    vector: Text<'a>,
}

#[derive(Deserialize)]
struct Builds<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    nvras: Vec<Text<'a>>,
}

impl Feed for ErrataFeed {
    fn source(&self) -> &str {
        "rocky"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let erratum: Erratum<'_> = serde_json::from_slice(bytes)?;
        let mut advisory = advisory(self.source(), &erratum.name);
        let title = match erratum.synopsis.split_once(": ") {
            Some((_, title)) => title,
            None => &erratum.synopsis,
        };
        advisory.summary = one_line(title);
        let word = erratum.severity.strip_prefix("SEVERITY_").unwrap_or(&erratum.severity);
        advisory.severity = severity(word);
        advisory.published = timestamp(&erratum.published);
        let cves = erratum.cves.iter().filter(|cve| cve.name.starts_with("CVE-"));
        advisory.covers = cves.map(|cve| AdvisoryId(cve.name.to_string())).collect();
        advisory.covers.sort();
        advisory.covers.dedup();
        if let [cve] = erratum.cves.as_slice() {
            advisory.cvss.extend(vector(&cve.vector));
        }
        if &*erratum.kind != "TYPE_SECURITY" && advisory.covers.is_empty() {
            return Ok(Reading::default());
        }
        let streams = redhat::streams(title);
        for (product, builds) in &erratum.rpms.0 {
            if let Some(release) = release(product) {
                advisory.affected.extend(affected(release, builds, &streams));
            }
        }
        Ok(Reading::of_advisory(advisory))
    }
}

fn vector(text: &str) -> Option<String> {
    text.starts_with("CVSS:").then(|| text.to_owned())
}

/// `Rocky Linux 8` is 8, `Rocky Linux 9.2` is 9.
fn release(product: &str) -> Option<&str> {
    let release = product.strip_prefix(PRODUCT)?;
    let major = release.split('.').next()?;
    (!major.is_empty() && major.bytes().all(|b| b.is_ascii_digit())).then_some(major)
}

fn affected(release: &str, builds: &Builds<'_>, streams: &[String]) -> Vec<Affected> {
    let files = builds.nvras.iter().filter_map(|file| Nevra::with_arch(file));
    let files = files.filter(|file| file.arch != Some("src") && !is_debug_rpm(file.name));
    let statement = |file: Nevra<'_>| Affected {
        ecosystem: Ecosystem(format!("rocky:{release}")),
        package: file.name.to_owned(),
        name_of: NameOf::Binary,
        ranges: vec![VersionRange { introduced: None, end: RangeEnd::Fixed(file.evr.to_owned()) }],
        fix_state: FixState::Fixed,
        ..Affected::default()
    };
    let by_stream = |file| redhat::by_stream(statement(file), file.evr, streams);
    let mut found = merge(files.flat_map(by_stream).collect());
    redhat::keep_oldest(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use model::Severity;

    use super::*;
    use crate::Record;

    #[test]
    fn the_oldest_build_repairs() {
        let document = r#"{"name":"RLSA-2019:1","synopsis":"Important: tools:1.0 security update",
          "severity":"SEVERITY_IMPORTANT","type":"TYPE_SECURITY","publishedAt":"2019-12-17T09:20:02Z",
          "cves":[{"name":"CVE-2019-1","cvss3ScoringVector":"CVSS:3.0/AV:N"}],
          "rpms":{"Rocky Linux 8":{"nvras":[
             "runc-0:1.0-1.module+el8.5.0+681+c9a1951f.x86_64.rpm",
             "runc-0:1.0-1.module+el8.4.0+557+48ba8b2f.x86_64.rpm",
             "runc-0:1.0-1.module+el8.4.0+557+48ba8b2f.src.rpm",
             "runc-debuginfo-0:1.0-1.module+el8.4.0+557+48ba8b2f.x86_64.rpm",
             "plain-0:1-1.el8.noarch.rpm"]},
            "Rocky Linux SIG Cloud 8":{"nvras":["kernel-0:4-1.el8.cloud.x86_64.rpm"]}}}"#;
        let reading = ErrataFeed.read("x", document.as_bytes()).expect("valid");
        let Record::Advisory(advisory) = &reading.records[0] else { panic!("{reading:?}") };
        let line = |a: &Affected| {
            format!("{} {} {:?} {:?}", a.ecosystem, a.package, a.ranges[0].end, a.module)
        };
        let lines: Vec<String> = advisory.affected.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                r#"rocky:8 plain Fixed("0:1-1.el8") None"#,
                r#"rocky:8 runc Fixed("0:1.0-1.module+el8.4.0+557+48ba8b2f") Some("tools:1.0")"#,
            ]
        );
        assert_eq!(advisory.severity, Severity::High);
        assert_eq!(advisory.cvss, ["CVSS:3.0/AV:N"]);
        assert_eq!(advisory.summary, "tools:1.0 security update");
    }
}
