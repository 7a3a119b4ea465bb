//! The audit log: what was done on a node, appended and never changed.
//!
//! A folder of segments. Records go into the active one, a file of frames, each with the SHA-256
//! over the one before and itself, synced before they count as kept. A full segment is sealed: it
//! becomes a Parquet file that other tools read, with a line in the manifest. The chain goes on from
//! segment to segment, so that a changed, missing or foreign record is found.

mod batch;
mod disk;
mod error;
mod export;
mod frame;
mod log;
mod manifest;
mod open;
mod reader;
mod row;
mod seal;
mod segment;
mod verify;

pub use batch::Seen;
pub use error::AuditError;
pub use export::ParquetFile;
pub use frame::Hash;
pub use log::{Appended, AuditLog, AuditOptions, CutTail, Forgotten};
pub use reader::{ActiveRecords, AuditQuery, AuditReader, Damage, Scanned, active_records};
pub use row::Column;
pub use verify::{Broken, Verified};

#[cfg(test)]
mod tests;
