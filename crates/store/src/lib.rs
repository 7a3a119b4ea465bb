//! MEMORY: state that outlives a run, on one machine in SQLite.
//!
//! Keeps reports and the gates' decisions and gives them back; decides nothing. SQL lives in this room only. Several
//! processes may hold the same file open; each call is one transaction.
//!
//! [`audit`] is a log of its own beside the database: a chain of records in segments, which one process appends to.

pub mod audit;
mod cached;
mod decisions;
mod error;
mod limits;
mod pins;
mod reports;
mod schema;
mod store;

pub use cached::CachedReports;
pub use decisions::{Chain, StoredDecision};
pub use error::StoreError;
pub use pins::Pin;
pub use reports::{ReportHead, ReportId, StoredReport};
pub use store::Store;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod samples;
