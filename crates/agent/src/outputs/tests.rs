//! Destinations of the tests' own: files, a web server, syslog.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;

use model::{Alert, AlertSource, AuditKind, AuditRecord, Priority};

use super::*;

fn alert(number: usize, priority: Priority) -> Entry {
    Entry::Alert(Box::new(Alert {
        time_ns: i64::try_from(number).unwrap(),
        rule: format!("rule {number}"),
        source: AlertSource::Syscall,
        priority,
        tags: Vec::new(),
        text: "something".to_owned(),
        fields: Default::default(),
        initiator: None,
        container: None,
        image: None,
        node: "node".to_owned(),
        times: 1,
    }))
}

fn rules_in(text: &str) -> Vec<String> {
    let rule = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["rule"].as_str().unwrap_or_default().to_owned()
    };
    text.lines().map(rule).collect()
}

#[test]
fn a_file_gets_what_it_wants_in_order_and_turns_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.json");
    let to = Destination::File { path: path.clone(), max_bytes: 4000 };
    let config =
        OutputConfig { least_priority: Priority::Warning, records: vec![AuditKind::File], to };
    let outputs = Outputs::open(&[config], &folder.path().join("spool")).unwrap();
    outputs.pass(&[alert(1, Priority::Notice), alert(2, Priority::Warning)]);
    let record = |kind| Entry::Record(Box::new(AuditRecord { kind, ..AuditRecord::default() }));
    outputs.pass(&[record(AuditKind::Command), record(AuditKind::File), alert(3, Priority::Error)]);
    drop(outputs);
    let told = std::fs::read_to_string(&path).unwrap();
    assert_eq!(rules_in(&told), ["rule 2", "", "rule 3"]);

    let config = OutputConfig::of(Destination::File { path: path.clone(), max_bytes: 4000 });
    let outputs = Outputs::open(&[config], &folder.path().join("spool")).unwrap();
    for number in 0..3 {
        outputs.pass(&(0..8).map(|_| alert(number, Priority::Error)).collect::<Vec<_>>());
        std::thread::sleep(GATHER * 3);
    }
    drop(outputs);
    let old = std::fs::metadata(folder.path().join("alerts.json.1")).unwrap();
    assert!(old.len() <= 4000 && std::fs::metadata(&path).unwrap().len() <= 4000);
}

/// A web server that refuses until told otherwise and then gives the rules it was told.
fn webhook(folder: &std::path::Path, port: u16, refusals: usize) -> Vec<String> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = Destination::Webhook {
        url: format!("http://127.0.0.1:{port}/alerts"),
        headers: [("authorization".to_owned(), "Bearer x".to_owned())].into(),
    };
    let outputs = Outputs::open(&[OutputConfig::of(to)], folder).unwrap();
    outputs.pass(&(0..20).map(|number| alert(number, Priority::Error)).collect::<Vec<_>>());
    let mut told = Vec::new();
    for attempt in 0.. {
        let (mut stream, _) = listener.accept().unwrap();
        let (head, body) = request(&mut stream);
        assert!(head.contains("authorization: Bearer x"), "{head}");
        assert!(head.contains("application/cloudevents-batch+json"), "{head}");
        let refused = attempt < refusals;
        let status = if refused { "503 Busy" } else { "204 No Content" };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        if refused {
            continue;
        }
        let events: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
        told.extend(events.iter().map(|event| event["data"]["rule"].as_str().unwrap().to_owned()));
        if told.len() >= 20 {
            break;
        }
    }
    let counts = |pick: fn(&Counts) -> &AtomicU64| {
        outputs.counts().map(|(_, counts)| pick(counts).load(Ordering::Relaxed)).sum::<u64>()
    };
    assert_eq!(counts(|counts| &counts.failed), refusals as u64);
    assert_eq!(counts(|counts| &counts.lost), 0);
    told
}

fn request(stream: &mut std::net::TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut one = [0_u8];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).unwrap();
        bytes.push(one[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

#[test]
fn a_webhook_that_refuses_gets_everything_later_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let expected: Vec<String> = (0..20).map(|number| format!("rule {number}")).collect();
    assert_eq!(webhook(folder.path(), 0, 2), expected);
}

#[test]
fn what_nobody_takes_is_told_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{free}/");
    let to = Destination::Webhook { url, headers: Default::default() };
    let outputs = Outputs::open(&[OutputConfig::of(to.clone())], folder.path()).unwrap();
    outputs.pass(&[alert(1, Priority::Error), alert(2, Priority::Error)]);
    drop(outputs);
    let config = OutputConfig::of(to);
    let spool = Spool::open(&folder.path().join(folder_name(&config, 0)), 1 << 20);
    assert_eq!(spool.unwrap().len(), 2);
    assert_ne!(folder_name(&config, 0), folder_name(&config, 1));
}

#[test]
fn syslog_gets_datagrams_and_counted_octets() {
    let folder = tempfile::tempdir().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = PathBuf::from(folder.path()).join("log");
    let datagrams = std::os::unix::net::UnixDatagram::bind(&unix).unwrap();
    let addresses = [
        format!("udp:{}", udp.local_addr().unwrap()),
        format!("tcp:{}", tcp.local_addr().unwrap()),
        format!("unix:{}", unix.display()),
    ];
    let of = |address: &String| {
        OutputConfig::of(Destination::Syslog { address: address.clone(), facility: 16 })
    };
    let configs: Vec<_> = addresses.iter().map(of).collect();
    let outputs = Outputs::open(&configs, &folder.path().join("spool")).unwrap();
    outputs.pass(&[alert(1, Priority::Critical)]);
    drop(outputs);
    let mut buffer = [0; 4096];
    for length in [udp.recv(&mut buffer).unwrap(), datagrams.recv(&mut buffer).unwrap()] {
        let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(line.starts_with("<130>1 ") && line.contains("rule=\"rule 1\""), "{line}");
    }
    let mut line = String::new();
    tcp.accept().unwrap().0.read_to_string(&mut line).unwrap();
    let (octets, message) = line.split_once(' ').unwrap();
    assert_eq!(octets.parse::<usize>().unwrap(), message.len());
}
