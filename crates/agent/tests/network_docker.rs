//! The network by workload on real containers: what one does in a network namespace of its own, as
//! the watch sees it. Only containers that the test made are looked at.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lazaret_agent::detect::Engine;
use lazaret_agent::network::{CALLS, Edge, Network, NetworkConfig, ScanConfig};
use lazaret_agent::watch::{Snapshot, Watch};
use model::Alert;
use sensor::{Interest, SensorOptions};
use watched::Lab;

/// The usual work: a server on port 8080 and a client of it, on addresses of its own.
const USUAL: &str = "ip addr add 10.77.0.1/24 dev lo; ip addr add 10.78.0.1/24 dev lo;
serve() { nc -l -p $1 >/dev/null </dev/null & sleep 0.5; };
ask() { nc -w 2 $1 $2 </dev/null; };
usual() { serve 8080; ask 10.77.0.1 8080; wait; };
usual; sleep 3; usual;";
/// What it never did: another port, another address, forty ports, a cloud's address.
const UNUSUAL: &str = "serve 4444; ask 10.77.0.1 4444; wait;
ask 10.78.0.1 5432;
p=1; while [ $p -le 40 ]; do ask 10.77.0.1 $p; p=$((p+1)); done;
ip addr add 168.63.129.16/32 dev lo; ask 168.63.129.16 80;";

fn config() -> NetworkConfig {
    NetworkConfig {
        state: "".into(),
        // Three seconds of activity.
        learn_hours: 3.0 / 3600.0,
        scan: ScanConfig { window_s: 60, ports: 20, hosts: 50 },
        ..NetworkConfig::default()
    }
}

/// What is told of the containers that `act` runs, and the map.
fn told(act: impl FnOnce()) -> (Vec<Alert>, Vec<Edge>) {
    let interests = Interest::all().into_iter();
    let interests = interests.filter(|one| one.detail.alert || CALLS.contains(&one.call.as_str()));
    let options = SensorOptions { interests: interests.collect(), ..SensorOptions::default() };
    let watch = Watch::load(&options).unwrap();
    let stop = AtomicBool::new(false);
    let engine = Engine::load(&[]);
    let mut eye = Network::new(config()).unwrap();
    let mut alerts = Vec::new();
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            watch.run(&engine, Snapshot::of_host(), &stop, |seen| {
                let container = seen.observed.container;
                if container.is_some_and(|one| one.name.starts_with("net-")) {
                    alerts.extend(eye.observe(seen));
                }
            })
        });
        act();
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        watching.join().unwrap().unwrap();
    });
    (alerts, eye.map())
}

#[test]
fn what_a_container_never_did_before_is_told() {
    let Some(lab) = Lab::start() else { return };
    let run = |name: &str, script: &str| {
        let rest = ["--cap-add", "NET_ADMIN", "--name", name, "shop:1.2", "/bin/sh", "-c", script];
        let arguments: Vec<&str> =
            ["run", "--rm", "--network", "none"].into_iter().chain(rest).collect();
        lab.docker(&arguments);
    };
    let (alerts, map) = told(|| {
        run("net-twin", &format!(": twin; {USUAL} usual"));
        run("net-bad", &format!(": bad; {USUAL} {UNUSUAL}"));
    });
    let of = |name: &str| -> Vec<&Alert> {
        alerts.iter().filter(|one| one.container.as_ref().unwrap().name == name).collect()
    };
    for alert in &alerts {
        println!("{}", alert.text);
    }
    assert_eq!(of("net-twin"), Vec::<&Alert>::new());
    let bad = of("net-bad");
    let says = |rule: &str, part: &str| {
        let found = bad.iter().filter(|one| one.rule == rule && one.text.contains(part));
        assert_eq!(found.count(), 1, "{rule} {part}");
    };
    says("Unexpected listener", "listens on port 4444");
    says("Unexpected connection to the outside", "10.78.0.1:5432");
    says("Port scan from a container", "ports of 10.77.0.1");
    says("Cloud's metadata service asked", "168.63.129.16");
    assert!(bad.iter().all(|one| one.text.contains("(shop:1.2): nc ")), "{bad:?}");
    assert!(bad.iter().all(|one| one.initiator.as_ref().unwrap().process.pid > 0));
    let usual = map.iter().filter(|edge| edge.key.port == 8080 && edge.count >= 2);
    assert!(usual.count() >= 2, "{map:?}");
}
