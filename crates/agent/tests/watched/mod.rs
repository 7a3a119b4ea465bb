//! An engine of the tests' own with an image of busybox alone, and the watch over it.

#![allow(dead_code)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::detect::Engine;
use lazaret_agent::watch::{Snapshot, Watch};
use sensor::{Sensor, SensorOptions};

/// An engine of the test's own.
pub struct Lab {
    pub folder: tempfile::TempDir,
    dockerd: Child,
}

impl Lab {
    /// Says why and gives `None` where no engine can run.
    pub fn start() -> Option<Lab> {
        let tools = ["/usr/sbin/dockerd", "/bin/busybox"];
        if let Some(missing) = tools.iter().find(|tool| !Path::new(tool).exists()) {
            println!("skipped: {missing} is not there");
            return None;
        }
        if let Err(why) = Sensor::load(&SensorOptions::default()) {
            println!("skipped: {why}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let log = std::fs::File::create(at("log")).unwrap();
        let mut command = Command::new("/usr/sbin/dockerd");
        command.args(["--bridge", "none", "--iptables=false", "--storage-driver", "overlay2"]);
        command.arg("--host").arg(format!("unix://{}", at("sock").display()));
        command.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        command.arg("--pidfile").arg(at("pid"));
        std::fs::write(at("none.json"), "{}").unwrap();
        command.arg("--config-file").arg(at("none.json"));
        let dockerd = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let lab = Lab { folder, dockerd };
        let begun = Instant::now();
        while !lab.docker(&["version"]).0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "dockerd does not answer");
            std::thread::sleep(Duration::from_millis(200));
        }
        lab.import();
        Some(lab)
    }

    pub fn docker(&self, arguments: &[&str]) -> (bool, String) {
        let socket = format!("unix://{}", self.folder.path().join("sock").display());
        let mut command = Command::new("docker");
        let output =
            command.arg("--host").arg(socket).args(arguments).stdin(Stdio::null()).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// An image of busybox alone.
    fn import(&self) {
        let root = self.folder.path().join("root");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        for folder in ["etc", "tmp", "root"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        let applets = [
            "sh", "cat", "true", "cp", "mkdir", "mount", "umount", "ls", "grep", "ps", "id",
            "nsenter", "nc", "sleep", "ip", "chmod",
        ];
        for name in applets {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        std::fs::write(root.join("etc/shadow"), "root:*:1::::::\n").unwrap();
        std::os::unix::fs::symlink("/etc/shadow", root.join("innocent")).unwrap();
        let tar = self.folder.path().join("root.tar");
        let packed =
            Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&root).arg(".").status();
        assert!(packed.unwrap().success());
        assert!(self.docker(&["import", tar.to_str().unwrap(), "shop:1.2"]).0);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let running = self.docker(&["ps", "-aq"]).1;
        for id in running.split_whitespace() {
            self.docker(&["rm", "-f", id]);
        }
        let pid = rustix::process::Pid::from_child(&self.dockerd);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.dockerd.wait();
    }
}

/// What the rules said while `act` ran, of the containers whose name begins so: the container's
/// name, the rule and its line.
pub fn said(engine: &Engine, prefix: &str, act: impl FnOnce()) -> Vec<(String, String, String)> {
    // The programs are in the kernel before the first container begins.
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let stop = AtomicBool::new(false);
    let mut found = Vec::new();
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch.run(engine, Snapshot::of_host(), &stop, |seen| {
                let Some(container) = seen.observed.container else { return };
                if !container.name.starts_with(prefix) {
                    return;
                }
                for detection in &seen.detections {
                    let told = (&container.name, &detection.rule, &detection.output);
                    found.push((told.0.clone(), told.1.clone(), told.2.clone()));
                }
            })
        });
        act();
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    found
}
