//! `View`: all that is known of a container at a look, and the readings that follow from it. Pure.

use super::busiest::Suspect;
use super::conditions::Condition;
use super::config::IsolationConfig;
use super::gauges::{Limits, Sample};
use super::host::HostSample;
use super::latch::Reading;
use super::layer::Layer;
use super::normal::Use;
use super::window::Span;

pub(super) const NS_PER_S: u64 = 1_000_000_000;
const MIB: f64 = 1024.0 * 1024.0;
/// Scheduling periods in a window below which throttling says nothing.
const FEWEST_PERIODS: f64 = 10.0;
/// Percent by which a value must fall before a condition ends.
const SLACK_PERCENT: f64 = 15.0;
/// A condition ends when it was low for this long, in nanoseconds.
pub(super) const CALM_NS: u64 = 5 * NS_PER_S;
/// What use must be above the normal by at least: thousandths of a processor, bytes, processes,
/// bytes a second.
const ABOVE_NORMAL_LEAST: [f64; 4] = [200.0, 64.0 * MIB, 32.0, 5.0 * MIB];
/// Share of the bytes to disks below which a container does not cause the host's stalls alone.
const LEAST_IO_SHARE_PERCENT: f64 = 30.0;

/// All that is known of a container at a look.
pub(super) struct View<'a> {
    pub config: &'a IsolationConfig,
    pub now_ns: u64,
    pub sample: &'a Sample,
    pub limits: &'a Limits,
    pub host: &'a HostSample,
    /// Over the window.
    pub span: Option<Span<'a>>,
    pub host_span: Option<Span<'a>>,
    /// Processes begun a second.
    pub forks_per_s: Option<f64>,
    /// The most that is normal.
    pub normal: Option<&'a Use>,
    pub used: &'a Use,
    pub layer: Option<&'a Layer>,
    /// Who burns the processor, where something speaks against it.
    pub suspect: Option<&'a Suspect>,
}

