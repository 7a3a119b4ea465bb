//! `Window`: a container's last minute, and what changed within it.

use std::collections::VecDeque;

use super::gauges::Sample;

/// Marks that a window keeps: what is averaged is as fine as this.
const MARKS: u64 = 12;
const NS_PER_S: f64 = 1e9;

/// Samples some seconds apart, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Window {
    marks: VecDeque<(u64, Sample)>,
}

/// What changed between two samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub from: &'a Sample,
    pub to: &'a Sample,
    pub seconds: f64,
}

impl Window {
    /// Keeps a sample when it is far enough from the last, and forgets what is older than needed.
    pub(super) fn keep(&mut self, now_ns: u64, sample: &Sample, span_ns: u64) {
        let apart = span_ns / MARKS;
        let last = self.marks.back().map(|(at, _)| *at);
        if last.is_none_or(|last| now_ns.saturating_sub(last) >= apart) {
            self.marks.push_back((now_ns, *sample));
        }
        while self.marks.get(1).is_some_and(|(at, _)| now_ns.saturating_sub(*at) >= span_ns) {
            self.marks.pop_front();
        }
    }

    /// What changed in the last `span_ns`; `None` while less is known.
    pub(super) fn span<'a>(
        &'a self,
        now_ns: u64,
        to: &'a Sample,
        span_ns: u64,
    ) -> Option<Span<'a>> {
        let old = self.marks.iter().rev();
        let (at, from) = old.into_iter().find(|(at, _)| now_ns.saturating_sub(*at) >= span_ns)?;
        let seconds = now_ns.saturating_sub(*at) as f64 / NS_PER_S;
        (seconds > 0.0).then_some(Span { from, to, seconds })
    }
}

impl Span<'_> {
    /// By how much a counter rose; `None` when it is not known or began anew.
    pub(super) fn rise(&self, of: impl Fn(&Sample) -> Option<u64>) -> Option<f64> {
        Some(of(self.to)?.checked_sub(of(self.from)?)? as f64)
    }

    /// By how much a counter rose a second.
    pub(super) fn rate(&self, of: impl Fn(&Sample) -> Option<u64>) -> Option<f64> {
        Some(self.rise(of)? / self.seconds)
    }

    /// Thousandths of a processor used.
    pub(super) fn millicores(&self) -> Option<f64> {
        Some(self.rate(|sample| sample.cpu_ns)? / 1e6)
    }

    /// Percent of the time that a counter of microseconds stood for.
    pub(super) fn percent_of_time(&self, of: impl Fn(&Sample) -> Option<u64>) -> Option<f64> {
        Some((self.rate(of)? / 1e4).min(100.0))
    }

    /// Processes and threads begun a second: as counted, else by the numbers they were given.
    pub(super) fn forks(&self) -> Option<f64> {
        self.rate(|sample| sample.forks).or_else(|| self.rate(|sample| sample.last_pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_window_tells_what_changed_within_it_once_it_is_full() {
        let mut window = Window::default();
        let at = |second: u64| Sample { cpu_ns: Some(second * S / 2), ..Sample::default() };
        for second in 0..60 {
            window.keep(second * S, &at(second), 60 * S);
            assert!(window.span(second * S, &at(second), 60 * S).is_none());
        }
        for second in 60..600 {
            window.keep(second * S, &at(second), 60 * S);
            let now = at(second);
            let span = window.span(second * S, &now, 60 * S).unwrap();
            assert!((60.0..66.0).contains(&span.seconds), "{}", span.seconds);
            assert_eq!(span.millicores(), Some(500.0));
        }
        assert!(window.marks.len() <= 14, "{}", window.marks.len());
    }

    #[test]
    fn a_counter_that_began_anew_tells_nothing() {
        let (from, to) = (Sample { pids: Some(9), ..Sample::default() }, Sample::default());
        let span = Span { from: &from, to: &to, seconds: 1.0 };
        assert_eq!(span.rise(|sample| sample.pids), None);
        let span = Span { from: &to, to: &from, seconds: 1.0 };
        assert_eq!(span.rise(|sample| sample.pids), None);
    }
}
