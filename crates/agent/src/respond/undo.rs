//! Undoing what is in force: by hand, when its time is over, and by another process than the one
//! that did it.

use std::path::Path;

use model::{AuditOutcome, AuditRecord};
use sensor::NetworkBlock;

use super::cgroups::{self, Fate};
use super::engine::{EngineHand, Said};
use super::ledger::{InForce, Ledger, Means};
use super::links::set_up;
use super::record;
use crate::AgentError;

/// What is in force, as the state folder has it; also when no agent runs.
pub fn in_force(state: &Path) -> Result<Vec<InForce>, AgentError> {
    if !state.exists() {
        return Ok(Vec::new());
    }
    Ledger::open(state)?.in_force()
}

/// Undoes a response by its id, whether an agent runs or not. The record of it is left for the
/// agent to tell. What the agent itself does, refusing and forbidding programs, ends within a second,
/// when it reads that.
pub fn undo(state: &Path, engine: &Path, id: &str) -> Result<AuditRecord, AgentError> {
    let ledger = Ledger::open(state)?;
    let record = undo_in(&ledger, &EngineHand::new(engine, None)?, id, "by hand")?;
    ledger.leave(record.clone())?;
    outcome(record)
}

/// Undoes a response and takes it out of the ledger when that worked.
pub(super) fn undo_in(
    ledger: &Ledger,
    engine: &EngineHand,
    id: &str,
    by: &str,
) -> Result<AuditRecord, AgentError> {
    let entry = ledger.in_force()?.into_iter().find(|entry| entry.id == id);
    let Some(entry) = entry else {
        let why = format!("`{id}` is not in force; `lazaret agent responses` lists what is");
        return Err(AgentError::System { what: "nothing to undo", why });
    };
    let result = undo_means(&entry, engine);
    if result.is_ok() {
        ledger.remove(id)?;
    }
    Ok(record::undone(&entry, by, &result))
}

/// A record of failure as an error, for whoever asked.
pub(super) fn outcome(record: AuditRecord) -> Result<AuditRecord, AgentError> {
    match record.outcome {
        AuditOutcome::Failure => {
            Err(AgentError::System { what: "it stays in force", why: record.text })
        }
        _ => Ok(record),
    }
}

/// Takes back everything that was done, the last first. What has gone meanwhile is undone.
pub(super) fn undo_means(entry: &InForce, engine: &EngineHand) -> Result<(), String> {
    // With the cgroup went what was done to it; the engine's container is another's to pause.
    let has_ended = cgroups::fate(entry) != Fate::There;
    for means in entry.means.iter().rev() {
        match means {
            Means::Engine | Means::Freezer(_) | Means::Programs(_) if has_ended => {}
            Means::Engine => unpause(entry, engine)?,
            Means::Freezer(folder) if folder.exists() => cgroups::thaw(folder)?,
            Means::Programs(folder) if folder.exists() => {
                let block = NetworkBlock::of(folder);
                block.and_then(|it| it.give_back()).map_err(|why| why.to_string())?;
            }
            Means::Link(index, name) => {
                set_up(*index, name, true)?;
            }
            // The running agent sees that it is no longer in the ledger.
            Means::Agent | Means::Kill { .. } | Means::Freezer(_) | Means::Programs(_) => {}
        }
    }
    Ok(())
}

/// A container that is not paused any more, by somebody else's hand, is let go on.
fn unpause(entry: &InForce, engine: &EngineHand) -> Result<(), String> {
    let id = &entry.container.id;
    match engine.unpause(id) {
        Said::Done => Ok(()),
        Said::NotMine if cgroups::exists(id) => Err("its engine does not answer".to_owned()),
        Said::NotMine => Ok(()),
        Said::Refused(why) => {
            let frozen = cgroups::freezer(id).is_some_and(|folder| cgroups::is_frozen(&folder));
            if frozen { Err(why) } else { Ok(()) }
        }
    }
}
