//! How long an answer takes. Measured by hand, since a figure is no test:
//!
//! ```text
//! cargo test --release -p lazaret-agent --test forbid -- --ignored --nocapture figures
//! ```

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lazaret_agent::detect::Engine;
use lazaret_agent::respond::Deed;
use lazaret_agent::watch::{CgroupWitness, Watch};
use model::{CgroupName, Container, EventKind, ProcessId};
use policy::rules::RulesFile;
use rustix::time::{ClockId, clock_gettime};
use sensor::SensorOptions;

use crate::responded::{Bench, container, exec, socket};
use crate::watched::Lab;
use crate::{RULES, Stop};

const KILLS: usize = 200;
const STARTS: usize = 20;

fn figures(what: &str, mut took_us: Vec<u64>) {
    took_us.sort_unstable();
    let at = |part: usize| took_us.get(took_us.len() * part / 100).copied().unwrap_or_default();
    let (count, most) = (took_us.len(), took_us.last().copied().unwrap_or_default());
    println!("{what}: {count}; us: p50 {}, p90 {}, p99 {}, most {most}", at(50), at(90), at(99));
}

/// When orders were given for a cgroup, in nanoseconds since boot.
struct Timed(Arc<dyn CgroupWitness>, Mutex<HashMap<u64, u64>>);

impl CgroupWitness for Timed {
    fn made(&self, cgroup: &CgroupName, container: Option<&Container>) {
        self.0.made(cgroup, container);
        let now = clock_gettime(ClockId::Boottime);
        let now = u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap();
        self.1.lock().unwrap().insert(cgroup.id, now);
    }

    fn removed(&self, cgroup: &CgroupName) {
        self.0.removed(cgroup);
    }
}

/// What the watch saw, in nanoseconds since boot.
#[derive(Default)]
struct Times {
    began: HashMap<ProcessId, u64>,
    lives: Vec<u64>,
    made: HashMap<u64, u64>,
    first: HashMap<u64, u64>,
}

#[test]
#[ignore = "a figure, no test"]
fn from_the_act_to_the_end() {
    let Some(lab) = Lab::start() else { return };
    let config = "{actions_per_hour: 100000, rules: [{name: end, when: {tags: [test]}, \
                  action: kill}], never: [{names: [lz-miner], scope: {images: ['shop:*']}}]}";
    let watch = Watch::load(&SensorOptions::default()).unwrap();
    let before = watch.snapshot();
    let bench = Bench::reaching(lab.folder.path(), &socket(&lab), config, |reach| {
        reach.sensor = Some(Arc::clone(watch.sensor()));
        reach.containers = watch.containers().clone();
    });
    let timed = Arc::new(Timed(bench.hands.witness(), Mutex::default()));
    watch.tell_at_once(Arc::clone(&timed) as Arc<dyn CgroupWitness>);
    let rules = Engine::load(&[RulesFile { name: "test.yaml", text: RULES }]);
    let (stop, times) = (AtomicBool::new(false), Mutex::new(Times::default()));
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| {
            watch.run(&rules, before, &stop, |seen| {
                let event = seen.observed.event;
                let mut times = times.lock().unwrap();
                match &event.kind {
                    EventKind::CgroupMade(cgroup) => {
                        times.made.insert(cgroup.id, event.time_ns);
                    }
                    EventKind::Exec(_) if seen.observed.is_container_start => {
                        times.first.entry(event.task.cgroup_id).or_insert(event.time_ns);
                    }
                    EventKind::Exit { status: 9 } => {
                        let began = times.began.remove(&event.task.process);
                        times.lives.extend(began.map(|began| event.time_ns - began));
                    }
                    _ => {}
                }
                for detection in &seen.detections {
                    times.began.insert(event.task.process, event.time_ns);
                    bench.hands.answer_deed(&seen.alert(detection), Deed::of(seen));
                }
            })
        });
        let victim = container(&lab, "victim", "cp /bin/busybox /tmp/busybox; sleep 3000");
        let one = "/tmp/busybox sleep 300; i=$((i+1))";
        let script = format!("i=0; while [ $i -lt {KILLS} ]; do {one}; done");
        assert!(exec(&lab, &victim, &script));
        for number in 0..STARTS {
            let name = format!("short{number}");
            lab.docker(&["run", "--rm", "--network", "none", "--name", &name, "shop:1.2", "true"]);
        }
        std::thread::sleep(Duration::from_secs(1));
    });
    let times = times.into_inner().unwrap();
    figures("kill: from the exec to the end", times.lives.iter().map(|ns| ns / 1000).collect());
    let armed = timed.1.lock().unwrap();
    let (mut to_order, mut to_first) = (Vec::new(), Vec::new());
    for (cgroup, first) in &times.first {
        let (Some(made), Some(armed)) = (times.made.get(cgroup), armed.get(cgroup)) else {
            continue;
        };
        to_order.push(armed.saturating_sub(*made) / 1000);
        to_first.push(first.saturating_sub(*made) / 1000);
    }
    figures("never: from the cgroup to its orders", to_order);
    figures("from the cgroup to the first program", to_first);
}
