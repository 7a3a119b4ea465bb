//! From flaws to findings: severities are the catalogue's, ids stay when lines move.

use std::collections::HashMap;

use analyze::template::{Catalogue, Flaw, Found, IgnoreComment, TemplateKind};
use model::{
    Decision, Exception, Finding, FindingId, FindingKind, Ignored, IgnoredBy, Misconfiguration,
    Secret, Timestamp, Verdict,
};

/// How the owner of an ignore comment is called.
const COMMENT: &str = "comment";

/// The flaws and secrets as findings, the worst first; and those that a comment takes out.
pub(super) fn findings(
    found: &Found,
    secrets: &[Secret],
    catalogue: &Catalogue,
) -> (Vec<Finding>, Vec<Ignored>) {
    let (mut findings, mut ignored) = (Vec::new(), Vec::new());
    let mut times: HashMap<[&str; 4], usize> = HashMap::new();
    for flaw in &found.flaws {
        let key = [flaw.rule, &flaw.place.file, &flaw.subject, &flaw.message];
        let again = times.entry(key).or_default();
        let Some(finding) = finding(flaw, *again, catalogue) else { continue };
        *again += 1;
        match &flaw.ignored {
            Some(comment) => {
                let by = IgnoredBy::Exception(exception(flaw, comment));
                ignored.push(Ignored { finding, by });
            }
            None => findings.push(finding),
        }
    }
    findings.extend(crate::findings::of_secrets(secrets));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    (findings, ignored)
}

/// The finding of a flaw; `again` counts equal ones before it in the file.
fn finding(flaw: &Flaw, again: usize, catalogue: &Catalogue) -> Option<Finding> {
    let rule = catalogue.rule(flaw.rule)?;
    let (number, message) = (again.to_string(), without_lines(&flaw.message));
    let parts = ["misconfiguration", flaw.rule, &flaw.place.file, &flaw.subject, &message, &number];
    let kind = FindingKind::Misconfiguration(Box::new(Misconfiguration {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        message: flaw.message.clone(),
        fix: rule.fix.clone(),
        aliases: rule.aliases.clone(),
        place: flaw.place.clone(),
        subject: flaw.subject.clone(),
        reference: rule.reference.clone(),
    }));
    Some(Finding { id: FindingId::of(&parts), severity: rule.severity, base: false, kind })
}

/// A message without the numbers of lines that it names.
fn without_lines(message: &str) -> String {
    let mut parts = message.split("line ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("line ");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

fn exception(flaw: &Flaw, comment: &IgnoreComment) -> Exception {
    Exception {
        id: comment.names.join(","),
        owner: format!("{COMMENT} in {}:{}", flaw.place.file, comment.line),
        reason: comment.reason.clone(),
        ..Exception::default()
    }
}

/// Adds a flaw for each image whose stored report the policy denies.
pub(super) fn denied_images(
    found: &mut Found,
    templates: &[(String, TemplateKind)],
    verdict_of: &dyn Fn(&str) -> Option<(Verdict, Timestamp)>,
) {
    let mut verdicts: HashMap<&str, Option<String>> = HashMap::new();
    let mut flaws = Vec::new();
    for image in &found.images {
        let told = verdicts.entry(&image.image).or_insert_with(|| {
            let (verdict, scanned) = verdict_of(&image.image)?;
            let reason = verdict.reasons.first()?;
            (verdict.decision == Decision::Deny).then(|| {
                let day = scanned.strftime("%Y-%m-%d");
                format!("{} is denied (scanned {day}): {}", image.image, reason.message)
            })
        });
        let kind = templates.iter().find(|(name, _)| *name == image.place.file);
        let rule = match kind.map(|(_, kind)| kind) {
            Some(TemplateKind::Compose) => "compose-image-denied",
            Some(TemplateKind::Kubernetes) => "kubernetes-image-denied",
            _ => "dockerfile-base-denied",
        };
        if let Some(message) = told {
            flaws.push(Flaw {
                place: image.place.clone(),
                rule,
                subject: image.subject.clone(),
                message: message.clone(),
                ignored: None,
            });
        }
    }
    found.flaws.extend(flaws);
    found.flaws.sort();
    found.flaws.dedup();
}
