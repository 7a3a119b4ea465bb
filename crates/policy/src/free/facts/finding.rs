//! The fields of one finding.

use model::{
    AdvisoryKind, Finding, FindingKind, FixState, Malware, Misconfiguration, Secret,
    SuspiciousStep, Vulnerability,
};

use super::{Answer, age, count, moment, owned, text, texts};
use crate::day::Day;
use crate::filter::Value;
use crate::judge::is_fixed;

/// The value of a field of a finding; `None` for fields of another kind.
pub(super) fn value<'a>(finding: &'a Finding, name: &str, today: Day) -> Answer<'a> {
    let (first, rest) = name.split_once('.')?;
    match (first, &finding.kind) {
        (_, _) if rest == "severity" && first != "trust" => severity(finding, first),
        ("vuln", FindingKind::Vulnerability(v)) => match rest {
            "base" => Some(Value::Bool(finding.base)),
            _ => vulnerability(v, rest, today),
        },
        ("malware", FindingKind::Malware(m)) => malware(m, rest),
        ("secret", FindingKind::Secret(s)) => secret(s, rest),
        ("history", FindingKind::History(step)) => history(step, rest),
        ("template", FindingKind::Misconfiguration(flaw)) => template(flaw, rest),
        _ => None,
    }
}

/// How bad a finding is, where the field is of its kind.
fn severity<'a>(finding: &Finding, first: &str) -> Answer<'a> {
    let is_of = matches!(
        (first, &finding.kind),
        ("vuln", FindingKind::Vulnerability(_))
            | ("secret", FindingKind::Secret(_))
            | ("history", FindingKind::History(_))
            | ("template", FindingKind::Misconfiguration(_))
    );
    is_of.then(|| Value::from(finding.severity.as_str()))
}

fn vulnerability<'a>(v: &'a Vulnerability, name: &str, today: Day) -> Answer<'a> {
    match name {
        "id" => texts(crate::exceptions::names_of(v)),
        "kind" => text(match v.kind {
            AdvisoryKind::Vulnerability => "weakness",
            AdvisoryKind::Malicious => "malicious",
            AdvisoryKind::Informational => "notice",
        }),
        "package" => text(&v.package),
        "version" => text(&v.version),
        "purl" => text(v.purl.as_str()),
        "path" => text(&v.path),
        "layer" => count(v.layer.0),
        "fixable" => Some(Value::Bool(is_fixed(v))),
        "fixed_version" => text(v.fixed_version.as_deref()?),
        "fix_state" => owned(state(v.fix_state)),
        "cvss" => Some(Value::Float(v.cvss.first()?.score)),
        "cvss_vector" => texts(v.cvss.iter().map(|score| score.vector.as_str())),
        "epss" => Some(Value::Float(f64::from(v.epss?.score))),
        "epss_percentile" => Some(Value::Float(f64::from(v.epss?.percentile?))),
        "kev" => Some(Value::Bool(v.kev.is_some())),
        "ransomware" => Some(Value::Bool(v.kev.as_ref().is_some_and(|kev| kev.ransomware))),
        "risk" => Some(Value::Float(f64::from(v.risk))),
        "published" => moment(v.published?),
        "age" => age(v.published?, today),
        "sources" => texts(v.sources.iter().map(|claim| claim.source.as_str())),
        "summary" => text(&v.summary),
        _ => None,
    }
}

fn state(state: FixState) -> String {
    match serde_json::to_value(state) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn malware<'a>(m: &'a Malware, name: &str) -> Answer<'a> {
    match name {
        "path" => text(&m.path),
        "name" => text(&m.name),
        "band" => text(m.band.as_str()),
        "score" => Some(Value::Float(f64::from(m.score))),
        "methods" => texts(m.methods.iter().map(|said| said.method.as_str())),
        "rules" => {
            let evidence = m.methods.iter().flat_map(|said| &said.evidence);
            texts(evidence.map(|evidence| evidence.name.as_str()))
        }
        "file_kind" => text(&m.file_kind),
        "digest" => text(m.digest.as_str()),
        "size" => count(m.size_bytes),
        "layer" => count(m.layer.0),
        "deleted" => Some(Value::Bool(m.deleted_by.is_some())),
        "owned_by" => text(m.owned_by.as_deref()?),
        _ => None,
    }
}

fn secret<'a>(s: &'a Secret, name: &str) -> Answer<'a> {
    match name {
        "category" => text(s.category.as_str()),
        "rule" => text(&s.rule),
        "title" => text(&s.title),
        "confidence" => text(match s.confidence {
            model::Confidence::Placeholder => "placeholder",
            model::Confidence::Likely => "likely",
            model::Confidence::Certain => "certain",
        }),
        "place" => owned(s.place.describe()),
        "path" => text(s.place.path()?),
        "layer" => count(s.layer.0),
        "deleted" => Some(Value::Bool(s.deleted_by.is_some())),
        "owned_by" => text(s.owned_by.as_deref()?),
        "key.algorithm" => text(&s.key.as_ref()?.algorithm),
        "key.bits" => count(s.key.as_ref()?.bits),
        "key.encrypted" => Some(Value::Bool(s.key.as_ref()?.encrypted)),
        "cert.subject" => text(&s.certificate.as_ref()?.subject),
        "cert.issuer" => text(&s.certificate.as_ref()?.issuer),
        "cert.not_after" => moment(s.certificate.as_ref()?.not_after?),
        "cert.self_signed" => Some(Value::Bool(s.certificate.as_ref()?.self_signed)),
        "cert.ca" => Some(Value::Bool(s.certificate.as_ref()?.is_ca)),
        _ => None,
    }
}

fn history<'a>(step: &'a SuspiciousStep, name: &str) -> Answer<'a> {
    match name {
        "rule" => text(&step.rule),
        "title" => text(&step.title),
        "text" => text(&step.text),
        "step" => count(step.step),
        "layer" => count(step.layer.0),
        "attack" => texts(step.attack.iter().map(String::as_str)),
        _ => None,
    }
}

fn template<'a>(flaw: &'a Misconfiguration, name: &str) -> Answer<'a> {
    match name {
        "rule" => {
            let names = std::iter::once(&flaw.rule).chain(&flaw.aliases);
            texts(names.map(String::as_str))
        }
        "title" => text(&flaw.title),
        "file" => text(&flaw.place.file),
        "subject" => text(&flaw.subject),
        _ => None,
    }
}
