//! After a loss of forks, execs or exits what is known of the processes is no longer right: the kernel
//! is asked who runs.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Watch;

/// How often losses are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks whether events were lost that the process graph is made of.
pub(super) struct Healer {
    looked: Instant,
    lost: u64,
    is_needed: bool,
}

impl Default for Healer {
    fn default() -> Self {
        Healer { looked: Instant::now(), lost: 0, is_needed: false }
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
        self.is_needed = lost > self.lost;
        self.lost = lost;
        true
    }

    /// Whether such events were lost between the last two looks. Bulk carries no forks and is not
    /// meant.
    pub(super) fn is_needed(&self) -> bool {
        self.is_needed
    }
}
