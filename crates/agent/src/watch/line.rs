//! `Line`: the events of several rings in the order of time. Each ring is in order; between them an
//! event may come late by as long as a ring is left unread. What it may hold the [`Queue`] says.
//!
//! [`Queue`]: super::queue::Queue

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::queue::Waiting;

/// How long an event waits for earlier ones of other rings.
const WINDOW: Duration = Duration::from_millis(30);

/// Events in the order of time.
#[derive(Default)]
pub(super) struct Line {
    heap: BinaryHeap<Reverse<Place>>,
    next: u64,
}

struct Place {
    waiting: Waiting,
    number: u64,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |place: &Place| (place.waiting.event.time_ns, place.number);
        key(self).cmp(&key(other))
    }
}

impl Line {
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.next += 1;
        self.heap.push(Reverse(Place { waiting, number: self.next }));
    }

    /// The earliest event, once it has waited long enough, or at once where there is a press.
    pub(super) fn ready(&mut self, is_pressed: bool) -> Option<Waiting> {
        let Reverse(first) = self.heap.peek()?;
        let enough = is_pressed || first.waiting.since.elapsed() >= WINDOW;
        if enough { self.pop() } else { None }
    }

    /// The earliest event.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.heap.pop().map(|Reverse(place)| place.waiting)
    }
}

#[cfg(test)]
mod tests {
    use model::{Event, EventKind, Task};

    use super::super::queue::{Lost, Queue};
    use super::*;

    #[test]
    fn a_late_event_comes_at_its_time() {
        let (queue, lost, mut line) = (Queue::default(), Lost::default(), Line::default());
        let sender = queue.reader();
        for time_ns in [5, 3, 9, 3] {
            let kind = EventKind::OomVictim;
            let event = Event { time_ns, task: Task::default(), kind, truncated: false };
            sender.send(event, time_ns == 3, &lost);
        }
        let mut batch = Vec::new();
        queue.collect(&mut batch, Duration::ZERO);
        batch.into_iter().for_each(|waiting| line.push(waiting));
        let times: Vec<u64> =
            std::iter::from_fn(|| line.pop()).map(|waiting| waiting.event.time_ns).collect();
        assert_eq!(times, [3, 3, 5, 9]);
    }
}
