//! Advisory databases: mended, so that a change is read rather than refused.

use sha2::{Digest, Sha256};

/// Bytes of the head of a database file, and where its fields lie: the length of the directory,
/// the length of the file, the SHA-256 of the directory.
const HEAD_BYTES: usize = 56;
const DIRECTORY_LENGTH: std::ops::Range<usize> = 12..16;
const FILE_LENGTH: std::ops::Range<usize> = 16..24;
const DIRECTORY_SHA256: std::ops::Range<usize> = 24..56;

/// Puts the right lengths and digest into the head of a database.
pub fn mended(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    if bytes.len() < HEAD_BYTES {
        return bytes;
    }
    let length = u32::from_le_bytes(bytes[DIRECTORY_LENGTH].try_into().unwrap_or_default());
    let end = HEAD_BYTES.saturating_add(length as usize).min(bytes.len());
    let sha256 = Sha256::digest(&bytes[HEAD_BYTES..end]);
    bytes[DIRECTORY_LENGTH].copy_from_slice(&((end - HEAD_BYTES) as u32).to_le_bytes());
    bytes[DIRECTORY_SHA256].copy_from_slice(&sha256);
    let whole = bytes.len() as u64;
    bytes[FILE_LENGTH].copy_from_slice(&whole.to_le_bytes());
    bytes
}
