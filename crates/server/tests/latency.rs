//! How long an answer takes at 200 questions a second: a measurement, not a test.
//!
//! `cargo test --release -p lazaret-server --test latency -- --ignored --nocapture`

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod support;

use std::time::{Duration, Instant};

use model::{Report, Severity};
use support::*;

/// Questions a second, for so many seconds, over so many connections of an API server.
const RATE: u32 = 200;
const SECONDS: u32 = 10;
const CONNECTIONS: u32 = 8;
/// Images that are asked about, and the findings of each.
const IMAGES: u8 = 50;
const FINDINGS: usize = 200;

fn images() -> Vec<Report> {
    let image = |number: u8| {
        let mut report = report(&format!("registry.example/app-{number}:1"), number, 0);
        let finding = |n: usize| vulnerability(&format!("CVE-2026-{n:05}"), Severity::Medium);
        report.findings = (0..FINDINGS).map(finding).collect();
        report
    };
    (0..IMAGES).map(image).collect()
}

#[test]
#[ignore = "a measurement of ten seconds"]
fn two_hundred_a_second() {
    let server = Running::start(SEVEN, &images());
    let question = |n: u32| {
        let number = u8::try_from(n % u32::from(IMAGES)).unwrap();
        review(&create_pod(&pod_of(&pinned(&format!("app-{number}"), number))))
    };
    (0..u32::from(IMAGES)).for_each(|n| assert_eq!(server.post("/admission", &question(n)).0, 200));
    let url = format!("{}/admission", server.url);
    let begun = Instant::now();
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let connection = |first: u32| {
            let (url, bundle) = (&url, &server.bundle);
            scope.spawn(move || {
                let agent = agent(bundle);
                let mut took = Vec::new();
                for n in (first..RATE * SECONDS).step_by(CONNECTIONS as usize) {
                    let body = question(n).to_string();
                    let due = Duration::from_secs(1) * n / RATE;
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    let asked = Instant::now();
                    let mut response = agent.post(url).send(body.as_bytes()).unwrap();
                    let answer = response.body_mut().read_to_string().unwrap();
                    took.push(asked.elapsed());
                    assert!(answer.contains("\"allowed\":true"), "{answer}");
                }
                took
            })
        };
        let connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
        connections.into_iter().flat_map(|connection| connection.join().unwrap()).collect()
    });
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{} answers in {:.1} s: p50 {:?}, p90 {:?}, p99 {:?}, longest {:?}",
        took.len(),
        begun.elapsed().as_secs_f64(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    assert_eq!(server.decisions().len(), 1_000, "the newest thousand of the log");
}
