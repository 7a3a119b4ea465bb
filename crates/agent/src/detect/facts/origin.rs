//! Where things come from: the program, held against the image; a shell's input and output; what a
//! container was given of the host.

use model::{Container, DEFAULT_CAPABILITIES, EventKind, Mount};
use policy::filter::Value;

use super::Observed;
use crate::detect::programs;
use crate::drift::{Drift, Origin};
use crate::guard::is_engines_own;

/// Where kubelet keeps the volumes of pods, each its own pod's.
const POD_VOLUMES: &str = "/var/lib/kubelet/pods/";

pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    match name {
        "proc.exe.origin" => {
            let (drift, container) = (seen.drift?, seen.container?);
            let exe = seen.process.exe.as_ref()?;
            let pid = seen.event.task.process.pid;
            // What a loader or an interpreter was given is the program; theirs are the image's.
            let own = || drift.origin(exe, container, pid);
            let origin = match programs::given(seen.process).map(|path| policy::clean_path(&path)) {
                // One that is not found may be anybody's, whatever the loader is.
                Some(path) => of_path(drift, container, &path, pid)
                    .or_else(|| own().filter(|origin| *origin != Origin::Image)),
                None => own(),
            };
            Some(Value::from(origin?.as_str()))
        }
        "proc.exe.is_packed" => {
            let (drift, container) = (seen.drift?, seen.container?);
            let exe = seen.process.exe.as_ref()?;
            drift.is_packed(exe, container, seen.event.task.process.pid).map(Value::Bool)
        }
        "proc.relay" => Some(Value::from(seen.relay?.how)),
        "proc.relay.peer" => Some(Value::from(seen.relay?.peer.as_str())),
        "proc.is_container_start" => match seen.event.kind {
            EventKind::Exec(_) => Some(Value::Bool(seen.is_container_start)),
            _ => None,
        },
        "container.sensitive_mounts" => {
            let container = seen.container?;
            set(
                container.spec.mounts.iter().filter(|mount| is_sensitive(mount, container)),
                |one| &one.source,
            )
        }
        "container.added_capabilities" => {
            let added = seen.container?.spec.capabilities_added.iter();
            set(added.filter(|one| !DEFAULT_CAPABILITIES.contains(&one.as_str())), |one| one)
        }
        "container.open_paths" => {
            // Only where the disk may be looked at, and only of what runs at this moment.
            let open = seen.drift?.open_paths(seen.container?, seen.event.task.process.pid);
            (!open.is_empty()).then(|| Value::from(open))
        }
        "container.devices" => set(seen.container?.spec.devices.iter(), |one| one),
        "container.seccomp" => {
            let seccomp = seen.container?.spec.seccomp.as_str();
            (!seccomp.is_empty()).then(|| Value::from(seccomp))
        }
        _ => None,
    }
}

/// Where a file comes from that is known by its path alone: `/bin` and its like are links to folders
/// below `/usr` in most images.
fn of_path(drift: &Drift, container: &Container, path: &str, pid: u32) -> Option<Origin> {
    let merged = ["/bin/", "/sbin/", "/lib"].iter().any(|folder| path.starts_with(folder));
    let below_usr = || drift.origin_of_path(&format!("/usr{path}"), container, pid);
    drift.origin_of_path(path, container, pid).or_else(|| merged.then(below_usr).flatten())
}

/// A set of texts; no value where it is empty, so that `exists` asks whether there is any.
fn set<'a, T: 'a>(of: impl Iterator<Item = &'a T>, text: fn(&T) -> &String) -> Option<Value<'a>> {
    let all: Vec<Value<'a>> = of.map(|one| Value::from(text(one).as_str())).collect();
    (!all.is_empty()).then_some(Value::List(all))
}

/// Whether a mount shows what must not be seen; the volumes and files that an engine makes for the
/// container lie below such places and are its own.
fn is_sensitive(mount: &Mount, container: &Container) -> bool {
    let own_volume = mount.source.starts_with(POD_VOLUMES)
        || mount.source.contains("/sandboxes/")
        || (mount.source.contains("/volumes/") && mount.source.ends_with("/_data"));
    !own_volume
        && !is_engines_own(mount, &container.id)
        && policy::mount_lays_open(&mount.source, mount.read_only).is_some()
}
