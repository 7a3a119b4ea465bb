//! `Segment`: everything one source says, as bytes that depend on nothing but its records.
//!
//! A database is a row of segments. Importing one source writes its segment anew and copies the
//! others byte by byte: that is why an incremental import equals a full one. A segment begins with
//! its header (length, then postcard); the header says where its tables lie.

use model::{KnownExploited, Severity};
use serde::{Deserialize, Serialize};

use super::blocks::{Blocks, Decoder};
use super::by_cve::RecordTable;
use super::bytes::{Damage, Read, Reader, put_blob};
use super::{codes, dictionary};
use crate::EndOfLife;

/// Bytes of the header's length.
const HEADER_LENGTH_BYTES: usize = 4;

/// Where a table lies in its segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) offset: u32,
    pub(super) len: u32,
}

/// How much a segment says of an ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EcosystemCount {
    /// Its name.
    pub(crate) name: String,
    /// Packages spoken of.
    pub(crate) packages: u32,
    /// Statements about them.
    pub(crate) statements: u32,
}

/// The head of a segment. Places count from the end of the header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SegmentHeader {
    /// Sorted by name.
    pub(super) ecosystems: Vec<EcosystemCount>,
    pub(super) advisories: u32,
    pub(super) end_of_life: Vec<EndOfLife>,
    /// The latest day of the EPSS scores, `YYYY-MM-DD`.
    pub(super) epss_day: Option<String>,
    pub(super) postings: Place,
    pub(super) entries: Place,
    pub(super) ids: Place,
    pub(super) repositories: Place,
    pub(super) ratings: Place,
    pub(super) kev: Place,
    pub(super) epss: Place,
}

/// A segment in a database, to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'d> {
    /// The source's name.
    pub(crate) name: &'d str,
    header: &'d SegmentHeader,
    tables: &'d [u8],
}

/// A rating of a CVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rating<'a> {
    /// Who rated.
    pub(crate) source: &'a str,
    /// In words, where given.
    pub(crate) severity: Severity,
    /// CVSS vectors.
    pub(crate) vectors: Vec<&'a str>,
}

impl SegmentHeader {
    /// Reads the header of a segment; gives it with the offset of the tables.
    pub(super) fn read(bytes: &[u8]) -> Read<(Self, usize)> {
        let mut reader = Reader::new(bytes);
        let length = reader.u32()? as usize;
        let header = postcard::from_bytes(reader.take(length)?);
        Ok((header.map_err(|_| Damage("a segment's header cannot be read"))?, reader.position()))
    }

    /// Writes a segment of header and tables.
    pub(super) fn write(&self, tables: &[u8]) -> Vec<u8> {
        let header = postcard::to_allocvec(self).unwrap_or_default();
        let mut out = Vec::with_capacity(HEADER_LENGTH_BYTES + header.len() + tables.len());
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(tables);
        out
    }
}

impl<'d> Segment<'d> {
    pub(super) fn new(name: &'d str, header: &'d SegmentHeader, tables: &'d [u8]) -> Self {
        Segment { name, header, tables }
    }

    /// What it speaks of, sorted by name.
    pub(crate) fn ecosystems(&self) -> &'d [EcosystemCount] {
        &self.header.ecosystems
    }

    /// Whether it speaks of an ecosystem.
    pub(crate) fn speaks_of(&self, ecosystem: &str) -> bool {
        let found =
            self.header.ecosystems.binary_search_by(|count| count.name.as_str().cmp(ecosystem));
        found.is_ok()
    }

    /// The dates at which releases end.
    pub(crate) fn end_of_life(&self) -> &'d [EndOfLife] {
        &self.header.end_of_life
    }

    pub(super) fn postings(&self) -> Read<Blocks<'d>> {
        Blocks::new(self.table(self.header.postings)?)
    }

    pub(super) fn entries(&self) -> Read<Blocks<'d>> {
        Blocks::new(self.table(self.header.entries)?)
    }

    /// Numbers of the advisories that have a name as id or alias, or cover it.
    pub(super) fn named(&self, id: &str, decoder: &mut Decoder) -> Read<Vec<u32>> {
        let blocks = Blocks::new(self.table(self.header.ids)?)?;
        let Some(value) = dictionary::find(&blocks, id.as_bytes(), decoder)? else {
            return Ok(Vec::new());
        };
        let mut reader = Reader::new(&value);
        let mut numbers = Vec::new();
        let mut number = 0u32;
        while !reader.is_empty() {
            number = number.wrapping_add(reader.varint_u32()?);
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// The products of a Red Hat repository.
    pub(super) fn repository_cpes(
        &self,
        repository: &str,
        decoder: &mut Decoder,
    ) -> Read<Option<Vec<String>>> {
        let blocks = Blocks::new(self.table(self.header.repositories)?)?;
        let Some(value) = dictionary::find(&blocks, repository.as_bytes(), decoder)? else {
            return Ok(None);
        };
        let texts = Reader::new(&value).texts()?;
        Ok(Some(texts.into_iter().map(str::to_owned).collect()))
    }

    /// The ratings of CVEs.
    pub(super) fn ratings(&self) -> Read<RecordTable<'d>> {
        RecordTable::new(self.table(self.header.ratings)?)
    }

    /// CISA's entries.
    pub(super) fn kev(&self) -> Read<RecordTable<'d>> {
        RecordTable::new(self.table(self.header.kev)?)
    }

    /// The day of the latest EPSS scores, and the rows.
    pub(super) fn epss(&self) -> Read<(&'d str, &'d [u8])> {
        let day = self.header.epss_day.as_deref().unwrap_or_default();
        Ok((day, self.table(self.header.epss)?))
    }

    fn table(&self, place: Place) -> Read<&'d [u8]> {
        let start = place.offset as usize;
        let end = start.checked_add(place.len as usize);
        let bytes = end.and_then(|end| self.tables.get(start..end));
        bytes.ok_or(Damage("a table lies outside its segment"))
    }
}

/// Writes a rating.
pub(super) fn put_rating(source: &str, severity: Severity, vectors: &[&str]) -> Vec<u8> {
    let mut out = vec![codes::severity_code(severity)];
    put_blob(&mut out, source.as_bytes());
    vectors.iter().for_each(|vector| put_blob(&mut out, vector.as_bytes()));
    out
}

/// Reads what [`put_rating`] writes.
pub(super) fn rating(record: &[u8]) -> Read<Rating<'_>> {
    let mut reader = Reader::new(record);
    let severity = codes::severity(reader.byte()?)?;
    let source = reader.text()?;
    let mut vectors = Vec::new();
    while !reader.is_empty() {
        vectors.push(reader.text()?);
    }
    Ok(Rating { source, severity, vectors })
}

/// Writes CISA's entry.
pub(super) fn put_known_exploited(entry: &KnownExploited) -> Vec<u8> {
    let mut out = vec![u8::from(entry.ransomware)];
    put_blob(&mut out, entry.added.as_bytes());
    put_blob(&mut out, entry.due.as_bytes());
    out
}

/// Reads what [`put_known_exploited`] writes.
pub(super) fn known_exploited(record: &[u8]) -> Read<KnownExploited> {
    let mut reader = Reader::new(record);
    let ransomware = reader.byte()? != 0;
    let (added, due) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    Ok(KnownExploited { added, due, ransomware })
}

/// One entry of two: the earliest day, any ransomware.
pub(super) fn merge_kev(a: KnownExploited, b: KnownExploited) -> KnownExploited {
    let ransomware = a.ransomware || b.ransomware;
    let first = if a.added <= b.added { a } else { b };
    KnownExploited { ransomware, ..first }
}
