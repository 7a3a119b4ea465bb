//! How long a start waits for its decision, with warm reports, at 200 requests a second. Measured
//! by hand, since a figure is no test:
//!
//! ```text
//! cargo test --release -p lazaret-agent --test latency -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod lab;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use lab::{APP, BUSYBOX, Engine, Lab, POLICY, critical, package};

const RATE_PER_S: u32 = 200;
const SECONDS: u32 = 10;
/// Connections that the daemon would hold.
const CONNECTIONS: u32 = 10;
/// Packages and findings of each report: about a small distribution image.
const PACKAGES: usize = 300;
const FINDINGS: usize = 100;

#[test]
fn agent_process() {
    lab::serve_agent();
}

/// Asks as the daemon does, over a connection that stays open.
struct Asker(BufReader<UnixStream>);

impl Asker {
    fn ask(&mut self, message: &str) -> String {
        let head = "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: plugin\r\nContent-Length:";
        let request = format!("{head} {}\r\n\r\n{message}", message.len());
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }
}

/// The daemon's message before a container starts.
fn start(id: &str) -> String {
    format!(r#"{{"RequestMethod":"POST","RequestUri":"/v1.41/containers/{id}/start"}}"#)
}

/// Asks at fixed moments, whether or not the last answer has come, as clients do.
fn ask_all(socket: &Path, ids: &[String], begin: Instant, first: u32) -> Vec<Duration> {
    let mut asker = Asker(BufReader::new(UnixStream::connect(socket).unwrap()));
    let mut waits = Vec::new();
    for number in (first..RATE_PER_S * SECONDS).step_by(CONNECTIONS as usize) {
        let due = begin + Duration::from_secs(1) / RATE_PER_S * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let id = &ids[number as usize % ids.len()];
        let answer = asker.ask(&start(id));
        waits.push(due.elapsed());
        assert_eq!(answer, r#"{"Allow":true}"#);
    }
    waits
}

#[test]
#[ignore = "a figure, no test"]
fn start_decisions_at_200_a_second() {
    let Some(lab) = Lab::start(Engine::Installed, POLICY) else { return };
    let mut ids = Vec::new();
    for image in 0..10 {
        let name = format!("app{image}:1");
        lab.reported(&name, APP, |report| {
            (0..PACKAGES).for_each(|n| package(report, &format!("package-{n}"), "1.0.0"));
            (0..FINDINGS).for_each(|_| critical(report, None));
        });
        for _ in 0..3 {
            ids.push(lab.does(&["create", &name, BUSYBOX, "true"]));
        }
    }
    let socket = lab.plugin_socket();
    let mut warm = Asker(BufReader::new(UnixStream::connect(&socket).unwrap()));
    ids.iter().for_each(|id| drop(warm.ask(&start(id))));
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let (socket, ids, begin) = (&socket, &ids, Instant::now() + Duration::from_millis(200));
        let askers: Vec<_> = (0..CONNECTIONS)
            .map(|first| scope.spawn(move || ask_all(socket, ids, begin, first)))
            .collect();
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    });
    waits.sort_unstable();
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "{} decisions at {RATE_PER_S}/s: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        waits.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    let mut judged: Vec<u64> = lab.decisions().iter().map(|d| d.duration_us).collect();
    judged.sort_unstable();
    println!("of these inside the agent, by its own records: p50 {} us", judged[judged.len() / 2]);
}
