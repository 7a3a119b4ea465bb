//! The NVD's feeds (nvd.nist.gov, API 2.0 schema): CVSS vectors of every CVE. The products it names
//! (CPE) are not read: they are too coarse to match packages with.

use serde::Deserialize;

use super::text::{Text, or_default, timestamp};
use super::{Feed, Malformed, Reading, severity};
use crate::{CvssVector, Record};

/// Who scored, when it is the NVD itself.
const NVD: &str = "nvd";
/// Who scored, when the NVD repeats the authority that gave the number.
const AUTHORITY: &str = "cna";

/// NVD feeds.
pub(super) struct NvdFeed;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    vulnerabilities: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    cve: Cve<'a>,
}

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "vulnStatus")]
    status: Text<'a>,
    #[serde(borrow, default)]
    metrics: Metrics<'a>,
}

#[derive(Default, Deserialize)]
struct Metrics<'a> {
    #[serde(borrow, default, rename = "cvssMetricV40", deserialize_with = "or_default")]
    v4: Vec<Metric<'a>>,
    #[serde(borrow, default, rename = "cvssMetricV31", deserialize_with = "or_default")]
    v3_1: Vec<Metric<'a>>,
    #[serde(borrow, default, rename = "cvssMetricV30", deserialize_with = "or_default")]
    v3_0: Vec<Metric<'a>>,
    #[serde(borrow, default, rename = "cvssMetricV2", deserialize_with = "or_default")]
    v2: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, rename = "cvssData")]
    cvss: Cvss<'a>,
    #[serde(borrow, default, rename = "baseSeverity")]
    severity_v2: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Cvss<'a> {
    #[serde(borrow, default, rename = "vectorString")]
    vector: Text<'a>,
    #[serde(borrow, default, rename = "baseSeverity")]
    severity: Option<Text<'a>>,
}

impl Feed for NvdFeed {
    fn source(&self) -> &str {
        "nvd"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let page: Page<'_> = serde_json::from_slice(bytes)?;
        let spoken = page.vulnerabilities.iter().filter(|item| &*item.cve.status != "Rejected");
        let records = spoken.flat_map(|item| ratings(&item.cve)).collect();
        let dated = page.timestamp.as_deref().and_then(timestamp);
        Ok(Reading { records, dated, ..Reading::default() })
    }
}

fn ratings(cve: &Cve<'_>) -> impl Iterator<Item = Record> {
    [NVD, AUTHORITY].into_iter().filter_map(|scorer| rating(cve, scorer)).map(Record::Cvss)
}

fn rating(cve: &Cve<'_>, scorer: &str) -> Option<CvssVector> {
    let metrics = &cve.metrics;
    let all = [&metrics.v4, &metrics.v3_1, &metrics.v3_0, &metrics.v2].into_iter().flatten();
    let by_nvd = |metric: &&Metric<'_>| metric.source.starts_with("nvd@") == (scorer == NVD);
    let mut vectors: Vec<String> = Vec::new();
    let mut rated = None;
    for metric in all.filter(by_nvd) {
        if let Some(vector) = metric.cvss.vector.non_empty()
            && !vectors.iter().any(|known| known == vector)
        {
            vectors.push(vector.to_owned());
        }
        let word = metric.cvss.severity.as_deref().or(metric.severity_v2.as_deref());
        rated = rated.or(word.map(severity));
    }
    let source = scorer.to_owned();
    (!vectors.is_empty()).then(|| CvssVector {
        cve: cve.id.trim().to_owned(),
        source,
        vectors,
        severity: rated,
    })
}

#[cfg(test)]
mod tests {
    use model::Severity;

    use super::*;

    #[test]
    fn tells_the_nvd_from_the_authority() {
        let document = r#"{"resultsPerPage":1,"format":"NVD_CVE","version":"2.0",
          "timestamp":"2026-01-01T00:00:00.000","vulnerabilities":[
           {"cve":{"id":"CVE-2024-1","vulnStatus":"Analyzed","metrics":{
             "cvssMetricV31":[
               {"source":"nvd@nist.gov","type":"Primary","cvssData":
                 {"vectorString":"CVSS:3.1/AV:N","baseSeverity":"HIGH"}},
               {"source":"cna@example.org","type":"Secondary","cvssData":
                 {"vectorString":"CVSS:3.1/AV:L","baseSeverity":"LOW"}}],
             "cvssMetricV2":[{"source":"nvd@nist.gov","baseSeverity":"MEDIUM",
               "cvssData":{"vectorString":"AV:N/AC:L"}}]}}},
           {"cve":{"id":"CVE-2024-2","vulnStatus":"Rejected","metrics":{}}},
           {"cve":{"id":"CVE-2024-3","vulnStatus":"Received"}}]}"#;
        let reading = NvdFeed.read("x", document.as_bytes()).expect("valid");
        let expect = |source: &str, vectors: &[&str], severity| {
            Record::Cvss(CvssVector {
                cve: "CVE-2024-1".to_owned(),
                source: source.to_owned(),
                vectors: vectors.iter().map(|vector| (*vector).to_owned()).collect(),
                severity: Some(severity),
            })
        };
        assert_eq!(
            reading.records,
            [
                expect("nvd", &["CVSS:3.1/AV:N", "AV:N/AC:L"], Severity::High),
                expect("cna", &["CVSS:3.1/AV:L"], Severity::Low),
            ]
        );
        assert!(reading.dated.is_some());
    }
}
