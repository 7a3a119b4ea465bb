//! The active segment's bytes: a head, then frames, each chained to the one before.
//!
//! Head: `LZAUDIT1`, version u32, segment u64, first record u64, when it was begun i64, the hash
//! before it, the head's own SHA-256. Frame: length u32, the row, SHA-256 over the hash before it
//! and the row. Numbers are little-endian.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::limits::AUDIT_ROW_MAX_BYTES;

const MAGIC: [u8; 8] = *b"LZAUDIT1";
/// Version of rows and frames.
pub(crate) const VERSION: u32 = 1;
/// Bytes of the head.
pub(crate) const HEAD_BYTES: usize = 8 + 4 + 8 + 8 + 8 + HASH_BYTES + HASH_BYTES;
const HASH_BYTES: usize = 32;
const LENGTH_BYTES: usize = 4;
/// Begins the chain, so that a hash of this log is a hash of nothing else.
const CHAIN_DOMAIN: &[u8] = b"lazaret.audit/v1";

/// A SHA-256 of the chain. Printed in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record of a log follows.
    pub fn beginning() -> Hash {
        Hash(Sha256::digest(CHAIN_DOMAIN).into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn read(text: &str) -> Option<Hash> {
        let mut hash = [0; HASH_BYTES];
        let digits = text.as_bytes();
        if digits.len() != 2 * HASH_BYTES {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(*pair.first()?)? << 4 | digit(*pair.last()?)?;
        }
        Some(Hash(hash))
    }

    /// The hash of a row that follows this one.
    pub(crate) fn then(&self, row: &[u8]) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(row);
        Hash(hasher.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The head of the active segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The segment's number, from 1.
    pub(crate) segment: u64,
    /// Number of its first record.
    pub(crate) first: u64,
    /// When it was begun, nanoseconds since 1970.
    pub(crate) begun_ns: i64,
    /// The hash that its first record follows.
    pub(crate) previous: Hash,
}

impl Head {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.begun_ns.to_le_bytes());
        out.extend_from_slice(&self.previous.0);
        let hash: [u8; HASH_BYTES] = Sha256::digest(&out).into();
        out.extend_from_slice(&hash);
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Head, String> {
        let mut rest = bytes;
        let magic = take::<8>(&mut rest)?;
        if magic != MAGIC {
            return Err("it is no segment of an audit log".into());
        }
        let version = u32::from_le_bytes(take(&mut rest)?);
        let head = Head {
            segment: u64::from_le_bytes(take(&mut rest)?),
            first: u64::from_le_bytes(take(&mut rest)?),
            begun_ns: i64::from_le_bytes(take(&mut rest)?),
            previous: Hash(take(&mut rest)?),
        };
        let hashed = bytes.get(..HEAD_BYTES - HASH_BYTES).unwrap_or_default();
        let hash: [u8; HASH_BYTES] = Sha256::digest(hashed).into();
        if hash != take::<HASH_BYTES>(&mut rest)? {
            return Err("its head was changed".into());
        }
        if version != VERSION {
            return Err(format!("it has version {version}, this program knows {VERSION}"));
        }
        Ok(head)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or("it ends within its head")?;
    *rest = after;
    Ok(*taken)
}

/// Appends a frame; gives its hash.
pub(crate) fn put(out: &mut Vec<u8>, row: &[u8], previous: &Hash) -> Hash {
    let hash = previous.then(row);
    let length = u32::try_from(row.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(row);
    out.extend_from_slice(&hash.0);
    hash
}

/// A cursor over the frames of a segment.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    /// Where the next frame begins.
    pub(crate) at: usize,
    /// The hash it must follow.
    pub(crate) hash: Hash,
    /// What is wrong there; the cursor stands then.
    pub(crate) fault: Option<&'static str>,
}

impl<'a> Frames<'a> {
    /// The frames after the head of these bytes.
    pub(crate) fn new(bytes: &'a [u8], head: &Head) -> Frames<'a> {
        Frames { bytes, at: HEAD_BYTES, hash: head.previous, fault: None }
    }

    fn frame(&self) -> Result<(&'a [u8], Hash, usize), &'static str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or("it is cut short")?;
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 || length > AUDIT_ROW_MAX_BYTES {
            return Err("its length is none that a record has");
        }
        let (row, rest) = rest.split_at_checked(length).ok_or("it is cut short")?;
        let (hash, _) = rest.split_first_chunk::<HASH_BYTES>().ok_or("it is cut short")?;
        let expected = self.hash.then(row);
        if expected.0 != *hash {
            return Err("its hash does not follow from it and the record before it");
        }
        Ok((row, expected, LENGTH_BYTES + length + HASH_BYTES))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.at >= self.bytes.len() || self.fault.is_some() {
            return None;
        }
        match self.frame() {
            Ok((row, hash, length)) => {
                self.at += length;
                self.hash = hash;
                Some(row)
            }
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        }
    }
}
