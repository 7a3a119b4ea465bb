//! Docker's stream of events into the trail, and what the engine says of its containers into the
//! directory. Podman's service speaks the same API.
//!
//! ```text
//! /events?since= ─lines→ DockerEvent ─Callers: who─ Stories: why→ AuditRecord → Trail
//! ```
//!
//! The engine keeps its last events: after a break they are asked for again, those that were told
//! already are left out, and where more happened than it keeps, the gap is told.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{AuditOutcome, AuditRecord, Container, Engine, Known};

use super::Shared;
use super::callers::{Deed, Whose};
use super::docker_event::DockerEvent;
use super::lines::Lines;
use super::story::Stories;
use crate::clock::now_ns;
use crate::docker::EngineApi;
use crate::facts::{Document, EngineReader};
use crate::limits::ENGINE_RETRY_MS;

/// Events that the engine keeps (`eventsLimit` of the daemon): as many may have been more.
const ENGINE_KEEPS: usize = 256;
/// Events whose being told is remembered.
const TOLD: usize = 1024;
/// Containers asked for when the stream begins.
const CONTAINERS: usize = 4096;

/// A daemon that is listened to.
pub(super) struct Daemon {
    shared: Arc<Shared>,
    socket: PathBuf,
    engine: Engine,
    api: EngineApi,
    reader: EngineReader,
    stories: Stories,
    told: HashSet<String>,
    told_in_order: VecDeque<String>,
    /// When the stream was asked for: what happened before is told again from what is kept.
    asked_ns: i64,
    /// Events from before the stream was asked for.
    replayed: usize,
}

impl Daemon {
    pub(super) fn new(shared: Arc<Shared>, socket: &Path, engine: Engine) -> Self {
        Daemon {
            shared,
            socket: socket.to_path_buf(),
            engine,
            api: EngineApi::new(socket),
            reader: EngineReader::new(socket),
            stories: Stories::default(),
            told: HashSet::new(),
            told_in_order: VecDeque::new(),
            asked_ns: 0,
            replayed: 0,
        }
    }

