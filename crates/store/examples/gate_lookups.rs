//! How fast a gate gets its reports and writes its decisions: a store with many reports, threads
//! that ask at random, one process. Prints microseconds.

use std::sync::Arc;
use std::time::Instant;

use lazaret_store::{CachedReports, Store};
use model::{DecisionRecord, Digest, Report};

/// Questions asked by each thread.
const QUESTIONS: usize = 5_000;
const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: gate_lookups REPORT.json DECISION.json")?;
    let sample: Report = serde_json::from_slice(&std::fs::read(path)?)?;
    let decision =
        std::env::args().nth(2).ok_or("usage: gate_lookups REPORT.json DECISION.json")?;
    let decision: DecisionRecord = serde_json::from_slice(&std::fs::read(decision)?)?;
    let folder = tempfile::tempdir()?;
    let store = Arc::new(Store::open(&folder.path().join("store.sqlite"))?);
    for image in 0..100u8 {
        let mut report = sample.clone();
        report.source.image_id = Some(Digest::sha256(&[image; 32]));
        store.save_report(&report)?;
    }
    let cache = CachedReports::new(Arc::clone(&store));
    for image in 0..100u8 {
        cache.by_image(&Digest::sha256(&[image; 32]))?;
    }
    let ask = |thread: usize| {
        let mut spent: Vec<u128> = Vec::with_capacity(QUESTIONS);
        for turn in 0..QUESTIONS {
            let image = u8::try_from((turn * 31 + thread * 7) % 100).unwrap_or(0);
            let begun = Instant::now();
            let found = cache.by_image(&Digest::sha256(&[image; 32]));
            spent.push(begun.elapsed().as_micros());
            assert!(found.is_ok_and(|found| found.is_some()));
        }
        spent
    };
    let spent: Vec<u128> = std::thread::scope(|scope| {
        let ask = &ask;
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || ask(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    tell("report by image, cached", spent);
    let mut spent = Vec::new();
    for _ in 0..QUESTIONS {
        let begun = Instant::now();
        store.append_decision(&decision)?;
        spent.push(begun.elapsed().as_micros());
    }
    tell("append a decision", spent);
    let begun = Instant::now();
    let chain = store.verify_decisions()?;
    println!("verify {} decisions: {} ms", chain.decisions, begun.elapsed().as_millis());
    Ok(())
}

fn tell(what: &str, mut spent: Vec<u128>) {
    spent.sort_unstable();
    let at = |share: usize| spent.get(spent.len() * share / 1000).copied().unwrap_or_default();
    println!("{what}: p50 {} us, p99 {} us, p99.9 {} us", at(500), at(990), at(999));
}
