//! Real shells at real terminals: somebody types at the master's side, the sensor tells what the shell
//! reads, the lines come out as they were entered. Only the shells that the test started are looked at.

#![allow(clippy::unwrap_used, clippy::excessive_nesting)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::lines::{Line, Lines};
use model::{Event, EventKind};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sensor::{Interest, Ring, Sensor, SensorError, SensorOptions, decode};

/// Far more than a shell takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn what_is_typed_into_a_shell_is_told_line_by_line() {
    let options =
        SensorOptions { interests: vec![Interest::terminal_input()], ..SensorOptions::default() };
    let sensor = match Sensor::load(&options) {
        Ok(sensor) => sensor,
        Err(why @ (SensorError::NoTypes | SensorError::Refused { .. })) => {
            eprintln!("skipped: {why}");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let rings = sensor.rings().unwrap();
    keys_of_an_editor(&rings, &["bash", "--norc", "--noprofile", "-i"]);
    keys_of_an_editor(&rings, &["busybox", "sh", "-i"]);
    lines_of_the_kernel(&rings);
    a_password(&rings);
    a_program_that_draws(&rings);
}

/// Corrections with backspace, ^W, ^U and arrows, then what was run.
fn keys_of_an_editor(rings: &[Ring], shell: &[&str]) {
    let steps = [
        ("ready>", "echo one-$((2-1)) helo\x7flo wrold\x17world\r"),
        ("one-1 hello world", "rm -rf /nothing\x15echo two-$((1+1))\r"),
        ("two-2", "eco three-$((4-1))\x01\x1b[C\x1b[Ch\r"),
        ("three-3", "exit\r"),
    ];
    let Some(lines) = typed(rings, shell, &steps) else { return };
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let expected =
        ["echo one-$((2-1)) hello world", "echo two-$((1+1))", "echo three-$((4-1))", "exit"];
    assert_eq!(texts, expected, "{shell:?}");
    assert!(lines.iter().all(|line| line.exact && !line.cut && !line.hidden), "{lines:?}");
    assert!(lines.iter().all(|line| line.tty >> 20 == 136 && line.session == line.process.pid));
    assert!(lines.iter().all(|line| line.cgroup_id > 0 && line.begun_ns < line.entered_ns));
}

/// dash edits nothing itself.
fn lines_of_the_kernel(rings: &[Ring]) {
    let steps = [
        ("ready>", "echo one-$((2-1)) helo\x7flo\n"),
        ("one-1 hello", "cat\n"),
        ("cat", "grün\n\x04"),
        ("ready>", "exit\n"),
    ];
    let Some(lines) = typed(rings, &["dash", "-i"], &steps) else { return };
    let texts: Vec<(&str, &str)> =
        lines.iter().map(|line| (line.comm.as_str(), line.text.as_str())).collect();
    let shell = "dash";
    let expected =
        [(shell, "echo one-$((2-1)) hello"), (shell, "cat"), ("cat", "grün"), (shell, "exit")];
    assert_eq!(texts, expected);
}

fn a_password(rings: &[Ring]) {
    let steps = [
        ("ready>", "read -s -p pass$((1+1)): word; echo got-$((1+2))\r"),
        ("pass2:", "correct horse\r"),
        ("got-3", "read -s -n 3 -p key$((2+2)): word; echo got-$((2+3))\r"),
        ("key4:", "bat"),
        ("got-5", "exit\r"),
    ];
    let shell = ["bash", "--norc", "--noprofile", "-i"];
    let Some(lines) = typed(rings, &shell, &steps) else { return };
    assert!(!lines.iter().any(|line| line.text.contains("horse") || line.text.contains("bat")));
    let hidden: Vec<bool> = lines.iter().map(|line| line.hidden).collect();
    assert_eq!(hidden, [false, true, false, false], "{lines:?}");
}

/// A program that takes keys without echo and is no line editor asks for a secret, or shows a page.
fn a_program_that_draws(rings: &[Ring]) {
    let steps = [
        (
            "ready>",
            "stty raw -echo; echo go-$((3+1)); dd bs=1 count=6 of=/dev/null 2>/dev/null; stty sane; echo end-$((4+1))\n",
        ),
        ("go-4", "secret"),
        ("end-5", "exit\n"),
    ];
    let Some(lines) = typed(rings, &["dash", "-i"], &steps) else { return };
    assert!(lines.iter().all(|line| !line.text.contains("secret")), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// Types each text after the words before it were shown, until the shell ends. `None` where the shell
/// is not installed.
fn typed(rings: &[Ring], shell: &[&str], steps: &[(&str, &str)]) -> Option<Vec<Line>> {
    let (master, terminal) = terminal();
    let mut command = Command::new("setsid");
    command.args(["-c", "-w"]).args(shell).env_clear();
    command.envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("PS1", "ready> "), ("HOME", "/")]);
    // A byte of UTF-8 that is none of a letter makes readline ring, or asks for an argument.
    command.env("LC_ALL", "C.UTF-8").env("HISTFILE", "/dev/null");
    command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
    let running = match Command::new(shell[0]).arg("--version").output() {
        Ok(_) => command.stderr(terminal).spawn().unwrap(),
        Err(why) => {
            eprintln!("skipped: {}: {why}", shell[0]);
            return None;
        }
    };
    drop(command);
    let events = std::thread::scope(|scope| {
        scope.spawn(|| type_at(&master, steps));
        events_of(rings, running)
    });
    let mut lines = Lines::default();
    Some(events.iter().flat_map(|event| lines.take(event)).collect())
}

fn terminal() -> (File, File) {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = File::options().read(true).write(true).open(path).unwrap();
    (File::from(master), terminal)
}

fn type_at(mut master: &File, steps: &[(&str, &str)]) {
    let (mut shown, mut chunk) = (String::new(), [0; 4096]);
    let mut steps = steps.iter().peekable();
    // The read fails once nobody has the other side open.
    while let Ok(length @ 1..) = master.read(&mut chunk) {
        shown.push_str(&String::from_utf8_lossy(&chunk[..length]));
        while let Some((words, text)) = steps.peek()
            && let Some(at) = shown.find(words)
        {
            shown.drain(..at + words.len());
            master.write_all(text.as_bytes()).unwrap();
            steps.next();
        }
    }
    assert!(steps.peek().is_none(), "{:?} was never shown, but {shown:?}", steps.peek());
}

/// The events of a process and its children until it has ended, in the order of time.
fn events_of(rings: &[Ring], mut running: Child) -> Vec<Event> {
    let pid = running.id();
    let (seen, ended) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for ring in rings {
            let (seen, ended) = (&seen, &ended);
            scope.spawn(move || {
                let sink = |bytes: Option<&[u8]>| {
                    let Some(bytes) = bytes else {
                        return !ended.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE;
                    };
                    let event = decode(bytes).unwrap();
                    let is_exit = matches!(event.kind, EventKind::Exit { .. });
                    if is_exit && event.task.process.pid == pid {
                        ended.store(true, Ordering::Relaxed);
                    }
                    seen.lock().unwrap().push(event);
                    true
                };
                ring.read(Duration::from_millis(50), sink).unwrap();
            });
        }
        while running.try_wait().unwrap().is_none() {
            if begun.elapsed() >= PATIENCE {
                running.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut events = seen.into_inner().unwrap();
    events.sort_by_key(|event| event.time_ns);
    let mut family = HashSet::from([pid]);
    for event in &events {
        if let EventKind::Fork(child) = &event.kind
            && family.contains(&event.task.process.pid)
        {
            family.insert(child.process.pid);
        }
    }
    events.retain(|event| family.contains(&event.task.process.pid));
    events
}
