//! How long a program lives that may not run: from its exec to its end, as the kernel's side stamps
//! both. Only a program that this example made is killed, in this example's own cgroup.
//!
//! `cargo run --release -p lazaret-sensor --example kill`

use std::num::NonZeroU32;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lazaret_sensor::{KillOrder, Program, Sensor, SensorOptions, decode};
use model::{Event, EventKind};

const ROUNDS: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("lazaret-kill-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let outcome = measure(&folder.join("lazaret-victim"));
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::copy("/bin/echo", path)?;
    let sensor = Sensor::load(&SensorOptions { interests: Vec::new(), ..Default::default() })?;
    let running = sensor.running()?.ok_or("this kernel has no walk over tasks")?;
    let own = running.iter().find(|event| event.task.process.pid == std::process::id());
    let cgroup_id = Some(own.ok_or("the walk leaves this process out")?.task.cgroup_id);
    let order =
        KillOrder { program: Program::Path(path.to_string_lossy().into_owned()), cgroup_id };
    sensor.kill_on_exec(&order, NonZeroU32::MIN)?;
    let rings = sensor.rings()?;
    let (events, done) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let mut outputs = 0;
    std::thread::scope(|scope| -> Result<(), Box<dyn std::error::Error>> {
        scope.spawn(|| {
            rings[0].read(Duration::from_millis(20), |bytes| {
                let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                events.extend(bytes.and_then(|bytes| decode(bytes).ok()));
                bytes.is_some() || !done.load(Ordering::Relaxed)
            })
        });
        for _ in 0..ROUNDS {
            let output = Command::new(path).arg("alive").stdin(Stdio::null()).output();
            outputs += usize::from(output.is_ok_and(|output| !output.stdout.is_empty()));
        }
        done.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    let events = events.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut lives: Vec<u64> = events.iter().filter_map(|event| life_ns(event, &events)).collect();
    lives.sort_unstable();
    let at = |part: usize| lives.get(lives.len() * part / 100).copied().unwrap_or_default();
    println!("{ROUNDS} started, {} killed, {outputs} said a word", lives.len());
    println!("from exec to the end, ns: median {}, p90 {}, p99 {}", at(50), at(90), at(99));
    Ok(())
}

/// Of an exec that was answered with death: how long it took.
fn life_ns(killed: &Event, events: &[Event]) -> Option<u64> {
    let EventKind::ExecKilled(_) = &killed.kind else { return None };
    let of = |is: fn(&EventKind) -> bool| {
        let same = |event: &&Event| event.task.process == killed.task.process && is(&event.kind);
        events.iter().rev().find(same).map(|event| event.time_ns)
    };
    let exec = of(|kind| matches!(kind, EventKind::Exec(_)))?;
    of(|kind| matches!(kind, EventKind::Exit { .. }))?.checked_sub(exec.min(killed.time_ns))
}
