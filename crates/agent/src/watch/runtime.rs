//! The OCI runtime's own command line says which bundle is to become which container, before that
//! container has a process.
//!
//! ```text
//! exec of a runtime ─observe→ job ─a thread of its own→ bundle read ─→ Announced ─take→ State
//! ```
//!
//! Anybody may write such a command line, and anything may lie where it points: only a runtime of
//! the host is listened to, and nobody who reads the rings touches a file. What users' own runtimes
//! make is kept apart from what root's make.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use model::{Container, Engine, Event, EventKind, Exec, Namespaces};

use crate::attribute::{Directory, container_of, is_id, is_of_user, learn, read_bundle};
use crate::drift::Drift;
use crate::guard::{Asked, Making};

/// Containers that a runtime was told to make and that have no cgroup yet.
const ANNOUNCED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
/// Bundles that wait to be read.
const JOBS: usize = 256;
/// How long a new container waits for its bundle to be read.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long who reads a ring waits for it.
const READER_PATIENCE: Duration = Duration::from_millis(200);
/// How long is rested after each bundle of a user's runtime: users may name any number.
const REST: Duration = Duration::from_millis(20);
/// What stands in the names of the programs that are runtimes.
const RUNTIMES: [&str; 5] = ["runc", "crun", "youki", "runsc", "kata-runtime"];
/// Mode bits of those who may change a file beside its owner.
const OTHERS_WRITE: u32 = 0o022;

/// What runtimes were told to make, by id.
pub(super) struct Announced {
    /// By root's runtimes.
    of_root: Arc<Side>,
    /// By users' own.
    of_users: Arc<Side>,
    /// Bundles that were not read because too many waited.
    unread: AtomicU64,
}

/// What runtimes of the one kind were told to make.
struct Side {
    /// They are users' own: where their roots lie is not looked at, for anything may lie there.
    is_users: bool,
    told: Mutex<Told>,
    came: Condvar,
}

struct Told {
    by_id: LruCache<String, Announcement>,
    /// Whoever waited last did so in vain, and nothing was read since.
    is_late: bool,
}

enum Announcement {
    /// The bundle is being read.
    Waiting,
    /// The container began meanwhile: who reads it is to take it in.
    Missed,
    Read(Box<Container>),
}

/// A bundle to be read.
struct Job {
    id: String,
    folder: PathBuf,
}

/// Whose runtime it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Root,
    User,
}

impl Default for Side {
    fn default() -> Self {
        let told = Told { by_id: LruCache::new(ANNOUNCED), is_late: false };
        Side { is_users: false, told: Mutex::new(told), came: Condvar::new() }
    }
}

impl Default for Announced {
    fn default() -> Self {
        let of_users = Arc::new(Side { is_users: true, ..Side::default() });
        Announced { of_root: Arc::default(), of_users, unread: AtomicU64::new(0) }
    }
}

impl Announced {
    /// Starts those who read the bundles. They end when nobody has jobs for them any more; nobody
    /// waits for their end, for what they read may never answer.
    pub(super) fn open(&self, directory: &Directory, drift: &Arc<Drift>) -> Listener<'_> {
        let start = |side: &Arc<Side>, rest| {
            let (jobs, waiting) = sync_channel(JOBS);
            let (side, directory, drift) = (Arc::clone(side), directory.clone(), Arc::clone(drift));
            std::thread::spawn(move || read_all(&waiting, &side, &directory, &drift, rest));
            jobs
        };
        Listener {
            announced: self,
            of_root: start(&self.of_root, Duration::ZERO),
            of_users: start(&self.of_users, REST),
        }
    }

    /// What was announced of a container that has no cgroup yet, or has had one for a moment only.
    /// Of those who read the rings: they wait a moment at most.
    pub(super) fn of(&self, id: &str, cgroup: &str) -> Option<Container> {
        match cgroup.split('/').any(is_of_user) {
            true => self.of_users.look(id, Duration::ZERO),
            false => self.of_root.look(id, READER_PATIENCE),
        }
    }

    /// What was announced of a container, once. `cgroup` is the path of its cgroup: what is below a
    /// user's was made by that user. For what root's runtime was told is waited until it is read, not
    /// again while whoever reads is held up.
    pub(super) fn take(&self, id: &str, cgroup: &str) -> Option<Container> {
        match cgroup.split('/').any(is_of_user) {
            true => self.of_users.take(id, Duration::ZERO),
            false => self.of_root.take(id, PATIENCE),
        }
    }

    /// Bundles that were not read because too many waited.
    pub(super) fn unread(&self) -> u64 {
        self.unread.load(Ordering::Relaxed)
    }
}

