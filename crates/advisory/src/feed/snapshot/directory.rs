//! Directories of a snapshot: what lies in them, sorted by name. Symbolic links are not followed.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use super::member::{Member, Payload, is_candidate};
use crate::AdvisoryError;
use crate::feed::limits::{DIRECTORY_MAX_DEPTH, SNAPSHOT_MAX_MEMBERS};

/// The entries of a directory, sorted by name; hidden ones left out.
pub(in crate::feed) fn children(
    directory: &Path,
) -> Result<Vec<(PathBuf, FileType)>, AdvisoryError> {
    let failed = |source| AdvisoryError::File { path: directory.to_owned(), source };
    let mut children = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden {
            children.push((entry.path(), entry.file_type().map_err(failed)?));
        }
        if children.len() > SNAPSHOT_MAX_MEMBERS {
            return Err(too_many(directory));
        }
    }
    children.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(children)
}

/// Every file below a directory that may hold advisories, depth first, sorted by name.
pub(in crate::feed) fn files(root: &Path) -> Result<Vec<Member>, AdvisoryError> {
    let mut members = Vec::new();
    let mut pending = vec![(root.to_owned(), 0)];
    while let Some((path, depth)) = pending.pop() {
        if depth > DIRECTORY_MAX_DEPTH {
            return Err(AdvisoryError::SnapshotDamaged {
                path,
                what: format!("directories nest deeper than {DIRECTORY_MAX_DEPTH}"),
            });
        }
        // The stack gives the last one first, so what is pushed is pushed in reverse.
        let mut deeper = Vec::new();
        for (child, kind) in children(&path)? {
            if kind.is_dir() {
                deeper.push((child, depth + 1));
            } else if kind.is_file() {
                members.extend(member(root, child));
            }
        }
        pending.extend(deeper.into_iter().rev());
        if members.len() > SNAPSHOT_MAX_MEMBERS {
            return Err(too_many(root));
        }
    }
    Ok(members)
}

fn member(root: &Path, path: PathBuf) -> Option<Member> {
    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    if !is_candidate(&name) {
        return None;
    }
    let size_bytes = std::fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
    Some(Member { name, size_bytes, payload: Payload::File(path) })
}

fn too_many(path: &Path) -> AdvisoryError {
    AdvisoryError::SnapshotDamaged {
        path: path.to_owned(),
        what: format!("it has more than {SNAPSHOT_MAX_MEMBERS} files"),
    }
}
