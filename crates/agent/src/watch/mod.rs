//! The watch over a node: the sensor's events in the order of time, attributed, asked by the rules.
//!
//! ```text
//! rings ─a thread each, decode→ Queue ─Line: order→ attribute → detect → sink
//!                    └ a runtime begins → its bundle is read ─→ attribute
//! ```
//!
//! Queue and line are bounded in events and bytes, alerts and bulk each for themselves; what finds no
//! room is counted and told. Whoever floods has a share of it and no more.

mod alert;
mod blind;
mod heal;
mod initiator;
mod line;
mod queue;
mod reader;
mod record;
mod recording;
mod runtime;
mod share;
mod snapshot;
mod state;
mod weight;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::{CgroupName, Container, Event, EventKind};
use sensor::{Interest, Losses, Reading, Sensor, SensorOptions};

use crate::AgentError;
use crate::attribute::{Begun, Directory, Process, container_of};
use crate::clock::since_boot_ns;
use crate::detect::Engine;
use crate::drift::Drift;
pub use blind::{Blind, BlindReason, Blindness};
use heal::Healer;
pub use initiator::{command_line, container, initiator};
use line::Line;
pub use queue::Lost;
use queue::Queue;
use reader::Reader;
pub(crate) use record::{record, wall_ns};
pub use recording::{Recorder, Replayed, replay};
use runtime::Announced;
pub use snapshot::Snapshot;
pub(crate) use snapshot::node_name;
pub use state::{Seen, State};

/// How long the queue is waited for.
const QUEUE_PATIENCE: Duration = Duration::from_millis(10);
/// Events that are given before it is looked what came meanwhile.
const EVENTS_A_LOOK: usize = 64;

/// Who hears of cgroups at once, by whoever reads the ring: before the events' turn comes, and before
/// a container's first program. It must not wait for anything.
pub trait CgroupWitness: Send + Sync {
    /// A cgroup was made; `container` is what the bundle says of the container that it is for.
    fn made(&self, cgroup: &CgroupName, container: Option<&Container>);

    /// A cgroup was removed.
    fn removed(&self, cgroup: &CgroupName);
}

/// The programs in the kernel, and what is read from them.
pub struct Watch {
    sensor: Arc<Sensor>,
    witness: OnceLock<Arc<dyn CgroupWitness>>,
    announced: Announced,
    containers: Directory,
    drift: Arc<Drift>,
    queue: Queue,
    lost: Lost,
    /// Processes that were forgotten for want of room.
    forgotten: AtomicU64,
    /// When the programs were in the kernel, in nanoseconds since boot.
    loaded_ns: u64,
}

impl Watch {
    /// Puts the programs into the kernel. From now on nothing is missed: what happens before
    /// [`Watch::run`] waits in the rings.
    pub fn load(options: &SensorOptions) -> Result<Self, AgentError> {
        Ok(Watch {
            sensor: Arc::new(Sensor::load(options)?),
            witness: OnceLock::new(),
            announced: Announced::default(),
            containers: Directory::default(),
            drift: Arc::default(),
            queue: Queue::default(),
            lost: Lost::default(),
            forgotten: AtomicU64::new(0),
            loaded_ns: since_boot_ns(),
        })
    }

    /// The programs in the kernel.
    pub fn sensor(&self) -> &Arc<Sensor> {
        &self.sensor
    }

    /// Names who hears of cgroups at once. There is one; later ones are not taken.
    pub fn tell_at_once(&self, witness: Arc<dyn CgroupWitness>) {
        let _ = self.witness.set(witness);
    }

    fn at_once(&self, event: &Event) {
        let Some(witness) = self.witness.get() else { return };
        match &event.kind {
            EventKind::CgroupMade(cgroup) => {
                let id = container_of(&cgroup.path).map(|found| found.id);
                let container = id.and_then(|id| self.announced.of(&id, &cgroup.path));
                witness.made(cgroup, container.as_ref());
            }
            EventKind::CgroupRemoved(cgroup) => witness.removed(cgroup),
            _ => {}
        }
    }