impl Side {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Once the container is there: what is read too late for this is taken in by who reads it.
    fn take(&self, id: &str, patience: Duration) -> Option<Container> {
        let mut told = self.read(id, patience);
        match told.by_id.pop(id)? {
            Announcement::Read(container) => Some(*container),
            Announcement::Waiting | Announcement::Missed => {
                told.by_id.put(id.to_owned(), Announcement::Missed);
                None
            }
        }
    }

    /// Changes nothing: the container may not be there yet, so that nobody could take it in.
    fn look(&self, id: &str, patience: Duration) -> Option<Container> {
        match self.read(id, patience).by_id.peek(id)? {
            Announcement::Read(container) => Some(Container::clone(container)),
            Announcement::Waiting | Announcement::Missed => None,
        }
    }

    /// What was told, once the bundle of one is read, or when the patience is at its end.
    fn read(&self, id: &str, patience: Duration) -> MutexGuard<'_, Told> {
        let until = Instant::now() + patience;
        let mut told = self.lock();
        while let Some(Announcement::Waiting) = told.by_id.peek(id) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || told.is_late {
                told.is_late |= !patience.is_zero();
                break;
            }
            let woken = self.came.wait_timeout(told, left);
            told = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        told
    }

    /// Hands over what was read; gives it back where somebody asked in vain before.
    fn answer(&self, id: String, read: Option<Container>) -> Option<Container> {
        let mut told = self.lock();
        told.is_late = false;
        let asked = told.by_id.pop(&id);
        let missed = match (asked, read) {
            (Some(Announcement::Missed), read) => read,
            (_, Some(read)) => {
                told.by_id.put(id, Announcement::Read(Box::new(read)));
                None
            }
            (_, None) => None,
        };
        drop(told);
        self.came.notify_all();
        missed
    }
}

/// Looks at execs for runtimes that begin. Of those who read the rings.
pub(super) struct Listener<'a> {
    announced: &'a Announced,
    of_root: SyncSender<Job>,
    of_users: SyncSender<Job>,
}

impl Listener<'_> {
    /// Has the bundle read when an event is the beginning of a runtime of the host.
    pub(super) fn observe(&self, event: &Event, host: &Namespaces) {
        let EventKind::Exec(exec) = &event.kind else { return };
        let Some(whose) = whose_runtime(event, exec, host) else { return };
        let Some((id, folder)) = container_made(exec) else { return };
        let (side, jobs) = match whose {
            Whose::Root => (&self.announced.of_root, &self.of_root),
            Whose::User => (&self.announced.of_users, &self.of_users),
        };
        side.lock().by_id.put(id.clone(), Announcement::Waiting);
        if jobs.try_send(Job { id: id.clone(), folder }).is_err() {
            self.announced.unread.fetch_add(1, Ordering::Relaxed);
            side.lock().by_id.pop(&id);
        }
    }
}

/// Whose runtime a program is; `None` when it is none, or not one of the host: the object counts,
/// not what it is called by.
fn whose_runtime(event: &Event, exec: &Exec, host: &Namespaces) -> Option<Whose> {
    let exe = exec.exe.as_ref()?;
    let name = exe.path.rsplit('/').next().unwrap_or_default();
    let is_runtime = exe.path.starts_with('/') && RUNTIMES.iter().any(|one| name.contains(one));
    let is_roots = exe.uid == 0 && exe.mode & OTHERS_WRITE == 0 && exe.links > 0;
    let is_elsewhere = exe.flags.outside_root || exe.flags.foreign_mount || exe.flags.cut;
    let in_container = exec.cgroup.as_ref().is_none_or(|one| container_of(&one.path).is_some());
    if !is_runtime || !is_roots || is_elsewhere || in_container {
        return None;
    }
    let task = &event.task;
    // Mounts of its own make it no user's: services have them (PrivateTmp), and snaps.
    let is_root = task.euid == 0 && task.namespaces.user == host.user;
    Some(if is_root { Whose::Root } else { Whose::User })
}

/// The id and the bundle's folder, when a program is a runtime that makes a container:
/// `runc --root R create --bundle B --pid-file P ID`.
fn container_made(exec: &Exec) -> Option<(String, PathBuf)> {
    let words: Vec<OsString> = exec.arguments.iter().skip(1).map(OsString::from).collect();
    let Making { id, bundle } = Asked::read(&words).making?;
    let below = exec.cwd.as_ref().map(|cwd| cwd.path.as_str()).unwrap_or_default();
    // No container's cgroup has another name.
    is_id(&id).then(|| (id, Path::new(below).join(bundle)))
}

