//! The life cycle of containers, images, networks, volumes and pods, with who asked for it.
//!
//! ```text
//! docker, podman: events ─┐
//! containerd: events ─────┼─ Callers: who ─→ AuditRecord → Trail
//! Kubernetes: audit log, pods ┘        engines' words on containers → Directory
//! watch ─observe→ Callers
//! ```
//!
//! No engine is asked to change anything. What is not there is waited for; every break of a stream
//! is told.

mod asked;
mod callers;
mod config;
mod containerd;
mod containerd_event;
mod docker;
mod docker_event;
mod execs;
mod kube_audit;
mod kube_client;
mod kube_config;
mod kube_log;
mod kube_pod;
mod kube_watch;
mod lines;
mod standing;
mod story;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use model::{AuditKind, AuditOutcome, AuditRecord, Engine};
use tokio::task::JoinSet;

use crate::AgentError;
use crate::attribute::Directory;
use crate::clock::now_ns;
pub(crate) use crate::docker::encode;
use crate::trail::Trail;
use crate::watch::Seen;
pub use callers::{Caller, Callers, Deed, Whose};
pub use config::{KubernetesConfig, LifeCycleConfig};
pub use containerd_event::read_containerd_event;
pub use docker_event::read_docker_event;
pub use execs::{Execs, PodExec};
pub use kube_audit::read_audit_entry;
pub use kube_pod::read_pod_change;
use standing::Standing;

/// The system calls that the sensor is to tell of, to know who speaks to the engines.
pub const CALLS: [&str; 1] = ["connect"];
/// How often it is written down how far the streams have been read.
const KEEP_EVERY: Duration = Duration::from_millis(500);
/// Bytes of one value that are told.
const VALUE_BYTES: usize = 1024;
/// Where that is written, below the agent's folder.
const STANDING_FILE: &str = "lifecycle.json";

/// What a source of the trail needs of the node it runs on.
#[derive(Clone)]
pub struct Surroundings {
    /// Where records are handed in.
    pub trail: Trail,
    /// The containers of the node.
    pub directory: Directory,
    /// The node's name.
    pub node: String,
    /// The agent's own folder, for what must outlive it.
    pub data: PathBuf,
}

/// Listens to the engines and to Kubernetes.
pub struct LifeCycle {
    shared: Arc<Shared>,
}

/// What every stream needs.
struct Shared {
    config: LifeCycleConfig,
    trail: Trail,
    directory: Directory,
    node: String,
    callers: Callers,
    execs: Execs,
    standing: Standing,
    malformed: AtomicU64,
}

impl LifeCycle {
    /// Reads how far the streams were read; listens to nobody yet.
    pub fn new(config: LifeCycleConfig, place: Surroundings) -> Self {
        let sockets = [&config.docker, &config.podman, &config.containerd];
        let callers = Callers::of(sockets.into_iter().flatten().cloned());
        let standing = Standing::open(&place.data.join(STANDING_FILE));
        let Surroundings { trail, directory, node, .. } = place;
        let (execs, malformed) = (Execs::default(), AtomicU64::new(0));
        let shared = Shared { config, trail, directory, node, callers, execs, standing, malformed };
        LifeCycle { shared: Arc::new(shared) }
    }

    /// Takes in what the watch tells: who speaks to the engines.
    pub fn observe(&self, seen: &Seen<'_>) {
        self.shared.callers.observe(&seen.observed);
    }

    /// Who speaks to the engines.
    pub fn callers(&self) -> Callers {
        self.shared.callers.clone()
    }

    /// Whom Kubernetes let run commands in pods.
    pub fn execs(&self) -> Execs {
        self.shared.execs.clone()
    }

    /// Events of engines that could not be read so far.
    pub fn malformed(&self) -> u64 {
        self.shared.malformed.load(Ordering::Relaxed)
    }

    /// Listens until `stop` says so. Wants a thread of its own.
    pub fn run(&self, stop: &AtomicBool) -> Result<(), AgentError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AgentError::System {
            what: "the life cycle cannot be listened to",
            why: error.to_string(),
        })?;
        runtime.block_on(async {
            let streams = self.shared.listen();
            let mut kept = Ok(());
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(KEEP_EVERY).await;
                let now = self.shared.standing.keep();
                if let (Ok(()), Err(error)) = (&kept, &now) {
                    self.shared.complain(error);
                }
                kept = now;
            }
            drop(streams);
            self.shared.standing.keep()
        })
    }
}

impl Shared {
    fn listen(self: &Arc<Self>) -> JoinSet<()> {
        let mut streams = JoinSet::new();
        let config = &self.config;
        for (socket, engine) in [(&config.docker, Engine::Docker), (&config.podman, Engine::Podman)]
        {
            if let Some(socket) = socket {
                streams.spawn(docker::Daemon::new(Arc::clone(self), socket, engine).listen());
            }
        }
        if let Some(socket) = &config.containerd {
            streams.spawn(containerd::listen(Arc::clone(self), socket.clone()));
        }
        if let Some(log) = &config.kubernetes.audit_log {
            streams.spawn(kube_log::follow(Arc::clone(self), log.clone()));
        }
        if let Some(kubeconfig) = &config.kubernetes.kubeconfig {
            streams.spawn(kube_watch::watch(Arc::clone(self), kubeconfig.clone()));
        }
        streams
    }

    fn malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    /// A record of what happens to the agent itself.
    fn agent_record(&self, action: &str) -> AuditRecord {
        AuditRecord {
            time_ns: now_ns(),
            kind: AuditKind::Agent,
            action: action.to_owned(),
            node: self.node.clone(),
            ..AuditRecord::default()
        }
    }

    /// Something that the agent wanted to do and could not.
    fn complain(&self, why: &impl ToString) {
        let mut record = self.agent_record("life_cycle");
        record.outcome = AuditOutcome::Failure;
        record.text = why.to_string();
        self.trail.record(record);
    }

    /// Names who is known to have asked for a record's deed.
    fn name(&self, record: &mut AuditRecord, whose: Whose) {
        record.node.clone_from(&self.node);
        docker::name(record, whose, self.callers.watched());
    }
}

/// As much of a value as is told.
fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(VALUE_BYTES)).unwrap_or_default().to_owned()
}
