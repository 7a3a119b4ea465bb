//! Malicious files, secrets, suspicious build steps and trust as the page shows them.

use model::{
    Band, Decision, Evidence, Finding, FindingKind, Malware, MethodScore, Misconfiguration, Secret,
    SuspiciousStep, TrustResult,
};
use serde::Serialize;

use super::context::Link;
use crate::report::text::{self, clean, whole};
use crate::report::view::{View, attack_url, reference_url};
use crate::report::wording;

/// Pieces of evidence of one method that the page shows.
const MAX_EVIDENCE: usize = 20;

/// All of an image that is no vulnerability.
#[derive(Serialize)]
pub(super) struct Content {
    /// Whether a file is convicted: then the files come before everything.
    malicious: bool,
    files: Vec<FileRow>,
    secrets: Vec<SecretRow>,
    /// Examples and certificates, which are no alarm.
    quiet: Vec<SecretRow>,
    steps: Vec<StepRow>,
    weaknesses: Vec<WeaknessRow>,
    trust: Option<TrustRow>,
}

#[derive(Serialize)]
struct WeaknessRow {
    head: Head,
    rule: Link,
    subject: String,
    message: String,
    aliases: String,
}

/// What the rows have in common.
#[derive(Serialize)]
struct Head {
    id: String,
    severity: &'static str,
    name: String,
    place: String,
    layer: u32,
    instruction: String,
    base: bool,
    deleted: Option<u32>,
    owner: String,
    remedy: String,
}

#[derive(Serialize)]
struct FileRow {
    head: Head,
    band: &'static str,
    score: String,
    kind: String,
    size: String,
    digest: String,
    methods: Vec<MethodRow>,
}

#[derive(Serialize)]
struct MethodRow {
    name: &'static str,
    score: String,
    decisive: bool,
    evidence: Vec<EvidenceRow>,
}

#[derive(Serialize)]
struct EvidenceRow {
    name: Link,
    description: String,
    author: String,
    span: String,
    excerpt: String,
}

#[derive(Serialize)]
struct SecretRow {
    head: Head,
    kind: String,
    rule: String,
    excerpt: String,
    key: Option<String>,
    certificate: Option<String>,
    fingerprint: String,
}

#[derive(Serialize)]
struct StepRow {
    head: Head,
    number: u32,
    attack: Vec<Link>,
    before: String,
    marked: String,
    after: String,
    confirmed: Vec<String>,
}

#[derive(Serialize)]
struct TrustRow {
    scope: String,
    reference: String,
    all_met: bool,
    warns_only: bool,
    requirements: Vec<RequirementRow>,
    signatures: Vec<SignatureRow>,
}

#[derive(Serialize)]
struct RequirementRow {
    kind: String,
    demand: String,
    met: bool,
    reason: String,
}

#[derive(Serialize)]
struct SignatureRow {
    format: &'static str,
    place: String,
    identity: String,
    signer: String,
    failure: String,
}

/// One finding that is no vulnerability, in the list of a layer.
#[derive(Serialize)]
pub(super) struct OtherRow {
    severity: &'static str,
    kind: &'static str,
    name: String,
    place: String,
}

pub(super) fn other_row(finding: &Finding) -> Option<OtherRow> {
    match finding.kind {
        FindingKind::Vulnerability(_)
        | FindingKind::Trust(_)
        | FindingKind::Misconfiguration(_) => None,
        _ => Some(OtherRow {
            severity: finding.severity.as_str(),
            kind: finding.kind.as_str(),
            name: clean(wording::name(finding)).into_owned(),
            place: clean(&wording::place(finding)).into_owned(),
        }),
    }
}

pub(super) fn content(view: &View<'_>) -> Content {
    let mut findings = view.findings.clone();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let all = || findings.iter().copied();
    let files = all().filter_map(|finding| Some(file(view, finding, finding.malware()?)));
    let (secrets, quiet): (Vec<_>, Vec<_>) = all()
        .filter_map(|finding| Some((finding, finding.secret()?)))
        .partition(|(_, secret)| wording::is_alarm(secret));
    let rows = |secrets: Vec<(&Finding, &Secret)>| {
        secrets.into_iter().map(|(finding, secret)| secret_row(view, finding, secret)).collect()
    };
    let steps = all().filter_map(|finding| match &finding.kind {
        FindingKind::History(step) => Some(step_row(view, finding, step)),
        _ => None,
    });
    Content {
        malicious: all().filter_map(Finding::malware).any(|file| file.band == Band::Malicious),
        files: files.collect(),
        secrets: rows(secrets),
        quiet: rows(quiet),
        steps: steps.collect(),
        weaknesses: all()
            .filter_map(|finding| Some(weakness_row(view, finding, finding.misconfiguration()?)))
            .collect(),
        trust: view.report.trust.as_ref().map(trust_row),
    }
}

