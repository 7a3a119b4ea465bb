//! `Manifest`: the sealed segments, in order, and where the log begins since it forgot the oldest.
//!
//! A text: one line each, a SHA-256 over the one before it and the line's JSON, a blank, the JSON.
//! The first line is the anchor, the others are segments. It is written anew as a whole.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::AuditError;
use super::frame::{Hash, VERSION};
use crate::limits::AUDIT_MANIFEST_MAX_BYTES;

/// Where the log begins: what retention has taken away, and the hash that what is left follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Anchor {
    pub(crate) version: u32,
    /// The first segment that is kept.
    pub(crate) segment: u64,
    /// The first record that is kept.
    pub(crate) first: u64,
    #[serde(with = "hexadecimal")]
    pub(crate) previous: Hash,
}

/// A sealed segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    pub(crate) segment: u64,
    pub(crate) first: u64,
    pub(crate) records: u64,
    pub(crate) oldest_ns: i64,
    pub(crate) newest_ns: i64,
    pub(crate) bytes: u64,
    /// SHA-256 of the file.
    #[serde(with = "hexadecimal")]
    pub(crate) sha256: Hash,
    /// The hash of the chain before its first record.
    #[serde(with = "hexadecimal")]
    pub(crate) previous: Hash,
    /// The hash of its last record.
    #[serde(with = "hexadecimal")]
    pub(crate) head: Hash,
}

/// The list of sealed segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) anchor: Anchor,
    pub(crate) segments: Vec<Sealed>,
}

impl Manifest {
    /// That of a log that begins.
    pub(crate) fn new() -> Manifest {
        let previous = Hash::beginning();
        let anchor = Anchor { version: VERSION, segment: 1, first: 1, previous };
        Manifest { anchor, segments: Vec::new() }
    }

    /// The number of the segment that is active.
    pub(crate) fn active(&self) -> u64 {
        self.segments.last().map_or(self.anchor.segment, |last| last.segment.saturating_add(1))
    }

    /// The number of the active segment's first record.
    pub(crate) fn next_record(&self) -> u64 {
        let end = |last: &Sealed| last.first.saturating_add(last.records);
        self.segments.last().map_or(self.anchor.first, end)
    }

    /// The hash that the active segment's first record follows.
    pub(crate) fn head(&self) -> Hash {
        self.segments.last().map_or(self.anchor.previous, |last| last.head)
    }

    /// Bytes of the sealed segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().fold(0, |sum, one| sum.saturating_add(one.bytes))
    }

    /// The manifest without its oldest segment; that segment.
    pub(crate) fn forget_oldest(&mut self) -> Option<Sealed> {
        if self.segments.is_empty() {
            return None;
        }
        let oldest = self.segments.remove(0);
        self.anchor.segment = oldest.segment.saturating_add(1);
        self.anchor.first = oldest.first.saturating_add(oldest.records);
        self.anchor.previous = oldest.head;
        Some(oldest)
    }

    /// Reads the manifest of a folder, if it has one.
    pub(crate) fn load(folder: &Path) -> Result<Option<Manifest>, AuditError> {
        let path = folder.join(disk::MANIFEST);
        let Some(bytes) = disk::read(&path, AUDIT_MANIFEST_MAX_BYTES)? else { return Ok(None) };
        Manifest::read(&bytes).map(Some).map_err(|why| AuditError::damaged(&path, why))
    }

    /// Puts it in place.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), AuditError> {
        let path = folder.join(disk::MANIFEST);
        let text = self.write().map_err(|why| AuditError::damaged(&path, why))?;
        disk::put(&path, |file| {
            file.write_all(&text).map_err(|error| AuditError::of("write", &path, &error))
        })
    }

    /// Its text.
    pub(crate) fn write(&self) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        let mut hash = Hash::beginning();
        let anchor = serde_json::to_vec(&self.anchor).map_err(|error| error.to_string())?;
        let segments = self.segments.iter().map(serde_json::to_vec);
        for line in std::iter::once(Ok(anchor)).chain(segments) {
            let line = line.map_err(|error| error.to_string())?;
            hash = hash.then(&line);
            text.extend_from_slice(format!("{hash} ").as_bytes());
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        Ok(text)
    }

    /// Reads its text; every byte of it is accounted for.
    pub(crate) fn read(text: &[u8]) -> Result<Manifest, String> {
        let text = text.strip_suffix(b"\n").ok_or("its last line is cut short")?;
        let mut hash = Hash::beginning();
        let mut manifest: Option<Manifest> = None;
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let json =
                checked(line, &mut hash).ok_or_else(|| format!("line {}: changed", at + 1))?;
            let wrong = |error: serde_json::Error| format!("line {}: {error}", at + 1);
            match &mut manifest {
                None => {
                    let anchor: Anchor = serde_json::from_slice(json).map_err(wrong)?;
                    if anchor.version != VERSION {
                        return Err(format!("version {} is not known here", anchor.version));
                    }
                    manifest = Some(Manifest { anchor, segments: Vec::new() });
                }
                Some(manifest) => {
                    let sealed: Sealed = serde_json::from_slice(json).map_err(wrong)?;
                    if !manifest.is_followed_by(&sealed) {
                        return Err(format!("line {}: it does not follow the one before", at + 1));
                    }
                    manifest.segments.push(sealed);
                }
            }
        }
        manifest.ok_or_else(|| "it is empty".to_owned())
    }

    fn is_followed_by(&self, sealed: &Sealed) -> bool {
        sealed.segment == self.active()
            && sealed.first == self.next_record()
            && sealed.previous == self.head()
            && sealed.records > 0
    }
}

/// The JSON of a line whose hash holds.
fn checked<'a>(line: &'a [u8], hash: &mut Hash) -> Option<&'a [u8]> {
    let (written, json) = line.split_at_checked(64)?;
    let json = json.strip_prefix(b" ")?;
    let made = hash.then(json);
    if made.to_string().as_bytes() != written {
        return None;
    }
    *hash = made;
    Some(json)
}

mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Hash;

    pub(super) fn serialize<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(hash)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(from)?;
        Hash::read(&text).ok_or_else(|| D::Error::custom("no SHA-256"))
    }
}
