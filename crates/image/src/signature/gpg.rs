//! GPG simple signing: a document that names a digest, inside a signed OpenPGP message.
//!
//! Source: containers-image `docs/containers-signature.5.md`.

use model::Timestamp;

use super::authority::Trusted;
use super::openpgp::SignedMessage;
use super::simple::{ATOMIC_TYPE, document};
use super::verify::{Failure, Holds};

/// Checks a signed message with an authority's keys.
pub(super) fn check(bytes: &[u8], authority: &Trusted, now: Timestamp) -> Result<Holds, Failure> {
    let message = SignedMessage::read(bytes).map_err(Failure::new)?;
    let mut signed = document(&message.document, ATOMIC_TYPE)?;
    signed.signed_at = message.signed_at();
    let mut why = "it is signed by another key, or was changed".to_owned();
    for certificate in &authority.openpgp {
        match message.signer(certificate, now) {
            Ok(key) => {
                let id = certificate.user_id().map(|id| format!(", {id}")).unwrap_or_default();
                let signer = format!("key {}{id}", key.fingerprint());
                return Ok(Holds { signed, signer });
            }
            Err(refused) => why = refused,
        }
    }
    Err(Failure::of(signed, why))
}
