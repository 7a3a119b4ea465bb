//! The network by workload over events made by hand: the map, the baseline, scans, known places.

#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;

use lazaret_agent::attribute::{Process, Processes};
use lazaret_agent::detect::{Observed, Users};
use lazaret_agent::network::{Network, NetworkConfig, ScanConfig};
use lazaret_agent::watch::Seen;
use model::{
    Alert, AlertSource, Call, Connection, Container, Event, EventKind, Known, Namespaces, Peer,
    Priority, Task,
};

const HOUR: u64 = 3_600_000_000_000;
const S: u64 = 1_000_000_000;
/// Where learning has ended.
const LATER: u64 = 30 * HOUR;

fn config() -> NetworkConfig {
    NetworkConfig {
        state: "".into(),
        learn_hours: 1.0,
        scan: ScanConfig { window_s: 10, ports: 20, hosts: 30 },
        ..NetworkConfig::default()
    }
}

fn peer(text: &str) -> Option<Peer> {
    let end: std::net::SocketAddr = text.parse().ok()?;
    Some(Peer::Ip(end.ip(), end.port()))
}

/// A call: `connect tcp 10.0.0.2:4000 10.0.0.3:80 0`, the ends local and remote, the result last.
fn call(line: &str) -> Call {
    let words: Vec<&str> = line.split(' ').collect();
    let kind = if words[1] == "udp" { 2 } else { 1 };
    let (local, remote) = (peer(words[2]), peer(words[3]));
    let connection = Connection { kind, local, remote, ..Connection::default() };
    let (name, ret) = (words[0].to_owned(), words[4].parse().unwrap());
    Call { name, ret, connection: Some(connection), ..Call::default() }
}

fn container(id: &str, image: &str) -> Container {
    let mut container =
        Container { id: id.to_owned(), name: id.to_owned(), ..Container::default() };
    container.spec.image.reference = image.to_owned();
    container.known = Known::Full;
    container
}

/// Shows a call of a container to the eye.
fn show(eye: &mut Network, of: &Container, now_ns: u64, call: Call) -> Vec<Alert> {
    let namespaces = Namespaces { net: 7, ..Namespaces::default() };
    let task = Task { namespaces, ..Task::default() };
    let event =
        Event { time_ns: now_ns, task, kind: EventKind::Call(Box::new(call)), truncated: false };
    let arguments = vec!["curl".to_owned(), "x".to_owned()];
    let process = Process { arguments, ..Process::default() };
    let few = NonZeroUsize::MIN;
    let observed = Observed {
        event: &event,
        number: 1,
        boot_ns: 1_000,
        process: &process,
        processes: &Processes::new(few, few),
        container: Some(of),
        target: None,
        host_namespaces: Namespaces { net: 1, ..Namespaces::default() },
        users: &Users::default(),
        node: "node",
        drift: None,
        relay: None,
        is_container_start: false,
        left_container: false,
        strict_names: false,
    };
    eye.observe(&Seen { observed, detections: Vec::new(), is_late: false })
}

fn rules(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.rule.as_str()).collect()
}

/// Lets a workload do its usual work until it is learnt.
fn learn(eye: &mut Network, of: &Container) {
    for hour in 0..30 {
        for line in [
            "listen tcp 0.0.0.0:80 - 0",
            "connect tcp 10.0.0.2:4000 10.0.5.3:5432 0",
            "connect tcp 10.0.0.2:4001 151.101.1.1:443 -115",
        ] {
            assert_eq!(show(eye, of, hour * HOUR, call(line)), [], "{line}");
        }
    }
}

#[test]
fn what_a_learnt_workload_never_did_is_told_once() {
    let mut eye = Network::new(config()).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    let lines = [
        ("connect tcp 10.0.0.2:4000 10.0.5.99:5432 0", ""),
        ("connect tcp 10.0.0.2:4001 151.101.1.77:443 0", ""),
        ("connect tcp 10.0.0.2:4001 127.0.0.1:9 0", ""),
        // A library asks which address it would use; nothing is there.
        ("connect tcp [::]:0 [2a04:4e42::1]:443 -101", ""),
        ("connect tcp 10.0.0.2:4002 203.0.113.9:443 0", "Unexpected connection to the outside"),
        ("connect tcp 10.0.0.2:4002 203.0.113.9:443 0", ""),
        ("connect tcp 10.0.0.2:4002 203.0.113.77:443 0", ""),
        ("connect tcp 10.0.0.2:4002 10.0.5.3:22 -111", "Unexpected connection to the outside"),
        ("listen tcp 0.0.0.0:80 - 0", ""),
        ("listen tcp 0.0.0.0:4444 - 0", "Unexpected listener"),
        ("listen tcp 0.0.0.0:4444 - 0", ""),
        ("bind udp 0.0.0.0:69 - 0", "Unexpected listener"),
    ];
    for (minute, (line, expected)) in lines.into_iter().enumerate() {
        let now_ns = LATER + 60 * S * u64::try_from(minute).unwrap();
        let told = show(&mut eye, &web, now_ns, call(line));
        let expected: Vec<&str> = if expected.is_empty() { vec![] } else { vec![expected] };
        assert_eq!(rules(&told), expected, "{line}");
        for alert in told {
            assert_eq!((alert.source, alert.priority), (AlertSource::Network, Priority::Warning));
            assert_eq!(alert.container.as_ref().unwrap().image, "shop:1.2");
            assert_eq!(alert.initiator.as_ref().unwrap().command, "curl x");
            assert!(alert.text.contains("web (shop:1.2): curl x"), "{}", alert.text);
        }
    }
}

