//! `tree`: the trail after an intrusion. From one record up to who started it, down to what its
//! descendants did, and beside it what else happened in the same container and session.

mod forest;

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::{ControlFlow, Range};
use std::str::FromStr;

use model::{Ancestor, AuditRecord, ProcessId};
use serde::Serialize;
use store::audit::{AuditQuery, AuditReader, Column, Scanned, Seen};

use super::search::Numbered;
use crate::AgentError;
use crate::limits::{TREE_BESIDE, TREE_TRAIL};
use forest::Forest;

/// What decides whether a record belongs to the tree.
const COLUMNS: [Column; 9] = [
    Column::Kind,
    Column::Pid,
    Column::StartNs,
    Column::ParentPid,
    Column::ParentStartNs,
    Column::Ancestors,
    Column::ContainerId,
    Column::Session,
    Column::Node,
];

/// What a tree is made around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// A record by its number.
    Record(u64),
    /// The first record of a process.
    Process(ProcessId),
}

/// Reads `4711` and `pid@start`.
impl FromStr for Around {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a record's number nor a process, `pid@start`");
        match text.split_once('@') {
            None => text.parse().map(Around::Record).map_err(|_| wrong()),
            Some((pid, start)) => {
                let pid = pid.parse().map_err(|_| wrong())?;
                let start_ns = start.parse().map_err(|_| wrong())?;
                Ok(Around::Process(ProcessId { pid, start_ns }))
            }
        }
    }
}

/// How long before and after the record the tree looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeWindow {
    /// Before it, in nanoseconds.
    pub before_ns: i64,
    /// After it, in nanoseconds.
    pub after_ns: i64,
}

impl Default for TreeWindow {
    /// A quarter of an hour before, an hour after.
    fn default() -> Self {
        TreeWindow { before_ns: 900_000_000_000, after_ns: 3_600_000_000_000 }
    }
}

/// A process of a tree, and what it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Which; zero for what no process is known of.
    pub process: ProcessId,
    /// Its program's file, as last seen.
    pub exe: String,
    /// Its command line, as last seen.
    pub command: String,
    /// Whose it is.
    pub user: String,
    /// The container's name or id; empty on the host.
    pub container: String,
    /// The place of its parent in the list; `None` at the top.
    pub parent: Option<usize>,
    /// Whether it is the one that the tree is made around, or above it.
    pub leads_here: bool,
    /// Whether it descends from the one that the tree is made around, or is it.
    pub descends: bool,
    /// What it did, in order.
    pub records: Vec<Numbered>,
}

/// The trail around a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The record that the tree is made around.
    pub around: Numbered,
    /// The processes, each with the place of its parent.
    pub processes: Vec<Process>,
    /// Records beside the trail, in the same container or session, that were left out because there
    /// are too many.
    pub left_out: u64,
    /// Whether records of the trail itself are missing because there are too many.
    pub is_cut: bool,
    /// What was gone over.
    pub scanned: Scanned,
}

/// Makes the tree around a record; `None` when there is no such record.
///
/// # Errors
/// The log cannot be read.
pub fn tree(
    reader: &AuditReader,
    around: Around,
    window: TreeWindow,
) -> Result<Option<Tree>, AgentError> {
    let Some(around) = find(reader, around)? else { return Ok(None) };
    let time_ns = around.record.time_ns;
    let times_ns = time_ns.saturating_sub(window.before_ns)
        ..time_ns.saturating_add(window.after_ns).saturating_add(1);
    let gathered = gather(reader, &around, times_ns)?;
    let mut forest = Forest::default();
    forest.put_above(&around.record);
    for record in gathered.records {
        forest.put(record);
    }
    forest.link();
    forest.mark(around.record.initiator.process);
    Ok(Some(Tree {
        around,
        processes: forest.processes,
        left_out: gathered.left_out,
        is_cut: gathered.is_cut,
        scanned: gathered.scanned,
    }))
}

