//! `rpmdb.sqlite`: an rpm database in SQLite (Fedora 33, RHEL 9, Azure Linux and later).
//!
//! Source: SQLite's "Database File Format". Only what `SELECT blob FROM Packages` needs is read:
//! the header, the schema table, one table b-tree with its overflow pages. Indexes and free pages
//! are never touched. A write-ahead log beside the database is another file; it is told
//! ([`check_log`]), not merged.

mod btree;
mod record;

use model::Content;

use self::btree::Database;
use self::record::{Value, column};
use super::super::bytes::be32;
use super::pages::malformed;
use super::{Installed, Record};
use crate::AnalyzeError;

/// The page that holds the schema table.
const SCHEMA_ROOT: u32 = 1;
/// Bytes of the header of a write-ahead log, and of that before each of its frames.
const LOG_HEADER_BYTES: usize = 32;
const LOG_FRAME_HEADER_BYTES: usize = 24;

/// Puts the header of every row of the table `Packages` into `installed`.
pub(super) fn read(
    content: &dyn Content,
    installed: &mut Installed<'_>,
) -> Result<(), AnalyzeError> {
    let mut database = Database::open(content)?;
    let root = packages_root(&mut database)?;
    database.walk(root, &mut |row, payload| {
        let record = row.map_or(Record::Table, Record::Row);
        let blob = match &payload {
            Ok(payload) => column(payload, 1),
            Err(_) => return installed.blob(record, payload),
        };
        match blob {
            Some(Value::Blob(blob)) => installed.blob(record, Ok(blob)),
            _ => installed.broken(record, "the row has no blob"),
        }
    })
}

/// The root page of the table `Packages`, from the schema table (type, name, table, root, text).
fn packages_root(database: &mut Database<'_>) -> Result<u32, AnalyzeError> {
    let mut root = None;
    database.walk(SCHEMA_ROOT, &mut |_, payload| {
        let payload = payload?;
        let is =
            |at, text: &[u8]| matches!(column(&payload, at), Some(Value::Text(t)) if t == text);
        if let (true, Some(Value::Integer(page))) =
            (is(0, b"table") && is(1, b"Packages"), column(&payload, 3))
        {
            root = u32::try_from(page).ok();
        }
        Ok(())
    })?;
    root.ok_or_else(|| malformed("a SQLite database without a table Packages".into()))
}

/// Looks at the write-ahead log of a database. What stands in it and was not yet copied into the
/// database is missing from the list of packages: that is told.
pub(super) fn check_log(content: &dyn Content) -> Result<(), AnalyzeError> {
    let mut start = [0; LOG_HEADER_BYTES + LOG_FRAME_HEADER_BYTES];
    if content.read_at(0, &mut start)? < start.len() {
        return Ok(());
    }
    let page_bytes = be32(&start, 8).unwrap_or(0);
    let same_run = start[16..24] == start[LOG_HEADER_BYTES + 8..LOG_HEADER_BYTES + 16];
    if !same_run || page_bytes == 0 {
        return Ok(());
    }
    let frame_bytes = u64::from(page_bytes) + LOG_FRAME_HEADER_BYTES as u64;
    let frames = (content.size_bytes() - LOG_HEADER_BYTES as u64) / frame_bytes;
    Err(AnalyzeError::Unsupported(format!(
        "a write-ahead log with {frames} pages is not read; packages installed last may be missing"
    )))
}
