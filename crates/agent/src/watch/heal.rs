//! After a loss of forks, execs or exits what is known of the processes is no longer right: the kernel
//! is asked who runs, on a thread of its own. The walk reads the memory of processes, and may wait there
//! for as long as whoever serves that memory likes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use model::Event;
use sensor::Sensor;

use super::Watch;
use crate::clock::since_boot_ns;

/// How often losses are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks whether events were lost that the process graph is made of.
pub(super) struct Healer {
    looked: Instant,
    lost: u64,
    is_needed: bool,
    /// Since when the kernel is being asked, in nanoseconds since boot, and where its answer comes.
    asking: Option<(u64, Receiver<Vec<Event>>)>,
}

impl Default for Healer {
    fn default() -> Self {
        Healer { looked: Instant::now(), lost: 0, is_needed: false, asking: None }
    }
}

impl Healer {
    /// Whether it is time to look; looks then.
    pub(super) fn is_due(&mut self, watch: &Watch) -> bool {
        if self.looked.elapsed() < INTERVAL {
            return false;
        }
        self.looked = Instant::now();
        let in_kernel = watch.losses().map(|losses| losses.alerts_full).unwrap_or_default();
        let lost = in_kernel + watch.lost().alerts_full.load(Ordering::Relaxed);
        self.is_needed |= lost > self.lost;
        self.lost = lost;
        true
    }

    /// Asks who runs where such events were lost since it was last asked. Bulk carries no forks and is
    /// not meant. One question at a time.
    pub(super) fn ask_when_needed(&mut self, sensor: &Arc<Sensor>) {
        if !self.is_needed || self.asking.is_some() {
            return;
        }
        let (answer, answers) = sync_channel(1);
        let (asked_ns, sensor) = (since_boot_ns(), Arc::clone(sensor));
        let ask = move || {
            let running = sensor.running().ok().flatten().unwrap_or_default();
            // Nobody hears it where the watch has ended meanwhile.
            let _ = answer.send(running);
        };
        if std::thread::Builder::new().name("who runs".to_owned()).spawn(ask).is_ok() {
            self.is_needed = false;
            self.asking = Some((asked_ns, answers));
        }
    }

    /// Who runs, once the kernel has answered, and since when it was asked.
    pub(super) fn answer(&mut self) -> Option<(u64, Vec<Event>)> {
        let (asked_ns, answers) = self.asking.as_ref()?;
        let answer = match answers.try_recv() {
            Ok(running) => Some((*asked_ns, running)),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => None,
        };
        self.asking = None;
        answer
    }
}
