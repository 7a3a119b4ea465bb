//! `NriPlugin`: answers what containerd asks over NRI.
//!
//! A container is judged twice: before it is made, by what NRI tells of it, so that what is refused
//! in any case is never made; and before its first program, by what containerd has then written
//! down of it: its specification and the id of the image that its files are of.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{Decision, Gate, ImageIdentity, Workload};
use prost::Message;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::call::{Call, Subject};
use super::containerd::Containerd;
use super::proto::{
    CREATE_CONTAINER, ConfigureRequest, ConfigureResponse, PodSandbox, Request, Response,
    START_CONTAINER, Status, SynchronizeRequest, SynchronizeResponse, code,
};
use super::reconcile::Found;
use super::workload::{IMAGE_NAME, ImageFound, Record, early, late, sandbox_of};
use crate::AgentError;
use crate::gate::{Ask, Counter, Court, Ruling};
use crate::limits::{NRI_ANSWER_MARGIN_MS, NRI_ANSWER_TIMEOUT_MS, PODS_REMEMBERED};

/// The runtime whose images can be looked up here.
const CONTAINERD: &str = "containerd";
/// Where the host's namespaces are: of its first process, else of this one, which runs in them.
const HOSTS: [&str; 2] = ["/proc/1/ns", "/proc/self/ns"];
/// Pods by the id of their sandbox.
type Pods = HashMap<String, PodSandbox>;

/// Answers containerd for one court.
#[derive(Debug)]
pub(super) struct NriPlugin {
    court: Arc<Court>,
    containerd: Containerd,
    pods: Mutex<Pods>,
    found: Sender<Found>,
    /// What this machine is called.
    node: String,
}

/// A question about a container.
struct Asked<'a> {
    action: &'static str,
    told: &'a Subject,
    began: Instant,
}

impl NriPlugin {
    /// A plugin that tells `found` when what runs has to be looked at.
    pub(super) fn new(court: Arc<Court>, found: Sender<Found>) -> Self {
        let config = court.config().nri;
        let containerd = Containerd::new(&config.containerd, &config.namespace);
        let node = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let node = node.trim().to_owned();
        NriPlugin { court, containerd, pods: Mutex::default(), found, node }
    }

    pub(super) fn court(&self) -> &Arc<Court> {
        &self.court
    }

    pub(super) fn containerd(&self) -> &Containerd {
        &self.containerd
    }

    /// Answers one question. Never fails: what cannot be decided is refused.
    pub(super) async fn answer(&self, request: &Request) -> Response {
        self.court.counters().count(Counter::Requests);
        let began = Instant::now();
        let call = match Call::read(request) {
            Ok(call) => call,
            Err(why) => return self.not_understood(request, &why.to_string()),
        };
        let patience = patience(request.timeout_nano);
        match call {
            Call::Configure(told) => configured(&told),
            Call::Synchronize(told) => self.synchronized(told),
            Call::Create(told) => {
                let asked = Asked { action: "CreateContainer", told: &told, began };
                self.within(patience, &asked, self.created(&asked)).await
            }
            Call::Start(told) => {
                let asked = Asked { action: "StartContainer", told: &told, began };
                self.within(patience, &asked, self.started(&asked)).await
            }
            Call::Notice => done(),
        }
    }

    /// What is not understood is an error, and so a refusal where something was to start.
    fn not_understood(&self, request: &Request, why: &str) -> Response {
        self.court.counters().count(Counter::Rejected);
        eprintln!("lazaret agent: {why}");
        let code = match request.method.as_str() {
            "CreateContainer" | "StartContainer" | "StateChange" => code::INVALID_ARGUMENT,
            _ => code::UNIMPLEMENTED,
        };
        failed(code, format!("lazaret: {why}"))
    }

