//! What the hands do, against containers that the test made: each has a twin that is left alone.

#![allow(
    clippy::excessive_nesting,
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::type_complexity,
    unreachable_pub
)]

mod responded;
mod watched;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use lazaret_agent::detect::{BUILT_IN, Engine};
use lazaret_agent::respond::{Action, Deed, Reach, in_force, undo};
use lazaret_agent::watch::{Snapshot, Watch};
use model::{Alert, AuditOutcome};
use responded::{
    Bench, Fake, Wire, alert_of, alert_of_process, container, container_with, eventually, exec,
    pid_of, processes, socket, state,
};
use sensor::SensorOptions;
use watched::Lab;

#[test]
fn a_process_is_killed_and_no_other() {
    let Some(lab) = Lab::start() else { return };
    let script = "sleep 301 & (sleep 302 & wait) & sleep 303; true";
    let (victim, twin) = (container(&lab, "victim", script), container(&lab, "twin", script));
    let no_engine = Path::new("/nowhere");
    let at = |name: &str| lab.folder.path().join(name);

    // A number that another process has by now, or that nobody has, is left alone.
    let bench = Bench::new(&at("1"), no_engine, "kill", "cool_down_seconds: 0");
    let mut alert = alert_of_process(Some(&victim), pid_of(&lab, &victim, "sleep 301"));
    let initiator = alert.initiator.as_mut().unwrap();
    initiator.process.start_ns -= 10_000_000;
    let record = bench.one(&alert);
    assert_eq!(record.outcome, AuditOutcome::Failure);
    assert!(record.text.contains("another process's now"), "{}", record.text);
    // So is a process of another container than the alert's.
    let of_twin = alert_of_process(Some(&twin), pid_of(&lab, &victim, "sleep 301"));
    assert!(bench.one(&of_twin).text.contains("not in the alert's container"));
    assert_eq!(processes(&lab, &victim).len(), 5);

    let pid = pid_of(&lab, &victim, "sleep 301");
    let alert = alert_of_process(Some(&victim), pid);
    let record = bench.done(&alert);
    assert_eq!(
        (record.action.as_str(), record.details["pids"].as_str()),
        ("kill", &*pid.to_string())
    );
    assert_eq!(record.details["ended"], "yes");
    assert_eq!(processes(&lab, &victim).len(), 4);
    assert!(bench.one(&alert).text.contains("has ended"));

    let bench = Bench::new(&at("2"), no_engine, "kill", "tree: true");
    let leaf = pid_of(&lab, &victim, "sleep 302");
    let parent = std::fs::read_to_string(format!("/proc/{leaf}/stat")).unwrap();
    let parent = parent.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().to_owned();
    let record = bench.done(&alert_of_process(Some(&victim), parent.parse().unwrap()));
    assert_eq!(record.details["pids"].split(',').count(), 2, "{record:?}");
    eventually("the tree is gone", || processes(&lab, &victim).len() == 2);
    assert_eq!(processes(&lab, &twin).len(), 5);
    assert_eq!(
        (state(&lab, &victim).as_str(), state(&lab, &twin).as_str()),
        ("running", "running")
    );
}

