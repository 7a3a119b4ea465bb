//! Isolation failure on real containers: an engine of the test's own, hogs of every kind with their
//! limits, and quiet twins. Only containers that the test made are looked at.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::attribute::Directory;
use lazaret_agent::detect::Engine;
use lazaret_agent::isolation::{
    DiskConfig, IsolationConfig, LimitKind, MiningConfig, Monitor, NormalConfig, Now,
};
use lazaret_agent::watch::Watch;
use model::Alert;
use sensor::SensorOptions;
use watched::Lab;

/// How long a busy machine may take until every hog was told.
const PATIENCE: Duration = Duration::from_secs(240);

/// A container: its name, its limits, what it does, and the condition that it must be told for.
/// Those without one are quiet.
const CONTAINERS: [(&str, &str, &str, &str); 13] = [
    ("cpu", "--cpus 0.03", "while :; do :; done", "Processor throttled"),
    ("cpu-twin", "--cpus 0.5", "while :; do sleep 1; done", ""),
    (
        "oom",
        "--memory 24m --memory-swap 24m",
        "while :; do busybox tail /dev/zero; sleep 0.2; done",
        "Killed for want of memory again and again",
    ),
    (
        "memory",
        "--memory 32m --memory-swap 32m",
        "busybox dd if=/dev/zero bs=29M count=1 | sleep 3600",
        "Memory at its limit",
    ),
    (
        "memory-twin",
        "--memory 64m --memory-swap 64m",
        // As full, but of files that the kernel takes back.
        "while :; do busybox dd if=/dev/zero of=/tmp/f bs=1M count=2; cat /tmp/f; sleep 1; done >/dev/null",
        "",
    ),
    (
        "pids",
        "--pids-limit 20",
        "i=0; while [ $i -lt 18 ]; do sleep 3600 & i=$((i+1)); done; wait",
        "Processes at their limit",
    ),
    (
        "pids-twin",
        "--pids-limit 20",
        "i=0; while [ $i -lt 8 ]; do sleep 3600 & i=$((i+1)); done; wait",
        "",
    ),
    ("fork", "--cpus 0.5", "while :; do /bin/true; done", "Processes begun too fast"),
    ("fork-twin", "", "while :; do /bin/true; sleep 1; done", ""),
    (
        "disk",
        "",
        "i=0; while [ $i -lt 32 ]; do busybox head -c 4194304 /dev/zero >/root/$i; i=$((i+1)); sleep 0.5; done; sleep 3600",
        "Disk filling up",
    ),
    ("disk-twin", "", "busybox head -c 1048576 /dev/zero >/root/x; sleep 3600", ""),
    (
        "miner",
        "--cpus 0.03",
        "cp /bin/busybox /tmp/busybox-x; exec /tmp/busybox-x sh -c 'while :; do :; done'",
        "Processor load like mining",
    ),
    ("bare", "", "sleep 3600", "Limit missing"),
];

fn config() -> IsolationConfig {
    IsolationConfig {
        window_s: 4,
        at_limit_percent: 90.0,
        at_limit_s: 2,
        oom_loop_s: 120,
        forks_per_s: 40.0,
        forks_window_s: 4,
        limits_wanted: vec![LimitKind::Memory],
        state: "".into(),
        // A machine that builds beside the test is pressed by others.
        host_pressure_percent: 101.0,
        io_stalled_percent: 101.0,
        normal: NormalConfig { enabled: false, ..NormalConfig::default() },
        disk: DiskConfig { look_s: 1, growth_mib: 16, ..DiskConfig::default() },
        // Beside other work not even a small part of a processor may be had for all of the time.
        throttled_percent: 40.0,
        mining: MiningConfig { minutes: 0.05, cpu_percent: 50.0, ..MiningConfig::default() },
        ..IsolationConfig::default()
    }
}

/// Starts every container; their ids by name.
fn start_all(lab: &Lab) -> BTreeMap<String, &'static str> {
    let start = |(name, limits, script, _): &(&'static str, &str, &str, &str)| {
        let mut arguments = vec!["run", "-d", "--network", "none", "--name", name];
        arguments.extend(limits.split_whitespace());
        arguments.extend(["shop:1.2", "/bin/sh", "-c", script]);
        let (started, id) = lab.docker(&arguments);
        assert!(started, "{name} does not start");
        (id.trim().to_owned(), *name)
    };
    CONTAINERS.iter().map(start).collect()
}

