//! The watch over a node: the sensor's events in the order of time, attributed, asked by the rules.
//!
//! ```text
//! rings ─a thread each, decode→ queue ─Line: order→ attribute → detect → sink
//! ```
//!
//! The queue and the line are bounded; what finds no room is counted and told. Whoever floods the queue
//! has a share of it and no more.

mod alert;
mod blind;
mod heal;
mod initiator;
mod line;
mod record;
mod recording;
mod runtime;
mod share;
mod snapshot;
mod state;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use model::{CgroupName, Container, Event, EventKind};
use sensor::{EventClass, Interest, Losses, Ring, Sensor, SensorOptions, decode};

use crate::AgentError;
use crate::attribute::{Directory, Process, container_of};
use crate::detect::Engine;
use crate::drift::Drift;
pub use blind::{Blind, BlindReason, Blindness};
use heal::Healer;
pub use initiator::{command_line, container, initiator};
use line::Line;
pub(crate) use record::{record, wall_ns};
pub use recording::{Recorder, Replayed, replay};
use runtime::Announced;
use share::{Losers, Shares};
pub use snapshot::Snapshot;
pub(crate) use snapshot::node_name;
pub use state::{Seen, State};

/// Events that wait for their turn.
const QUEUE_EVENTS: usize = 65_536;
/// How long an event of the alerts' ring waits for room before it is lost.
const ALERT_PATIENCE: Duration = Duration::from_millis(200);
/// How long a ring is waited for before it is looked at all the same.
const RING_PATIENCE: Duration = Duration::from_millis(10);
/// How long the queue is waited for.
const QUEUE_PATIENCE: Duration = Duration::from_millis(10);

/// What the watch lost in user space, in events.
#[derive(Debug, Default)]
pub struct Lost {
    /// Found the queue full, or their cgroup's share of it.
    pub queue_full: AtomicU64,
    /// Were no events.
    pub malformed: AtomicU64,
    /// Of `queue_full`, by cgroup.
    losers: Losers,
}

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
    lost: Lost,
}

impl Watch {
    /// Puts the programs into the kernel. From now on nothing is missed: what happens before
    /// [`Watch::run`] waits in the rings.
    pub fn load(options: &SensorOptions) -> Result<Self, AgentError> {
        let (sensor, witness) = (Arc::new(Sensor::load(options)?), OnceLock::new());
        let (announced, containers) = (Announced::default(), Directory::default());
        let (drift, lost) = (Arc::default(), Lost::default());
        Ok(Watch { sensor, witness, announced, containers, drift, lost })
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
                let container = id.and_then(|id| self.announced.of(&id));
                witness.made(cgroup, container.as_ref());
            }
            EventKind::CgroupRemoved(cgroup) => witness.removed(cgroup),
            _ => {}
        }
    }

    /// Watches until `stop` says so, from what was there `before`. Every event, with all that is known of it and what the rules
    /// say, goes to `sink`.
    pub fn run(
        &self,
        engine: &Engine,
        before: Snapshot,
        stop: &AtomicBool,
        mut sink: impl FnMut(&Seen<'_>),
    ) -> Result<(), AgentError> {
        let rings = self.sensor.rings()?;
        let (sender, receiver) = sync_channel(QUEUE_EVENTS);
        let shares = Shares::of(QUEUE_EVENTS);
        let outcome = std::thread::scope(|scope| {
            let reader =
                |ring| Reader { ring, sender: sender.clone(), shares: &shares, watch: self };
            let readers: Vec<_> = rings.iter().map(reader).collect();
            let readers = readers.into_iter().map(|reader| scope.spawn(move || reader.read(stop)));
            let readers: Vec<_> = readers.collect();
            drop(sender);
            let mut state =
                State::begin(before, self.containers.clone()).with_drift(Arc::clone(&self.drift));
            let mut healer = Healer::default();
            drain(&receiver, &shares, |event| match event {
                Some(event) => state.take(event, &self.announced, engine, &mut sink),
                None if healer.is_due(self) => state.heal(self.running()),
                None => {}
            });
            readers.into_iter().map(|reader| reader.join()).collect::<Vec<_>>()
        });
        for reader in outcome {
            let why = "it broke".to_owned();
            reader.map_err(|_| AgentError::System { what: "a reader of the sensor", why })??;
        }
        Ok(())
    }

    /// From now on these calls are wanted, and no others.
    pub fn want(&self, interests: &[Interest]) -> Result<(), AgentError> {
        Ok(self.sensor.want(interests)?)
    }

    /// The host as it is now: its processes as the kernel's own walk tells them, where it has one, and
    /// as `/proc` does otherwise.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::of_host();
        let walked = self.running();
        let known: HashSet<u32> = walked.iter().map(|process| process.id.pid).collect();
        // The walk gives exact starts, so its processes are those of the events to come.
        snapshot.processes.retain(|process| !known.contains(&process.id.pid));
        snapshot.processes.extend(walked);
        snapshot
    }

    /// Every process, as the kernel's walk tells it; none where it has no walk.
    fn running(&self) -> Vec<Process> {
        let events = self.sensor.running().ok().flatten().unwrap_or_default();
        events.iter().filter_map(Process::running).collect()
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

    /// What was sent and lost in the kernel so far.
    pub fn losses(&self) -> Result<Losses, AgentError> {
        Ok(self.sensor.losses()?)
    }
}

