//! The run before: kept as a file, to tell what changed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::BaselineReport;

use crate::AgentError;

/// Largest report that is read, in bytes.
const REPORT_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The report in a file; `None` when there is no such file.
///
/// # Errors
/// The file cannot be read, or holds no baseline report.
pub fn last(path: &Path) -> Result<Option<BaselineReport>, AgentError> {
    let wrong = |why: String| AgentError::File { path: path.to_path_buf(), why };
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    if length > REPORT_MAX_BYTES {
        return Err(wrong(format!("it is longer than {REPORT_MAX_BYTES} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let report: BaselineReport =
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if report.schema != BaselineReport::SCHEMA {
        return Err(wrong(format!("`{}` is not {}", report.schema, BaselineReport::SCHEMA)));
    }
    Ok(Some(report))
}

/// Keeps a report in a file that only its owner can read, since it tells where a host is weak. The
/// file appears whole or not at all.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn keep(path: &Path, report: &BaselineReport) -> Result<(), AgentError> {
    let wrong = |error: std::io::Error| AgentError::File {
        path: path.to_path_buf(),
        why: error.to_string(),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(wrong)?;
    }
    let partial = PathBuf::from(format!("{}.{}.partial", path.display(), std::process::id()));
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let mut file = file.map_err(wrong)?;
    let bytes = serde_json::to_vec(report).map_err(|error| wrong(error.into()))?;
    let kept = file.write_all(&bytes).and_then(|()| fs::rename(&partial, path));
    kept.inspect_err(|_| drop(fs::remove_file(&partial))).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{BaselineScore, Timestamp};

    #[test]
    fn keeps_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        assert_eq!(last(&path).unwrap(), None);
        let report = BaselineReport {
            schema: BaselineReport::SCHEMA.to_owned(),
            benchmark: "b".to_owned(),
            host: "h".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            results: Vec::new(),
            score: BaselineScore::default(),
        };
        keep(&path, &report).unwrap();
        assert_eq!(last(&path).unwrap(), Some(report));
        fs::write(&path, "{}").unwrap();
        assert!(last(&path).is_err());
    }
}
