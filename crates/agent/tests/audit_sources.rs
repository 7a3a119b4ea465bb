//! The sources of the audit trail over a real engine and the real sensor: what was done, in order,
//! by whom, in which session. Only what the test itself does is looked at.

#![allow(clippy::unwrap_used, clippy::too_many_lines, unreachable_pub)]

mod gathered;
mod watched;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use gathered::{Gathered, Sources};
use lazaret_agent::key_files::{KeyFile, KeyFilesConfig};
use lazaret_agent::lifecycle::LifeCycleConfig;
use model::{AuditKind, AuditOutcome, AuditRecord};
use watched::Lab;

fn life_cycle(lab: &Lab) -> LifeCycleConfig {
    LifeCycleConfig {
        docker: Some(lab.folder.path().join("docker.sock")),
        containerd: None,
        ..LifeCycleConfig::default()
    }
}

fn of<'a>(told: &'a Gathered, name: &str, kind: AuditKind) -> Vec<&'a AuditRecord> {
    let is_it = |record: &&AuditRecord| {
        record.kind == kind && record.container.as_ref().is_some_and(|one| one.name == name)
    };
    told.records.iter().filter(is_it).collect()
}

fn actions(records: &[&AuditRecord]) -> Vec<String> {
    records.iter().map(|record| record.action.clone()).collect()
}

/// run, exec, kill and rm, each with whoever asked for it.
#[test]
fn a_containers_life_is_told_with_who_asked_for_it() {
    let Some(lab) = Lab::start() else { return };
    let sources = Sources { life_cycle: life_cycle(&lab), ..Sources::default() };
    let told = sources.gather(|| {
        let run =
            ["run", "-d", "--network", "none", "--name", "victim", "shop:1.2", "/bin/sleep", "99"];
        assert!(lab.docker(&run).0);
        assert!(
            lab.docker(&["exec", "victim", "/bin/sh", "-c", "/bin/id; /bin/ls /etc; exit 3"])
                .1
                .contains("uid=0")
        );
        assert!(lab.docker(&["kill", "victim"]).0);
        assert!(lab.docker(&["rm", "victim"]).0);
        let save = lab.folder.path().join("saved.tar");
        let save = save.to_str().unwrap();
        assert!(lab.docker(&["save", "-o", save, "shop:1.2"]).0);
        assert!(lab.docker(&["rmi", "shop:1.2"]).0);
        assert!(lab.docker(&["load", "-i", save]).0);
        assert!(lab.docker(&["volume", "create", "lazaret-data"]).0);
        assert!(lab.docker(&["volume", "rm", "lazaret-data"]).0);
    });
    let life = of(&told, "victim", AuditKind::Container);
    let expected =
        ["create", "start", "exec_create", "exec_start", "exec_die", "kill", "die", "destroy"];
    assert_eq!(actions(&life), expected, "{life:#?}");
    for (record, verb) in
        life.iter().zip(["run", "run", "exec", "exec", "exec", "kill", "kill", "rm"])
    {
        let by = &record.initiator;
        assert!(by.command.contains(&format!(" {verb} ")), "{}: {by:?}", record.action);
        assert!(by.exe.ends_with("docker") && by.uid == Some(0), "{by:?}");
        let test = std::process::id();
        assert!(by.ancestors.iter().any(|above| above.process.pid == test), "{by:?}");
        let container = record.container.as_ref().unwrap();
        assert_eq!((container.id.len(), container.image.as_str()), (64, "shop:1.2"));
    }
    assert_eq!(life[4].details["exit_code"], "3");
    assert_eq!(life[6].details["exit_code"], "137");
    assert_eq!(life[6].details["cause"], "signal 9");
    let times: Vec<i64> = life.iter().map(|record| record.time_ns).collect();
    assert!(times.is_sorted());
    let images: Vec<_> = told.records.iter().filter(|one| one.kind == AuditKind::Image).collect();
    for (action, verb) in [("untag", "rmi"), ("delete", "rmi"), ("load", "load")] {
        let found = images.iter().find(|record| record.action == action);
        let by = &found.unwrap_or_else(|| panic!("no {action} in {images:#?}")).initiator;
        assert!(by.command.contains(&format!(" {verb} ")), "{action}: {by:?}");
    }
    let volumes: Vec<_> = told.records.iter().filter(|one| one.target == "lazaret-data").collect();
    assert_eq!(
        volumes.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(),
        ["create", "destroy"]
    );
    assert!(volumes[1].initiator.command.contains("volume rm"), "{volumes:#?}");
    a_session(&told, &life);
}