    /// Watches until `stop` says so, from what was there `before`. Every event, with all that is known
    /// of it and what the rules say, goes to `sink`; once more where a rule speaks late.
    pub fn run(
        &self,
        engine: &Engine,
        before: Snapshot,
        stop: &AtomicBool,
        mut sink: impl FnMut(&Seen<'_>),
    ) -> Result<(), AgentError> {
        let rings = self.sensor.rings()?;
        let listener = self.announced.open(&self.containers, &self.drift);
        let host = before.host_namespaces;
        let outcome = std::thread::scope(|scope| {
            let (listener, host) = (&listener, &host);
            let reader =
                |ring| Reader { ring, sender: self.queue.reader(), watch: self, listener, host };
            let readers: Vec<_> = rings.iter().map(reader).collect();
            let readers = readers.into_iter().map(|reader| scope.spawn(move || reader.read(stop)));
            let readers: Vec<_> = readers.collect();
            let mut state =
                State::begin(before, self.containers.clone()).with_drift(Arc::clone(&self.drift));
            let mut healer = Healer::default();
            drain(&self.queue, |event| match event {
                Some(event) => state.take(event, &self.announced, engine, &mut sink),
                None => {
                    state.again(engine, &mut sink);
                    self.heal(&mut state, &mut healer);
                }
            });
            state.finish();
            readers.into_iter().map(|reader| reader.join()).collect::<Vec<_>>()
        });
        for reader in outcome {
            let why = "it broke".to_owned();
            reader.map_err(|_| AgentError::System { what: "a reader of the sensor", why })??;
        }
        Ok(())
    }

    /// Asks the kernel who runs, when it is time and events were lost.
    fn heal(&self, state: &mut State, healer: &mut Healer) {
        if let Some((asked_ns, running)) = healer.answer() {
            state.heal(&running, asked_ns);
        }
        if healer.is_due(self) {
            self.forgotten.store(state.forgotten(), Ordering::Relaxed);
            healer.ask_when_needed(&self.sensor);
        }
    }

    /// From now on these calls are wanted, and no others.
    pub fn want(&self, interests: &[Interest]) -> Result<(), AgentError> {
        Ok(self.sensor.want(interests)?)
    }

    /// The host as it is now: its processes as the kernel's own walk tells them, where it has one, and
    /// as `/proc` does otherwise.
    pub fn snapshot(&self) -> Snapshot {
        let walked = self.running();
        if walked.is_empty() {
            return Snapshot::of_host();
        }
        let mut snapshot = Snapshot::without_begun();
        snapshot.begun = Begun::of(&walked, snapshot.host_namespaces.mnt);
        // Of what began since then an event tells.
        snapshot.begun.retain(|begun| begun.process.start_ns < self.loaded_ns);
        let walked: Vec<Process> = walked.iter().filter_map(Process::running).collect();
        let known: HashSet<u32> = walked.iter().map(|process| process.id.pid).collect();
        // The walk gives exact starts, so its processes are those of the events to come.
        snapshot.processes.retain(|process| !known.contains(&process.id.pid));
        snapshot.processes.extend(walked);
        snapshot
    }

    /// Every process, as the kernel's walk tells it; none where it has no walk.
    fn running(&self) -> Vec<Event> {
        self.sensor.running().ok().flatten().unwrap_or_default()
    }

    /// Which containers lost events since `seen` was last asked with, and how many.
    pub fn blind(&self, seen: &mut Blindness) -> Result<Vec<Blind>, AgentError> {
        Ok(seen.news(self.sensor.losses_by_cgroup()?, self.lost.losers.all(), &self.containers))
    }

    /// The containers of the node, as far as the watch has seen them.
    pub fn containers(&self) -> &Directory {
        &self.containers
    }

    /// What holds programs against the images of their containers.
    pub fn drift(&self) -> &Arc<Drift> {
        &self.drift
    }

    /// What was lost in user space so far.
    pub fn lost(&self) -> &Lost {
        &self.lost
    }

    /// Bundles of new containers that were not read because too many waited.
    pub fn unread_bundles(&self) -> u64 {
        self.announced.unread()
    }

    /// Processes that were forgotten for want of room so far.
    pub fn forgotten_processes(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// How many events wait to be looked at: of the alerts' ring, and of the others.
    pub fn depth(&self) -> (usize, usize) {
        self.queue.depth()
    }

    /// What this kernel has no place for: programs of the sensor that see nothing here.
    pub fn missing(&self) -> &[String] {
        self.sensor.missing()
    }

    /// How the kernel's memory is read here.
    pub fn reading(&self) -> Reading {
        self.sensor.reading()
    }

    /// What was sent and lost in the kernel so far.
    pub fn losses(&self) -> Result<Losses, AgentError> {
        Ok(self.sensor.losses()?)
    }
}

/// Gives events in the order of time until all readers have ended, and nothing each time that there is
/// none to give.
fn drain(queue: &Queue, mut each: impl FnMut(Option<Event>)) {
    let (mut line, mut batch) = (Line::default(), Vec::new());
    let mut patience = QUEUE_PATIENCE;
    loop {
        let may_come = queue.collect(&mut batch, patience);
        batch.drain(..).for_each(|waiting| line.push(waiting));
        let mut given = 0;
        // What came meanwhile may be earlier than what is left.
        while given < EVENTS_A_LOOK
            && let Some(waiting) = line.ready(!may_come || queue.is_pressed())
        {
            queue.release(&waiting);
            each(Some(waiting.event));
            given += 1;
        }
        each(None);
        if given == 0 && !may_come {
            return;
        }
        patience = if given == EVENTS_A_LOOK { Duration::ZERO } else { QUEUE_PATIENCE };
    }
}
