//! What the tests of the hands make on the host, undone when dropped: a cgroup, a wire.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::watched::Lab;

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