    /// Judges, but never for longer than containerd waits: it goes on without an answer, and drops
    /// a plugin that is late.
    async fn within(
        &self,
        patience: Duration,
        asked: &Asked<'_>,
        judged: impl Future<Output = Result<Option<Ruling>, AgentError>>,
    ) -> Response {
        self.remember(&asked.told.pod);
        let ruling = match timeout(patience, judged).await {
            Ok(Ok(Some(ruling))) => ruling,
            Ok(Ok(None)) => return done(),
            Ok(Err(why)) => self.refused(asked, &why.to_string()),
            Err(_) => self.refused(asked, "it takes longer than containerd waits; try again"),
        };
        match ruling.decision {
            Decision::Deny => failed(code::PERMISSION_DENIED, ruling.message),
            Decision::Allow | Decision::Warn => done(),
        }
    }

    /// A refusal without a judgement.
    fn refused(&self, asked: &Asked<'_>, why: &str) -> Ruling {
        let workload = self.here(early(asked.told, &ImageFound::default(), is_hosts));
        self.court.refuse(asked.to_court(workload, Vec::new()), why)
    }

    async fn created(&self, asked: &Asked<'_>) -> Result<Option<Ruling>, AgentError> {
        if !self.court.config().nri.judge_create {
            return Ok(None);
        }
        let name = asked.told.container.annotations.get(IMAGE_NAME).map_or("", String::as_str);
        let image = self.image_named(name).await?;
        let workload = self.here(early(asked.told, &image, is_hosts));
        Ok(Some(self.court.rule(asked.to_court(workload, image.names)).await))
    }

    async fn started(&self, asked: &Asked<'_>) -> Result<Option<Ruling>, AgentError> {
        let Some(record) = self.containerd.container(&asked.told.container.id).await? else {
            return Ok(Some(self.refused(asked, "containerd does not know the container")));
        };
        let (workload, names) = self.made_in(&record, Some(&asked.told.pod)).await?;
        Ok(Some(self.court.rule(asked.to_court(workload, names)).await))
    }

    /// A container that was made, as a workload, and what else its image is called.
    pub(super) async fn made(
        &self,
        record: &Record,
    ) -> Result<(Workload, Vec<String>), AgentError> {
        let pod = sandbox_of(record).and_then(|sandbox| self.pods().get(&sandbox).cloned());
        self.made_in(record, pod.as_ref()).await
    }

    async fn made_in(
        &self,
        record: &Record,
        pod: Option<&PodSandbox>,
    ) -> Result<(Workload, Vec<String>), AgentError> {
        let image = self.image_of(record).await?;
        let made = late(record, &image, pod, is_hosts);
        let workload = made.map_err(|why| AgentError::Engine {
            path: self.court.config().nri.containerd,
            what: format!("the specification of {}", record.id),
            why,
        })?;
        Ok((self.here(workload), image.names))
    }

    fn here(&self, workload: Workload) -> Workload {
        Workload { node: self.node.clone(), ..workload }
    }

    /// What a name stands for now.
    async fn image_named(&self, name: &str) -> Result<ImageFound, AgentError> {
        let reference = name.to_owned();
        let Some(target) = self.containerd.target(name).await? else {
            let identity = ImageIdentity { reference, ..ImageIdentity::default() };
            return Ok(ImageFound { identity, names: Vec::new() });
        };
        let image_id = self.containerd.config_of(&target).await?;
        let names = self.containerd.names(&target).await?;
        let identity = ImageIdentity { reference, image_id, manifest_digest: Some(target) };
        Ok(ImageFound { identity, names })
    }

    /// The image that a container was made of. Its name may stand for another by now; then only the
    /// id that was written down counts.
    async fn image_of(&self, record: &Record) -> Result<ImageFound, AgentError> {
        let (made_of, asked) = record.image_asked();
        let mut image = self.image_named(&record.image).await?;
        if made_of.is_some() && image.identity.image_id != made_of {
            let reference = record.image.clone();
            image.identity = ImageIdentity { reference, image_id: made_of, manifest_digest: None };
            image.names.clear();
        }
        if !asked.is_empty() {
            let name = std::mem::replace(&mut image.identity.reference, asked);
            image.names.push(name);
        }
        Ok(image)
    }

