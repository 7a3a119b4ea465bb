//! Bytes that are no events, and events that were damaged.

use super::*;

#[test]
fn what_is_no_event_is_an_error() {
    for bytes in [&[][..], &[1, 0, 0, 0], &[0xff; 64], &[8, 0, 0, 0, 1, 0, 0, 0]] {
        assert!(decode(bytes).is_err());
    }
}

/// Every prefix of every mutation is read or refused, never a panic.
#[test]
fn a_damaged_event_does_no_harm() {
    let mut bytes = vec![0u8; 260];
    bytes[..4].copy_from_slice(&260u32.to_ne_bytes());
    bytes[4] = 2;
    for tag in 0..24u8 {
        for length in [0u8, 1, 12, 36, 56, 60] {
            bytes[200] = tag;
            bytes[202] = length;
            for end in [200, 202, 204, 230, 260] {
                bytes[..4].copy_from_slice(&(end as u32).to_ne_bytes());
                let _ = decode(&bytes[..end]);
            }
        }
    }
}
