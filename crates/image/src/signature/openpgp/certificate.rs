//! `Certificate`: an OpenPGP key with its subkeys, and which of them may sign.
//!
//! Source: RFC 9580, sections 5.5 (keys), 5.2.4 (what signatures on keys are over), 10.1 (order of
//! packets).

use model::Timestamp;

use super::super::crypto::{KeyKind, PublicKey};
use super::armor::packets_of;
use super::packet::{Input, PUBLIC_KEY, PUBLIC_SUBKEY, Packet, SIGNATURE, USER_ID, read_all};
use super::signature::{Signature, kind};

/// Object identifiers of curves, without their head.
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384_OID: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
/// The key flag: may sign.
const MAY_SIGN: u8 = 0x02;
/// Most signatures of one kind on one key that are tried: a key server may have heaped up many.
const MAX_TRIED: usize = 64;

/// A key that can check signatures.
#[derive(Debug, Clone)]
pub(crate) struct SigningKey {
    pub(crate) public: PublicKey,
    /// The body of its packet: what fingerprints and signatures on keys are over.
    body: Vec<u8>,
    created_s: u32,
}

/// A primary key with the subkeys that belong to it.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    primary: Component,
    subkeys: Vec<Component>,
    user_ids: Vec<(Vec<u8>, Vec<Signature>)>,
}

/// A key and the signatures right behind it.
#[derive(Debug, Clone)]
struct Component {
    key: SigningKey,
    signatures: Vec<Signature>,
}

impl SigningKey {
    /// Reads the body of a key packet; `None` for what is not supported.
    fn read(body: &[u8]) -> Option<Self> {
        let mut input = Input::new(body);
        if input.byte()? != 4 {
            return None;
        }
        let created_s = input.u32()?;
        let algorithm = input.byte()?;
        let public = match algorithm {
            1 | 3 => {
                let (modulus, exponent) = (input.number()?, input.number()?);
                PublicKey::of_numbers(KeyKind::Rsa, rsa_public_key(modulus, exponent))
            }
            19 | 22 => {
                let length = usize::from(input.byte()?);
                let curve = input.take(length)?;
                let point = input.number()?;
                match (algorithm, curve) {
                    (19, P256_OID) => PublicKey::of_numbers(KeyKind::P256, point.to_vec()),
                    (19, P384_OID) => PublicKey::of_numbers(KeyKind::P384, point.to_vec()),
                    (22, ED25519_OID) => {
                        let point = point.strip_prefix(&[0x40])?;
                        PublicKey::of_numbers(KeyKind::Ed25519, point.to_vec())
                    }
                    _ => return None,
                }
            }
            27 => PublicKey::of_numbers(KeyKind::Ed25519, input.take(32)?.to_vec()),
            _ => return None,
        };
        input.rest.is_empty().then(|| SigningKey { public, body: body.to_vec(), created_s })
    }

