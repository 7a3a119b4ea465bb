//! What the watch holds out against, with a real sensor: command lines that point at pipes, a start
//! in the midst of running containers, floods. Only processes and containers that the test made are
//! looked at.

#![allow(clippy::unwrap_used, clippy::too_many_lines, unreachable_pub)]

mod watched;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lazaret_agent::detect::Engine;
use lazaret_agent::watch::{Snapshot, Watch};
use model::EventKind;
use policy::rules::RulesFile;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use sensor::SensorOptions;
use watched::Lab;

/// How long anything may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(120);

/// A watch on a thread that nobody waits for: one that is stuck fails its test, not all of them.
struct Watching {
    stop: Arc<AtomicBool>,
    /// Words that execs had, and what rules said, of which container.
    said: Receiver<String>,
    ended: Receiver<()>,
}

impl Watching {
    /// `None` where no sensor can run.
    fn begin(engine: Engine, before: fn(&Watch) -> Snapshot) -> Option<Watching> {
        let watch = match Watch::load(&SensorOptions::default()) {
            Ok(watch) => watch,
            Err(why) => {
                eprintln!("skipped: {why}");
                return None;
            }
        };
        let stop = Arc::new(AtomicBool::new(false));
        let ((say, said), (end, ended)) = (channel(), channel());
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            let before = before(&watch);
            let outcome = watch.run(&engine, before, &stopped, |seen| {
                let container = seen.observed.container.map(|found| found.id.clone());
                for detection in &seen.detections {
                    let id = container.clone().unwrap_or_default();
                    let _ = say.send(format!("{id} {}", detection.output));
                }
                if let EventKind::Exec(exec) = &seen.observed.event.kind {
                    let _ = say.send(exec.arguments.join(" "));
                }
            });
            outcome.unwrap();
            let _ = end.send(());
        });
        Some(Watching { stop, said, ended })
    }

    /// Waits for something that is said.
    fn wait_for(&self, wanted: &str) -> String {
        let until = Instant::now() + STUCK;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let said = self.said.recv_timeout(left);
            let said = said.unwrap_or_else(|_| panic!("the watch does not say: {wanted}"));
            if said.contains(wanted) {
                return said;
            }
        }
    }

    /// Asks for the end, which must come; gives what was said since.
    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.ended.recv_timeout(STUCK).expect("the watch does not end");
        self.said.try_iter().collect()
    }
}

/// Ends a process of the test's own, whatever comes of the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(program: &str, words: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ended(command.spawn().unwrap())
}

/// Anybody may write `create --bundle DIR ID`, and a pipe may lie in DIR: nobody who watches waits for
/// somebody to write into it.
#[test]
fn a_pipe_for_a_bundle_holds_nobody_up() {
    let Some(watching) = Watching::begin(Engine::load(&[]), Watch::snapshot) else { return };
    let folder = tempfile::tempdir().unwrap();
    mknodat(CWD, folder.path().join("config.json"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let (bundle, id) = (folder.path().to_str().unwrap(), "ab".repeat(32));
    let mut running = vec![run("/bin/sleep", &["create", "--bundle", bundle, &id])];
    // The real runtime waits for the pipe itself, as it always did.
    let runtime = ["/usr/sbin/runc", "/usr/bin/runc"].into_iter().find(|at| Path::new(at).exists());
    match runtime {
        Some(runtime) => running.push(run(runtime, &["create", "--bundle", bundle, &id])),
        None => eprintln!("skipped in part: there is no runc"),
    }
    watching.wait_for(&format!("create --bundle {bundle}"));
    running.push(run("/bin/true", &["lazaret-after-the-pipe"]));
    watching.wait_for("lazaret-after-the-pipe");
    watching.end();
}

const RULES: &str = r#"
- rule: Runs on
  desc: something happens in a container whose start is known
  condition: evt.type in (open, openat) and evt.is_open_write = true and container.is_started = true and fd.name = /tmp/settled
  output: "runs on, more than at its start: %thread.gained_capabilities"
  priority: NOTICE
- rule: Begins
  desc: the first program of a container
  condition: evt.type = execve and proc.is_container_start = true
  output: "begins with %proc.cmdline"
  priority: NOTICE
"#;

/// Containers that ran before the watch did are watched whole: nobody needs to start a program in
/// them first, and who does is not their first.
#[test]
fn a_container_that_runs_already_has_begun() {
    let Some(lab) = Lab::start() else { return };
    let script = "mkfifo /p; exec 3<>/p; while :; do read -t 1 x <&3; : >/tmp/settled; done";
    let words = ["run", "-d", "--network", "none", "--name", "settled", "shop:1.2", "sh", "-c"];
    let words: Vec<&str> = words.into_iter().chain([script]).collect();
    let (began, id) = lab.docker(&words);
    assert!(began);
    // As the kernel's walk tells it, and as `/proc` does where there is none.
    for before in [Watch::snapshot, |_: &Watch| Snapshot::of_host()] {
        let engine = Engine::load(&[RulesFile { name: "test.yaml", text: RULES }]);
        assert!(engine.loaded().errors.is_empty(), "{:?}", engine.loaded().errors);
        let Some(watching) = Watching::begin(engine, before) else { return };
        let said = watching.wait_for(" runs on");
        assert_eq!(said, format!("{} runs on, more than at its start: <NA>", id.trim()));
        assert!(lab.docker(&["exec", "settled", "/bin/true", "lazaret-second"]).0);
        watching.wait_for("lazaret-second");
        let begins = format!("{} begins with", id.trim());
        let begun: Vec<String> =
            watching.end().into_iter().filter(|said| said.starts_with(&begins)).collect();
        assert_eq!(begun, Vec::<String>::new());
    }
}
