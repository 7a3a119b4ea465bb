//! `Metrics`: counts and latencies in Prometheus' text format (version 0.0.4).

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency histogram, in microseconds.
const BOUNDS_US: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000];

/// How one question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Judged, and nothing stood against it.
    Allowed,
    /// Judged, let in with a warning.
    Warned,
    /// Judged and refused.
    Denied,
    /// Judged and would be refused, but the policy only observes or warns.
    Observed,
    /// Let in by break-glass.
    BreakGlass,
    /// Let in without judgement: a deletion, a status, an exempt namespace.
    Exempt,
    /// Refused because it could not be judged.
    Failed,
}

const ENDINGS: [(Ending, &str); 7] = [
    (Ending::Allowed, "allowed"),
    (Ending::Warned, "warned"),
    (Ending::Denied, "denied"),
    (Ending::Observed, "observed"),
    (Ending::BreakGlass, "break_glass"),
    (Ending::Exempt, "exempt"),
    (Ending::Failed, "failed"),
];

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    endings: [AtomicU64; ENDINGS.len()],
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    total_us: AtomicU64,
    pinned: AtomicU64,
}

impl Metrics {
    /// One question ended so, after so long.
    pub(crate) fn count(&self, ending: Ending, took: Duration) {
        let place = ENDINGS.iter().position(|(known, _)| *known == ending);
        add(place.and_then(|place| self.endings.get(place)), 1);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| took_us <= *bound);
        add(self.buckets.get(bucket.unwrap_or(BOUNDS_US.len())), 1);
        add(Some(&self.total_us), took_us);
    }

    /// So many tags were pinned to digests.
    pub(crate) fn count_pinned(&self, images: usize) {
        add(Some(&self.pinned), u64::try_from(images).unwrap_or(0));
    }

    /// Everything, as Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        head(
            &mut out,
            "lazaret_admission_reviews_total",
            "counter",
            "Questions, by how they ended",
        );
        for ((_, name), count) in ENDINGS.iter().zip(&self.endings) {
            line(
                &mut out,
                &format!("lazaret_admission_reviews_total{{ending=\"{name}\"}}"),
                read(count),
            );
        }
        self.write_latencies(&mut out);
        head(&mut out, "lazaret_admission_pinned_total", "counter", "Tags pinned to digests");
        line(&mut out, "lazaret_admission_pinned_total", read(&self.pinned));
        out
    }

    fn write_latencies(&self, out: &mut String) {
        let name = "lazaret_admission_duration_seconds";
        head(out, name, "histogram", "Time from question to answer");
        let mut below = 0_u64;
        for (bound, count) in BOUNDS_US.iter().zip(&self.buckets) {
            below = below.saturating_add(read(count));
            let bound = Duration::from_micros(*bound).as_secs_f64();
            line(out, &format!("{name}_bucket{{le=\"{bound}\"}}"), below);
        }
        let all = below.saturating_add(self.buckets.last().map_or(0, read));
        line(out, &format!("{name}_bucket{{le=\"+Inf\"}}"), all);
        let seconds = Duration::from_micros(read(&self.total_us)).as_secs_f64();
        let _ = writeln!(out, "{name}_sum {seconds}");
        line(out, &format!("{name}_count"), all);
    }
}

fn add(counter: Option<&AtomicU64>, count: u64) {
    if let Some(counter) = counter {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn head(out: &mut String, name: &str, kind: &str, what: &str) {
    let _ = writeln!(out, "# HELP {name} {what}.\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, value: u64) {
    let _ = writeln!(out, "{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up() {
        let metrics = Metrics::default();
        metrics.count(Ending::Allowed, Duration::from_micros(200));
        metrics.count(Ending::Denied, Duration::from_millis(3));
        metrics.count(Ending::Denied, Duration::from_secs(9));
        let text = metrics.text();
        for line in [
            "lazaret_admission_reviews_total{ending=\"denied\"} 2",
            "lazaret_admission_duration_seconds_bucket{le=\"0.00025\"} 1",
            "lazaret_admission_duration_seconds_bucket{le=\"0.005\"} 2",
            "lazaret_admission_duration_seconds_bucket{le=\"5\"} 2",
            "lazaret_admission_duration_seconds_bucket{le=\"+Inf\"} 3",
            "lazaret_admission_duration_seconds_sum 9.0032",
            "lazaret_admission_duration_seconds_count 3",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
