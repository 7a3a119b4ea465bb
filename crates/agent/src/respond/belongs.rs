//! Whether what an alert tells was done in the cgroup that its container really has.
//!
//! A cgroup is a container's by its name, and whoever may make cgroups may name one after somebody
//! else's container. What such a one does must not be answered at that container, also when its
//! cgroup has gone again and the container's own is the only one of that name.

use std::fs;
use std::path::Path;

use model::{AlertSource, Initiator, ProcessId};

use super::cgroups;
use super::engine::EngineHand;
use super::standing::Standing;
use super::target::Target;
use super::worker::Asked;
use crate::attribute::is_of_user;

/// Names of a cgroup's path that the kernel's side tells; of a longer one those nearest to the root
/// are missing.
const TOLD_NAMES: usize = 6;

/// Why a container is not to be touched for what an alert's process did, if so.
pub(super) fn belongs(
    asked: &Asked,
    id: &str,
    engine: &EngineHand,
    standing: &Standing,
) -> Result<(), String> {
    // Of what the engine tells, it names the container itself.
    let initiator = asked.alert.initiator.as_ref();
    let initiator = initiator.filter(|_| asked.alert.source != AlertSource::Platform);
    let Some(initiator) = initiator.filter(|initiator| initiator.process.pid != 0) else {
        return Ok(());
    };
    // One that has ended is told as that.
    let Some(folder) = cgroups::folder(id) else { return Ok(()) };
    let first = engine.first_process(id);
    // While the container does not run, a stranger's may be the only one of its name.
    if first.is_none() && cgroups::may_be_a_strangers(&folder, id) && engine.knows(id) {
        return Err(format!("its engine does not run it; {} is somebody else's", folder.display()));
    }
    if let Some(first) = first.and_then(Target::open)
        && !cgroups::holds(&folder, first.pid)
        && !first.has_ended(0)
    {
        return Err(format!("its engine does not have it in {}", folder.display()));
    }
    let cgroup_id = asked.deed.cgroup_id;
    if cgroup_id != 0 && !cgroups::has(&folder, cgroup_id) {
        return done_elsewhere(&folder, standing.path_of(cgroup_id).as_deref());
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
    // Where the cgroup was told, it is the container's.
    if cgroup_id != 0 { Ok(()) } else { of_ended(initiator, id, &folder) }
}

/// The cgroup in which it was done is neither the container's nor below it: it was one below it that
/// has gone, or somebody else's. `path` is where it was, as far as that is known.
fn done_elsewhere(folder: &Path, path: Option<&str>) -> Result<(), String> {
    let Some(path) = path else {
        return Err("it was done in a cgroup that nobody knows any more".to_owned());
    };
    let own = cgroups::within_its_mount(folder);
    let is_whole = path.split('/').skip(1).count() < TOLD_NAMES;
    let below = path.strip_prefix(own.as_str()).filter(|_| is_whole);
    match below {
        Some("") => Err(format!("it was done before the container was started again, in {path}")),
        Some(rest) if rest.starts_with('/') => Ok(()),
        _ => Err(format!("it was done in {path}, which is not the container's cgroup")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lay_in_the_containers_own_cgroup_is_the_containers() {
        let id = "ab".repeat(32);
        let own = format!("/sys/fs/cgroup/unified/docker/{id}");
        let check = |path: Option<String>, expected: Option<&str>| {
            let told = done_elsewhere(Path::new(&own), path.as_deref());
            assert_eq!(told.is_err(), expected.is_some(), "{path:?}: {told:?}");
            assert!(told.err().unwrap_or_default().contains(expected.unwrap_or_default()));
        };
        check(Some(format!("/docker/{id}/init")), None);
        check(Some(format!("/docker/{id}")), Some("started again"));
        check(Some(format!("/user.slice/docker/{id}/init")), Some("not the container's"));
        check(Some(format!("/docker/{id}x/init")), Some("not the container's"));
        // Its beginning may be missing.
        check(Some(format!("/docker/{id}/a/b/c/d")), Some("not the container's"));
        check(None, Some("nobody knows"));
    }
}
