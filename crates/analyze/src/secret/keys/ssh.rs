//! Keys of SSH: `openssh-key-v1` (OpenSSH's PROTOCOL.key), the public part it and PuTTY's files
//! share (RFC 4253 §6.6), and PuTTY's own files (its manual, appendix C).

use model::KeyFacts;

use super::private_key;
use super::public_key::{self, PublicKey};

/// How the decoded body of an OpenSSH key begins.
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// Most lines of a PuTTY file's public part.
const MAX_PUTTY_LINES: usize = 400;
/// Most bytes of a PuTTY file.
const MAX_PUTTY_BYTES: usize = 64 << 10;

/// Strings with a length of four bytes before them (RFC 4251 §5).
struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    fn number(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*head))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let string = self.0.get(..length)?;
        self.0 = self.0.get(length..)?;
        Some(string)
    }
}

/// The facts of a decoded `OPENSSH PRIVATE KEY`.
pub(crate) fn openssh(bytes: &[u8]) -> Option<KeyFacts> {
    let mut key = Strings(bytes.strip_prefix(MAGIC)?);
    let cipher = key.string()?;
    let _derivation = key.string()?;
    let _options = key.string()?;
    if key.number()? == 0 {
        return None;
    }
    let public = public(key.string()?)?;
    let encrypted = cipher != b"none";
    let secret = key.string()?;
    let mut checks = Strings(secret);
    let intact = encrypted || checks.number()? == checks.number()?;
    (intact && !secret.is_empty())
        .then(|| KeyFacts { encrypted, ..private_key::facts(public, "openssh") })
}

/// A public key as SSH sends it.
fn public(blob: &[u8]) -> Option<PublicKey> {
    let mut parts = Strings(blob);
    match parts.string()? {
        b"ssh-rsa" => {
            let exponent = parts.string()?;
            Some(public_key::rsa(parts.string()?, exponent))
        }
        b"ssh-dss" => {
            let parameters = [parts.string()?, parts.string()?, parts.string()?];
            Some(public_key::dsa(parameters, parts.string()?))
        }
        b"ssh-ed25519" | b"sk-ssh-ed25519@openssh.com" => {
            public_key::edwards(public_key::ED25519, parts.string()?)
        }
        kind if kind.starts_with(b"ecdsa-sha2-") || kind.starts_with(b"sk-ecdsa-sha2-") => {
            let (oid, bits) = public_key::ssh_curve(parts.string()?)?;
            let parameters = super::der::write(super::der::OID, oid);
            Some(public_key::ec(&parameters, bits, parts.string()?))
        }
        _ => None,
    }
}

/// A PuTTY file that begins at the start of `text`: its facts and its length.
pub(crate) fn putty(text: &[u8]) -> Option<(KeyFacts, usize)> {
    let text = text.get(..text.len().min(MAX_PUTTY_BYTES))?;
    let mut encrypted = None;
    let mut public_lines = 0;
    let mut blob = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|&b| b == b'\n').take(MAX_PUTTY_LINES) {
        at += line.len();
        let line = line.trim_ascii();
        if public_lines > 0 {
            blob.extend_from_slice(line);
            public_lines -= 1;
        } else if let Some(cipher) = line.strip_prefix(b"Encryption: ") {
            encrypted = Some(cipher != b"none");
        } else if let Some(count) = line.strip_prefix(b"Public-Lines: ") {
            public_lines = std::str::from_utf8(count).ok()?.parse::<usize>().ok()?;
        } else if line.starts_with(b"Private-MAC: ") || line.starts_with(b"Private-Hash: ") {
            let public = public(&crate::text::base64::decode(&blob)?)?;
            let facts = KeyFacts { encrypted: encrypted?, ..private_key::facts(public, "putty") };
            return Some((facts, at));
        }
    }
    None
}
