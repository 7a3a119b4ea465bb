//! `CertificateFolder`: certificates kept in a directory of this machine.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use model::Timestamp;

use super::Certificates;
use crate::ServerError;
use crate::limits::CERTIFICATES_MAX_BYTES;

/// The file with the keys, readable by its owner only.
const KEPT: &str = "certificates.json";
/// The authorities to trust, for whoever fills in a `caBundle` by hand.
const BUNDLE: &str = "ca.crt";

/// Certificates kept in a directory: `certificates.json` (with keys) and `ca.crt` (the bundle).
#[derive(Debug, Clone)]
pub struct CertificateFolder {
    directory: PathBuf,
}

impl CertificateFolder {
    /// The folder at this path; it is made when something is first kept.
    pub fn at(directory: &Path) -> CertificateFolder {
        CertificateFolder { directory: directory.to_path_buf() }
    }

    /// The certificates to use at this time, for these names: what is kept, renewed where due, or new ones.
    pub fn current(&self, names: &[String], now: Timestamp) -> Result<Certificates, ServerError> {
        let kept = self.kept()?;
        let new = match &kept {
            Some(kept) => kept.renewed(names, now)?,
            None => Some(Certificates::made(names, now)?),
        };
        if let Some(new) = &new {
            self.keep(new)?;
        }
        new.or(kept).ok_or_else(|| ServerError::certificates(&self.directory, "none could be made"))
    }

    /// What is kept, as it is, or new ones for these names: for whoever only needs the bundle.
    pub fn known_or_new(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<Certificates, ServerError> {
        match self.kept()? {
            Some(kept) => Ok(kept),
            None => self.current(names, now),
        }
    }

    fn kept(&self) -> Result<Option<Certificates>, ServerError> {
        let path = self.directory.join(KEPT);
        let text = match read_bounded(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ServerError::certificates(&path, error)),
        };
        let kept = serde_json::from_str(&text);
        kept.map(Some).map_err(|error| ServerError::certificates(&path, error))
    }

    fn keep(&self, certificates: &Certificates) -> Result<(), ServerError> {
        let wrong = |error: std::io::Error| ServerError::certificates(&self.directory, error);
        fs::create_dir_all(&self.directory).map_err(wrong)?;
        let text = serde_json::to_string(certificates)
            .map_err(|error| ServerError::certificates(&self.directory, error))?;
        replace(&self.directory.join(KEPT), &text, 0o600).map_err(wrong)?;
        replace(&self.directory.join(BUNDLE), &certificates.bundle(), 0o644).map_err(wrong)
    }
}

/// A text file, within the bound.
pub(crate) fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(CERTIFICATES_MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > CERTIFICATES_MAX_BYTES {
        return Err(std::io::Error::other("larger than any certificate is"));
    }
    Ok(text)
}

/// Writes a file whole or not at all; a reader sees the old one or the new one.
fn replace(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}
