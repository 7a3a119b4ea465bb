//! What a name meant when it was last scanned: the tag of a registry, to the digest behind it.

use model::{Digest, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::{Store, StoreError};

/// The image that a name stood for at its newest scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Digest of the manifest.
    pub manifest: Digest,
    /// When the scan began, to the millisecond.
    pub scanned_at: Timestamp,
}

impl Store {
    /// The manifest that a name, exactly as a scan was given it, stood for in its registry.
    ///
    /// Scans of archives and daemons say nothing: what they call by this name is theirs alone.
    pub fn pin(&self, name: &str) -> Result<Option<Pin>, StoreError> {
        let found: Option<(String, i64)> = self.read(|connection| {
            let query = "SELECT manifest_digest, scanned_at_ms FROM report
                         WHERE name = ?1 AND source_kind = 'registry' AND manifest_digest IS NOT NULL
                         ORDER BY scanned_at_ms DESC, id DESC LIMIT 1";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row(params![name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        Ok(found.and_then(|(manifest, at)| {
            let scanned_at = Timestamp::from_millisecond(at).ok()?;
            Some(Pin { manifest: manifest.parse().ok()?, scanned_at })
        }))
    }
}

#[cfg(test)]
mod tests {
    use model::SourceKind;

    use super::*;
    use crate::samples::{digest, report};

    #[test]
    fn the_newest_scan_of_the_registry_says_what_a_tag_is() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("s.db")).unwrap();
        let save = |kind, manifest, at| {
            let mut report = report("app:1", 1, at);
            report.source.kind = kind;
            report.source.manifest_digest = manifest;
            store.save_report(&report).unwrap();
        };
        save(SourceKind::Registry, Some(digest(1)), 10);
        save(SourceKind::Registry, Some(digest(2)), 30);
        save(SourceKind::Registry, Some(digest(3)), 20);
        save(SourceKind::DockerArchive, Some(digest(4)), 40);
        save(SourceKind::Registry, None, 50);
        assert_eq!(store.pin("app:1").unwrap().unwrap().manifest, digest(2));
        assert_eq!(store.pin("app:2").unwrap(), None);
    }
}