/// The exec's programs belong together, with the engine's own id of it.
fn a_session(told: &Gathered, life: &[&AuditRecord]) {
    let commands = of(told, "victim", AuditKind::Command);
    let exec_id = &life[2].details["exec_id"];
    let session: Vec<&&AuditRecord> =
        commands.iter().filter(|one| one.details.get("session") == Some(exec_id)).collect();
    let texts: Vec<(&str, &str)> =
        session.iter().map(|one| (one.action.as_str(), one.text.as_str())).collect();
    let line = "/bin/sh -c '/bin/id; /bin/ls /etc; exit 3'";
    assert_eq!(texts.len(), 5, "{texts:?} of {commands:#?}");
    assert!(texts[0].0 == "session_start" && texts[0].1.contains(line), "{texts:?}");
    assert_eq!(texts[1], ("exec", line));
    assert_eq!(texts[2..4], [("exec", "/bin/id"), ("exec", "/bin/ls /etc")]);
    assert!(texts[4].0 == "session_end" && texts[4].1.contains("exit code 3"), "{texts:?}");
    assert!(session[0].details["asked_by"].contains("exec victim"), "{:#?}", session[0]);
    assert_eq!(session[4].details["programs"], "3");
    // The first program is the container's own and in no session.
    let own = commands.iter().find(|one| one.text == "/bin/sleep 99").unwrap();
    assert!(!own.details.contains_key("session"));
}

/// The same command over and over is told with its number; an early end names its cause.
#[test]
fn what_repeats_is_counted_and_what_removes_itself_is_its_makers() {
    let Some(lab) = Lab::start() else { return };
    let sources = Sources { life_cycle: life_cycle(&lab), ..Sources::default() };
    let script = "for i in 1 2 3 4 5 6 7 8 9; do /bin/true same; done; exit 7";
    let run =
        ["run", "--rm", "--network", "none", "--name", "busy", "shop:1.2", "/bin/sh", "-c", script];
    let told = sources.gather(|| assert!(!lab.docker(&run).0));
    let commands = of(&told, "busy", AuditKind::Command);
    let same: Vec<&str> = commands
        .iter()
        .map(|record| record.text.as_str())
        .filter(|text| text.starts_with("/bin/true same"))
        .collect();
    assert_eq!(same, ["/bin/true same", "/bin/true same ×8"]);
    let life = of(&told, "busy", AuditKind::Container);
    let died = life.iter().find(|record| record.action == "die").unwrap();
    assert_eq!(died.details["cause"], "its program ended");
    assert_eq!(died.initiator.command, "");
    let gone = life.iter().find(|record| record.action == "destroy").unwrap();
    assert!(gone.initiator.command.contains("--name busy"), "{gone:#?}");
}

/// At a terminal of the host, without any container.
#[test]
fn commands_at_a_terminal_are_a_session() {
    let Some(lab) = Lab::start() else { return };
    if !Path::new("/usr/bin/script").exists() {
        println!("skipped: no script to make a terminal with");
        return;
    }
    let sources = Sources { life_cycle: life_cycle(&lab), ..Sources::default() };
    let told = sources.gather(|| {
        let typed = "/bin/true lazaret-typed; /bin/ls /nowhere-lazaret";
        let mut command = Command::new("/usr/bin/script");
        command.args(["-qec", typed, "/dev/null"]).stdin(Stdio::null()).stdout(Stdio::null());
        assert!(!command.status().unwrap().success());
        assert!(Command::new("/bin/true").arg("lazaret-untyped").status().unwrap().success());
    });
    let commands: Vec<&AuditRecord> = told
        .records
        .iter()
        .filter(|one| one.kind == AuditKind::Command && one.container.is_none())
        .collect();
    let typed = commands.iter().find(|one| one.text == "/bin/true lazaret-typed").unwrap();
    assert_eq!(typed.details["session_kind"], "login");
    assert!(typed.initiator.tty != 0, "{typed:#?}");
    let session: Vec<&str> = commands
        .iter()
        .filter(|one| one.details.get("session") == typed.details.get("session"))
        .map(|one| one.action.as_str())
        .collect();
    assert_eq!(session.first(), Some(&"session_start"), "{commands:#?}");
    assert_eq!(session.last(), Some(&"session_end"), "{commands:#?}");
    assert!(!commands.iter().any(|one| one.text.contains("lazaret-untyped")));
}

