//! The counts of a run and the score they make.

use model::{BaselineResult, BaselineScore, Outcome, Severity};

/// Counts recommendations, each once whatever the number of its objects, and makes the score.
///
/// A recommendation has failed when it has for some object that no exception covers; else it could
/// not be looked at, or is left to a human, when it is so for some object; else it has passed when
/// it has for some object; else it does not apply. Results under an exception do not count; when
/// nothing else is left, the recommendation is excepted.
///
/// The score is `100 × passed ÷ (passed + failed)`, each recommendation with the weight of its
/// severity: critical 10, high 5, medium 3, low and less 1. Nothing passed and nothing failed is 0.
pub fn score(results: &[BaselineResult]) -> BaselineScore {
    let mut score = BaselineScore::default();
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for rule in results.chunk_by(|a, b| a.id == b.id) {
        let counted = rule.iter().filter(|result| result.excepted.is_empty());
        let weight = rule.first().map_or(0, |result| weight(result.severity));
        match counted.map(|result| result.outcome).max_by_key(|outcome| rank(*outcome)) {
            None => score.excepted += 1,
            Some(Outcome::NotApplicable) if rule.iter().any(|r| !r.excepted.is_empty()) => {
                score.excepted += 1;
            }
            Some(Outcome::Pass) => {
                score.passed += 1;
                passed = passed.saturating_add(weight);
            }
            Some(Outcome::Fail) => {
                score.failed += 1;
                failed = failed.saturating_add(weight);
            }
            Some(Outcome::NotApplicable) => score.not_applicable += 1,
            Some(Outcome::NeedsHuman) => score.needs_human += 1,
            Some(Outcome::Error) => score.errors += 1,
        }
    }
    let decided = passed.saturating_add(failed);
    if decided > 0 {
        score.percent = (f64::from(passed) * 100.0 / f64::from(decided)) as f32;
    }
    score
}

fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 10,
        Severity::High => 5,
        Severity::Medium => 3,
        Severity::Low | Severity::Negligible | Severity::Unknown => 1,
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotApplicable => 0,
        Outcome::Pass => 1,
        Outcome::NeedsHuman => 2,
        Outcome::Error => 3,
        Outcome::Fail => 4,
    }
}
