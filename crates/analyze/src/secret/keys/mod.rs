//! Private keys, key stores and certificates: parsed, so that what is told of them is certain.
//! Armoured ones are found in any text; binary ones are whole files.

mod certificate;
mod der;
mod jks;
mod known;
mod passwords;
mod pbe;
mod pem;
mod pgp;
mod pkcs12;
mod private_key;
mod public_key;
mod ssh;
mod store;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use model::{CertificateFacts, Confidence, KeyFacts, SecretCategory};

use super::engine::Text;
use super::hit::{Facts, Hit, Rank};
use super::plausible;
use super::redact;
use crate::limits::MAX_PEM_BYTES;
use crate::text::base64;

pub(crate) use base64::decode as decode_base64;
#[cfg(test)]
pub(crate) fn encode(text: &str) -> String {
    base64::encode(text.as_bytes())
}
pub(crate) use known::LIST as KNOWN_KEYS;

/// What a keyword of the automaton begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An armoured block.
    Armour,
    /// An armoured block, in base64 as a whole, as Kubernetes keeps it.
    EncodedArmour,
    /// A PuTTY file.
    Putty,
}

/// Keywords that begin a key.
pub(crate) const MARKS: [(&str, Mark); 3] = [
    ("-----BEGIN ", Mark::Armour),
    ("LS0tLS1CRUdJTi", Mark::EncodedArmour),
    ("PuTTY-User-Key-File-", Mark::Putty),
];

/// The rule of a key store that holds certificates only: a fact, no finding.
const TRUST_STORE: &str = "trust-store";
/// Fewest base64 digits of a private key that cannot be parsed and yet is believed.
const MIN_BODY_DIGITS: usize = 100;
/// Fewest bits a digit that the body of such a key has.
const MIN_BODY_ENTROPY: f32 = 4.5;

/// The key or certificate that begins at `mark`.
pub(crate) fn hits(text: Text<'_>, at: Range<usize>, mark: Mark, hits: &mut Vec<Hit<'_>>) {
    match mark {
        Mark::Armour => {
            hits.extend(pem::block_at(text.bytes, at.start, is_wanted).and_then(armoured))
        }
        Mark::EncodedArmour => hits.extend(encoded(text.bytes, at.start)),
        Mark::Putty => {
            let rest = text.bytes.get(at.start..).unwrap_or_default();
            let found = ssh::putty(rest).and_then(|(facts, length)| {
                let whole = rest.get(..length)?;
                Some(private(facts, whole, at.start..at.start + length))
            });
            hits.extend(found);
        }
    }
}

/// The first block of an armoured text that is base64 as a whole.
fn encoded(text: &[u8], start: usize) -> Option<Hit<'static>> {
    let rest = text.get(start..text.len().min(start.saturating_add(MAX_PEM_BYTES)))?;
    let stops = |&b: &u8| base64::digit(b).is_none() && b != b'=';
    let length = rest.iter().position(stops).unwrap_or(rest.len());
    let clear = base64::decode(rest.get(..length)?)?;
    let mut hit = armoured(pem::block_at(&clear, 0, is_wanted)?)?;
    hit.secret = start..start + length;
    Some(hit)
}

/// The key, key store or certificate that the whole file is.
pub(crate) fn whole_file(bytes: &[u8]) -> Option<Hit<'static>> {
    let span = 0..bytes.len();
    let found = match bytes.first()? {
        0x30 if is_whole(bytes) => pkcs12::read(bytes)
            .map(|store| key_store(&store, bytes))
            .or_else(|| private_key::read(bytes).map(|key| private(key, bytes, span.clone())))
            .or_else(|| certificate::read(bytes).map(|facts| public(facts, bytes, span))),
        0xfe | 0xce => jks::read(bytes).map(|store| key_store(&store, bytes)),
        0x94..=0x97 | 0xc5 => pgp::read(bytes).map(|key| private(key, bytes, span)),
        b'(' => gpg_agent(bytes),
        b'o' => ssh::openssh(bytes).map(|key| private(key, bytes, span)),
        _ => None,
    };
    found.filter(|hit| hit.rule != TRUST_STORE)
}

/// Whether a DER value fills the file.
fn is_whole(bytes: &[u8]) -> bool {
    let mut reader = der::Der::new(bytes);
    reader.value().is_some() && reader.is_empty()
}

/// A key of gpg-agent: a canonical S-expression (`doc/…/keyformat.txt` of GnuPG).
fn gpg_agent(bytes: &[u8]) -> Option<Hit<'static>> {
    let encrypted = bytes.starts_with(b"(21:protected-private-key(");
    if !encrypted && !bytes.starts_with(b"(11:private-key(") {
        return None;
    }
    let after = bytes.get(if encrypted { 26 } else { 16 }..)?;
    let algorithm =
        [(&b"3:rsa"[..], "rsa"), (b"3:dsa", "dsa"), (b"3:elg", "elgamal"), (b"3:ecc", "ec")]
            .into_iter()
            .find(|(word, _)| after.starts_with(word))?;
    let facts = KeyFacts {
        algorithm: algorithm.1.to_owned(),
        format: "pgp".to_owned(),
        encrypted,
        ..KeyFacts::default()
    };
    Some(private(facts, bytes, 0..bytes.len()))
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// Labels of blocks worth decoding.
fn is_wanted(label: &str) -> bool {
    is_certificate(label) || label.contains("PRIVATE KEY")
}

