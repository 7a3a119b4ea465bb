//! The nouns of Lazaret: what every other room speaks of.
//!
//! No I/O, no clock, no async. One file a noun; every identifier is a newtype.
//! Eyes produce these, the judge reads them, memory keeps them.

mod accounts;
mod advisory;
mod baseline;
mod container;
mod content;
mod coverage;
mod decision_record;
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
mod package;
mod package_kind;
mod platform;
mod progress;
mod purl;
mod report;
mod scope;
mod severity;
mod skip;
mod subject;
mod verdict;
pub mod version;
mod vulnerability;
mod workload;

pub use accounts::{Accounts, Group, User};
pub use advisory::{Advisory, AdvisoryId, AdvisoryKind, Affected, NameOf, RangeEnd, VersionRange};
pub use baseline::{BaselineReport, BaselineResult, BaselineScore, Outcome};
pub use container::{Container, Known, Pod, Start};
pub use content::Content;
pub use coverage::{Coverage, CoverageStatus};
pub use decision_record::{DecisionRecord, Gate};
pub use digest::{Digest, InvalidDigest};
pub use distro::Distro;
pub use ecosystem::Ecosystem;
pub use event::{
    Call, Capabilities, CgroupName, Child, Connection, Event, EventKind, Exec, FileObject,
    Namespaces, ObjectFlags, Peer, ProcessId, SocketFamily, Stdio, Task,
};
pub use exception::{Exception, Ignored, IgnoredBy};
pub use file_entry::{FileEntry, FileKind};
pub use finding::*;
pub use fix_state::FixState;
pub use image_config::{HistoryStep, ImageConfig};
pub use image_ref::{ImageRef, InvalidImageRef};
pub use inventory::Inventory;
pub use layer::{Layer, LayerIndex};
pub use package::{Package, SourcePackage};
pub use package_kind::PackageKind;
pub use platform::{InvalidPlatform, Platform};
pub use progress::{NoProgress, Progress};
pub use purl::{InvalidPurl, Purl, PurlParts};
pub use report::{DatabaseVersion, ImageFacts, Look, Report, ScanSource, SourceKind, ToolVersions};
pub use scope::Scope;
pub use severity::Severity;
pub use skip::{Skip, SkipReason};
pub use subject::{FactValue, Observation, Subject};
pub use verdict::{Decision, Reason, Verdict};
pub use vulnerability::{CvssScore, Epss, KnownExploited, SourceClaim, Vulnerability};
pub use workload::{Actor, ContainerRole, ContainerSpec, Engine, ImageIdentity, Mount, Workload};

/// A moment as published by a source, never read from a clock here. RFC 3339 in JSON.
pub type Timestamp = jiff::Timestamp;
