//! From what the eyes saw to findings: ids, severities, scores and bands.
//!
//! Decides nothing of its own: scores and bands are `policy::Fusion`'s, severities `policy`'s and
//! the rules'.

use std::collections::HashSet;

use analyze::history::Suspicion;
use model::{Band, Finding, FindingId, FindingKind, Malware, MethodScore, Secret, SecretPlace};
use policy::Fusion;

use crate::inspect::Inspection;

/// The findings in an image's files, configuration and build steps, kind by kind, the worst of each
/// first; each id once.
pub(crate) fn findings(inspection: &Inspection, fusion: &Fusion) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        inspection.malware.iter().filter_map(|file| malicious(file, fusion)).collect();
    findings.sort_by(|a, b| score(b).total_cmp(&score(a)));
    findings.extend(of_secrets(&inspection.secrets));
    let mut steps: Vec<Finding> = inspection.steps.iter().map(step).collect();
    steps.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.extend(steps);
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert(finding.id.clone()));
    findings
}

/// Secrets as findings, the worst first; each id once.
pub(crate) fn of_secrets(secrets: &[Secret]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = secrets.iter().map(secret).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert(finding.id.clone()));
    findings
}

fn score(finding: &Finding) -> f32 {
    finding.malware().map_or(0.0, |malware| malware.score)
}

/// A file that is at least suspicious when all methods are weighed.
fn malicious(file: &Malware, fusion: &Fusion) -> Option<Finding> {
    let mut malware = file.clone();
    (malware.score, malware.band) = fusion.fuse(&mut malware.methods);
    if malware.band == Band::Clean {
        return None;
    }
    malware.methods.sort_by(|a, b| b.score.total_cmp(&a.score));
    malware.name = name(&malware.methods);
    let id = FindingId::of(&["malware", &malware.path, malware.digest.hex()]);
    let severity = policy::severity_of_malware(&malware);
    Some(Finding { id, severity, base: false, kind: FindingKind::Malware(Box::new(malware)) })
}

/// The strongest evidence that has a name of its own; a classifier's says only what it saw.
fn name(methods: &[MethodScore]) -> String {
    use model::Method::{Linear, Textcnn};
    let named = methods.iter().filter(|said| !matches!(said.method, Textcnn | Linear));
    let evidence = named.flat_map(|said| said.evidence.first()).next();
    match evidence {
        Some(evidence) => evidence.name.clone(),
        None => "reads like malicious code".to_owned(),
    }
}

fn secret(secret: &Secret) -> Finding {
    let place = match &secret.place {
        SecretPlace::File(path) => ("file", path.clone()),
        SecretPlace::Environment(name) => ("environment", name.clone()),
        SecretPlace::Label(key) => ("label", key.clone()),
        SecretPlace::History(step) => ("history", step.to_string()),
    };
    let id = FindingId::of(&["secret", &secret.rule, place.0, &place.1, &secret.fingerprint]);
    let severity = policy::severity_of_secret(secret);
    Finding { id, severity, base: false, kind: FindingKind::Secret(Box::new(secret.clone())) }
}

fn step(suspicion: &Suspicion) -> Finding {
    let Suspicion { severity, step, .. } = suspicion;
    let id = FindingId::of(&["history", &step.rule, &step.text]);
    let kind = FindingKind::History(Box::new(step.clone()));
    Finding { id, severity: *severity, base: false, kind }
}
