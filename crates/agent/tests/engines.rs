//! Engines as they are, under the watch: what Docker unpacks of an image is no key file of the host,
//! in both ways in which dockerd does it; and Podman's containers by id, name and image.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod gathered;
mod watched;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gathered::Sources;
use lazaret_agent::key_files::{KeyFile, KeyFilesConfig};
use lazaret_agent::lifecycle::LifeCycleConfig;
use model::{AuditKind, Engine, Initiator};
use watched::Lab;

/// How long a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn is_ours(initiator: &Initiator) -> bool {
    let test = std::process::id();
    initiator.process.pid == test || initiator.ancestors.iter().any(|one| one.process.pid == test)
}

/// Layers with accounts and jobs of their own, some of which the host has too.
fn layer(folder: &Path) -> PathBuf {
    let root = folder.join("layer");
    for (path, text) in [
        ("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
        ("etc/shadow", "root:*:1::::::\n"),
        ("etc/cron.d/lazaret-of-the-image", "* * * * * root true\n"),
        ("etc/sudoers.d/lazaret-of-the-image", "# nothing\n"),
        ("root/.ssh/authorized_keys", "# nobody\n"),
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    }
    let tar = folder.join("layer.tar");
    let packed = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&root).arg(".").status();
    assert!(packed.unwrap().success());
    tar
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn check_unpacking(lab: &Lab) {
    let folder = lab.folder.path();
    let tar = layer(folder);
    let context = folder.join("context");
    std::fs::create_dir_all(&context).unwrap();
    std::fs::copy(&tar, context.join("layer.tar")).unwrap();
    let steps = "FROM shop:1.2\nADD layer.tar /\nCOPY Dockerfile /etc/cron.d/lazaret-copied\n\
                 RUN echo 'eve:x:1:1::/:/bin/sh' >> /etc/passwd\n";
    std::fs::write(context.join("Dockerfile"), steps).unwrap();
    let own = folder.join("own-key-file");
    std::fs::write(&own, "before\n").unwrap();
    let own = own.canonicalize().unwrap().to_str().unwrap().to_owned();
    let more = vec![KeyFile { path: own.clone(), critical: true, reads: false }];
    let key_files = Some(KeyFilesConfig { more, ..KeyFilesConfig::default() });
    let life_cycle =
        LifeCycleConfig { docker: None, containerd: None, ..LifeCycleConfig::default() };
    let word = |path: &Path| path.to_str().unwrap().to_owned();
    let (saved, layer_tar) = (word(&folder.join("saved.tar")), word(&tar));
    let data = folder.join("agent");
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).unwrap();
    let hashed = data.join("key_files.json");
    let told = Sources { life_cycle, key_files, data }.gather(|| {
        // They are kept once the host's own key files have been hashed for the first time.
        wait_until("the key files are hashed", || hashed.exists());
        let does = |words: &[&str]| assert!(lab.docker(words).0, "{words:?}");
        does(&["import", &layer_tar, "accounts:1"]);
        does(&["build", "--network", "none", "-t", "built:1", &word(&context)]);
        does(&["save", "-o", &saved, "built:1"]);
        does(&["rmi", "built:1"]);
        does(&["load", "-i", &saved]);
        let script =
            "echo 'eve:x:0:0::/:/bin/sh' >> /etc/passwd; echo x > /etc/cron.d/job; cat /etc/passwd";
        does(&["run", "--network", "none", "--name", "inside", "built:1", "/bin/sh", "-c", script]);
        does(&["cp", &word(&folder.join("layer/etc/passwd")), "inside:/etc/passwd"]);
        does(&["rm", "inside"]);
        // What the test does itself the sensor leaves out, as it does the agent's own work.
        let write = format!("echo after > {own}");
        assert!(Command::new("/bin/sh").args(["-c", &write]).status().unwrap().success());
    });
    let ours = told
        .alerts
        .iter()
        .filter(|alert| alert.initiator.as_ref().is_none_or(is_ours) || alert.container.is_some());
    let files: Vec<(&str, &str)> = ours
        .map(|alert| (alert.fields["fd.name"].as_deref().unwrap_or_default(), alert.text.as_str()))
        .collect();
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, [own.as_str()], "{files:#?}");
}

#[test]
fn what_docker_unpacks_is_no_key_file_of_the_host() {
    // Below 23 dockerd starts helpers that change their root, from then on threads of its own do.
    for root in [None, Some("docker28")] {
        let Some(lab) = Lab::start_of(root) else { continue };
        check_unpacking(&lab);
    }
}

/// A Podman of the test's own storage, and its service.
struct Podman {
    folder: tempfile::TempDir,
    service: Option<Child>,
}

