//! `Layout`: an OCI image layout in a directory.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::resolve::Documents;
use super::stored::Store;
use crate::layer::Span;
use crate::{ImageError, Limits};

/// A layout directory.
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
    document_bytes: u64,
}

impl Layout {
    pub(crate) fn new(root: &Path, limits: &Limits) -> Self {
        Layout { root: root.to_owned(), document_bytes: limits.document_bytes }
    }

    /// Opens a regular file of the layout; `path` is made of digests and fixed names, never of
    /// what a document says.
    fn file(&self, path: &str) -> Result<Option<(File, u64)>, ImageError> {
        let path = self.root.join(path);
        let failed = |error| ImageError::reading(&path, error);
        // Not blocking, so that a FIFO in the place of a blob does not hang the scan.
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let file = match OpenOptions::new().read(true).custom_flags(nonblocking).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            let detail = "it is no regular file".to_owned();
            return Err(ImageError::Malformed { place: path.display().to_string(), detail });
        }
        Ok(Some((file, metadata.len())))
    }
}

impl Documents for Layout {
    fn document(&self, path: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some((file, size)) = self.file(path)? else { return Ok(None) };
        if size > self.document_bytes {
            let place = self.root.join(path).display().to_string();
            let detail = format!("{size} bytes; the limit is {}", self.document_bytes);
            return Err(ImageError::OverLimit { place, detail });
        }
        let mut bytes = Vec::new();
        file.take(self.document_bytes)
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::reading(&self.root.join(path), error))?;
        Ok(Some(bytes))
    }
}

impl Store for Layout {
    fn size_bytes(&self, path: &str) -> Option<u64> {
        std::fs::metadata(self.root.join(path)).ok().map(|metadata| metadata.len())
    }

    fn span(&self, path: &str) -> Result<Option<Span>, ImageError> {
        let file = self.file(path)?;
        Ok(file.map(|(file, size_bytes)| Span { file: Arc::new(file), offset: 0, size_bytes }))
    }
}
