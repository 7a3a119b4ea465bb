//! JUDGE: facts and a policy to a verdict. No I/O, no clock: the day arrives from the caller, and
//! the same report, policy and day always give the same verdict.
//!
//! [`Policy::parse`] reads the YAML a team writes, with diagnostics that point at the place;
//! [`apply_exceptions`] takes out what somebody has decided to live with; [`judge`] decides over
//! what is left. [`parse_ignore_file`] reads exceptions that are kept beside the code.

mod base64;
pub mod baseline;
pub mod cases;
pub mod checks;
mod day;
mod diagnostic;
mod exceptions;
pub mod filter;
mod free;
mod fusion;
mod glob;
mod ignore_file;
mod judge;
mod limits;
mod parse;
mod paths;
mod policy;
mod rule;
pub mod rules;
mod scope;
mod severity;
pub mod simulate;
pub mod trust;
mod versions;
pub mod workload;
mod yaml;

pub use diagnostic::PolicyError;
pub use exceptions::{Applied, apply_exceptions};
pub use fusion::{Fusion, Labelled, Weight};
pub use glob::Glob;
pub use ignore_file::parse_ignore_file;
pub use judge::{
    Explanation, Missing, WorkloadVerdict, explain, explain_workload, judge, judge_workload,
};
pub use paths::{
    clean_path, mount_lays_open, places_harmless_to_read, places_that_must_not_be_seen,
};
pub use policy::{OnMissing, Policy};
pub use rule::{
    Condition, CoverageState, MalwareCondition, MisconfigurationCondition, Mode, MountCondition,
    PackageCondition, PrivateKeyCondition, RootCondition, Rule, SecretCondition,
    VulnerabilityCondition, WorkloadCondition,
};
pub use scope::RuleScope;
pub use severity::{severity_of_malware, severity_of_secret};
pub use versions::VersionSet;

#[cfg(test)]
mod samples;
