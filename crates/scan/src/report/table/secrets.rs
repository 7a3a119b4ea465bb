//! Secrets, each with its place and what is known of it. Examples and certificates are counted.

use std::io;

use model::{Confidence, Finding, Secret};

use super::content::{write_more, write_place};
use super::{BOLD, CAUTION, DIM, Line, PLAIN, Page, severity_style};
use crate::report::text::count;
use crate::report::view::View;
use crate::report::wording;

/// Secrets listed before the rest is summed up.
const LISTED: usize = 12;

pub(super) fn write(
    page: &mut Page<'_>,
    (view, with_layer): (&View<'_>, bool),
    findings: &[&Finding],
    all: bool,
) -> io::Result<()> {
    let alarms = |finding: &&&Finding| finding.secret().is_some_and(wording::is_alarm);
    let alarming: Vec<&Finding> = findings.iter().filter(|f| all || alarms(f)).copied().collect();
    let listed = if all { alarming.len() } else { alarming.len().min(LISTED) };
    for finding in &alarming[..listed] {
        write_one(page, (view, with_layer), finding)?;
    }
    write_more(page, &alarming[listed..])?;
    if all { Ok(()) } else { write_quiet(page, findings) }
}

fn write_one(page: &mut Page<'_>, place: (&View<'_>, bool), finding: &Finding) -> io::Result<()> {
    let Some(secret) = finding.secret() else { return Ok(()) };
    page.blank()?;
    let head = Line::new(2)
        .add(severity_style(finding.severity), finding.severity.as_str())
        .add(PLAIN, "  ")
        .foreign(BOLD, &secret.title)
        .add(PLAIN, "  ")
        .foreign(PLAIN, &wording::secret_place(secret));
    page.wrap(&head)?;
    if !secret.excerpt.is_empty() {
        page.cut(&Line::new(4).foreign(DIM, &secret.excerpt))?;
    }
    if let Some(line) = facts(secret) {
        page.wrap(&line)?;
    }
    write_place(page, place, finding, Line::new(4))
}

/// What is known of a key or certificate.
fn facts(secret: &Secret) -> Option<Line> {
    if let Some(key) = &secret.key {
        let line = Line::new(4).foreign(PLAIN, &wording::key(key));
        return Some(match &key.certificate {
            Some(place) => line.add(PLAIN, " · key of the certificate ").foreign(CAUTION, place),
            None => line,
        });
    }
    let certificate = secret.certificate.as_ref()?;
    let line = Line::new(4).foreign(PLAIN, &certificate.subject);
    let line = match certificate.not_after {
        Some(time) => line.add(DIM, format!(" · until {}", time.strftime("%Y-%m-%d"))),
        None => line,
    };
    Some(line.add(DIM, " · by ").foreign(DIM, &certificate.issuer))
}

/// One line for what is no alarm.
fn write_quiet(page: &mut Page<'_>, findings: &[&Finding]) -> io::Result<()> {
    let quiet = || findings.iter().filter_map(|f| f.secret()).filter(|s| !wording::is_alarm(s));
    let placeholders = quiet().filter(|s| s.confidence == Confidence::Placeholder).count();
    let certificates = quiet().count() - placeholders;
    let mut words = Vec::new();
    if certificates > 0 {
        words.push(count(certificates, "certificate", "certificates"));
    }
    if placeholders > 0 {
        words.push(count(placeholders, "example or placeholder", "examples and placeholders"));
    }
    if words.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.wrap(&Line::new(2).add(DIM, format!("+ {}; --all lists them", words.join(", "))))
}