/// What is said over a connection is looked at, and the connection stays one.
#[test]
fn words_over_a_connection_do_not_count_it_again() {
    let mut eye = Network::new(config()).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    let before: u64 = eye.map().iter().map(|edge| edge.count).sum();
    let said = |line: &str, words: &str| Call { payload: words.into(), ..call(line) };
    let begun = call("connect tcp 10.0.0.2:4000 10.0.5.3:5432 0");
    assert_eq!(show(&mut eye, &web, LATER, begun), []);
    let words = r#"{"id":1,"method":"mining.subscribe","params":[]}"#;
    for (name, words, expected) in [
        ("write", "GET / HTTP/1.1", 0),
        ("writev", "GET / HTTP/1.1", 0),
        ("sendmsg", "GET / HTTP/1.1", 0),
        ("sendto", "GET / HTTP/1.1", 0),
        ("write", words, 1),
    ] {
        let line = format!("{name} tcp 10.0.0.2:4000 10.0.5.3:5432 9");
        let told = show(&mut eye, &web, LATER, said(&line, words));
        assert_eq!(told.len(), expected, "{name} {words}");
    }
    // The answer of a server to whoever called is no connection to the outside.
    let answer = said("sendmsg tcp 10.0.0.2:80 203.0.113.9:40000 9", "HTTP/1.1 200 OK");
    assert_eq!(show(&mut eye, &web, LATER, answer), []);
    let after: u64 = eye.map().iter().map(|edge| edge.count).sum();
    assert_eq!(after, before + 1);
}

#[test]
fn what_is_usual_hides_nothing() {
    let mut eye = Network::new(config()).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    for last in 1..9 {
        for line in [
            format!("connect tcp 10.0.0.2:4000 127.0.0.1:{last} 0"),
            format!("connect tcp 10.0.0.2:4000 10.0.5.{last}:5432 0"),
        ] {
            assert_eq!(show(&mut eye, &web, LATER, call(&line)), [], "{line}");
        }
    }
    let unusual = |number: u8| call(&format!("connect tcp 10.0.0.2:4000 203.0.{number}.1:443 0"));
    let told = (1..8).map(|number| show(&mut eye, &web, LATER, unusual(number)).len());
    assert_eq!(told.collect::<Vec<_>>(), [1, 1, 1, 1, 1, 0, 0]);
    // What was let pass is told when it comes again.
    assert_eq!(show(&mut eye, &web, LATER + 60 * S, unusual(7)).len(), 1);
}

#[test]
fn another_workload_is_not_judged_by_this_ones_baseline() {
    let mut eye = Network::new(config()).unwrap();
    learn(&mut eye, &container("web", "shop:1.2"));
    let other = container("db", "postgres:16");
    let line = "connect tcp 10.0.0.9:4000 203.0.113.9:443 0";
    assert_eq!(show(&mut eye, &other, LATER, call(line)), []);
    // Of one that nobody knows nothing is learnt, and nothing told.
    let unknown = Container { id: "c".to_owned(), ..Container::default() };
    for hour in 0..30 {
        let port = 1000 + hour;
        let line = format!("listen tcp 0.0.0.0:{port} - 0");
        assert_eq!(show(&mut eye, &unknown, hour * HOUR, call(&line)), []);
    }
    let ignored = NetworkConfig { ignored: vec!["web".to_owned()], ..config() };
    let mut eye = Network::new(ignored).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    assert_eq!(show(&mut eye, &web, LATER, call("listen tcp 0.0.0.0:4444 - 0")), []);
}

#[test]
fn what_was_learnt_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let kept = NetworkConfig { state: folder.path().join("network.json"), ..config() };
    let mut eye = Network::new(kept.clone()).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    eye.save().unwrap();
    let mut eye = Network::new(kept).unwrap();
    // The next version is the same workload.
    let web = container("web2", "shop:1.3");
    assert_eq!(show(&mut eye, &web, S, call("listen tcp 0.0.0.0:80 - 0")), []);
    let told = show(&mut eye, &web, S, call("listen tcp 0.0.0.0:81 - 0"));
    assert_eq!(rules(&told), ["Unexpected listener"]);
}

