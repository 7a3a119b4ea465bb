//! Notation: a descriptor of the image, signed with a certificate, in a JWS or COSE envelope.
//!
//! Source: Notary Project specification, `signature-specification.md`, `signature-envelope-jws.md`,
//! `signature-envelope-cose.md`. Timestamps of an authority are not evaluated: a chain must be valid
//! now, not only when it was used.

mod cbor;
mod cose;
mod jws;

use model::{Digest, Timestamp};
use serde::Deserialize;

use super::Subject;
use super::authority::Trusted;
use super::crypto::{Hash, KeyKind, Scheme};
use super::verify::{Failure, Holds, Signed};
use super::x509::follow;

pub(super) use cose::check as check_cose;
pub(super) use jws::check as check_jws;

/// The type of the payload in both envelopes.
const CONTENT_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
/// Names of what both envelopes protect.
const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
const EXPIRY: &str = "io.cncf.notary.expiry";
/// The signer's clock, or that of a signing authority.
const SCHEMES: [&str; 2] = ["notary.x509", "notary.x509.signingAuthority"];
/// What may be critical: every other critical header refuses the signature.
const KNOWN_CRITICAL: [&str; 3] = [SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY];

/// What an envelope protects, however it is written.
#[derive(Debug, Default)]
struct Protected {
    content_type: String,
    signing_scheme: String,
    signed_at: Option<Timestamp>,
    expires: Option<Timestamp>,
    critical: Vec<String>,
}

/// An envelope, read and not believed.
struct Envelope<'a> {
    protected: Protected,
    algorithm: Algorithm,
    /// Certificates, the signer's first.
    chain: Vec<Vec<u8>>,
    payload: &'a [u8],
    /// The bytes that are signed.
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// How an envelope is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Pss(Hash),
    Ecdsa(Hash),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    target_artifact: TargetArtifact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetArtifact {
    digest: Digest,
    size: u64,
}

impl Algorithm {
    /// The scheme for a key: an EC key signs with the hash that belongs to its curve.
    fn scheme(self, key: KeyKind) -> Option<Scheme> {
        match (self, key) {
            (Algorithm::Pss(hash), KeyKind::Rsa) => Some(Scheme::RsaPss(hash)),
            (Algorithm::Ecdsa(hash @ Hash::Sha256), KeyKind::P256)
            | (Algorithm::Ecdsa(hash @ Hash::Sha384), KeyKind::P384) => {
                Some(Scheme::EcdsaFixed(hash))
            }
            _ => None,
        }
    }
}

impl Envelope<'_> {
    /// Checks the envelope with an authority's certificates.
    fn check(
        self,
        subject: &Subject,
        authority: &Trusted,
        now: Timestamp,
    ) -> Result<Holds, Failure> {
        let payload: Payload = serde_json::from_slice(self.payload)
            .map_err(|error| Failure::new(format!("the payload names no artifact: {error}")))?;
        let target = payload.target_artifact;
        let signed_at = self.protected.signed_at;
        let signed = Signed { digest: Some(target.digest), reference: None, signed_at };
        let fail = |why: String| Failure::of(signed.clone(), why);
        self.protected.check(now).map_err(fail)?;
        let identities = &authority.identities;
        let signer = follow(&self.chain, &authority.certificates, identities, (signed_at, now))
            .map_err(fail)?;
        let Some(scheme) = self.algorithm.scheme(signer.key.kind) else {
            return Err(fail("its algorithm is not for the key of its certificate".to_owned()));
        };
        if !signer.key.verifies(scheme, &self.message, &self.signature) {
            return Err(fail("it was changed after it was signed".to_owned()));
        }
        if subject.size_bytes.is_some_and(|size| size != target.size) {
            let why = format!("it signs a manifest of {} bytes, not this one", target.size);
            return Err(Failure::authentic(signed, why));
        }
        Ok(Holds { signed, signer: signer.subject })
    }
}

impl Protected {
    fn check(&self, now: Timestamp) -> Result<(), String> {
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        if self.content_type != CONTENT_TYPE {
            return Err(format!("the payload is of the type `{}`", shown(&self.content_type)));
        }
        if !SCHEMES.contains(&self.signing_scheme.as_str()) {
            let scheme = shown(&self.signing_scheme);
            return Err(format!("the signing scheme `{scheme}` is not known"));
        }
        if let Some(unknown) = self.critical.iter().find(|c| !KNOWN_CRITICAL.contains(&c.as_str()))
        {
            return Err(format!("it demands `{}`, which is not known here", shown(unknown)));
        }
        let says = |name: &str| self.critical.iter().any(|critical| critical == name);
        if !says(SIGNING_SCHEME) {
            return Err("its signing scheme is not critical, as it must be".to_owned());
        }
        if says(EXPIRY) != self.expires.is_some() {
            return Err("its expiry and what it calls critical do not agree".to_owned());
        }
        if self.expires.is_some_and(|expires| now >= expires) {
            let day: String =
                self.expires.map(|t| t.to_string().chars().take(10).collect()).unwrap_or_default();
            return Err(format!("the signature expired on {day}"));
        }
        if self.signed_at.is_none() {
            return Err("it does not say when it was made".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
