//! Records as one Parquet file, with the columns of the log, for other tools.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use model::AuditRecord;

use super::batch::Batch;
use super::disk;
use super::error::AuditError;
use super::row::Row;
use super::segment::{ROWS_PER_GROUP, SegmentWriter};

/// A Parquet file that is written. It appears when it is finished, whole, its owner's alone.
pub struct ParquetFile {
    path: PathBuf,
    aside: PathBuf,
    writer: SegmentWriter<BufWriter<File>>,
    batch: Batch,
    records: u64,
}

impl ParquetFile {
    /// Begins a file beside `path`.
    pub fn create(path: &Path) -> Result<ParquetFile, AuditError> {
        // What is renamed over a device or a pipe would take its place.
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(wrong(path, "it is no regular file".to_owned()));
        }
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.partial", std::process::id()));
        let aside = PathBuf::from(aside);
        let file = disk::create(&aside).map_err(|error| AuditError::of("write", path, &error))?;
        let writer = SegmentWriter::new(BufWriter::new(file)).map_err(|why| wrong(path, why))?;
        let path = path.to_path_buf();
        Ok(ParquetFile { path, aside, writer, batch: Batch::default(), records: 0 })
    }

    /// Adds a record.
    pub fn push(&mut self, number: u64, record: &AuditRecord) -> Result<(), AuditError> {
        let pushed = self.batch.push(&Row::of(number, record));
        pushed.map_err(|why| wrong(&self.path, why))?;
        self.records = self.records.saturating_add(1);
        if self.batch.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    /// Ends the file and puts it in place; gives how many records it has.
    pub fn finish(mut self) -> Result<u64, AuditError> {
        self.flush()?;
        let (path, aside) = (&self.path, &self.aside);
        let out = self.writer.finish(None).map_err(|why| wrong(path, why))?;
        let done = out.into_inner().map_err(std::io::IntoInnerError::into_error);
        let done = done.and_then(|file| file.sync_all()).and_then(|()| fs::rename(aside, path));
        done.map_err(|error| {
            let _ = fs::remove_file(aside);
            AuditError::of("write", path, &error)
        })?;
        Ok(self.records)
    }

    fn flush(&mut self) -> Result<(), AuditError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.len() == 0 {
            return Ok(());
        }
        self.writer.write(&batch).map_err(|why| wrong(&self.path, why))
    }
}

fn wrong(path: &Path, why: String) -> AuditError {
    AuditError::System { what: "write", path: path.to_path_buf(), why }
}
