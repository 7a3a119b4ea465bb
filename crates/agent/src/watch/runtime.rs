//! The OCI runtime's own command line says which bundle is to become which container, before that
//! container has a process.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lru::LruCache;
use model::{Container, Event, EventKind, Exec};

use crate::attribute::{learn, read_bundle};
use crate::drift::Drift;
use crate::guard::{Asked, Making};

/// Containers that a runtime was told to make and that have no cgroup yet.
const ANNOUNCED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// What runtimes were told to make, by id. Filled by whoever reads the ring, at once: a moment later
/// the container may be gone and its bundle with it.
pub(super) struct Announced(Mutex<LruCache<String, Container>>);

impl Default for Announced {
    fn default() -> Self {
        Announced(Mutex::new(LruCache::new(ANNOUNCED)))
    }
}

impl Announced {
    /// Reads the bundle when an event is a runtime's beginning.
    pub(super) fn observe(&self, event: &Event, drift: &Drift) {
        let EventKind::Exec(exec) = &event.kind else { return };
        let Some((id, folder)) = container_made(exec) else { return };
        let Ok(bundle) = read_bundle(&folder) else { return };
        let mut container = Container { id: id.clone(), ..Container::default() };
        learn(&mut container, &bundle);
        container.root = folder.join(&bundle.root).to_string_lossy().into_owned();
        drift.begins(&container);
        if let Ok(mut announced) = self.0.lock() {
            announced.put(id, container);
        }
    }

    /// What was announced of a container that has no cgroup yet, or has had one for a moment only.
    pub(super) fn of(&self, id: &str) -> Option<Container> {
        self.0.lock().ok()?.peek(id).cloned()
    }

    /// What was announced of a container, once.
    pub(super) fn take(&self, id: &str) -> Option<Container> {
        self.0.lock().ok()?.pop(id)
    }
}

/// The id and the bundle's folder, when a program is a runtime that makes a container:
/// `runc --root R create --bundle B --pid-file P ID`.
fn container_made(exec: &Exec) -> Option<(String, PathBuf)> {
    let words: Vec<OsString> = exec.arguments.iter().skip(1).map(OsString::from).collect();
    let Making { id, bundle } = Asked::read(&words).making?;
    let below = exec.cwd.as_ref().map(|cwd| cwd.path.as_str()).unwrap_or_default();
    (!id.is_empty()).then(|| (id, Path::new(below).join(bundle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, &str)>) {
        let arguments = line.split(' ').map(str::to_owned).collect();
        let made = container_made(&Exec { arguments, ..Exec::default() });
        let expected = expected.map(|(id, folder)| (id.to_owned(), PathBuf::from(folder)));
        assert_eq!(made, expected, "{line}");
    }

    #[test]
    fn a_runtime_tells_what_it_makes() {
        check("runc --root /r create --bundle /b --pid-file /p abc", Some(("abc", "/b")));
        check("crun create --bundle=/b abc", Some(("abc", "/b")));
        check("runc run -b /b abc", Some(("abc", "/b")));
        check("runc --root /r start abc", None);
        check("ls create", None);
    }
}
