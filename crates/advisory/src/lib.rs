//! EYES: advisory feeds to the advisory database; an inventory and the database to findings.
//!
//! Knows packages, not images. `feed` reads each source's own format into [`Record`]s; `database`
//! keeps them in one immutable, memory-mapped file; `model::version` orders versions exactly as each
//! ecosystem does; `matching` is a pure function of inventory and database.

mod cvss;
mod database;
mod error;
mod feed;
mod matching;
mod record;
mod refresh;
#[cfg(test)]
mod samples;

pub use cvss::{CvssVersion, InvalidCvss, Score, score};
pub use database::{Builder, Database, SourceStatus};
pub use error::AdvisoryError;
pub use feed::{
    Deliver, Endpoint, Fetched, Source, SourceFormat, SourceUpdate, UpdateOptions,
    built_in_end_of_life, import, sources, update,
};
pub use matching::{Matched, match_inventory};
pub use model::version::{InvalidVersion, Position, Scheme, Version, affects, compare, position};
pub use record::{
    CvssVector, EndOfLife, EpssRecord, KevRecord, Record, RecordSink, RepositoryCpes, SourceSummary,
};
