//! The watch over a real engine's real containers: what the rules say, of which container, image
//! and process. Only containers that the test made are looked at.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::detect::Engine;
use lazaret_agent::watch::watch;
use policy::rules::RulesFile;
use sensor::{Sensor, SensorOptions};

const RULES: &str = r#"
- macro: container
  condition: (container.id != host)
- list: shells
  items: [sh, bash]
- rule: Shell in a container
  desc: a shell begins
  condition: evt.type = execve and container and proc.name in (shells) and proc.args contains lazaret-shell
  output: shell %proc.cmdline of %proc.pname in %container.name %container.image.repository:%container.image.tag (user=%user.uid tty=%proc.tty)
  priority: NOTICE
  tags: [T1059]
- rule: Sensitive file read
  desc: the shadow file is read, whatever it is called
  condition: evt.type in (open, openat, openat2) and evt.is_open_read = true and container and fd.name = /etc/shadow
  output: read %fd.name as %fd.nameraw by %proc.name below %proc.aname[2] in %container.id
  priority: WARNING
- rule: Written below bin
  desc: a program is written
  condition: evt.type in (open, openat) and evt.is_open_write = true and container and fd.directory = /bin
  output: wrote %fd.name (flags=%evt.arg.flags privileged=%container.privileged)
  priority: ERROR
"#;

/// An engine of the test's own.
struct Lab {
    folder: tempfile::TempDir,
    dockerd: Child,
}

impl Lab {
    /// Says why and gives `None` where no engine can run.
    fn start() -> Option<Lab> {
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

    fn docker(&self, arguments: &[&str]) -> (bool, String) {
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
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        for name in ["sh", "cat", "true", "cp"] {
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

/// What the rules said while `act` ran, of the containers with this name.
fn said(name: &str, act: impl FnOnce()) -> Vec<(String, String)> {
    let engine = Engine::load(&[RulesFile { name: "test.yaml", text: RULES }]);
    assert!(engine.loaded().errors.is_empty(), "{:?}", engine.loaded().errors);
    assert_eq!(engine.len(), 3);
    let stop = AtomicBool::new(false);
    let mut found = Vec::new();
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch(&SensorOptions::default(), &engine, &stop, |seen| {
                let ours = seen.observed.container.is_some_and(|container| container.name == name);
                for detection in seen.detections.iter().filter(|_| ours) {
                    found.push((detection.rule.clone(), detection.output.clone()));
                }
            })
        });
        // The programs are in the kernel before the first container begins.
        std::thread::sleep(Duration::from_secs(2));
        act();
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    found
}

#[test]
fn rules_speak_of_what_containers_do() {
    let Some(lab) = Lab::start() else { return };
    let script = "cd /; : lazaret-shell; cat innocent >/dev/null; cp /bin/true /bin/planted";
    let run = ["run", "--rm", "--network", "none", "--name", "victim", "shop:1.2", "/bin/sh", "-c"];
    let found = said("victim", || {
        let arguments: Vec<&str> = run.iter().copied().chain([script]).collect();
        assert!(lab.docker(&arguments).0);
    });
    let of = |rule: &str| -> Vec<&str> {
        found.iter().filter(|(name, _)| name == rule).map(|(_, line)| line.as_str()).collect()
    };
    let shells = of("Shell in a container");
    assert_eq!(shells.len(), 1, "{found:?}");
    assert!(shells[0].starts_with("shell sh -c cd /;"), "{shells:?}");
    assert!(shells[0].contains("in victim shop:1.2 (user=0 tty=0)"), "{shells:?}");
    let reads = of("Sensitive file read");
    assert_eq!(reads.len(), 1, "{found:?}");
    assert!(reads[0].starts_with("read /etc/shadow as innocent by cat below"), "{reads:?}");
    let written = of("Written below bin");
    assert_eq!(written.len(), 1, "{found:?}");
    assert!(written[0].contains("wrote /bin/planted (flags=O_WRONLY"), "{written:?}");
    assert!(written[0].ends_with("privileged=false)"), "{written:?}");
}

/// Every program of containers that live for a moment only is told with its container and image.
#[test]
fn no_container_is_too_short_lived() {
    let Some(lab) = Lab::start() else { return };
    let engine = Engine::load(&[]);
    let stop = AtomicBool::new(false);
    let mut seen_in: Vec<(String, String)> = Vec::new();
    const CONTAINERS: usize = 20;
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch(&SensorOptions::default(), &engine, &stop, |seen| {
                let model::EventKind::Exec(exec) = &seen.observed.event.kind else { return };
                if exec.claimed != "/bin/true" || exec.arguments.len() != 2 {
                    return;
                }
                let Some(container) = seen.observed.container else { return };
                let image = container.spec.image.reference.clone();
                seen_in.push((exec.arguments[1].clone(), image));
            })
        });
        std::thread::sleep(Duration::from_secs(2));
        for number in 0..CONTAINERS {
            let word = format!("brief-{number}");
            let run = ["run", "--rm", "--network", "none", "shop:1.2", "/bin/true", &word];
            assert!(lab.docker(&run).0);
        }
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    seen_in.sort();
    let mut expected: Vec<(String, String)> =
        (0..CONTAINERS).map(|number| (format!("brief-{number}"), "shop:1.2".to_owned())).collect();
    expected.sort();
    assert_eq!(seen_in, expected);
}
