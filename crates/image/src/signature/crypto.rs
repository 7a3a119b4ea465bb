//! `PublicKey`: checking one signature with one key. The mathematics is `ring`'s,
//! and for Ed25519ph `ed25519-dalek`'s.
//!
//! Sources: RFC 5280 (SubjectPublicKeyInfo), RFC 3279 and 5480 (RSA, EC keys), RFC 8410 (Ed25519),
//! FIPS 186-5. Refused: RSA below 2048 bits, SHA-1, curves other than P-256 and P-384.

use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha512};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A hash function that signatures may be made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature is made and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS, salt as long as the hash.
    RsaPss(Hash),
    /// ECDSA, the two numbers in DER.
    EcdsaDer(Hash),
    /// ECDSA, the two numbers side by side.
    EcdsaFixed(Hash),
    /// Ed25519 over the message itself.
    Ed25519,
    /// Ed25519ph, over the SHA-512 of the message (RFC 8032, section 5.1): cosign 3 signs so.
    Ed25519Prehashed,
}

/// What a key computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) kind: KeyKind,
    /// RSA: RSAPublicKey in DER. EC: the point, uncompressed. Ed25519: 32 bytes.
    bytes: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo; of `bytes` where there is none.
    pub(crate) fingerprint: [u8; 32],
}

const RSA_OID: &str = "1.2.840.113549.1.1.1";
const EC_OID: &str = "1.2.840.10045.2.1";
const ED25519_OID: &str = "1.3.101.112";
const P256_OID: &str = "1.2.840.10045.3.1.7";
const P384_OID: &str = "1.3.132.0.34";

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER; the error says what is wrong with it.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, String> {
        let (rest, spki) = SubjectPublicKeyInfo::from_der(der)
            .map_err(|_| "it is no public key in DER".to_owned())?;
        if !rest.is_empty() {
            return Err("something follows the key".to_owned());
        }
        let algorithm = spki.algorithm.algorithm.to_id_string();
        let curve = || {
            let parameters = spki.algorithm.parameters.as_ref()?;
            Some(parameters.as_oid().ok()?.to_id_string())
        };
        let kind = match algorithm.as_str() {
            RSA_OID => KeyKind::Rsa,
            ED25519_OID => KeyKind::Ed25519,
            EC_OID => match curve().as_deref() {
                Some(P256_OID) => KeyKind::P256,
                Some(P384_OID) => KeyKind::P384,
                other => {
                    let curve = other.unwrap_or("none");
                    return Err(format!("keys on the curve {curve} are not supported"));
                }
            },
            other => return Err(format!("keys of the algorithm {other} are not supported")),
        };
        if spki.subject_public_key.unused_bits != 0 {
            return Err("the key is no whole number of bytes".to_owned());
        }
        let bytes = spki.subject_public_key.data.to_vec();
        Ok(PublicKey { kind, bytes, fingerprint: sha256(der) })
    }

    /// A key by its numbers: as OpenPGP writes them.
    pub(crate) fn of_numbers(kind: KeyKind, bytes: Vec<u8>) -> Self {
        let fingerprint = sha256(&bytes);
        PublicKey { kind, bytes, fingerprint }
    }

    /// Whether the key made this signature over this message.
    pub(crate) fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        if (self.kind, scheme) == (KeyKind::Ed25519, Scheme::Ed25519Prehashed) {
            return self.verifies_prehashed(message, signature).is_some();
        }
        let Some(algorithm) = self.algorithm(scheme) else { return false };
        UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    /// `ring` has no Ed25519ph.
    fn verifies_prehashed(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let key = VerifyingKey::from_bytes(self.bytes.as_slice().try_into().ok()?).ok()?;
        let signature = Signature::from_slice(signature).ok()?;
        let hash = Sha512::new().chain_update(message);
        key.verify_prehashed_strict(hash, None, &signature).ok()
    }

    /// Bytes of the modulus of an RSA key.
    pub(crate) fn rsa_modulus_bytes(&self) -> Option<usize> {
        use x509_parser::public_key::RSAPublicKey;
        if self.kind != KeyKind::Rsa {
            return None;
        }
        let (_, key) = RSAPublicKey::from_der(&self.bytes).ok()?;
        let zeros = key.modulus.iter().take_while(|byte| **byte == 0).count();
        Some(key.modulus.len() - zeros)
    }

    /// The schemes that cosign uses for keys of this kind; any may have been chosen.
    pub(crate) fn usual_schemes(&self) -> &'static [Scheme] {
        use Hash::{Sha256, Sha384, Sha512};
        match self.kind {
            KeyKind::Rsa => &[
                Scheme::RsaPkcs1(Sha256),
                Scheme::RsaPkcs1(Sha384),
                Scheme::RsaPkcs1(Sha512),
                Scheme::RsaPss(Sha256),
            ],
            KeyKind::P256 => &[Scheme::EcdsaDer(Sha256), Scheme::EcdsaDer(Sha384)],
            KeyKind::P384 => &[Scheme::EcdsaDer(Sha384), Scheme::EcdsaDer(Sha256)],
            KeyKind::Ed25519 => &[Scheme::Ed25519, Scheme::Ed25519Prehashed],
        }
    }

    /// `SHA256:` and the fingerprint in hex.
    pub(crate) fn name(&self) -> String {
        let hex: String = self.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("key SHA256:{hex}")
    }

    /// `ring`'s algorithm; `None` when the scheme is not for keys of this kind.
    fn algorithm(&self, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
        use Hash::{Sha256, Sha384, Sha512};
        use Scheme::{EcdsaDer, EcdsaFixed, Ed25519, RsaPkcs1, RsaPss};
        Some(match (self.kind, scheme) {
            (KeyKind::Rsa, RsaPkcs1(Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa, RsaPkcs1(Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa, RsaPkcs1(Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::Rsa, RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa, RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa, RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256, EcdsaDer(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, EcdsaDer(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (KeyKind::P384, EcdsaDer(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, EcdsaDer(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (KeyKind::P256, EcdsaFixed(Sha256)) => &signature::ECDSA_P256_SHA256_FIXED,
            (KeyKind::P384, EcdsaFixed(Sha384)) => &signature::ECDSA_P384_SHA384_FIXED,
            (KeyKind::Ed25519, Ed25519) => &signature::ED25519,
            _ => return None,
        })
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}