    /// What a signature on the key is over: its packet under a head of the old form.
    fn framed(&self) -> Vec<u8> {
        let mut bytes = vec![0x99];
        bytes.extend_from_slice(&(self.body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The fingerprint of a version 4 key, in hex. Only a name: nothing rests on SHA-1.
    pub(crate) fn fingerprint(&self) -> String {
        let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &self.framed());
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// RSAPublicKey in DER (RFC 8017, appendix A.1.1).
fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
        let number = number.get(start..).unwrap_or_default();
        let sign = number.first().is_none_or(|first| first & 0x80 != 0);
        let content = [if sign { &[0_u8][..] } else { &[] }, number].concat();
        der(0x02, &content)
    };
    der(0x30, &[integer(modulus), integer(exponent)].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=0x7f => bytes.push(length as u8),
        0x80..=0xff => bytes.extend_from_slice(&[0x81, length as u8]),
        // The numbers of a packet have at most 65,535 bits each.
        _ => bytes.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend_from_slice(content);
    bytes
}

impl Certificate {
    /// Reads every key of a file, armoured or binary. Keys that are not supported are passed over;
    /// an error when none is left.
    pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Self>, String> {
        let packets = read_all(&packets_of(bytes)?)?;
        let mut certificates: Vec<Option<Certificate>> = Vec::new();
        // Whose signatures follow: the key's, the last user id's, the last subkey's, nobody's.
        let mut place = PUBLIC_KEY;
        for packet in packets {
            if packet.tag == PUBLIC_KEY {
                let key = SigningKey::read(&packet.body);
                certificates.push(key.map(Certificate::new));
                place = PUBLIC_KEY;
            } else if let Some(Some(certificate)) = certificates.last_mut() {
                place = certificate.add(packet, place);
            }
        }
        let certificates: Vec<Certificate> = certificates.into_iter().flatten().collect();
        match certificates.is_empty() {
            true => Err("it holds no OpenPGP key of a supported kind (RSA, ECDSA, EdDSA)".into()),
            false => Ok(certificates),
        }
    }

    fn new(key: SigningKey) -> Self {
        let primary = Component { key, signatures: Vec::new() };
        Certificate { primary, subkeys: Vec::new(), user_ids: Vec::new() }
    }

    /// Adds a packet; gives whose signatures follow now.
    fn add(&mut self, packet: Packet, place: u8) -> u8 {
        match packet.tag {
            PUBLIC_SUBKEY => match SigningKey::read(&packet.body) {
                Some(key) => self.subkeys.push(Component { key, signatures: Vec::new() }),
                None => return 0,
            },
            USER_ID => self.user_ids.push((packet.body, Vec::new())),
            SIGNATURE => {
                let signatures = match place {
                    PUBLIC_KEY => Some(&mut self.primary.signatures),
                    USER_ID => self.user_ids.last_mut().map(|(_, signatures)| signatures),
                    PUBLIC_SUBKEY => self.subkeys.last_mut().map(|subkey| &mut subkey.signatures),
                    _ => None,
                };
                if let (Some(signatures), Ok(signature)) =
                    (signatures, Signature::read(&packet.body))
                {
                    signatures.push(signature);
                }
                return place;
            }
            // A user attribute, trust or padding: signatures behind it are not for us.
            _ => return 0,
        }
        packet.tag
    }

    /// The keys that may sign at a moment, and why others may not.
    pub(crate) fn signing_keys(&self, now: Timestamp) -> (Vec<&SigningKey>, Vec<String>) {
        let primary = &self.primary;
        let name = primary.key.fingerprint();
        if self.is_revoked(primary, kind::KEY_REVOCATION, &primary.key.framed()) {
            return (Vec::new(), vec![format!("the key {name} is revoked")]);
        }
        let Some(own) = self.latest_own_signature() else {
            return (Vec::new(), vec![format!("the key {name} is not signed by itself")]);
        };
        if let Some(why) = expiry(&primary.key, own, now) {
            return (Vec::new(), vec![why]);
        }
        let (mut keys, mut refused) = (Vec::new(), Vec::new());
        if own.key_flags.is_none_or(|flags| flags & MAY_SIGN != 0) {
            keys.push(&primary.key);
        }
        for subkey in &self.subkeys {
            match self.subkey_refusal(subkey, now) {
                None => keys.push(&subkey.key),
                Some(why) => refused.push(why),
            }
        }
        (keys, refused)
    }

    /// The user id, for the report.
    pub(crate) fn user_id(&self) -> Option<String> {
        let (id, _) = self.user_ids.first()?;
        let text = String::from_utf8_lossy(id);
        Some(text.chars().filter(|c| !c.is_control()).take(120).collect())
    }

    /// The newest signature of the primary key over itself: it says what the key may do.
    fn latest_own_signature(&self) -> Option<&Signature> {
        let key = self.primary.key.framed();
        let direct = self.primary.signatures.iter().filter(|s| s.kind == kind::DIRECT_KEY);
        let direct = direct.take(MAX_TRIED).filter(|s| s.verifies(&self.primary.key, &key));
        let by_user_id = self.user_ids.iter().take(MAX_TRIED).flat_map(|(id, signatures)| {
            let mut bytes = key.clone();
            bytes.push(0xb4);
            bytes.extend_from_slice(&(id.len() as u32).to_be_bytes());
            bytes.extend_from_slice(id);
            let own = signatures.iter().filter(|s| kind::CERTIFICATIONS.contains(&s.kind));
            own.take(MAX_TRIED).filter(move |s| s.verifies(&self.primary.key, &bytes))
        });
        direct.chain(by_user_id).max_by_key(|signature| signature.created_s)
    }

    fn is_revoked(&self, component: &Component, kind: u8, bytes: &[u8]) -> bool {
        let revocations = component.signatures.iter().filter(|signature| signature.kind == kind);
        revocations.take(MAX_TRIED).any(|s| s.verifies(&self.primary.key, bytes))
    }

    /// Why a subkey may not sign; `None` when it may.
    fn subkey_refusal(&self, subkey: &Component, now: Timestamp) -> Option<String> {
        let name = subkey.key.fingerprint();
        let bytes = [self.primary.key.framed(), subkey.key.framed()].concat();
        if self.is_revoked(subkey, kind::SUBKEY_REVOCATION, &bytes) {
            return Some(format!("the subkey {name} is revoked"));
        }
        let bindings = subkey.signatures.iter().filter(|s| s.kind == kind::SUBKEY_BINDING);
        let binding = bindings
            .take(MAX_TRIED)
            .filter(|s| s.verifies(&self.primary.key, &bytes))
            .max_by_key(|signature| signature.created_s);
        let Some(binding) = binding else {
            return Some(format!("the subkey {name} does not belong to its key"));
        };
        if binding.key_flags.is_none_or(|flags| flags & MAY_SIGN == 0) {
            return Some(format!("the subkey {name} is not for signing"));
        }
        // A subkey that signs must have signed that it belongs here, or anybody could claim it.
        let back = binding.embedded.as_deref().and_then(|body| Signature::read(body).ok());
        let belongs = back
            .is_some_and(|s| s.kind == kind::PRIMARY_BINDING && s.verifies(&subkey.key, &bytes));
        if !belongs {
            return Some(format!("the subkey {name} does not say that it belongs to its key"));
        }
        expiry(&subkey.key, binding, now)
    }
}

/// Why a key may not be used now by what is signed of its life; `None` when it may.
fn expiry(key: &SigningKey, own: &Signature, now: Timestamp) -> Option<String> {
    let created = i64::from(key.created_s);
    let ends = |from: i64, after: Option<u32>| match after {
        None | Some(0) => i64::MAX,
        Some(after) => from + i64::from(after),
    };
    let own_created = i64::from(own.created_s.unwrap_or_default());
    let end = ends(created, own.key_expires_after_s).min(ends(own_created, own.expires_after_s));
    if now.as_second() < end {
        return None;
    }
    let day = Timestamp::from_second(end).map(|time| time.to_string()).unwrap_or_default();
    let day: String = day.chars().take(10).collect();
    Some(format!("the key {} expired on {day}", key.fingerprint()))
}
