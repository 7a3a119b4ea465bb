//! `Case`: what one question to the judge is about: an image that was scanned, or one container of
//! a workload with the report of its image.

use model::{ContainerSpec, Decision, Finding, FindingKind, IgnoredBy, Report, Workload};

use super::trust::Demands;
use crate::day::Day;
use crate::exceptions::{Pardon, Pardons};
use crate::policy::Policy;
use crate::scope::{Names, Place};

/// What one question is about.
pub(crate) struct Case<'a> {
    /// The day on which it is asked.
    pub(crate) today: Day,
    /// What is known of the image; `None` when nothing is.
    pub(crate) report: Option<&'a Report>,
    /// The workload and the container of it; `None` when nobody is about to run the image.
    pub(crate) container: Option<(&'a Workload, &'a ContainerSpec)>,
    /// What the image is called.
    pub(crate) names: Names,
    /// The exceptions that hold here.
    pub(crate) pardons: Pardons<'a>,
    /// What an unmet demand of trust decides at most.
    pub(crate) trust_mode: Decision,
    /// The findings under judgement by kind, with the rules for which they are excused.
    findings: [Vec<(&'a Finding, Pardon<'a>)>; Kind::COUNT],
}

/// A kind of finding. Rules speak of one kind each, so findings lie apart by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Vulnerability,
    Malware,
    Secret,
    History,
    Trust,
    Template,
}

impl Kind {
    const COUNT: usize = 6;

    fn of(finding: &Finding) -> Kind {
        match &finding.kind {
            FindingKind::Vulnerability(_) => Kind::Vulnerability,
            FindingKind::Malware(_) => Kind::Malware,
            FindingKind::Secret(_) => Kind::Secret,
            FindingKind::History(_) => Kind::History,
            FindingKind::Trust(_) => Kind::Trust,
            FindingKind::Misconfiguration(_) => Kind::Template,
        }
    }

    /// One of such findings, and several.
    pub(crate) fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Kind::Vulnerability => ("vulnerability", "vulnerabilities"),
            Kind::Malware => ("malicious file", "malicious files"),
            Kind::Secret => ("secret", "secrets"),
            Kind::History => ("suspicious build step", "suspicious build steps"),
            Kind::Trust => ("unmet requirement", "unmet requirements"),
            Kind::Template => ("weakness", "weaknesses"),
        }
    }
}

impl<'a> Case<'a> {
    /// The case of an image that was scanned.
    pub(crate) fn of_report(report: &'a Report, policy: &'a Policy, today: Day) -> Self {
        let mut case = Case {
            today,
            report: Some(report),
            container: None,
            names: Names::of_report(report),
            pardons: Pardons::default(),
            trust_mode: report.trust.as_ref().map_or(Decision::Deny, |trust| trust.mode),
            findings: Default::default(),
        };
        case.pardons = policy.excuses.on(today, case.place());
        case.take(report.findings.iter());
        case
    }

    /// The case of a container. `trust` are the unmet demands under the policy's own trust section;
    /// `None` when the policy has none and the report's own count.
    pub(crate) fn of_container(
        (workload, index): (&'a Workload, usize),
        report: Option<&'a Report>,
        trust: Option<&'a Demands>,
        policy: &'a Policy,
        today: Day,
    ) -> Option<Self> {
        let container = workload.containers.get(index)?;
        let mut case = Case {
            today,
            report,
            container: Some((workload, container)),
            names: Names::of_container(workload, index, report),
            pardons: Pardons::default(),
            trust_mode: match (trust, report.and_then(|report| report.trust.as_ref())) {
                (Some(demands), _) => demands.mode,
                (None, Some(trust)) => trust.mode,
                (None, None) => Decision::Deny,
            },
            findings: Default::default(),
        };
        case.pardons = policy.excuses.on(today, case.place());
        if let Some(report) = report {
            // Exceptions of the scan were another policy's, or another day's: they count no more.
            let excused = report.ignored.iter().filter_map(|ignored| match &ignored.by {
                IgnoredBy::Exception(_) => Some(&ignored.finding),
                IgnoredBy::Vex { .. } => None,
            });
            let is_trust = |finding: &&Finding| matches!(finding.kind, FindingKind::Trust(_));
            let found = report.findings.iter().chain(excused);
            case.take(found.filter(|finding| trust.is_none() || !is_trust(finding)));
        }
        case.take(trust.iter().flat_map(|demands| &demands.unmet));
        Some(case)
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place<'_> {
        Place { workload: self.container.map(|(workload, _)| workload), names: &self.names }
    }

    /// The findings of a kind that count for a rule.
    pub(crate) fn findings_for<'r>(
        &'r self,
        kind: Kind,
        rule: &'r str,
    ) -> impl Iterator<Item = &'a Finding> + 'r {
        let of_kind = self.findings.get(kind as usize).into_iter().flatten();
        of_kind.filter_map(move |(finding, pardon)| match pardon {
            Pardon::Rules(rules) if rules.contains(&rule) => None,
            _ => Some(*finding),
        })
    }

    /// All findings under judgement, those too that are excused for some rules.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &'a Finding> + '_ {
        self.findings.iter().flatten().map(|(finding, _)| *finding)
    }

    fn take(&mut self, findings: impl Iterator<Item = &'a Finding>) {
        for finding in findings {
            match self.pardons.of(finding) {
                Pardon::All => {}
                pardon => {
                    if let Some(of_kind) = self.findings.get_mut(Kind::of(finding) as usize) {
                        of_kind.push((finding, pardon));
                    }
                }
            }
        }
    }
}