#[test]
fn a_container_is_paused_stopped_and_let_go_on() {
    let Some(lab) = Lab::start() else { return };
    let (victim, twin) =
        (container(&lab, "victim", "sleep 300"), container(&lab, "twin", "sleep 300"));
    let at = |name: &str| lab.folder.path().join(name);
    let (alert, running) = (alert_of(&victim), || assert_eq!(state(&lab, &twin), "running"));

    // A trial touches nothing, and cools down as the real thing does.
    let trial = Bench::new(&at("trial"), &socket(&lab), "pause", "dry_run: true");
    assert_eq!(trial.one(&alert).outcome, AuditOutcome::Trial);
    assert!(trial.one(&alert).text.contains("held back"));
    assert!(trial.answer(&alert).is_empty() && trial.hands.in_force().unwrap().is_empty());
    let other = Alert { tags: vec!["other".to_owned()], ..alert.clone() };
    assert!(trial.answer(&other).is_empty());
    assert_eq!(state(&lab, &victim), "running");

    // By the engine; undone by another process's way, as after a kill of the agent.
    let bench = Bench::new(&at("engine"), &socket(&lab), "pause", "cool_down_seconds: 3600");
    let record = bench.done(&alert);
    assert_eq!(
        (state(&lab, &victim).as_str(), record.details["by"].as_str()),
        ("paused", "engine")
    );
    running();
    assert!(bench.answer(&alert).is_empty(), "it is paused already");
    let (state_folder, engine) = (bench.state.clone(), bench.engine.clone());
    let id = bench.only_id();
    assert_eq!(record.details["id"], id);
    assert!(bench.hands.undo("nothing").unwrap_err().to_string().contains("not in force"));
    drop(bench);
    assert_eq!(in_force(&state_folder).unwrap()[0].action, Action::Pause);
    undo(&state_folder, &engine, &id).unwrap();
    assert!(in_force(&state_folder).unwrap().is_empty());
    assert_eq!(state(&lab, &victim), "running");
    // The next agent tells it.
    let bench = Bench::new(&at("engine"), &socket(&lab), "pause", "cool_down_seconds: 3600");
    let mut told = Vec::new();
    eventually("it is told", || {
        told.extend(bench.records());
        told.iter().any(|record| record.action == "undo_pause" && record.details["id"] == id)
    });
    bench.done(&alert);
    bench.hands.undo(&bench.only_id()).unwrap();
    assert_eq!(state(&lab, &victim), "running");
    bench.records();
    let held = bench.one(&alert);
    assert_eq!(
        (held.outcome, held.details["held_back"].as_str()),
        (AuditOutcome::Denied, "cool_down")
    );
    assert!(bench.answer(&alert).is_empty());

    // What a user paused, an undone response does not let go on.
    assert!(lab.docker(&["pause", &victim]).0);
    let bench = Bench::new(&at("user"), &socket(&lab), "pause", "cool_down_seconds: 0");
    assert_eq!(bench.one(&alert).outcome, AuditOutcome::Failure);
    assert!(bench.hands.in_force().unwrap().is_empty());
    assert_eq!(state(&lab, &victim), "paused");
    assert!(lab.docker(&["unpause", &victim]).0);

    // Without an engine, by the freezer; undone when its time is over.
    let bench = Bench::new(&at("freezer"), Path::new("/nowhere"), "pause", "undo_after_seconds: 2");
    let record = bench.done(&alert);
    assert_eq!(record.details["by"], "freezer");
    let pid = lab.docker(&["inspect", "-f", "{{.State.Pid}}", &victim]).1;
    let frozen = || {
        let wait = std::fs::read_to_string(format!("/proc/{}/wchan", pid.trim())).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap();
        status.rsplit_once(')').unwrap().1.trim().starts_with('D') || wait.contains("freez")
    };
    assert!(frozen());
    running();
    eventually("its time is over", || bench.hands.in_force().unwrap().is_empty());
    assert!(!frozen());

    // The hour's limit.
    let config = "{actions_per_hour: 1, rules: [{name: r, when: {tags: [test]}, action: stop}]}";
    let bench = Bench::with(&at("stop"), &socket(&lab), config);
    bench.done(&alert);
    assert_eq!(state(&lab, &victim), "exited");
    let held = bench.one(&alert_of(&twin));
    assert_eq!(held.details["held_back"], "limit");
    running();

    // Without an engine all its processes are ended; one that has ended is left alone.
    let bench = Bench::new(&at("end"), Path::new("/nowhere"), "stop", "cool_down_seconds: 0");
    assert!(bench.one(&alert).text.contains("has ended"));
    let start = || container(&lab, "other", "sleep 305 & sleep 306");
    let other = start();
    let record = bench.done(&alert_of(&other));
    assert!(record.details["processes"].parse::<usize>().unwrap() >= 2, "{record:?}");
    eventually("the engine sees it", || state(&lab, &other) == "exited");
    running();

    // Of an engine that is containerd's client, containerd is asked.
    let containerd = lab.folder.path().join("exec/containerd/containerd.sock");
    if !containerd.exists() {
        eprintln!("skipped: {} is not there", containerd.display());
        return;
    }
    lab.docker(&["rm", &other]);
    let other = start();
    let config = "rules: [{name: r, when: {tags: [test]}, action: stop}]";
    let nowhere = Path::new("/nowhere");
    let further = |reach: &mut Reach| reach.containerd = Some(containerd);
    let bench = Bench::reaching(&at("containerd"), nowhere, config, further);
    assert_eq!(bench.done(&alert_of(&other)).details["by"], "containerd");
    eventually("the engine sees it", || state(&lab, &other) == "exited");
    running();
}

