//! CISA's catalogue of known exploited vulnerabilities (cisa.gov, JSON), and the copies of it that
//! spell some fields otherwise.

use model::KnownExploited;
use serde::Deserialize;

use super::text::{Text, timestamp};
use super::{Feed, Malformed, Reading};
use crate::{KevRecord, Record};

/// The catalogue.
pub(super) struct KevFeed;

#[derive(Deserialize)]
struct Catalogue<'a> {
    #[serde(borrow, default, rename = "dateReleased")]
    released: Option<Text<'a>>,
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
    #[serde(borrow)]
    vulnerabilities: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default, rename = "sourcePublished")]
    published: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID", alias = "id")]
    cve: Text<'a>,
    #[serde(borrow, rename = "dateAdded")]
    added: Text<'a>,
    #[serde(borrow, default, rename = "dueDate")]
    due: Option<Text<'a>>,
    #[serde(borrow, default, rename = "knownRansomwareCampaignUse", alias = "ransomwareRaw")]
    ransomware: Option<Text<'a>>,
}

impl Feed for KevFeed {
    fn source(&self) -> &str {
        "kev"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let catalogue: Catalogue<'_> = serde_json::from_slice(bytes)?;
        let published = catalogue.meta.as_ref().and_then(|meta| meta.published.as_deref());
        let dated = catalogue.released.as_deref().or(published).and_then(timestamp);
        let records = catalogue.vulnerabilities.iter().map(record).collect();
        Ok(Reading { records, dated, ..Reading::default() })
    }
}

fn record(entry: &Entry<'_>) -> Record {
    Record::Kev(KevRecord {
        cve: entry.cve.trim().to_owned(),
        kev: KnownExploited {
            added: entry.added.trim().to_owned(),
            due: entry.due.as_deref().unwrap_or_default().trim().to_owned(),
            ransomware: entry.ransomware.as_deref() == Some("Known"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_catalogue_and_its_copies() {
        let documents = [
            r#"{"catalogVersion":"2025.08.25","dateReleased":"2025-08-25T17:04:19.9Z","vulnerabilities":[
              {"cveID":"CVE-2025-1","dateAdded":"2025-08-25","dueDate":"2025-09-15",
               "knownRansomwareCampaignUse":"Known"}]}"#,
            r#"{"meta":{"sourcePublished":"2025-08-25T17:04:19.9Z"},"stats":{},"vulnerabilities":[
              {"id":"CVE-2025-1","dateAdded":"2025-08-25","dueDate":"2025-09-15",
               "ransomware":true,"ransomwareRaw":"Known"}]}"#,
        ];
        for document in documents {
            let reading = KevFeed.read("x", document.as_bytes()).expect("valid");
            assert_eq!(
                reading.dated.map(|t| t.to_string()).as_deref(),
                Some("2025-08-25T17:04:19.9Z")
            );
            let [Record::Kev(record)] = reading.records.as_slice() else { panic!("{reading:?}") };
            assert_eq!(record.cve, "CVE-2025-1");
            assert_eq!(record.kev.due, "2025-09-15");
            assert!(record.kev.ransomware);
        }
    }
}
