//! Certificates: from a chain that came with a signature to a trusted authority.
//!
//! A strict part of RFC 5280: every certificate is signed by the next, valid now, and may do what it
//! did; what is critical and not known here refuses it. Name constraints and policies are not
//! evaluated, and refuse a certificate that has them critical. Nothing is fetched: revocation is not
//! asked for. Source of the demands on the signer's certificate: Notary Project specification,
//! `signature-specification.md`, "Certificate Requirements" (here `codeSigning` must be there).

use model::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::AlgorithmIdentifier;

use super::crypto::{Hash, PublicKey, Scheme, sha256};

/// Most certificates in a chain.
const CHAIN_MAX: usize = 8;
/// Most bytes of one certificate.
const CERTIFICATE_MAX_BYTES: usize = 64 << 10;
/// Short names of the parts of a subject (RFC 4514, section 3), by object identifier.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// A certificate of the trust store.
#[derive(Debug, Clone)]
pub(super) struct StoredCertificate {
    der: Vec<u8>,
}

/// The signer: the first certificate of a chain that holds.
pub(super) struct Signer {
    pub(super) key: PublicKey,
    /// Its subject, in words.
    pub(super) subject: String,
}

impl StoredCertificate {
    pub(super) fn read(der: Vec<u8>) -> Result<Self, String> {
        parse(&der)?;
        Ok(StoredCertificate { der })
    }
}

/// Follows a chain, signer first, to a certificate of the store. `signed_at` is when the signature
/// says it was made: the signer's certificate must have been valid then, and the chain is now.
pub(super) fn follow(
    chain: &[Vec<u8>],
    store: &[StoredCertificate],
    identities: &[String],
    (signed_at, now): (Option<Timestamp>, Timestamp),
) -> Result<Signer, String> {
    if chain.is_empty() || chain.len() > CHAIN_MAX {
        return Err(format!(
            "{} certificates came with it: expected 1 to {CHAIN_MAX}",
            chain.len()
        ));
    }
    let mut certificates = Vec::with_capacity(chain.len());
    for der in chain {
        certificates.push(parse(der)?);
    }
    let anchors: Vec<X509Certificate<'_>> =
        store.iter().filter_map(|stored| parse(&stored.der).ok()).collect();
    let signer = &certificates[0];
    for (place, certificate) in certificates.iter().enumerate() {
        check_use(certificate, place, now)?;
        if anchors.iter().any(|anchor| anchor.as_raw() == certificate.as_raw()) {
            return signer_of(signer, identities, signed_at);
        }
        let anchor = anchors.iter().find(|anchor| issued(anchor, certificate));
        if let Some(anchor) = anchor {
            check_use(anchor, place + 1, now)?;
            return signer_of(signer, identities, signed_at);
        }
        match certificates.get(place + 1) {
            Some(next) if issued(next, certificate) => {}
            Some(next) => {
                let (this, next) = (name(certificate), name(next));
                return Err(format!("the certificate of {this} is not issued by {next}"));
            }
            None => {
                let issuer = words(certificate.issuer());
                return Err(format!("its certificate comes from {issuer}, which is not trusted"));
            }
        }
    }
    Err("its certificates lead to nobody that is trusted".to_owned())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    if der.len() > CERTIFICATE_MAX_BYTES {
        return Err(format!("a certificate of more than {CERTIFICATE_MAX_BYTES} bytes"));
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err("something follows a certificate".to_owned()),
        Err(_) => Err("a certificate cannot be read".to_owned()),
    }
}

/// Whether one certificate's key signed the other, and it goes by the issuer's name.
fn issued(issuer: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    if issuer.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    // What says how it is signed stands in the certificate twice: they must agree.
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return false;
    }
    let Ok(key) = PublicKey::from_spki(issuer.public_key().raw) else { return false };
    let Some(scheme) = scheme(&certificate.signature_algorithm) else { return false };
    let signature = &certificate.signature_value;
    signature.unused_bits == 0
        && key.verifies(scheme, certificate.tbs_certificate.as_ref(), &signature.data)
}

/// How a certificate is signed; `None` for what is too weak or not known.
fn scheme(algorithm: &AlgorithmIdentifier<'_>) -> Option<Scheme> {
    Some(match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => Scheme::RsaPkcs1(Hash::Sha256),
        "1.2.840.113549.1.1.12" => Scheme::RsaPkcs1(Hash::Sha384),
        "1.2.840.113549.1.1.13" => Scheme::RsaPkcs1(Hash::Sha512),
        "1.2.840.10045.4.3.2" => Scheme::EcdsaDer(Hash::Sha256),
        "1.2.840.10045.4.3.3" => Scheme::EcdsaDer(Hash::Sha384),
        "1.3.101.112" => Scheme::Ed25519,
        _ => return None,
    })
}

