//! What runs without having passed the gate: found when the agent begins and in the daemon's
//! events, judged, reported, and stopped only where the configuration says so.
//!
//! A restart policy, a restarted daemon and a swarm start containers without a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::engine::{EngineApi, Stream};
use super::json::{Fields, Node};
use super::plugin::DockerAuthz;
use crate::gate::{Counter, Unasked};
use crate::limits::{ENGINE_RETRY_MS, EVENT_MAX_BYTES};

/// Containers that wait to be judged.
const WAITING: usize = 4096;
/// Events of containers that begin to run.
const EVENTS: &str =
    "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%5D%7D";

/// A container that runs, and how that was noticed; `None` when it was let in.
#[derive(Debug)]
struct Running {
    id: String,
    how: Option<&'static str>,
}

/// What a container was last judged as: since when it runs, by which policy, and whether a refusal
/// stops it.
type Judged = (String, String, bool);

/// One line of the daemon's events, as far as it is read here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: EventActor,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EventActor {
    #[serde(rename = "ID")]
    id: String,
}

/// Watches a daemon until the task is dropped.
pub(crate) async fn watch(plugin: Arc<DockerAuthz>, engine: Arc<EngineApi>) {
    let (queue, waiting) = channel(WAITING);
    tokio::spawn(judge_all(Arc::clone(&plugin), Arc::clone(&engine), waiting));
    loop {
        // The stream is opened before the list is read, so that nothing starts in between.
        if let Ok(events) = engine.stream(EVENTS).await {
            eprintln!("lazaret agent: watching what the engine starts");
            let mut events = Lines { events, line: Vec::new() };
            loop {
                sweep(&plugin, &engine, &queue).await;
                // A changed policy is held against what runs, too.
                tokio::select! {
                    () = follow(&plugin, &mut events, &queue) => break,
                    () = plugin.changed() => {}
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(ENGINE_RETRY_MS)).await;
    }
}

/// Everything that runs now.
async fn sweep(plugin: &DockerAuthz, engine: &EngineApi, queue: &Sender<Running>) {
    let Ok(Some(Node::List(containers))) = engine.object("/containers/json").await else {
        eprintln!("lazaret agent: what runs already cannot be listed");
        return;
    };
    for container in &containers {
        let id = Fields::of("the list", container).and_then(|fields| fields.text("Id"));
        if let Ok(id) = id {
            // It may have started again since it was let in, so that is no excuse here.
            plugin.starts().was_expected(id);
            offer(plugin, queue, Running { id: id.to_owned(), how: Some("found running") });
        }
    }
}

/// The daemon's stream of events, and the line that is not complete yet.
struct Lines {
    events: Stream,
    line: Vec<u8>,
}

/// Reads events until the daemon ends them. May be dropped at any time and begun again.
async fn follow(plugin: &DockerAuthz, lines: &mut Lines, queue: &Sender<Running>) {
    while let Some(Ok(frame)) = lines.events.body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        for byte in bytes {
            if byte != b'\n' {
                lines.line.push(byte);
            } else {
                notice(plugin, &lines.line, queue);
                lines.line.clear();
            }
            if lines.line.len() > EVENT_MAX_BYTES {
                return;
            }
        }
    }
}

fn notice(plugin: &DockerAuthz, line: &[u8], queue: &Sender<Running>) {
    let Ok(event) = serde_json::from_slice::<Event>(line) else { return };
    let id = event.actor.id;
    if event.action != "start" || id.is_empty() {
        return;
    }
    let how = (!plugin.starts().was_expected(&id)).then_some("started without a request");
    offer(plugin, queue, Running { id, how });
}

fn offer(plugin: &DockerAuthz, queue: &Sender<Running>, running: Running) {
    if queue.try_send(running).is_err() {
        plugin.court().counters().count(Counter::Lost);
        eprintln!("lazaret agent: too many containers wait to be looked at; one is left out");
    }
}

async fn judge_all(
    plugin: Arc<DockerAuthz>,
    engine: Arc<EngineApi>,
    mut waiting: Receiver<Running>,
) {
    // By id. A container is reported once for each time that it starts and each policy.
    let mut known: HashMap<String, Judged> = HashMap::new();
    while let Some(running) = waiting.recv().await {
        if known.len() > WAITING {
            known.clear();
        }
        if let Err(why) = judge(&plugin, &engine, &running, &mut known).await {
            eprintln!("lazaret agent: container {} cannot be looked at: {why}", running.id);
        }
    }
}

async fn judge(
    plugin: &DockerAuthz,
    engine: &EngineApi,
    running: &Running,
    known: &mut HashMap<String, Judged>,
) -> Result<(), super::facts::NoFact> {
    let Some(since) = since(plugin, &running.id).await? else { return Ok(()) };
    let court = plugin.court();
    let stops = court.config().docker.stop_refused;
    let policy = court.rules().map_or_else(|_| String::new(), |rules| rules.digest.to_string());
    let now = (since, policy, stops);
    if known.insert(running.id.clone(), now.clone()) == Some(now) {
        return Ok(());
    }
    let Some(how) = running.how else { return Ok(()) };
    let began = Instant::now();
    let Some(found) = plugin.facts().existing(&running.id, "").await? else { return Ok(()) };
    let name = found.workload.name.clone();
    let one = Unasked { workload: found.workload, names: found.names, how, stops, began };
    if court.judge_running(one, &name).await {
        engine.stop(&running.id).await?;
        court.has_stopped(&name);
    }
    Ok(())
}

/// Since when a container runs; `None` when it does not.
async fn since(plugin: &DockerAuthz, id: &str) -> Result<Option<String>, super::facts::NoFact> {
    let Some(node) = plugin.facts().container(id).await? else { return Ok(None) };
    let state = Fields::of("the container", &node)?.fields("State")?;
    Ok(if state.flag("Running")? { Some(state.text("StartedAt")?.to_owned()) } else { None })
}
