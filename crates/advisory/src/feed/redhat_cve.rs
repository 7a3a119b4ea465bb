//! Red Hat's CVE documents (Security Data API, `hydra/rest/securitydata/cve/<id>.json`): what is
//! repaired by which notice, and what is not: affected, deferred, refused, out of support.
//!
//! Also the list of repositories and the products (CPEs) they belong to.

use model::{Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};
use serde::Deserialize;

use super::names::Nevra;
use super::osv::merge;
use super::redhat;
use super::text::{Pairs, Text, one_line, or_default, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};
use crate::{CvssVector, Record, RepositoryCpes};

/// Source of the ratings of CVEs that name no package.
const SCORER: &str = "redhat";
/// Streams that are application bundles, not modules of the operating system.
const FLATPAK: &str = "flatpak";

/// CVE documents.
pub(super) struct CveFeed;

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    threat_severity: Option<Text<'a>>,
    #[serde(borrow, default)]
    public_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    bugzilla: Option<Bugzilla<'a>>,
    #[serde(borrow, default)]
    cvss: Option<Cvss2<'a>>,
    #[serde(borrow, default)]
    cvss3: Option<Cvss3<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    details: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    affected_release: Vec<Release<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    package_state: Vec<State<'a>>,
}

#[derive(Deserialize)]
struct Bugzilla<'a> {
    #[serde(borrow, default)]
    description: Text<'a>,
}

#[derive(Deserialize)]
struct Cvss2<'a> {
    #[serde(borrow, default)]
    cvss_scoring_vector: Text<'a>,
}

#[derive(Deserialize)]
struct Cvss3<'a> {
    #[serde(borrow, default)]
    cvss3_scoring_vector: Text<'a>,
}

/// A repair that is out.
#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow)]
    cpe: Text<'a>,
    #[serde(borrow, default)]
    package: Option<Text<'a>>,
    #[serde(borrow, default)]
    impact: Option<Text<'a>>,
}

/// A product without a repair.
#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow)]
    cpe: Text<'a>,
    #[serde(borrow)]
    fix_state: Text<'a>,
    #[serde(borrow)]
    package_name: Text<'a>,
}

impl Feed for CveFeed {
    fn source(&self) -> &str {
        "redhat-cve"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let cve: Cve<'_> = serde_json::from_slice(bytes)?;
        let vectors = vectors(&cve);
        let rated = cve.threat_severity.as_deref().map(severity);
        let mut advisory = advisory(self.source(), &cve.name);
        advisory.summary = summary(&cve);
        advisory.severity = rated.unwrap_or_default();
        advisory.published = cve.public_date.as_deref().and_then(timestamp);
        let repaired = cve.affected_release.iter().filter_map(repaired);
        advisory.affected =
            merge(repaired.chain(cve.package_state.iter().filter_map(open)).collect());
        if advisory.affected.is_empty() {
            let says = !vectors.is_empty() || rated.is_some();
            let rating = CvssVector {
                cve: advisory.id.0,
                source: SCORER.to_owned(),
                vectors,
                severity: rated,
            };
            return Ok(Reading::of(says.then_some(Record::Cvss(rating)).into_iter().collect()));
        }
        advisory.cvss = vectors;
        Ok(Reading::of_advisory(advisory))
    }
}

fn vectors(cve: &Cve<'_>) -> Vec<String> {
    let v3 = cve.cvss3.as_ref().and_then(|cvss| cvss.cvss3_scoring_vector.non_empty());
    let v2 = cve.cvss.as_ref().and_then(|cvss| cvss.cvss_scoring_vector.non_empty());
    v3.into_iter().chain(v2).map(str::to_owned).collect()
}

/// The title of the bug report; its leading list of CVEs says nothing new.
fn summary(cve: &Cve<'_>) -> String {
    let title = cve.bugzilla.as_ref().and_then(|bug| bug.description.non_empty());
    let title = title.map(|title| title.trim_start_matches(&*cve.name).trim_start());
    let detail = cve.details.first().and_then(Text::non_empty);
    one_line(title.or(detail).unwrap_or_default())
}

