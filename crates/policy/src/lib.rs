//! JUDGE: facts and a policy to a verdict. No I/O, no clock: the day arrives from the caller, and
//! the same report, policy and day always give the same verdict.
//!
//! [`Policy::parse`] reads the YAML a team writes, with diagnostics that point at the place;
//! [`apply_exceptions`] takes out what somebody has decided to live with; [`judge`] decides over
//! what is left. [`parse_ignore_file`] reads exceptions that are kept beside the code.

mod base64;
pub mod baseline;
mod day;
mod diagnostic;
mod exceptions;
pub mod filter;
mod fusion;
mod glob;
mod ignore_file;
mod judge;
mod limits;
mod parse;
mod policy;
mod severity;
pub mod trust;
mod yaml;

pub use diagnostic::PolicyError;
pub use exceptions::{Applied, apply_exceptions};
pub use fusion::{Fusion, Labelled, Weight};
pub use ignore_file::parse_ignore_file;
pub use judge::judge;
pub use policy::{
    Condition, CoverageState, MalwareCondition, Policy, Rule, SecretCondition,
    VulnerabilityCondition,
};
pub use severity::{severity_of_malware, severity_of_secret};

#[cfg(test)]
mod samples;
