//! Reports: kept whole, found by image, by name and by time.

use model::{Decision, Digest, Report, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::limits::{REPORT_MAX_BYTES, ZSTD_LEVEL};
use crate::{Store, StoreError};

const HEAD_COLUMNS: &str = "id, image_id, name, source_kind, scanned_at_ms, decision, findings";

/// A report's number in its store. Later reports have higher ones; none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId(pub i64);

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
        let body = pack(report)
            .map_err(|why| StoreError::Unwritable { path: self.path().to_path_buf(), why })?;
        self.write(|connection| insert(connection, report, &body))
    }

    /// A report by its number.
    pub fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        let found = self.read(|connection| {
            let query = "SELECT id, body FROM report WHERE id = ?1";
            connection.query_row(query, params![id.0], stored).optional()
        })?;
        self.unpack(found)
    }

    /// The newest report of an image, by the digest of its configuration.
    pub fn report_by_image(&self, image_id: &Digest) -> Result<Option<Report>, StoreError> {
        let found = self.read(|connection| {
            let query = "SELECT id, body FROM report WHERE image_id = ?1
                         ORDER BY scanned_at_ms DESC, id DESC LIMIT 1";
            connection.query_row(query, params![image_id.as_str()], stored).optional()
        })?;
        self.unpack(found)
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

    fn unpack(&self, stored: Option<(i64, Vec<u8>)>) -> Result<Option<Report>, StoreError> {
        let Some((id, body)) = stored else { return Ok(None) };
        let report = unpack(&body).map_err(|why| StoreError::Report {
            path: self.path().to_path_buf(),
            id,
            why,
        })?;
        Ok(Some(report))
    }
}

fn insert(connection: &Connection, report: &Report, body: &[u8]) -> rusqlite::Result<ReportId> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO report (image_id, name, source_kind, scanned_at_ms, decision, findings, body)
         VALUES (:image_id, :name, :source_kind, :scanned_at_ms, :decision, :findings, :body)",
    )?;
    statement.execute(named_params! {
        ":image_id": report.source.image_id.as_ref().map(Digest::as_str),
        ":name": report.source.name,
        ":source_kind": report.source.kind.as_str(),
        ":scanned_at_ms": report.source.scanned_at.as_millisecond(),
        ":decision": decision_text(report.verdict.decision),
        ":findings": i64::try_from(report.findings.len()).unwrap_or(i64::MAX),
        ":body": body,
    })?;
    Ok(ReportId(connection.last_insert_rowid()))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>)> {
    Ok((row.get(0)?, row.get(1)?))
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

fn decision_text(decision: Decision) -> &'static str {
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

fn pack(report: &Report) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(report).map_err(|error| error.to_string())?;
    zstd::bulk::compress(&json, ZSTD_LEVEL).map_err(|error| error.to_string())
}

fn unpack(body: &[u8]) -> Result<Report, String> {
    use std::io::Read;
    let limit = u64::try_from(REPORT_MAX_BYTES).unwrap_or(u64::MAX);
    let decoder = zstd::Decoder::new(body).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    let read = decoder.take(limit + 1).read_to_end(&mut json).map_err(|error| error.to_string())?;
    if read > REPORT_MAX_BYTES {
        return Err(format!("it is larger than {REPORT_MAX_BYTES} bytes"));
    }
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}
