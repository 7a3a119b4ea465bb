//! CVE records (CVE JSON 5.1) with what CISA adds (github.com/cisagov/vulnrichment): CVSS vectors
//! of the numbering authority and of CISA, and whether the vulnerability is known to be exploited.
//!
//! SSVC decisions are read past: nothing in a report speaks of them yet.

use model::KnownExploited;
use serde::Deserialize;

use super::text::{Text, or_default, timestamp};
use super::{Feed, Malformed, Reading, severity};
use crate::{CvssVector, KevRecord, Record};

/// Who scored, when it is CISA.
const CISA: &str = "cisa-adp";
/// Who scored, when it is the authority that gave the number.
const AUTHORITY: &str = "cna";

/// CVE records.
pub(super) struct CveRecordFeed;

#[derive(Deserialize)]
struct CveRecord<'a> {
    #[serde(borrow, rename = "cveMetadata")]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    containers: Containers<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, rename = "cveId")]
    id: Text<'a>,
    #[serde(borrow, default)]
    state: Text<'a>,
    #[serde(borrow, default, rename = "dateUpdated")]
    updated: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Containers<'a> {
    #[serde(borrow, default)]
    cna: Option<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    adp: Vec<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default, rename = "providerMetadata")]
    provider: Option<Provider<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    metrics: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
struct Provider<'a> {
    #[serde(borrow, default, rename = "shortName")]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(borrow, default, rename = "cvssV4_0")]
    v4_0: Option<Cvss<'a>>,
    #[serde(borrow, default, rename = "cvssV3_1")]
    v3_1: Option<Cvss<'a>>,
    #[serde(borrow, default, rename = "cvssV3_0")]
    v3_0: Option<Cvss<'a>>,
    #[serde(borrow, default, rename = "cvssV2_0")]
    v2_0: Option<Cvss<'a>>,
    #[serde(borrow, default)]
    other: Option<Other<'a>>,
}

#[derive(Deserialize)]
struct Cvss<'a> {
    #[serde(borrow, default, rename = "vectorString")]
    vector: Text<'a>,
    #[serde(borrow, default, rename = "baseSeverity")]
    severity: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
}

/// What CISA says of exploitation; other metrics leave the field out.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default, rename = "dateAdded")]
    added: Option<Text<'a>>,
}

impl Feed for CveRecordFeed {
    fn source(&self) -> &str {
        "vulnrichment"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let record: CveRecord<'_> = serde_json::from_slice(bytes)?;
        let dated = record.metadata.updated.as_deref().and_then(timestamp);
        let mut reading = Reading { dated, ..Reading::default() };
        if &*record.metadata.state == "REJECTED" {
            return Ok(reading);
        }
        let cve = record.metadata.id.trim();
        if let Some(cna) = &record.containers.cna {
            reading.records.extend(rating(cve, AUTHORITY, cna));
        }
        let cisa = record.containers.adp.iter().filter(|container| is_cisa(container));
        for container in cisa {
            reading.records.extend(rating(cve, CISA, container));
            reading.records.extend(exploited(cve, container));
        }
        Ok(reading)
    }
}

fn is_cisa(container: &Container<'_>) -> bool {
    container.provider.as_ref().is_some_and(|provider| provider.name.starts_with("CISA"))
}

fn rating(cve: &str, source: &str, container: &Container<'_>) -> Option<Record> {
    let scores = container.metrics.iter().flat_map(|metric| {
        [&metric.v4_0, &metric.v3_1, &metric.v3_0, &metric.v2_0].into_iter().flatten()
    });
    let mut vectors: Vec<String> = Vec::new();
    let mut rated = None;
    for score in scores {
        let vector = score.vector.trim();
        if !vector.is_empty() && !vectors.iter().any(|known| known == vector) {
            vectors.push(vector.to_owned());
        }
        rated = rated.or(score.severity.as_deref().map(severity));
    }
    (!vectors.is_empty()).then(|| {
        Record::Cvss(CvssVector {
            cve: cve.to_owned(),
            source: source.to_owned(),
            vectors,
            severity: rated,
        })
    })
}

fn exploited(cve: &str, container: &Container<'_>) -> Option<Record> {
    let notes = container.metrics.iter().filter_map(|metric| metric.other.as_ref());
    let note = notes.filter(|note| &*note.kind == "kev").find_map(|note| note.content.as_ref())?;
    Some(Record::Kev(KevRecord {
        cve: cve.to_owned(),
        kev: KnownExploited {
            added: note.added.as_deref()?.trim().to_owned(),
            due: String::new(),
            ransomware: false,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ratings_and_exploitation() {
        let document = r#"{"dataType":"CVE_RECORD","cveMetadata":{"cveId":"CVE-2024-1",
          "state":"PUBLISHED","dateUpdated":"2024-10-20T13:40:09.705Z"},"containers":{
          "cna":{"providerMetadata":{"shortName":"x"},"metrics":[{"cvssV3_1":
             {"vectorString":"CVSS:3.1/AV:L","baseSeverity":"MEDIUM"}}]},
          "adp":[{"title":"CVE Program Container","providerMetadata":{"shortName":"CVE"}},
            {"providerMetadata":{"shortName":"CISA-ADP"},"metrics":[
              {"cvssV3_1":{"vectorString":"CVSS:3.1/AV:N"}},
              {"other":{"type":"ssvc","content":{"id":"CVE-2024-1","options":[]}}},
              {"other":{"type":"kev","content":{"dateAdded":"2024-09-18"}}}]}]}}"#;
        let reading = CveRecordFeed.read("x", document.as_bytes()).expect("valid");
        let line = |record: &Record| match record {
            Record::Cvss(r) => format!("{} {} {:?} {:?}", r.cve, r.source, r.vectors, r.severity),
            Record::Kev(r) => format!("{} {}", r.cve, r.kev.added),
            other => panic!("{other:?}"),
        };
        let lines: Vec<String> = reading.records.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                r#"CVE-2024-1 cna ["CVSS:3.1/AV:L"] Some(Medium)"#,
                r#"CVE-2024-1 cisa-adp ["CVSS:3.1/AV:N"] None"#,
                "CVE-2024-1 2024-09-18",
            ]
        );
        let rejected = document.replace("PUBLISHED", "REJECTED");
        assert!(CveRecordFeed.read("x", rejected.as_bytes()).expect("valid").records.is_empty());
    }
}
