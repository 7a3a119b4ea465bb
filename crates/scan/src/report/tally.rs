//! `Tally`: how many findings there are of each severity.

use model::{Finding, Severity};

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    counts: [usize; Severity::ALL.len()],
    /// How many of all have a fixed version.
    pub(crate) fixable: usize,
}

impl Tally {
    pub(crate) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut tally = Tally::default();
        for finding in findings {
            tally.counts[finding.severity as usize] += 1;
            let fixed = finding.vulnerability().and_then(|v| v.fixed_version.as_ref());
            tally.fixable += usize::from(fixed.is_some());
        }
        tally
    }

    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.counts[severity as usize]
    }

    pub(crate) fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The severities that occur, worst first, with their counts.
    pub(crate) fn worst_first(&self) -> impl Iterator<Item = (Severity, usize)> + '_ {
        let counted = Severity::ALL.into_iter().rev();
        counted.map(|severity| (severity, self.count(severity))).filter(|(_, count)| *count > 0)
    }

    /// `3 high, 9 medium`.
    pub(crate) fn words(&self) -> String {
        let words: Vec<String> =
            self.worst_first().map(|(severity, count)| format!("{count} {severity}")).collect();
        words.join(", ")
    }
}
