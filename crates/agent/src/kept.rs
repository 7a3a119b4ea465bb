//! What monitors learnt, kept in small files over restarts.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::AgentError;
use crate::limits::KEPT_MAX_BYTES;

/// Reads what was kept; `None` when nothing was.
pub(crate) fn read_kept<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, AgentError> {
    let failed = |why: String| AgentError::File { path: path.to_path_buf(), why };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(failed(why.to_string())),
    };
    let mut text = Vec::new();
    file.take(KEPT_MAX_BYTES).read_to_end(&mut text).map_err(|why| failed(why.to_string()))?;
    serde_json::from_slice(&text).map(Some).map_err(|why| failed(why.to_string()))
}

/// Keeps something: the old stays whole until the new is.
pub(crate) fn write_kept<T: Serialize>(path: &Path, what: &T) -> Result<(), AgentError> {
    let text = serde_json::to_vec(what);
    let failed = |why: serde_json::Error| AgentError::File {
        path: path.to_path_buf(),
        why: why.to_string(),
    };
    write_kept_bytes(path, &text.map_err(failed)?)
}

/// Keeps bytes in the same way.
pub(crate) fn write_kept_bytes(path: &Path, text: &[u8]) -> Result<(), AgentError> {
    let failed = |why: String| AgentError::File { path: path.to_path_buf(), why };
    replace(path, text).map_err(|why| failed(why.to_string()))
}

/// Puts a file in the place of another in one step. Only its owner may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name, too, is to be there after a loss of power.
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}
