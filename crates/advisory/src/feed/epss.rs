//! EPSS (first.org/epss): the daily CSV, JSON copies of it, and a CSV that joins it with CVSS
//! scores for the known exploited vulnerabilities.

use model::{Epss, Severity};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::text::{Text, date, timestamp};
use super::{Feed, Malformed, Reading};
use crate::{CvssVector, EpssRecord, Record};

/// The scores of one day, all CVEs.
pub(super) struct EpssFeed;

/// The scores of the known exploited vulnerabilities, as JSON.
pub(super) struct ExploitedEpssFeed;

/// The same with CVSS scores, as CSV.
pub(super) struct ExploitedCsvFeed;

#[derive(Deserialize)]
struct Scores<'a> {
    #[serde(borrow, default)]
    score_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
    #[serde(borrow, alias = "vulnerabilities")]
    data: Vec<Score<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default, rename = "scoreDate")]
    date: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Score<'a> {
    #[serde(borrow, alias = "id")]
    cve: Text<'a>,
    #[serde(deserialize_with = "number")]
    epss: f32,
    #[serde(default, deserialize_with = "maybe_number")]
    percentile: Option<f32>,
    #[serde(borrow, default)]
    date: Option<Text<'a>>,
}

impl Feed for EpssFeed {
    fn source(&self) -> &str {
        "epss"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        if bytes.trim_ascii_start().starts_with(b"{") { json(bytes) } else { csv(bytes) }
    }
}

impl Feed for ExploitedEpssFeed {
    fn source(&self) -> &str {
        "epss-kev"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        json(bytes)
    }
}

fn json(bytes: &[u8]) -> Result<Reading, Malformed> {
    let scores: Scores<'_> = serde_json::from_slice(bytes)?;
    let meta = scores.meta.as_ref().and_then(|meta| meta.date.as_deref());
    let first = scores.data.first().and_then(|score| score.date.as_deref());
    let text = scores.score_date.as_deref().or(meta).or(first).unwrap_or_default();
    let day = date(text).unwrap_or_default();
    let mut reading = Reading { dated: timestamp(text), ..Reading::default() };
    for score in &scores.data {
        match record(&score.cve, score.epss, score.percentile, &day) {
            Some(record) => reading.records.push(record),
            None => {
                reading.rejected.push(format!("{}: {} is no probability", &*score.cve, score.epss))
            }
        }
    }
    Ok(reading)
}

/// The daily file: `#model_version:v2025.03.14,score_date:2026-01-01T…`, then
/// `cve,epss,percentile`.
fn csv(bytes: &[u8]) -> Result<Reading, Malformed> {
    let text = std::str::from_utf8(bytes)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    let note = lines.next_if(|line| line.starts_with('#')).unwrap_or_default();
    let day = note.split("score_date:").nth(1).unwrap_or_default().trim();
    let header = lines.next().unwrap_or_default();
    if !header.trim().starts_with("cve,epss") {
        return Err(Malformed("its first line is not `cve,epss,percentile`".to_owned()));
    }
    let mut reading = Reading { dated: timestamp(day), ..Reading::default() };
    let day = date(day).unwrap_or_default();
    for line in lines {
        let mut cells = line.split(',').map(str::trim);
        let (cve, epss) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let percentile = cells.next().and_then(|cell| cell.parse().ok());
        match epss.parse().ok().and_then(|epss| record(cve, epss, percentile, &day)) {
            Some(record) => reading.records.push(record),
            None => reading.rejected.push(format!("`{line}` is no score")),
        }
    }
    Ok(reading)
}

fn record(cve: &str, score: f32, percentile: Option<f32>, day: &str) -> Option<Record> {
    let share = |number: f32| (0.0..=1.0).contains(&number);
    if !cve.starts_with("CVE-") || !share(score) {
        return None;
    }
    let percentile = percentile.filter(|percentile| share(*percentile));
    Some(Record::Epss(EpssRecord {
        cve: cve.to_owned(),
        epss: Epss { score, percentile },
        date: day.to_owned(),
    }))
}

impl Feed for ExploitedCsvFeed {
    fn source(&self) -> &str {
        "epss-cvss-kev"
    }

