//! Segments of the audit log: chained anew, so that a change is read rather than refused; and what
//! holds for every record.

use model::AuditRecord;
use sha2::{Digest, Sha256};

/// Bytes of one detail, at most.
const DETAIL_BYTES: usize = 1024;

/// A segment with the right head, whose rows are the input's pieces between `\n\n`, each with its
/// length and its hash.
pub fn chained(input: &[u8]) -> Vec<u8> {
    let mut hash: [u8; 32] = Sha256::digest(b"lazaret.audit/v1").into();
    let mut bytes = b"LZAUDIT1".to_vec();
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    for number in [1_u64, 1, 0] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&hash);
    let head: [u8; 32] = Sha256::digest(&bytes).into();
    bytes.extend_from_slice(&head);
    for row in pieces(input) {
        let mut hasher = Sha256::new();
        hasher.update(hash);
        hasher.update(row);
        hash = hasher.finalize().into();
        bytes.extend_from_slice(&(row.len() as u32).to_le_bytes());
        bytes.extend_from_slice(row);
        bytes.extend_from_slice(&hash);
    }
    bytes
}

/// Laws: a record is kept and read again as it is; its details have names and a length.
pub fn check_record(record: &AuditRecord) {
    let text = serde_json::to_string(record).expect("a record is JSON");
    let again: AuditRecord = serde_json::from_str(&text).expect("and back");
    assert_eq!(&again, record);
    for (name, value) in &record.details {
        assert!(value.len() <= DETAIL_BYTES, "{name} is too long: {value}");
    }
}

fn pieces(mut input: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = input.windows(2).position(|two| two == b"\n\n") {
        pieces.push(&input[..at]);
        input = &input[at + 2..];
    }
    pieces.push(input);
    pieces
}