/// Events of the time in between are asked for again, and told once.
#[test]
fn a_gap_is_filled_from_the_engines_memory() {
    let Some(lab) = Lab::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let sources = || Sources {
        life_cycle: life_cycle(&lab),
        data: data.path().to_path_buf(),
        ..Sources::default()
    };
    let volume = |name: &str| assert!(lab.docker(&["volume", "create", name]).0);
    let first = sources().gather(|| volume("one"));
    volume("two");
    let second = sources().gather(|| volume("three"));
    let volumes = |told: &Gathered| -> Vec<String> {
        let is_it = |record: &&AuditRecord| record.kind == AuditKind::Volume;
        told.records.iter().filter(is_it).map(|record| record.target.clone()).collect()
    };
    assert_eq!(volumes(&first), ["one"]);
    assert_eq!(volumes(&second), ["two", "three"]);
    let unknown = second.records.iter().find(|record| record.target == "two").unwrap();
    assert_eq!(unknown.initiator.command, "", "nobody watched then");
}

/// Containers that the engine below Docker makes for others.
#[test]
fn containerd_tells_of_containers_made_without_docker() {
    let Some(lab) = Lab::start() else { return };
    let socket = lab.folder.path().join("exec/containerd/containerd.sock");
    if !socket.exists() || !Path::new("/usr/bin/ctr").exists() {
        println!("skipped: no containerd of the engine's own, or no ctr");
        return;
    }
    let saved = lab.folder.path().join("saved.tar");
    assert!(lab.docker(&["save", "-o", saved.to_str().unwrap(), "shop:1.2"]).0);
    let ctr = |words: &[&str]| {
        let mut command = Command::new("/usr/bin/ctr");
        command.arg("--address").arg(&socket).args(["--namespace", "lazaret"]).args(words);
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let life_cycle = LifeCycleConfig {
        docker: Some(lab.folder.path().join("docker.sock")),
        containerd: Some(socket.clone()),
        ..LifeCycleConfig::default()
    };
    let sources = Sources { life_cycle, ..Sources::default() };
    let mut ran = (true, String::new());
    let told = sources.gather(|| {
        ran = ctr(&["images", "import", saved.to_str().unwrap()]);
        assert!(ran.0, "{}", ran.1);
        ran = ctr(&["run", "--rm", "docker.io/library/shop:1.2", "lazaret-direct", "/bin/true"]);
        let _ = ctr(&["images", "rm", "docker.io/library/shop:1.2"]);
    });
    let image =
        told.records.iter().find(|one| one.kind == AuditKind::Image && one.action == "pull");
    assert!(image.unwrap().initiator.command.contains("images import"), "{image:#?}");
    if !ran.0 {
        println!("skipped: ctr cannot run a container here: {}", ran.1);
        return;
    }
    let life: Vec<_> = told.records.iter().filter(|one| one.target == "lazaret-direct").collect();
    assert_eq!(actions(&life), ["create", "start", "die", "destroy"], "{life:#?}");
    assert!(life[0].initiator.command.contains("run --rm"), "{life:#?}");
    assert_eq!(life[2].details["exit_code"], "0");
    assert_eq!(life[0].details["namespace"], "lazaret");
}

/// A made root: an account file edited, a runtime's program written from a container.
#[test]
fn key_files_are_told_with_their_hashes_and_who_changed_them() {
    let Some(lab) = Lab::start() else { return };
    let root = lab.folder.path().join("host").canonicalize().unwrap_or_else(|_| {
        std::fs::create_dir_all(lab.folder.path().join("host")).unwrap();
        lab.folder.path().join("host").canonicalize().unwrap()
    });
    for folder in ["etc/cron.d", "usr/sbin", "srv"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
    std::fs::write(root.join("etc/shadow"), "root:*:1::::::\n").unwrap();
    std::fs::write(root.join("srv/quiet"), "x").unwrap();
    std::fs::copy("/bin/busybox", root.join("usr/sbin/runc")).unwrap();
    std::fs::set_permissions(root.join("usr/sbin/runc"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    let more = vec![KeyFile { path: "/srv/quiet".to_owned(), critical: false, reads: true }];
    let key_files = KeyFilesConfig { root: root.clone(), more, ..KeyFilesConfig::default() };
    let sources =
        Sources { life_cycle: life_cycle(&lab), key_files: Some(key_files), ..Sources::default() };
    let at = |path: &str| root.join(path).to_str().unwrap().to_owned();
    let shell = |script: &str| {
        assert!(
            Command::new("/bin/sh").args(["-c", script]).status().unwrap().success(),
            "{script}"
        );
    };
    let told = sources.gather(|| {
        shell(&format!("echo 'eve:x:0:0::/:/bin/sh' >> {}", at("etc/passwd")));
        shell(&format!("cat {} {} > /dev/null", at("etc/shadow"), at("srv/quiet")));
        shell(&format!("echo new > {0}.new; mv {0}.new {0}", at("etc/shadow")));
        shell(&format!("chmod 4755 {}", at("usr/sbin/runc")));
        shell(&format!("echo '* * * * * root true' > {}", at("etc/cron.d/job")));
        shell(&format!("rm {}", at("etc/cron.d/job")));
        shell(&format!("echo y > {}", at("srv/quiet")));
        let mount = format!("{}:/host", root.display());
        let script = "cat /bin/busybox > /host/usr/sbin/runc; true";
        let run = [
            "run",
            "--rm",
            "--network",
            "none",
            "--name",
            "escape",
            "-v",
            &mount,
            "shop:1.2",
            "/bin/sh",
            "-c",
            script,
        ];
        assert!(lab.docker(&run).0);
        std::thread::sleep(std::time::Duration::from_secs(4));
    });
    let files: Vec<&AuditRecord> =
        told.records.iter().filter(|record| record.kind == AuditKind::File).collect();
    let find = |action: &str, path: &str| {
        let path = at(path);
        let found = files.iter().find(|one| one.action == action && one.target == path);
        (*found.unwrap_or_else(|| panic!("no {action} of {path} in {files:#?}"))).clone()
    };
    // A writer may open long before it writes: then the change is told later, as its own.
    let changed = |path: &str| {
        let path = at(path);
        let found = files.iter().find(|one| {
            one.target == path
                && one.details.get("changed").is_some_and(|changed| changed == "true")
        });
        (*found.unwrap_or_else(|| panic!("no change of {path} in {files:#?}"))).clone()
    };
    assert_eq!(find("write", "etc/passwd").outcome, AuditOutcome::Success);
    let (passwd, moved) = (changed("etc/passwd"), find("rename", "etc/shadow"));
    for record in [&passwd, &moved] {
        assert_eq!(record.details["changed"], "true");
        assert_ne!(record.details["sha256_before"], record.details["sha256_after"]);
    }
    assert!(passwd.initiator.command.contains("eve:x:0:0"), "{passwd:#?}");
    assert!(moved.initiator.command.starts_with("mv "), "{moved:#?}");
    assert!(find("read", "etc/shadow").initiator.command.starts_with("cat "));
    assert!(find("read", "srv/quiet").initiator.command.starts_with("cat "));
    let mode = find("chmod", "usr/sbin/runc");
    assert_eq!((&*mode.details["mode_before"], &*mode.details["mode_after"]), ("755", "4755"));
    assert_eq!(find("write", "etc/cron.d/job").details["exists_before"], "false");
    assert_eq!(find("unlink", "etc/cron.d/job").details["exists_after"], "false");
    let runc = files
        .iter()
        .find(|one| one.target == at("usr/sbin/runc") && one.container.is_some())
        .unwrap_or_else(|| panic!("no write from the container in {files:#?}"));
    assert_eq!((runc.action.as_str(), runc.outcome), ("write", AuditOutcome::Success));
    let container = runc.container.as_ref().unwrap();
    assert_eq!((container.name.as_str(), container.image.as_str()), ("escape", "shop:1.2"));
    let alerts: Vec<(String, &str)> = told
        .alerts
        .iter()
        .map(|alert| (alert.fields["fd.name"].clone().unwrap(), alert.priority.as_str()))
        .collect();
    for (path, priority) in
        [("etc/passwd", "error"), ("etc/shadow", "error"), ("etc/cron.d/job", "warning")]
    {
        assert!(alerts.contains(&(at(path), priority)), "{path} in {alerts:?}");
    }
    let from_container = told.alerts.iter().find(|alert| alert.container.is_some()).unwrap();
    assert_eq!(from_container.priority.as_str(), "critical");
    assert!(from_container.tags.contains(&"T1611".to_owned()), "{:?}", from_container.tags);
    assert!(!alerts.iter().any(|(path, _)| *path == at("srv/quiet")), "{alerts:?}");
}

/// How soon after the act a record is handed in. Prints; asserts nothing of time.
#[test]
#[ignore = "a measurement: cargo test -p lazaret-agent --test audit_sources -- --ignored --nocapture"]
fn delays() {
    let Some(lab) = Lab::start() else { return };
    let root = tempfile::tempdir().unwrap();
    let path = root.path().canonicalize().unwrap();
    std::fs::create_dir_all(path.join("etc")).unwrap();
    std::fs::write(path.join("etc/passwd"), "one\n").unwrap();
    let key_files = KeyFilesConfig { root: path.clone(), ..KeyFilesConfig::default() };
    let sources =
        Sources { life_cycle: life_cycle(&lab), key_files: Some(key_files), ..Sources::default() };
    let told = sources.gather(|| {
        let run =
            ["run", "-d", "--network", "none", "--name", "timed", "shop:1.2", "/bin/sleep", "99"];
        assert!(lab.docker(&run).0);
        for round in 0..30 {
            let script = format!("echo {round} >> {}/etc/passwd", path.display());
            assert!(Command::new("/bin/sh").args(["-c", &script]).status().unwrap().success());
            assert!(lab.docker(&["exec", "timed", "/bin/true", &round.to_string()]).0);
            assert!(lab.docker(&["volume", "create", &format!("timed-{round}")]).0);
        }
    });
    for what in [
        "Volume create",
        "Container exec_create",
        "Command session_start",
        "File write",
        "alert Alert file",
    ] {
        let delays = told.delays_ms.iter().filter(|(name, _)| name == what);
        let mut delays: Vec<f64> = delays.map(|(_, ms)| *ms).collect();
        delays.sort_by(f64::total_cmp);
        let last = delays.len().saturating_sub(1) as f64;
        let at = |share: f64| delays.get((last * share) as usize).copied();
        println!("{what}: {} median {:.0?} ms, p99 {:.0?} ms", delays.len(), at(0.5), at(0.99));
    }
}

/// What happened while nobody looked is found by its hash.
#[test]
fn a_change_while_the_agent_was_away_is_told() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().canonicalize().unwrap();
    std::fs::create_dir_all(path.join("etc")).unwrap();
    std::fs::write(path.join("etc/passwd"), "one\n").unwrap();
    let key_files = || KeyFilesConfig { root: path.clone(), ..KeyFilesConfig::default() };
    let data = tempfile::tempdir().unwrap();
    let first = gathered::key_files_alone(key_files(), data.path(), || {});
    assert!(first.records.is_empty() && first.alerts.is_empty(), "{first:#?}");
    std::fs::write(path.join("etc/passwd"), "two\n").unwrap();
    let second = gathered::key_files_alone(key_files(), data.path(), || {
        // Nobody watches here, but the kernel notifies.
        let script = format!("echo three > {}/etc/passwd; sleep 1", path.display());
        assert!(Command::new("/bin/sh").args(["-c", &script]).status().unwrap().success());
    });
    let away = &second.records[0];
    assert_eq!(away.details["seen"], "while the agent was away");
    assert_ne!(away.details["sha256_before"], away.details["sha256_after"]);
    assert_eq!(second.alerts[0].rule, "Key files changed while the agent was away");
    let is_it = |one: &&AuditRecord| one.details.get("seen").is_some_and(|seen| seen == "fanotify");
    let notified = second.records.iter().find(is_it);
    let notified = notified.unwrap_or_else(|| panic!("no notification in {second:#?}"));
    assert_eq!(notified.details["sha256_before"], away.details["sha256_after"]);
    assert!(notified.initiator.command.contains("echo three"), "{notified:#?}");
}

/// Without events and without notifications a look finds it.
#[test]
fn a_change_that_no_event_showed_is_told_as_that() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().canonicalize().unwrap();
    std::fs::create_dir_all(path.join("etc/cron.d")).unwrap();
    let key_files = KeyFilesConfig {
        root: path.clone(),
        fanotify: false,
        look_every_s: 1,
        ..KeyFilesConfig::default()
    };
    let data = tempfile::tempdir().unwrap();
    let told = gathered::key_files_alone(key_files, data.path(), || {
        std::fs::write(path.join("etc/cron.d/job"), "* * * * * root true\n").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(5));
    });
    assert_eq!(told.records.len(), 1, "{told:#?}");
    assert_eq!(told.records[0].details["seen"], "without an event");
    assert_eq!(told.records[0].outcome, AuditOutcome::Unknown);
    assert_eq!(told.alerts[0].rule, "Key file changed without an event");
}