/// Who reads one ring.
struct Reader<'a> {
    ring: &'a Ring,
    sender: SyncSender<Event>,
    shares: &'a Shares,
    watch: &'a Watch,
}

impl Reader<'_> {
    fn read(&self, stop: &AtomicBool) -> Result<(), AgentError> {
        let sink = |bytes: Option<&[u8]>| {
            let Some(bytes) = bytes else { return !stop.load(Ordering::Relaxed) };
            match decode(bytes) {
                Ok(event) => {
                    self.watch.announced.observe(&event, &self.watch.drift);
                    self.watch.at_once(&event);
                    self.queue(event);
                }
                Err(_) => {
                    self.watch.lost.malformed.fetch_add(1, Ordering::Relaxed);
                }
            }
            true
        };
        Ok(self.ring.read(RING_PATIENCE, sink)?)
    }

    /// Bulk finds room or is lost; what matters waits a little for it. Whose cgroup has its share of
    /// the queue does not wait: it would hold up all others.
    fn queue(&self, mut event: Event) {
        let cgroup_id = event.task.cgroup_id;
        if !self.shares.take(cgroup_id) {
            self.lose(cgroup_id);
            return;
        }
        let until = Instant::now() + ALERT_PATIENCE;
        loop {
            match self.sender.try_send(event) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back))
                    if self.ring.is_alerts() && Instant::now() < until =>
                {
                    event = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TrySendError::Full(_)) => {
                    self.shares.give_back(cgroup_id);
                    self.lose(cgroup_id);
                    return;
                }
            }
        }
    }

    fn lose(&self, cgroup_id: u64) {
        let class = if self.ring.is_alerts() { EventClass::Alert } else { EventClass::Bulk };
        self.watch.lost.queue_full.fetch_add(1, Ordering::Relaxed);
        self.watch.lost.losers.add(cgroup_id, class);
    }
}

/// Gives events in the order of time until all readers have ended, and nothing each time that there is
/// none to give.
fn drain(receiver: &Receiver<Event>, shares: &Shares, mut each: impl FnMut(Option<Event>)) {
    let mut line = Line::default();
    loop {
        match receiver.recv_timeout(QUEUE_PATIENCE) {
            Ok(event) => {
                shares.give_back(event.task.cgroup_id);
                line.push(event);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(event) = line.ready() {
            each(Some(event));
        }
        each(None);
    }
    while let Some(event) = line.pop() {
        each(Some(event));
    }
}
