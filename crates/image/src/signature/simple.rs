//! Simple signing: a small JSON document that names a digest, and a signature over its bytes.
//!
//! Sources: containers-image `docs/containers-signature.5.md`; cosign `specs/SIGNATURE_SPEC.md`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::{Digest, Timestamp};
use serde::Deserialize;

use super::authority::Trusted;
use super::verify::{Failure, Holds, Signed};

/// The type that cosign writes into its documents.
const COSIGN_TYPE: &str = "cosign container image signature";
/// The type of documents that are signed with GPG.
pub(super) const ATOMIC_TYPE: &str = "atomic container signature";

/// The document. What is critical and not known must not be passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    critical: Critical,
    #[serde(default)]
    optional: Option<Optional>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: String,
}

#[derive(Deserialize)]
struct Optional {
    #[serde(default)]
    timestamp: Option<serde_json::Value>,
}

/// Reads the document of a signature whose type must be `wanted`.
pub(super) fn document(bytes: &[u8], wanted: &str) -> Result<Signed, Failure> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| {
        Failure::new(format!("the payload is not a simple-signing document: {error}"))
    })?;
    let critical = document.critical;
    let digest = critical.image.docker_manifest_digest.parse::<Digest>().ok();
    let reference = Some(critical.identity.docker_reference).filter(|text| !text.is_empty());
    let seconds = document.optional.and_then(|optional| optional.timestamp?.as_i64());
    let signed_at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let signed = Signed { digest, reference, signed_at };
    if critical.r#type != wanted {
        let kind: String = critical.r#type.chars().take(80).collect();
        let why = format!("the payload is of the type `{kind}`, not `{wanted}`");
        return Err(Failure::of(signed, why));
    }
    if signed.digest.is_none() {
        return Err(Failure::of(signed, "the payload names no digest".to_owned()));
    }
    Ok(signed)
}

/// Checks cosign's form: a signature over the document's bytes.
pub(super) fn check_cosign(
    payload: &[u8],
    signature: &str,
    authority: &Trusted,
) -> Result<Holds, Failure> {
    let signed = document(payload, COSIGN_TYPE)?;
    let Ok(signature) = BASE64_STANDARD.decode(signature.trim()) else {
        return Err(Failure::of(signed, "the signature is not base64".to_owned()));
    };
    match authority.key_that_signed(payload, &signature) {
        Some(key) => Ok(Holds { signed, signer: key.name() }),
        None => Err(Failure::of(signed, "it is signed by another key, or was changed".to_owned())),
    }
}
