//! What a run must reach so that a build or a night's check goes on.

use model::{BaselineReport, Outcome, Severity};

/// Findings that one demand names before it counts the rest.
const NAMED: usize = 5;

/// What is demanded of a run; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand {
    /// No recommendation of this severity or worse may have failed, or not have been looked at.
    pub nothing_from: Option<Severity>,
    /// The lowest score, 0 to 100.
    pub score_percent: Option<f32>,
}

impl Demand {
    /// The demands that a report does not meet, one line each.
    pub fn unmet(&self, report: &BaselineReport) -> Vec<String> {
        let mut unmet = Vec::new();
        if let Some(least) = self.nothing_from {
            let mut ids: Vec<&str> = report
                .results
                .iter()
                .filter(|result| {
                    matches!(result.outcome, Outcome::Fail | Outcome::Error)
                        && result.severity >= least
                        && result.excepted.is_empty()
                })
                .map(|result| result.id.as_str())
                .collect();
            ids.dedup();
            if !ids.is_empty() {
                let more = ids.len().saturating_sub(NAMED);
                let named = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                unmet.push(format!("severity {least} or worse failed: {named}{more}"));
            }
        }
        if let Some(lowest) = self.score_percent.filter(|lowest| report.score.percent < *lowest) {
            let score = report.score.percent;
            unmet.push(format!("the score is {score:.1} %, {lowest:.1} % are demanded"));
        }
        unmet
    }
}
