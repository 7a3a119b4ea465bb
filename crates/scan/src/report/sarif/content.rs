//! SARIF of what is no vulnerability: rules, messages and places of malicious files, secrets, build
//! steps and unmet requirements of trust.

use model::{Confidence, Distrust, Finding, FindingKind, Malware, Method, MethodScore, Secret};
use serde_json::{Value, json};

use super::document::{Configuration, Help, Region, Rule, RuleProperties, Text};
use super::level;
use super::rule::{escape, middle_of};
use crate::report::text::clean;
use crate::report::view::{attack_url, reference_url};
use crate::report::wording;

/// Characters of a build step that a message shows.
const MAX_EXCERPT_CHARS: usize = 200;

/// The rule that a finding breaks: the method and what it names, the secret's or step's rule, the
/// kind of requirement. `None` for a vulnerability.
pub(super) fn rule_id(finding: &Finding) -> Option<String> {
    let id = match &finding.kind {
        FindingKind::Vulnerability(_) => return None,
        FindingKind::Malware(malware) => malware_rule(malware),
        FindingKind::Secret(secret) => format!("secret/{}", secret.rule),
        FindingKind::History(step) => format!("history/{}", step.rule),
        FindingKind::Trust(distrust) => format!("trust/{}", distrust.requirement),
        FindingKind::Misconfiguration(flaw) => format!("template/{}", flaw.rule),
    };
    Some(clean(&id).into_owned())
}

fn malware_rule(malware: &Malware) -> String {
    let Some(said) = naming(malware) else { return "malware".to_owned() };
    match (is_classifier(said.method), said.evidence.first()) {
        (false, Some(evidence)) => format!("malware/{}/{}", said.method, evidence.name),
        _ => format!("malware/{}", said.method),
    }
}

/// The strongest method that has a name for what it saw; else the strongest.
fn naming(malware: &Malware) -> Option<&MethodScore> {
    let named = |said: &&MethodScore| !is_classifier(said.method) && !said.evidence.is_empty();
    malware.methods.iter().find(named).or(malware.methods.first())
}

fn is_classifier(method: Method) -> bool {
    matches!(method, Method::Textcnn | Method::Linear)
}

/// The rule of findings that share it; the first of them speaks for all.
pub(super) fn rule(id: String, findings: &[&Finding]) -> Option<Rule> {
    let first = findings.first()?;
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or_default();
    let about = About::of(first);
    let title = clean(&about.title).into_owned();
    let meaning = clean(&about.meaning).into_owned();
    let remedy = clean(&wording::remedy(first)).into_owned();
    let full = if meaning.is_empty() { title.clone() } else { meaning };
    Some(Rule {
        name: about.name,
        short_description: Text { text: title.clone() },
        full_description: Text { text: full.clone() },
        help_uri: about.url,
        help: Help {
            text: format!("{title}\n{full}\n{remedy}\n"),
            markdown: format!("**{}** {}\n\n{}\n", escape(&title), escape(&full), escape(&remedy)),
        },
        default_configuration: Configuration { level: level(worst) },
        properties: RuleProperties {
            security_severity: format!("{:.1}", middle_of(worst)),
            precision: about.precision,
            tags: ["security", first.kind.as_str(), worst.as_str()]
                .into_iter()
                .map(str::to_owned)
                .chain(about.tags)
                .collect(),
        },
        id,
    })
}

/// What is told of a rule.
struct About {
    name: &'static str,
    title: String,
    meaning: String,
    url: Option<String>,
    precision: &'static str,
    tags: Vec<String>,
}

impl About {
    fn of(finding: &Finding) -> Self {
        let title = wording::name(finding).to_owned();
        match &finding.kind {
            FindingKind::Malware(malware) => Self::of_malware(malware),
            FindingKind::Secret(secret) => Self::of_secret(secret, title),
            FindingKind::History(step) => About {
                name: "SuspiciousBuildStep",
                title,
                meaning: String::new(),
                url: step.attack.first().and_then(|technique| attack_url(technique)),
                precision: "medium",
                tags: step.attack.iter().map(|technique| clean(technique).into_owned()).collect(),
            },
            FindingKind::Trust(distrust) => Self::of_trust(distrust),
            FindingKind::Misconfiguration(flaw) => About {
                name: "Misconfiguration",
                title,
                meaning: clean(&flaw.fix).into_owned(),
                url: Some(flaw.reference.clone()).filter(|url| !url.is_empty()),
                precision: "high",
                tags: flaw.aliases.iter().map(|alias| clean(alias).into_owned()).collect(),
            },
            FindingKind::Vulnerability(_) => About {
                name: "VulnerablePackage",
                title,
                meaning: String::new(),
                url: None,
                precision: "high",
                tags: Vec::new(),
            },
        }
    }

