//! `Pile`: alerts on their way from the desk to the trail. What has to ask the disk for more, or to wait
//! for room in the trail, does it behind the pile; whoever looks at events only puts down.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use model::Alert;

use crate::limits::{ALERTS_WAITING, ALERTS_WAITING_BYTES};
use crate::trail::weight_bytes;

/// An alert to be told.
pub(super) struct Told {
    pub(super) alert: Alert,
    /// Whether what is known of its image is to be told with it.
    pub(super) with_image: bool,
}

/// Alerts that wait to be told.
#[derive(Default)]
pub(super) struct Pile {
    inner: Mutex<Inner>,
    came: Condvar,
    lost: AtomicU64,
}

#[derive(Default)]
struct Inner {
    alerts: VecDeque<(Told, usize)>,
    bytes: usize,
    is_closed: bool,
}

impl Pile {
    /// Puts an alert down, at once. One that finds no room is lost, and counted.
    pub(super) fn put(&self, told: Told) {
        let bytes = weight_bytes(&told.alert);
        let mut inner = self.lock();
        if inner.alerts.len() >= ALERTS_WAITING || inner.bytes + bytes > ALERTS_WAITING_BYTES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        inner.bytes += bytes;
        inner.alerts.push_back((told, bytes));
        drop(inner);
        self.came.notify_one();
    }

    /// The next one, however long it takes; `None` when the pile is closed and empty.
    pub(super) fn next(&self) -> Option<Told> {
        let mut inner = self.lock();
        loop {
            if let Some((told, bytes)) = inner.alerts.pop_front() {
                inner.bytes -= bytes;
                return Some(told);
            }
            if inner.is_closed {
                return None;
            }
            inner = self.came.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nobody puts anything down any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_all();
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lock().alerts.len()
    }

    /// How many were lost for want of room.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use model::{AlertSource, Priority};

    use super::*;

    fn told(text: &str) -> Told {
        let alert = Alert {
            time_ns: 0,
            rule: "Shell".to_owned(),
            source: AlertSource::Syscall,
            priority: Priority::Notice,
            tags: Vec::new(),
            text: text.to_owned(),
            fields: [].into(),
            initiator: None,
            container: None,
            image: None,
            node: String::new(),
            times: 1,
        };
        Told { alert, with_image: false }
    }

    #[test]
    fn what_finds_no_room_is_counted_and_the_rest_keeps_its_order() {
        let pile = Pile::default();
        for number in 0..ALERTS_WAITING + 2 {
            pile.put(told(&number.to_string()));
        }
        assert_eq!((pile.len(), pile.lost()), (ALERTS_WAITING, 2));
        assert_eq!(pile.next().unwrap().alert.text, "0");
        pile.close();
        assert_eq!(std::iter::from_fn(|| pile.next()).count(), ALERTS_WAITING - 1);
        pile.put(told(&"x".repeat(ALERTS_WAITING_BYTES)));
        assert_eq!((pile.len(), pile.lost()), (0, 3), "bytes count too");
    }
}