/// A repair as a statement about a source package. Modules and containers are left out: only the
/// notice (`redhat`) says which of their packages changed.
fn repaired(release: &Release<'_>) -> Option<Affected> {
    let cpe = release.cpe.trim();
    let nevra = Nevra::without_arch(release.package.as_ref()?.trim())?;
    if nevra.name.contains('/') || redhat::is_modular(nevra.evr) {
        return None;
    }
    let major = redhat::release_of(cpe).or_else(|| redhat::release_of_build(nevra.evr))?;
    let impact = release.impact.as_deref().map(severity);
    Some(Affected {
        package: nevra.name.to_owned(),
        ranges: vec![VersionRange { introduced: None, end: RangeEnd::Fixed(nevra.evr.to_owned()) }],
        fix_state: FixState::Fixed,
        severity: impact.filter(|impact| *impact != model::Severity::Unknown),
        cpes: vec![cpe.to_owned()],
        ..source_of(major)
    })
}

/// A product without a repair. Limited to the product, unless that is the whole of RHEL.
fn open(state: &State<'_>) -> Option<Affected> {
    let cpe = state.cpe.trim();
    let major = redhat::release_of(cpe)?;
    let (module, package) = component(state.package_name.trim())?;
    let fix_state = match &*state.fix_state {
        "Affected" | "New" => FixState::Affected,
        "Fix deferred" => FixState::Deferred,
        "Will not fix" => FixState::WillNotFix,
        "Out of support scope" => FixState::EndOfLife,
        "Under investigation" => FixState::UnderInvestigation,
        "Not affected" => FixState::NotAffected,
        _ => return None,
    };
    let cpes = if redhat::is_whole_rhel(cpe) { Vec::new() } else { vec![cpe.to_owned()] };
    Some(Affected {
        package: package.to_owned(),
        ranges: vec![VersionRange { introduced: None, end: RangeEnd::Open }],
        fix_state,
        module: module.map(str::to_owned),
        cpes,
        ..source_of(major)
    })
}

fn source_of(major: u32) -> Affected {
    Affected {
        ecosystem: Ecosystem(format!("rhel:{major}")),
        name_of: NameOf::Source,
        ..Affected::default()
    }
}

/// `mariadb:10.3/mariadb` is a package of a module, `kernel` one outside; `openshift4/ose-cli` is a
/// container image.
fn component(name: &str) -> Option<(Option<&str>, &str)> {
    let Some((module, package)) = name.split_once('/') else {
        return (!name.contains(':') && !name.is_empty()).then_some((None, name));
    };
    let (_, stream) = module.split_once(':')?;
    (stream != FLATPAK && !package.contains('/')).then_some((Some(module), package))
}

/// The list of repositories (`security.access.redhat.com/data/metrics/repository-to-cpe.json`).
pub(super) struct RepositoryFeed;

#[derive(Deserialize)]
struct Repositories<'a> {
    #[serde(borrow)]
    data: Pairs<Text<'a>, Repository<'a>>,
}

#[derive(Deserialize)]
struct Repository<'a> {
    #[serde(borrow)]
    cpes: Vec<Text<'a>>,
}

impl Feed for RepositoryFeed {
    fn source(&self) -> &str {
        "redhat-repositories"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let list: Repositories<'_> = serde_json::from_slice(bytes)?;
        let record = |(name, repository): (Text<'_>, Repository<'_>)| {
            Record::RepositoryCpes(RepositoryCpes {
                repository: name.to_string(),
                cpes: repository.cpes.iter().map(|cpe| cpe.to_string()).collect(),
            })
        };
        Ok(Reading::of(list.data.0.into_iter().map(record).collect()))
    }
}

#[cfg(test)]
mod tests {
    use model::Severity;

    use super::*;

    fn read(document: &str) -> Record {
        let mut reading = CveFeed.read("x", document.as_bytes()).expect("valid");
        assert_eq!(reading.records.len(), 1);
        reading.records.remove(0)
    }

