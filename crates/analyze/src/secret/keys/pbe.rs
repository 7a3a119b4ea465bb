//! Password-based encryption: PKCS #12's key derivation and 3DES (RFC 7292 appendices B, C) and
//! PBES2 (RFC 8018). Only what decrypts key stores with a well-known password; iterations come
//! out of a budget, so that a hostile store costs no more than an honest one.

use std::num::NonZeroU32;

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use ring::{digest, pbkdf2};

use super::der::{Der, INTEGER, OCTET_STRING, OID, SEQUENCE};
use super::passwords;

/// PKCS #12: pbeWithSHAAnd3-KeyTripleDES-CBC.
const SHA1_3DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
/// RFC 8018: id-PBES2, id-PBKDF2.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// RFC 3565: AES in CBC mode, without the last byte (2: 128 bits, 22: 192, 42: 256).
const AES_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
/// RFC 8018: hmacWithSHA1 to hmacWithSHA512, without the last byte.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];

/// Purposes of derived bytes (RFC 7292 appendix B.3).
pub(crate) const PURPOSE_KEY: u8 = 1;
pub(crate) const PURPOSE_IV: u8 = 2;
pub(crate) const PURPOSE_MAC: u8 = 3;

/// Rounds of hashing that one key store may cost.
#[derive(Debug)]
pub(crate) struct Budget(pub(crate) u64);

impl Budget {
    /// Takes that many; `None` when they are no longer there.
    pub(crate) fn take(&mut self, iterations: u64) -> Option<NonZeroU32> {
        self.0 = self.0.checked_sub(iterations)?;
        NonZeroU32::new(u32::try_from(iterations).ok()?)
    }
}

/// What PKCS #12 derives keys from.
pub(crate) struct Derivation<'a> {
    pub(crate) hash: &'static digest::Algorithm,
    /// As [`passwords::utf16_zero`] gives it.
    pub(crate) password: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) iterations: NonZeroU32,
}

/// Derives `length` bytes for a purpose (RFC 7292 appendix B.2).
pub(crate) fn derive(from: &Derivation<'_>, purpose: u8, length: usize) -> Vec<u8> {
    let block = from.hash.block_len();
    let mut input = stretched(from.salt, block);
    input.extend(stretched(from.password, block));
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        let mut context = digest::Context::new(from.hash);
        context.update(&vec![purpose; block]);
        context.update(&input);
        let mut hash = context.finish();
        for _ in 1..from.iterations.get() {
            hash = digest::digest(from.hash, hash.as_ref());
        }
        out.extend_from_slice(hash.as_ref());
        let addend: Vec<u8> = hash.as_ref().iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_mut(block) {
            add_one_more(chunk, &addend);
        }
    }
    out.truncate(length);
    out
}

/// Repeats `bytes` to a whole number of blocks.
fn stretched(bytes: &[u8], block: usize) -> Vec<u8> {
    let length = bytes.len().div_ceil(block) * block;
    bytes.iter().copied().cycle().take(length).collect()
}

/// `number + addend + 1`, big-endian, without what overflows.
fn add_one_more(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1u16;
    for (digit, add) in number.iter_mut().rev().zip(addend.iter().rev()) {
        let sum = u16::from(*digit) + u16::from(*add) + carry;
        *digit = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
}

/// Decrypts with the algorithm that `algorithm` (the content of an `AlgorithmIdentifier`) names.
pub(crate) fn decrypt(
    algorithm: &[u8],
    data: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Option<Vec<u8>> {
    let mut reader = Der::new(algorithm);
    match reader.expect(OID)? {
        SHA1_3DES => triple_des(reader.enter(SEQUENCE)?, data, password, budget),
        PBES2 => pbes2(reader.enter(SEQUENCE)?, data, password, budget),
        _ => None,
    }
}

fn triple_des(
    mut parameters: Der<'_>,
    data: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Option<Vec<u8>> {
    let salt = parameters.expect(OCTET_STRING)?;
    let iterations = budget.take(parameters.small_integer()?.checked_mul(3)?)?;
    let from = Derivation {
        hash: &digest::SHA1_FOR_LEGACY_USE_ONLY,
        password: &passwords::utf16_zero(password),
        salt,
        iterations: NonZeroU32::new(iterations.get() / 3)?,
    };
    let (key, iv) = (derive(&from, PURPOSE_KEY, 24), derive(&from, PURPOSE_IV, 8));
    unpad::<cbc::Decryptor<des::TdesEde3>>(&key, &iv, data)
}

fn pbes2(
    mut parameters: Der<'_>,
    data: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Option<Vec<u8>> {
    let mut derivation = parameters.enter(SEQUENCE)?;
    let mut scheme = parameters.enter(SEQUENCE)?;
    let (&size, prefix) = scheme.expect(OID)?.split_last()?;
    let iv = scheme.expect(OCTET_STRING)?;
    let key_bytes = match (prefix == AES_CBC, size) {
        (true, 2) => 16,
        (true, 22) => 24,
        (true, 42) => 32,
        _ => return None,
    };
    if derivation.expect(OID)? != PBKDF2 {
        return None;
    }
    let mut key = vec![0; key_bytes];
    pbkdf2_key(derivation.enter(SEQUENCE)?, password, &mut key, budget)?;
    match key_bytes {
        16 => unpad::<cbc::Decryptor<aes::Aes128>>(&key, iv, data),
        24 => unpad::<cbc::Decryptor<aes::Aes192>>(&key, iv, data),
        _ => unpad::<cbc::Decryptor<aes::Aes256>>(&key, iv, data),
    }
}

fn pbkdf2_key(
    mut parameters: Der<'_>,
    password: &str,
    key: &mut [u8],
    budget: &mut Budget,
) -> Option<()> {
    let salt = parameters.expect(OCTET_STRING)?;
    let iterations = budget.take(parameters.small_integer()?)?;
    if parameters.peek() == Some(INTEGER) {
        parameters.small_integer()?; // the key's length, which the cipher tells too
    }
    let mut function = 7; // hmacWithSHA1 is the default
    if let Some(mut named) = parameters.enter(SEQUENCE) {
        let (&last, prefix) = named.expect(OID)?.split_last()?;
        function = if prefix == HMAC { last } else { 0 };
    }
    let algorithm = match function {
        7 => pbkdf2::PBKDF2_HMAC_SHA1,
        9 => pbkdf2::PBKDF2_HMAC_SHA256,
        10 => pbkdf2::PBKDF2_HMAC_SHA384,
        11 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    pbkdf2::derive(algorithm, iterations, salt, password.as_bytes(), key);
    Some(())
}

fn unpad<C: KeyIvInit + BlockModeDecrypt>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slices(key, iv).ok()?;
    let mut buffer = data.to_vec();
    cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok().map(<[u8]>::to_vec)
}
