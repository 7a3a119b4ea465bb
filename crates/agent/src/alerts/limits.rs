//! `AlertLimits`: how much is told and how much is held.

use std::time::Duration;

/// How much is told and how much is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertLimits {
    /// How long what is alike is folded after it was told at once.
    pub first_interval: Duration,
    /// By how much each interval is longer than the one before, as long as it goes on.
    pub growth: u32,
    /// The longest interval: something that goes on is told at least so often.
    pub longest_interval: Duration,
    /// Different ones of one rule in one container, or on the host, told at once in a first interval.
    pub told_per_place: u32,
    /// Different ones of one rule told at once in a first interval.
    pub told_per_rule: u32,
    /// Containers of which one rule tells the first at once, whatever else it told, in a first
    /// interval: one that makes noise does not hide what another does.
    pub places_per_rule: u32,
    /// Identities that are remembered.
    pub identities: usize,
    /// Rules in places that are remembered.
    pub places: usize,
    /// Rules that are remembered.
    pub rules: usize,
}

impl Default for AlertLimits {
    fn default() -> Self {
        AlertLimits {
            first_interval: Duration::from_secs(60),
            growth: 4,
            longest_interval: Duration::from_secs(3600),
            told_per_place: 10,
            told_per_rule: 50,
            places_per_rule: 200,
            identities: 8192,
            places: 8192,
            rules: 1024,
        }
    }
}