    #[test]
    fn reads_repairs_and_open_states() {
        let record = read(
            r#"{"name":"CVE-2019-1","threat_severity":"Important","public_date":"2019-01-25T00:00:00Z",
              "bugzilla":{"description":"CVE-2019-1 libpng: a bug"},
              "cvss3":{"cvss3_scoring_vector":"CVSS:3.0/AV:N"},
              "cvss":{"cvss_scoring_vector":"AV:N/AC:L"},
              "affected_release":[
                {"advisory":"RHSA-1","cpe":"cpe:/o:redhat:enterprise_linux:7",
                 "package":"libpng-2:1.5.13-8.el7","impact":"low"},
                {"advisory":"RHSA-2","cpe":"cpe:/a:redhat:enterprise_linux:8",
                 "package":"php:7.3-8020020200715124551.ceb1cf90"},
                {"advisory":"RHSA-3","cpe":"cpe:/a:redhat:openshift:4.12::el8",
                 "package":"openshift4/ose-cli:v4.12-1"},
                {"advisory":"RHSA-4","cpe":"cpe:/a:redhat:rhel_eus:8.6"}],
              "package_state":[
                {"cpe":"cpe:/o:redhat:enterprise_linux:8","fix_state":"Fix deferred",
                 "package_name":"libpng"},
                {"cpe":"cpe:/o:redhat:enterprise_linux:8","fix_state":"Will not fix",
                 "package_name":"mariadb:10.3/mariadb"},
                {"cpe":"cpe:/o:redhat:enterprise_linux:6","fix_state":"Out of support scope",
                 "package_name":"libpng"},
                {"cpe":"cpe:/o:redhat:enterprise_linux:9","fix_state":"Affected",
                 "package_name":"firefox:flatpak/firefox"},
                {"cpe":"cpe:/a:redhat:openshift:4","fix_state":"Affected",
                 "package_name":"openshift4/ose-cli"}]}"#,
        );
        let Record::Advisory(advisory) = record else { panic!("{record:?}") };
        let line = |a: &Affected| {
            let end = match &a.ranges[0].end {
                RangeEnd::Fixed(version) => version.as_str(),
                _ => "open",
            };
            let module = a.module.as_deref().unwrap_or("-");
            format!("{} {} {module} {end} {} {:?}", a.ecosystem, a.package, a.fix_state, a.cpes)
        };
        let lines: Vec<String> = advisory.affected.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "rhel:6 libpng - open end of life []",
                r#"rhel:7 libpng - 2:1.5.13-8.el7 fixed ["cpe:/o:redhat:enterprise_linux:7"]"#,
                "rhel:8 libpng - open deferred []",
                "rhel:8 mariadb mariadb:10.3 open will not fix []",
            ]
        );
        assert_eq!(advisory.affected[1].severity, Some(Severity::Low));
        assert_eq!(advisory.severity, Severity::High);
        assert_eq!(advisory.summary, "libpng: a bug");
        assert_eq!(advisory.cvss, ["CVSS:3.0/AV:N", "AV:N/AC:L"]);
    }

    #[test]
    fn a_rating_alone_is_kept_for_its_cve() {
        let record = read(
            r#"{"name":"CVE-2019-2","threat_severity":"Low",
                "cvss3":{"cvss3_scoring_vector":"CVSS:3.1/AV:L"}}"#,
        );
        let Record::Cvss(rating) = record else { panic!("{record:?}") };
        assert_eq!(rating.vectors, ["CVSS:3.1/AV:L"]);
        assert_eq!(rating.severity, Some(Severity::Low));
    }

    #[test]
    fn reads_repositories() {
        let document = r#"{"data":{"rhel-8-for-x86_64-baseos-rpms":{"cpes":["cpe:/o:redhat:enterprise_linux:8::baseos"],"repo_relative_urls":["x"]}}}"#;
        let reading = RepositoryFeed.read("x", document.as_bytes()).expect("valid");
        assert!(matches!(&reading.records[0], Record::RepositoryCpes(r) if r.cpes.len() == 1));
    }
}
