//! A host made of files: control groups as cgroup v1, hybrid and v2 have them, and `/proc`.

#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use lazaret_agent::attribute::Directory;
use lazaret_agent::isolation::{IsolationConfig, Monitor, Now, Places};
use model::{Alert, CgroupName, Known};

/// A second in nanoseconds.
pub const S: u64 = 1_000_000_000;
/// The process of a container.
pub const PID: u32 = 700;

/// How control groups are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    V1,
    Hybrid,
    V2,
}

pub const LAYOUTS: [Layout; 3] = [Layout::V1, Layout::Hybrid, Layout::V2];

/// A host with one container.
pub struct Host {
    pub layout: Layout,
    pub folder: tempfile::TempDir,
    pub id: String,
    pub directory: Directory,
    pub used: Used,
    pub now_s: u64,
}

/// What the container has used.
#[derive(Debug, Clone)]
pub struct Used {
    pub cpu_ns: u64,
    pub periods: u64,
    pub throttled: u64,
    pub quota_us: Option<u64>,
    pub memory: u64,
    pub memory_limit: Option<u64>,
    pub reclaimable: u64,
    pub oom_kills: u64,
    pub pids: u64,
    pub pids_limit: Option<u64>,
    pub pids_refused: u64,
    pub read: u64,
    pub written: u64,
    pub stalls_us: [u64; 3],
    pub last_pid: u64,
    /// Of the whole host.
    pub host_stalls_us: [u64; 3],
    pub host_cpu_ticks: u64,
    pub host_forks: u64,
    pub host_oom_kills: u64,
    pub disk_bytes: u64,
}

impl Default for Used {
    fn default() -> Self {
        Used {
            cpu_ns: 0,
            periods: 0,
            throttled: 0,
            quota_us: Some(50_000),
            memory: 10 << 20,
            memory_limit: Some(256 << 20),
            reclaimable: 0,
            oom_kills: 0,
            pids: 5,
            pids_limit: Some(100),
            pids_refused: 0,
            read: 0,
            written: 0,
            stalls_us: [0; 3],
            last_pid: 10,
            host_stalls_us: [0; 3],
            host_cpu_ticks: 1000,
            host_forks: 1000,
            host_oom_kills: 0,
            disk_bytes: 1 << 20,
        }
    }
}

