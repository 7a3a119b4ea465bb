//! Signature packets of version 4 (RFC 9580, section 5.2), and checking them.

use super::super::crypto::{Hash, KeyKind, PublicKey, Scheme};
use super::certificate::SigningKey;
use super::packet::Input;

/// The trailer's version and marker (RFC 9580, section 5.2.4).
const VERSION: u8 = 4;
/// Types of subpackets that are read, or may be critical without being read.
const CREATED: u8 = 2;
const EXPIRES: u8 = 3;
const KEY_EXPIRES: u8 = 9;
const KEY_FLAGS: u8 = 27;
const EMBEDDED: u8 = 32;
/// Subpackets that change nothing here: preferences, features, issuer, primary user id, policy …
const HARMLESS: [u8; 15] = [4, 7, 11, 16, 21, 22, 23, 24, 25, 26, 28, 29, 30, 33, 34];

/// What a signature is over.
pub(super) mod kind {
    pub(in super::super) const DOCUMENT: u8 = 0x00;
    pub(in super::super) const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    pub(in super::super) const SUBKEY_BINDING: u8 = 0x18;
    pub(in super::super) const PRIMARY_BINDING: u8 = 0x19;
    pub(in super::super) const DIRECT_KEY: u8 = 0x1f;
    pub(in super::super) const KEY_REVOCATION: u8 = 0x20;
    pub(in super::super) const SUBKEY_REVOCATION: u8 = 0x28;
}

/// A signature; what is read of it is signed.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) kind: u8,
    algorithm: u8,
    hash: Hash,
    /// From the version to the end of the hashed subpackets.
    hashed: Vec<u8>,
    /// The numbers of the algorithm.
    numbers: Vec<u8>,
    /// Seconds since 1970.
    pub(super) created_s: Option<u32>,
    /// Seconds after its creation; 0 is never.
    pub(super) expires_after_s: Option<u32>,
    /// Seconds after the key's creation; 0 is never.
    pub(super) key_expires_after_s: Option<u32>,
    pub(super) key_flags: Option<u8>,
    /// A signature inside the signature: the subkey's over its primary key.
    pub(super) embedded: Option<Vec<u8>>,
}

