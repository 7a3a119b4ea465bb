//! `verify`: one signature and the authorities to what can be said of it. Pure.

use model::{Digest, SignatureFact, Timestamp};

use super::authority::{Authorities, Trusted};
use super::{RawSignature, SignatureBody, SignatureSearch, bundle, gpg, notation, simple};

/// What a signature says, believed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signed {
    /// The digest that it names.
    pub(super) digest: Option<Digest>,
    /// The reference that it names.
    pub(super) reference: Option<String>,
    /// When it says it was made.
    pub(super) signed_at: Option<Timestamp>,
}

/// A signature that holds with an authority.
#[derive(Debug)]
pub(super) struct Holds {
    pub(super) signed: Signed,
    /// The key or certificate that signed, in words.
    pub(super) signer: String,
}

/// A signature that does not hold, and why.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) signed: Signed,
    pub(super) why: String,
    /// The signature itself held with the authority.
    authentic: bool,
}

impl Failure {
    /// Nothing of it could be read.
    pub(super) fn new(why: impl Into<String>) -> Self {
        Failure::of(Signed::default(), why)
    }

    pub(super) fn of(signed: Signed, why: impl Into<String>) -> Self {
        Failure { signed, why: why.into(), authentic: false }
    }

    /// It is well signed, and not what is wanted.
    pub(super) fn authentic(signed: Signed, why: impl Into<String>) -> Self {
        Failure { signed, why: why.into(), authentic: true }
    }
}

/// What can be said of a signature: a fact for each authority that it holds with, or one that says
/// why it holds with none. Authorities of another kind than the signature's are not asked. A
/// signature that does not name the digest it was found for holds with nobody.
pub fn verify(raw: &RawSignature, authorities: &Authorities, now: Timestamp) -> Vec<SignatureFact> {
    let format = raw.format();
    let mut holding = Vec::new();
    let mut first_failure = None;
    for authority in authorities.list.iter().filter(|a| a.formats.contains(&format)) {
        match check(raw, authority, now) {
            Ok(holds) => {
                let Holds { signed, signer } = holds;
                holding.push(SignatureFact {
                    identity: Some(authority.name.clone()),
                    signer: Some(signer),
                    ..fact(raw, signed, None)
                });
            }
            Err(failure) => first_failure = prefer(first_failure, failure),
        }
    }
    if !holding.is_empty() {
        return holding;
    }
    let Failure { signed, why, .. } = first_failure.unwrap_or_else(|| {
        let nobody = format!("no authority is there that {format} signatures are checked with");
        // Read all the same, for what it says.
        let signed = match check(raw, &Trusted::nobody(), now) {
            Ok(holds) => holds.signed,
            Err(failure) => failure.signed,
        };
        Failure::of(signed, nobody)
    });
    vec![fact(raw, signed, Some(why))]
}

/// The facts of everything that a search has found.
pub fn verify_all(
    search: &SignatureSearch,
    authorities: &Authorities,
    now: Timestamp,
) -> Vec<SignatureFact> {
    search.signatures.iter().flat_map(|raw| verify(raw, authorities, now)).collect()
}

/// Checks a signature with one authority, and that it is of what it was found for.
fn check(raw: &RawSignature, authority: &Trusted, now: Timestamp) -> Result<Holds, Failure> {
    let holds = match &raw.body {
        SignatureBody::CosignSimple { payload, signature } => {
            simple::check_cosign(payload, signature, authority)
        }
        SignatureBody::SigstoreBundle(bytes) => bundle::check(bytes, authority),
        SignatureBody::NotationJws(bytes) => {
            notation::check_jws(bytes, &raw.subject, authority, now)
        }
        SignatureBody::NotationCose(bytes) => {
            notation::check_cose(bytes, &raw.subject, authority, now)
        }
        SignatureBody::GpgSimple(bytes) => gpg::check(bytes, authority, now),
    }?;
    if holds.signed.digest.as_ref() == Some(&raw.subject.digest) {
        return Ok(holds);
    }
    let signs = holds.signed.digest.as_ref().map_or("nothing".to_owned(), Digest::to_string);
    Err(Failure::authentic(holds.signed, format!("it signs {signs}, not this image")))
}

/// Of two failures the one that says more: that of the authority that signed, then the one that
/// could read the digest.
fn prefer(first: Option<Failure>, next: Failure) -> Option<Failure> {
    let says = |failure: &Failure| (failure.authentic, failure.signed.digest.is_some());
    match first {
        Some(first) if says(&first) >= says(&next) => Some(first),
        _ => Some(next),
    }
}

fn fact(raw: &RawSignature, signed: Signed, failure: Option<String>) -> SignatureFact {
    SignatureFact {
        format: raw.format(),
        found_at: raw.found_at.clone(),
        signs: signed.digest,
        reference: signed.reference,
        identity: None,
        signer: None,
        signed_at: signed.signed_at,
        failure,
    }
}
