//! A finding in words, whatever its kind: what it is called, where it lies, what to do about it.
//!
//! The texts are foreign still: who writes them cleans or escapes them for its own format.

use model::{
    Band, Confidence, Finding, FindingKind, KeyFacts, LayerIndex, Malware, MethodScore, Secret,
    SecretCategory, SecretPlace, Span, SuspiciousStep, TemplatePlace,
};

/// What it is called: a vulnerability's id, the name of malicious code, a secret's or a step's
/// title, the demand that is not met.
pub(crate) fn name(finding: &Finding) -> &str {
    match &finding.kind {
        FindingKind::Vulnerability(vulnerability) => &vulnerability.id.0,
        FindingKind::Malware(malware) => &malware.name,
        FindingKind::Secret(secret) => &secret.title,
        FindingKind::History(step) => &step.title,
        FindingKind::Trust(distrust) => &distrust.demand,
        FindingKind::Misconfiguration(flaw) => &flaw.title,
    }
}

/// What it lies in: a package and its version, a file, a file and its line, a build step, the image.
pub(crate) fn place(finding: &Finding) -> String {
    match &finding.kind {
        FindingKind::Vulnerability(v) => format!("{} {}", v.package, v.version),
        FindingKind::Malware(malware) => malware.path.clone(),
        FindingKind::Secret(secret) => secret_place(secret),
        FindingKind::History(step) => format!("build step {}", step.step),
        FindingKind::Trust(distrust) => distrust.reference.clone(),
        FindingKind::Misconfiguration(flaw) => template_place(&flaw.place),
    }
}

/// `app/.env:3`, `environment variable TOKEN`.
pub(crate) fn secret_place(secret: &Secret) -> String {
    match (&secret.place, secret.line) {
        (SecretPlace::File(path), line) if line > 0 => format!("{path}:{line}"),
        (place, _) => place.describe(),
    }
}

/// `deploy/web.yaml:12`.
pub(crate) fn template_place(place: &TemplatePlace) -> String {
    format!("{}:{}", place.file, place.first_line)
}

/// The file that a finding lies in; empty when it lies in none.
pub(crate) fn path(finding: &Finding) -> &str {
    match &finding.kind {
        FindingKind::Vulnerability(vulnerability) => &vulnerability.path,
        FindingKind::Malware(malware) => &malware.path,
        FindingKind::Secret(secret) => secret.place.path().unwrap_or_default(),
        FindingKind::History(_) | FindingKind::Trust(_) => "",
        FindingKind::Misconfiguration(flaw) => &flaw.place.file,
    }
}

/// What to do about it, in one sentence.
pub(crate) fn remedy(finding: &Finding) -> String {
    match &finding.kind {
        FindingKind::Vulnerability(v) => match &v.fixed_version {
            Some(version) => format!("Upgrade to {version}."),
            None => format!("No fixed version ({}).", v.fix_state),
        },
        FindingKind::Malware(malware) => of_malware(malware).to_owned(),
        FindingKind::Secret(secret) => of_secret(secret).to_owned(),
        FindingKind::History(step) => step.advice.clone(),
        FindingKind::Trust(_) => "Do not run the image before this is met.".to_owned(),
        FindingKind::Misconfiguration(flaw) => flaw.fix.clone(),
    }
}

/// One line that says all that matters: `critical: malicious php file app/x.php (rule, score 0.98),
/// in layer 2`.
pub(crate) fn headline(finding: &Finding) -> String {
    let (severity, name, place) = (finding.severity, name(finding), place(finding));
    match &finding.kind {
        FindingKind::Vulnerability(_) => format!("{severity} {name} in {place}"),
        FindingKind::Malware(malware) => format!(
            "{severity}: {} file {place}: {name}, score {}{}",
            malware.band,
            score(malware.score),
            layers(malware.layer, malware.deleted_by)
        ),
        FindingKind::Secret(secret) => {
            format!("{severity}: {name} in {place}{}", layers(secret.layer, secret.deleted_by))
        }
        FindingKind::History(step) => {
            format!("{severity}: {name} in {place}{}", layers(step.layer, None))
        }
        FindingKind::Misconfiguration(flaw) => {
            format!("{severity}: {name} at {place}: {}", flaw.message)
        }
        FindingKind::Trust(distrust) => {
            format!("{severity}: {place} is not trusted: {name}: {}", distrust.reason)
        }
    }
}

fn layers(layer: LayerIndex, deleted_by: Option<LayerIndex>) -> String {
    match deleted_by {
        Some(later) => format!(", in layer {}, deleted in layer {}", layer.0, later.0),
        None => format!(", in layer {}", layer.0),
    }
}