impl Podman {
    fn start() -> Option<Podman> {
        let missing = ["/usr/bin/podman", "/bin/busybox"].iter().find(|it| !Path::new(it).exists());
        if let Some(missing) = missing {
            eprintln!("skipped: {missing} is not there");
            return None;
        }
        if let Err(why) = sensor::Sensor::load(&sensor::SensorOptions::default()) {
            eprintln!("skipped: {why}");
            return None;
        }
        let mut podman = Podman { folder: tempfile::tempdir().unwrap(), service: None };
        podman.import();
        // Nothing is told when a container cannot run here at all.
        let (ran, why) = podman.does(&run("tried", &["--rm"], "true"));
        if !ran {
            eprintln!("skipped: podman cannot run a container here: {why}");
            return None;
        }
        let mut service = podman.command();
        service.args(["system", "service", "--time", "0"]);
        service.arg(format!("unix://{}", podman.socket().display()));
        service.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        podman.service = Some(service.spawn().unwrap());
        for _ in 0..100 {
            if podman.socket().exists() {
                return Some(podman);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("podman's service does not answer");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    fn command(&self) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("/usr/bin/podman");
        command.arg("--root").arg(at("storage")).arg("--runroot").arg(at("run"));
        command.arg("--tmpdir").arg(at("tmp")).args(["--cgroup-manager", "cgroupfs"]);
        command.args(["--storage-driver", "overlay", "--events-backend", "file"]);
        command
    }

    fn does(&self, words: &[&str]) -> (bool, String) {
        let output = self.command().args(words).stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn import(&self) {
        let root = self.folder.path().join("image/bin");
        std::fs::create_dir_all(&root).unwrap();
        std::fs::copy("/bin/busybox", root.join("busybox")).unwrap();
        for name in ["sh", "id", "true"] {
            std::os::unix::fs::symlink("busybox", root.join(name)).unwrap();
        }
        let tar = self.folder.path().join("image.tar");
        let mut pack = Command::new("tar");
        pack.arg("-cf").arg(&tar).arg("-C").arg(self.folder.path().join("image")).arg(".");
        assert!(pack.status().unwrap().success());
        let (imported, why) = self.does(&["import", tar.to_str().unwrap(), "shop:1.2"]);
        assert!(imported, "{why}");
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.does(&["rm", "--all", "--force", "--time", "0"]);
        if let Some(mut service) = self.service.take() {
            let pid = rustix::process::Pid::from_child(&service);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = service.wait();
        }
        self.does(&["rmi", "--all", "--force"]);
        let storage = self.folder.path().join("storage/overlay");
        let _ = Command::new("umount").arg("-l").arg(storage).stderr(Stdio::null()).status();
    }
}

/// Limits of its own, so that none has to be raised.
fn run<'a>(name: &'a str, more: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let mut words = vec!["run", "--network", "none", "--name", name];
    words.extend(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
    words.extend(more);
    words.extend(["shop:1.2", "/bin/sh", "-c", script]);
    words
}

#[test]
fn podmans_containers_are_known_and_their_lives_told() {
    let Some(podman) = Podman::start() else { return };
    let life_cycle = LifeCycleConfig {
        docker: None,
        podman: Some(podman.socket()),
        containerd: None,
        ..LifeCycleConfig::default()
    };
    let told = Sources { life_cycle, ..Sources::default() }.gather(|| {
        let (ran, why) = podman.does(&run("lazaret-pod", &[], "/bin/id; exit 3"));
        assert!(!ran, "{why}");
        let (removed, why) = podman.does(&["rm", "lazaret-pod"]);
        assert!(removed, "{why}");
    });
    let is_it = |one: &&model::AuditRecord| {
        one.container.as_ref().is_some_and(|container| container.name == "lazaret-pod")
    };
    let of = |kind: AuditKind| -> Vec<&model::AuditRecord> {
        told.records.iter().filter(is_it).filter(|one| one.kind == kind).collect()
    };
    let commands = of(AuditKind::Command);
    let texts: Vec<&str> = commands.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["/bin/sh -c '/bin/id; exit 3'", "/bin/id"], "{:#?}", told.records);
    let life = of(AuditKind::Container);
    for record in commands.iter().chain(&life) {
        let container = record.container.as_ref().unwrap();
        assert_eq!((container.engine, container.id.len()), (Engine::Podman, 64), "{record:#?}");
        assert_eq!(container.image, "localhost/shop:1.2", "{record:#?}");
    }
    // When it is attached to is not in order.
    let actions: Vec<&str> =
        life.iter().map(|one| one.action.as_str()).filter(|action| *action != "attach").collect();
    let expected = ["create", "init", "start", "die", "cleanup", "remove"];
    assert_eq!(actions, expected, "{life:#?}");
    let died = life.iter().find(|one| one.action == "die").unwrap();
    assert!(died.text.ends_with("exit code 3"), "{died:#?}");
}
