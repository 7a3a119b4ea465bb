//! Programs that may not begin, against containers that the test made: by an alert, and by standing
//! orders. Each has a twin that goes on.

#![allow(
    clippy::excessive_nesting,
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::type_complexity,
    unreachable_pub
)]

#[path = "forbid/figures.rs"]
mod figures;
#[path = "forbid/node.rs"]
mod node;
#[path = "lab/process.rs"]
#[allow(dead_code)]
mod process;
mod responded;
mod watched;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lazaret_agent::detect::Engine;
use lazaret_agent::respond::{Action, Deed, undo};
use lazaret_agent::watch::Watch;
use model::{AuditOutcome, AuditRecord};
use policy::rules::RulesFile;
use responded::{Bench, config_of, container, eventually, exec, socket, state};
use sensor::SensorOptions;
use watched::Lab;
use watched::stop::Stop;

const RULES: &str = r"
- rule: A planted program
  desc: a program of the test begins
  condition: evt.type = execve and container.id != host and proc.exepath startswith /tmp/busybox
  output: began %proc.exepath
  priority: CRITICAL
  tags: [test]
";
const PLANT: &str = "cp /bin/busybox /tmp/busybox; cp /bin/busybox /tmp/other; sleep 300";

/// Hands over a sensor while `act` runs, as the node has them.
fn guarded(lab: &Lab, folder: &Path, config: &str, act: impl FnOnce(&Bench)) {
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let before = watch.snapshot();
    let bench = Bench::reaching(folder, &socket(lab), config, |reach| {
        reach.sensor = Some(Arc::clone(watch.sensor()));
        reach.containers = watch.containers().clone();
    });
    bench.hands.begin(&before.cgroups);
    watch.tell_at_once(bench.hands.witness());
    let file = RulesFile { name: "test.yaml", text: RULES };
    let (rules, stop) = (Engine::load(&[file]), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| {
            watch.run(&rules, before, &stop, |seen| {
                bench.hands.observe(seen);
                for detection in &seen.detections {
                    bench.hands.answer_deed(&seen.alert(detection), Deed::of(seen));
                }
            })
        });
        act(&bench);
    });
}

/// Whether a program is killed as it begins in a container: 128 and the signal is what a shell says.
fn is_killed(lab: &Lab, id: &str, program: &str) -> bool {
    exec(lab, id, &format!("{program}; [ $? -eq 137 ]"))
}

/// The records until one is as it is wanted.
fn until(bench: &Bench, what: &str, is_it: impl Fn(&AuditRecord) -> bool) -> Vec<AuditRecord> {
    let mut told = Vec::new();
    eventually(what, || {
        told.extend(bench.records());
        told.iter().any(&is_it)
    });
    told
}

#[test]
fn a_program_is_forbidden_by_its_alert_until_it_is_undone() {
    let Some(lab) = Lab::start() else { return };
    let at = lab.folder.path().join("forbid");
    let config = "rules: [{name: no more, when: {tags: [test]}, scope: {names: [victim]}, \
                  action: forbid_exec, cool_down_seconds: 0}]";
    let mut victim = String::new();
    guarded(&lab, &at, config, |bench| {
        victim = container(&lab, "victim", PLANT);
        let twin = container(&lab, "twin", PLANT);
        eventually("it is planted", || {
            [&victim, &twin].iter().all(|id| exec(&lab, id, "[ -e /tmp/other ]"))
        });
        assert!(exec(&lab, &victim, "/tmp/busybox true"), "the first time");
        let told = until(bench, "it is answered", |it| it.action == "forbid_exec");
        assert_eq!(told[0].outcome, AuditOutcome::Success, "{}", told[0].text);
        assert_eq!(told[0].details["program"], "/tmp/busybox");
        let id = bench.only_id();
        let in_force = &bench.hands.in_force().unwrap()[0];
        assert_eq!(
            (in_force.action, in_force.program()),
            (Action::ForbidExec, Some("/tmp/busybox"))
        );
        // The file is what may not begin, whatever it is called; a copy is another.
        assert!(is_killed(&lab, &victim, "/tmp/busybox true"));
        assert!(is_killed(&lab, &victim, "mv /tmp/busybox /tmp/busybox-2; /tmp/busybox-2 true"));
        assert!(exec(&lab, &victim, "mv /tmp/busybox-2 /tmp/busybox; /tmp/other; true; ls /"));
        assert!(exec(&lab, &twin, "/tmp/busybox true"));
        let is_kill = |it: &AuditRecord| it.action == "kill_program";
        let told = until(bench, "both kills are told", |it| it.target == "/tmp/busybox-2");
        let kills: Vec<&AuditRecord> = told.iter().filter(|it| is_kill(it)).collect();
        assert_eq!(kills.len(), 2, "{kills:#?}");
        assert!(kills.iter().all(|it| it.outcome == AuditOutcome::Success
            && it.details["id"] == id
            && it.rule == "A planted program"
            && it.container.as_ref().is_some_and(|it| it.id == victim)));
        // Undone by another process, as by `lazaret agent undo`; its next start is an alert again.
        undo(&bench.state, &bench.engine, &id).unwrap();
        until(bench, "the agent reads that", |it| it.action == "undo_forbid_exec");
        bench.hands.settle().unwrap();
        assert!(exec(&lab, &victim, "/tmp/busybox true"), "it may begin again");
        eventually("and is forbidden again", || {
            bench.hands.in_force().unwrap().iter().any(|it| it.id != id)
        });
        assert!(is_killed(&lab, &victim, "/tmp/busybox true"));
    });
    // The orders end with the agent, and the next one gives them again.
    assert!(exec(&lab, &victim, "/tmp/busybox true"));
    guarded(&lab, &at, config, |bench| {
        bench.hands.settle().unwrap();
        assert!(is_killed(&lab, &victim, "/tmp/busybox true"));
        lab.docker(&["rm", "-f", &victim]);
        until(bench, "it ends with its container", |it| it.action == "undo_forbid_exec");
        assert!(bench.hands.in_force().unwrap().is_empty());
    });
}

