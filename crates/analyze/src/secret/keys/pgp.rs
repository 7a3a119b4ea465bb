//! Secret keys of OpenPGP (RFC 9580 §5.5): algorithm, size, and whether a password protects them.

use model::KeyFacts;

use super::der;
use super::private_key;
use super::public_key::{self, PublicKey};

/// Packet tags of a secret key and a secret subkey.
const SECRET_KEY: u8 = 5;
const SECRET_SUBKEY: u8 = 7;

/// The facts of the first packet, which must be a secret key.
pub(crate) fn read(bytes: &[u8]) -> Option<KeyFacts> {
    let mut reader = Reader(packet(bytes)?);
    let version = reader.byte()?;
    if !matches!(version, 3..=6) {
        return None;
    }
    reader.take(4)?; // creation time
    if version == 3 {
        reader.take(2)?;
    }
    let algorithm = reader.byte()?;
    let public = if version >= 5 {
        let length = usize::try_from(u32::from_be_bytes(*reader.0.first_chunk::<4>()?)).ok()?;
        reader.take(4)?;
        public(&mut Reader(reader.take(length)?), algorithm, version)?
    } else {
        public(&mut reader, algorithm, version)?
    };
    let usage = reader.byte()?;
    if reader.0.len() < 8 {
        return None;
    }
    Some(KeyFacts { encrypted: usage != 0, ..private_key::facts(public, "pgp") })
}

/// The body of the packet at the beginning (RFC 9580 §4.2).
fn packet(bytes: &[u8]) -> Option<&[u8]> {
    let (&head, rest) = bytes.split_first()?;
    let (&first, after) = rest.split_first()?;
    let (tag, length, body) = match head {
        0xc0..=0xff => {
            let (length, body) = new_length(first, after)?;
            (head & 0x3f, length, body)
        }
        0x80..=0xbf => {
            let (length, body) = match head & 3 {
                0 => (usize::from(first), after),
                1 => (usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?)), rest.get(2..)?),
                2 => (
                    usize::try_from(u32::from_be_bytes(*rest.first_chunk::<4>()?)).ok()?,
                    rest.get(4..)?,
                ),
                _ => return None,
            };
            (head >> 2 & 0xf, length, body)
        }
        _ => return None,
    };
    matches!(tag, SECRET_KEY | SECRET_SUBKEY).then_some(body.get(..length)?)
}

fn new_length(first: u8, after: &[u8]) -> Option<(usize, &[u8])> {
    match first {
        0..=191 => Some((usize::from(first), after)),
        192..=223 => {
            let (&second, body) = after.split_first()?;
            Some((((usize::from(first) - 192) << 8) + usize::from(second) + 192, body))
        }
        255 => {
            let (length, body) = after.split_first_chunk::<4>()?;
            Some((usize::try_from(u32::from_be_bytes(*length)).ok()?, body))
        }
        _ => None,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.0.get(..count)?;
        self.0 = self.0.get(count..)?;
        Some(taken)
    }

    /// A number with its bits before it (§3.2); zero is no key's number.
    fn number(&mut self) -> Option<&'a [u8]> {
        let bits = u32::from(u16::from_be_bytes(*self.0.first_chunk::<2>()?));
        self.take(2)?;
        let number = self.take(usize::try_from(bits.div_ceil(8)).ok()?)?;
        (bits > 0 && der::bits(number) == bits).then_some(number)
    }

    /// A curve's identifier with its length before it.
    fn curve(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?);
        (1..=32).contains(&length).then(|| self.take(length))?
    }
}

/// The public part of a key (§5.5.5).
fn public(reader: &mut Reader<'_>, algorithm: u8, version: u8) -> Option<PublicKey> {
    match algorithm {
        1..=3 => {
            let modulus = reader.number()?;
            Some(public_key::rsa(modulus, reader.number()?))
        }
        16 => {
            let prime = reader.number()?;
            reader.number()?;
            reader.number()?;
            Some(PublicKey { algorithm: "elgamal", bits: der::bits(prime), ..PublicKey::default() })
        }
        17 => {
            let parameters = [reader.number()?, reader.number()?, reader.number()?];
            Some(public_key::dsa(parameters, reader.number()?))
        }
        18 | 19 | 22 => {
            let curve = reader.curve()?;
            reader.number()?;
            if algorithm == 18 {
                let length = usize::from(reader.byte()?);
                reader.take(length)?;
            }
            let bits = public_key::curve_bits(curve);
            let name = if algorithm == 22 { "ed25519" } else { "ec" };
            Some(PublicKey {
                algorithm: name,
                bits: if bits > 0 { bits } else { 256 },
                ..PublicKey::default()
            })
        }
        25..=28 if version >= 4 => {
            let (name, size, bits) = match algorithm {
                25 => ("x25519", 32, 256),
                26 => ("x448", 56, 448),
                27 => ("ed25519", 32, 256),
                _ => ("ed448", 57, 448),
            };
            reader.take(size)?;
            Some(PublicKey { algorithm: name, bits, ..PublicKey::default() })
        }
        _ => None,
    }
}
