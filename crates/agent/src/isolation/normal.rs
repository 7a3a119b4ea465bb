//! The learnt normal of a workload: how much of everything it uses, kept over restarts.
//!
//! Each number goes into a histogram whose steps grow by a twentieth, so that a day of samples
//! takes some hundred bytes and any percentile is right to 5 %.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::AgentError;
use crate::kept::{read_kept, write_kept};

/// Workloads that are remembered; the one not seen for longest goes first.
const MAX_WORKLOADS: usize = 4096;
/// How far from one another samples of a workload are taken, in nanoseconds.
pub(super) const APART_NS: u64 = 10_000_000_000;
/// Samples after which all counts are halved, so that the normal follows: about twelve days.
const MAX_SAMPLES: u32 = 100_000;
/// By how much a step is larger than the one below.
const STEP: f64 = 1.05;
const PERCENTILE: f64 = 0.999;

/// Numbers of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Histogram(BTreeMap<u16, u32>);

impl Histogram {
    fn add(&mut self, value: f64) {
        let step = (value.max(0.0) + 1.0).ln() / STEP.ln();
        let count = self.0.entry(step as u16).or_default();
        *count = count.saturating_add(1);
        if self.count() > MAX_SAMPLES {
            self.0.values_mut().for_each(|count| *count /= 2);
            self.0.retain(|_, count| *count > 0);
        }
    }

    fn count(&self) -> u32 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The value below which all but a thousandth lie; `None` when nothing was learnt.
    fn high(&self) -> Option<f64> {
        let wanted = (f64::from(self.count()) * PERCENTILE).ceil();
        let mut seen = 0.0;
        let step = self.0.iter().find(|(_, count)| {
            seen += f64::from(**count);
            seen >= wanted
        })?;
        Some(STEP.powf(f64::from(*step.0) + 1.0) - 1.0)
    }
}

/// What is measured of a workload.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Use {
    pub millicores: Option<f64>,
    pub memory_bytes: Option<f64>,
    pub pids: Option<f64>,
    pub written_per_s: Option<f64>,
}

/// One workload's normal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Normal {
    /// For how long it was learnt, in nanoseconds.
    learnt_ns: u64,
    /// When a sample was last taken, in seconds since 1970.
    last_s: i64,
    /// The same since boot, for the distance of samples; not kept.
    #[serde(skip)]
    last_ns: Option<u64>,
    millicores: Histogram,
    memory_bytes: Histogram,
    pids: Histogram,
    written_per_s: Histogram,
}

/// Every workload's normal.
#[derive(Debug, Default)]
pub(super) struct Normals {
    workloads: HashMap<String, Normal>,
    changed: bool,
}

impl Normals {
    /// Reads what was kept; nothing when there is nothing.
    pub(super) fn load(path: &Path) -> Result<Self, AgentError> {
        Ok(Normals { workloads: read_kept(path)?.unwrap_or_default(), changed: false })
    }

    /// Keeps what was learnt.
    pub(super) fn save(&mut self, path: &Path) -> Result<(), AgentError> {
        if std::mem::take(&mut self.changed) { write_kept(path, &self.workloads) } else { Ok(()) }
    }

    /// Whether it is time for a sample of this workload.
    pub(super) fn wants(&self, workload: &str, now_ns: u64) -> bool {
        let last = self.workloads.get(workload).and_then(|normal| normal.last_ns);
        last.is_none_or(|last| now_ns.saturating_sub(last) >= APART_NS)
    }

    /// Takes a sample in.
    pub(super) fn learn(&mut self, workload: &str, used: &Use, now: super::Now) {
        let now_s = now.wall_ns / 1_000_000_000;
        if !self.workloads.contains_key(workload) && self.workloads.len() >= MAX_WORKLOADS {
            let oldest = self.workloads.iter().min_by_key(|(_, normal)| normal.last_s);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.workloads.remove(&name));
        }
        let normal = self.workloads.entry(workload.to_owned()).or_default();
        let passed = normal.last_ns.map_or(0, |last| now.steady_ns.saturating_sub(last));
        normal.learnt_ns = normal.learnt_ns.saturating_add(passed.min(2 * APART_NS));
        normal.last_ns = Some(now.steady_ns);
        normal.last_s = now_s;
        for (histogram, value) in [
            (&mut normal.millicores, used.millicores),
            (&mut normal.memory_bytes, used.memory_bytes),
            (&mut normal.pids, used.pids),
            (&mut normal.written_per_s, used.written_per_s),
        ] {
            if let Some(value) = value {
                histogram.add(value);
            }
        }
        self.changed = true;
    }

    /// The most that is normal of everything; `None` before the workload was learnt for so long.
    pub(super) fn most(&self, workload: &str, learn_ns: u64) -> Option<Use> {
        let normal = self.workloads.get(workload)?;
        (normal.learnt_ns >= learn_ns).then(|| Use {
            millicores: normal.millicores.high(),
            memory_bytes: normal.memory_bytes.high(),
            pids: normal.pids.high(),
            written_per_s: normal.written_per_s.high(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Now;
    use super::*;

    fn used(millicores: f64) -> Use {
        Use { millicores: Some(millicores), ..Use::default() }
    }

    #[test]
    fn a_percentile_is_right_to_a_step() {
        for value in [0.0, 1.0, 37.0, 1000.0, 4e9, 1e15] {
            let mut histogram = Histogram::default();
            (0..5000).for_each(|_| histogram.add(value));
            let high = histogram.high().unwrap();
            assert!(high >= value * 0.999 && high <= (value + 1.0) * 1.06, "{value} {high}");
        }
        let mut histogram = Histogram::default();
        (0..9995).for_each(|_| histogram.add(10.0));
        (0..5).for_each(|_| histogram.add(1e6));
        assert!(histogram.high().unwrap() < 12.0);
        (0..20).for_each(|_| histogram.add(1e6));
        assert!(histogram.high().unwrap() > 1e6);
    }

    #[test]
    fn a_workload_is_learnt_for_its_time_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/isolation.json");
        let mut normals = Normals::load(&path).unwrap();
        let at = |sample: u64| Now { steady_ns: sample * APART_NS, wall_ns: 1 };
        (0..50).for_each(|sample| normals.learn("web", &used(100.0), at(sample)));
        assert_eq!(normals.most("web", 60 * APART_NS), None);
        normals.save(&path).unwrap();
        let mut again = Normals::load(&path).unwrap();
        (0..50).for_each(|sample| again.learn("web", &used(100.0), at(sample)));
        let most = again.most("web", 60 * APART_NS).unwrap();
        assert!((100.0..108.0).contains(&most.millicores.unwrap()));
        assert_eq!(most.pids, None);
        std::fs::write(&path, "{").unwrap();
        assert!(Normals::load(&path).unwrap_err().to_string().contains("isolation.json"));
    }

    #[test]
    fn no_more_workloads_are_kept_than_allowed() {
        let mut normals = Normals::default();
        for number in 0..MAX_WORKLOADS + 5 {
            let now = Now { steady_ns: 0, wall_ns: number as i64 * 1_000_000_000 };
            normals.learn(&number.to_string(), &used(1.0), now);
        }
        assert_eq!(normals.workloads.len(), MAX_WORKLOADS);
        assert!(normals.most("0", 0).is_none() && normals.most("4100", 0).is_some());
    }
}
