//! When releases of distributions end: sets of one JSON file a distribution (release → dates), and
//! a table of our own for what no set dates.

use serde::Deserialize;

use super::text::{Pairs, date};
use super::{Feed, Malformed, Reading, debian, ubuntu};
use crate::{EndOfLife, Record};

const BUILT_IN: &str = include_str!("../../data/end_of_life.csv");

/// Files of one distribution: its name in the set, os-release ID, and the names of the dates on
/// which standard and extended support end. Of several dates the last counts.
const DISTRIBUTIONS: [Distribution; 14] = [
    Distribution::new("alma", "almalinux", &["Standard", "Security"], &[]),
    Distribution::new("alpine", "alpine", &["Standard"], &[]),
    Distribution::new("amazon", "amzn", &["Standard", "Security"], &[]),
    Distribution::new("centos", "centos", &["Full", "Maintenance"], &[]),
    Distribution::new("centos stream", "centos", &["Standard"], &[]),
    Distribution::new("debian", "debian", &["Standard"], &["LTS"]),
    Distribution::new("fedora", "fedora", &["Standard"], &[]),
    Distribution::new("opensuse leap", "opensuse-leap", &["Standard"], &[]),
    Distribution::new("oracle", "ol", &["Standard"], &["Extended"]),
    Distribution::new("redhat", "rhel", &["Full", "Maintenance1", "Maintenance2"], &["ELS", "ELP"]),
    Distribution::new("rocky", "rocky", &["Standard", "Security"], &[]),
    Distribution::new("sled", "sled", &["General"], &[]),
    Distribution::new("sles", "sles", &["General"], &["LTSS"]),
    Distribution::new(
        "ubuntu",
        "ubuntu",
        &["Standard", "Standard(desktop)", "Standard(server)"],
        &["ESM"],
    ),
];

struct Distribution {
    file: &'static str,
    id: &'static str,
    standard: &'static [&'static str],
    extended: &'static [&'static str],
}

impl Distribution {
    const fn new(
        file: &'static str,
        id: &'static str,
        standard: &'static [&'static str],
        extended: &'static [&'static str],
    ) -> Self {
        Distribution { file, id, standard, extended }
    }
}

/// Sets of end-of-life dates.
pub(super) struct EndOfLifeFeed;

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    date: Pairs<String, String>,
}

impl Feed for EndOfLifeFeed {
    fn source(&self) -> &str {
        "eol"
    }

    /// Systems that no container image is made of are read past.
    fn read(&self, name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let releases: Pairs<String, State> = serde_json::from_slice(bytes)?;
        let file = name.rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".json").unwrap_or(file);
        let Some(distribution) = DISTRIBUTIONS.iter().find(|known| known.file == stem) else {
            return Ok(Reading::default());
        };
        let dated = releases.0.iter().filter_map(|(release, state)| {
            let standard = last(&state.date, distribution.standard)?;
            Some(Record::EndOfLife(EndOfLife {
                distro: distribution.id.to_owned(),
                release: number(distribution, release)?.to_owned(),
                standard: Some(standard),
                extended: last(&state.date, distribution.extended),
            }))
        });
        Ok(Reading::of(dated.collect()))
    }
}

/// The release as os-release writes it. CentOS Stream 8 has the numbers of CentOS Linux 8.
fn number<'a>(distribution: &Distribution, release: &'a str) -> Option<&'a str> {
    match distribution.file {
        "debian" => debian::release(release),
        "ubuntu" => ubuntu::release(release),
        "centos stream" if release == "8" => None,
        _ => Some(release),
    }
}

fn last(dates: &Pairs<String, String>, names: &[&str]) -> Option<String> {
    let named = dates.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
    named.filter_map(|(_, text)| date(text)).max()
}

/// Dates for the common releases, from the vendors' pages (named in `data/end_of_life.csv`): for
/// what no imported set dates.
pub fn built_in_end_of_life() -> Vec<EndOfLife> {
    let rows = BUILT_IN.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let mut cells = row.split(',');
        let mut next = || cells.next().filter(|cell| !cell.is_empty()).map(str::to_owned);
        Some(EndOfLife { distro: next()?, release: next()?, standard: next(), extended: next() })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, document: &str) -> Vec<String> {
        let reading = EndOfLifeFeed.read(name, document.as_bytes()).expect("valid");
        let line = |record: &Record| match record {
            Record::EndOfLife(e) => format!(
                "{} {} {} {}",
                e.distro,
                e.release,
                e.standard.as_deref().unwrap_or("-"),
                e.extended.as_deref().unwrap_or("-")
            ),
            other => panic!("{other:?}"),
        };
        reading.records.iter().map(line).collect()
    }

    #[test]
    fn picks_the_dates_of_each_distribution() {
        let debian = r#"{"bo":{"ended":true},"buster":{"ended":true,"date":{
            "LTS":"2024-06-30T23:59:59Z","Standard":"2022-09-10T23:59:59Z"}}}"#;
        assert_eq!(read("eol/os/debian.json", debian), ["debian 10 2022-09-10 2024-06-30"]);
        let redhat = r#"{"7":{"ended":false,"date":{"ELS":"2028-06-30T23:59:59Z",
            "Full":"2019-08-06T23:59:59Z","Maintenance2":"2024-06-30T23:59:59Z"}}}"#;
        assert_eq!(read("redhat.json", redhat), ["rhel 7 2024-06-30 2028-06-30"]);
        let alma = r#"{"9":{"ended":false,"date":{"Security":"2032-05-31T23:59:59Z",
            "Standard":"2027-05-31T23:59:59Z"}}}"#;
        assert_eq!(read("alma.json", alma), ["almalinux 9 2032-05-31 -"]);
        assert!(read("windows.json", alma).is_empty());
    }

    #[test]
    fn the_built_in_table_is_dated_and_has_each_release_once() {
        let table = built_in_end_of_life();
        assert!(table.len() > 60);
        let mut seen = std::collections::BTreeSet::new();
        for row in &table {
            assert!(seen.insert((&row.distro, &row.release)), "{row:?} twice");
            for text in row.standard.iter().chain(&row.extended) {
                assert_eq!(date(text).as_ref(), Some(text), "{row:?}");
            }
            assert!(row.standard.is_some(), "{row:?}");
            assert!(row.extended.is_none() || row.extended >= row.standard, "{row:?}");
        }
    }
}