#[test]
fn a_cgroup_named_like_a_container_is_not_the_container() {
    let Some(lab) = Lab::start() else { return };
    let victim = container(&lab, "victim", "sleep 307; true");
    let Some(fake) = Fake::of(&victim) else { return };
    let bench = Bench::new(lab.folder.path(), &socket(&lab), "pause", "cool_down_seconds: 3600");
    let stranger = alert_of_process(Some(&victim), fake.sleeper.id());
    let record = bench.one(&stranger);
    assert_eq!(
        (record.outcome, record.details["held_back"].as_str()),
        (AuditOutcome::Denied, "protected"),
        "{}",
        record.text
    );
    assert!(bench.answer(&stranger).is_empty(), "it was told");
    assert_eq!(state(&lab, &victim), "running");
    // What has ended cannot be asked any more, but the name is still borne twice.
    let mut ended = stranger.clone();
    ended.initiator.as_mut().unwrap().process.start_ns -= 10_000_000;
    let other = Bench::new(&lab.folder.path().join("2"), &socket(&lab), "stop", "");
    assert!(other.one(&ended).text.contains("bears the container's name"));
    assert_eq!(state(&lab, &victim), "running");
    // The same when its cgroup went at once: it is remembered where that was.
    let done = Deed { cgroup_id: fake.cgroup().id, program: None };
    let gone = Bench::new(&lab.folder.path().join("3"), &socket(&lab), "stop", "");
    gone.hands.begin(&[fake.cgroup()]);
    drop(fake);
    gone.hands.answer_deed(&ended, done);
    gone.hands.settle().unwrap();
    let told = gone.records();
    assert!(told.iter().all(|it| it.outcome == AuditOutcome::Denied), "{told:?}");
    assert!(told[0].text.contains("not the container's cgroup"), "{}", told[0].text);
    assert_eq!(state(&lab, &victim), "running");
    // The refusal holds nothing back that is the container's own.
    bench.done(&alert_of_process(Some(&victim), pid_of(&lab, &victim, "sleep 307")));
    assert_eq!(state(&lab, &victim), "paused");
    bench.hands.undo(&bench.only_id()).unwrap();
    // While the container does not run, the other is the only one of its name.
    assert!(lab.docker(&["stop", "-t", "0", &victim]).0);
    let Some(fake) = Fake::of(&victim) else { return };
    let stopped = Bench::new(&lab.folder.path().join("4"), &socket(&lab), "pause", "");
    let record = stopped.one(&alert_of_process(Some(&victim), fake.sleeper.id()));
    assert!(record.text.contains("does not run it"), "{}", record.text);
    assert!(stopped.hands.in_force().unwrap().is_empty());
}

