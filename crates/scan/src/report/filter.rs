//! `Filter`: which findings are shown. It never touches the verdict.

use model::{AdvisoryKind, Finding, FixState, Severity};

/// Whose findings are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Everybody's.
    #[default]
    Any,
    /// Only what came with the base image.
    Base,
    /// Only what the image's own layers added.
    Own,
}

/// Which findings are shown. The empty filter shows all. The judge has seen all of them either
/// way: a filter changes what is printed, never the verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of vulnerabilities, only what a newer version repairs.
    pub only_fixed: bool,
    /// Only this severity and worse.
    pub min_severity: Option<Severity>,
    /// Only these severities; empty for all.
    pub severities: Vec<Severity>,
    /// Of vulnerabilities, not these fix states.
    pub hide_states: Vec<FixState>,
    /// Of vulnerabilities, only what is known to be exploited.
    pub only_exploited: bool,
    /// Whose findings.
    pub origin: Origin,
}

impl Filter {
    /// Whether it lets everything pass.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether a finding is shown.
    pub fn shows(&self, finding: &Finding) -> bool {
        self.shows_severity(finding.severity)
            && self.shows_origin(finding.base)
            && self.shows_evidence(finding)
    }

    /// The findings that are shown, in order, and how many are not.
    pub fn apply<'a>(&self, findings: &'a [Finding]) -> (Vec<&'a Finding>, usize) {
        let shown: Vec<&Finding> = findings.iter().filter(|finding| self.shows(finding)).collect();
        let hidden = findings.len() - shown.len();
        (shown, hidden)
    }

    /// The filter in words, as the table says what it left out: `only fixed, high or worse`.
    pub fn describe(&self) -> String {
        let mut words = Vec::new();
        if self.only_fixed {
            words.push("only fixed".to_owned());
        }
        if let Some(severity) = self.min_severity {
            words.push(format!("{severity} or worse"));
        }
        if !self.severities.is_empty() {
            let names: Vec<&str> = self.severities.iter().map(|s| s.as_str()).collect();
            words.push(format!("only {}", names.join(" and ")));
        }
        if !self.hide_states.is_empty() {
            let names: Vec<&str> = self.hide_states.iter().map(|s| s.as_str()).collect();
            words.push(format!("without {}", names.join(" and ")));
        }
        if self.only_exploited {
            words.push("only known exploited".to_owned());
        }
        match self.origin {
            Origin::Any => {}
            Origin::Base => words.push("only the base image".to_owned()),
            Origin::Own => words.push("only own layers".to_owned()),
        }
        words.join(", ")
    }

    fn shows_severity(&self, severity: Severity) -> bool {
        self.min_severity.is_none_or(|least| severity >= least)
            && (self.severities.is_empty() || self.severities.contains(&severity))
    }

    fn shows_origin(&self, base: bool) -> bool {
        match self.origin {
            Origin::Any => true,
            Origin::Base => base,
            Origin::Own => !base,
        }
    }

    /// A malicious package passes `only_fixed`: its repair is to remove it. What is no vulnerability
    /// passes: of a secret or a malicious file no version is fixed, and none may be overlooked.
    fn shows_evidence(&self, finding: &Finding) -> bool {
        let Some(vulnerability) = finding.vulnerability() else { return true };
        let repairable =
            vulnerability.fixed_version.is_some() || vulnerability.kind == AdvisoryKind::Malicious;
        (!self.only_fixed || repairable)
            && (!self.only_exploited || vulnerability.kev.is_some())
            && !self.hide_states.contains(&vulnerability.fix_state)
    }
}
