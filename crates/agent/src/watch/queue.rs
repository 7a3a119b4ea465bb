//! `Queue`: the events that wait between those who read the rings and the one who looks at them.
//!
//! Alerts and bulk have room of their own each, in events and in bytes, so that whoever makes noise
//! takes none of what matters. Both come out together: order of time is the [`Line`]'s, and an
//! event keeps its room until it leaves the line.
//!
//! [`Line`]: super::line::Line

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::Event;
use sensor::EventClass;

use super::share::{Losers, Shares};
use super::weight::weight_bytes;

/// Bulk events that wait; more of them would make what comes after them late.
const BULK_EVENTS: usize = 32_768;
/// Bytes of them, as they lie in memory.
const BULK_BYTES: usize = 20 * 1024 * 1024;
/// Events of the alerts' ring that wait.
const ALERT_EVENTS: usize = 65_536;
/// Bytes of them, as they lie in memory.
const ALERT_BYTES: usize = 28 * 1024 * 1024;

/// What the watch lost in user space, in events.
#[derive(Debug, Default)]
pub struct Lost {
    /// Found no room in the queue, or had their cgroup's share of it.
    pub queue_full: AtomicU64,
    /// Of them, those of the alerts' ring.
    pub alerts_full: AtomicU64,
    /// Were no events.
    pub malformed: AtomicU64,
    /// Of `queue_full`, by cgroup.
    pub(super) losers: Losers,
}

impl Lost {
    fn count(&self, event: &Event, is_alert: bool) {
        self.queue_full.fetch_add(1, Ordering::Relaxed);
        self.alerts_full.fetch_add(u64::from(is_alert), Ordering::Relaxed);
        let class = if is_alert { EventClass::Alert } else { EventClass::Bulk };
        self.losers.add(event.task.cgroup_id, class);
    }
}

/// An event that waits.
pub(super) struct Waiting {
    pub(super) event: Event,
    pub(super) since: Instant,
    is_alert: bool,
    weight_bytes: usize,
}

/// Room for events of one kind. Whoever floods it has a share and no more.
struct Lane {
    events: Shares,
    bytes: Shares,
}

/// Events between the rings and the line.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    came: Condvar,
    bulk: Lane,
    alerts: Lane,
}

#[derive(Default)]
struct Inner {
    waiting: Vec<Waiting>,
    readers: usize,
    is_awaited: bool,
}

impl Lane {
    /// Takes room for an event of a cgroup, where it has any left.
    fn enter(&self, cgroup_id: u64, bytes: usize) -> bool {
        if !self.events.take(cgroup_id, 1) {
            return false;
        }
        let is_room = self.bytes.take(cgroup_id, bytes);
        if !is_room {
            self.events.give_back(cgroup_id, 1);
        }
        is_room
    }

    fn leave(&self, cgroup_id: u64, bytes: usize) {
        self.events.give_back(cgroup_id, 1);
        self.bytes.give_back(cgroup_id, bytes);
    }

    fn is_pressed(&self) -> bool {
        self.events.is_pressed() || self.bytes.is_pressed()
    }
}

impl Default for Queue {
    fn default() -> Self {
        Queue {
            inner: Mutex::default(),
            came: Condvar::new(),
            bulk: Lane { events: Shares::of(BULK_EVENTS), bytes: Shares::of(BULK_BYTES) },
            alerts: Lane { events: Shares::of(ALERT_EVENTS), bytes: Shares::of(ALERT_BYTES) },
        }
    }
}

