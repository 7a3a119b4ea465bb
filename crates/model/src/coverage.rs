//! `Coverage`: how far the advisories reach, so that silence is never taken for safety.

use serde::{Deserialize, Serialize};

/// How far the advisory database reaches for one ecosystem of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The ecosystem (`debian:12`, `npm`), or the distribution as found when it is unknown.
    pub ecosystem: String,
    /// How many packages of the inventory it is about.
    pub packages: u32,
    /// How far.
    pub status: CoverageStatus,
    /// One sentence for the reader: what it means and what to do.
    pub note: String,
}

/// How far the advisories reach. Anything but `Covered` means: no findings is not clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CoverageStatus {
    /// A feed speaks of this ecosystem and is fresh.
    Covered,
    /// The feed is old.
    Stale {
        /// Whole days since the newest statement or download.
        days: u32,
    },
    /// The release is out of support; what was found later is not in any feed.
    EndOfLife {
        /// Date support ended, `YYYY-MM-DD`.
        since: String,
    },
    /// The distribution or its release is not known.
    UnknownDistribution,
    /// No feed in the database speaks of this ecosystem.
    NoFeed,
}
