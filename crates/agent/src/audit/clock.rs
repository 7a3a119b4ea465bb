//! `Clock`: whether the wall clock goes as time does. One that was put forward must not make the
//! whole trail too old to be kept.

use std::time::Duration;

/// A step of the wall clock that is told, in nanoseconds.
const STEP_NS: i128 = 60 * 60 * 1_000_000_000;
/// How long nothing is given up for its age after a step.
const DISTRUST: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a segment is given up for its age.
const PACE: Duration = Duration::from_secs(60 * 60);

/// Each `at` is the time since the kernel's zero, sleep included: a machine that slept has no other
/// clock afterwards.
#[derive(Debug)]
pub(super) struct Clock {
    at: Duration,
    wall_ns: i64,
    stepped: Option<Duration>,
    forgot: Duration,
}

impl Clock {
    /// Begins to look: `wall_ns` is what the wall clock says, in nanoseconds since 1970.
    pub(super) fn begin(at: Duration, wall_ns: i64) -> Self {
        Clock { at, wall_ns, stepped: None, forgot: at }
    }

    /// What is to be told when the wall clock did not go as time did since the last look.
    pub(super) fn step(&mut self, at: Duration, wall_ns: i64) -> Option<String> {
        let passed_ns = at.saturating_sub(self.at).as_nanos();
        let due_ns = i128::from(self.wall_ns) + i128::try_from(passed_ns).unwrap_or(i128::MAX);
        let off_ns = i128::from(wall_ns) - due_ns;
        (self.at, self.wall_ns) = (at, wall_ns);
        if off_ns.abs() < STEP_NS {
            return None;
        }
        self.stepped = Some(at);
        let (hours, way) = (off_ns.abs() / STEP_NS, if off_ns > 0 { "forward" } else { "back" });
        Some(format!(
            "the clock of this node was put {way} by {hours} hours; times of records are the new \
             clock's, and nothing is given up for its age for a day"
        ))
    }

    /// How many segments may be given up for their age now: one an hour, the first an hour after the
    /// beginning, so that an agent that began with a wrong clock does not empty the log.
    pub(super) fn may_forget(&mut self, at: Duration) -> usize {
        let since = |then: Duration| at.saturating_sub(then);
        if self.stepped.is_some_and(|then| since(then) < DISTRUST) || since(self.forgot) < PACE {
            return 0;
        }
        self.forgot = at;
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const HOUR_NS: i64 = 3_600_000_000_000;

    #[test]
    fn a_clock_put_forward_gives_nothing_up() {
        let begun = Duration::from_secs(1000);
        let mut clock = Clock::begin(begun, 0);
        assert_eq!(clock.may_forget(begun), 0);
        assert_eq!(clock.step(begun + HOUR, HOUR_NS), None);
        assert_eq!((clock.may_forget(begun + HOUR), clock.may_forget(begun + HOUR)), (1, 0));
        let told = clock.step(begun + 2 * HOUR, 1002 * HOUR_NS).unwrap();
        assert!(told.contains("forward by 1000 hours"), "{told}");
        assert_eq!(clock.may_forget(begun + 4 * HOUR), 0);
        assert_eq!(clock.step(begun + 3 * HOUR, 1003 * HOUR_NS), None);
        let back = clock.step(begun + 4 * HOUR, 4 * HOUR_NS).unwrap();
        assert!(back.contains("back by 1000 hours"), "{back}");
        assert_eq!(clock.may_forget(begun + 29 * HOUR), 1);
    }
}
