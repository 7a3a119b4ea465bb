//! Sealing: the frames of the active segment become a Parquet file.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::batch::Batch;
use super::disk;
use super::error::AuditError;
use super::frame::Hash;
use super::log::Active;
use super::manifest::Sealed;
use super::row::{Column, Row};
use super::segment::{ROWS_PER_GROUP, SegmentWriter};
use crate::limits::AUDIT_ACTIVE_READ_BYTES;

/// Most bytes of texts in a row group: long records make smaller groups.
const GROUP_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// Writes the sealed form of the active segment and puts it in place.
pub(super) fn write(folder: &Path, active: &Active) -> Result<Sealed, AuditError> {
    let damaged = |why: String| AuditError::damaged(&active.path, why);
    let bytes = disk::read(&active.path, AUDIT_ACTIVE_READ_BYTES)?.unwrap_or_default();
    let end = usize::try_from(active.bytes).unwrap_or(usize::MAX);
    let bytes = bytes.get(..end).ok_or_else(|| damaged("it became shorter".into()))?;
    let records = active.next.saturating_sub(active.head.first);
    let mut sealed = Sealed {
        segment: active.head.segment,
        first: active.head.first,
        records,
        oldest_ns: i64::MAX,
        newest_ns: i64::MIN,
        bytes: 0,
        sha256: Hash([0; 32]),
        previous: active.head.previous,
        head: active.hash,
    };
    let file = in_columns(active, bytes, &mut sealed).map_err(damaged)?;
    sealed.bytes = file.len() as u64;
    sealed.sha256 = disk::sha256(&file);
    let path = disk::sealed(folder, sealed.segment);
    disk::put(&path, |out| {
        out.write_all_at(&file, 0).map_err(|error| AuditError::of("write", &path, &error))
    })?;
    Ok(sealed)
}

fn in_columns(active: &Active, bytes: &[u8], sealed: &mut Sealed) -> Result<Vec<u8>, String> {
    let mut writer = SegmentWriter::new(Vec::new())?;
    let mut batch = Batch::default();
    let (mut text_bytes, mut rows) = (0, 0_u64);
    let mut frames = active.frames(bytes);
    for row in frames.by_ref() {
        text_bytes += row.len();
        let row = Row::decode(row)?;
        let time_ns = row.number(Column::Time);
        sealed.oldest_ns = sealed.oldest_ns.min(time_ns);
        sealed.newest_ns = sealed.newest_ns.max(time_ns);
        batch.push(&row)?;
        rows += 1;
        if batch.len() >= ROWS_PER_GROUP || text_bytes >= GROUP_TEXT_BYTES {
            writer.write(&batch)?;
            batch = Batch::default();
            text_bytes = 0;
        }
    }
    // What was acknowledged must be in the sealed form, or the segment is not given up.
    if rows != sealed.records || frames.hash != sealed.head {
        let record = sealed.first.saturating_add(rows);
        return Err(format!("record {record} is not as it was written"));
    }
    if batch.len() > 0 {
        writer.write(&batch)?;
    }
    writer.finish(Some(sealed))
}