    /// `CVE,CVSS3,EPSS,EPSS Percentile,Description,…`: the description may hold commas and line
    /// ends, so only lines that begin with a CVE and numbers are read.
    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let text = std::str::from_utf8(bytes)?;
        let mut reading = Reading::default();
        for line in text.lines().skip(1).filter(|line| line.starts_with("CVE-")) {
            let mut cells = line.splitn(5, ',').map(str::trim);
            let cve = cells.next().unwrap_or_default();
            let mut next = || cells.next().and_then(|cell| cell.parse::<f32>().ok());
            let (cvss, epss, percentile) = (next(), next(), next());
            if cvss.is_none() && epss.is_none() {
                reading.rejected.push(format!("{cve} has no score"));
            }
            reading.records.extend(cvss.map(|score| rating(cve, score)));
            reading.records.extend(epss.and_then(|epss| record(cve, epss, percentile, "")));
        }
        Ok(reading)
    }
}

/// A CVSS score without its vector is a rating in words.
fn rating(cve: &str, score: f32) -> Record {
    // Scores have one digit: rounded there, since 8.9 as `f32` is not 8.9 as `f64`.
    let score = (f64::from(score) * 10.0).round() / 10.0;
    Record::Cvss(CvssVector {
        cve: cve.to_owned(),
        source: "nvd".to_owned(),
        vectors: Vec::new(),
        severity: Some(Severity::from_cvss(score)),
    })
}

/// A number, or a string that holds one (FIRST's interface writes strings).
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    struct NumberVisitor;

    impl Visitor<'_> for NumberVisitor {
        type Value = f32;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number")
        }

        fn visit_f64<E>(self, number: f64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_u64<E>(self, number: u64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_i64<E>(self, number: i64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<f32, E> {
            text.trim().parse().map_err(|_| E::custom(format!("`{text}` is not a number")))
        }
    }

    deserializer.deserialize_any(NumberVisitor)
}

fn maybe_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    number(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(reading: &Reading) -> Vec<String> {
        let line = |record: &Record| match record {
            Record::Epss(r) => {
                format!("{} {} {:?} {}", r.cve, r.epss.score, r.epss.percentile, r.date)
            }
            Record::Cvss(r) => format!("{} {:?}", r.cve, r.severity),
            other => panic!("{other:?}"),
        };
        reading.records.iter().map(line).collect()
    }

    #[test]
    fn reads_every_form_of_the_scores() {
        let csv = "#model_version:v2025.03.14,score_date:2026-08-08T12:02:54Z\ncve,epss,percentile\n\
                   CVE-2024-1,0.5,0.9\nCVE-2024-2,x,0.1\nCVE-2024-3,1.5,0.1\n";
        let api = r#"{"status":"OK","total":1,"data":[
            {"cve":"CVE-2024-1","epss":"0.5","percentile":"0.9","date":"2026-08-08"}]}"#;
        let old = r#"{"score_date":"2026-08-08T00:00:00+0000","data":[
            {"id":"CVE-2024-1","epss":0.5,"percentile":0.9}]}"#;
        for document in [csv, api, old] {
            let reading = EpssFeed.read("x", document.as_bytes()).expect("valid");
            assert_eq!(lines(&reading), ["CVE-2024-1 0.5 Some(0.9) 2026-08-08"]);
            assert!(reading.dated.is_some());
        }
        assert_eq!(EpssFeed.read("x", csv.as_bytes()).expect("valid").rejected.len(), 2);
        assert!(EpssFeed.read("x", b"a,b\n").is_err());
        let exploited = r#"{"meta":{"scoreDate":"2026-08-08T12:02:54Z"},"vulnerabilities":[
            {"id":"CVE-2014-1","epss":1,"band":"x"}]}"#;
        let reading = ExploitedEpssFeed.read("x", exploited.as_bytes()).expect("valid");
        assert_eq!(lines(&reading), ["CVE-2014-1 1 None 2026-08-08"]);
    }

    #[test]
    fn reads_scores_beside_descriptions() {
        let csv = "CVE,CVSS3,EPSS,EPSS Percentile,Description,Vendor,Product\n\
                   CVE-2025-1,8.9,0.25,0.5,\"A bug, and\nCVE in a line\",V,P\nCVE-2025-2,,,,x,y,z\n";
        let reading = ExploitedCsvFeed.read("x", csv.as_bytes()).expect("valid");
        assert_eq!(lines(&reading), ["CVE-2025-1 Some(High)", "CVE-2025-1 0.25 Some(0.5) "]);
        assert_eq!(reading.rejected, ["CVE-2025-2 has no score"]);
    }
}
