//! The node's guard: everything that watches, together, until it is asked to end.
//!
//! ```text
//! kernel ─Watch→ Seen ─rules→ alerts ─┬────→ Hands
//!                                     ├Trail→ Writer → audit log, outputs
//! the agent itself: begin, end, blind ─┘
//! ```

mod absence;
mod aside;
mod desk;
mod health;
mod last;
mod metrics;
mod observers;
mod pile;
mod reload;
mod sight;
mod signals;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{AuditKind, AuditRecord};
use sensor::{Interest, SensorOptions};
use store::Store;

use crate::audit::{self, LateLog, WriterCounts};
use crate::clock::now_ns;
use crate::commands::Commands;
use crate::detect::Engine;
use crate::drift::Images;
use crate::isolation::Monitor;
use crate::key_files::KeyFiles;
use crate::lifecycle::{LifeCycle, Surroundings};
use crate::lines::Lines;
use crate::network::Network;
use crate::outputs::{Destination, OutputConfig, Outputs};
use crate::ready;
use crate::respond::{Hands, Reach};
use crate::trail::{Entries, Trail};
use crate::watch::{Recorder, Snapshot, Watch};
use crate::{AgentConfig, AgentError};
use absence::Absence;
use aside::{Aside, or_anew};
use desk::Desk;
use metrics::Metrics;
use observers::{Observers, Recording};
use sight::Sight;

/// The folder of what the hands have in force, below the folder of all that is kept.
pub const RESPONSES: &str = "responses";
/// The store of reports, below the folder of all that is kept.
const REPORTS: &str = "lazaret.sqlite";
/// The folder of the audit log, below the same.
pub const AUDIT: &str = "audit";

/// What the guard is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration's file.
    pub config_file: PathBuf,
    /// Rules instead of those that the configuration names.
    pub rules: Option<Vec<PathBuf>>,
    /// The folder of all that is kept.
    pub data_dir: PathBuf,
    /// A file into which everything that is seen is recorded.
    pub record: Option<PathBuf>,
    /// Where alerts go when the configuration does not say.
    pub output: Destination,
}

/// Guards the node until SIGTERM or SIGINT. SIGHUP reads again what can change while it runs.
pub fn run(options: &Options) -> Result<(), AgentError> {
    let config = AgentConfig::load(&options.config_file)?;
    let sources = options.rules.clone().unwrap_or_else(|| config.rules.clone());
    let engine = Engine::open(&sources)?.strict_names(config.detect.strict_names);
    let watch = Watch::load(&SensorOptions {
        interests: interests(&config, &engine),
        ..SensorOptions::default()
    })?;
    let before = watch.snapshot();
    let record = options.record.as_deref();
    let recorder = record.map(|path| Recorder::create(path, &before, watch.containers()));
    let recorder = recorder.transpose()?;
    let outputs =
        config.outputs.clone().unwrap_or_else(|| vec![OutputConfig::of(options.output.clone())]);
    let outputs = Outputs::open(&outputs, &options.data_dir.join("spool"))?;
    let folder = options.data_dir.join(AUDIT);
    let absence = Absence::before(&folder);
    let mut asides = Vec::new();
    let log = or_anew(&folder, &mut asides, || {
        LateLog::open(&folder, config.audit.options()).map_err(AgentError::from)
    })?;
    let (metrics, stop) = (Metrics::default(), AtomicBool::new(false));
    let (kept, alive) = (WriterCounts::default(), last::Alive::default());
    let (config_file, rules) = (options.config_file.clone(), options.rules.clone());
    let node =
        Node { config, config_file, rules, engine, watch, outputs, metrics, kept, stop, alive };
    node.run(options, (log, absence, asides), before, recorder)
}

/// What everybody on the node shares.
struct Node {
    /// The configuration at the start. What can change while the node runs is not looked up here.
    config: AgentConfig,
    config_file: PathBuf,
    /// Rules instead of those that the configuration names.
    rules: Option<Vec<PathBuf>>,
    engine: Engine,
    watch: Watch,
    outputs: Outputs,
    metrics: Metrics,
    /// What the writer of the audit log did.
    kept: WriterCounts,
    stop: AtomicBool,
    alive: last::Alive,
}

