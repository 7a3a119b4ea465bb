//! Checks that need the whole history: whether it fits the layers and itself.

use model::{HistoryStep, ImageFacts};
use serde::Deserialize;

/// Seconds by which a step may be older than the one before it: clocks differ.
const CLOCK_SKEW_S: i64 = 24 * 60 * 60;
/// Times up to here (2 January 1980, UTC) are set by builders that want the same bytes each time.
const REPRODUCIBLE_UNTIL_S: i64 = 315_619_200;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Check {
    /// There are layers and no history at all.
    NoHistory,
    /// The steps that made a layer are fewer than the layers.
    LayersWithoutStep,
    /// The steps that made a layer are more than the layers.
    StepsWithoutLayer,
    /// A step is older than the one before it.
    TimesBackwards,
    /// A step that made a layer does not say how.
    UnsaidStep,
}

impl Check {
    /// The step that breaks it, by its number; `None` when all is well.
    pub(super) fn broken(self, image: &ImageFacts) -> Option<u32> {
        let history = &image.config.history;
        let layers = image.layers.len();
        let made = history.iter().filter(|step| !step.empty_layer).count();
        let last = u32::try_from(history.len().saturating_sub(1)).unwrap_or(u32::MAX);
        // A bill of materials has no layers, a root filesystem no history and no digest.
        let built = image.layers.iter().any(|layer| layer.diff_id.is_some());
        match self {
            Check::NoHistory => (built && history.is_empty()).then_some(0),
            Check::LayersWithoutStep => {
                (built && !history.is_empty() && made < layers).then_some(last)
            }
            Check::StepsWithoutLayer => (built && made > layers).then_some(last),
            Check::TimesBackwards => backwards(history),
            Check::UnsaidStep => {
                let unsaid = |step: &HistoryStep| {
                    !step.empty_layer
                        && step.created_by.trim().is_empty()
                        && step.comment.is_empty()
                };
                history.iter().position(unsaid).and_then(|at| u32::try_from(at).ok())
            }
        }
    }
}

fn backwards(history: &[HistoryStep]) -> Option<u32> {
    let mut latest = i64::MIN;
    for (number, step) in (0_u32..).zip(history) {
        let Some(seconds) = step.created.as_ref().map(|time| time.as_second()) else { continue };
        if seconds <= REPRODUCIBLE_UNTIL_S {
            continue;
        }
        if seconds < latest.saturating_sub(CLOCK_SKEW_S) {
            return Some(number);
        }
        latest = latest.max(seconds);
    }
    None
}
