//! The decision log: what the gates decided, appended and never changed.
//!
//! Each row carries the hash of the row before it. Whoever keeps the newest hash elsewhere can tell
//! later whether anything before it was changed or taken out. The oldest rows leave by age and size;
//! the anchor keeps the hash of the last of them, which the rest goes on from.

use model::{DecisionRecord, Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::limits::{DECISION_ROW_BYTES, DECISIONS_MAX, DECISIONS_PRUNED};
use crate::reports::{decision_text, sha256};
use crate::{Store, StoreError};

/// Begins what is hashed, so that a hash of this log is a hash of nothing else.
const CHAIN_DOMAIN: &str = "lazaret.decision/v1";

/// A decision with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    /// Its number, from 1 without gaps.
    pub number: i64,
    /// SHA-256 over the hash before it and its own body.
    pub hash: Digest,
    /// The decision.
    pub record: DecisionRecord,
}

/// What came of following the log from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Decisions whose hashes hold.
    pub decisions: u64,
    /// Older ones that were taken out by age or size.
    pub pruned: u64,
    /// The hash of the last of them.
    pub head: Digest,
    /// The first decision that does not follow from the ones before it, and why; `None` when all do.
    pub broken: Option<(i64, String)>,
}

/// A row as it lies there.
struct Stored {
    number: i64,
    body: String,
    previous: String,
    hash: String,
}

impl Store {
    /// Appends a decision; gives its number.
    pub fn append_decision(&self, record: &DecisionRecord) -> Result<i64, StoreError> {
        let body = serde_json::to_string(record).map_err(|error| StoreError::Unwritable {
            path: self.path().to_path_buf(),
            why: error.to_string(),
        })?;
        self.write(|connection| append(connection, record, &body))
    }

    /// The decisions from a moment on, the oldest first, at most `limit`.
    pub fn decisions(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let rows = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT number, body, previous, hash FROM decision WHERE at_ms >= ?1
                 ORDER BY number LIMIT ?2",
            )?;
            let limit = limit.min(DECISIONS_MAX);
            statement.query_map(params![since.as_millisecond(), limit], stored)?.collect()
        })?;
        self.read_back(rows)
    }

    /// The newest decisions, at most `limit`, the newest first.
    pub fn latest_decisions(&self, limit: u32) -> Result<Vec<StoredDecision>, StoreError> {
        let rows = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT number, body, previous, hash FROM decision ORDER BY number DESC LIMIT ?1",
            )?;
            statement.query_map(params![limit.min(DECISIONS_MAX)], stored)?.collect()
        })?;
        self.read_back(rows)
    }

    /// Takes out the oldest decisions: those before `since`, and those beyond `max_bytes`. The newest
    /// stays. At most 4,096 go in one call, so that nobody waits long for the file; gives how many.
    pub fn prune_decisions(&self, since: Timestamp, max_bytes: u64) -> Result<u64, StoreError> {
        // Whoever wants to write does not wait while the log is looked through.
        let first = self.read(|connection| first_kept(connection, since, max_bytes))?;
        first.map_or(Ok(0), |first| self.write(|connection| prune(connection, first)))
    }

    /// Follows the log from its beginning and tells where it is broken.
    pub fn verify_decisions(&self) -> Result<Chain, StoreError> {
        self.read(|connection| {
            let (pruned, head) = anchor(connection)?;
            let mut statement = connection
                .prepare("SELECT number, body, previous, hash FROM decision ORDER BY number")?;
            let mut chain = Chain { decisions: 0, pruned, head, broken: None };
            for row in statement.query_map([], stored)? {
                let row = row?;
                if let Some(why) = fault(&chain, &row) {
                    chain.broken = Some((row.number, why));
                    break;
                }
                chain.decisions += 1;
                chain.head = hash_of(&row.previous, &row.body);
            }
            Ok(chain)
        })
    }

    fn read_back(&self, rows: Vec<Stored>) -> Result<Vec<StoredDecision>, StoreError> {
        rows.into_iter()
            .map(|row| {
                let wrong = |why| {
                    let path = self.path().to_path_buf();
                    StoreError::Decision { path, number: row.number, why }
                };
                let record =
                    serde_json::from_str(&row.body).map_err(|error| wrong(error.to_string()))?;
                let hash = row.hash.parse().map_err(|_| wrong("its hash is none".to_owned()))?;
                Ok(StoredDecision { number: row.number, hash, record })
            })
            .collect()
    }
}

