//! Reports: kept whole, found by image, by name and by time.

use model::{Decision, Digest, Report, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::limits::{REPORT_MAX_BYTES, ZSTD_LEVEL};
use crate::{Store, StoreError};

const HEAD_COLUMNS: &str = "id, image_id, name, source_kind, scanned_at_ms, decision, findings";

/// A report's number in its store. Later reports have higher ones; none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId(pub i64);

/// A report with its number and the name by which decisions call it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredReport {
    /// Its number.
    pub id: ReportId,
    /// SHA-256 of the report as JSON.
    pub digest: Digest,
    /// Bytes of that JSON.
    pub size_bytes: usize,
    /// The report.
    pub report: Report,
}

/// What a list of reports shows of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHead {
    /// Its number.
    pub id: ReportId,
    /// Digest of the image's configuration; `None` for what has none, such as a root filesystem.
    pub image_id: Option<Digest>,
    /// The reference or path as the user gave it.
    pub name: String,
    /// What it was read from, as the command line names it.
    pub source_kind: String,
    /// When the scan began, to the millisecond.
    pub scanned_at: Timestamp,
    /// What the judge said.
    pub decision: Decision,
    /// How many findings it has.
    pub findings: u64,
}

impl Store {
    /// Keeps a report. Earlier reports of the same image stay, as its history.
    pub fn save_report(&self, report: &Report) -> Result<ReportId, StoreError> {
        let packed = pack(report)
            .map_err(|why| StoreError::Unwritable { path: self.path().to_path_buf(), why })?;
        self.write(|connection| insert(connection, report, &packed))
    }

    /// A report by its number.
    pub fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        Ok(self.stored_report(id)?.map(|stored| stored.report))
    }

    /// A report by its number, with its digest.
    pub fn stored_report(&self, id: ReportId) -> Result<Option<StoredReport>, StoreError> {
        let body: Option<Vec<u8>> = self.read(|connection| {
            let query = "SELECT body FROM report WHERE id = ?1";
            connection.prepare_cached(query)?.query_row(params![id.0], |row| row.get(0)).optional()
        })?;
        body.map(|body| self.unpack(id, &body)).transpose()
    }

    /// The newest report of an image, by the digest of its configuration.
    pub fn report_by_image(&self, image_id: &Digest) -> Result<Option<Report>, StoreError> {
        self.newest(self.newest_of_image(image_id)?)
    }

    /// The newest report of an image, by the digest of its manifest.
    pub fn report_by_manifest(&self, manifest: &Digest) -> Result<Option<Report>, StoreError> {
        self.newest(self.newest_of_manifest(manifest)?)
    }

    /// The report of a digest, as decisions name it.
    pub fn report_by_digest(&self, digest: &Digest) -> Result<Option<StoredReport>, StoreError> {
        let id = self.number("SELECT id FROM report WHERE digest = ?1 LIMIT 1", digest)?;
        Ok(id.map(|id| self.stored_report(id)).transpose()?.flatten())
    }

    /// The number of an image's newest report, by the digest of its configuration.
    pub fn newest_of_image(&self, image_id: &Digest) -> Result<Option<ReportId>, StoreError> {
        let query = "SELECT id FROM report WHERE image_id = ?1
                     ORDER BY scanned_at_ms DESC, id DESC LIMIT 1";
        self.number(query, image_id)
    }

    /// The number of an image's newest report, by the digest of its manifest.
    pub fn newest_of_manifest(&self, manifest: &Digest) -> Result<Option<ReportId>, StoreError> {
        let query = "SELECT id FROM report WHERE manifest_digest = ?1
                     ORDER BY scanned_at_ms DESC, id DESC LIMIT 1";
        self.number(query, manifest)
    }

    /// The newest reports, at most `limit`, the newest first.
    pub fn latest_reports(&self, limit: u32) -> Result<Vec<ReportHead>, StoreError> {
        self.read(|connection| {
            let query = format!(
                "SELECT {HEAD_COLUMNS} FROM report ORDER BY scanned_at_ms DESC, id DESC LIMIT ?1"
            );
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map(params![limit], head)?.collect()
        })
    }

    /// The newest reports of a name, at most `limit`, the newest first.
    pub fn reports_by_name(&self, name: &str, limit: u32) -> Result<Vec<ReportHead>, StoreError> {
        self.read(|connection| {
            let query = format!(
                "SELECT {HEAD_COLUMNS} FROM report WHERE name = ?1
                 ORDER BY scanned_at_ms DESC, id DESC LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map(params![name, limit], head)?.collect()
        })
    }

    /// Takes away all but the newest `keep` reports; gives how many went.
    pub fn prune_to_count(&self, keep: u32) -> Result<u64, StoreError> {
        self.write(|connection| {
            let removed = connection.execute(
                "DELETE FROM report WHERE id NOT IN
                 (SELECT id FROM report ORDER BY scanned_at_ms DESC, id DESC LIMIT ?1)",
                params![keep],
            )?;
            Ok(u64::try_from(removed).unwrap_or(u64::MAX))
        })
    }

    /// Takes away the reports of scans that began before a moment; gives how many went.
    pub fn prune_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        self.write(|connection| {
            let removed = connection.execute(
                "DELETE FROM report WHERE scanned_at_ms < ?1",
                params![moment.as_millisecond()],
            )?;
            Ok(u64::try_from(removed).unwrap_or(u64::MAX))
        })
    }

    fn newest(&self, id: Option<ReportId>) -> Result<Option<Report>, StoreError> {
        Ok(id.map(|id| self.report(id)).transpose()?.flatten())
    }

    fn number(&self, query: &str, digest: &Digest) -> Result<Option<ReportId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row(params![digest.as_str()], |row| row.get(0).map(ReportId)).optional()
        })
    }

    fn unpack(&self, id: ReportId, body: &[u8]) -> Result<StoredReport, StoreError> {
        let wrong = |why| StoreError::Report { path: self.path().to_path_buf(), id: id.0, why };
        let json = decompress(body).map_err(wrong)?;
        let report = serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))?;
        Ok(StoredReport { id, digest: sha256(&json), size_bytes: json.len(), report })
    }
}