/// Checks that a certificate is valid now and may stand at its place: 0 is the signer, every other
/// issued the one before.
fn check_use(
    certificate: &X509Certificate<'_>,
    place: usize,
    now: Timestamp,
) -> Result<(), String> {
    let who = name(certificate);
    let validity = certificate.validity();
    let now_s = now.as_second();
    if now_s < validity.not_before.timestamp() {
        let day = day(&validity.not_before);
        return Err(format!("the certificate of {who} is not valid before {day}"));
    }
    if now_s > validity.not_after.timestamp() {
        return Err(format!("the certificate of {who} expired on {}", day(&validity.not_after)));
    }
    if certificate.extensions_map().is_err() {
        return Err(format!("the certificate of {who} says something twice"));
    }
    let (mut authority, mut may_issue, mut may_sign, mut signs_code) = (None, None, None, false);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => authority = Some(constraints),
            ParsedExtension::KeyUsage(usage) => {
                may_issue = Some(usage.key_cert_sign());
                may_sign = Some(usage.digital_signature());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                signs_code = usage.code_signing && !usage.any && !usage.time_stamping;
            }
            ParsedExtension::SubjectAlternativeName(_) => {}
            _ if extension.critical => {
                let id = extension.oid.to_id_string();
                return Err(format!("the certificate of {who} demands {id}, which is not known"));
            }
            _ => {}
        }
    }
    if place == 0 {
        let issues = authority.is_some_and(|constraints| constraints.ca);
        return match (may_sign, signs_code) {
            _ if issues => Err(format!("the certificate of {who} is an authority's, no signer's")),
            (Some(true), true) => Ok(()),
            (Some(true), false) => Err(format!("the certificate of {who} is not for signing code")),
            _ => Err(format!("the certificate of {who} is not for signatures")),
        };
    }
    let longest = match authority.filter(|constraints| constraints.ca) {
        Some(constraints) if may_issue != Some(false) => constraints.path_len_constraint,
        _ => return Err(format!("{who} may not issue certificates")),
    };
    // Between it and the signer stand one less than its place.
    let between = u32::try_from(place - 1).unwrap_or(u32::MAX);
    if longest.is_some_and(|longest| between > longest) {
        return Err(format!("{who} may not issue to so many others below it"));
    }
    Ok(())
}

fn signer_of(
    certificate: &X509Certificate<'_>,
    identities: &[String],
    signed_at: Option<Timestamp>,
) -> Result<Signer, String> {
    let subject = name(certificate);
    if let Some(signed_at) = signed_at {
        let validity = certificate.validity();
        let (from, to) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        if !(from..=to).contains(&signed_at.as_second()) {
            return Err(format!("the certificate of {subject} was not valid when it was signed"));
        }
    }
    if !identities.is_empty() && !identities.iter().any(|wanted| is_called(certificate, wanted)) {
        let wanted = identities.join(" or ");
        return Err(format!("it is signed by {subject}, not by {wanted}"));
    }
    let key = PublicKey::from_spki(certificate.public_key().raw)
        .map_err(|why| format!("the key of {subject}: {why}"))?;
    Ok(Signer { key, subject })
}

/// Whether a certificate is what a policy demands: an alternative name, or a subject of which every
/// part is there.
fn is_called(certificate: &X509Certificate<'_>, wanted: &str) -> bool {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names);
    if let Some((kind, value)) = wanted.split_once(':')
        && matches!(kind, "email" | "uri" | "dns")
    {
        return names.into_iter().any(|name| match name {
            GeneralName::RFC822Name(found) => kind == "email" && *found == value,
            GeneralName::URI(found) => kind == "uri" && *found == value,
            GeneralName::DNSName(found) => kind == "dns" && found.eq_ignore_ascii_case(value),
            _ => false,
        });
    }
    let mut has = parts(certificate.subject());
    let wanted = split_subject(wanted);
    !wanted.is_empty()
        && wanted.iter().all(|part| {
            // Each part answers for one demand, so that `OU=a,OU=b` needs both.
            let found = has.iter().position(|found| found == part);
            found.map(|at| has.swap_remove(at)).is_some()
        })
}

/// The parts of a subject as `CN=ci,O=Example` writes it; a backslash keeps a comma.
fn split_subject(text: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => parts.last_mut().map(|part| part.extend(chars.next())).unwrap_or_default(),
            ',' => parts.push(String::new()),
            other => parts.last_mut().map(|part| part.push(other)).unwrap_or_default(),
        }
    }
    let pair = |part: &String| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim().to_ascii_uppercase(), value.trim().to_owned()))
    };
    // A part that is none makes the whole fit nothing.
    parts.iter().map(pair).collect::<Option<_>>().unwrap_or_default()
}

fn parts(subject: &x509_parser::x509::X509Name<'_>) -> Vec<(String, String)> {
    let attributes = subject.iter_attributes().filter_map(|attribute| {
        let id = attribute.attr_type().to_id_string();
        let short = ATTRIBUTES.iter().find(|(known, _)| *known == id);
        let key = short.map_or(id.as_str(), |(_, short)| short).to_owned();
        Some((key, attribute.as_str().ok()?.to_owned()))
    });
    attributes.collect()
}

/// The subject of a certificate in one line; its fingerprint where it has none.
fn name(certificate: &X509Certificate<'_>) -> String {
    match words(certificate.subject()) {
        empty if empty.is_empty() => {
            let hash = sha256(certificate.as_raw());
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("certificate SHA256:{hex}")
        }
        words => words,
    }
}

fn words(subject: &x509_parser::x509::X509Name<'_>) -> String {
    const SHOWN_CHARS: usize = 200;
    let parts: Vec<String> =
        parts(subject).into_iter().rev().map(|(key, value)| format!("{key}={value}")).collect();
    let line = parts.join(",");
    line.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

/// The day of a time, `YYYY-MM-DD`.
fn day(time: &ASN1Time) -> String {
    let time = Timestamp::from_second(time.timestamp()).map(|time| time.to_string());
    time.map_or("a day out of range".to_owned(), |time| time.chars().take(10).collect())
}

#[cfg(test)]
mod tests;
