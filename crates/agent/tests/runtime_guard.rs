//! The runtime guard in front of runc, under a real dockerd without any plugin and under podman:
//! for each of the seven kinds one image that is refused with the reason and a near twin that starts.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

#[path = "lab/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "lab/reports.rs"]
#[allow(dead_code)]
mod reports;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use model::{Decision, Digest, Engine, Gate, Report};
use process::{Running, wait_until};
use reports::{KINDS, POLICY, report};
use store::Store;

/// An engine behind the guard: its command line, and what it needs to live.
struct Guarded {
    folder: tempfile::TempDir,
    program: &'static str,
    options: Vec<String>,
    dockerd: Option<Running>,
}

fn folder_with_guard() -> Option<(tempfile::TempDir, PathBuf)> {
    let needed = ["/usr/sbin/runc", "/bin/busybox"];
    if let Some(missing) = needed.iter().find(|file| !Path::new(file).exists()) {
        eprintln!("skipped: {missing} is not there");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config =
        format!("policy: {}\nguard: {{runtime: /usr/sbin/runc}}\n", at("policy.yaml").display());
    std::fs::write(at("agent.yaml"), config).unwrap();
    std::fs::write(at("policy.yaml"), POLICY).unwrap();
    let example = std::env::current_exe().unwrap();
    let example = example.parent().unwrap().parent().unwrap().join("examples/runtime_guard");
    let script =
        format!("#!/bin/sh\nexec {} {} \"$@\"\n", example.display(), folder.path().display());
    let guard = at("guard");
    std::fs::write(&guard, script).unwrap();
    std::fs::set_permissions(&guard, std::fs::Permissions::from_mode(0o755)).unwrap();
    Some((folder, guard))
}

impl Guarded {
    fn docker() -> Option<Guarded> {
        if !Path::new("/usr/sbin/dockerd").exists() {
            eprintln!("skipped: dockerd is not there");
            return None;
        }
        let (folder, guard) = folder_with_guard()?;
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("none.json"), "{}").unwrap();
        let mut dockerd = Command::new("/usr/sbin/dockerd");
        dockerd.args(["--bridge", "none", "--iptables=false", "--storage-driver", "overlay2"]);
        dockerd.arg("--host").arg(format!("unix://{}", at("sock").display()));
        dockerd.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        dockerd.arg("--pidfile").arg(at("pid")).arg("--config-file").arg(at("none.json"));
        dockerd.arg("--add-runtime").arg(format!("guard={}", guard.display()));
        dockerd.args(["--default-runtime", "guard"]);
        let running = Running::start(&mut dockerd, &at("dockerd.log"));
        let options = vec!["--host".to_owned(), format!("unix://{}", at("sock").display())];
        let guarded = Guarded { folder, program: "docker", options, dockerd: Some(running) };
        wait_until("dockerd", || guarded.command(&["version"]).0);
        Some(guarded)
    }

    fn podman() -> Option<Guarded> {
        if !Path::new("/usr/bin/podman").exists() {
            eprintln!("skipped: podman is not there");
            return None;
        }
        let (folder, guard) = folder_with_guard()?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let options = [
            "--root".to_owned(),
            at("storage"),
            "--runroot".to_owned(),
            at("run"),
            "--runtime".to_owned(),
            guard.display().to_string(),
            "--cgroup-manager".to_owned(),
            "cgroupfs".to_owned(),
            "--storage-driver".to_owned(),
            "overlay".to_owned(),
        ];
        Some(Guarded { folder, program: "podman", options: options.to_vec(), dockerd: None })
    }

    fn command(&self, arguments: &[&str]) -> (bool, String, String) {
        let mut command = Command::new(self.program);
        command.args(&self.options).args(arguments).env("HOME", self.folder.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("lazaret.sqlite")).unwrap()
    }

    /// An image of busybox, and what a scan would have said of it.
    fn image(&self, name: &str, user: &str, change: fn(&mut Report)) {
        let root = self.folder.path().join("root");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        std::fs::write(root.join("name"), name).unwrap();
        let tar = self.folder.path().join("root.tar");
        let packed =
            Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&root).arg(".").status();
        assert!(packed.unwrap().success());
        let user_line = format!("USER {user}");
        let mut import = vec!["import"];
        if !user.is_empty() {
            import.extend(["--change", &user_line]);
        }
        let tar = tar.display().to_string();
        import.extend([tar.as_str(), name]);
        let (done, _, why) = self.command(&import);
        assert!(done, "{import:?}: {why}");
        let (done, id, why) = self.command(&["image", "inspect", "--format", "{{.Id}}", name]);
        assert!(done, "{why}");
        let id = format!("sha256:{}", id.trim().trim_start_matches("sha256:"));
        let mut made = report(name, id.parse::<Digest>().unwrap(), user);
        change(&mut made);
        self.store().save_report(&made).unwrap();
    }

    fn run(&self, options: &[&str], image: &str) -> (bool, String, String) {
        let mut arguments = vec!["run", "--rm", "--network", "none"];
        if self.dockerd.is_none() {
            // Podman asks for more open files than some hosts may give.
            arguments.extend(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
        }
        arguments.extend(options);
        arguments.extend([image, "/bin/busybox", "echo", "started"]);
        self.command(&arguments)
    }

    fn starts(&self, options: &[&str], image: &str) {
        let (done, out, why) = self.run(options, image);
        assert!(
            done && out.trim() == "started",
            "{} {options:?} {image}: {out} {why}",
            self.program
        );
    }

    fn refuses(&self, options: &[&str], image: &str, rule: &str) {
        let (done, out, why) = self.run(options, image);
        assert!(!done, "{} {options:?} {image}: {out}", self.program);
        assert!(why.contains("lazaret") && why.contains(rule), "{} {image}: {why}", self.program);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let (_, left, _) = self.command(&["ps", "-aq"]);
        for id in left.split_whitespace() {
            self.command(&["rm", "-f", id]);
        }
        if self.dockerd.is_none() {
            self.command(&["system", "reset", "--force"]);
        }
    }
}