impl Node {
    fn run(
        &self,
        options: &Options,
        (log, absence, mut asides): (LateLog, Option<Absence>, Vec<Aside>),
        before: Snapshot,
        recorder: Option<Recorder>,
    ) -> Result<(), AgentError> {
        let (trail, entries) = Trail::open();
        let directory = self.watch.containers().clone();
        let name = before.node.clone();
        let place = Surroundings {
            trail: trail.clone(),
            directory: directory.clone(),
            node: name.clone(),
            data: options.data_dir.clone(),
        };
        let responses = options.data_dir.join(RESPONSES);
        let hands = or_anew(&responses, &mut asides, || {
            let reach = Reach {
                containers: directory.clone(),
                trail: trail.clone(),
                engine: self.config.docker.socket.clone(),
                containerd: self.config.lifecycle.containerd.clone(),
                state: responses.clone(),
                sensor: Some(Arc::clone(self.watch.sensor())),
            };
            Hands::new(self.config.response.clone(), reach)
        })?;
        hands.begin(&before.cgroups);
        self.watch.tell_at_once(hands.witness());
        let monitor = self.monitor(&place, &mut asides)?;
        let network = self.network(&place, &mut asides)?;
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (node, until) = (name.clone(), &is_over);
            let writer = scope.spawn(move || self.write(&entries, log, &node, until));
            let away = absence.map(|absence| format!(", {}", absence.text())).unwrap_or_default();
            let sight = Sight::of(&self.watch);
            let text = format!("{} rules, {}{away}", self.engine.len(), sight.text());
            let begin = about(&name, "begin", &text);
            let fell = absence.and_then(|absence| absence.alert(&name, begin.time_ns));
            trail.record(begin);
            let images = images(&options.data_dir.join(REPORTS), &self.watch);
            let desk = Desk::new(trail.clone(), hands, images);
            let told = asides.iter().map(|aside| aside.alert(&name));
            let told = fell.into_iter().chain(told).chain(sight.alert(&name));
            told.for_each(|alert| desk.tell(alert));
            let learning = (monitor, network);
            let outcome = std::thread::scope(|scope| {
                scope.spawn(|| desk.keep_telling());
                let _closing = desk.until_closed();
                self.watch_all(&desk, &place, learning, (before, recorder))
            });
            trail.record(about(&name, absence::END, ""));
            drop((desk, place, trail));
            // Whoever hears of cgroups at once can still hand in: the writer keeps what is there and ends.
            is_over.store(true, Ordering::Release);
            let _ = writer.join();
            outcome
        })
    }

    /// Watches until somebody asks for the end.
    fn watch_all(
        &self,
        desk: &Desk,
        place: &Surroundings,
        (monitor, network): (Monitor, Network),
        (before, recorder): (Snapshot, Option<Recorder>),
    ) -> Result<(), AgentError> {
        let life_cycle = LifeCycle::new(self.config.lifecycle.clone(), place.clone());
        let (touched, key_files) = KeyFiles::new(self.config.key_files.clone(), place.clone());
        let commands = self.config.commands.clone();
        let trail = place.trail.clone();
        let mut observers = Observers {
            desk,
            life_cycle: &life_cycle,
            commands: Commands::new(commands, trail, life_cycle.callers(), life_cycle.execs()),
            lines: Lines::default(),
            key_files: touched,
            notes: monitor.notes(),
            network,
            recording: Recording::new(recorder),
        };
        let ended = std::thread::scope(|scope| {
            let mut threads = vec![
                scope.spawn(|| {
                    let waited = signals::wait(&self.stop, || self.reload(desk));
                    last::await_end(&self.alive);
                    waited
                }),
                scope.spawn(|| health::watch_over(self, desk)),
                scope.spawn(|| life_cycle.run(&self.stop)),
                scope.spawn(|| key_files.run_telling(&self.stop, &|alert| desk.tell(alert))),
                scope.spawn(|| {
                    monitor.run(&self.stop, |alert| desk.tell(alert));
                    Ok(())
                }),
            ];
            threads.extend(self.config.metrics.listen.map(|to| {
                scope.spawn(move || {
                    // Who asked for numbers and gets none is to know it at once.
                    metrics::serve(self, desk, to)
                        .inspect_err(|_| self.stop.store(true, Ordering::Relaxed))
                })
            }));
            let sight = Sight::of(&self.watch).text();
            eprintln!("lazaret agent: watching with {} rules, {sight}", self.engine.len());
            ready::tell();
            let watched = self.watch.run(&self.engine, before, &self.stop, |seen| {
                self.metrics.event();
                observers.observe(seen);
            });
            self.stop.store(true, Ordering::Relaxed);
            let ended = threads.into_iter().map(join).collect::<Vec<_>>();
            std::iter::once(watched).chain(ended).collect::<Result<Vec<()>, _>>()
        });
        ended.map(drop).and(observers.finish())
    }

    fn monitor(&self, place: &Surroundings, aside: &mut Vec<Aside>) -> Result<Monitor, AgentError> {
        let mut config = self.config.isolation.clone();
        config.state = below(&place.data, &config.state);
        or_anew(&config.state, aside, || {
            Monitor::new(config.clone(), place.directory.clone(), place.node.clone())
        })
    }

    fn network(&self, place: &Surroundings, aside: &mut Vec<Aside>) -> Result<Network, AgentError> {
        let mut config = self.config.network.clone();
        config.state = below(&place.data, &config.state);
        or_anew(&config.state, aside, || Network::new(config.clone()))
    }

    /// Keeps what comes, and then passes it on, until it is told that this is over.
    fn write(&self, entries: &Entries, log: LateLog, name: &str, until: &AtomicBool) {
        audit::keep(entries, (log, name), until, &self.kept, &mut |kept| {
            for entry in kept.entries {
                self.metrics.count(entry);
            }
            self.outputs.pass(kept.entries);
        });
    }
}

