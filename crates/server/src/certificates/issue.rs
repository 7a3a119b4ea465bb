//! Keys and certificates, made and signed (RFC 5280): ECDSA on P-256.

use std::time::Duration;

use model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::Issued;
use crate::ServerError;

/// Clocks of two machines differ: a certificate begins so long before it is made.
const SKEW: Duration = Duration::from_secs(3_600);

/// From when to when something is valid.
pub(super) type Life = (Timestamp, Timestamp);

/// A certificate authority that may sign serving certificates and nothing below it.
pub(super) fn authority(life: Life) -> Result<Issued, ServerError> {
    let mut params = params(Vec::new(), "Lazaret admission authority", life)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    Ok(issued(certificate, &key, life))
}

/// A certificate for a TLS server of these DNS names or addresses.
pub(super) fn serving(
    authority: &Issued,
    names: &[String],
    life: Life,
) -> Result<Issued, ServerError> {
    let issuer =
        Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&authority.key)?)?;
    let mut params = params(names.to_vec(), "Lazaret admission", life)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?.pem();
    Ok(issued(certificate, &key, life))
}

fn params(names: Vec<String>, name: &str, life: Life) -> Result<CertificateParams, ServerError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let moment = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).unwrap_or(0);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    params.not_before = moment(life.0) - SKEW;
    params.not_after = moment(life.1);
    Ok(params)
}

fn issued(certificate: String, key: &KeyPair, (not_before, not_after): Life) -> Issued {
    Issued { certificate, key: key.serialize_pem(), not_before, not_after }
}
