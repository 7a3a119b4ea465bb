//! The drill against an engine of the test's own: all is seen, and nothing is left.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod watched;

use lazaret_agent::drill::{BEHAVIOURS, DrillOptions, drill, find_busybox};
use watched::Lab;

#[test]
fn every_behaviour_is_seen_and_nothing_is_left() {
    let Some(lab) = Lab::start() else { return };
    let Some(busybox) = find_busybox() else {
        eprintln!("skipped: there is no static busybox");
        return;
    };
    let images = lab.docker(&["images", "-aq"]).1;
    let engine = lab.folder.path().join("docker.sock");
    let mut told = Vec::new();
    let options = DrillOptions { engine, busybox };
    let outcomes = drill(&options, |behaviour, seen| told.push((behaviour.rule, seen.after)));
    let outcomes = outcomes.unwrap();
    for outcome in &outcomes {
        eprintln!("{:20} {:?}", outcome.behaviour.name, outcome.seen);
    }
    assert_eq!(outcomes.len(), BEHAVIOURS.len());
    assert!(outcomes.iter().all(|outcome| outcome.seen.is_some()));
    assert_eq!(told.len(), BEHAVIOURS.len());
    assert_eq!(lab.docker(&["ps", "-aq"]).1, "");
    assert_eq!(lab.docker(&["images", "-aq"]).1, images);
    // What an engine refuses leaves nothing either.
    let nowhere = DrillOptions { engine: "/nowhere".into(), ..options };
    assert!(drill(&nowhere, |_, _| {}).unwrap_err().to_string().contains("/nowhere"));
}
