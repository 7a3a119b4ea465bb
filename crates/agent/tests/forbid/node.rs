//! The whole node in a process of its own: a container that makes the sensor lose sight is answered,
//! and SIGHUP changes what the hands do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lazaret_agent::node::{Options, RESPONSES, run};
use lazaret_agent::outputs::Destination;
use lazaret_agent::respond::{in_force, undo};

use crate::process::{Running, signal};
use crate::responded::{container, eventually, exec, socket, state};
use crate::watched::Lab;

const ASKED: &str = "LAZARET_TEST_NODE";
/// Rules that every open of a file is held against.
const RULES: u32 = 300;

/// The node, when this program is started to be it.
#[test]
fn node_process() {
    let Some(folder) = std::env::var_os(ASKED).map(PathBuf::from) else { return };
    let options = Options {
        config_file: folder.join("agent.yaml"),
        rules: Some(vec![folder.join("rules.yaml")]),
        data_dir: folder.join("data"),
        record: None,
        output: Destination::File { path: folder.join("told.json"), max_bytes: 1 << 30 },
    };
    run(&options).unwrap();
}

fn start(folder: &Path) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "node::node_process", "--nocapture", "--test-threads=1"]);
    Running::start(command.env(ASKED, folder), &folder.join("log"))
}

/// Whether it is told within a while that the sensor lost sight of a container.
fn is_blinded(told: &Path, id: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(told).unwrap_or_default();
        if text.lines().any(|line| line.contains("Sensor lost sight") && line.contains(id)) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Rules over every open of a file, so many that the flood's events are not looked at in time.
fn rules() -> String {
    let rule = |number: u32| {
        format!(
            "- rule: Never so {number}\n  desc: a file that nobody has\n  condition: evt.type in \
             (open, openat) and fd.name contains nobody-{number} and proc.cmdline contains x\n  \
             output: opened\n  priority: NOTICE\n"
        )
    };
    (0..RULES).map(rule).collect()
}

#[test]
fn a_container_that_blinds_the_sensor_is_answered_and_rules_are_read_again() {
    let Some(lab) = Lab::start() else { return };
    if !Path::new("/usr/bin/perl").exists() {
        eprintln!("skipped: no perl");
        return;
    }
    let folder = lab.folder.path().join("node");
    std::fs::create_dir(&folder).unwrap();
    let write = |more: &str| {
        let rule =
            "{name: calm, when: {rules: [Sensor lost sight]}, action: pause, cool_down_seconds: 1}";
        let config = format!(
            "docker: {{socket: {0}}}\nlifecycle: {{docker: {0}, containerd: null}}\n\
             response: {{rules: [{rule}]{more}}}\n\
             outputs: [{{to: {{file: {{path: {1}}}}}, records: [response]}}]\n",
            socket(&lab).display(),
            folder.join("told.json").display()
        );
        std::fs::write(folder.join("agent.yaml"), config).unwrap();
    };
    write("");
    std::fs::write(folder.join("rules.yaml"), rules()).unwrap();
    let node = start(&folder);
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    eventually("it watches", || log().contains("watching with"));
    let twin = container(&lab, "twin", "sleep 300");
    let one = "perl -e 'while (1) { open(F, \"<\", \"/etc/passwd\"); close(F) }' &";
    let flood = container(&lab, "flood", &format!("{one} {one} {one} {one} sleep 300"));
    let kept = folder.join("data").join(RESPONSES);
    let told = folder.join("told.json");
    if is_blinded(&told, &flood) {
        eventually("it is paused", || state(&lab, &flood) == "paused");
        let listed = in_force(&kept).unwrap();
        assert_eq!((listed.len(), listed[0].alert.as_str()), (1, "Sensor lost sight"));
    } else {
        eprintln!("skipped: nothing is lost here, so that nobody is to be answered for it");
    }
    assert_eq!(state(&lab, &twin), "running");
    lab.docker(&["rm", "-f", &flood]);

    // What is said anew holds from then on; what is wrong changes nothing.
    let begins =
        || exec(&lab, &twin, "ln -sf /bin/busybox /tmp/lz-miner; /tmp/lz-miner; [ $? -eq 127 ]");
    let hangup = |more: &str, answer: &str| {
        write(more);
        let before = log().matches(answer).count();
        signal("HUP", node.pid());
        eventually(answer, || log().matches(answer).count() > before);
    };
    assert!(begins());
    hangup(", never: [{names: [lz-miner]}]", "1 of `never`");
    assert!(!begins());
    hangup(", never: [{names: [lz-*]}]", "the responses stay as they were");
    assert!(!begins());
    hangup(", ever: 1", "everything stays as it was");
    assert!(!begins());
    hangup("", "0 of `never`");
    assert!(begins());
    drop(node);
    for entry in in_force(&kept).unwrap() {
        let _ = undo(&kept, &socket(&lab), &entry.id);
    }
    assert!(!log().contains("panicked"), "{}", log());
}
