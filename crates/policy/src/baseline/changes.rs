//! What changed between two runs.

use std::collections::{BTreeMap, BTreeSet};

use model::{BaselineReport, BaselineResult, Outcome};
use serde::{Deserialize, Serialize};

/// A recommendation that came out differently for an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineChange {
    /// The recommendation's number.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// The object; empty for the whole host.
    pub object: String,
    /// What came out the first time; `None` when the object was not there.
    pub before: Option<Outcome>,
    /// What came out now; `None` when the object is no longer there.
    pub after: Option<Outcome>,
    /// What is seen now, or was seen before when the object is gone.
    pub evidence: String,
}

/// What came out differently, in the order of the later run; what is gone comes last. Objects that
/// came or went with a pass, or with nothing to say, are no change. Recommendations that only one
/// of the runs asked about are left out.
pub fn compare(before: &BaselineReport, after: &BaselineReport) -> Vec<BaselineChange> {
    let asked = |report: &BaselineReport| -> BTreeSet<String> {
        report.results.iter().map(|result| result.id.clone()).collect()
    };
    let both: BTreeSet<String> = asked(before).intersection(&asked(after)).cloned().collect();
    let mut old: BTreeMap<(&str, &str), &BaselineResult> = before
        .results
        .iter()
        .filter(|result| both.contains(&result.id))
        .map(|result| (key(result), result))
        .collect();
    let mut changes = Vec::new();
    for result in after.results.iter().filter(|result| both.contains(&result.id)) {
        let was = old.remove(&key(result)).map(|result| result.outcome);
        let is_change = was.map_or(is_news(result.outcome), |was| was != result.outcome);
        if is_change {
            changes.push(change(result, was, Some(result.outcome)));
        }
    }
    let gone = old.into_values().filter(|result| is_news(result.outcome));
    changes.extend(gone.map(|result| change(result, Some(result.outcome), None)));
    changes
}

fn key(result: &BaselineResult) -> (&str, &str) {
    (&result.id, &result.object)
}

fn is_news(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Fail | Outcome::NeedsHuman | Outcome::Error)
}

fn change(
    result: &BaselineResult,
    before: Option<Outcome>,
    after: Option<Outcome>,
) -> BaselineChange {
    BaselineChange {
        id: result.id.clone(),
        title: result.title.clone(),
        object: result.object.clone(),
        before,
        after,
        evidence: result.evidence.clone(),
    }
}
