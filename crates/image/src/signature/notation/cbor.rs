//! A strict reader of the part of CBOR that COSE envelopes use (RFC 8949).
//!
//! Refused: indefinite lengths, maps with a key twice, what follows the value, and nesting or
//! counts beyond the limits. Numbers with a fraction are not read.

/// Deepest nesting.
const MAX_DEPTH: usize = 8;
/// Most values in all.
const MAX_VALUES: usize = 10_000;

/// A value; texts and bytes are borrowed from the input.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Tag(u64, Box<Value<'a>>),
    Bool(bool),
    Null,
}

/// Reads one value, which must be all there is.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, &'static str> {
    let mut reader = Reader { rest: bytes, values: 0 };
    let value = reader.value(0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err("something follows it") }
}

/// Writes the head of a value: its major type and its argument, as short as can be.
pub(super) fn head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let wide = argument.to_be_bytes();
    let (code, kept) = match argument {
        0..=23 => {
            bytes.push(major | wide[7]);
            return;
        }
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    bytes.push(major | code);
    bytes.extend_from_slice(&wide[8 - kept..]);
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], &'static str> {
        let count = usize::try_from(count).map_err(|_| "a length is out of range")?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    /// Major type and argument.
    fn head(&mut self) -> Result<(u8, u64), &'static str> {
        let first = *self.take(1)?.first().ok_or("it ends too early")?;
        let (major, code) = (first >> 5, first & 0x1f);
        let argument = match code {
            0..=23 => u64::from(code),
            24..=27 => {
                let bytes = self.take(1 << (code - 24))?;
                bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
            }
            31 => return Err("lengths must be told first"),
            _ => return Err("a reserved form"),
        };
        Ok((major, argument))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, &'static str> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err("it is nested too deep or holds too much");
        }
        let simple_or_float = self.rest.first().copied().unwrap_or_default();
        let (major, argument) = self.head()?;
        Ok(match major {
            0 => Value::Integer(i128::from(argument)),
            1 => Value::Integer(-1 - i128::from(argument)),
            2 => Value::Bytes(self.take(argument)?),
            3 => {
                let bytes = self.take(argument)?;
                Value::Text(std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?)
            }
            4 => {
                let mut list = Vec::new();
                for _ in 0..argument {
                    list.push(self.value(depth + 1)?);
                }
                Value::Array(list)
            }
            5 => self.map(argument, depth)?,
            6 => Value::Tag(argument, Box::new(self.value(depth + 1)?)),
            _ => match simple_or_float {
                0xf4 => Value::Bool(false),
                0xf5 => Value::Bool(true),
                0xf6 => Value::Null,
                _ => return Err("a number with a fraction, or a value without a meaning"),
            },
        })
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value<'a>, &'static str> {
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..count {
            let key = self.value(depth + 1)?;
            if !matches!(key, Value::Integer(_) | Value::Text(_)) {
                return Err("a key is neither number nor text");
            }
            if entries.iter().any(|(known, _)| *known == key) {
                return Err("a key comes twice");
            }
            let value = self.value(depth + 1)?;
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_rfc_lists() {
        // RFC 8949, appendix A.
        let cases: [(&[u8], Value<'_>); 8] = [
            (b"\x18\x64", Value::Integer(100)),
            (b"\x38\x63", Value::Integer(-100)),
            (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", Value::Integer(-18_446_744_073_709_551_616)),
            (b"\x64IETF", Value::Text("IETF")),
            (b"\x44\x01\x02\x03\x04", Value::Bytes(&[1, 2, 3, 4])),
            (b"\xc1\x1a\x51\x4b\x67\xb0", Value::Tag(1, Value::Integer(1_363_896_240).into())),
            (b"\x82\x01\xf5", Value::Array(vec![Value::Integer(1), Value::Bool(true)])),
            (b"\xa1\x01\xf6", Value::Map(vec![(Value::Integer(1), Value::Null)])),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes).unwrap(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn refuses_what_is_loose() {
        let deep = [[0x81_u8; 40].as_slice(), &[0x01]].concat();
        for bytes in [
            b"".as_slice(),
            b"\x01\x01",
            b"\x5f\x41\x01\xff",
            b"\x9f\x01\xff",
            b"\xa2\x01\x01\x01\x02",
            b"\xa1\x41\x01\x01",
            b"\x62\xff\xff",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00",
            b"\x1c",
            &deep,
        ] {
            assert!(read(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn writes_heads_as_short_as_can_be() {
        for (argument, expected) in [
            (10_u64, vec![0x4a_u8]),
            (24, vec![0x58, 24]),
            (0x1ff, vec![0x59, 1, 0xff]),
            (0x1_0000, vec![0x5a, 0, 1, 0, 0]),
            (1 << 32, vec![0x5b, 0, 0, 0, 1, 0, 0, 0, 0]),
        ] {
            let mut bytes = Vec::new();
            head(&mut bytes, 2, argument);
            assert_eq!(bytes, expected);
        }
    }
}