impl Queue {
    /// The end of one reader. The queue has ended when all are dropped.
    pub(super) fn reader(&self) -> Sender<'_> {
        self.lock().readers += 1;
        Sender { queue: self }
    }

    /// Moves what waits to `batch`, after waiting for something at most so long. Whether more may come.
    pub(super) fn collect(&self, batch: &mut Vec<Waiting>, patience: Duration) -> bool {
        let mut inner = self.lock();
        if inner.waiting.is_empty() && inner.readers > 0 && !patience.is_zero() {
            inner.is_awaited = true;
            let woken = self.came.wait_timeout(inner, patience);
            inner = woken.unwrap_or_else(PoisonError::into_inner).0;
            inner.is_awaited = false;
        }
        batch.append(&mut inner.waiting);
        inner.readers > 0
    }

    /// An event leaves the line: its room is free.
    pub(super) fn release(&self, waiting: &Waiting) {
        let cgroup_id = waiting.event.task.cgroup_id;
        self.lane(waiting.is_alert).leave(cgroup_id, waiting.weight_bytes);
    }

    /// Whether there is so little room left that nobody should wait for order.
    pub(super) fn is_pressed(&self) -> bool {
        self.alerts.is_pressed() || self.bulk.is_pressed()
    }

    /// How many events wait, of the alerts' ring and of the others.
    pub(super) fn depth(&self) -> (usize, usize) {
        (self.alerts.events.taken(), self.bulk.events.taken())
    }

    fn lane(&self, is_alert: bool) -> &Lane {
        if is_alert { &self.alerts } else { &self.bulk }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a reader puts its events.
pub(super) struct Sender<'a> {
    queue: &'a Queue,
}

impl Sender<'_> {
    /// Puts an event in, or counts it as lost. Whose cgroup has its share does not wait for room: it
    /// would hold up all others.
    pub(super) fn send(&self, event: Event, is_alert: bool, lost: &Lost) {
        let weight_bytes = weight_bytes(&event);
        if !self.queue.lane(is_alert).enter(event.task.cgroup_id, weight_bytes) {
            return lost.count(&event, is_alert);
        }
        let waiting = Waiting { event, since: Instant::now(), is_alert, weight_bytes };
        let mut inner = self.queue.lock();
        inner.waiting.push(waiting);
        if inner.is_awaited {
            self.queue.came.notify_one();
        }
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        self.queue.lock().readers -= 1;
        self.queue.came.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use model::{EventKind, Exec, Task};

    use super::*;

    fn event(cgroup_id: u64, argument_bytes: usize) -> Event {
        let task = Task { cgroup_id, ..Task::default() };
        let arguments = vec!["x".repeat(argument_bytes)];
        let exec = || EventKind::Exec(Box::new(Exec { arguments, ..Exec::default() }));
        let kind = if argument_bytes == 0 { EventKind::OomVictim } else { exec() };
        Event { time_ns: 1, task, kind, truncated: false }
    }

    #[test]
    fn bulk_takes_no_room_of_alerts_and_every_loss_is_counted() {
        let (queue, lost) = (Queue::default(), Lost::default());
        let sender = queue.reader();
        const SHARE: usize = BULK_EVENTS / 2;
        for _ in 0..SHARE + 5 {
            sender.send(event(7, 0), false, &lost);
        }
        assert_eq!(lost.queue_full.load(Ordering::Relaxed), 5);
        assert_eq!(lost.losers.all(), [(7, EventClass::Bulk, 5)]);
        assert!(queue.is_pressed());
        for _ in 0..1000 {
            sender.send(event(7, 0), true, &lost);
        }
        assert_eq!(lost.alerts_full.load(Ordering::Relaxed), 0, "bulk took the room");
        assert_eq!(queue.depth(), (1000, SHARE));
        let mut batch = Vec::new();
        assert!(queue.collect(&mut batch, Duration::ZERO));
        // Room is free when an event is looked at, not when it is moved to the line.
        sender.send(event(7, 0), false, &lost);
        assert_eq!(lost.queue_full.load(Ordering::Relaxed), 6);
        batch.iter().for_each(|waiting| queue.release(waiting));
        sender.send(event(7, 0), false, &lost);
        assert_eq!(queue.depth(), (0, 1));
        drop(sender);
        assert!(!queue.collect(&mut batch, Duration::from_secs(3600)), "nobody comes any more");
    }

    #[test]
    fn bytes_count_as_much_as_events() {
        let (queue, lost) = (Queue::default(), Lost::default());
        let sender = queue.reader();
        for cgroup_id in 0..BULK_EVENTS as u64 {
            sender.send(event(cgroup_id, 15_000), false, &lost);
        }
        assert!(queue.bulk.bytes.taken() <= BULK_BYTES + 20_000);
        let (_, waiting) = queue.depth();
        assert_eq!(waiting as u64 + lost.queue_full.load(Ordering::Relaxed), BULK_EVENTS as u64);
        assert!((500..1500).contains(&waiting), "{waiting}");
    }
}