/// What proves it, one fact a line, without secrets.
pub(crate) fn evidence(finding: &Finding) -> Vec<String> {
    match &finding.kind {
        FindingKind::Vulnerability(vulnerability) => vec![vulnerability.summary.clone()],
        FindingKind::Malware(malware) => {
            malware.methods.iter().map(method).chain([malware.digest.to_string()]).collect()
        }
        FindingKind::Secret(secret) => {
            let mut lines = vec![secret.excerpt.clone()];
            if let Some(facts) = &secret.key {
                lines.push(key(facts));
                let place = facts.certificate.iter();
                lines.extend(place.map(|place| format!("key of the certificate {place}")));
            }
            lines.extend(secret.certificate.iter().map(|facts| facts.subject.clone()));
            lines
        }
        FindingKind::History(step) => {
            let mut lines = vec![step.text.clone()];
            lines.extend(step.confirmed_by.iter().map(|path| format!("confirmed by {path}")));
            lines.push(step.attack.join(", "));
            lines
        }
        FindingKind::Misconfiguration(flaw) => vec![flaw.message.clone(), flaw.aliases.join(", ")],
        FindingKind::Trust(distrust) => {
            vec![format!("scope {}, {}", distrust.scope, distrust.requirement)]
        }
    }
}

/// `yara 0.95: name by author: what it means`.
fn method(said: &MethodScore) -> String {
    let mut line = format!("{} {}", said.method, score(said.score));
    if let Some(evidence) = said.evidence.first() {
        line.push_str(&format!(": {}", evidence.name));
        if !evidence.author.is_empty() {
            line.push_str(&format!(" by {}", evidence.author));
        }
        if !evidence.description.is_empty() {
            line.push_str(&format!(": {}", evidence.description));
        }
    }
    line
}

fn of_malware(malware: &Malware) -> &'static str {
    match (malware.band, malware.deleted_by) {
        (Band::Malicious, None) => {
            "Take the file out, find out how it came in, and treat what it could reach as known."
        }
        (Band::Malicious, Some(_)) => {
            "It is in no container but still in the image: build the image again without it."
        }
        _ => "Look at the file: take it out, or write an exception when it belongs there.",
    }
}

fn of_secret(secret: &Secret) -> &'static str {
    if !is_alarm(secret) {
        return "Nothing to do while it stays an example or is meant to be public.";
    }
    if secret.deleted_by.is_some() {
        return "Deleting it in a later layer does not take it back: replace it, then build without it.";
    }
    "Replace it where it is used, then build without it: who has the image has the secret."
}

/// Whether a secret is one: no placeholder, no certificate that lies there without its key.
pub(crate) fn is_alarm(secret: &Secret) -> bool {
    secret.confidence != Confidence::Placeholder && secret.category != SecretCategory::Certificate
}

/// A category in the words of people: `private key`.
pub(crate) fn category(secret: &Secret) -> String {
    secret.category.as_str().replace('_', " ")
}

/// How much it proves, in words.
pub(crate) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Placeholder => "an example or placeholder",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}

/// `rsa 2048 bits, pkcs8, not encrypted`.
pub(crate) fn key(key: &KeyFacts) -> String {
    let mut words = Vec::new();
    let algorithm = if key.algorithm.is_empty() { "unknown algorithm" } else { &key.algorithm };
    words.push(match key.bits {
        0 => algorithm.to_owned(),
        bits => format!("{algorithm} {bits} bits"),
    });
    words.push(key.format.clone());
    words.push(if key.encrypted { "encrypted" } else { "not encrypted" }.to_owned());
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

/// A step's text before the part that says it, that part, and the text after. All is before where
/// no part is named.
pub(crate) fn step_parts(step: &SuspiciousStep) -> (&str, &str, &str) {
    let text = step.text.as_str();
    let place = |at: u64| usize::try_from(at).ok();
    let parts = step.span.and_then(|span| {
        let start = place(span.offset)?;
        let end = place(span.offset.checked_add(span.length)?)?;
        Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?))
    });
    parts.unwrap_or((text, "", ""))
}

/// `bytes 25 to 61`, the last one included; a place when it has no length.
pub(crate) fn span(span: Span) -> String {
    match span.length {
        0 | 1 => format!("byte {}", span.offset),
        length => format!("bytes {} to {}", span.offset, span.offset.saturating_add(length - 1)),
    }
}

/// A score between 0 and 1 as it is written everywhere.
pub(crate) fn score(score: f32) -> String {
    format!("{score:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_of_keys_and_spans() {
        let facts = KeyFacts {
            algorithm: "rsa".into(),
            bits: 2048,
            format: "pkcs8".into(),
            ..KeyFacts::default()
        };
        assert_eq!(key(&facts), "rsa 2048 bits, pkcs8, not encrypted");
        let sealed = KeyFacts { encrypted: true, ..KeyFacts::default() };
        assert_eq!(key(&sealed), "unknown algorithm, encrypted");
        assert_eq!(span(Span { offset: 25, length: 37 }), "bytes 25 to 61");
        assert_eq!(span(Span { offset: 7, length: 1 }), "byte 7");
        assert_eq!(
            span(Span { offset: u64::MAX, length: 9 }),
            format!("bytes {} to {0}", u64::MAX)
        );
    }
}
