//! `Gauges`: one container's numbers, read from its control groups' files.

use std::path::{Path, PathBuf};

use super::cgroups::{Hierarchies, Place};
use super::kept::{KeptFile, text_of};
use super::parse;

/// Control groups below a container's that are looked into for its processes.
const MAX_NESTED: usize = 256;

/// What a container has used at a moment. Counters count since the container began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sample {
    pub cpu_ns: Option<u64>,
    /// Scheduling periods, and those in which it was throttled.
    pub periods: Option<u64>,
    pub throttled: Option<u64>,
    pub memory_bytes: Option<u64>,
    /// Of these, bytes that the kernel takes back when it needs them; read near the limit only.
    pub memory_reclaimable_bytes: Option<u64>,
    pub oom_kills: Option<u64>,
    pub pids: Option<u64>,
    /// Forks refused by the limit.
    pub pids_refused: Option<u64>,
    pub read_bytes: Option<u64>,
    pub written_bytes: Option<u64>,
    /// Microseconds in which some of it waited.
    pub cpu_stall_us: Option<u64>,
    pub memory_stall_us: Option<u64>,
    pub io_stall_us: Option<u64>,
    /// The last number that was seen given to a process in it, while that is looked at.
    pub last_pid: Option<u64>,
    /// Processes and threads begun, as far as somebody counts them.
    pub forks: Option<u64>,
}

/// What a container may use; `None` for as much as there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub memory_bytes: Option<u64>,
    /// Of the quota, in thousandths of a processor.
    pub cpu_millicores: Option<u64>,
    /// Processors that it may run on.
    pub processors: Option<u64>,
    pub pids: Option<u64>,
}

impl Limits {
    /// Thousandths of a processor that it may use on a host of so many processors.
    pub(super) fn usable_millicores(&self, host_processors: u64) -> u64 {
        let processors = self.processors.unwrap_or(host_processors).min(host_processors);
        let most = processors.saturating_mul(1000);
        self.cpu_millicores.unwrap_or(most).min(most).max(1)
    }
}

/// One container's files.
pub(super) struct Gauges {
    hierarchies: Hierarchies,
    place: Place,
    cpu_usage: Option<KeptFile>,
    cpu_stat: Option<KeptFile>,
    memory: Option<KeptFile>,
    memory_events: Option<KeptFile>,
    pids: Option<KeptFile>,
    pids_events: Option<KeptFile>,
    io: Option<KeptFile>,
    stalls: [Option<KeptFile>; 3],
    keep: bool,
}

impl Gauges {
    /// Opens what is there. `keep` keeps it open.
    pub(super) fn open(hierarchies: &Hierarchies, place: &Place, keep: bool) -> Self {
        let below = |root: &Option<PathBuf>, name: &str| {
            let folder = root.as_ref()?.join(&place.path);
            KeptFile::open(folder.join(name), keep)
        };
        let all = &hierarchies.unified;
        let v2 = hierarchies.is_v2;
        // On v2 `cpu.stat` holds use and throttling at once.
        let pick = |old: &Option<PathBuf>, old_name: &str, new_name: &str| {
            if v2 { below(all, new_name) } else { below(old, old_name) }
        };
        let blkio = || {
            let name = "blkio.throttle.io_service_bytes";
            let recursive = below(&hierarchies.blkio, &format!("{name}_recursive"));
            recursive.or_else(|| below(&hierarchies.blkio, name))
        };
        Gauges {
            cpu_usage: if v2 { None } else { below(&hierarchies.cpuacct, "cpuacct.usage") },
            cpu_stat: pick(&hierarchies.cpu, "cpu.stat", "cpu.stat"),
            memory: pick(&hierarchies.memory, "memory.usage_in_bytes", "memory.current"),
            memory_events: pick(&hierarchies.memory, "memory.oom_control", "memory.events"),
            pids: pick(&hierarchies.pids, "pids.current", "pids.current"),
            pids_events: pick(&hierarchies.pids, "pids.events", "pids.events"),
            io: if v2 { below(all, "io.stat") } else { blkio() },
            stalls: ["cpu.pressure", "memory.pressure", "io.pressure"].map(|name| below(all, name)),
            keep,
            hierarchies: hierarchies.clone(),
            place: place.clone(),
        }
    }

    /// Opens what was not there yet: a runtime makes a container's control groups one after the other.
    pub(super) fn complete(&mut self) {
        let Hierarchies { cpu, cpuacct, memory, pids, blkio, unified, is_v2, .. } =
            &self.hierarchies;
        let lacks = |root: &Option<PathBuf>, file: &Option<KeptFile>| {
            (if *is_v2 { unified } else { root }).is_some() && file.is_none()
        };
        let incomplete = lacks(cpu, &self.cpu_stat)
            || (!is_v2 && lacks(cpuacct, &self.cpu_usage))
            || lacks(memory, &self.memory)
            || lacks(pids, &self.pids)
            || lacks(blkio, &self.io)
            || (unified.is_some() && self.stalls.iter().any(Option::is_none));
        if incomplete {
            *self = Gauges::open(&self.hierarchies, &self.place, self.keep);
        }
    }