impl Host {
    pub fn new(layout: Layout) -> Self {
        // In memory where that can be: thousands of looks write some dozen files each.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let host = Host {
            layout,
            id: "ab".repeat(32),
            folder,
            directory: Directory::default(),
            used: Used::default(),
            now_s: 1000,
        };
        let at = host.folder.path();
        let roots: &[&str] = match layout {
            Layout::V2 => &[""],
            Layout::V1 => &["cpu,cpuacct", "memory", "pids", "blkio", "cpuset"],
            Layout::Hybrid => &["cpu,cpuacct", "memory", "pids", "blkio", "cpuset", "unified"],
        };
        for root in roots {
            write(&at.join("cgroup").join(root).join("cgroup.procs"), "1\n");
            let own = at.join("cgroup").join(root).join(host.path());
            write(&own.join("cgroup.procs"), &format!("{PID}\n"));
        }
        if layout == Layout::V2 {
            write(&at.join("cgroup/cgroup.controllers"), "cpu memory io pids\n");
        }
        host.processes();
        let cgroup = CgroupName { id: 9, hierarchy: 0, path: format!("/{}", host.path()) };
        host.directory.write(|containers| {
            containers.cgroup_made(&cgroup, 1);
            containers.learn(&host.id, |container| {
                container.name = "web".to_owned();
                container.spec.image.reference = "shop:1.2".to_owned();
                container.known = Known::Full;
            });
        });
        host.write();
        host
    }

    fn path(&self) -> String {
        format!("docker/{}", self.id)
    }

    /// The host's first process, and the container's: an overlay with a namespace of its own.
    fn processes(&self) {
        let proc = self.folder.path().join("proc");
        for (pid, number) in [(1, 1), (PID, 2)] {
            let ns = proc.join(format!("{pid}/ns"));
            fs::create_dir_all(&ns).unwrap();
            for name in ["mnt", "pid"] {
                let link = ns.join(name);
                std::os::unix::fs::symlink(format!("{name}:[{number}]"), link).unwrap();
            }
        }
        let upper = self.upper();
        fs::create_dir_all(&upper).unwrap();
        let lower = self.folder.path().join("overlay2/base/diff");
        write(&lower.join("bin/sh"), "");
        let line = format!(
            "2 1 0:50 / / rw - overlay overlay rw,lowerdir={},upperdir={},workdir=/w\n",
            lower.display(),
            upper.display()
        );
        write(&proc.join(format!("{PID}/mountinfo")), &line);
        self.program("/bin/sh", 0);
    }

    /// Which program the container's process is, and what it has used.
    pub fn program(&self, exe: &str, ticks: u64) {
        let own = self.folder.path().join(format!("proc/{PID}"));
        let _ = fs::remove_file(own.join("exe"));
        std::os::unix::fs::symlink(exe, own.join("exe")).unwrap();
        let comm = exe.rsplit('/').next().unwrap();
        let stat = format!("{PID} ({comm}) R 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 500 0");
        write(&own.join("stat"), &stat);
        write(&own.join("cmdline"), &format!("{exe}\0"));
    }

    pub fn upper(&self) -> PathBuf {
        self.folder.path().join("overlay2/own/diff")
    }

    pub fn monitor(&self, config: IsolationConfig) -> Monitor {
        let at = |name: &str| self.folder.path().join(name);
        let places = Places { cgroup: at("cgroup"), proc: at("proc") };
        Monitor::below(places, config, self.directory.clone(), "node".to_owned()).unwrap()
    }

    /// Lets a second pass in which `change` is done, and looks.
    pub fn second(&mut self, monitor: &mut Monitor, change: impl Fn(&mut Used)) -> Vec<Alert> {
        self.now_s += 1;
        change(&mut self.used);
        self.write();
        self.look(monitor)
    }

    fn look(&self, monitor: &mut Monitor) -> Vec<Alert> {
        let wall_ns = i64::try_from(self.now_s * S).unwrap() + 1_700_000_000_000_000_000;
        monitor.look(Now { steady_ns: self.now_s * S, wall_ns })
    }

    /// The same for several seconds.
    pub fn seconds(
        &mut self,
        monitor: &mut Monitor,
        count: u64,
        change: impl Fn(&mut Used),
    ) -> Vec<Alert> {
        (0..count).flat_map(|_| self.second(monitor, &change)).collect()
    }

    /// The container goes, and the monitor looks.
    pub fn gone_second(&mut self, monitor: &mut Monitor) -> Vec<Alert> {
        self.now_s += 1;
        self.write_host();
        for root in ["", "cpu,cpuacct", "memory", "pids", "blkio", "cpuset", "unified"] {
            let own = self.folder.path().join("cgroup").join(root).join(self.path());
            let _ = fs::remove_dir_all(own);
        }
        self.look(monitor)
    }

    /// Writes the files as the kernel would.
    fn write(&self) {
        match self.layout {
            Layout::V2 => self.write_v2(),
            _ => self.write_v1(),
        }
        self.write_host();
    }

    fn write_host(&self) {
        let used = &self.used;
        let proc = self.folder.path().join("proc");
        let at = |name: &str| proc.join(name);
        let status = format!("Name:\tsh\nNSpid:\t{PID}\t{}\n", used.last_pid);
        write(&at(&format!("{PID}/status")), &status);
        let ticks = used.host_cpu_ticks;
        let forks = used.host_forks;
        let stat = format!("cpu  {ticks} 0 0 9 9 0 0 0 0 0\ncpu0 1\ncpu1 1\nprocesses {forks}\n");
        write(&at("stat"), &stat);
        write(&at("meminfo"), "MemTotal:  4194304 kB\nMemFree: 1 kB\nMemAvailable:  3145728 kB\n");
        write(&at("vmstat"), &format!("nr_free_pages 1\noom_kill {}\n", used.host_oom_kills));
        let sectors = used.disk_bytes / 512;
        write(&at("diskstats"), &format!("254 0 vda 1 0 0 0 1 0 {sectors} 0 0 0 0\n"));
        for (name, stall) in ["cpu", "memory", "io"].iter().zip(used.host_stalls_us) {
            write(&at(&format!("pressure/{name}")), &pressure(stall));
        }
    }

    fn write_v2(&self) {
        let used = &self.used;
        let own = self.folder.path().join("cgroup").join(self.path());
        let (usage, periods) = (used.cpu_ns / 1000, used.periods);
        let throttled = used.throttled;
        let text = format!(
            "usage_usec {usage}\nuser_usec 1\nsystem_usec 1\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 5\n"
        );
        write(&own.join("cpu.stat"), &text);
        let quota = used.quota_us.map_or("max".to_owned(), |quota| quota.to_string());
        write(&own.join("cpu.max"), &format!("{quota} 100000\n"));
        write(&own.join("cpuset.cpus.effective"), "0-1\n");
        write(&own.join("memory.current"), &format!("{}\n", used.memory));
        write(&own.join("memory.max"), &limit(used.memory_limit, "max"));
        let text = format!("anon 1\nfile 1\ninactive_file {}\n", used.reclaimable);
        write(&own.join("memory.stat"), &text);
        let kills = used.oom_kills;
        write(
            &own.join("memory.events"),
            &format!("low 0\nhigh 0\nmax 9\noom 1\noom_kill {kills}\n"),
        );
        write(
            &own.join("io.stat"),
            &format!("254:0 rbytes={} wbytes={} rios=1\n", used.read, used.written),
        );
        self.write_pids(&own);
        self.write_stalls(&own);
    }

    fn write_v1(&self) {
        let used = &self.used;
        let own = |root: &str| self.folder.path().join("cgroup").join(root).join(self.path());
        let cpu = own("cpu,cpuacct");
        write(&cpu.join("cpuacct.usage"), &format!("{}\n", used.cpu_ns));
        let (periods, throttled) = (used.periods, used.throttled);
        let text = format!("nr_periods {periods}\nnr_throttled {throttled}\nthrottled_time 5\n");
        write(&cpu.join("cpu.stat"), &text);
        write(&cpu.join("cpu.cfs_quota_us"), &limit(used.quota_us, "-1"));
        write(&cpu.join("cpu.cfs_period_us"), "100000\n");
        write(&own("cpuset").join("cpuset.effective_cpus"), "0-1\n");
        let memory = own("memory");
        write(&memory.join("memory.usage_in_bytes"), &format!("{}\n", used.memory));
        write(
            &memory.join("memory.limit_in_bytes"),
            &limit(used.memory_limit, "9223372036854771712"),
        );
        let text = format!("cache 1\ntotal_inactive_file {}\n", used.reclaimable);
        write(&memory.join("memory.stat"), &text);
        let text = format!("oom_kill_disable 0\nunder_oom 0\noom_kill {}\n", used.oom_kills);
        write(&memory.join("memory.oom_control"), &text);
        let (read, written) = (used.read, used.written);
        let text = format!("254:0 Read {read}\n254:0 Write {written}\nTotal {}\n", read + written);
        write(&own("blkio").join("blkio.throttle.io_service_bytes"), &text);
        self.write_pids(&own("pids"));
        if self.layout == Layout::Hybrid {
            write(&own("unified").join("cpu.stat"), "usage_usec 1\n");
            self.write_stalls(&own("unified"));
        }
    }

    fn write_pids(&self, own: &Path) {
        let used = &self.used;
        write(&own.join("pids.current"), &format!("{}\n", used.pids));
        write(&own.join("pids.max"), &limit(used.pids_limit, "max"));
        write(&own.join("pids.events"), &format!("max {}\n", used.pids_refused));
    }

    fn write_stalls(&self, own: &Path) {
        for (name, stall) in ["cpu", "memory", "io"].iter().zip(self.used.stalls_us) {
            write(&own.join(format!("{name}.pressure")), &pressure(stall));
        }
    }
}

fn limit(value: Option<u64>, none: &str) -> String {
    format!("{}\n", value.map_or(none.to_owned(), |value| value.to_string()))
}

fn pressure(total: u64) -> String {
    format!(
        "some avg10=0.00 avg60=0.00 avg300=0.00 total={total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    )
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Rules of alerts that begin or are told once, and of those that end.
pub fn rules(alerts: &[Alert]) -> (Vec<&str>, Vec<&str>) {
    let state = |alert: &Alert| alert.fields.get("state").cloned().flatten();
    let ended = |alert: &&Alert| state(alert).as_deref() == Some("ended");
    let of = |wanted: bool| {
        alerts.iter().filter(|one| ended(one) == wanted).map(|one| one.rule.as_str()).collect()
    };
    (of(false), of(true))
}
