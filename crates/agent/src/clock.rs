//! The clocks of the node: the time of day, and the time since it was started.

use model::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Now, in nanoseconds since 1970.
pub(crate) fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Since the kernel's zero, sleep included, in nanoseconds: the clock of the sensor's events.
pub(crate) fn since_boot_ns() -> u64 {
    let up = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(up.tv_sec).unwrap_or_default();
    let rest = u64::try_from(up.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}
