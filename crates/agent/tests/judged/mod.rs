//! What the tests of the baselines share: a host held against one, and what came out.

#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use lazaret_agent::baseline::BaselineRun;
use model::{BaselineResult, Outcome, Timestamp};

pub fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

/// The outcomes of all objects of each recommendation, as letters, each once.
pub fn outcomes(run: &BaselineRun) -> BTreeMap<&str, String> {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for result in &run.report.results {
        let letter = match result.outcome {
            Outcome::Pass => 'P',
            Outcome::Fail => 'F',
            Outcome::NotApplicable => 'N',
            Outcome::NeedsHuman => 'H',
            Outcome::Error => 'E',
        };
        let letters = all.entry(&result.id).or_default();
        if !letters.contains(letter) {
            letters.push(letter);
        }
    }
    all
}

/// The first result of a recommendation.
pub fn of<'r>(run: &'r BaselineRun, id: &str) -> &'r BaselineResult {
    run.report.results.iter().find(|result| result.id == id).unwrap()
}