fn head(view: &View<'_>, finding: &Finding) -> Head {
    let (owner, deleted) = match &finding.kind {
        FindingKind::Malware(malware) => (malware.owned_by.as_deref(), malware.deleted_by),
        FindingKind::Secret(secret) => (secret.owned_by.as_deref(), secret.deleted_by),
        _ => (None, None),
    };
    let layer = view.layer(finding.layer());
    let instruction = layer.and_then(|layer| layer.created_by.as_deref());
    Head {
        id: finding.id.to_string(),
        severity: finding.severity.as_str(),
        name: clean(wording::name(finding)).into_owned(),
        place: clean(&wording::place(finding)).into_owned(),
        layer: finding.layer().0,
        instruction: instruction
            .map_or(String::new(), |created_by| clean(&text::instruction(created_by)).into_owned()),
        base: finding.base,
        deleted: deleted.map(|layer| layer.0),
        owner: clean(owner.unwrap_or_default()).into_owned(),
        remedy: clean(&wording::remedy(finding)).into_owned(),
    }
}

fn file(view: &View<'_>, finding: &Finding, malware: &Malware) -> FileRow {
    FileRow {
        head: head(view, finding),
        band: malware.band.as_str(),
        score: wording::score(malware.score),
        kind: clean(&malware.file_kind).into_owned(),
        size: text::bytes(malware.size_bytes),
        digest: malware.digest.to_string(),
        methods: malware.methods.iter().map(method_row).collect(),
    }
}

fn method_row(said: &MethodScore) -> MethodRow {
    MethodRow {
        name: said.method.as_str(),
        score: wording::score(said.score),
        decisive: said.decisive,
        evidence: said.evidence.iter().take(MAX_EVIDENCE).map(evidence_row).collect(),
    }
}

fn evidence_row(evidence: &Evidence) -> EvidenceRow {
    EvidenceRow {
        name: Link {
            text: clean(&evidence.name).into_owned(),
            url: reference_url(&evidence.reference),
        },
        description: clean(&evidence.description).into_owned(),
        author: clean(&evidence.author).into_owned(),
        span: evidence.span.map(wording::span).unwrap_or_default(),
        excerpt: clean(&evidence.excerpt).into_owned(),
    }
}

fn secret_row(view: &View<'_>, finding: &Finding, secret: &Secret) -> SecretRow {
    let key = secret.key.as_ref().map(|key| {
        let certificate = key.certificate.as_ref();
        let certificate = certificate.map(|place| format!("; key of the certificate {place}"));
        clean(&format!("{}{}", wording::key(key), certificate.unwrap_or_default())).into_owned()
    });
    let certificate = secret.certificate.as_ref().map(|facts| {
        let until = facts.not_after.map(|time| format!(", until {}", time.strftime("%Y-%m-%d")));
        let until = until.unwrap_or_default();
        clean(&format!("{} by {}{until}", facts.subject, facts.issuer)).into_owned()
    });
    SecretRow {
        head: head(view, finding),
        kind: format!("{}, {}", wording::category(secret), wording::confidence(secret.confidence)),
        rule: clean(&secret.rule).into_owned(),
        excerpt: clean(&secret.excerpt).into_owned(),
        key,
        certificate,
        fingerprint: clean(&secret.fingerprint).into_owned(),
    }
}

fn step_row(view: &View<'_>, finding: &Finding, step: &SuspiciousStep) -> StepRow {
    let (before, marked, after) = wording::step_parts(step);
    let link = |technique: &String| Link {
        text: clean(technique).into_owned(),
        url: attack_url(technique),
    };
    StepRow {
        head: head(view, finding),
        number: step.step,
        attack: step.attack.iter().map(link).collect(),
        before: whole(before).into_owned(),
        marked: whole(marked).into_owned(),
        after: whole(after).into_owned(),
        confirmed: step.confirmed_by.iter().map(|path| clean(path).into_owned()).collect(),
    }
}

fn weakness_row(view: &View<'_>, finding: &Finding, flaw: &Misconfiguration) -> WeaknessRow {
    WeaknessRow {
        head: head(view, finding),
        rule: Link { text: clean(&flaw.rule).into_owned(), url: reference_url(&flaw.reference) },
        subject: clean(&flaw.subject).into_owned(),
        message: clean(&flaw.message).into_owned(),
        aliases: clean(&flaw.aliases.join(", ")).into_owned(),
    }
}

fn trust_row(trust: &TrustResult) -> TrustRow {
    let owned = |text: &str| clean(text).into_owned();
    let requirements = trust.requirements.iter().map(|requirement| RequirementRow {
        kind: owned(&requirement.kind),
        demand: owned(&requirement.demand),
        met: requirement.met,
        reason: owned(&requirement.reason),
    });
    let signatures = trust.signatures.iter().map(|signature| SignatureRow {
        format: signature.format.as_str(),
        place: owned(&signature.found_at),
        identity: owned(signature.identity.as_deref().unwrap_or_default()),
        signer: owned(signature.signer.as_deref().unwrap_or_default()),
        failure: owned(signature.failure.as_deref().unwrap_or_default()),
    });
    TrustRow {
        scope: owned(&trust.scope),
        reference: owned(&trust.reference),
        all_met: trust.requirements.iter().all(|requirement| requirement.met),
        warns_only: trust.mode != Decision::Deny,
        requirements: requirements.collect(),
        signatures: signatures.collect(),
    }
}