fn join(
    thread: std::thread::ScopedJoinHandle<'_, Result<(), AgentError>>,
) -> Result<(), AgentError> {
    let broke = || AgentError::System { what: "a part of the agent", why: "it broke".to_owned() };
    thread.join().map_err(|_| broke())?
}

/// A file below the data folder, unless it says itself where it is; none stays none.
fn below(data: &Path, file: &Path) -> PathBuf {
    if file.as_os_str().is_empty() { PathBuf::new() } else { data.join(file) }
}

/// The calls that a rule or an observer wants. Those that change privileges, namespaces, mounts or
/// the kernel are always wanted.
fn interests(config: &AgentConfig, engine: &Engine) -> Vec<Interest> {
    let wanted = engine.event_types();
    let is_wanted = |interest: &Interest| {
        let named = |types: &std::collections::BTreeSet<String>| types.contains(&interest.call);
        interest.detail.alert
            || observers::wants(&interest.call)
            || wanted.as_ref().is_none_or(named)
    };
    let lines = config.commands.lines.then(Interest::terminal_input);
    Interest::all().into_iter().filter(is_wanted).chain(lines).collect()
}

/// What stored reports say of images; a node without a store goes on without them.
fn images(path: &Path, watch: &Watch) -> Option<Images> {
    if !path.exists() {
        return None;
    }
    let opened = Store::open(path);
    let store =
        opened.inspect_err(|why| eprintln!("lazaret agent: alerts go without reports: {why}"));
    let (containers, drift) = (watch.containers().clone(), Arc::clone(watch.drift()));
    Some(Images::new(Arc::new(store.ok()?), containers, drift))
}

/// A record of what the agent itself did.
fn about(node: &str, action: &str, text: &str) -> AuditRecord {
    AuditRecord {
        time_ns: now_ns(),
        kind: AuditKind::Agent,
        action: action.to_owned(),
        target: env!("CARGO_PKG_VERSION").to_owned(),
        text: text.to_owned(),
        node: node.to_owned(),
        ..AuditRecord::default()
    }
}
