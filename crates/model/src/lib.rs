//! The nouns of Lazaret: what every other room speaks of.
//!
//! No I/O, no clock, no async. One file a noun; every identifier is a newtype.
//! Eyes produce these, the judge reads them, memory keeps them.

mod advisory;
mod baseline;
mod content;
mod coverage;
mod digest;
mod distro;
mod ecosystem;
mod event;
mod exception;
mod file_entry;
mod finding;
mod fix_state;
mod image_config;
mod image_ref;
mod inventory;
mod layer;
mod platform;
mod progress;
mod report;
mod severity;
mod skip;
mod trail;
mod verdict;
pub mod version;
mod vulnerability;
mod workload;

pub use advisory::{Advisory, AdvisoryId, AdvisoryKind, Affected, NameOf, RangeEnd, VersionRange};
pub use baseline::*;
pub use content::Content;
pub use coverage::{Coverage, CoverageStatus};
pub use digest::{Digest, InvalidDigest};
pub use distro::Distro;
pub use ecosystem::Ecosystem;
pub use event::*;
pub use exception::{Exception, Ignored, IgnoredBy};
pub use file_entry::{FileEntry, FileKind};
pub use finding::*;
pub use fix_state::FixState;
pub use image_config::{HistoryStep, ImageConfig};
pub use image_ref::{ImageRef, InvalidImageRef};
pub use inventory::*;
pub use layer::{Layer, LayerIndex};
pub use platform::{InvalidPlatform, Platform};
pub use progress::{NoProgress, Progress};
pub use report::{DatabaseVersion, ImageFacts, Look, Report, ScanSource, SourceKind, ToolVersions};
pub use severity::Severity;
pub use skip::{Skip, SkipReason};
pub use trail::*;
pub use verdict::{Decision, Reason, Verdict};
pub use vulnerability::{CvssScore, Epss, KnownExploited, SourceClaim, Vulnerability};
pub use workload::*;

/// A moment as published by a source, never read from a clock here. RFC 3339 in JSON.
pub type Timestamp = jiff::Timestamp;
