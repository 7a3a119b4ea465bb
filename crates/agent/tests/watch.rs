//! The watch over a real engine's real containers: what the rules say, of which container, image
//! and process. Only containers that the test made are looked at.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lazaret_agent::detect::Engine;
use lazaret_agent::watch::Watch;
use policy::rules::RulesFile;
use sensor::SensorOptions;
use watched::{Lab, said};

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

#[test]
fn rules_speak_of_what_containers_do() {
    let Some(lab) = Lab::start() else { return };
    let script = "cd /; : lazaret-shell; cat innocent >/dev/null; cp /bin/true /bin/planted";
    let run = ["run", "--rm", "--network", "none", "--name", "victim", "shop:1.2", "/bin/sh", "-c"];
    let engine = Engine::load(&[RulesFile { name: "test.yaml", text: RULES }]);
    assert!(engine.loaded().errors.is_empty(), "{:?}", engine.loaded().errors);
    assert_eq!(engine.len(), 3);
    let found = said(&engine, "victim", || {
        let arguments: Vec<&str> = run.iter().copied().chain([script]).collect();
        assert!(lab.docker(&arguments).0);
    });
    let of = |rule: &str| -> Vec<&str> {
        found.iter().filter(|(_, name, _)| name == rule).map(|(.., line)| line.as_str()).collect()
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
    // The programs are in the kernel before the first container begins.
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let stop = AtomicBool::new(false);
    let mut seen_in: Vec<(String, String)> = Vec::new();
    const CONTAINERS: usize = 100;
    /// Of them some run at once.
    const AT_ONCE: usize = 4;
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch.run(&engine, watch.snapshot(), &stop, |seen| {
                let model::EventKind::Exec(exec) = &seen.observed.event.kind else { return };
                if exec.claimed != "/bin/true" || exec.arguments.len() != 2 {
                    return;
                }
                let Some(container) = seen.observed.container else { return };
                let image = container.spec.image.reference.clone();
                seen_in.push((exec.arguments[1].clone(), image));
            })
        });
        std::thread::scope(|scope| {
            for first in 0..AT_ONCE {
                let numbers = (first..CONTAINERS).step_by(AT_ONCE);
                scope.spawn(|| numbers.for_each(|number| run_briefly(&lab, number)));
            }
        });
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

fn run_briefly(lab: &Lab, number: usize) {
    let word = format!("brief-{number}");
    let run = ["run", "--rm", "--network", "none", "shop:1.2", "/bin/true", &word];
    assert!(lab.docker(&run).0);
}
