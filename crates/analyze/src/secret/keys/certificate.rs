//! X.509 certificates (RFC 5280), read by the crate `x509-parser`.

use x509_parser::prelude::{FromDer, X509Certificate};

use model::{CertificateFacts, Timestamp};

use super::public_key::sha256_hex;

/// Longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 512;

/// The facts of the certificate in `der`.
pub(crate) fn read(der: &[u8]) -> Option<CertificateFacts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some(CertificateFacts {
        subject: name(&certificate.subject().to_string()),
        issuer: name(&certificate.issuer().to_string()),
        serial: certificate.raw_serial().iter().take(64).map(|b| format!("{b:02x}")).collect(),
        not_before: Timestamp::from_second(validity.not_before.timestamp()).ok(),
        not_after: Timestamp::from_second(validity.not_after.timestamp()).ok(),
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        is_ca: certificate.is_ca(),
        public_key: sha256_hex(certificate.public_key().raw),
    })
}

fn name(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME_CHARS).collect()
}
