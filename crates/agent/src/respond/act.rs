//! What each action does to its target, once it may.

use model::Alert;
use sensor::NetworkBlock;

use super::cgroups;
use super::config::{Action, ResponseRule};
use super::deed::ProgramFile;
use super::engine::{EngineHand, Said};
use super::kill::{kill, kill_tree};
use super::ledger::{InForce, Means};
use super::links::{host_ends, set_up};
use super::target::{Target, container_of_process};
use super::undo::undo_means;
use super::worker::Asked;

/// What came of an action that does not last.
type Told = Vec<(&'static str, String)>;

/// Why an alert is not answered at all, before anything is tried.
pub(super) fn obstacle(alert: &Alert, rule: &ResponseRule) -> Option<String> {
    if rule.action == Action::Kill {
        let process = alert.initiator.as_ref();
        return process.is_none().then(|| "the alert tells no process".to_owned());
    }
    let Some(container) = &alert.container else {
        return Some("the alert is of the host, which is not touched".to_owned());
    };
    if container.id.len() != 64 {
        return Some("the alert does not tell the container's whole id".to_owned());
    }
    if container_of_process(std::process::id()).as_ref() == Some(&container.id) {
        return Some("it is the agent's own container".to_owned());
    }
    None
}

/// Ends the process of an alert.
pub(super) fn end_process(
    alert: &Alert,
    rule: &ResponseRule,
    allow_host: bool,
) -> Result<Told, String> {
    let process = alert.initiator.as_ref().map(|initiator| initiator.process);
    let container = alert.container.as_ref().map(|container| container.id.as_str());
    let target = Target::of_alert(process.unwrap_or_default(), container, allow_host)?;
    let killed = if rule.tree { kill_tree(&target, allow_host)? } else { kill(&target)? };
    let pids: Vec<String> = killed.pids.iter().map(ToString::to_string).collect();
    let ended = if killed.ended { "yes" } else { "not yet" };
    Ok(vec![("pids", pids.join(",")), ("ended", ended.to_owned())])
}

/// Stops a container: by its engine, or by ending all its processes.
pub(super) fn stop(id: &str, engine: &EngineHand) -> Result<Told, String> {
    runs(id)?;
    match engine.stop(id) {
        Said::Done => Ok(vec![("by", "engine".to_owned())]),
        Said::Refused(why) => Err(why),
        Said::NotMine => match engine.stop_task(id) {
            Said::Done => Ok(vec![("by", "containerd".to_owned())]),
            Said::NotMine => end(id, None),
            Said::Refused(why) => end(id, Some(why)),
        },
    }
}

/// Ends all processes of a container; `why` its engine did not do it.
fn end(id: &str, why: Option<String>) -> Result<Told, String> {
    let ended = cgroups::end(id)?;
    let told = [("by", "its processes ended".to_owned()), ("processes", ended.to_string())];
    Ok(told.into_iter().chain(why.map(|why| ("engine", why))).collect())
}

/// By what a lasting action will be done: written down before it is.
pub(super) fn plan(
    asked: &Asked,
    action: Action,
    id: &str,
    engine: &EngineHand,
) -> Result<Vec<Means>, String> {
    runs(id)?;
    match action {
        Action::Pause if engine.knows(id) => Ok(vec![Means::Engine]),
        Action::Pause => {
            let folder = cgroups::freezer(id);
            Ok(vec![Means::Freezer(folder.ok_or("no freezer holds the container")?)])
        }
        Action::BlockNetwork => {
            let folder = cgroups::unified(id);
            let why =
                "the container has no cgroup in the unified hierarchy, where networks are cut";
            let ends = host_ends(id)?.into_iter().map(|(index, name)| Means::Link(index, name));
            Ok(std::iter::once(Means::Programs(folder.ok_or(why)?)).chain(ends).collect())
        }
        Action::DenyExec => Ok(vec![Means::Agent]),
        Action::ForbidExec => {
            cgroups::unified(id).ok_or("the container has no cgroup in the unified hierarchy")?;
            let ProgramFile { device, inode, path } = asked.deed.program_of(&asked.alert, id)?;
            Ok(vec![Means::Kill { device, inode, path }])
        }
        Action::Kill | Action::Stop => Ok(Vec::new()),
    }
}

/// Something that was planned and could not be done.
#[derive(Debug)]
pub(super) struct Undone {
    /// Why.
    pub(super) why: String,
    /// What was done before and could not be taken back.
    pub(super) stays: Vec<Means>,
}

/// Does what was planned, all of it or nothing.
pub(super) fn carry_out(entry: &InForce, engine: &EngineHand) -> Result<(), Undone> {
    for (at, means) in entry.means.iter().enumerate() {
        if let Err(why) = carry_out_one(means, &entry.container.id, engine) {
            let done: Vec<Means> = entry.means.iter().take(at).cloned().collect();
            let done = InForce { means: done, ..entry.clone() };
            return Err(match undo_means(&done, engine) {
                Ok(()) => Undone { why, stays: Vec::new() },
                Err(also) => {
                    let why = format!("{why}; what was done stays as {}: {also}", entry.id);
                    Undone { why, stays: done.means }
                }
            });
        }
    }
    Ok(())
}

fn carry_out_one(means: &Means, id: &str, engine: &EngineHand) -> Result<(), String> {
    match means {
        Means::Engine => match engine.pause(id) {
            Said::Done => Ok(()),
            Said::Refused(why) => Err(why),
            Said::NotMine => Err("its engine does not answer".to_owned()),
        },
        Means::Freezer(folder) => cgroups::freeze(folder),
        Means::Programs(folder) => {
            let block = NetworkBlock::of(folder);
            block.and_then(|block| block.cut()).map_err(|why| why.to_string())
        }
        // One that has gone carries nothing.
        Means::Link(index, name) => set_up(*index, name, false).map(|_| ()),
        // What this process does itself is begun when all else is done.
        Means::Agent | Means::Kill { .. } => Ok(()),
    }
}

fn runs(id: &str) -> Result<(), String> {
    if cgroups::exists(id) { Ok(()) } else { Err("the container has ended".to_owned()) }
}