impl View<'_> {
    /// What is above or below its marks now. What cannot be measured is left out.
    pub(super) fn readings(&self) -> Vec<(Condition, Reading)> {
        let mut found = Vec::with_capacity(Condition::ALL.len());
        for condition in Condition::ALL {
            found.extend(self.reading(condition).map(|reading| (condition, reading)));
        }
        found
    }

    fn reading(&self, condition: Condition) -> Option<Reading> {
        let config = self.config;
        let plain = |value: f64, raise: f64, clear: f64| {
            let clear = clear.max(raise * 0.1).min(raise);
            Reading { value, raise, clear, hold_ns: 0, calm_ns: CALM_NS }
        };
        let at_limit = config.at_limit_percent;
        Some(match condition {
            Condition::MemoryAtLimit => Reading {
                hold_ns: config.at_limit_s * NS_PER_S,
                ..plain(self.memory_percent()?, at_limit, at_limit - SLACK_PERCENT)
            },
            Condition::PidsAtLimit => {
                plain(self.pids_percent()?, at_limit, at_limit - SLACK_PERCENT)
            }
            Condition::CpuAtLimit => {
                plain(self.cpu_percent_of_limit()?, at_limit, at_limit - SLACK_PERCENT)
            }
            Condition::CpuThrottled => {
                let raise = config.throttled_percent;
                plain(self.throttled_percent()?, raise, raise - SLACK_PERCENT)
            }
            Condition::ForkRate => {
                plain(self.forks_per_s?, config.forks_per_s, config.forks_per_s / 2.0)
            }
            Condition::IoSaturated => {
                let value = self.span?.percent_of_time(|sample| sample.io_stall_us)?;
                plain(value, config.io_stalled_percent, config.io_stalled_percent / 2.0)
            }
            Condition::HostCpu | Condition::HostMemory | Condition::HostIo => {
                let raise = config.host_pressure_percent;
                plain(self.caused_pressure(condition)?, raise, raise / 2.0)
            }
            Condition::DiskFilling => plain(self.filling()?, 1.0, 0.5),
            Condition::DiskShare => {
                let raise = self.share_mark()?;
                plain(self.disk_percent()?, raise, raise * 0.8)
            }
            Condition::Mining => Reading {
                hold_ns: (config.mining.minutes * 60.0 * NS_PER_S as f64) as u64,
                ..plain(
                    self.mining_percent()?,
                    config.mining.cpu_percent,
                    config.mining.cpu_percent - SLACK_PERCENT,
                )
            },
            _ => return self.above_normal(condition),
        })
    }

    /// Percent of the memory limit in use that cannot be taken back.
    pub(super) fn memory_percent(&self) -> Option<f64> {
        let limit = self.limits.memory_bytes.filter(|limit| *limit > 0)?;
        let used = self.sample.memory_bytes?;
        let held = used.saturating_sub(self.sample.memory_reclaimable_bytes.unwrap_or_default());
        Some(held as f64 * 100.0 / limit as f64)
    }

    fn pids_percent(&self) -> Option<f64> {
        let limit = self.limits.pids.filter(|limit| *limit > 0)?;
        let refused = self.span.and_then(|span| span.rise(|sample| sample.pids_refused));
        // A fork that was refused is the limit, even where its process is gone by now.
        if refused.is_some_and(|refused| refused > 0.0) {
            return Some(100.0);
        }
        Some(self.sample.pids? as f64 * 100.0 / limit as f64)
    }

    /// Percent of the processor time that it may use.
    pub(super) fn cpu_percent(&self) -> Option<f64> {
        let usable = self.limits.usable_millicores(self.host.processors);
        Some(self.used.millicores? * 100.0 / usable as f64)
    }

    /// The same where there is a limit that does not throttle already.
    fn cpu_percent_of_limit(&self) -> Option<f64> {
        let whole_host = self.host.processors.saturating_mul(1000);
        let limited = self.limits.usable_millicores(self.host.processors) < whole_host;
        let throttled = self.throttled_percent().unwrap_or_default();
        let told_so = throttled >= self.config.throttled_percent;
        limited.then(|| if told_so { Some(0.0) } else { self.cpu_percent() })?
    }

    /// Percent of scheduling periods in which it had to wait for the next.
    pub(super) fn throttled_percent(&self) -> Option<f64> {
        let periods = self.span?.rise(|sample| sample.periods)?;
        if periods < FEWEST_PERIODS {
            return Some(0.0);
        }
        Some(self.span?.rise(|sample| sample.throttled)? * 100.0 / periods)
    }

    /// The host's stall in percent of time, where this container causes it; else nothing.
    fn caused_pressure(&self, condition: Condition) -> Option<f64> {
        let pressure = self.host_pressure(condition)?;
        // Nothing used on the whole host is no share of it: what was caused ends then too.
        let share = self.share(condition).unwrap_or_default();
        Some(if share >= self.config.host_share_percent { pressure } else { 0.0 })
    }

    /// Percent of time in which somebody on the host waited.
    pub(super) fn host_pressure(&self, condition: Condition) -> Option<f64> {
        self.host_span?.percent_of_time(stall(condition))
    }

    /// The container's part, in percent: of processor time, of memory or of what is waited for it,
    /// of bytes to and from disks.
    pub(super) fn share(&self, condition: Condition) -> Option<f64> {
        let (own, host) = (self.span?, self.host_span?);
        let of = |part: Option<f64>, whole: Option<f64>| {
            Some((part? * 100.0 / whole.filter(|whole| *whole > 0.0)?).min(100.0))
        };
        let stalls = of(own.rate(stall(condition)), host.rate(stall(condition)));
        match condition {
            Condition::HostCpu => of(own.rate(|s| s.cpu_ns), host.rate(|s| s.cpu_ns)),
            Condition::HostMemory => {
                let used = self.sample.memory_bytes.map(|used| used as f64);
                let used = of(used, Some(self.host.memory_used_bytes as f64));
                used.into_iter().chain(stalls).reduce(f64::max)
            }
            _ => {
                let moved = |s: &Sample| Some(s.read_bytes?.saturating_add(s.written_bytes?));
                let bytes = of(own.rate(moved), host.rate(|s| s.written_bytes))?;
                // v1 does not tell whose cached writes reach the disk: who waits for them counts,
                // where its own bytes are not few.
                let enough = bytes >= LEAST_IO_SHARE_PERCENT;
                Some(stalls.filter(|_| enough).map_or(bytes, |stalls| stalls.max(bytes)))
            }
        }
    }

    fn above_normal(&self, condition: Condition) -> Option<Reading> {
        let (value, normal, least) = self.against_normal(condition)?;
        let config = &self.config.normal;
        let raise = (normal * config.factor).max(normal + least);
        let hold_ns = config.sustained_s * NS_PER_S;
        Some(Reading { value, raise, clear: raise * 0.8, hold_ns, calm_ns: CALM_NS })
    }

    /// A use, the most that is normal of it, and what it must be above that at least.
    pub(super) fn against_normal(&self, condition: Condition) -> Option<(f64, f64, f64)> {
        let normal = self.normal?;
        let [cpu, memory, pids, written] = ABOVE_NORMAL_LEAST;
        let (value, normal, least) = match condition {
            Condition::CpuAboveNormal => (self.used.millicores, normal.millicores, cpu),
            Condition::MemoryAboveNormal => (self.used.memory_bytes, normal.memory_bytes, memory),
            Condition::PidsAboveNormal => (self.used.pids, normal.pids, pids),
            Condition::WritesAboveNormal => {
                (self.used.written_per_s, normal.written_per_s, written)
            }
            _ => return None,
        };
        Some((value?, normal?, least))
    }

    /// Percent of its filesystem that the writable layer takes.
    pub(super) fn disk_percent(&self) -> Option<f64> {
        let layer = self.layer?;
        let total = layer.room.total_bytes.max(1);
        Some(layer.bytes? as f64 * 100.0 / total as f64)
    }

    /// From which share on that is too much: half, when there is little room left.
    fn share_mark(&self) -> Option<f64> {
        let (room, disk) = (self.layer?.room, &self.config.disk);
        let free = room.free_bytes as f64 * 100.0 / room.total_bytes.max(1) as f64;
        Some(if free < disk.free_percent { disk.share_percent / 2.0 } else { disk.share_percent })
    }

    /// Minutes until the filesystem is full at the speed at which the layer grows.
    pub(super) fn minutes_to_full(&self) -> Option<f64> {
        let layer = self.layer?;
        let (bytes, seconds) = layer.growth(self.now_ns, self.growth_within_ns())?;
        let per_s = bytes as f64 / seconds.max(0.001);
        (bytes > 0).then(|| layer.room.free_bytes as f64 / per_s / 60.0)
    }

    /// How far back growth is looked at.
    pub(super) fn growth_within_ns(&self) -> u64 {
        let looks = self.config.disk.look_s.saturating_mul(3);
        self.config.window_s.saturating_mul(2).max(looks).saturating_mul(NS_PER_S)
    }

    /// How many times faster than the mark it is filling; nothing for little growth.
    fn filling(&self) -> Option<f64> {
        let layer = self.layer?;
        layer.bytes?;
        let grown =
            layer.growth(self.now_ns, self.growth_within_ns()).map_or(0, |(bytes, _)| bytes);
        let enough = grown as f64 >= self.config.disk.growth_mib as f64 * MIB;
        let minutes = self.minutes_to_full().filter(|_| enough);
        Some(minutes.map_or(0.0, |minutes| self.config.disk.full_minutes / minutes.max(0.001)))
    }

    fn mining_percent(&self) -> Option<f64> {
        let busy = self.cpu_percent()?;
        self.config.mining.enabled.then(|| if self.suspect.is_some() { busy } else { 0.0 })
    }
}

fn stall(condition: Condition) -> fn(&Sample) -> Option<u64> {
    match condition {
        Condition::HostCpu => |sample| sample.cpu_stall_us,
        Condition::HostMemory => |sample| sample.memory_stall_us,
        _ => |sample| sample.io_stall_us,
    }
}