#[test]
fn a_network_is_cut_and_given_back() {
    let Some(lab) = Lab::start() else { return };
    let server = "while :; do nc -l -p 4455 -e /bin/true; done";
    let (victim, twin) = (container(&lab, "victim", server), container(&lab, "twin", server));
    let reaches = |id: &str| exec(&lab, id, "nc -w 2 127.0.0.1 4455 </dev/null");
    eventually("both listen", || reaches(&victim) && reaches(&twin));
    let wire = Wire::to(&lab, &victim);

    let bench = Bench::new(lab.folder.path(), &socket(&lab), "block_network", "");
    let record = bench.done(&alert_of(&victim));
    assert!(!reaches(&victim), "{record:?}");
    assert!(reaches(&twin));
    if let Some(wire) = &wire {
        assert!(!wire.is_up(), "{record:?}");
        // Root in the container, with every right over its network, does not bring it back.
        let root = ["exec", "--privileged", &victim, "/bin/sh", "-c"];
        let script = "ip link set inner down; ip link set inner up; nc -w 2 127.0.0.1 4455";
        let arguments: Vec<&str> = root.iter().copied().chain([script]).collect();
        assert!(!lab.docker(&arguments).0 && !wire.is_up());
    }
    // As after a kill of the agent.
    let (state, engine, id) = (bench.state.clone(), bench.engine.clone(), bench.only_id());
    drop(bench);
    assert!(!reaches(&victim));
    let record = undo(&state, &engine, &id).unwrap();
    assert_eq!(record.action, "undo_block_network");
    eventually("it is given back", || reaches(&victim));
    assert!(wire.is_none_or(|wire| wire.is_up()));
}

#[test]
fn what_is_in_force_ends_with_a_restart_and_can_begin_again() {
    let Some(lab) = Lab::start() else { return };
    let victim = container(&lab, "victim", "sleep 300");
    let bench =
        Bench::new(lab.folder.path(), &socket(&lab), "block_network", "cool_down_seconds: 0");
    let first = bench.done(&alert_of(&victim)).details["id"].clone();
    assert!(bench.answer(&alert_of(&victim)).is_empty(), "it is in force");
    assert!(lab.docker(&["restart", "-t", "0", &victim]).0);
    let mut told = bench.answer(&alert_of(&victim));
    eventually("its end is told and it is done again", || {
        told.extend(bench.records());
        told.iter()
            .any(|it| it.details.get("id") == Some(&first) && it.action == "undo_block_network")
            && told.iter().any(|it| it.action == "block_network")
    });
    assert_ne!(bench.only_id(), first);
    bench.hands.undo(&bench.only_id()).unwrap();
}

#[test]
fn a_program_that_is_not_in_the_image_does_not_start() {
    let Some(lab) = Lab::start() else { return };
    let options = ["--tmpfs", "/scratch:exec"];
    let start = |name: &str| container_with(&lab, name, &options, "sleep 300");
    let (victim, twin) = (start("victim"), start("twin"));
    let plant = "cp /bin/busybox /tmp/busybox; chmod 755 /bin/busybox; /tmp/busybox true";
    assert!(exec(&lab, &victim, plant) && exec(&lab, &twin, plant));

    let bench = Bench::new(lab.folder.path(), &socket(&lab), "deny_exec", "");
    let record = bench.one(&alert_of(&victim));
    if record.outcome == AuditOutcome::Failure {
        eprintln!("skipped: {}", record.text);
        return;
    }
    // What came with the image runs, though its mode was changed; what was planted does not.
    assert!(exec(&lab, &victim, "/bin/true && ls / && cat /etc/passwd"));
    assert!(!exec(&lab, &victim, "/tmp/busybox true"));
    assert!(!exec(&lab, &victim, "mkdir /opt; cp /bin/busybox /opt/; /opt/busybox true"));
    assert!(!exec(&lab, &victim, "cp /bin/busybox /scratch/; /scratch/busybox true"));
    let scratch = "cp /bin/busybox /scratch/; /scratch/busybox true";
    assert!(exec(&lab, &twin, &format!("/tmp/busybox true && {scratch}")));
    let told = bench.records();
    let of = |path: &str| told.iter().find(|record| record.target == path).unwrap();
    assert_eq!(of("/tmp/busybox").outcome, AuditOutcome::Denied);
    assert_eq!(of("/tmp/busybox").container.as_ref().unwrap().id, victim);
    // The host is not the container, whichever file it runs.
    let merged = lab.docker(&["inspect", "-f", "{{.GraphDriver.Data.MergedDir}}", &victim]).1;
    let planted = Path::new(merged.trim()).join("tmp/busybox");
    assert!(Command::new(&planted).arg("true").status().unwrap().success());

    // The end of the agent releases it, the next one takes it up, undoing ends it.
    let id = bench.only_id();
    drop(bench);
    assert!(exec(&lab, &victim, "/tmp/busybox true"));
    let bench = Bench::new(lab.folder.path(), &socket(&lab), "deny_exec", "");
    bench.hands.settle().unwrap();
    assert!(!exec(&lab, &victim, "/tmp/busybox true"));
    undo(&bench.state, &bench.engine, &id).unwrap();
    eventually("the agent reads that it is undone", || exec(&lab, &victim, "/tmp/busybox true"));
}

