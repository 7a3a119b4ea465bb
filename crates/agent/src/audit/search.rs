//! Searching the log: a condition of the rule language over a range of time.

use std::ops::{ControlFlow, Range};

use model::AuditRecord;
use policy::filter::{Condition, Definitions, tables};
use serde::Serialize;
use store::audit::{AuditQuery, AuditReader, Scanned};

use super::facts::{RecordFacts, columns};
use crate::AgentError;

/// A record and its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Numbered {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// The record.
    pub record: AuditRecord,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The newest records that the condition holds for, in their order.
    pub found: Vec<Numbered>,
    /// Whether there are older ones, too.
    pub is_cut: bool,
    /// What was gone over.
    pub scanned: Scanned,
}

/// Compiles a condition over the fields of the trail.
///
/// # Errors
/// It is none; the message shows where.
pub fn compile(filter: &str) -> Result<Condition, AgentError> {
    Ok(Condition::compile("filter", filter, tables::audit(), &Definitions::new())?)
}

/// The newest records of a range of time, nanoseconds since 1970, that a condition holds for, at most
/// `limit`.
///
/// # Errors
/// The log cannot be read. Damage of a segment is told in `scanned`.
pub fn search(
    reader: &AuditReader,
    filter: Option<&Condition>,
    times_ns: Range<i64>,
    limit: usize,
) -> Result<Search, AgentError> {
    let query = AuditQuery { times_ns, newest_first: true, ..AuditQuery::default() };
    let mut search = Search::default();
    search.scanned = each(reader, filter, query, &mut |number, record| {
        if search.found.len() >= limit {
            search.is_cut = true;
            return ControlFlow::Break(());
        }
        search.found.push(Numbered { number, record });
        ControlFlow::Continue(())
    })?;
    search.found.reverse();
    Ok(search)
}

/// Goes over every record of a query that a condition holds for. Of the query's columns only those
/// that the condition asks for are read before it is known to hold.
///
/// # Errors
/// The log cannot be read.
pub fn each(
    reader: &AuditReader,
    filter: Option<&Condition>,
    query: AuditQuery<'_>,
    visit: &mut dyn FnMut(u64, AuditRecord) -> ControlFlow<()>,
) -> Result<Scanned, AgentError> {
    let Some(filter) = filter else { return Ok(reader.scan(&query, &mut |_| true, visit)?) };
    let columns = columns(filter);
    let query = AuditQuery { columns: &columns, ..query };
    Ok(reader.scan(&query, &mut |seen| filter.holds(&RecordFacts(seen)), visit)?)
}
