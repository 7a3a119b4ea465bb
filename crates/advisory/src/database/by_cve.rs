//! Tables by CVE number: ratings (CVSS), known exploitation, EPSS. Read in place, not compressed:
//! a match looks up some thousand CVEs in all of them.
//!
//! A CVE is 32 bits: six for the year after 1990, 26 for the number. What does not fit is left out.
//! A table of records holds each distinct record once (many CVEs share a vector).

use super::bytes::{Damage, Read, Reader};

/// The year whose CVEs have 0 in the year's bits.
const FIRST_YEAR: u32 = 1990;

/// Bits of the number after the year.
const NUMBER_BITS: u32 = 26;

/// Bytes of a row of a record table: the CVE, the record's number.
const ROW_BYTES: usize = 8;

/// Bytes of a row of the EPSS table: the CVE, the score, the percentile.
const EPSS_ROW_BYTES: usize = 12;

/// The 32 bits of `CVE-YYYY-N…`.
pub(super) fn cve_key(id: &str) -> Option<u32> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    if year.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year = year.parse::<u32>().ok()?.checked_sub(FIRST_YEAR)?;
    let number = number.parse::<u32>().ok()?;
    let fits = year < 1 << (32 - NUMBER_BITS) && number < 1 << NUMBER_BITS;
    fits.then_some(year << NUMBER_BITS | number)
}

/// Records under CVEs, to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordTable<'a> {
    rows: &'a [u8],
    ends: &'a [u8],
    records: &'a [u8],
}

impl<'a> RecordTable<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Read<Self> {
        if bytes.is_empty() {
            return Ok(RecordTable { rows: &[], ends: &[], records: &[] });
        }
        let mut reader = Reader::new(bytes);
        let rows = size(reader.u32()?, ROW_BYTES)?;
        let ends = size(reader.u32()?, 4)?;
        let (rows, ends) = (reader.take(rows)?, reader.take(ends)?);
        let records = reader.take(bytes.len() - reader.position())?;
        Ok(RecordTable { rows, ends, records })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The records of a CVE.
    pub(super) fn find(&self, cve: u32) -> impl Iterator<Item = Read<&'a [u8]>> + use<'a> {
        let table = *self;
        let from = lower_bound(table.rows, ROW_BYTES, cve);
        let rows = table.rows.get(from * ROW_BYTES..).unwrap_or_default();
        rows.chunks_exact(ROW_BYTES)
            .take_while(move |row| word(row, 0) == Some(cve))
            .map(move |row| table.record(word(row, 4).unwrap_or(u32::MAX)))
    }

    fn record(&self, number: u32) -> Read<&'a [u8]> {
        let number = number as usize;
        let end = |number: usize| number.checked_mul(4).and_then(|at| word(self.ends, at));
        let start = match number {
            0 => Some(0),
            _ => end(number - 1),
        };
        let range = start.zip(end(number)).map(|(start, end)| start as usize..end as usize);
        range.and_then(|range| self.records.get(range)).ok_or(Damage("a record lies outside"))
    }
}

