//! Sigstore bundles: a DSSE envelope around an in-toto statement, signed with a key.
//!
//! Sources: sigstore `protobuf-specs` (bundle v0.3); DSSE `protocol.md` (the bytes that are signed);
//! in-toto attestation `spec/v1/statement.md`; cosign 3's predicate of image signatures. The
//! statement names the image by its digest alone: whose repository it lies in is not signed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::Digest;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::authority::Trusted;
use super::crypto::PublicKey;
use super::verify::{Failure, Holds, Signed};

/// The bundles that are understood.
const MEDIA_TYPES: [&str; 2] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
];
/// What the envelope must hold.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What a statement must say to sign an image rather than to tell something about it.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Option<Envelope>,
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<KeyHint>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct KeyHint {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<StatementSubject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct StatementSubject {
    digest: StatementDigest,
}

#[derive(Deserialize)]
struct StatementDigest {
    sha256: Option<String>,
    sha512: Option<String>,
}

/// Checks a bundle against one authority's keys.
pub(super) fn check(bytes: &[u8], authority: &Trusted) -> Result<Holds, Failure> {
    let bundle: Bundle = serde_json::from_slice(bytes)
        .map_err(|error| Failure::new(format!("it is not a sigstore bundle: {error}")))?;
    if !MEDIA_TYPES.contains(&bundle.media_type.as_str()) {
        let kind: String = bundle.media_type.chars().take(80).collect();
        return Err(Failure::new(format!("bundles of the type `{kind}` are not supported")));
    }
    let (Some(envelope), None) = (&bundle.dsse_envelope, &bundle.message_signature) else {
        return Err(Failure::new("the bundle holds no envelope: it signs a file".to_owned()));
    };
    let decoded = BASE64_STANDARD.decode(&envelope.payload);
    let Ok(payload) = decoded else {
        return Err(Failure::new("the payload is not base64".to_owned()));
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        let kind: String = envelope.payload_type.chars().take(80).collect();
        return Err(Failure::new(format!("the payload is of the type `{kind}`")));
    }
    let signed = statement(&payload)?;
    let material = &bundle.verification_material;
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        let why = "it is signed with a certificate (keyless), which is not checked offline";
        return Err(Failure::of(signed, why.to_owned()));
    }
    let [signature] = envelope.signatures.as_slice() else {
        let count = envelope.signatures.len();
        return Err(Failure::of(signed, format!("the envelope has {count} signatures, not one")));
    };
    let Ok(signature) = BASE64_STANDARD.decode(&signature.sig) else {
        return Err(Failure::of(signed, "the signature is not base64".to_owned()));
    };
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    match authority.key_that_signed(&message, &signature) {
        Some(key) => Ok(Holds { signed, signer: key.name() }),
        None => Err(Failure::of(signed, why_not(material, authority))),
    }
}

/// The digest that a statement signs.
fn statement(payload: &[u8]) -> Result<Signed, Failure> {
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| Failure::new(format!("the payload is not a statement: {error}")))?;
    let [subject] = statement.subject.as_slice() else {
        let count = statement.subject.len();
        return Err(Failure::new(format!("the statement is about {count} things, not one")));
    };
    let named = match (&subject.digest.sha256, &subject.digest.sha512) {
        (Some(hex), _) => format!("sha256:{hex}"),
        (None, Some(hex)) => format!("sha512:{hex}"),
        (None, None) => String::new(),
    };
    let signed = Signed { digest: named.parse::<Digest>().ok(), ..Signed::default() };
    if statement.predicate_type != SIGN_PREDICATE {
        let kind: String = statement.predicate_type.chars().take(120).collect();
        return Err(Failure::of(
            signed,
            format!("it attests `{kind}`, it does not sign the image"),
        ));
    }
    if statement.statement_type != STATEMENT_TYPE {
        return Err(Failure::of(signed, "the payload is not an in-toto statement v1".to_owned()));
    }
    if signed.digest.is_none() {
        return Err(Failure::of(signed, "the statement names no digest".to_owned()));
    }
    Ok(signed)
}

/// The bytes that are signed: type and payload, each with its length before it.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Why no key fits. The hint only serves this message: it is not signed.
fn why_not(material: &Material, authority: &Trusted) -> String {
    let hinted = |key: &PublicKey| {
        let hint = material.public_key.as_ref().map(|key| key.hint.as_str());
        hint == Some(BASE64_STANDARD.encode(key.fingerprint).as_str())
    };
    match authority.keys.iter().any(hinted) {
        true => "it was changed after it was signed: the signature does not fit".to_owned(),
        false => "it is signed by another key, or was changed".to_owned(),
    }
}