/// From the act in the kernel to the end of the process, with the built-in rules.
#[test]
fn a_reverse_shell_ends_by_its_alert() {
    let Some(lab) = Lab::start() else { return };
    let rule = "{name: end, when: {rules: ['Shell on a network*']}, action: kill, tree: true}";
    let bench = Bench::with(lab.folder.path(), Path::new("/nowhere"), &format!("rules: [{rule}]"));
    let rules = Engine::load(&[BUILT_IN]);
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let stop = AtomicBool::new(false);
    let script = "(sleep 401 | nc -l -p 4455) & sleep 1; nc 127.0.0.1 4455 -e /bin/sh";
    let twin = container(&lab, "twin", "sleep 402 | sh & sleep 403; true");
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch.run(&rules, Snapshot::of_host(), &stop, |seen| {
                for detection in &seen.detections {
                    if seen.observed.container.is_some_and(|it| it.name == "victim") {
                        bench.hands.answer(&seen.alert(detection));
                    }
                }
            })
        });
        let victim = container(&lab, "victim", script);
        let mut told = Vec::new();
        eventually("it is answered", || {
            told.extend(bench.records());
            !told.is_empty()
        });
        assert_eq!(told[0].outcome, AuditOutcome::Success, "{}", told[0].text);
        assert_eq!(told[0].container.as_ref().unwrap().id, victim);
        eprintln!("ended {} ms after the act", told[0].details["milliseconds_after_the_act"]);
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    assert_eq!(processes(&lab, &twin).len(), 4);
}

#[test]
fn the_host_is_left_alone_unless_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = Command::new("sleep").arg("300").spawn().unwrap();
    let alert = alert_of_process(None, own.id());
    let none = Path::new("/nowhere");
    let bench = Bench::new(folder.path(), none, "kill", "cool_down_seconds: 0");
    let record = bench.one(&alert);
    assert!(record.text.contains("allow_host"), "{}", record.text);
    assert!(own.try_wait().unwrap().is_none());
    let first = alert_of_process(None, 1);
    assert!(bench.one(&first).text.contains("protected"));
    let rules = "rules: [{name: r, when: {tags: [test]}, action: kill, cool_down_seconds: 0}]";
    let bench = Bench::with(folder.path(), none, &format!("{{allow_host: true, {rules}}}"));
    let test_itself = alert_of_process(None, std::process::id());
    assert!(bench.one(&first).text.contains("protected"));
    assert!(bench.one(&test_itself).text.contains("protected"));
    bench.done(&alert);
    assert!(!own.wait().unwrap().success());
    let bench = Bench::new(folder.path(), none, "pause", "");
    let host = bench.one(&Alert { container: None, ..alert });
    assert_eq!(
        (host.outcome, host.details["held_back"].as_str()),
        (AuditOutcome::Denied, "protected")
    );
}
