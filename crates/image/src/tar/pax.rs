//! PAX extended headers: `length key=value\n` records (POSIX.1-2017, pax).

use super::sparse::SparseMap;
use crate::stop::Stop;

/// What the extended header before a member says of it.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link_path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) sparse: PaxSparse,
}

/// The three ways GNU tar says in PAX that a file has holes.
#[derive(Debug, Default)]
pub(super) struct PaxSparse {
    /// `GNU.sparse.major` and `.minor`.
    pub(super) version: (Option<u64>, Option<u64>),
    /// The file's real name, when the member's is made up.
    pub(super) name: Option<Vec<u8>>,
    /// Its size with the holes.
    pub(super) real_size: Option<u64>,
    /// The map of formats 0.0 and 0.1.
    pub(super) map: Option<SparseMap>,
    /// Format 0.0: the offset whose length comes next.
    offset: Option<u64>,
}

impl Pax {
    /// Reads one extended header, which replaces what an earlier one said.
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, Stop> {
        let mut pax = Pax::default();
        while !records.is_empty() && records.iter().any(|&byte| byte != 0) {
            let (record, rest) = split_record(records).ok_or_else(damaged)?;
            records = rest;
            let equals = record.iter().position(|&byte| byte == b'=').ok_or_else(damaged)?;
            let (key, value) = record.split_at_checked(equals).ok_or_else(damaged)?;
            pax.take(key, value.get(1..).unwrap_or_default())?;
        }
        Ok(pax)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Stop> {
        match key {
            // An empty value takes the record back: the header's own field counts.
            b"path" => self.path = named(value)?,
            b"linkpath" => self.link_path = named(value)?,
            b"size" => self.size = if value.is_empty() { None } else { Some(decimal(value)?) },
            b"uid" => self.uid = u32::try_from(decimal(value).unwrap_or(0)).ok(),
            b"gid" => self.gid = u32::try_from(decimal(value).unwrap_or(0)).ok(),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.take(key, value)?;
                }
            }
        }
        Ok(())
    }
}

impl PaxSparse {
    /// Whether the member is a sparse file in one of the PAX formats.
    pub(super) fn is_sparse(&self) -> bool {
        self.map.is_some() || self.is_version_1()
    }

    /// Format 1.0: the map stands before the content.
    pub(super) fn is_version_1(&self) -> bool {
        self.version == (Some(1), Some(0))
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Stop> {
        match key {
            b"major" => self.version.0 = Some(decimal(value)?),
            b"minor" => self.version.1 = Some(decimal(value)?),
            b"name" => self.name = named(value)?,
            b"realsize" | b"size" => self.real_size = Some(decimal(value)?),
            b"offset" => self.offset = Some(decimal(value)?),
            b"numbytes" => {
                let offset = self.offset.take().ok_or_else(damaged)?;
                self.map.get_or_insert_default().push(offset, decimal(value)?)?;
            }
            b"map" => self.map = Some(comma_map(value)?),
            _ => {}
        }
        Ok(())
    }
}

/// Format 0.1: offsets and lengths in turn, between commas.
fn comma_map(value: &[u8]) -> Result<SparseMap, Stop> {
    let mut map = SparseMap::default();
    let mut numbers = value.split(|&byte| byte == b',').filter(|part| !part.is_empty());
    while let Some(offset) = numbers.next() {
        let length = numbers.next().ok_or_else(damaged)?;
        map.push(decimal(offset)?, decimal(length)?)?;
    }
    Ok(map)
}

/// The first record without its length and newline, and what follows it.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().take(21).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(records.get(..space)?).ok()?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    Some((record, rest))
}

/// A path; one with a NUL in it names nothing that can exist.
fn named(value: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    if value.contains(&0) {
        return Err(Stop::malformed("a PAX header has a path with a NUL byte in it"));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// A decimal number that fits a file size.
pub(super) fn decimal(value: &[u8]) -> Result<u64, Stop> {
    let text = std::str::from_utf8(value).map_err(|_| damaged())?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse::<u64>().ok() } else { None };
    number.filter(|&number| i64::try_from(number).is_ok()).ok_or_else(damaged)
}

fn damaged() -> Stop {
    Stop::malformed("a PAX header holds a record that is none")
}