/// What an armoured block is.
fn armoured(block: pem::Block) -> Option<Hit<'static>> {
    let label = block.label.as_str();
    if is_certificate(label) {
        let facts = certificate::read(&block.body)?;
        return Some(public(facts, &block.body, block.span));
    }
    let parsed = match label {
        "OPENSSH PRIVATE KEY" => ssh::openssh(&block.body),
        "PGP PRIVATE KEY BLOCK" => pgp::read(&block.body),
        _ if block.encrypted => Some(encrypted(label)),
        _ => private_key::read(&block.body),
    };
    match parsed {
        Some(facts) if !block.body.is_empty() => Some(private(facts, &block.body, block.span)),
        _ => unparsed(&block),
    }
}

/// A key whose form does not show more than its label.
fn encrypted(label: &str) -> KeyFacts {
    KeyFacts { encrypted: true, ..labelled(label) }
}

fn labelled(label: &str) -> KeyFacts {
    let (algorithm, format) = match label {
        "RSA PRIVATE KEY" => ("rsa", "pkcs1"),
        "EC PRIVATE KEY" => ("ec", "sec1"),
        "DSA PRIVATE KEY" => ("dsa", "pkcs1"),
        "OPENSSH PRIVATE KEY" => ("", "openssh"),
        "PGP PRIVATE KEY BLOCK" => ("", "pgp"),
        _ => ("", "pkcs8"),
    };
    KeyFacts { algorithm: algorithm.to_owned(), format: format.to_owned(), ..KeyFacts::default() }
}

/// A private key of a form that is not read, or damaged: believed when its body is long and mixed.
fn unparsed(block: &pem::Block) -> Option<Hit<'static>> {
    let body = if block.body.is_empty() { return None } else { &block.body };
    let wanted = block.digits >= MIN_BODY_DIGITS && block.complete;
    if !wanted
        || plausible::is_patterned(body.get(..64)?)
        || plausible::entropy(body) < MIN_BODY_ENTROPY
    {
        return None;
    }
    let mut hit = private(labelled(&block.label), body, block.span.clone());
    hit.confidence = hit.confidence.min(Confidence::Likely);
    Some(hit)
}

fn private(mut key: KeyFacts, material: &[u8], span: Range<usize>) -> Hit<'static> {
    let publisher = publisher(&key.public_key, material);
    let mut title = describe(&key);
    if let Some(publisher) = publisher {
        title.push_str(&format!(", published with {publisher}"));
    }
    key.certificate = None;
    Hit {
        rule: "private-key",
        title: Cow::Owned(title.clone()),
        category: SecretCategory::PrivateKey,
        confidence: if publisher.is_some() { Confidence::Placeholder } else { Confidence::Certain },
        secret: span,
        shown: 0,
        rank: Rank::Parsed,
        facts: Some(Box::new(Facts {
            key: Some(key),
            certificate: None,
            material: material.to_vec(),
            excerpt: format!("{title} ********"),
        })),
    }
}

/// `RSA private key, 2048 bits (pkcs8)`.
fn describe(key: &KeyFacts) -> String {
    let mut text = match key.algorithm.as_str() {
        "" => "private key".to_owned(),
        algorithm @ ("rsa" | "ec" | "dsa" | "dh") => {
            format!("{} private key", algorithm.to_ascii_uppercase())
        }
        algorithm => format!("{algorithm} private key"),
    };
    if key.bits > 0 {
        text.push_str(&format!(", {} bits", key.bits));
    }
    text.push_str(&format!(" ({}{})", key.format, if key.encrypted { ", encrypted" } else { "" }));
    text
}

fn publisher(public_key: &str, material: &[u8]) -> Option<&'static str> {
    known::publisher(public_key, &redact::fingerprint(material))
}

fn public(facts: CertificateFacts, material: &[u8], span: Range<usize>) -> Hit<'static> {
    let publisher = publisher(&facts.public_key, material);
    let kind = if facts.is_ca { "CA certificate" } else { "certificate" };
    let until = facts.not_after.map(|day| format!(", valid until {day}")).unwrap_or_default();
    Hit {
        rule: "certificate",
        title: Cow::Borrowed(kind),
        category: SecretCategory::Certificate,
        confidence: if publisher.is_some() { Confidence::Placeholder } else { Confidence::Certain },
        secret: span,
        shown: 0,
        rank: Rank::Parsed,
        facts: Some(Box::new(Facts {
            key: None,
            material: material.to_vec(),
            excerpt: format!("{kind} of {}, issued by {}{until}", facts.subject, facts.issuer),
            certificate: Some(facts),
        })),
    }
}

fn key_store(store: &store::KeyStore, bytes: &[u8]) -> Hit<'static> {
    let publisher = publisher(&store.key.public_key, bytes);
    let secret = store.is_secret();
    Hit {
        rule: if secret { "key-store" } else { TRUST_STORE },
        title: Cow::Borrowed(if secret { "key store" } else { "store of certificates" }),
        category: SecretCategory::KeyStore,
        confidence: match publisher {
            Some(_) => Confidence::Placeholder,
            None if store.private_keys > 0 || store.secret_keys > 0 => Confidence::Certain,
            None => Confidence::Likely,
        },
        secret: 0..bytes.len(),
        shown: 0,
        rank: Rank::Parsed,
        facts: Some(Box::new(Facts {
            key: Some(store.key.clone()),
            certificate: store.certificate.clone(),
            material: bytes.to_vec(),
            excerpt: store.describe(),
        })),
    }
}
