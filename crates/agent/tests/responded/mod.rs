//! The hands of the tests, and what they make on the host, undone when dropped: a cgroup, a wire.

#![allow(dead_code)]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lazaret_agent::attribute::Directory;
use lazaret_agent::respond::{Hands, Reach, ResponseConfig};
use lazaret_agent::trail::{Entries, Trail};
use model::{
    Alert, AlertSource, AuditKind, AuditOutcome, AuditRecord, CgroupName, ContainerRef, Initiator,
    Priority, ProcessId,
};

use crate::watched::Lab;

pub fn config_of(text: &str) -> ResponseConfig {
    serde_saphyr::from_str(text).unwrap()
}

/// The hands with what they told, and their state folder.
pub struct Bench {
    pub hands: Hands,
    pub told: Entries,
    pub state: PathBuf,
    pub engine: PathBuf,
}

impl Bench {
    /// Hands with one rule for every alert with the tag `test`.
    pub fn new(folder: &Path, engine: &Path, action: &str, more: &str) -> Bench {
        let rule = format!("{{name: r, when: {{tags: [test]}}, action: {action}, {more}}}");
        Bench::with(folder, engine, &format!("rules: [{rule}]"))
    }

    pub fn with(folder: &Path, engine: &Path, config: &str) -> Bench {
        Bench::reaching(folder, engine, config, |_| {})
    }

    /// Hands that reach further than the engine.
    pub fn reaching(
        folder: &Path,
        engine: &Path,
        config: &str,
        further: impl FnOnce(&mut Reach),
    ) -> Bench {
        let (trail, told) = Trail::open();
        let (state, engine) = (folder.join("responses"), engine.to_path_buf());
        let mut reach = Reach {
            containers: Directory::default(),
            trail,
            engine: engine.clone(),
            containerd: None,
            state: state.clone(),
            sensor: None,
        };
        further(&mut reach);
        let hands = Hands::new(config_of(config), reach).unwrap();
        Bench { hands, told, state, engine }
    }

    /// What an alert led to.
    pub fn answer(&self, alert: &Alert) -> Vec<AuditRecord> {
        self.hands.answer(alert);
        self.hands.settle().unwrap();
        self.records()
    }

    pub fn one(&self, alert: &Alert) -> AuditRecord {
        let mut records = self.answer(alert);
        assert_eq!(records.len(), 1, "{records:#?}");
        let record = records.remove(0);
        assert_eq!(record.kind, AuditKind::Response);
        assert!(record.rule == alert.rule && record.container == alert.container);
        record
    }

    /// The same, which must be done.
    pub fn done(&self, alert: &Alert) -> AuditRecord {
        let record = self.one(alert);
        assert_eq!(record.outcome, AuditOutcome::Success, "{}", record.text);
        record
    }

    pub fn records(&self) -> Vec<AuditRecord> {
        let mut records = Vec::new();
        while let Some(some) = self.told.next(Duration::from_millis(20)) {
            if some.is_empty() {
                break;
            }
            records.extend(some.iter().map(|entry| entry.to_record()));
        }
        records
    }

    pub fn only_id(&self) -> String {
        let in_force = self.hands.in_force().unwrap();
        assert_eq!(in_force.len(), 1, "{in_force:?}");
        in_force[0].id.clone()
    }
}

pub fn socket(lab: &Lab) -> PathBuf {
    lab.folder.path().join("docker.sock")
}

pub fn container(lab: &Lab, name: &str, script: &str) -> String {
    container_with(lab, name, &[], script)
}

pub fn container_with(lab: &Lab, name: &str, options: &[&str], script: &str) -> String {
    let mut arguments = vec!["run", "-d", "--network", "none", "--name", name];
    arguments.extend(options);
    arguments.extend(["shop:1.2", "/bin/sh", "-c", script]);
    let (worked, id) = lab.docker(&arguments);
    assert!(worked, "{name} does not start");
    id.trim().to_owned()
}

pub fn state(lab: &Lab, id: &str) -> String {
    lab.docker(&["inspect", "-f", "{{.State.Status}}", id]).1.trim().to_owned()
}

pub fn exec(lab: &Lab, id: &str, script: &str) -> bool {
    lab.docker(&["exec", id, "/bin/sh", "-c", script]).0
}

