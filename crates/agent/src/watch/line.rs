//! `Line`: the events of several rings in the order of time. Each ring is in order; between them an
//! event may come late by as long as a ring is left unread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use model::Event;

/// How long an event waits for earlier ones of other rings.
const WINDOW: Duration = Duration::from_millis(30);
/// Events in the line; with more the oldest does not wait.
const MAX_EVENTS: usize = 65_536;

/// Events in the order of time.
#[derive(Default)]
pub(super) struct Line {
    heap: BinaryHeap<Reverse<Waiting>>,
    next: u64,
}

struct Waiting {
    event: Event,
    since: Instant,
    number: u64,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.event.time_ns, self.number).cmp(&(other.event.time_ns, other.number))
    }
}

impl Line {
    pub(super) fn push(&mut self, event: Event) {
        self.next += 1;
        self.heap.push(Reverse(Waiting { event, since: Instant::now(), number: self.next }));
    }

    /// The earliest event, once it has waited long enough.
    pub(super) fn ready(&mut self) -> Option<Event> {
        let Reverse(first) = self.heap.peek()?;
        let enough = self.heap.len() > MAX_EVENTS || first.since.elapsed() >= WINDOW;
        if enough { self.pop() } else { None }
    }

    /// The earliest event.
    pub(super) fn pop(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse(waiting)| waiting.event)
    }
}

#[cfg(test)]
mod tests {
    use model::{EventKind, Task};

    use super::*;

    #[test]
    fn a_late_event_comes_at_its_time() {
        let mut line = Line::default();
        for time_ns in [5, 3, 9, 3] {
            let kind = EventKind::OomVictim;
            line.push(Event { time_ns, task: Task::default(), kind, truncated: false });
        }
        let times: Vec<u64> =
            std::iter::from_fn(|| line.pop()).map(|event| event.time_ns).collect();
        assert_eq!(times, [3, 3, 5, 9]);
    }
}
