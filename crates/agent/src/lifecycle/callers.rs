//! `Callers`: who spoke to an engine, and which of them asked for what it did.
//!
//! Docker's API tells no user. But whoever asks connects to the daemon's socket, and the kernel
//! tells who connects: a process with its user, login, terminal and ancestors. An act of the
//! engine is joined with the one caller that fits; where several fit, nobody is named.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use model::{Connection, ContainerRef, Event, EventKind, Initiator, Peer, ProcessId};

use super::asked::{Asked, Fits};
use crate::clock::now_ns;
use crate::detect::Observed;
use crate::watch;

/// Callers that are remembered.
const CALLERS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
/// How long after its end a caller may be the reason of something.
const AFTER_END_NS: i64 = 3_000_000_000;
/// How far the engine's clock may read before the kernel's.
const SLACK_NS: i64 = 2_000_000;
/// How recent a connection speaks for a caller.
const RECENT_NS: i64 = 2_000_000_000;
/// How long the watch may take to tell what came before. It is told much earlier: whoever asked
/// ends, and that is an event too.
const PATIENCE_NS: i64 = 3_000_000_000;
/// The same where nothing is watched.
const UNWATCHED_NS: i64 = 50_000_000;
/// `io_uring_enter(2)`'s number of a request to connect.
const IORING_OP_CONNECT: u8 = 16;
const LOOK_AGAIN: Duration = Duration::from_millis(4);

/// Who spoke to the engines. Cheap to clone.
#[derive(Clone)]
pub struct Callers(Arc<Shared>);

struct Shared {
    sockets: Vec<PathBuf>,
    /// The time of the last event that the watch has told, in nanoseconds since 1970.
    clock_ns: AtomicI64,
    recent: Mutex<LruCache<ProcessId, Caller>>,
}

/// A process that spoke to an engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Caller {
    /// Who.
    pub initiator: Initiator,
    /// The container that it runs in.
    pub container: Option<ContainerRef>,
    /// The socket, by the daemon's name for it.
    socket: PathBuf,
    asked: Asked,
    /// Nanoseconds since 1970.
    first_ns: i64,
    last_ns: i64,
    ended_ns: Option<i64>,
}

/// What an engine did, as far as it tells who asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deed<'a> {
    /// The socket of the engine; empty for whichever it was.
    pub socket: &'a str,
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The engine's word for it.
    pub action: &'a str,
    /// The object's id, names and image.
    pub names: &'a [&'a str],
    /// Whether it also happens without anybody asking.
    pub spontaneous: bool,
}

/// Who asked for something.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// Exactly one caller fits.
    One(Box<Caller>),
    /// Several fit equally well; their command lines.
    Several(Vec<String>),
    /// None fits.
    Nobody,
}

impl Callers {
    /// Nobody yet, of these sockets.
    pub fn of(sockets: impl IntoIterator<Item = PathBuf>) -> Self {
        Callers(Arc::new(Shared {
            sockets: sockets.into_iter().map(|socket| plain(&socket)).collect(),
            clock_ns: AtomicI64::new(0),
            recent: Mutex::new(LruCache::new(CALLERS)),
        }))
    }

    /// Takes in what the watch tells.
    pub fn observe(&self, seen: &Observed<'_>) {
        let now_ns = watch::wall_ns(seen);
        self.0.clock_ns.store(now_ns, Ordering::Relaxed);
        match &seen.event.kind {
            EventKind::Call(call) if call.name == "connect" && call.ret >= 0 => {
                self.connects(
                    seen,
                    [bound(call.connection.as_ref()), call.address.as_ref()],
                    now_ns,
                );
            }
            EventKind::IoUring(request) if request.opcode == IORING_OP_CONNECT => {
                let bound = bound(request.connection.as_ref());
                self.connects(seen, [bound, request.address.as_ref()], now_ns);
            }
            EventKind::Exit { .. } => self.ended(seen.event, now_ns),
            _ => {}
        }
    }

