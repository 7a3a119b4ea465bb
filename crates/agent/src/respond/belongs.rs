//! Whether an alert's process lies in the cgroup that its container really has.
//!
//! A cgroup is a container's by its name, and whoever may make cgroups may name one after somebody
//! else's container. What such a one does must not be answered at that container.

use std::fs;
use std::path::Path;

use model::{Alert, AlertSource, Initiator, ProcessId};

use super::cgroups;
use super::engine::EngineHand;
use super::target::Target;
use crate::attribute::is_of_user;

/// Why a container is not to be touched for what an alert's process did, if so.
pub(super) fn belongs(alert: &Alert, id: &str, engine: &EngineHand) -> Result<(), String> {
    // Of what the engine tells, it names the container itself.
    let initiator = alert.initiator.as_ref().filter(|_| alert.source != AlertSource::Platform);
    let Some(initiator) = initiator.filter(|initiator| initiator.process.pid != 0) else {
        return Ok(());
    };
    // One that has ended is told as that.
    let Some(folder) = cgroups::folder(id) else { return Ok(()) };
    if let Some(first) = engine.first_process(id).and_then(Target::open)
        && !cgroups::holds(&folder, first.pid)
        && !first.has_ended(0)
    {
        return Err(format!("its engine does not have it in {}", folder.display()));
    }
    let process = initiator.process;
    if let Some(target) = Target::of(process) {
        if cgroups::holds(&folder, process.pid) {
            return Ok(());
        }
        if !target.has_ended(0) {
            let folder = folder.display();
            return Err(format!("process {process} is not in the container's cgroup, {folder}"));
        }
    }
    of_ended(initiator, id, &folder)
}

/// The same of a process that has ended: by what it came from, and by who else bears the name.
fn of_ended(initiator: &Initiator, id: &str, folder: &Path) -> Result<(), String> {
    if let Some(other) = cgroups::namesake(id, folder) {
        return Err(format!("{} bears the container's name too", other.display()));
    }
    let ancestors = initiator.ancestors.iter().map(|ancestor| ancestor.process);
    let above = std::iter::once(initiator.parent).chain(ancestors).find_map(Target::of);
    let Some(above) = above.filter(|above| !cgroups::holds(folder, above.pid)) else {
        return Ok(());
    };
    let is_users = |path: &str| path.split('/').any(is_of_user);
    let cgroups = fs::read_to_string(format!("/proc/{}/cgroup", above.pid)).unwrap_or_default();
    if is_users(&cgroups) && !is_users(&folder.to_string_lossy()) && !above.has_ended(0) {
        let ProcessId { pid, .. } = initiator.process;
        return Err(format!("process {pid} came from {}, which a user runs", above.pid));
    }
    Ok(())
}