fn state_of(alert: &Alert) -> &str {
    alert.fields.get("state").and_then(Option::as_deref).unwrap_or("once")
}

#[test]
fn hogs_are_told_and_their_twins_are_not() {
    let Some(lab) = Lab::engine(Some(400)) else { return };
    let mut monitor = Monitor::new(config(), Directory::default(), "node".to_owned()).unwrap();
    monitor.look(Now::read());
    let names = start_all(&lab);
    let wanted: BTreeSet<(&str, &str)> = CONTAINERS
        .iter()
        .filter(|(.., rule)| !rule.is_empty())
        .map(|(name, .., rule)| (*name, *rule))
        .chain([("oom", "Process killed for want of memory")])
        .collect();
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    let mut texts = Vec::new();
    let begun = Instant::now();
    let mut look = |monitor: &mut Monitor, state: &str| {
        let mut found = Vec::new();
        for alert in monitor.look(Now::read()) {
            let id = alert.container.as_ref().unwrap().id.as_str();
            let Some(name) = names.get(id) else { continue };
            if state_of(&alert) == state || state.is_empty() {
                found.push(((*name).to_owned(), alert.rule.clone()));
            }
            texts.push(format!("{name}: {} {}", state_of(&alert), alert.text));
        }
        found
    };
    let all = |told: &BTreeSet<(String, String)>| {
        wanted.iter().all(|(name, rule)| told.contains(&((*name).to_owned(), (*rule).to_owned())))
    };
    while !all(&told) && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        told.extend(look(&mut monitor, ""));
    }
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(name, rule)| !told.contains(&((*name).to_owned(), (*rule).to_owned())))
        .collect();
    // What a hog began ends when it goes.
    assert!(lab.docker(&["rm", "-f", "cpu", "pids"]).0);
    let ended = look(&mut monitor, "ended");
    println!("{}", texts.join("\n"));
    assert!(missing.is_empty(), "not told: {missing:?}");
    assert!(ended.contains(&("cpu".to_owned(), "Processor throttled".to_owned())), "{ended:?}");
    assert!(ended.contains(&("pids".to_owned(), "Processes at their limit".to_owned())));
    // The image's own program may burn what it is given.
    assert!(!told.contains(&("cpu".to_owned(), "Processor load like mining".to_owned())));
    for name in ["cpu", "pids", "disk", "memory", "bare"] {
        assert!(
            !told.contains(&(name.to_owned(), "Processes begun too fast".to_owned())),
            "{name}"
        );
    }
    for twin in ["cpu-twin", "memory-twin", "pids-twin", "fork-twin", "disk-twin"] {
        let of_twin = told.iter().filter(|(name, rule)| name == twin && rule != "Limit missing");
        assert_eq!(of_twin.collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    }
}

/// A container that is killed in its first moments is told by the watch's count.
#[test]
fn a_kill_between_two_looks_is_told_with_the_watch() {
    let Some(lab) = Lab::start() else { return };
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let directory = watch.containers().clone();
    let mut monitor = Monitor::new(config(), directory, "node".to_owned()).unwrap();
    monitor.look(Now::read());
    let (notes, stop) = (monitor.notes(), AtomicBool::new(false));
    let engine = Engine::load(&[]);
    std::thread::scope(|scope| {
        let before = lazaret_agent::watch::Snapshot::of_host();
        let watching =
            scope.spawn(|| watch.run(&engine, before, &stop, |seen| notes.observe(seen)));
        // No look while it lives.
        let run = ["run", "--rm", "--network", "none", "--name", "brief", "-m", "24m"];
        let rest = ["--memory-swap", "24m", "shop:1.2", "/bin/busybox", "tail", "/dev/zero"];
        let arguments: Vec<&str> = run.into_iter().chain(rest).collect();
        assert!(!lab.docker(&arguments).0);
        let begun = Instant::now();
        let mut told = Vec::new();
        while told.is_empty() && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(500));
            let of_brief = |alert: &Alert| alert.container.as_ref().unwrap().name == "brief";
            told.extend(monitor.look(Now::read()).into_iter().filter(of_brief));
        }
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].rule, "Process killed for want of memory");
        let container = told[0].container.as_ref().unwrap();
        assert_eq!(container.image, "shop:1.2");
    });
}
