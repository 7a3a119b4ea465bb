//! Alpine's secdb (secdb.alpinelinux.org): one JSON document a release and repository, the versions
//! of source packages and the vulnerabilities each repaired. Wolfi and Chainguard publish the same.
//!
//! A version of `0` says that no version was ever vulnerable.

use std::collections::BTreeMap;

use model::{Advisory, AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::ids::cves;
use super::text::{Pairs, Text, or_default};
use super::{Feed, Malformed, Reading, advisory};
use crate::Record;

/// Secdb of one distribution.
pub(super) struct SecdbFeed {
    source: String,
}

#[derive(Deserialize)]
struct Secdb<'a> {
    #[serde(borrow, default)]
    distroversion: Text<'a>,
    #[serde(borrow, default)]
    urlprefix: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    packages: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    pkg: Package<'a>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    secfixes: Pairs<Text<'a>, Option<Vec<Text<'a>>>>,
}

impl SecdbFeed {
    /// A feed for the distribution that a document's address names.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Malformed> {
        let secdb: Secdb<'_> = serde_json::from_slice(bytes)?;
        Ok(SecdbFeed { source: distribution(&secdb).to_owned() })
    }
}

fn distribution(secdb: &Secdb<'_>) -> &'static str {
    if secdb.urlprefix.contains("wolfi") {
        "wolfi"
    } else if secdb.urlprefix.contains("chainguard") || secdb.urlprefix.contains("cgr.dev") {
        "chainguard"
    } else {
        "alpine"
    }
}

fn ecosystem(secdb: &Secdb<'_>) -> Result<Ecosystem, Malformed> {
    let distribution = distribution(secdb);
    let release = secdb.distroversion.trim_start_matches('v');
    match (distribution, release) {
        ("alpine", "") => Err(Malformed("it names no release (distroversion)".to_owned())),
        ("alpine", _) => Ok(Ecosystem(format!("alpine:{release}"))),
        _ => Ok(Ecosystem(distribution.to_owned())),
    }
}

impl Feed for SecdbFeed {
    fn source(&self) -> &str {
        &self.source
    }

    fn joins(&self) -> bool {
        true
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let secdb: Secdb<'_> = serde_json::from_slice(bytes)?;
        let ecosystem = ecosystem(&secdb)?;
        let mut said = Said::default();
        for Entry { pkg } in &secdb.packages {
            for (version, texts) in &pkg.secfixes.0 {
                let statement = affected(&ecosystem, &pkg.name, version);
                texts.iter().flatten().for_each(|text| said.add(&self.source, text, &statement));
            }
        }
        let records = said.advisories.into_values();
        let records = records.map(|advisory| Record::Advisory(Box::new(advisory))).collect();
        Ok(Reading { rejected: said.rejected, ..Reading::of(records) })
    }
}

/// What a document has said so far.
#[derive(Default)]
struct Said {
    advisories: BTreeMap<String, Advisory>,
    rejected: Vec<String>,
}

impl Said {
    /// Takes one text that names what a version repaired.
    fn add(&mut self, source: &str, text: &str, statement: &Affected) {
        let (ids, alias) = ids(text);
        if ids.is_empty() {
            self.rejected.push(format!("{}: `{text}` names no vulnerability", statement.package));
        }
        for id in ids {
            let known = self.advisories.entry(id).or_insert_with_key(|id| advisory(source, id));
            known.aliases.extend(alias.clone().map(AdvisoryId));
            known.affected.push(statement.clone());
        }
    }
}

fn affected(ecosystem: &Ecosystem, package: &str, version: &str) -> Affected {
    let (fix_state, end) = match version {
        "0" => (FixState::NotAffected, RangeEnd::Open),
        version => (FixState::Fixed, RangeEnd::Fixed(version.to_owned())),
    };
    Affected {
        ecosystem: ecosystem.clone(),
        package: package.to_owned(),
        name_of: NameOf::Source,
        ranges: vec![VersionRange { introduced: None, end }],
        fix_state,
        ..Affected::default()
    }
}

/// The vulnerabilities that one text names, and an alias when it names exactly one:
/// `CVE-2024-1 GHSA-…` is one under two names, `CVE-2018-3620 CVE-2018-3646 XSA-273` is two. Other
/// names (XSA, TALOS …) group several vulnerabilities, so they count only where no CVE is named.
fn ids(text: &str) -> (Vec<String>, Option<String>) {
    let ghsa = || text.split_whitespace().find(|word| word.starts_with("GHSA-")).map(str::to_owned);
    let cves = cves(text);
    match cves.len() {
        0 => {
            let is_id = |word: &&str| {
                let known = !word.starts_with("CVE") && !word.contains(['?', '(', ')']);
                known && word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.contains('-')
            };
            (text.split_whitespace().find(is_id).map(str::to_owned).into_iter().collect(), None)
        }
        1 => (cves, ghsa()),
        _ => (cves, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_repairs_by_source_package() {
        let document = r#"{"distroversion":"v3.19","reponame":"main",
          "urlprefix":"https://dl-cdn.alpinelinux.org/alpine","apkurl":"x","archs":["x86"],
          "packages":[
            {"pkg":{"name":"curl","secfixes":{
               "8.1-r0":["CVE-2024-0001 GHSA-a-b-c","CVE-2024-0002"],
               "0":["CVE-2024-0003"]}}},
            {"pkg":{"name":"xen","secfixes":{"4.1-r0":["XSA-207","CVE-????-????? XSA-312","???"]}}},
            {"pkg":{"name":"odd","secfixes":{"1-r0":null}}}]}"#;
        let feed = SecdbFeed::of(document.as_bytes()).expect("valid");
        assert_eq!(feed.source(), "alpine");
        let reading = feed.read("3.19/main.json", document.as_bytes()).expect("valid");
        let line = |record: &Record| match record {
            Record::Advisory(a) => format!(
                "{} {:?} {} {} {:?} {}",
                a.id,
                a.aliases,
                a.affected[0].ecosystem,
                a.affected[0].package,
                a.affected[0].ranges[0].end,
                a.affected[0].fix_state
            ),
            other => panic!("{other:?}"),
        };
        let lines: Vec<String> = reading.records.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                r#"CVE-2024-0001 [AdvisoryId("GHSA-a-b-c")] alpine:3.19 curl Fixed("8.1-r0") fixed"#,
                r#"CVE-2024-0002 [] alpine:3.19 curl Fixed("8.1-r0") fixed"#,
                "CVE-2024-0003 [] alpine:3.19 curl Open not affected",
                r#"XSA-207 [] alpine:3.19 xen Fixed("4.1-r0") fixed"#,
                r#"XSA-312 [] alpine:3.19 xen Fixed("4.1-r0") fixed"#,
            ]
        );
        assert_eq!(reading.rejected, ["xen: `???` names no vulnerability"]);
    }

    #[test]
    fn wolfi_has_no_releases() {
        let document = r#"{"apkurl":"x","reponame":"os","urlprefix":"https://packages.wolfi.dev",
            "packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["GHSA-a-b-c"]}}}]}"#;
        let feed = SecdbFeed::of(document.as_bytes()).expect("valid");
        assert_eq!(feed.source(), "wolfi");
        let reading = feed.read("x", document.as_bytes()).expect("valid");
        assert!(
            matches!(&reading.records[0], Record::Advisory(a) if a.affected[0].ecosystem.0 == "wolfi")
        );
    }
}
