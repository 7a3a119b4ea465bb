//! Amazon Linux notices (ALAS) as updateinfo JSON: packages with architectures, by repository.
//!
//! Amazon Linux 2 has "extras", repositories of one later version of some software. Their packages
//! have the names of the standard ones, so a statement about `php8.0` begins at version 8.0; the
//! installed package does not say which repository it came from.

use std::collections::BTreeMap;

use model::{AdvisoryId, Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::names::is_debug_rpm;
use super::text::{Text, one_line, or_default, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};

/// Extras whose name has no version, and the first version they brought.
const EXTRAS_BEGIN: [(&str, &str); 1] = [("dnsmasq", "2.80")];
/// Between release and extra in the name of a collection.
const EXTRA: &str = "---";

/// ALAS documents.
pub(super) struct UpdateinfoFeed;

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    #[serde(borrow, default, rename = "Title")]
    title: Text<'a>,
    #[serde(borrow, default, rename = "Severity")]
    severity: Text<'a>,
    #[serde(borrow, default, rename = "Issued")]
    issued: Option<Moment<'a>>,
    #[serde(borrow, default, rename = "Updated")]
    updated: Option<Moment<'a>>,
    #[serde(borrow, default, rename = "References")]
    references: Option<References<'a>>,
    #[serde(borrow, rename = "Pkglist")]
    packages: PackageList<'a>,
}

#[derive(Deserialize)]
struct Moment<'a> {
    #[serde(borrow, default, rename = "Date")]
    date: Text<'a>,
}

#[derive(Deserialize)]
struct References<'a> {
    #[serde(borrow, default, rename = "Reference", deserialize_with = "or_default")]
    list: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default, rename = "ID")]
    id: Text<'a>,
    #[serde(borrow, default, rename = "Type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct PackageList<'a> {
    #[serde(borrow, rename = "Collection")]
    collection: Collection<'a>,
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow, rename = "Short")]
    short: Text<'a>,
    #[serde(borrow, default, rename = "Package", deserialize_with = "or_default")]
    packages: Vec<Package<'a>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow, rename = "Name")]
    name: Text<'a>,
    #[serde(borrow, default, rename = "Epoch")]
    epoch: Text<'a>,
    #[serde(borrow, rename = "Version")]
    version: Text<'a>,
    #[serde(borrow, rename = "Release")]
    release: Text<'a>,
    #[serde(borrow, default, rename = "Arch")]
    arch: Text<'a>,
}

impl Feed for UpdateinfoFeed {
    fn source(&self) -> &str {
        "amazon"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let update: Update<'_> = serde_json::from_slice(bytes)?;
        let collection = &update.packages.collection;
        let (release, extra) = place(&collection.short)
            .ok_or_else(|| Malformed(format!("unknown collection `{}`", &*collection.short)))?;
        let mut advisory = advisory(self.source(), &update.id);
        let title = update.title.split_once(" package update for ").map(|(_, what)| what);
        advisory.summary = one_line(&match title {
            Some(what) => format!("{what} security update"),
            None => update.title.to_string(),
        });
        advisory.severity = severity(&update.severity);
        advisory.published = update.issued.as_ref().and_then(|moment| timestamp(&moment.date));
        advisory.modified = update.updated.as_ref().and_then(|moment| timestamp(&moment.date));
        let references = update.references.iter().flat_map(|references| &references.list);
        let cves = references.filter(|reference| &*reference.kind == "cve");
        let cves = cves.filter(|reference| reference.id.starts_with("CVE-"));
        advisory.covers = cves.map(|cve| AdvisoryId(cve.id.to_string())).collect();
        advisory.covers.sort();
        advisory.covers.dedup();
        advisory.affected = affected(release, extra, &collection.packages);
        Ok(Reading::of_advisory(advisory))
    }
}

/// The release and the extra of a collection: `amazon-linux-2---php8.0`.
fn place(short: &str) -> Option<(&'static str, Option<&str>)> {
    let (base, extra) = match short.split_once(EXTRA) {
        Some((base, extra)) => (base, Some(extra)),
        None => (short, None),
    };
    let release = match base {
        "amazon-linux" | "amazon-linux-ami" => "1",
        "amazon-linux-2" => "2",
        "amazon-linux-2022" => "2022",
        "amazon-linux-2023" => "2023",
        _ => return None,
    };
    Some((release, extra))
}

