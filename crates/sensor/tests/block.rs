//! The network of a cgroup of the test's own, cut and given back; a twin beside it keeps its own.

#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use lazaret_sensor::NetworkBlock;

const UNIFIED: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// A cgroup of the test's own, removed at the end.
struct Cgroup(PathBuf);

impl Cgroup {
    fn make(name: &str) -> Option<Cgroup> {
        let mount =
            UNIFIED.iter().map(Path::new).find(|path| path.join("cgroup.procs").exists())?;
        let path = mount.join(format!("lazaret-test-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).ok()?;
        Some(Cgroup(path))
    }

    /// Whether a process in it reaches a port of loopback.
    fn reaches(&self, port: u16) -> bool {
        let script = format!(
            "echo $$ > {}/cgroup.procs && exec 3<>/dev/tcp/127.0.0.1/{port}",
            self.0.display()
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        output.status.success()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn one_cgroup_is_cut_and_its_twin_is_not() {
    let (Some(victim), Some(twin)) = (Cgroup::make("victim"), Cgroup::make("twin")) else {
        eprintln!("skipped: no cgroup of the unified hierarchy can be made");
        return;
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(victim.reaches(port) && twin.reaches(port));
    let block = NetworkBlock::of(&victim.0).unwrap();
    if let Err(why) = block.cut() {
        eprintln!("skipped: {why}");
        return;
    }
    block.cut().unwrap();
    assert!(block.is_cut().unwrap());
    assert!(!victim.reaches(port) && twin.reaches(port));
    drop(block);
    // As after the end of the process that cut it: another one sees it and gives it back.
    let later = NetworkBlock::of(&victim.0).unwrap();
    assert!(later.is_cut().unwrap() && !victim.reaches(port));
    assert!(later.give_back().unwrap());
    assert!(!later.give_back().unwrap() && !later.is_cut().unwrap());
    assert!(victim.reaches(port));
    assert!(NetworkBlock::of(Path::new("/nowhere")).is_err());
    // `tests/lab/kernels.sh` asks for this line: a test that skipped itself shows nothing.
    println!("cut by NetworkBlock");
}
