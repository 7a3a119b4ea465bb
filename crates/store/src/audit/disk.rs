//! Files of the log: named, read within limits, put in place whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::AuditError;
use super::frame::Hash;

/// What a file is called while it is written.
pub(crate) const UNFINISHED: &str = "tmp";
/// The list of segments.
pub(crate) const MANIFEST: &str = "manifest";
/// The file that the writer holds locked.
pub(crate) const LOCK: &str = "lock";
/// The log is its owner's alone.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// What a file of the folder is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Manifest,
    Lock,
    Active(u64),
    Sealed(u64),
    /// What was cut from an active segment, by its SHA-256.
    Cut(Hash),
    Unfinished,
    Other,
}

impl Name {
    pub(crate) fn of(name: &str) -> Name {
        let segment = |digits: &str| {
            let plain = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain { digits.parse().ok() } else { None }
        };
        match (name, name.rsplit_once('.')) {
            (MANIFEST, _) => Name::Manifest,
            (LOCK, _) => Name::Lock,
            (_, Some((_, UNFINISHED))) => Name::Unfinished,
            (_, Some((digits, "wal"))) => segment(digits).map_or(Name::Other, Name::Active),
            (_, Some((digits, "parquet"))) => segment(digits).map_or(Name::Other, Name::Sealed),
            (_, Some((hash, "cut"))) => Hash::read(hash).map_or(Name::Other, Name::Cut),
            _ => Name::Other,
        }
    }
}

pub(crate) fn active(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:010}.wal"))
}

pub(crate) fn sealed(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:010}.parquet"))
}

/// The folder's files, by name.
pub(crate) fn files(folder: &Path) -> Result<Vec<(Name, PathBuf)>, AuditError> {
    let wrong = |error: &io::Error| AuditError::of("read", folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| wrong(&error))? {
        let entry = entry.map_err(|error| wrong(&error))?;
        files.push((Name::of(&entry.file_name().to_string_lossy()), entry.path()));
    }
    files.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(files)
}

/// Makes the folder, for its owner only.
pub(crate) fn make_folder(folder: &Path) -> Result<(), AuditError> {
    let made = fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    made.map_err(|error| AuditError::of("make", folder, &error))
}

/// Opens a file to read and write, making it where it is missing.
pub(crate) fn open_to_write(path: &Path) -> Result<File, AuditError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
    options.open(path).map_err(|error| AuditError::of("open", path, &error))
}

/// Makes a file anew: what had its name before, a link say, is removed and not written through.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
}

/// A whole file, if it is there; refused beyond `max_bytes`.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, AuditError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| AuditError::of("read", path, &error))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| AuditError::of("read", path, &error))?;
    if bytes.len() as u64 > max_bytes {
        return Err(AuditError::damaged(path, format!("it is larger than {max_bytes} bytes")));
    }
    Ok(Some(bytes))
}

/// Makes what happened to names in the folder last.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), AuditError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| AuditError::of("write", folder, &error))
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), AuditError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(AuditError::of("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Puts a file in place: written aside, synced, renamed, and the folder synced. Gives what `write`
/// gives. After an error the file is as it was before.
pub(crate) fn put<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, AuditError>,
) -> Result<T, AuditError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    let aside = PathBuf::from(name);
    let wrong = |error: io::Error| AuditError::of("write", path, &error);
    let whole = || {
        remove(&aside)?;
        let mut file = open_to_write(&aside)?;
        let done = write(&mut file)?;
        file.sync_all().map_err(wrong)?;
        fs::rename(&aside, path).map_err(wrong)?;
        Ok(done)
    };
    let done = whole().inspect_err(|_| {
        // What lies aside is removed at the next start too.
        let _ = fs::remove_file(&aside);
    })?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(done)
}

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}