fn append(connection: &Connection, record: &DecisionRecord, body: &str) -> rusqlite::Result<i64> {
    let last: Option<(i64, String)> = connection
        .prepare_cached("SELECT number, hash FROM decision ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, previous) = last.unwrap_or_else(|| (0, beginning().to_string()));
    let number = number.saturating_add(1);
    let hash = hash_of(&previous, body);
    connection
        .prepare_cached(
            "INSERT INTO decision (number, at_ms, gate, decision, enforced, body, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number,
            record.at.as_millisecond(),
            record.gate.as_str(),
            decision_text(record.verdict.decision),
            decision_text(record.enforced),
            body,
            previous,
            hash.as_str(),
        ])?;
    Ok(number)
}

/// The oldest decision that stays; none when all do. Those that are appended meanwhile are newer.
fn first_kept(
    connection: &Connection,
    since: Timestamp,
    max_bytes: u64,
) -> rusqlite::Result<Option<i64>> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let oldest = number("SELECT min(number) FROM decision")?;
    let newest = number("SELECT max(number) FROM decision")?;
    let (Some(oldest), Some(newest)) = (oldest, newest) else { return Ok(None) };
    let young: Option<i64> = connection.query_row(
        "SELECT min(number) FROM decision WHERE at_ms >= ?1",
        [since.as_millisecond()],
        |row| row.get(0),
    )?;
    let within = match file_bytes(connection)? <= max_bytes {
        true => oldest,
        false => first_within(connection, max_bytes)?,
    };
    let first = young.unwrap_or(newest).max(within);
    let first = first.min(newest).min(oldest.saturating_add(DECISIONS_PRUNED));
    Ok((first > oldest).then_some(first))
}

/// Takes out what is before a decision. Nothing where somebody else has taken out more meanwhile.
fn prune(connection: &Connection, first: i64) -> rusqlite::Result<u64> {
    connection.execute(
        "INSERT INTO decision_anchor (one, number, hash)
         SELECT 1, number, hash FROM decision WHERE number = ?1
         ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        [first - 1],
    )?;
    let gone = connection.execute("DELETE FROM decision WHERE number < ?1", [first])?;
    Ok(gone as u64)
}

/// What the whole file takes: no less than the decisions in it.
fn file_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    };
    Ok(pragma("page_count")?.saturating_mul(pragma("page_size")?))
}

/// The oldest decision that has room when the newest have it first.
fn first_within(connection: &Connection, max_bytes: u64) -> rusqlite::Result<i64> {
    // The length of a column is known without its text being read.
    let mut statement = connection
        .prepare("SELECT number, octet_length(body) FROM decision ORDER BY number DESC")?;
    let mut rows = statement.query([])?;
    let (mut first, mut bytes) = (i64::MAX, 0u64);
    while let Some(row) = rows.next()? {
        let length: i64 = row.get(1)?;
        bytes = bytes.saturating_add(DECISION_ROW_BYTES + length.unsigned_abs());
        if bytes > max_bytes {
            break;
        }
        first = row.get(0)?;
    }
    Ok(first)
}

/// How many decisions were taken out, and what the first that is left follows.
fn anchor(connection: &Connection) -> rusqlite::Result<(u64, Digest)> {
    let found: Option<(i64, String)> = connection
        .query_row("SELECT number, hash FROM decision_anchor", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    // A hash that is none is followed by nothing.
    Ok(found.map_or((0, beginning()), |(number, hash)| {
        (number.unsigned_abs(), hash.parse().unwrap_or_else(|_| beginning()))
    }))
}

/// What the first decision follows.
fn beginning() -> Digest {
    Digest::sha256(&[0; 32])
}

fn hash_of(previous: &str, body: &str) -> Digest {
    sha256(format!("{CHAIN_DOMAIN}\n{previous}\n{body}").as_bytes())
}

/// Why a row does not follow the chain; `None` when it does.
fn fault(chain: &Chain, row: &Stored) -> Option<String> {
    let before = chain.pruned.saturating_add(chain.decisions);
    let expected = i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1);
    if row.number != expected {
        return Some(format!("decision {expected} is missing"));
    }
    if row.previous != chain.head.as_str() {
        return Some("it does not follow the decision before it".to_owned());
    }
    let made = hash_of(&row.previous, &row.body);
    (made.as_str() != row.hash).then(|| "its text was changed".to_owned())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { number: row.get(0)?, body: row.get(1)?, previous: row.get(2)?, hash: row.get(3)? })
}