fn seven_kinds(guarded: &Guarded, engine: Engine) {
    guarded.image("root-bad:1", "", |_| {});
    guarded.image("root-good:1", "1000", |_| {});
    guarded.refuses(&[], "root-bad:1", "no-root");
    guarded.starts(&["--user", "1001"], "root-bad:1");
    guarded.starts(&[], "root-good:1");
    guarded.refuses(&["--user", "0"], "root-good:1", "no-root");
    for (rule, flaw, twin) in KINDS {
        guarded.image(&format!("{rule}-bad:1"), "1000", flaw);
        guarded.image(&format!("{rule}-good:1"), "1000", twin);
        guarded.refuses(&[], &format!("{rule}-bad:1"), rule);
        guarded.starts(&[], &format!("{rule}-good:1"));
    }
    guarded.refuses(&["--pid", "host"], "root-good:1", "host-access");
    guarded.refuses(&["-v", "/etc:/host"], "root-good:1", "host-access");
    guarded.refuses(&["--cap-add", "SYS_ADMIN"], "root-good:1", "host-access");
    // Another name does not make another image.
    let (tagged, ..) = guarded.command(&["tag", "malware-bad:1", "trusted:1"]);
    assert!(tagged);
    guarded.refuses(&[], "trusted:1", "malware");
    let decisions = guarded.store().latest_decisions(1000).unwrap();
    let denied = decisions.iter().filter(|one| one.record.enforced == Decision::Deny);
    assert_eq!(denied.count(), 12);
    let ours = |gate, found| gate == Gate::RuntimeGuard && found == engine;
    assert!(decisions.iter().all(|one| ours(one.record.gate, one.record.workload.engine)));
}

#[test]
fn docker_without_a_plugin() {
    let Some(guarded) = Guarded::docker() else { return };
    seven_kinds(&guarded, Engine::Docker);
}

#[test]
fn podman() {
    let Some(guarded) = Guarded::podman() else { return };
    seven_kinds(&guarded, Engine::Podman);
}

/// What cannot be judged is not started, and the engine says why.
#[test]
fn a_guard_without_a_policy_starts_nothing() {
    let Some(guarded) = Guarded::docker() else { return };
    guarded.image("good:1", "1000", |_| {});
    guarded.starts(&[], "good:1");
    std::fs::write(guarded.folder.path().join("policy.yaml"), "rules: [").unwrap();
    guarded.refuses(&[], "good:1", "policy.yaml");
}