impl Signature {
    /// Reads the body of a packet; the error says why it does not count.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let broken = || "a signature cannot be read".to_owned();
        let mut input = Input::new(body);
        if input.byte().ok_or_else(broken)? != VERSION {
            return Err("signatures of another version than 4 are not supported".to_owned());
        }
        let kind = input.byte().ok_or_else(broken)?;
        let algorithm = input.byte().ok_or_else(broken)?;
        let hash = match input.byte().ok_or_else(broken)? {
            8 => Hash::Sha256,
            9 => Hash::Sha384,
            10 => Hash::Sha512,
            other => return Err(format!("the hash function {other} is too weak or not known")),
        };
        let length = usize::from(input.u16().ok_or_else(broken)?);
        let subpackets = input.take(length).ok_or_else(broken)?;
        let hashed = body.get(..6 + length).ok_or_else(broken)?.to_vec();
        let length = usize::from(input.u16().ok_or_else(broken)?);
        let open = input.take(length).ok_or_else(broken)?;
        input.take(2).ok_or_else(broken)?;
        let mut signature = Signature {
            kind,
            algorithm,
            hash,
            hashed,
            numbers: input.rest.to_vec(),
            created_s: None,
            expires_after_s: None,
            key_expires_after_s: None,
            key_flags: None,
            embedded: None,
        };
        signature.read_hashed(subpackets)?;
        signature.embedded = signature.embedded.take().or_else(|| embedded_in(open));
        Ok(signature)
    }

    fn read_hashed(&mut self, bytes: &[u8]) -> Result<(), String> {
        for (kind, critical, body) in subpackets(bytes).ok_or("a signature cannot be read")? {
            let seconds = || {
                let bytes: Option<[u8; 4]> = body.try_into().ok();
                bytes.map(u32::from_be_bytes).ok_or("a time in a signature cannot be read")
            };
            match kind {
                CREATED => self.created_s = Some(seconds()?),
                EXPIRES => self.expires_after_s = Some(seconds()?),
                KEY_EXPIRES => self.key_expires_after_s = Some(seconds()?),
                KEY_FLAGS => self.key_flags = Some(body.first().copied().unwrap_or_default()),
                EMBEDDED => self.embedded = Some(body.to_vec()),
                other if critical && !HARMLESS.contains(&other) => {
                    return Err(format!("a signature demands {other}, which is not known here"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a key made it over these bytes.
    pub(super) fn verifies(&self, key: &SigningKey, bytes: &[u8]) -> bool {
        let mut message = bytes.to_vec();
        message.extend_from_slice(&self.hashed);
        message.extend_from_slice(&[VERSION, 0xff]);
        message.extend_from_slice(&(self.hashed.len() as u32).to_be_bytes());
        let checked = match (self.algorithm, key.public.kind) {
            (1 | 3, KeyKind::Rsa) => self.rsa(&key.public, &message),
            (19, KeyKind::P256) => self.ecdsa(&key.public, &message, (Hash::Sha256, 32)),
            (19, KeyKind::P384) => self.ecdsa(&key.public, &message, (Hash::Sha384, 48)),
            (22 | 27, KeyKind::Ed25519) => self.eddsa(&key.public, &message),
            _ => None,
        };
        checked.unwrap_or(false)
    }

    fn rsa(&self, key: &PublicKey, message: &[u8]) -> Option<bool> {
        let mut input = Input::new(&self.numbers);
        let number = input.number()?;
        let size = key.rsa_modulus_bytes()?;
        let padding = size.checked_sub(number.len())?;
        let signature = [&vec![0; padding], number].concat();
        Some(
            input.rest.is_empty() && key.verifies(Scheme::RsaPkcs1(self.hash), message, &signature),
        )
    }

    fn ecdsa(&self, key: &PublicKey, message: &[u8], (hash, size): (Hash, usize)) -> Option<bool> {
        if self.hash != hash {
            return None;
        }
        let signature = self.pair(size)?;
        Some(key.verifies(Scheme::EcdsaFixed(hash), message, &signature))
    }

    /// EdDSA here signs the hash of the message, not the message.
    fn eddsa(&self, key: &PublicKey, message: &[u8]) -> Option<bool> {
        let hash = match self.hash {
            Hash::Sha256 => ring::digest::digest(&ring::digest::SHA256, message),
            Hash::Sha384 => ring::digest::digest(&ring::digest::SHA384, message),
            Hash::Sha512 => ring::digest::digest(&ring::digest::SHA512, message),
        };
        let signature = match self.algorithm {
            22 => self.pair(32)?,
            _ => self.numbers.clone(),
        };
        Some(key.verifies(Scheme::Ed25519, hash.as_ref(), &signature))
    }

    /// Two numbers, each filled up to `size` bytes.
    fn pair(&self, size: usize) -> Option<Vec<u8>> {
        let mut input = Input::new(&self.numbers);
        let mut pair = Vec::with_capacity(size * 2);
        for _ in 0..2 {
            let number = input.number()?;
            pair.resize(pair.len() + size.checked_sub(number.len())?, 0);
            pair.extend_from_slice(number);
        }
        input.rest.is_empty().then_some(pair)
    }
}

/// Type, whether it is critical, and body of each subpacket.
fn subpackets(bytes: &[u8]) -> Option<Vec<(u8, bool, &[u8])>> {
    let mut input = Input::new(bytes);
    let mut found = Vec::new();
    while !input.rest.is_empty() {
        let first = input.byte()?;
        let length = match first {
            0..=191 => usize::from(first),
            192..=254 => ((usize::from(first) - 192) << 8) + usize::from(input.byte()?) + 192,
            255 => usize::try_from(input.u32()?).ok()?,
        };
        let (kind, body) = input.take(length)?.split_first()?;
        found.push((kind & 0x7f, kind & 0x80 != 0, body));
    }
    Some(found)
}

/// A signature inside the part that is not signed: it proves itself.
fn embedded_in(open: &[u8]) -> Option<Vec<u8>> {
    let found = subpackets(open)?.into_iter().find(|(kind, ..)| *kind == EMBEDDED);
    found.map(|(.., body)| body.to_vec())
}
