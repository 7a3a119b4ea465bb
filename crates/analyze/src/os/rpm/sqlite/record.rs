//! The record format of SQLite (SQLite's "Database File Format", 2.1): types first, then values.

/// A value of a row. Real numbers and nothing are not told apart: rpm has no use for them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Other,
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

/// The number of one to nine bytes at `at`, and where it ends.
pub(super) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    const LAST_BYTE: usize = 8;
    let mut value = 0;
    for (count, &byte) in bytes.get(at..)?.iter().take(LAST_BYTE + 1).enumerate() {
        if count == LAST_BYTE {
            return Some((value << 8 | u64::from(byte), at + count + 1));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, at + count + 1));
        }
    }
    None
}

/// The value of a column (from 0); `None` when the record ends before it.
pub(super) fn column(record: &[u8], wanted: usize) -> Option<Value<'_>> {
    let (types_end, mut at) = varint(record, 0)?;
    let types = record.get(..usize::try_from(types_end).ok()?)?;
    let mut start = types.len();
    for column in 0.. {
        let (serial_type, next) = varint(types, at)?;
        let end = start.checked_add(value_bytes(serial_type)?)?;
        if column == wanted {
            return value(serial_type, record.get(start..end)?);
        }
        (at, start) = (next, end);
    }
    None
}

/// Bytes of a value of this type; `None` for the types kept for later.
fn value_bytes(serial_type: u64) -> Option<usize> {
    match serial_type {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(serial_type).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((serial_type - 12) / 2).ok(),
    }
}

fn value(serial_type: u64, bytes: &[u8]) -> Option<Value<'_>> {
    Some(match serial_type {
        0 | 7 => Value::Other,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => {
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
            Value::Integer(bytes.iter().fold(sign, |number, &b| number << 8 | i64::from(b)))
        }
        _ if serial_type.is_multiple_of(2) => Value::Blob(bytes),
        _ => Value::Text(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_one_to_nine_bytes() {
        type Case = (&'static [u8], Option<(u64, usize)>);
        let cases: [Case; 6] = [
            (&[0x05], Some((5, 1))),
            (&[0x81, 0x00], Some((128, 2))),
            (&[0xff; 9], Some((u64::MAX, 9))),
            (&[0x80; 9], Some((0x80, 9))),
            (&[0x80], None),
            (&[], None),
        ];
        for (bytes, expect) in cases {
            assert_eq!(varint(bytes, 0), expect, "{bytes:?}");
        }
    }

    #[test]
    fn columns_are_found_behind_each_other() {
        // types: nothing, 2-byte number, 1, text of 2, blob of 3
        let record = [6, 0, 2, 9, 17, 18, 0xff, 0xfe, b'h', b'i', 1, 2, 3];
        let expect = [
            Some(Value::Other),
            Some(Value::Integer(-2)),
            Some(Value::Integer(1)),
            Some(Value::Text(b"hi")),
            Some(Value::Blob(&[1, 2, 3])),
            None,
        ];
        for (wanted, value) in expect.into_iter().enumerate() {
            assert_eq!(column(&record, wanted), value, "{wanted}");
        }
        for cut in 0..record.len() {
            assert_eq!(column(&record[..cut], 4), None);
        }
    }
}