    /// Reads everything; `None` when the container is gone.
    pub(super) fn sample(&mut self, buffer: &mut Vec<u8>) -> Option<Sample> {
        let mut sample = Sample::default();
        self.processor(&mut sample, buffer);
        let mut value = |file: &mut Option<KeptFile>| parse::number(file.as_mut()?.text(buffer)?);
        sample.memory_bytes = value(&mut self.memory);
        sample.pids = value(&mut self.pids);
        let mut keyed = |file: &mut Option<KeptFile>, key: &str| {
            parse::keyed(file.as_mut()?.text(buffer)?, key)
        };
        sample.oom_kills = keyed(&mut self.memory_events, "oom_kill");
        sample.pids_refused = keyed(&mut self.pids_events, "max");
        if let Some(text) = self.io.as_mut().and_then(|file| file.text(buffer)) {
            let v2 = self.hierarchies.is_v2;
            let (read, written) = if v2 { parse::io_stat(text) } else { parse::blkio(text) };
            (sample.read_bytes, sample.written_bytes) = (Some(read), Some(written));
        }
        let stalls =
            self.stalls.each_mut().map(|file| parse::some_stall_us(file.as_mut()?.text(buffer)?));
        [sample.cpu_stall_us, sample.memory_stall_us, sample.io_stall_us] = stalls;
        let nothing = sample.cpu_ns.is_none() && sample.memory_bytes.is_none();
        (!(nothing && sample.pids.is_none())).then_some(sample)
    }

    fn processor(&mut self, sample: &mut Sample, buffer: &mut Vec<u8>) {
        if let Some(text) = self.cpu_stat.as_mut().and_then(|file| file.text(buffer)) {
            sample.periods = parse::keyed(text, "nr_periods");
            sample.throttled = parse::keyed(text, "nr_throttled");
            let usage = parse::keyed(text, "usage_usec");
            sample.cpu_ns = usage.map(|usage| usage.saturating_mul(1000));
        }
        let usage = self.cpu_usage.as_mut().and_then(|file| parse::number(file.text(buffer)?));
        sample.cpu_ns = usage.or(sample.cpu_ns);
    }

    /// Bytes of memory that the kernel takes back when it needs them: files not in use.
    pub(super) fn reclaimable_bytes(&self, buffer: &mut Vec<u8>) -> Option<u64> {
        let v2 = self.hierarchies.is_v2;
        let root = if v2 { &self.hierarchies.unified } else { &self.hierarchies.memory };
        let path = root.as_ref()?.join(&self.place.path).join("memory.stat");
        let key = if v2 { "inactive_file" } else { "total_inactive_file" };
        parse::keyed(text_of(&path, buffer)?, key)
    }

    /// What it may use now: its own limits and its pod's.
    pub(super) fn limits(&self, buffer: &mut Vec<u8>) -> Limits {
        let own = self.limits_at(&self.place.path, buffer);
        let Some(pod) = self.place.pod() else { return own };
        let pod = self.limits_at(&pod, buffer);
        let lower = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Limits {
            memory_bytes: lower(own.memory_bytes, pod.memory_bytes),
            cpu_millicores: lower(own.cpu_millicores, pod.cpu_millicores),
            processors: own.processors,
            pids: lower(own.pids, pod.pids),
        }
    }

    fn limits_at(&self, path: &Path, buffer: &mut Vec<u8>) -> Limits {
        let v2 = self.hierarchies.is_v2;
        let mut value =
            |old: &Option<PathBuf>, old_name: &str, name: &str, read: fn(&str) -> Option<u64>| {
                let root = if v2 { self.hierarchies.unified.as_ref()? } else { old.as_ref()? };
                let name = if v2 { name } else { old_name };
                read(text_of(&root.join(path).join(name), buffer)?)
            };
        let Hierarchies { cpu, cpuset, memory, pids, .. } = &self.hierarchies;
        let cpu_millicores = if v2 {
            value(cpu, "", "cpu.max", parse::cpu_max_millicores)
        } else {
            // A quota of -1 is no number without a sign: no limit.
            let quota = value(cpu, "cpu.cfs_quota_us", "", parse::number);
            let period = value(cpu, "cpu.cfs_period_us", "", parse::number);
            quota.and_then(|quota| quota.checked_mul(1000)?.checked_div(period?))
        };
        Limits {
            cpu_millicores,
            memory_bytes: value(memory, "memory.limit_in_bytes", "memory.max", parse::limit),
            processors: value(
                cpuset,
                "cpuset.effective_cpus",
                "cpuset.cpus.effective",
                parse::processors,
            ),
            pids: value(pids, "pids.max", "pids.max", parse::limit),
        }
    }

    /// The number of the container's newest process in its own pid namespace. Numbers are given in
    /// their order, so that it tells how many processes and threads there were.
    pub(super) fn newest_pid(&self, proc: &Path, buffer: &mut Vec<u8>) -> Option<u64> {
        let newest = self.processes(usize::MAX).into_iter().max()?;
        let text = text_of(&proc.join(format!("{newest}/status")), buffer)?;
        let line = text.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        line.split_whitespace().last()?.parse().ok()
    }

    /// The container's processes, at most so many, those of nested control groups too.
    pub(super) fn processes(&self, most: usize) -> Vec<u32> {
        let Hierarchies { unified, memory, pids, cpu, is_v2, .. } = &self.hierarchies;
        let old = [pids, memory, cpu].into_iter().find_map(Option::as_ref);
        let root = if *is_v2 { unified.as_ref() } else { old.or(unified.as_ref()) };
        let Some(root) = root else { return Vec::new() };
        let mut folders = vec![root.join(&self.place.path)];
        let (mut found, mut buffer, mut looked) = (Vec::new(), Vec::new(), 0);
        while let Some(folder) = folders.pop() {
            looked += 1;
            let text = text_of(&folder.join("cgroup.procs"), &mut buffer).unwrap_or_default();
            found.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
            if found.len() >= most || looked >= MAX_NESTED {
                break;
            }
            let below = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let below = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(below.map(|entry| entry.path()));
        }
        found.truncate(most);
        found
    }
}
