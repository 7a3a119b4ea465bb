//! What the sensor's tests share: the sensor, a process of the test's own, and its events.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::HashSet;
use std::process::{Child as Running, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_sensor::{Ring, Sensor, SensorError, SensorOptions, decode};
use model::{Call, Event, EventKind, Exec};

/// How long an event may take; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says why and gives `None` where the kernel or the rights are not there.
pub fn load(options: &SensorOptions) -> Option<Sensor> {
    match Sensor::load(options) {
        Ok(sensor) => Some(sensor),
        Err(why @ (SensorError::NoTypes | SensorError::Refused { .. })) => {
            println!("skipped: {why}");
            None
        }
        Err(why) => panic!("{why}"),
    }
}

/// Every event of a process and its children until it has exited, in the order of time. The rings
/// are read side by side, so a child's open may be read before its fork: who belongs to whom is
/// asked at the end.
pub fn events_of(rings: &[Ring], mut running: Running) -> Vec<Event> {
    let pid = running.id();
    let (seen, ended) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for ring in rings {
            let (seen, ended) = (&seen, &ended);
            scope.spawn(move || {
                let mut last_round = false;
                let sink = |bytes: Option<&[u8]>| {
                    let Some(bytes) = bytes else {
                        // What came before the exit may have come to this ring since it was read.
                        let over = last_round || begun.elapsed() >= PATIENCE;
                        last_round = ended.load(Ordering::SeqCst);
                        return !over;
                    };
                    let event = decode(bytes).unwrap();
                    if matches!(event.kind, EventKind::Exit { .. }) && event.task.process.pid == pid
                    {
                        ended.store(true, Ordering::SeqCst);
                    }
                    seen.lock().unwrap().push(event);
                    true
                };
                ring.read(Duration::from_millis(50), sink).unwrap();
            });
        }
        running.wait().unwrap();
    });
    assert!(ended.into_inner(), "no exit of {pid} within {PATIENCE:?}");
    let mut events: Vec<Event> = seen.into_inner().unwrap();
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

pub fn shell(script: &str) -> Running {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").env("LAZARET", "7");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

pub fn calls<'a>(events: &'a [Event], name: &str) -> Vec<(&'a Event, &'a Call)> {
    let call = |event: &'a Event| match &event.kind {
        EventKind::Call(call) if call.name == name => Some((event, &**call)),
        _ => None,
    };
    events.iter().filter_map(call).collect()
}

pub fn execs<'a>(events: &'a [Event]) -> Vec<(&'a Event, &'a Exec)> {
    let exec = |event: &'a Event| match &event.kind {
        EventKind::Exec(exec) => Some((event, &**exec)),
        _ => None,
    };
    events.iter().filter_map(exec).collect()
}