#[test]
fn a_scan_is_told_as_a_scan() {
    let mut eye = Network::new(config()).unwrap();
    let web = container("web", "shop:1.2");
    learn(&mut eye, &web);
    let mut told = Vec::new();
    for port in 1..500 {
        let line = format!("connect tcp 10.0.0.2:4000 10.0.7.7:{port} -111");
        told.extend(show(&mut eye, &web, LATER + port * S / 100, call(&line)));
    }
    let scans = told.iter().filter(|alert| alert.rule == "Port scan from a container");
    let scans: Vec<&Alert> = scans.collect();
    assert_eq!(scans.len(), 1, "{told:?}");
    assert!(scans[0].text.contains("tried 20 ports of 10.0.7.7"), "{}", scans[0].text);
    assert!(scans[0].priority == Priority::Error && scans[0].tags.contains(&"T1046".to_owned()));
    assert!(told.len() <= 7, "{}", told.len());

    let mut told = Vec::new();
    for host in 1..200 {
        let line = format!("connect tcp 10.0.0.2:4000 10.0.9.{host}:22 -115");
        told.extend(show(&mut eye, &web, LATER + HOUR, call(&line)));
    }
    assert!(told.iter().any(|one| one.text.contains("port 22 of 30 hosts")), "{told:?}");
}

#[test]
fn a_browser_of_many_pages_scans_nothing() {
    let mut eye = Network::new(config()).unwrap();
    let crawler = container("crawler", "crawl:1");
    for second in 0..36_000 {
        let (a, b) = (second % 200, second / 200);
        let line = format!("connect tcp 10.0.0.2:4000 93.{b}.{a}.1:443 -115");
        assert_eq!(show(&mut eye, &crawler, second * S, call(&line)), [], "{line}");
    }
}

#[test]
fn known_places_are_told_at_once() {
    for (line, payload, expected) in [
        (
            "connect tcp [fd00:1::2]:4 [fd00:ec2::254]:80 0",
            &b""[..],
            "Cloud's metadata service asked",
        ),
        ("connect tcp 10.0.0.2:4 168.63.129.16:80 0", b"", "Cloud's metadata service asked"),
        ("connect tcp 10.0.0.2:4 203.0.113.9:3333 0", b"", "Connection to a port of mining pools"),
        ("connect tcp 10.0.0.2:4 10.0.0.9:3333 0", b"", ""),
        (
            "sendto udp 10.0.0.2:4 10.0.0.1:53 30",
            b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x04pool\x0asupportxmr\x03com\0\0\x01\0\x01",
            "Name of a mining pool asked for",
        ),
        (
            "sendto tcp 10.0.0.2:4 203.0.113.9:443 30",
            b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}",
            "Words of a mining protocol sent",
        ),
        ("sendto tcp 10.0.0.2:4 203.0.113.9:443 30", b"GET / HTTP/1.1", ""),
    ] {
        let mut eye = Network::new(config()).unwrap();
        let mut call = call(line);
        call.payload = payload.to_vec();
        let told = show(&mut eye, &container("web", "shop:1.2"), S, call);
        let expected: Vec<&str> = if expected.is_empty() { vec![] } else { vec![expected] };
        assert_eq!(rules(&told), expected, "{line}");
    }
}

#[test]
fn the_map_tells_workloads_apart_and_counts_each_connection_once() {
    let mut eye = Network::new(config()).unwrap();
    let (web, db) = (container("web", "shop:1.2"), container("db", "postgres:16"));
    show(&mut eye, &db, S, call("accept4 tcp 10.0.0.3:5432 10.0.0.9:4000 5"));
    for second in 2..5 {
        let line = "connect tcp 10.0.0.2:4000 10.0.0.3:5432 0";
        show(&mut eye, &web, second * S, call(line));
        show(&mut eye, &db, second * S, call("accept4 tcp 10.0.0.3:5432 10.0.0.2:4000 5"));
    }
    show(&mut eye, &web, 9 * S, call("connect tcp 10.0.0.2:4000 8.8.8.8:443 -111"));
    show(&mut eye, &web, 9 * S, call("accept4 tcp 10.0.0.2:80 198.51.100.7:5000 5"));
    let edges = eye.map();
    let told: Vec<(&str, &str, u16, u64, u64)> = edges
        .iter()
        .map(|edge| (&*edge.key.from, &*edge.key.to, edge.key.port, edge.count, edge.failed))
        .collect();
    assert_eq!(
        told,
        [
            ("10.0.0.0/24", "image:postgres", 5432, 1, 0),
            ("198.51.100.0/24", "image:shop", 80, 1, 0),
            ("image:shop", "8.8.8.8", 443, 1, 1),
            ("image:shop", "image:postgres", 5432, 3, 0),
        ]
    );
    let json = serde_json::to_value(&edges[3]).unwrap();
    assert_eq!((&json["from"], &json["port"]), (&"image:shop".into(), &5432.into()));
    assert_eq!((edges[3].first_ns, edges[3].last_ns), (2_000_001_000, 4_000_001_000));
}
