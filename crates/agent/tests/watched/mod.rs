//! An engine of the tests' own with an image of busybox alone, and the watch over it.

#![allow(dead_code)]

pub mod stop;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lazaret_agent::detect::Engine;
use lazaret_agent::watch::{Snapshot, Watch};
use sensor::{Sensor, SensorOptions};
use stop::Stop;

/// An engine of the test's own.
pub struct Lab {
    pub folder: tempfile::TempDir,
    dockerd: Child,
    is_small: bool,
}

impl Lab {
    /// Says why and gives `None` where no engine can run, or no sensor over it.
    pub fn start() -> Option<Lab> {
        if let Err(why) = Sensor::load(&SensorOptions::default()) {
            println!("skipped: {why}");
            return None;
        }
        Lab::engine(None)
    }

    /// The same, of a release that `tests/lab/docker-tools.sh` unpacked, where one is said.
    pub fn start_of(release: Option<&str>) -> Option<Lab> {
        let Some(release) = release else { return Lab::start() };
        if let Err(why) = Sensor::load(&SensorOptions::default()) {
            println!("skipped: {why}");
            return None;
        }
        let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab");
        Lab::engine_of(&lab.join(release).join("root/usr"), None)
    }

    /// An engine alone; its data on a filesystem of so many MiB, where they are said.
    pub fn engine(small_mib: Option<u32>) -> Option<Lab> {
        Lab::engine_of(Path::new("/usr"), small_mib)
    }

    fn engine_of(root: &Path, small_mib: Option<u32>) -> Option<Lab> {
        let program = root.join("sbin/dockerd");
        let tools = [program.as_path(), Path::new("/bin/busybox")];
        if let Some(missing) = tools.iter().find(|tool| !tool.exists()) {
            println!("skipped: {} is not there", missing.display());
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        if let Some(mib) = small_mib {
            mount_small(&folder.path().join("data"), mib);
        }
        let at = |name: &str| folder.path().join(name);
        let log = std::fs::File::create(at("log")).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let (bin, sbin) = (root.join("bin"), root.join("sbin"));
        let mut command = Command::new(&program);
        command.env("PATH", format!("{}:{}:{path}", bin.display(), sbin.display()));
        command.args(["--bridge", "none", "--iptables=false", "--storage-driver", "overlay2"]);
        command.arg("--host").arg(format!("unix://{}", at("docker.sock").display()));
        command.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        command.arg("--pidfile").arg(at("pid"));
        std::fs::write(at("none.json"), "{}").unwrap();
        command.arg("--config-file").arg(at("none.json"));
        let dockerd = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let is_small = small_mib.is_some();
        let lab = Lab { folder, dockerd, is_small };
        let begun = Instant::now();
        while !lab.docker(&["version"]).0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "dockerd does not answer");
            std::thread::sleep(Duration::from_millis(200));
        }
        lab.import();
        Some(lab)
    }

    pub fn docker(&self, arguments: &[&str]) -> (bool, String) {
        let socket = format!("unix://{}", self.folder.path().join("docker.sock").display());
        let mut command = Command::new("docker");
        command.env("DOCKER_BUILDKIT", "0");
        let output =
            command.arg("--host").arg(socket).args(arguments).stdin(Stdio::null()).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a container that is ended, and told of, when it takes too long.
    pub fn run_within(&self, seconds: u32, name: &str, arguments: &[&str]) -> String {
        let socket = format!("unix://{}", self.folder.path().join("docker.sock").display());
        let mut command = Command::new("timeout");
        command.arg(seconds.to_string()).args(["docker", "--host", &socket]).args(arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        if output.status.code() == Some(124) {
            println!("{name}: it takes too long");
            self.docker(&["rm", "-f", name]);
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// An image of busybox, with bash and perl where the host has them.
    fn import(&self) {
        let root = self.folder.path().join("root");
        for folder in ["bin", "etc", "tmp", "root", "run"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/tool")).unwrap();
        for name in APPLETS {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        for program in ["/bin/bash", "/usr/bin/perl"] {
            with_libraries(Path::new(program), &root);
        }
        let modules = format!("/usr/lib/{}-linux-gnu/perl-base", std::env::consts::ARCH);
        with_folder(Path::new(&modules), &root);
        // Perl under the name of what manages packages, so that it can be told what to do.
        if root.join("usr/bin/perl").exists() {
            let manager = root.join("usr/bin/update-alternatives");
            std::fs::copy(root.join("usr/bin/perl"), manager).unwrap();
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

const APPLETS: &[&str] = &[
    "sh", "cat", "true", "cp", "mkdir", "mount", "umount", "ls", "grep", "ps", "id", "nsenter",
    "nc", "sleep", "ip", "mkfifo", "chmod", "rm", "ln", "dd", "mknod", "unshare", "find", "sed",
    "tr", "base64", "touch", "mv", "head", "wc", "sort", "tar", "gzip", "timeout", "seq", "xargs",
    "date", "httpd", "wget", "awk", "expr", "env", "dpkg", "kill",
];

/// Copies a program and the libraries that it names to the same places below a root.
pub fn with_libraries(program: &Path, root: &Path) {
    if !program.exists() {
        return;
    }
    let listed = Command::new("ldd").arg(program).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/'));
    for path in libraries.chain([program.to_str().unwrap()]) {
        let to = root.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
}

/// Copies a folder to the same place below a root.
pub fn with_folder(folder: &Path, root: &Path) {
    let to = root.join(folder.strip_prefix("/").unwrap());
    if folder.exists() {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let copied = Command::new("cp").arg("-a").arg(folder).arg(&to).status();
        assert!(copied.unwrap().success());
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
        if self.is_small {
            let _ = Command::new("umount").arg("-l").arg(self.folder.path().join("data")).status();
        }
    }
}

fn mount_small(at: &Path, mib: u32) {
    std::fs::create_dir_all(at).unwrap();
    let size = format!("size={mib}m,mode=0755");
    let mut mount = Command::new("mount");
    let mounted = mount.args(["-t", "tmpfs", "-o", &size, "lazaret-test"]).arg(at).status();
    assert!(mounted.unwrap().success(), "no tmpfs on {}", at.display());
}

/// What the rules said while `act` ran, of the containers whose name begins so: the container's
/// name, the rule and its line.
pub fn said(engine: &Engine, prefix: &str, act: impl FnOnce()) -> Vec<(String, String, String)> {
    // The programs are in the kernel before the first container begins.
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let stop = AtomicBool::new(false);
    let mut found = Vec::new();
    std::thread::scope(|scope| {
        let ends = Stop(&stop);
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
        drop(ends);
        watching.join().unwrap().unwrap();
    });
    found
}
