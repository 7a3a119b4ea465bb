//! `Latch`: a condition that begins when its value was high for long enough, and ends when it was
//! low for long enough. Between the two marks it stays what it is.

/// A value and its marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// The value.
    pub value: f64,
    /// From here on it is too high.
    pub raise: f64,
    /// Below this it is low.
    pub clear: f64,
    /// For how long it must be too high, in nanoseconds.
    pub hold_ns: u64,
    /// For how long it must be low, in nanoseconds.
    pub calm_ns: u64,
}

/// What a latch does with a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// The condition begins.
    Began,
    /// The condition ends.
    Ended {
        /// How long it lasted, in nanoseconds.
        lasted_ns: u64,
        /// The highest value.
        peak: f64,
    },
}

/// A condition's state.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Latch {
    /// All is well.
    #[default]
    Off,
    /// Too high since, but not long enough.
    Rising { since_ns: u64 },
    /// Told.
    On { since_ns: u64, peak: f64, low_since_ns: Option<u64> },
}

impl Latch {
    /// Whether it was told and has not ended.
    pub(super) fn is_on(&self) -> bool {
        matches!(self, Latch::On { .. })
    }

    /// Takes a reading in.
    pub(super) fn take(&mut self, now_ns: u64, reading: Reading) -> Change {
        let Reading { value, raise, clear, hold_ns, .. } = reading;
        match *self {
            Latch::On { .. } => return self.while_on(now_ns, reading),
            Latch::Off if value < raise => return Change::None,
            Latch::Rising { .. } if value < clear => {
                *self = Latch::Off;
                return Change::None;
            }
            _ => {}
        }
        let since_ns = if let Latch::Rising { since_ns } = *self { since_ns } else { now_ns };
        let long_enough = now_ns.saturating_sub(since_ns) >= hold_ns;
        if !long_enough || value < raise {
            *self = Latch::Rising { since_ns };
            return Change::None;
        }
        *self = Latch::On { since_ns, peak: value, low_since_ns: None };
        Change::Began
    }

    fn while_on(&mut self, now_ns: u64, reading: Reading) -> Change {
        let Latch::On { since_ns, peak, low_since_ns } = *self else { return Change::None };
        let peak = peak.max(reading.value);
        let low_since_ns =
            if reading.value < reading.clear { Some(low_since_ns.unwrap_or(now_ns)) } else { None };
        let calm = low_since_ns.is_some_and(|low| now_ns.saturating_sub(low) >= reading.calm_ns);
        *self = Latch::On { since_ns, peak, low_since_ns };
        if calm { self.end(now_ns) } else { Change::None }
    }

    /// Ends what is on: the container is gone.
    pub(super) fn end(&mut self, now_ns: u64) -> Change {
        let Latch::On { since_ns, peak, .. } = std::mem::take(self) else { return Change::None };
        Change::Ended { lasted_ns: now_ns.saturating_sub(since_ns), peak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: &[Change]) {
        let mut latch = Latch::default();
        for (at, (value, expected)) in values.iter().zip(expected).enumerate() {
            let reading =
                Reading { value: *value, raise: 90.0, clear: 70.0, hold_ns: 2, calm_ns: 1 };
            assert_eq!(latch.take(at as u64, reading), *expected, "at {at} of {values:?}");
        }
    }

    #[test]
    fn it_begins_when_high_for_long_and_ends_when_low_for_long() {
        use Change::{Began, Ended, None};
        check(&[95.0, 95.0, 95.0, 99.0], &[None, None, Began, None]);
        // A dip starts anew, a dent does not.
        check(&[95.0, 95.0, 60.0, 95.0, 95.0, 95.0], &[None, None, None, None, None, Began]);
        check(&[95.0, 80.0, 80.0, 91.0], &[None, None, None, Began]);
        check(
            &[95.0, 95.0, 95.0, 99.0, 80.0, 60.0, 75.0, 60.0, 60.0],
            &[None, None, Began, None, None, None, None, None, Ended { lasted_ns: 8, peak: 99.0 }],
        );
    }

    #[test]
    fn what_is_on_can_be_ended_from_outside() {
        let mut latch = Latch::On { since_ns: 3, peak: 5.0, low_since_ns: None };
        assert_eq!(latch.end(10), Change::Ended { lasted_ns: 7, peak: 5.0 });
        assert_eq!(latch.end(11), Change::None);
    }
}