    /// Waits until the watch has told what happened before a moment, or is late.
    pub(super) async fn reach(&self, time_ns: i64) {
        loop {
            let now_ns = now_ns();
            let patience_ns = if self.watched() { PATIENCE_NS } else { UNWATCHED_NS };
            let told = self.0.clock_ns.load(Ordering::Relaxed) > time_ns;
            if told || now_ns.saturating_sub(time_ns) > patience_ns {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Whether the watch tells anything at all.
    pub(super) fn watched(&self) -> bool {
        self.0.clock_ns.load(Ordering::Relaxed) != 0
    }

    /// Who asked for a deed.
    pub fn whose(&self, deed: &Deed<'_>) -> Whose {
        let socket = plain(Path::new(deed.socket));
        let recent = self.recent();
        let fits = |caller: &Caller| Some((caller.weight(deed, &socket)?, caller.clone()));
        let mut fitting: Vec<(u32, Caller)> =
            recent.iter().filter_map(|(_, caller)| fits(caller)).collect();
        drop(recent);
        let best = fitting.iter().map(|(weight, _)| *weight).max().unwrap_or_default();
        fitting.retain(|(weight, _)| *weight == best);
        let mut best: Vec<Caller> = fitting.into_iter().map(|(_, caller)| caller).collect();
        keep_the_nearest(&mut best);
        match best.len() {
            0 => Whose::Nobody,
            1 => best.pop().map_or(Whose::Nobody, |caller| Whose::One(Box::new(caller))),
            _ => Whose::Several(best.into_iter().map(|caller| caller.initiator.command).collect()),
        }
    }

    /// An engine's socket is known by the name that the daemon gave it, or by the caller's.
    fn connects(&self, seen: &Observed<'_>, names: [Option<&Peer>; 2], now_ns: i64) {
        if let Some(socket) = names.into_iter().flatten().find_map(|peer| self.socket_of(peer)) {
            self.connected(seen, socket, now_ns);
        }
    }

    fn connected(&self, seen: &Observed<'_>, socket: PathBuf, now_ns: i64) {
        let id = seen.event.task.process;
        let mut recent = self.recent();
        if let Some(caller) = recent.get_mut(&id)
            && caller.socket == socket
        {
            caller.last_ns = now_ns;
            return;
        }
        let caller = Caller {
            initiator: watch::initiator(seen),
            container: watch::container(seen),
            socket,
            asked: Asked::read(&seen.process.arguments),
            first_ns: now_ns,
            last_ns: now_ns,
            ended_ns: None,
        };
        recent.push(id, caller);
    }

    fn ended(&self, event: &Event, now_ns: i64) {
        if let Some(caller) = self.recent().peek_mut(&event.task.process) {
            caller.ended_ns = Some(now_ns);
        }
    }

    fn socket_of(&self, peer: &Peer) -> Option<PathBuf> {
        match peer {
            Peer::Unix(path) => self.known(Path::new(path)),
            Peer::Ip(..) => None,
        }
    }

    fn known(&self, path: &Path) -> Option<PathBuf> {
        let path = plain(path);
        self.0.sockets.iter().find(|socket| **socket == path).cloned()
    }

    fn recent(&self) -> MutexGuard<'_, LruCache<ProcessId, Caller>> {
        self.0.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// How well it fits; `None` when it cannot be the one.
    fn weight(&self, deed: &Deed<'_>, socket: &Path) -> Option<u32> {
        let elsewhere = !socket.as_os_str().is_empty() && self.socket != socket;
        if elsewhere || self.first_ns > deed.time_ns + SLACK_NS {
            return None;
        }
        if self.ended_ns.is_some_and(|ended| ended + AFTER_END_NS < deed.time_ns) {
            return None;
        }
        let fits = self.asked.fits(deed.action);
        let named = self.asked.names(deed.names);
        let weight = match fits {
            Fits::No => return None,
            Fits::Yes => 8,
            Fits::Perhaps => 0,
        } + if named { 16 } else { 0 };
        // What also happens by itself needs a reason to be somebody's.
        if deed.spontaneous && weight == 0 {
            return None;
        }
        let alive = self.ended_ns.is_none_or(|ended| ended + SLACK_NS >= deed.time_ns);
        if !alive && weight == 0 {
            return None;
        }
        let recent = deed.time_ns - self.last_ns < RECENT_NS;
        Some(weight + if alive { 2 } else { 0 } + u32::from(recent))
    }
}

/// The name of the socket at the other end.
fn bound(connection: Option<&Connection>) -> Option<&Peer> {
    connection.and_then(|connection| connection.remote.as_ref())
}

/// Of a program and the one that it started for the same work, the latter: `docker` starts its
/// plugins as programs of their own.
fn keep_the_nearest(callers: &mut Vec<Caller>) {
    let above: Vec<ProcessId> = callers
        .iter()
        .flat_map(|caller| caller.initiator.ancestors.iter().map(|ancestor| ancestor.process))
        .collect();
    if callers.len() > 1 && !callers.iter().all(|one| above.contains(&one.initiator.process)) {
        callers.retain(|caller| !above.contains(&caller.initiator.process));
    }
}

/// A path with `/var/run` written as `/run`, which it is a name of.
fn plain(path: &Path) -> PathBuf {
    match path.strip_prefix("/var/run") {
        Ok(rest) => Path::new("/run").join(rest),
        Err(_) => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: &str = "/var/run/docker.sock";

    fn caller(pid: u32, line: &str, first_ns: i64, ended_ns: Option<i64>) -> Caller {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Caller {
            initiator: Initiator {
                process: ProcessId { pid, start_ns: 1 },
                command: line.to_owned(),
                ..Initiator::default()
            },
            socket: plain(Path::new(SOCKET)),
            asked: Asked::read(&words),
            first_ns,
            last_ns: first_ns,
            ended_ns,
            ..Caller::default()
        }
    }

    fn whose(callers: &[Caller], deed: &Deed<'_>) -> String {
        let known = Callers::of([PathBuf::from(SOCKET)]);
        for caller in callers {
            known.recent().push(caller.initiator.process, caller.clone());
        }
        match known.whose(deed) {
            Whose::One(caller) => caller.initiator.command,
            Whose::Several(lines) => format!("{} fit", lines.len()),
            Whose::Nobody => "nobody".to_owned(),
        }
    }

    fn deed<'a>(action: &'a str, names: &'a [&'a str]) -> Deed<'a> {
        let spontaneous = matches!(action, "die" | "destroy");
        Deed { socket: "/run/docker.sock", time_ns: 10_000_000_000, action, names, spontaneous }
    }

    #[test]
    fn the_one_that_asked_for_it_is_named() {
        let now = 10_000_000_000;
        let run = caller(7, "docker run --name web shop:1", now - 50, None);
        let list = caller(8, "docker ps", now - 20, None);
        let other = caller(9, "docker run --name db shop:2", now - 10, None);
        let panel = caller(10, "/usr/bin/panel --watch", now - 3_600_000_000_000, None);
        let everybody = [run.clone(), list.clone(), other.clone(), panel.clone()];
        assert_eq!(whose(&everybody, &deed("create", &["web", "shop:1"])), run.initiator.command);
        assert_eq!(whose(&everybody, &deed("create", &["x", "y"])), "2 fit");
        assert_eq!(
            whose(&[list.clone(), panel.clone()], &deed("create", &["x"])),
            "/usr/bin/panel --watch"
        );
        assert_eq!(whose(&[list, panel.clone()], &deed("die", &["web"])), "nobody");
        let over = caller(11, "docker run -d --name web shop:1", now - 900, Some(now - 100));
        assert_eq!(whose(&[over.clone(), panel], &deed("die", &["web"])), over.initiator.command);
        let long_over = caller(12, "docker rm web", 1, Some(2));
        assert_eq!(whose(&[long_over], &deed("destroy", &["web"])), "nobody");
        let later = caller(13, "docker rm web", now + 50_000_000, None);
        assert_eq!(whose(&[later], &deed("destroy", &["web"])), "nobody");
    }

    #[test]
    fn a_plugin_is_nearer_than_the_program_that_started_it() {
        let now = 10_000_000_000;
        let front = caller(7, "docker compose up", now - 50, None);
        let mut plugin =
            caller(8, "/usr/libexec/docker/cli-plugins/docker-compose compose up", now - 20, None);
        plugin.initiator.ancestors =
            vec![model::Ancestor { process: front.initiator.process, ..Default::default() }];
        let line = plugin.initiator.command.clone();
        assert_eq!(whose(&[front, plugin], &deed("create", &["shop-web-1"])), line);
    }

    #[test]
    fn var_run_is_run() {
        let callers = Callers::of([PathBuf::from(SOCKET)]);
        let socket = |path: &str| callers.socket_of(&Peer::Unix(path.to_owned()));
        assert!(socket("/run/docker.sock").is_some());
        assert!(socket("/var/run/docker.sock").is_some());
        assert!(socket("/run/other.sock").is_none());
    }
}