/// Reads bundles until nobody has any more.
fn read_all(jobs: &Receiver<Job>, side: &Side, all: &Directory, drift: &Drift, rest: Duration) {
    while let Ok(Job { id, folder }) = jobs.recv() {
        let mut read = container(&id, &folder, drift);
        match &mut read {
            Some(container) if side.is_users => container.root.clear(),
            Some(container) => drift.begins(container),
            None => {}
        }
        side.answer(id, read).into_iter().for_each(|missed| know(all, missed));
        std::thread::sleep(rest);
    }
}

/// What a bundle and the engine's files beside it say.
fn container(id: &str, folder: &Path, drift: &Drift) -> Option<Container> {
    let bundle = read_bundle(folder).ok()?;
    drift.hides(id, &bundle.masked_paths);
    let mut container = Container { id: id.to_owned(), ..Container::default() };
    learn(&mut container, &bundle);
    container.root = folder.join(&bundle.root).to_string_lossy().into_owned();
    Some(container)
}

/// Takes in what was announced of a container that is there.
pub(super) fn know(all: &Directory, told: Container) {
    let id = told.id.clone();
    let learn = |container: &mut Container| {
        let engine = if told.engine == Engine::Unknown { container.engine } else { told.engine };
        let (since_ns, start, pod) = (container.since_ns, container.start, container.pod.take());
        let pod = told.pod.clone().or(pod);
        *container = Container { engine, since_ns, start, pod, ..told };
    };
    all.write(|containers| containers.learn(&id, learn));
}

#[cfg(test)]
mod tests {
    use model::{CgroupName, FileObject, Known, ObjectFlags, Task};

    use super::*;

    const HOST: u32 = 10;

    fn id(number: u64) -> String {
        format!("{number:064x}")
    }

    fn exec(line: &str, exe: &str) -> Exec {
        let exe =
            FileObject { path: exe.to_owned(), mode: 0o100_755, links: 1, ..Default::default() };
        let cgroup =
            CgroupName { path: "/system.slice/docker.service".to_owned(), ..Default::default() };
        let arguments = line.split(' ').map(str::to_owned).collect();
        Exec { arguments, exe: Some(exe), cgroup: Some(cgroup), ..Exec::default() }
    }

    fn event(exec: Exec) -> Event {
        let namespaces = Namespaces { mnt: HOST, user: HOST, ..Namespaces::default() };
        let task = Task { namespaces, ..Task::default() };
        Event { time_ns: 1, task, kind: EventKind::Exec(Box::new(exec)), truncated: false }
    }

    fn whose(event: &Event) -> Option<Whose> {
        let EventKind::Exec(exec) = &event.kind else { return None };
        let host = Namespaces { mnt: HOST, user: HOST, ..Namespaces::default() };
        whose_runtime(event, exec, &host)
    }

    #[test]
    fn a_runtime_tells_what_it_makes() {
        let check = |line: &str, expected: Option<&str>| {
            let line = line.replace("ID", &id(7));
            let made = container_made(&exec(&line, "/usr/sbin/runc"));
            assert_eq!(made, expected.map(|folder| (id(7), PathBuf::from(folder))), "{line}");
        };
        check("runc --root /r create --bundle /b --pid-file /p ID", Some("/b"));
        check("crun create --bundle=/b ID", Some("/b"));
        check("runc run -b /b ID", Some("/b"));
        check("runc --root /r start ID", None);
        check("ls create", None);
        check("runc create --bundle /b ../../ID", None);
        check("runc create --bundle /b web", None);
    }

    #[test]
    fn only_a_runtime_of_the_host_is_listened_to() {
        let line = "runc create --bundle /b x";
        let changed = |change: &dyn Fn(&mut Task, &mut Exec, &mut FileObject)| {
            let mut exec = exec(line, "/usr/sbin/runc");
            let mut exe = exec.exe.take().unwrap();
            let mut event = event(Exec::default());
            change(&mut event.task, &mut exec, &mut exe);
            exec.exe = Some(exe);
            event.kind = EventKind::Exec(Box::new(exec));
            whose(&event)
        };
        assert_eq!(changed(&|_, _, _| {}), Some(Whose::Root));
        assert_eq!(changed(&|_, _, exe| exe.path = "/usr/bin/crun".to_owned()), Some(Whose::Root));
        assert_eq!(changed(&|task, _, _| task.euid = 1000), Some(Whose::User));
        assert_eq!(changed(&|task, _, _| task.namespaces.mnt = 77), Some(Whose::Root));
        assert_eq!(changed(&|task, _, _| task.namespaces.user = 77), Some(Whose::User));
        for (what, no) in [
            ("another program", changed(&|_, _, exe| exe.path = "/bin/bash".to_owned())),
            ("its clone in memory", changed(&|_, _, exe| exe.path = "memfd:runc".to_owned())),
            ("a user's file", changed(&|_, _, exe| exe.uid = 1000)),
            ("a file that others write", changed(&|_, _, exe| exe.mode = 0o100_777)),
            ("a deleted one", changed(&|_, _, exe| exe.links = 0)),
            (
                "a mount of elsewhere",
                changed(&|_, _, exe| {
                    exe.flags = ObjectFlags { foreign_mount: true, ..ObjectFlags::default() };
                }),
            ),
            (
                "in a container",
                changed(&|_, exec, _| {
                    exec.cgroup.as_mut().unwrap().path = format!("/docker/{}", id(3));
                }),
            ),
            ("in a cgroup that is not told", changed(&|_, exec, _| exec.cgroup = None)),
        ] {
            assert_eq!(no, None, "{what}");
        }
    }

