//! `FreeCondition`: a rule's condition in the rule language, over an image, what is found in it,
//! and the container that is to run it.
//!
//! A condition over one kind of finding, or over packages, is asked for each of them; so its checks
//! speak of the same one. One condition speaks of at most one kind.

mod facts;

use model::{Look, Reason};
use serde_saphyr::Spanned;

use self::facts::{Row, RowFacts};
use crate::PolicyError;
use crate::filter::{Check, Condition, Definitions, tables};
use crate::judge::{Case, Kind, by_named, counted, spoken};
use crate::limits::NAMED_IN_REASON;
use crate::rule::Rule;
use crate::yaml::Source;

/// A condition in the rule language, compiled.
#[derive(Debug, Clone)]
pub struct FreeCondition {
    condition: Condition,
    over: Over,
    /// It asks for what only a container has.
    needs_container: bool,
    /// It asks for what only a report tells.
    needs_report: bool,
}

/// What a condition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Once.
    Once,
    /// For each package.
    Packages,
    /// For each finding of a kind.
    Findings(Kind),
}

/// The first words of fields that tell of one among several things.
const GROUPS: [(&str, Over); 6] = [
    ("vuln", Over::Findings(Kind::Vulnerability)),
    ("malware", Over::Findings(Kind::Malware)),
    ("secret", Over::Findings(Kind::Secret)),
    ("history", Over::Findings(Kind::History)),
    ("template", Over::Findings(Kind::Template)),
    ("package", Over::Packages),
];
/// The first words of fields that only a container has.
const OF_CONTAINERS: [&str; 4] = ["container", "workload", "k8s", "actor"];
/// Fields of an image that are known before it was looked at.
const OF_THE_NAME: [&str; 7] = [
    "image.reference",
    "image.registry",
    "image.repository",
    "image.tag",
    "image.digest",
    "image.id",
    "image.scanned",
];

impl PartialEq for FreeCondition {
    fn eq(&self, other: &Self) -> bool {
        self.condition.text() == other.condition.text()
    }
}

impl FreeCondition {
    /// Compiles a condition over the fields of images and workloads.
    pub(crate) fn compile(
        source: &Source<'_>,
        text: &Spanned<String>,
        definitions: &Definitions,
    ) -> Result<FreeCondition, PolicyError> {
        let written = source.written(text);
        let condition = Condition::in_file(&written, tables::deploy(), definitions)?;
        let fields = condition.fields();
        let mut over = Over::Once;
        for field in &fields {
            let Some((group, asked)) = group_of(field) else { continue };
            if over != Over::Once && over != asked {
                let message = format!(
                    "the condition speaks of `{group}` and of another kind: one condition speaks \
                     of one kind, so write a rule for each"
                );
                return Err(source.mistake(text, message));
            }
            over = asked;
        }
        let starts = |words: &[&str], field: &str| words.contains(&first_word(field));
        let needs_container = fields.iter().any(|field| starts(&OF_CONTAINERS, field));
        let is_told = |field: &&str| {
            (starts(&["image"], field) && !OF_THE_NAME.contains(field)) || starts(&["trust"], field)
        };
        let needs_report = over != Over::Once || fields.iter().any(is_told);
        Ok(FreeCondition { over, needs_container, needs_report, condition })
    }

    /// The condition as it is printed.
    pub fn text(&self) -> &str {
        self.condition.text()
    }

    /// What a scan must have looked for, or the condition could not hold.
    pub(crate) fn needs(&self) -> Option<Look> {
        match self.over {
            Over::Findings(Kind::Vulnerability) => Some(Look::Vulnerabilities),
            Over::Findings(Kind::Malware) => Some(Look::Malware),
            Over::Findings(Kind::Secret) => Some(Look::Secrets),
            Over::Findings(Kind::History) => Some(Look::History),
            Over::Once | Over::Packages | Over::Findings(Kind::Trust | Kind::Template) => None,
        }
    }