/// A report ready to be written.
struct Packed {
    digest: Digest,
    body: Vec<u8>,
}

fn insert(connection: &Connection, report: &Report, packed: &Packed) -> rusqlite::Result<ReportId> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO report (image_id, manifest_digest, name, source_kind, scanned_at_ms, decision,
                             findings, digest, body)
         VALUES (:image_id, :manifest_digest, :name, :source_kind, :scanned_at_ms, :decision,
                 :findings, :digest, :body)",
    )?;
    statement.execute(named_params! {
        ":image_id": report.source.image_id.as_ref().map(Digest::as_str),
        ":manifest_digest": report.source.manifest_digest.as_ref().map(Digest::as_str),
        ":name": report.source.name,
        ":source_kind": report.source.kind.as_str(),
        ":scanned_at_ms": report.source.scanned_at.as_millisecond(),
        ":decision": decision_text(report.verdict.decision),
        ":findings": i64::try_from(report.findings.len()).unwrap_or(i64::MAX),
        ":digest": packed.digest.as_str(),
        ":body": packed.body,
    })?;
    Ok(ReportId(connection.last_insert_rowid()))
}

/// Gives the reports of an older file the digests that they are found by. One that cannot be read
/// stays without.
pub(crate) fn add_digests(connection: &Connection) -> rusqlite::Result<()> {
    let mut ids = connection.prepare("SELECT id FROM report WHERE digest IS NULL")?;
    let ids: Vec<i64> = ids.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in ids {
        let query = "SELECT body FROM report WHERE id = ?1";
        let body: Vec<u8> = connection.query_row(query, params![id], |row| row.get(0))?;
        let Ok(json) = decompress(&body) else { continue };
        let Ok(report) = serde_json::from_slice::<Report>(&json) else { continue };
        let manifest = report.source.manifest_digest.as_ref().map(Digest::as_str);
        connection.execute(
            "UPDATE report SET digest = ?2, manifest_digest = ?3 WHERE id = ?1",
            params![id, sha256(&json).as_str(), manifest],
        )?;
    }
    Ok(())
}

fn head(row: &Row<'_>) -> rusqlite::Result<ReportHead> {
    let unreadable = |column, why: String| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, why.into())
    };
    let image_id: Option<String> = row.get(1)?;
    let image_id = image_id
        .map(|text| text.parse::<Digest>().map_err(|error| unreadable(1, error.to_string())))
        .transpose()?;
    let scanned_at = Timestamp::from_millisecond(row.get(4)?)
        .map_err(|error| unreadable(4, error.to_string()))?;
    let decision: String = row.get(5)?;
    let decision = decision_of(&decision)
        .ok_or_else(|| unreadable(5, format!("`{decision}` is not a decision")))?;
    Ok(ReportHead {
        id: ReportId(row.get(0)?),
        image_id,
        name: row.get(2)?,
        source_kind: row.get(3)?,
        scanned_at,
        decision,
        findings: u64::try_from(row.get::<_, i64>(6)?).unwrap_or(0),
    })
}

pub(crate) fn decision_text(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    }
}

fn decision_of(text: &str) -> Option<Decision> {
    [Decision::Allow, Decision::Warn, Decision::Deny]
        .into_iter()
        .find(|decision| decision_text(*decision) == text)
}

fn pack(report: &Report) -> Result<Packed, String> {
    let json = serde_json::to_vec(report).map_err(|error| error.to_string())?;
    let body = zstd::bulk::compress(&json, ZSTD_LEVEL).map_err(|error| error.to_string())?;
    Ok(Packed { digest: sha256(&json), body })
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let limit = u64::try_from(REPORT_MAX_BYTES).unwrap_or(u64::MAX);
    let decoder = zstd::Decoder::new(body).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    let read = decoder.take(limit + 1).read_to_end(&mut json).map_err(|error| error.to_string())?;
    if read > REPORT_MAX_BYTES {
        return Err(format!("it is larger than {REPORT_MAX_BYTES} bytes"));
    }
    Ok(json)
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    let hash: [u8; 32] = sha2::Sha256::digest(bytes).into();
    Digest::sha256(&hash)
}