/// Writes a record table; `rows` may come in any order.
pub(super) fn write_records(mut rows: Vec<(u32, Vec<u8>)>) -> Vec<u8> {
    if rows.is_empty() {
        return Vec::new();
    }
    rows.sort();
    rows.dedup();
    let mut records: Vec<&[u8]> = rows.iter().map(|(_, record)| record.as_slice()).collect();
    records.sort_unstable();
    records.dedup();
    let mut out = Vec::new();
    out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    out.extend_from_slice(&(records.len() as u32).to_le_bytes());
    for (cve, record) in &rows {
        let number = records.partition_point(|known| *known < record.as_slice());
        out.extend_from_slice(&cve.to_le_bytes());
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    let mut end = 0u32;
    for record in &records {
        end = end.saturating_add(record.len() as u32);
        out.extend_from_slice(&end.to_le_bytes());
    }
    records.iter().for_each(|record| out.extend_from_slice(record));
    out
}

/// Score and percentile of a CVE in an EPSS table.
pub(super) fn find_epss(rows: &[u8], cve: u32) -> Option<(f32, Option<f32>)> {
    let at = lower_bound(rows, EPSS_ROW_BYTES, cve).checked_mul(EPSS_ROW_BYTES)?;
    if word(rows, at)? != cve {
        return None;
    }
    let score = f32::from_bits(word(rows, at + 4)?);
    let percentile = f32::from_bits(word(rows, at + 8)?);
    // A damaged score would spread: what is no probability is none.
    let known = (0.0..=1.0).contains(&score);
    known.then_some((score, (!percentile.is_nan()).then_some(percentile)))
}

/// A row of an EPSS table.
#[derive(Debug, Clone, Copy)]
pub(super) struct EpssRow {
    pub(super) cve: u32,
    /// Place of its day among the days of the source.
    pub(super) day: u32,
    pub(super) score: f32,
    pub(super) percentile: Option<f32>,
}

/// Writes an EPSS table; rows may come in any order. Of several rows of a CVE the latest stays.
pub(super) fn write_epss(mut rows: Vec<EpssRow>) -> Vec<u8> {
    let order =
        |row: &EpssRow| (row.cve, row.day, row.score.to_bits(), row.percentile.map(f32::to_bits));
    rows.sort_unstable_by_key(order);
    let mut out = Vec::with_capacity(rows.len() * EPSS_ROW_BYTES);
    for (index, row) in rows.iter().enumerate() {
        if rows.get(index + 1).is_some_and(|next| next.cve == row.cve) {
            continue;
        }
        out.extend_from_slice(&row.cve.to_le_bytes());
        out.extend_from_slice(&row.score.to_le_bytes());
        out.extend_from_slice(&row.percentile.unwrap_or(f32::NAN).to_le_bytes());
    }
    out
}

/// The first row whose CVE is not less.
fn lower_bound(rows: &[u8], row_bytes: usize, cve: u32) -> usize {
    let (mut low, mut high) = (0, rows.len() / row_bytes);
    while low < high {
        let middle = low + (high - low) / 2;
        if word(rows, middle * row_bytes).is_some_and(|found| found < cve) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn size(count: u32, each: usize) -> Read<usize> {
    (count as usize).checked_mul(each).ok_or(Damage("a table is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cves_are_numbers_in_order() {
        let ascending = ["CVE-1999-0001", "CVE-2021-9999", "CVE-2021-44228", "CVE-2026-1000000"];
        let keys: Vec<u32> = ascending.iter().map(|id| cve_key(id).unwrap()).collect();
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]));
        for bad in ["", "CVE-", "CVE-2021", "CVE-2021-", "CVE-21-1", "CVE-2021-x", "GHSA-2021-1"] {
            assert_eq!(cve_key(bad), None, "{bad}");
        }
        assert_eq!(cve_key("CVE-2021-99999999"), None);
    }

    #[test]
    fn records_come_back() {
        let rows = [(5, "b"), (3, "a"), (5, "a"), (9, ""), (5, "a")];
        let rows = rows.map(|(cve, record)| (cve, record.as_bytes().to_vec())).to_vec();
        let bytes = write_records(rows.clone());
        assert_eq!(bytes, write_records(rows.into_iter().rev().collect()));
        let table = RecordTable::new(&bytes).unwrap();
        let find = |cve| table.find(cve).collect::<Read<Vec<&[u8]>>>().unwrap();
        assert_eq!(find(5), [b"a", b"b"]);
        assert_eq!(find(9), [b""]);
        assert!(find(4).is_empty() && find(10).is_empty() && find(0).is_empty());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            if let Ok(table) = RecordTable::new(&damaged) {
                (0..10).for_each(|cve| {
                    table.find(cve).for_each(|record| assert!(record.is_ok() || record.is_err()))
                });
            }
        }
    }

    #[test]
    fn scores_come_back() {
        let row = |cve, day, score, percentile| EpssRow { cve, day, score, percentile };
        let rows =
            vec![row(7, 1, 0.75, Some(0.95)), row(2, 0, 0.25, None), row(7, 0, 0.5, Some(0.9))];
        let bytes = write_epss(rows);
        assert_eq!(find_epss(&bytes, 7), Some((0.75, Some(0.95))));
        assert_eq!(find_epss(&bytes, 2), Some((0.25, None)));
        assert_eq!(find_epss(&bytes, 3), None);
        assert_eq!(find_epss(&[], 3), None);
        for damaged in [f32::NAN, f32::INFINITY, -0.5, 2.0] {
            assert_eq!(find_epss(&write_epss(vec![row(7, 1, damaged, None)]), 7), None);
        }
    }
}