fn affected(release: &str, extra: Option<&str>, packages: &[Package<'_>]) -> Vec<Affected> {
    let mut builds: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for package in packages.iter().filter(|package| !is_debug_rpm(&package.name)) {
        let epoch = package.epoch.non_empty().unwrap_or("0");
        let evr = format!("{epoch}:{}-{}", &*package.version, &*package.release);
        let arches = builds.entry((&*package.name, evr)).or_default();
        if !arches.iter().any(|known| **known == *package.arch) && &*package.arch != "src" {
            arches.push(package.arch.to_string());
        }
    }
    let statement = |((name, evr), mut arches): ((&str, String), Vec<String>)| {
        if arches.iter().any(|arch| arch == "noarch" || arch.is_empty()) {
            arches.clear();
        }
        arches.sort();
        Affected {
            ecosystem: Ecosystem(format!("amzn:{release}")),
            package: name.to_owned(),
            name_of: NameOf::Binary,
            ranges: vec![VersionRange {
                introduced: extra.and_then(|extra| begin(extra, &evr)),
                end: RangeEnd::Fixed(evr),
            }],
            fix_state: FixState::Fixed,
            arches,
            ..Affected::default()
        }
    };
    builds.into_iter().map(statement).collect()
}

/// The first version of an extra: the number in its name where the package counts that way
/// (`php8.0` and 8.0.30, not `haproxy2` and a library of version 1.4).
fn begin(extra: &str, evr: &str) -> Option<String> {
    let (epoch, version) = evr.split_once(':')?;
    let from = EXTRAS_BEGIN.iter().find(|(name, _)| *name == extra).map(|(_, from)| *from);
    let from = from.or_else(|| {
        let digit = extra.find(|c: char| c.is_ascii_digit())?;
        let number = extra.get(digit..)?;
        let counts = version.strip_prefix(number)?.starts_with(['.', '-', '_']);
        counts.then_some(number)
    })?;
    Some(format!("{epoch}:{from}"))
}

#[cfg(test)]
mod tests {
    use model::Severity;

    use super::*;
    use crate::Record;

    fn read(short: &str, packages: &str) -> Vec<String> {
        let document = format!(
            r#"{{"ID":"ALAS2-1","Title":"Amazon Linux 2 - ALAS2-1: Medium priority package update for php",
              "Severity":"Medium","Issued":{{"Date":"2024-01-03 23:20:00"}},
              "References":{{"Reference":[{{"ID":"CVE-2023-1","Type":"cve"}},{{"ID":"RHSA-1","Type":"redhat"}}]}},
              "Pkglist":{{"Collection":{{"Short":"{short}","Package":{packages}}}}}}}"#
        );
        let reading = UpdateinfoFeed.read("x", document.as_bytes()).expect("valid");
        let Record::Advisory(advisory) = &reading.records[0] else { panic!("{reading:?}") };
        assert_eq!(advisory.covers.len(), 1);
        assert_eq!(advisory.severity, Severity::Medium);
        assert_eq!(advisory.summary, "php security update");
        let line = |a: &Affected| {
            let range = &a.ranges[0];
            format!(
                "{} {} {:?} {:?} {:?}",
                a.ecosystem, a.package, range.introduced, range.end, a.arches
            )
        };
        advisory.affected.iter().map(line).collect()
    }

    #[test]
    fn groups_architectures() {
        let packages = r#"[
          {"Name":"gnutls","Epoch":"0","Version":"3.8.0","Release":"1","Arch":"x86_64"},
          {"Name":"gnutls","Epoch":"0","Version":"3.8.0","Release":"1","Arch":"aarch64"},
          {"Name":"gnutls-doc","Epoch":"0","Version":"3.8.0","Release":"1","Arch":"noarch"},
          {"Name":"gnutls-debuginfo","Epoch":"0","Version":"3.8.0","Release":"1","Arch":"x86_64"}]"#;
        assert_eq!(
            read("amazon-linux-2023", packages),
            [
                r#"amzn:2023 gnutls None Fixed("0:3.8.0-1") ["aarch64", "x86_64"]"#,
                r#"amzn:2023 gnutls-doc None Fixed("0:3.8.0-1") []"#,
            ]
        );
    }

    #[test]
    fn extras_begin_at_their_version() {
        let packages = r#"[
          {"Name":"php","Epoch":"0","Version":"8.0.30","Release":"1","Arch":"x86_64"},
          {"Name":"libzip","Epoch":"0","Version":"1.3","Release":"1","Arch":"x86_64"}]"#;
        assert_eq!(
            read("amazon-linux-2---php8.0", packages),
            [
                r#"amzn:2 libzip None Fixed("0:1.3-1") ["x86_64"]"#,
                r#"amzn:2 php Some("0:8.0") Fixed("0:8.0.30-1") ["x86_64"]"#,
            ]
        );
        assert_eq!(begin("kernel-5.10", "0:5.10.178-1").as_deref(), Some("0:5.10"));
        assert_eq!(begin("unbound-1.17", "0:1.17.0-1").as_deref(), Some("0:1.17"));
        assert_eq!(begin("tomcat9", "0:9.0.54-1").as_deref(), Some("0:9"));
        assert_eq!(begin("docker", "0:20.10-1"), None);
        assert_eq!(begin("dnsmasq", "0:2.90-1").as_deref(), Some("0:2.80"));
    }

    #[test]
    fn refuses_unknown_collections() {
        let document = r#"{"ID":"A","Pkglist":{"Collection":{"Short":"elsewhere","Package":[]}}}"#;
        assert!(UpdateinfoFeed.read("x", document.as_bytes()).is_err());
    }
}