    #[test]
    fn a_bundle_is_waited_for_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let (announced, all) = (Announced::default(), Directory::default());
        let host = Namespaces { mnt: HOST, user: HOST, ..Namespaces::default() };
        let listener = announced.open(&all, &Arc::default());
        std::fs::write(folder.path().join("config.json"), r#"{"hostname":"web"}"#).unwrap();
        let line =
            |number| format!("runc create --bundle {} {}", folder.path().display(), id(number));
        listener.observe(&event(exec(&line(1), "/usr/sbin/runc")), &host);
        let told = announced.take(&id(1), "/docker/x").unwrap();
        assert_eq!((told.spec.name.as_str(), told.known), ("web", Known::Spec));
        assert!(announced.take(&id(1), "/docker/x").is_none(), "it was told twice");
        // What a user's runtime says fills no container of root's.
        let mut users = event(exec(&line(2), "/usr/sbin/runc"));
        users.task.euid = 1000;
        listener.observe(&users, &host);
        assert!(announced.take(&id(2), "/docker/x").is_none());
        // Nobody waits for a bundle that is not there.
        let absent = format!("runc create --bundle /absent {}", id(3));
        listener.observe(&event(exec(&absent, "/usr/sbin/runc")), &host);
        assert!(announced.take(&id(3), "/docker/x").is_none());
    }

    #[test]
    fn where_the_roots_of_users_containers_lie_is_not_taken_from_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"root":{"path":"x"}}"#).unwrap();
        let announced = Announced::default();
        let root_of = |side: &Side| {
            let (jobs, waiting) = sync_channel(1);
            jobs.send(Job { id: id(8), folder: folder.path().to_path_buf() }).unwrap();
            drop(jobs);
            let all = Directory::default();
            read_all(&waiting, side, &all, &Drift::default(), Duration::ZERO);
            side.take(&id(8), Duration::ZERO).unwrap().root
        };
        assert!(root_of(&announced.of_root).ends_with("/x"));
        assert_eq!(root_of(&announced.of_users), "");
    }

    #[test]
    fn what_was_asked_for_too_early_is_taken_in_when_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"hostname":"web"}"#).unwrap();
        let (side, all) = (Side::default(), Directory::default());
        let cgroup = CgroupName { id: 5, hierarchy: 0, path: format!("/docker/{}", id(4)) };
        all.write(|containers| containers.cgroup_made(&cgroup, 9));
        side.lock().by_id.put(id(4), Announcement::Waiting);
        assert!(side.take(&id(4), Duration::from_millis(1)).is_none());
        // The second one does not wait for a reader that is held up.
        side.lock().by_id.put(id(6), Announcement::Waiting);
        assert!(side.take(&id(6), Duration::from_secs(3600)).is_none());
        let (jobs, waiting) = sync_channel(1);
        jobs.send(Job { id: id(4), folder: folder.path().to_path_buf() }).unwrap();
        drop(jobs);
        read_all(&waiting, &side, &all, &Drift::default(), Duration::ZERO);
        let known = all.find(&id(4)).unwrap();
        assert_eq!((known.spec.name.as_str(), known.since_ns), ("web", 9));
    }

    #[test]
    fn who_looks_before_the_container_is_there_takes_nothing_from_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"hostname":"web"}"#).unwrap();
        let (side, all) = (Side::default(), Directory::default());
        side.lock().by_id.put(id(4), Announcement::Waiting);
        assert!(side.look(&id(4), Duration::ZERO).is_none());
        let (jobs, waiting) = sync_channel(1);
        jobs.send(Job { id: id(4), folder: folder.path().to_path_buf() }).unwrap();
        drop(jobs);
        read_all(&waiting, &side, &all, &Drift::default(), Duration::ZERO);
        let name = |told: Option<Container>| told.map(|told| told.spec.name);
        assert_eq!(name(side.look(&id(4), Duration::ZERO)).as_deref(), Some("web"));
        assert_eq!(name(side.take(&id(4), Duration::ZERO)).as_deref(), Some("web"));
    }
}