    /// Listens until the task is dropped.
    pub(super) async fn listen(mut self) {
        let name = self.socket.to_string_lossy().into_owned();
        loop {
            let since = self.shared.standing.last_ns(&name);
            self.asked_ns = now_ns();
            if let Ok(stream) = self.api.stream(&events_since(since)).await {
                self.begin(since, &name).await;
                let mut lines = Lines::new(stream.body);
                while let Some(line) = lines.next().await {
                    self.take(&line, since).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(ENGINE_RETRY_MS)).await;
        }
    }

    async fn begin(&mut self, since: Option<i64>, name: &str) {
        self.replayed = 0;
        self.learn_all().await;
        let mut record = self.shared.agent_record("listening");
        record.target = name.to_owned();
        record.text = match since {
            Some(since) => format!("listening to {name} again, from {} on", moment(since)),
            None => format!("listening to {name}"),
        };
        self.shared.trail.record(record);
    }

    async fn take(&mut self, line: &[u8], since: Option<i64>) {
        let Ok(event) = serde_json::from_slice::<DockerEvent>(line) else {
            self.shared.malformed();
            return;
        };
        let time_ns = event.time_ns();
        // What was told last comes first.
        if since.is_some_and(|since| time_ns <= since) {
            return;
        }
        let is_past = since.is_some() && time_ns < self.asked_ns;
        if is_past {
            self.replayed += 1;
            self.tell_gap(since);
        }
        if !self.is_new(&event) {
            return;
        }
        self.shared.callers.reach(time_ns).await;
        self.learn(&event).await;
        self.tell(&event);
        self.shared.standing.reached(&self.socket.to_string_lossy(), time_ns);
    }

    /// The engine has given all that it keeps: what was before that is lost.
    fn tell_gap(&self, since: Option<i64>) {
        if self.replayed != ENGINE_KEEPS {
            return;
        }
        let mut record = self.shared.agent_record("gap");
        record.outcome = AuditOutcome::Unknown;
        record.target = self.socket.to_string_lossy().into_owned();
        let since = since.map(moment).unwrap_or_default();
        record.text = format!(
            "events of {} after {since} may be missing: the engine keeps the last {ENGINE_KEEPS}",
            record.target
        );
        self.shared.trail.record(record);
    }

    fn is_new(&mut self, event: &DockerEvent) -> bool {
        let mark =
            format!("{} {} {} {}", event.time_ns(), event.kind, event.action, event.actor.id);
        if !self.told.insert(mark.clone()) {
            return false;
        }
        self.told_in_order.push_back(mark);
        if self.told_in_order.len() > TOLD
            && let Some(oldest) = self.told_in_order.pop_front()
        {
            self.told.remove(&oldest);
        }
        true
    }

    fn tell(&mut self, event: &DockerEvent) {
        let config = &self.shared.config;
        if config.quiet.iter().any(|quiet| quiet == event.verb()) {
            return;
        }
        let is_check = event.verb() == "health_status" || self.is_health_check(event);
        if is_check && !config.health_checks {
            return;
        }
        let known = event.container_id().and_then(|id| self.shared.directory.find(id));
        let mut record = event.record(self.engine, known.as_deref());
        let names = event.names();
        let whose = self.shared.callers.whose(&Deed {
            socket: &self.socket.to_string_lossy(),
            time_ns: event.time_ns(),
            action: event.verb(),
            names: &names,
            spontaneous: event.is_spontaneous(),
        });
        let whose = self.stories.tell(event, whose, &mut record);
        self.shared.name(&mut record, whose);
        self.shared.trail.record(record);
    }

    fn is_health_check(&self, event: &DockerEvent) -> bool {
        let container = event.container_id().unwrap_or_default();
        !event.rest().is_empty() && self.shared.execs.is_health_check(container, event.rest())
    }

    async fn learn_all(&mut self) {
        let Ok(list) = self.reader.list::<Listed>("/containers/json?all=1").await else { return };
        for listed in list.into_iter().take(CONTAINERS) {
            self.learn_one(&listed.id).await;
        }
    }

    /// Asks the engine for a container that has begun and is not known well.
    async fn learn(&mut self, event: &DockerEvent) {
        let Some(id) = event.container_id().filter(|_| event.kind == "container") else { return };
        match event.verb() {
            "create" => self.learn_one(id).await,
            "start" => {
                let known = self.shared.directory.find(id);
                if known.is_none_or(|known| known.known < Known::Full) {
                    self.learn_one(id).await;
                }
            }
            "rename" => {
                let name = event.attribute("name").trim_start_matches('/').to_owned();
                let learn = |container: &mut Container| container.name = name;
                self.shared.directory.write(|containers| containers.learn(id, learn));
            }
            _ => {}
        }
    }

    async fn learn_one(&mut self, id: &str) {
        let path = format!("/containers/{}/json", super::encode(id));
        let Ok(document) = self.reader.object(&path).await else { return };
        let checks = health_check(&document);
        self.stories.configured(id, document.flag("/HostConfig/AutoRemove"));
        if !checks.is_empty() {
            self.shared.execs.checked(id, &checks);
        }
        let engine = self.engine;
        self.shared.directory.write(|containers| {
            containers.learn(id, |container| from_inspection(container, engine, &document));
        });
    }
}

#[derive(serde::Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

/// What an inspection says of a container.
fn from_inspection(container: &mut Container, engine: Engine, document: &Document) {
    container.engine = engine;
    container.known = Known::Full;
    container.name = document.text("/Name").trim_start_matches('/').to_owned();
    container.spec.image.reference = document.text("/Config/Image").to_owned();
    container.spec.image.image_id = document.text("/Image").parse().ok();
    let labels = document.entries("/Config/Labels");
    container.labels = labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
}

/// The commands that a container's health check runs, as the engine's events write them.
fn health_check(document: &Document) -> Vec<String> {
    match document.texts("/Config/Healthcheck/Test").as_slice() {
        ["CMD-SHELL", line] => {
            let shell = document.texts("/Config/Shell").join(" ");
            let shell = if shell.is_empty() { "/bin/sh -c".to_owned() } else { shell };
            vec![format!("{shell} {line}")]
        }
        ["CMD", words @ ..] => vec![words.join(" ")],
        _ => Vec::new(),
    }
}

fn events_since(since: Option<i64>) -> String {
    match since {
        Some(since) => format!(
            "/events?since={}.{:09}",
            since.div_euclid(1_000_000_000),
            since.rem_euclid(1_000_000_000)
        ),
        None => "/events".to_owned(),
    }
}

fn moment(time_ns: i64) -> String {
    let moment = model::Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or_default();
    format!("{moment:.3}")
}

/// Who is named in a record, and what is said where nobody can be.
pub(super) fn name(record: &mut AuditRecord, whose: Whose, watched: bool) {
    match whose {
        Whose::One(caller) => {
            record.initiator = caller.initiator;
            if let Some(container) = caller.container {
                record.details.insert("asked_in_container".to_owned(), container.id);
            }
        }
        Whose::Several(lines) => {
            record.details.insert("initiator".to_owned(), "unknown: several fit".to_owned());
            record.details.insert("candidates".to_owned(), lines.join(" | "));
        }
        Whose::Nobody if !watched => {
            let why = "unknown: the sensor does not watch";
            record.details.insert("initiator".to_owned(), why.to_owned());
        }
        Whose::Nobody => {
            record.details.insert("initiator".to_owned(), "unknown".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_asked_for_to_the_nanosecond() {
        assert_eq!(
            events_since(Some(1_700_000_000_000_000_042)),
            "/events?since=1700000000.000000042"
        );
        assert_eq!(events_since(None), "/events");
        assert_eq!(moment(1_700_000_000_500_000_000), "2023-11-14T22:13:20.500Z");
    }

    #[test]
    fn an_inspection_completes_a_container() {
        let document = Document(serde_json::json!({
            "Name": "/web", "Image": format!("sha256:{}", "cd".repeat(32)),
            "Config": {"Image": "shop:1", "Labels": {"a": "b"},
                       "Healthcheck": {"Test": ["CMD-SHELL", "curl -f localhost"]}},
        }));
        let mut container = Container::default();
        from_inspection(&mut container, Engine::Docker, &document);
        assert_eq!((container.name.as_str(), container.known), ("web", Known::Full));
        assert_eq!(container.labels["a"], "b");
        assert!(container.spec.image.image_id.is_some());
        assert_eq!(health_check(&document), ["/bin/sh -c curl -f localhost"]);
    }
}