    /// Whether it speaks of what templates may hold.
    pub(crate) fn speaks_of_templates(&self) -> bool {
        matches!(self.over, Over::Findings(Kind::Template | Kind::Secret))
    }

    /// What a rule with this condition says of a case.
    pub(crate) fn ask(&self, rule: &Rule, case: &Case<'_>) -> Option<Reason> {
        if !self.can_ask(case) {
            return None;
        }
        match self.over {
            Over::Once => self.ask_once(rule, case),
            Over::Packages => self.ask_packages(rule, case),
            Over::Findings(kind) => self.ask_findings(rule, case, kind),
        }
    }

    /// The checks that decided: of the first thing of which the condition holds, else of the first
    /// of which it does not. Empty when there is nothing to ask about.
    pub(crate) fn why(&self, rule: &Rule, case: &Case<'_>) -> Vec<Check> {
        let rows: Vec<Row<'_>> = match self.over {
            _ if !self.can_ask(case) => Vec::new(),
            Over::Once => vec![Row::None],
            Over::Packages => case
                .report
                .map(|report| report.inventory.packages.iter().map(Row::Package).collect())
                .unwrap_or_default(),
            Over::Findings(kind) => case.findings_for(kind, &rule.name).map(Row::Finding).collect(),
        };
        let facts: Vec<RowFacts<'_>> = rows.into_iter().map(|row| RowFacts { case, row }).collect();
        let holding = facts.iter().find(|facts| self.condition.holds(*facts));
        let shown = holding.or(facts.first());
        shown.map(|facts| self.condition.why(facts)).unwrap_or_default()
    }

    fn can_ask(&self, case: &Case<'_>) -> bool {
        let lacks_container = self.needs_container && case.container.is_none();
        let lacks_report = self.needs_report && case.report.is_none();
        !lacks_container && !lacks_report
    }

    fn ask_once(&self, rule: &Rule, case: &Case<'_>) -> Option<Reason> {
        let facts = RowFacts { case, row: Row::None };
        if !self.condition.holds(&facts) {
            return None;
        }
        let checks = self.condition.why(&facts);
        let named: Vec<String> = checks.iter().take(NAMED_IN_REASON).map(evidence).collect();
        let message = match named.is_empty() {
            true => self.text().to_owned(),
            false => named.join("; "),
        };
        Some(Reason { message, ..spoken(rule) })
    }

    fn ask_packages(&self, rule: &Rule, case: &Case<'_>) -> Option<Reason> {
        let (mut count, mut named) = (0, Vec::new());
        for package in &case.report?.inventory.packages {
            let facts = RowFacts { case, row: Row::Package(package) };
            let excused = || {
                package.purl.as_ref().is_some_and(|purl| {
                    case.pardons.excuses_package(&rule.name, &purl.parts(), &package.path)
                })
            };
            if !self.condition.holds(&facts) || excused() {
                continue;
            }
            count += 1;
            if named.len() < NAMED_IN_REASON {
                named.push(format!("{} {}", package.name, package.version));
            }
        }
        let message = counted(("package", "packages"), count, named)?;
        Some(Reason { message, ..spoken(rule) })
    }

    fn ask_findings(&self, rule: &Rule, case: &Case<'_>, kind: Kind) -> Option<Reason> {
        by_named(rule, case, kind, kind.nouns(), |finding| {
            self.condition.holds(&RowFacts { case, row: Row::Finding(finding) })
        })
    }
}

/// The group of a field that tells of one among several things.
fn group_of(field: &str) -> Option<(&'static str, Over)> {
    let first = first_word(field);
    GROUPS.iter().find(|(group, _)| *group == first).copied()
}

fn first_word(field: &str) -> &str {
    field.split('.').next().unwrap_or_default()
}

/// A check with the value it looked at.
fn evidence(check: &Check) -> String {
    match &check.value {
        Some(value) => format!("{} (it is {value})", check.check),
        None => format!("{} (there is none)", check.check),
    }
}

#[cfg(test)]
mod tests;