fn find(reader: &AuditReader, around: Around) -> Result<Option<Numbered>, AgentError> {
    let mut found = None;
    let mut query = AuditQuery { columns: &COLUMNS, ..AuditQuery::default() };
    if let Around::Record(number) = around {
        query.numbers = number..number.saturating_add(1);
    }
    let mut is_it = |seen: Seen<'_>| match around {
        Around::Record(_) => true,
        Around::Process(wanted) => id(seen, Column::Pid, Column::StartNs) == wanted,
    };
    reader.scan(&query, &mut is_it, &mut |number, record| {
        found = Some(Numbered { number, record });
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// What belongs to a tree.
#[derive(Default)]
struct Gathered {
    records: Vec<Numbered>,
    left_out: u64,
    is_cut: bool,
    scanned: Scanned,
}

/// How a record belongs to a tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Belongs {
    /// It is of the process, its descendants, or those above it.
    Trail,
    /// It is of the same container or session.
    Beside,
}

/// Goes over the window once, in order, so that a child is known by its parent's record.
fn gather(
    reader: &AuditReader,
    around: &Numbered,
    times_ns: Range<i64>,
) -> Result<Gathered, AgentError> {
    let kin = RefCell::new(Kin::of(&around.record));
    let query = AuditQuery { times_ns, columns: &COLUMNS, ..AuditQuery::default() };
    let mut gathered = Gathered::default();
    let (mut trail, mut beside) = (0, 0);
    let mut left_out = 0_u64;
    let mut is_cut = false;
    let mut keep = |seen: Seen<'_>| {
        let is_it = seen.number(Column::Number).cast_unsigned() == around.number;
        match kin.borrow_mut().belongs(seen) {
            _ if is_it => true,
            None => false,
            Some(Belongs::Trail) => {
                trail += 1;
                is_cut |= trail > TREE_TRAIL;
                trail <= TREE_TRAIL
            }
            Some(Belongs::Beside) => {
                beside += 1;
                left_out += u64::from(beside > TREE_BESIDE);
                beside <= TREE_BESIDE
            }
        }
    };
    gathered.scanned = reader.scan(&query, &mut keep, &mut |number, record| {
        gathered.records.push(Numbered { number, record });
        ControlFlow::Continue(())
    })?;
    (gathered.left_out, gathered.is_cut) = (left_out, is_cut);
    Ok(gathered)
}

/// Who is related to the record.
struct Kin {
    process: ProcessId,
    above: HashSet<ProcessId>,
    descendants: HashSet<ProcessId>,
    container: String,
    session: u32,
    node: String,
}

impl Kin {
    fn of(record: &AuditRecord) -> Kin {
        let by = &record.initiator;
        let above = by.ancestors.iter().map(|one| one.process).chain([by.parent]);
        let container = record.container.as_ref().map(|one| one.id.clone()).unwrap_or_default();
        Kin {
            process: by.process,
            above: above.filter(|one| *one != ProcessId::default()).collect(),
            descendants: HashSet::new(),
            session: if container.is_empty() { by.session } else { 0 },
            container,
            node: record.node.clone(),
        }
    }

    fn belongs(&mut self, seen: Seen<'_>) -> Option<Belongs> {
        if seen.text(Column::Node) != self.node {
            return None;
        }
        if self.is_of_trail(seen) {
            return Some(Belongs::Trail);
        }
        let container = seen.text(Column::ContainerId);
        let is_beside = if self.container.is_empty() {
            container.is_empty()
                && self.session != 0
                && seen.number(Column::Session) == i64::from(self.session)
        } else {
            container == self.container
        };
        is_beside.then_some(Belongs::Beside)
    }

    fn is_of_trail(&mut self, seen: Seen<'_>) -> bool {
        if self.process == ProcessId::default() {
            return false;
        }
        let process = id(seen, Column::Pid, Column::StartNs);
        if process == self.process || self.descendants.contains(&process) {
            return true;
        }
        let parent = id(seen, Column::ParentPid, Column::ParentStartNs);
        let is_known = |one: &ProcessId| *one == self.process || self.descendants.contains(one);
        let descends = is_known(&parent) || {
            let ancestors = ancestors(seen);
            ancestors.iter().any(|one| is_known(&one.process))
        };
        if descends && process != ProcessId::default() {
            self.descendants.insert(process);
        }
        // Those above did more than this: only what tells who they are is taken, their start.
        descends || (self.above.contains(&process) && seen.text(Column::Kind) == "command")
    }
}

fn id(seen: Seen<'_>, pid: Column, start: Column) -> ProcessId {
    ProcessId {
        pid: u32::try_from(seen.number(pid)).unwrap_or(0),
        start_ns: seen.number(start).cast_unsigned(),
    }
}

fn ancestors(seen: Seen<'_>) -> Vec<Ancestor> {
    match seen.text(Column::Ancestors) {
        "" => Vec::new(),
        json => serde_json::from_str(json).unwrap_or_default(),
    }
}