    fn of_malware(malware: &Malware) -> Self {
        let said = naming(malware);
        let evidence = said.and_then(|said| said.evidence.first());
        let author = evidence.filter(|evidence| !evidence.author.is_empty());
        let author = author.map(|evidence| format!(" (by {})", evidence.author));
        About {
            name: "MaliciousFile",
            title: match said {
                Some(said) if is_classifier(said.method) => {
                    format!("{} takes it for malicious code", said.method)
                }
                _ => malware.name.clone(),
            },
            meaning: evidence.map_or(String::new(), |evidence| {
                format!("{}{}", evidence.description, author.unwrap_or_default())
            }),
            url: evidence.and_then(|evidence| reference_url(&evidence.reference)),
            precision: match said {
                Some(said) if said.decisive => "very-high",
                _ => "medium",
            },
            tags: said.map(|said| said.method.to_string()).into_iter().collect(),
        }
    }

    fn of_secret(secret: &Secret, title: String) -> Self {
        About {
            name: "SecretInImage",
            title,
            meaning: String::new(),
            url: None,
            precision: match secret.confidence {
                Confidence::Certain => "very-high",
                Confidence::Likely => "medium",
                Confidence::Placeholder => "low",
            },
            tags: vec![secret.category.as_str().to_owned()],
        }
    }

    fn of_trust(distrust: &Distrust) -> Self {
        About {
            name: "UnmetTrustRequirement",
            title: format!(
                "The image does not meet a requirement of trust: {}",
                distrust.requirement
            ),
            meaning: distrust.demand.clone(),
            url: None,
            precision: "very-high",
            tags: Vec::new(),
        }
    }
}

/// What a viewer shows of the finding: all in one line, and the part of a step that says it.
pub(super) fn message(finding: &Finding) -> String {
    let mut text = wording::headline(finding);
    if let FindingKind::History(step) = &finding.kind {
        let (whole, marked, _) = wording::step_parts(step);
        let said = if marked.is_empty() { whole } else { marked };
        let said: String = said.chars().take(MAX_EXCERPT_CHARS).collect();
        text.push_str(&format!(": {said}"));
    }
    let remedy = wording::remedy(finding);
    format!("{}. {}", clean(&text).trim_end_matches('.'), clean(&remedy)).trim_end().to_owned()
}

/// The file that a result points at; a build step points at the first file that confirms it.
pub(super) fn path(finding: &Finding) -> &str {
    match &finding.kind {
        FindingKind::History(step) => step.confirmed_by.first().map_or("", String::as_str),
        _ => wording::path(finding),
    }
}

/// Where in the file. Bytes where a method tells them, a line where the file has lines; what is
/// about a whole file or the image gets the first line, which viewers demand.
pub(super) fn region(finding: &Finding) -> Region {
    let span = match &finding.kind {
        FindingKind::Malware(malware) => {
            let evidence = malware.methods.iter().flat_map(|said| &said.evidence);
            evidence.filter_map(|evidence| evidence.span).next()
        }
        FindingKind::Secret(secret) if secret.line > 0 => return Region::line(secret.line),
        FindingKind::Misconfiguration(flaw) => {
            return Region::lines(flaw.place.first_line, flaw.place.last_line);
        }
        FindingKind::Secret(secret) if secret.place.path().is_some() => secret.span,
        _ => None,
    };
    span.map_or(Region::line(1), |span| Region::bytes(span.offset, span.length))
}

/// What is known of it beyond the message; keys as JSON writes them elsewhere in the run.
pub(super) fn properties(finding: &Finding) -> Value {
    match &finding.kind {
        FindingKind::Vulnerability(_) => json!({}),
        FindingKind::Malware(malware) => json!({
            "band": malware.band,
            "score": malware.score,
            "fileKind": clean(&malware.file_kind),
            "digest": malware.digest,
            "ownedBy": malware.owned_by,
            "deletedByLayer": malware.deleted_by,
            "methods": malware.methods,
        }),
        FindingKind::Secret(secret) => json!({
            "category": secret.category,
            "confidence": secret.confidence,
            "place": secret.place,
            "excerpt": clean(&secret.excerpt),
            "key": secret.key,
            "certificate": secret.certificate,
            "ownedBy": secret.owned_by,
            "deletedByLayer": secret.deleted_by,
        }),
        FindingKind::History(step) => json!({
            "step": step.step,
            "attack": step.attack,
            "text": clean(&step.text),
            "confirmedBy": step.confirmed_by,
        }),
        FindingKind::Trust(distrust) => json!({
            "scope": clean(&distrust.scope),
            "reference": clean(&distrust.reference),
            "demand": clean(&distrust.demand),
            "reason": clean(&distrust.reason),
        }),
        FindingKind::Misconfiguration(flaw) => json!({
            "subject": clean(&flaw.subject),
            "fix": clean(&flaw.fix),
            "aliases": flaw.aliases,
        }),
    }
}
