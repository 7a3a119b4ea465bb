//! Each built-in detection against a real container that does the thing, and beside it one that does
//! nearly the same and must stay silent.

#![allow(clippy::excessive_nesting, clippy::unwrap_used, clippy::type_complexity, unreachable_pub)]

#[path = "detections/cases.rs"]
mod cases;
mod watched;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cases::{CASES, Case, EVASIONS};
use lazaret_agent::detect::{BUILT_IN, Engine};
use watched::{Lab, said};

/// Containers at work at once.
const TOGETHER: usize = 4;
/// How long a container may run.
const PATIENCE_S: u32 = 30;
/// What the start of a container with more than usual says by itself.
const STARTS: &[&str] = &[
    "Container with dangerous capabilities started",
    "Container in the host's processes or messages started",
    "Container with a sensitive mount started",
    "Container without system call filter started",
    "Privileged container started",
];

#[test]
fn every_behaviour_is_told_and_its_twin_is_not() {
    let Some(lab) = Lab::start() else { return };
    let engine = Engine::load(&[BUILT_IN]);
    let wanted = std::env::var("LAZARET_CASE").unwrap_or_default();
    let every = CASES.iter().chain(EVASIONS);
    let cases: Vec<&Case> = every.filter(|case| case.name.contains(&wanted)).collect();
    let protected = lab.folder.path().join("protected");
    std::fs::create_dir(&protected).unwrap();
    std::fs::copy("/bin/busybox", protected.join("runc")).unwrap();
    // A process of the host that is the test's own to be reached for.
    let mut host = std::process::Command::new("sleep").arg("900").spawn().unwrap();
    let (mut found, skipped) = all(&lab, &engine, &cases, host.id());
    // On a machine that is busy with other things the kernel may have lost what happened.
    for _ in 0..2 {
        let unseen = |case: &&&Case| case.rule.is_some() && mistake(case, &found).is_some();
        let again: Vec<&Case> = cases.iter().filter(unseen).copied().collect();
        if !again.is_empty() {
            found.extend(all(&lab, &engine, &again, host.id()).0);
        }
    }
    host.kill().unwrap();
    host.wait().unwrap();
    // What a machine refuses needs more than the usual rights.
    assert!(skipped.len() <= 2, "{skipped:?} did not start");
    let ran = cases.iter().filter(|case| !skipped.contains(&case.name));
    let mistakes: Vec<String> = ran.filter_map(|case| mistake(case, &found)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

/// Drives all of them, some side by side. Gives what the rules said, and which did not begin.
fn all(
    lab: &Lab,
    engine: &Engine,
    cases: &[&Case],
    host_pid: u32,
) -> (Vec<(String, String, String)>, Vec<&'static str>) {
    let (next, skipped) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let found = said(engine, "case-", || {
        std::thread::scope(|scope| {
            for _ in 0..TOGETHER {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if !run(lab, case, host_pid) {
                            skipped.lock().unwrap().push(case.name);
                        }
                    }
                });
            }
        });
    });
    (found, skipped.into_inner().unwrap())
}

/// Whether it began: some machines refuse privileged containers.
fn run(lab: &Lab, case: &Case, host_pid: u32) -> bool {
    let name = format!("case-{}", case.name);
    let host_pid = format!("HOST_PID={host_pid}");
    let agent_pid = format!("AGENT_PID={}", std::process::id());
    let mut run: Vec<String> = [
        "run",
        "--rm",
        "--network",
        "none",
        "--env",
        &host_pid,
        "--env",
        &agent_pid,
        "--name",
        &name,
    ]
    .map(str::to_owned)
    .to_vec();
    let folder = lab.folder.path().to_string_lossy();
    run.extend(case.options.iter().map(|option| option.replace("$LAB", &folder)));
    let script = format!("echo begun; {}", case.script);
    run.extend(["shop:1.2", "/bin/sh", "-c", &script].map(str::to_owned));
    let words: Vec<&str> = run.iter().map(String::as_str).collect();
    let out = lab.run_within(PATIENCE_S, &name, &words);
    let began = out.contains("begun");
    if !began {
        eprintln!("skipped: {} did not start", case.name);
    }
    if std::env::var_os("LAZARET_CASE").is_some() {
        println!("{name}: {out}");
    }
    began
}

fn mistake(case: &Case, found: &[(String, String, String)]) -> Option<String> {
    let name = format!("case-{}", case.name);
    let of: Vec<&(String, String, String)> =
        found.iter().filter(|(container, ..)| *container == name).collect();
    let of: Vec<(&str, &str)> =
        of.iter().map(|(_, rule, line)| (rule.as_str(), line.as_str())).collect();
    let right = match case.rule {
        Some(rule) => of.iter().any(|(said, _)| *said == rule),
        None => {
            let expected =
                |said| STARTS.contains(&said) || cases::ALSO.contains(&(case.name, said));
            of.iter().all(|(said, _)| expected(said))
        }
    };
    (!right).then(|| format!("{}: expected {:?}, the rules said {of:?}", case.name, case.rule))
}

/// What the host's own runtime does for a container in which it is asked to run something more.
#[test]
fn the_hosts_runtime_is_silent() {
    let Some(lab) = Lab::start() else { return };
    let engine = Engine::load(&[BUILT_IN]);
    let run =
        ["run", "-d", "--network", "none", "--name", "exec-a", "shop:1.2", "/bin/sleep", "60"];
    let mut ran = Vec::new();
    let found = said(&engine, "exec-", || {
        ran.push(lab.docker(&run).0);
        // Some machines refuse privileged programs.
        for options in [&["exec"][..], &["exec", "--user", "1000"], &["exec", "--privileged"]] {
            let words: Vec<&str> = options.iter().copied().chain(["exec-a", "/bin/true"]).collect();
            ran.push(lab.docker(&words).0);
        }
        lab.docker(&["rm", "-f", "exec-a"]);
    });
    assert!(ran.iter().take(3).all(|ran| *ran), "{ran:?}");
    assert!(found.is_empty(), "{found:#?}");
}

/// No rule is there that no behaviour makes speak, but those that say why.
#[test]
fn every_rule_has_a_behaviour() {
    let engine = Engine::load(&[BUILT_IN]);
    let driven = |name: &str| CASES.iter().chain(EVASIONS).any(|case| case.rule == Some(name));
    let loaded = engine.loaded();
    let names = loaded.rules.iter().map(|rule| rule.name.as_str());
    let undriven: Vec<&str> = names
        .filter(|name| !driven(name) && !cases::UNDRIVEN.iter().any(|(rule, _)| rule == name))
        .collect();
    assert!(undriven.is_empty(), "{undriven:#?}");
}