    fn synchronized(&self, told: SynchronizeRequest) -> Response {
        for pod in &told.pods {
            self.remember(pod);
        }
        if !told.more {
            crate::ready::tell();
            if self.found.try_send(Found::Connected).is_err() {
                self.court.counters().count(Counter::Lost);
            }
        }
        answered(&SynchronizeResponse { more: told.more })
    }

    fn remember(&self, pod: &PodSandbox) {
        let mut pods = self.pods();
        if pods.len() >= PODS_REMEMBERED {
            pods.clear();
        }
        let kept = PodSandbox { annotations: BTreeMap::new(), ..pod.clone() };
        pods.insert(pod.id.clone(), kept);
    }

    fn pods(&self) -> std::sync::MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked<'_> {
    fn to_court(&self, workload: Workload, names: Vec<String>) -> Ask {
        let (action, began) = (self.action.to_owned(), self.began);
        Ask { gate: Gate::Nri, action, workload, names, already: None, spared: None, began }
    }
}

/// How long a judgement may take, from how long containerd says that it waits.
fn patience(timeout_nano: i64) -> Duration {
    let usual = Duration::from_millis(NRI_ANSWER_TIMEOUT_MS);
    let told = u64::try_from(timeout_nano).ok().filter(|nanos| *nanos > 0);
    let told = told.map_or(usual, Duration::from_nanos);
    let margin = Duration::from_millis(NRI_ANSWER_MARGIN_MS).min(told / 2);
    told.saturating_sub(margin)
}

/// Whether a namespace is the host's. One that cannot be looked at counts as the host's: nothing
/// shows that it is not.
fn is_hosts(kind: &str, path: &str) -> bool {
    if path.is_empty() {
        return false;
    }
    let file = if kind == "network" { "net" } else { kind };
    let identity = |path: &str| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    let hosts = HOSTS.iter().find_map(|folder| identity(&format!("{folder}/{file}")));
    match (hosts, identity(path)) {
        (Some(hosts), Some(joined)) => hosts == joined,
        _ => true,
    }
}

fn configured(told: &ConfigureRequest) -> Response {
    let ConfigureRequest { runtime_name, runtime_version } = told;
    eprintln!("lazaret agent: connected to {runtime_name:?} {runtime_version:?}");
    if runtime_name != CONTAINERD {
        let message = "lazaret knows only containerd's images: use the runtime guard here";
        return failed(code::UNIMPLEMENTED, message.to_owned());
    }
    let bit = |event: i32| 1 << (event - 1);
    answered(&ConfigureResponse { events: bit(CREATE_CONTAINER) | bit(START_CONTAINER) })
}

fn done() -> Response {
    Response { status: None, payload: Vec::new() }
}

fn answered(message: &impl Message) -> Response {
    Response { status: None, payload: message.encode_to_vec() }
}

fn failed(code: i32, message: String) -> Response {
    Response { status: Some(Status { code, message }), payload: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_before_nobody_waits() {
        let ms = |nanos| patience(nanos).as_millis();
        assert_eq!(ms(0), 1700);
        assert_eq!(ms(-1), 1700);
        assert_eq!(ms(2_000_000_000), 1700);
        assert_eq!(ms(100_000_000), 50);
    }

    #[test]
    fn a_namespace_is_the_hosts_when_it_is_the_same() {
        assert!(is_hosts("network", "/proc/self/ns/net"));
        assert!(!is_hosts("network", "/proc/self/ns/uts"), "another than the host's network");
        assert!(!is_hosts("pid", ""));
        assert!(is_hosts("ipc", "/nowhere"), "what cannot be looked at");
    }

    #[test]
    fn only_containerd_is_answered() {
        let told = |name: &str| {
            configured(&ConfigureRequest {
                runtime_name: name.to_owned(),
                runtime_version: String::new(),
            })
        };
        assert_eq!(told("containerd").payload, [0x10, 0x28], "events 4 and 6");
        assert_eq!(told("cri-o").status.map(|status| status.code), Some(code::UNIMPLEMENTED));
    }
}
