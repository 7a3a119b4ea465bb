//! A secret explained: what it is, what is known of its key or certificate, where else it lies.

use std::io;

use model::{CertificateFacts, Finding, KeyFacts, Report, Secret};

use super::{fact, write_fact};
use crate::report::table::{CAUTION, DIM, PLAIN, Page};
use crate::report::text::count;
use crate::report::wording;

/// Other places of the same secret that are named.
const MAX_PLACES: usize = 10;

pub(super) fn write_facts(
    page: &mut Page<'_>,
    (report, finding): (&Report, &Finding),
    secret: &Secret,
) -> io::Result<()> {
    let sure = wording::confidence(secret.confidence);
    let kind = format!("{}, {sure}", wording::category(secret));
    page.wrap(
        &fact("kind")
            .add(PLAIN, kind)
            .add(DIM, "  (rule ")
            .foreign(DIM, &secret.rule)
            .add(DIM, ")"),
    )?;
    write_fact(page, "place", &wording::secret_place(secret))?;
    write_fact(page, "position", &secret.span.map(wording::span).unwrap_or_default())?;
    write_fact(page, "package", secret.owned_by.as_deref().unwrap_or_default())?;
    write_fact(page, "excerpt", &secret.excerpt)?;
    if let Some(key) = &secret.key {
        write_key(page, key)?;
    }
    if let Some(certificate) = &secret.certificate {
        write_certificate(page, certificate)?;
    }
    write_fact(page, "fingerprint", &secret.fingerprint)?;
    write_other_places(page, (report, finding), secret)
}

fn write_key(page: &mut Page<'_>, key: &KeyFacts) -> io::Result<()> {
    write_fact(page, "key", &wording::key(key))?;
    write_fact(page, "public key", &key.public_key)?;
    match &key.certificate {
        Some(place) => {
            let line = fact("certificate").foreign(CAUTION, place);
            page.wrap(&line.add(PLAIN, " is this key's, in the same image"))
        }
        None => Ok(()),
    }
}

fn write_certificate(page: &mut Page<'_>, certificate: &CertificateFacts) -> io::Result<()> {
    write_fact(page, "subject", &certificate.subject)?;
    let mut marks = vec![certificate.issuer.as_str()];
    if certificate.self_signed {
        marks.push("signed by its own key");
    }
    if certificate.is_ca {
        marks.push("may sign others");
    }
    write_fact(page, "issuer", &marks.join("; "))?;
    write_fact(page, "serial", &certificate.serial)?;
    let day = |time: Option<model::Timestamp>| match time {
        Some(time) => time.strftime("%Y-%m-%d").to_string(),
        None => "an unknown day".to_owned(),
    };
    let valid = format!("{} to {}", day(certificate.not_before), day(certificate.not_after));
    write_fact(page, "valid", &valid)?;
    write_fact(page, "public key", &certificate.public_key)
}

/// Where else in the image the same secret lies.
fn write_other_places(
    page: &mut Page<'_>,
    (report, finding): (&Report, &Finding),
    secret: &Secret,
) -> io::Result<()> {
    if secret.fingerprint.is_empty() {
        return Ok(());
    }
    let all = report.findings.iter().chain(report.ignored.iter().map(|ignored| &ignored.finding));
    let others: Vec<String> = all
        .filter(|other| other.id != finding.id)
        .filter_map(|other| other.secret())
        .filter(|other| other.fingerprint == secret.fingerprint)
        .map(|other| format!("{} in layer {}", wording::secret_place(other), other.layer.0))
        .collect();
    for place in others.iter().take(MAX_PLACES) {
        write_fact(page, "also at", place)?;
    }
    match others.len().saturating_sub(MAX_PLACES) {
        0 => Ok(()),
        more => write_fact(page, "also at", &count(more, "more place", "more places")),
    }
}