pub fn alert_of(id: &str) -> Alert {
    Alert {
        time_ns: 1,
        rule: "A rule of the test".to_owned(),
        source: AlertSource::Syscall,
        priority: Priority::Critical,
        tags: vec!["test".to_owned()],
        text: "something".to_owned(),
        fields: std::collections::BTreeMap::new(),
        initiator: None,
        container: Some(ContainerRef { id: id.to_owned(), ..ContainerRef::default() }),
        image: None,
        node: "node".to_owned(),
        times: 1,
    }
}

pub fn alert_of_process(id: Option<&str>, pid: u32) -> Alert {
    let process = ProcessId { pid, start_ns: start_ns(pid) };
    Alert {
        initiator: Some(Initiator { process, ..Initiator::default() }),
        container: id.map(|id| ContainerRef { id: id.to_owned(), ..ContainerRef::default() }),
        ..alert_of("")
    }
}

/// The processes of a container, with their command lines.
pub fn processes(lab: &Lab, id: &str) -> Vec<(u32, String)> {
    let listed = lab.docker(&["top", id, "-eo", "pid,args"]).1;
    let line = |line: &str| {
        let (pid, line) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, line.trim().to_owned()))
    };
    listed.lines().skip(1).filter_map(line).collect()
}

pub fn pid_of(lab: &Lab, id: &str, command: &str) -> u32 {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = processes(lab, id);
        if let Some((pid, _)) = found.iter().find(|(_, line)| line == command) {
            return *pid;
        }
        assert!(Instant::now() < until, "{command} is not in {found:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A cgroup of the test's own that is named like a container, as a user may make one, with a process.
pub struct Fake {
    top: PathBuf,
    folder: PathBuf,
    pub sleeper: std::process::Child,
}

impl Fake {
    pub fn of(id: &str) -> Option<Fake> {
        let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(Path::new);
        let mount = mounts.into_iter().find(|mount| mount.join("cgroup.procs").exists())?;
        let top = mount.join(format!("user@{}.service", std::process::id()));
        let folder = top.join(format!("docker-{id}.scope"));
        if let Err(why) = std::fs::create_dir_all(&folder) {
            eprintln!("skipped: {}: {why}", folder.display());
            return None;
        }
        let sleeper = Command::new("sleep").arg("300").spawn().unwrap();
        std::fs::write(folder.join("cgroup.procs"), sleeper.id().to_string()).unwrap();
        Some(Fake { top, folder, sleeper })
    }
}

impl Fake {
    /// As the kernel tells it.
    pub fn cgroup(&self) -> CgroupName {
        let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
        let below = mounts.iter().find_map(|mount| self.folder.strip_prefix(mount).ok());
        let id = std::fs::metadata(&self.folder).unwrap().ino();
        CgroupName { id, hierarchy: 0, path: format!("/{}", below.unwrap().display()) }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.sleeper.kill();
        let _ = self.sleeper.wait();
        for folder in [&self.folder, &self.top] {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// A pair of interfaces between the host and a container, of the test's own.
pub struct Wire(String);

impl Wire {
    pub fn to(lab: &Lab, id: &str) -> Option<Wire> {
        let pid = lab.docker(&["inspect", "-f", "{{.State.Pid}}", id]).1;
        let end = format!("lz{}", std::process::id());
        let ip = |line: &str| {
            let output = Command::new("ip").args(line.split(' ')).output();
            output.is_ok_and(|output| output.status.success())
        };
        let made = ip(&format!("link add {end} type veth peer name inner netns {}", pid.trim()));
        if !made || !ip(&format!("link set {end} up")) {
            eprintln!("skipped: no pair of interfaces can be made");
            return None;
        }
        Some(Wire(end))
    }

    pub fn is_up(&self) -> bool {
        let flags = std::fs::read_to_string(format!("/sys/class/net/{}/flags", self.0)).unwrap();
        u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16).unwrap() & 1 == 1
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", &self.0]).output();
    }
}

/// When a process started, as the kernel's events have it, to a tick.
pub fn start_ns(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().nth(19).unwrap().parse::<u64>().unwrap() * 10_000_000
}

/// Waits until it holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
