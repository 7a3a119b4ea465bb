//! The whole host's numbers: use, stalls, kills.

use std::path::Path;

use super::gauges::Sample;
use super::kept::KeptFile;
use super::parse;
use super::window::{Span, Window};

/// Nanoseconds of a tick of `/proc/stat`: `USER_HZ` is 100 on every Linux that runs containers.
const NS_PER_TICK: u64 = 10_000_000;
const BYTES_PER_KIB: u64 = 1024;

/// What the host has used at a moment. The stalls, processor time and bytes are in the same places
/// as a container's.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct HostSample {
    /// Use and stalls. `written_bytes` holds all bytes to and from disks.
    pub use_: Sample,
    pub processors: u64,
    pub memory_total_bytes: u64,
    pub memory_used_bytes: u64,
    /// Processes and threads begun a second since the look before.
    pub forks_per_s: f64,
}

/// The host's files.
pub(super) struct Host {
    stat: Option<KeptFile>,
    meminfo: Option<KeptFile>,
    vmstat: Option<KeptFile>,
    diskstats: Option<KeptFile>,
    stalls: [Option<KeptFile>; 3],
    window: Window,
    now: HostSample,
    looked_ns: u64,
}

impl Host {
    /// Opens what is there below `/proc`.
    pub(super) fn below(proc: &Path) -> Self {
        let at = |name: &str| KeptFile::open(proc.join(name), true);
        Host {
            stat: at("stat"),
            meminfo: at("meminfo"),
            vmstat: at("vmstat"),
            diskstats: at("diskstats"),
            stalls: ["pressure/cpu", "pressure/memory", "pressure/io"].map(at),
            window: Window::default(),
            now: HostSample { processors: 1, ..HostSample::default() },
            looked_ns: 0,
        }
    }

    /// Reads everything.
    pub(super) fn look(&mut self, now_ns: u64, window_ns: u64, buffer: &mut Vec<u8>) {
        let mut now = HostSample { processors: 1, ..HostSample::default() };
        if let Some(text) = self.stat.as_mut().and_then(|file| file.text(buffer)) {
            now.use_.cpu_ns = busy_ns(text);
            now.use_.forks = parse::keyed(text, "processes");
            let is_one = |line: &&str| {
                let number = line.strip_prefix("cpu").and_then(|rest| rest.split(' ').next());
                number.is_some_and(|number| number.parse::<u32>().is_ok())
            };
            now.processors = (text.lines().filter(is_one).count() as u64).max(1);
        }
        if let Some(text) = self.meminfo.as_mut().and_then(|file| file.text(buffer)) {
            let bytes = |key| parse::keyed(text, key).unwrap_or_default() * BYTES_PER_KIB;
            now.memory_total_bytes = bytes("MemTotal");
            now.memory_used_bytes = now.memory_total_bytes.saturating_sub(bytes("MemAvailable"));
        }
        let vmstat = self.vmstat.as_mut().and_then(|file| file.text(buffer));
        now.use_.oom_kills = vmstat.and_then(|text| parse::keyed(text, "oom_kill"));
        let disks = self.diskstats.as_mut().and_then(|file| file.text(buffer));
        now.use_.written_bytes = disks.map(parse::diskstats_bytes);
        let stalls =
            self.stalls.each_mut().map(|file| parse::some_stall_us(file.as_mut()?.text(buffer)?));
        [now.use_.cpu_stall_us, now.use_.memory_stall_us, now.use_.io_stall_us] = stalls;
        let before = Span {
            from: &self.now.use_,
            to: &now.use_,
            seconds: (now_ns.saturating_sub(self.looked_ns) as f64 / 1e9).max(0.001),
        };
        now.forks_per_s = before.rate(|sample| sample.forks).unwrap_or_default();
        self.looked_ns = now_ns;
        self.window.keep(now_ns, &now.use_, window_ns);
        self.now = now;
    }

    /// The last look.
    pub(super) fn now(&self) -> &HostSample {
        &self.now
    }

    /// What changed within the window.
    pub(super) fn span(&self, now_ns: u64, window_ns: u64) -> Option<Span<'_>> {
        self.window.span(now_ns, &self.now.use_, window_ns)
    }
}

/// Nanoseconds in which processors worked: all but idle and waiting.
fn busy_ns(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guests are counted as users already.
    let busy = [0, 1, 2, 5, 6].iter().filter_map(|at| ticks.get(*at));
    Some(busy.fold(0_u64, |sum, ticks| sum.saturating_add(*ticks)).saturating_mul(NS_PER_TICK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_files_are_understood() {
        let mut host = Host::below(Path::new("/proc"));
        let mut buffer = Vec::new();
        host.look(1, 60, &mut buffer);
        let now = host.now();
        assert!(now.processors >= 1 && now.use_.cpu_ns.is_some());
        assert!(now.memory_used_bytes > 0 && now.memory_used_bytes < now.memory_total_bytes);
        assert_eq!(busy_ns("cpu  1 2 3 100 100 4 5 100 9 9\ncpu0 1\n"), Some(15 * NS_PER_TICK));
    }
}
