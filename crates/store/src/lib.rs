//! MEMORY: state that outlives a run, on one machine in SQLite.
//!
//! Keeps reports and gives them back; decides nothing. SQL lives in this room only. Several
//! processes may hold the same file open; each call is one transaction.

mod error;
mod limits;
mod reports;
mod schema;
mod store;

pub use error::StoreError;
pub use reports::{ReportHead, ReportId};
pub use store::Store;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod samples;
