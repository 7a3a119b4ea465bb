//! SARIF rules: one for each vulnerability, with the repair as its help; of the rest, see `content`.

use std::collections::HashMap;

use model::{AdvisoryKind, Finding, Severity, Vulnerability};

use super::document::{Configuration, Help, Rule, RuleProperties, Text};
use super::{content, level};
use crate::report::text::clean;
use crate::report::view::advisory_url;

/// Packages named in the help of one rule.
const MAX_NAMED: usize = 20;

/// The rules of findings in the order of their first finding, and each id's place.
pub(super) fn rules<'a>(
    findings: impl Iterator<Item = &'a Finding>,
) -> (Vec<Rule>, HashMap<String, usize>) {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let place = *index.entry(id(finding)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(finding);
    }
    let rules = groups.iter().map(|group| {
        match group.first() {
            Some(first) if first.vulnerability().is_none() => content::rule(id(first), group),
            _ => None,
        }
        .unwrap_or_else(|| rule(group))
    });
    (rules.collect(), index)
}

/// The rule that a finding breaks.
pub(super) fn id(finding: &Finding) -> String {
    match finding.vulnerability() {
        Some(vulnerability) => clean(&vulnerability.id.0).into_owned(),
        None => content::rule_id(finding).unwrap_or_else(|| finding.id.to_string()),
    }
}

fn rule(findings: &[&Finding]) -> Rule {
    let id = findings.first().map(|finding| id(finding)).unwrap_or_default();
    let all: Vec<&Vulnerability> = findings.iter().filter_map(|f| f.vulnerability()).collect();
    let worst = findings.iter().map(|f| f.severity).max().unwrap_or_default();
    let summary = all.iter().map(|v| v.summary.as_str()).find(|text| !text.is_empty());
    let summary = clean(summary.unwrap_or("")).into_owned();
    let short = if summary.is_empty() { id.clone() } else { format!("{id}: {summary}") };
    Rule {
        name: "VulnerablePackage",
        full_description: Text { text: short.clone() },
        short_description: Text { text: short },
        help_uri: advisory_url(&id),
        help: help(&id, &summary, &all),
        default_configuration: Configuration { level: level(worst) },
        properties: RuleProperties {
            security_severity: format!("{:.1}", score(&all, worst)),
            precision: "high",
            tags: tags(&all, worst),
        },
        id,
    }
}

/// The highest base score; without any, the middle of the severity's span.
fn score(all: &[&Vulnerability], worst: Severity) -> f64 {
    let scores = all.iter().flat_map(|v| v.cvss.iter().map(|cvss| cvss.score));
    let highest = scores.fold(0.0_f64, f64::max);
    if highest > 0.0 { highest.min(10.0) } else { middle_of(worst) }
}

/// The middle of a severity's span of scores.
pub(super) fn middle_of(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 9.5,
        Severity::High => 8.0,
        Severity::Medium => 5.5,
        Severity::Low => 2.0,
        Severity::Negligible => 0.1,
        Severity::Unknown => 0.0,
    }
}

fn tags(all: &[&Vulnerability], worst: Severity) -> Vec<String> {
    let mut tags = vec!["security".to_owned(), "vulnerability".to_owned(), worst.to_string()];
    if all.iter().any(|v| v.kev.is_some()) {
        tags.push("known-exploited".to_owned());
    }
    if all.iter().any(|v| v.kind == AdvisoryKind::Malicious) {
        tags.push("malicious".to_owned());
    }
    tags
}

fn help(id: &str, summary: &str, all: &[&Vulnerability]) -> Help {
    let mut lines: Vec<(String, String, String)> = all
        .iter()
        .map(|v| {
            let repair = match &v.fixed_version {
                Some(version) => format!("upgrade to {}", clean(version)),
                None => v.fix_state.to_string(),
            };
            (clean(&v.package).into_owned(), clean(&v.version).into_owned(), repair)
        })
        .collect();
    lines.sort();
    lines.dedup();
    let more = lines.len().saturating_sub(MAX_NAMED);
    lines.truncate(MAX_NAMED);
    let tail = if more > 0 { format!("and {more} more packages\n") } else { String::new() };
    let text: String = lines
        .iter()
        .map(|(name, version, repair)| format!("{name} {version}: {repair}\n"))
        .collect();
    let rows: String = lines
        .iter()
        .map(|(name, version, repair)| {
            format!("| {} | {} | {} |\n", escape(name), escape(version), escape(repair))
        })
        .collect();
    Help {
        text: format!("{id} {summary}\n{text}{tail}"),
        markdown: format!(
            "**{}** {}\n\n| package | installed | repair |\n| --- | --- | --- |\n{rows}\n{tail}",
            escape(id),
            escape(summary)
        ),
    }
}

/// Foreign text inside Markdown: everything that has a meaning there loses it.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