#[test]
fn what_may_never_begin_does_not_even_once() {
    let Some(lab) = Lab::start() else { return };
    let old = container(&lab, "old", PLANT);
    let config = "never: [{name: tools, paths: [/bin/tool], scope: {images: ['shop:*'], \
                  except: [twin]}}, {name: miners, names: [lz-miner]}, \
                  {name: tried, names: [lz-tried], dry_run: true}]";
    let link = |name: &str| format!("ln -s /bin/busybox /tmp/{name}; /tmp/{name}");
    // Under a name that it does not know, the program says so and ends.
    let begins = |id: &str, name: &str| exec(&lab, id, &format!("{}; [ $? -eq 127 ]", link(name)));
    guarded(&lab, &lab.folder.path().join("never"), config, |bench| {
        let ended = |name: &str| {
            lab.docker(&["run", "--network", "none", "--name", name, "shop:1.2", "/bin/tool"]);
            lab.docker(&["inspect", "-f", "{{.State.ExitCode}}", name]).1.trim().to_owned()
        };
        assert_eq!((ended("victim").as_str(), ended("twin").as_str()), ("137", "127"));
        let killed = |target: &'static str| {
            move |it: &AuditRecord| it.action == "kill_program" && it.target == target
        };
        let told = until(bench, "it is told", killed("/bin/tool"));
        let told = told.iter().find(|it| it.target == "/bin/tool").unwrap();
        assert_eq!((told.outcome, &*told.details["response"]), (AuditOutcome::Success, "tools"));
        assert_eq!(told.container.as_ref().unwrap().name, "victim");
        // In one that ran before the agent, by the kernel's name; a trial is told only.
        assert!(!begins(&old, "lz-miner") && begins(&old, "lz-tried"));
        let trial = until(bench, "the trial is told", |it| it.outcome == AuditOutcome::Trial);
        assert!(trial.iter().any(|it| it.details.get("response").is_some_and(|it| it == "miners")));
        // The host is left alone, and so is the runtime.
        let own = lab.folder.path().join("lz-miner");
        std::fs::copy("/bin/true", &own).unwrap();
        assert!(Command::new(&own).status().unwrap().success());
        // Other rules from now on; those with a mistake change nothing.
        assert!(bench.hands.replace(config_of("never: [{names: ['x*']}]")).is_err());
        assert!(!begins(&old, "lz-miner"));
        bench.hands.replace(config_of("never: [{names: [lz-tried]}]")).unwrap();
        assert!(begins(&old, "lz-miner") && !begins(&old, "lz-tried"));
        bench.hands.replace(config_of("{}")).unwrap();
        assert!(begins(&old, "lz-tried"));
        assert_eq!(state(&lab, &old), "running");
    });
}
