//! One container makes more events than can be looked at while another attacks: the attack is told, and
//! what was lost is told as the flooding container's own.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lazaret_agent::detect::{BUILT_IN, Engine};
use lazaret_agent::watch::{Blindness, Seen, Snapshot, Watch};
use sensor::SensorOptions;
use watched::Lab;
use watched::stop::Stop;

/// How long a look at an event of the flood takes at least: more of them come meanwhile.
const LOOK: Duration = Duration::from_micros(50);
/// How long a busy machine may take until everything was told.
const PATIENCE: Duration = Duration::from_secs(120);

const FLOOD: &str =
    "perl -e 'while (1) { open my $h, q(<), q(/etc/passwd) }' & while :; do /bin/true; done";
const ATTACK: &str =
    "(nc -l -p 4455 & sleep 1; : | nc 127.0.0.1 4455 -e /bin/sh) & cat /innocent >/tmp/o; sleep 3";
const EXPECTED: [&str; 2] = ["Password file read in a container", "Shell on a network connection"];

/// What the rules said of the attack.
type Told = Mutex<BTreeSet<String>>;

#[test]
fn an_attack_in_a_flood_is_told_and_what_is_lost_is_the_floods() {
    let Some(lab) = Lab::start() else { return };
    let engine = Engine::load(&[BUILT_IN]);
    // The queue is to be flooded: the kernel's side holds nothing back.
    let watch = Watch::load(&SensorOptions { bulk_rate: 0, ..Default::default() }).unwrap();
    let (stop, told) = (AtomicBool::new(false), Told::default());
    let lost = || watch.lost().queue_full.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let ends = Stop(&stop);
        let watching = scope
            .spawn(|| watch.run(&engine, Snapshot::of_host(), &stop, |seen| look(seen, &told)));
        begin(&lab, "flood", FLOOD);
        wait_until(|| lost() > 0);
        begin(&lab, "attack", ATTACK);
        wait_until(|| EXPECTED.iter().all(|rule| told.lock().unwrap().contains(*rule)));
        assert!(lab.docker(&["rm", "-f", "flood", "attack"]).0);
        drop(ends);
        watching.join().unwrap().unwrap();
    });
    let told = told.into_inner().unwrap();
    assert!(EXPECTED.iter().all(|rule| told.contains(*rule)), "{told:?}");
    let mut losers: BTreeMap<String, u64> = BTreeMap::new();
    for blind in watch.blind(&mut Blindness::default()).unwrap() {
        let Some(container) = &blind.container else { continue };
        *losers.entry(container.name.clone()).or_default() += blind.count;
    }
    println!("lost: {losers:?}");
    assert!(losers.get("flood").is_some_and(|count| *count > 0), "{losers:?}");
    assert!(!losers.contains_key("attack"), "{losers:?}");
}

/// Looks slowly at the flood, so that it is one on every machine.
fn look(seen: &Seen<'_>, told: &Told) {
    let Some(container) = seen.observed.container else { return };
    match container.name.as_str() {
        "flood" => std::thread::sleep(LOOK),
        "attack" => {
            let rules = seen.detections.iter().map(|detection| detection.rule.clone());
            told.lock().unwrap().extend(rules);
        }
        _ => {}
    }
}

fn begin(lab: &Lab, name: &str, script: &str) {
    let run = ["run", "-d", "--network", "none", "--name", name, "shop:1.2", "/bin/sh", "-c"];
    let arguments: Vec<&str> = run.into_iter().chain([script]).collect();
    assert!(lab.docker(&arguments).0, "{name} does not begin");
}

fn wait_until(ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ready() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
}
