//! Builds an advisory database from snapshots and says what it took:
//! `cargo run --release -p lazaret-advisory --example build_database -- DATA_DIR PATH...`

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use lazaret_advisory::{AdvisoryError, Builder, Record, RecordSink, SourceSummary, import};
use model::NoProgress;

/// Passes records on and measures how long the builder has them.
struct Timed {
    builder: Builder,
    recording: Duration,
    ending: Duration,
}

impl RecordSink for Timed {
    fn begin_source(&mut self, source: &str) -> Result<(), AdvisoryError> {
        self.builder.begin_source(source)
    }

    fn record(&mut self, record: Record) -> Result<(), AdvisoryError> {
        let start = Instant::now();
        let taken = self.builder.record(record);
        self.recording += start.elapsed();
        taken
    }

    fn end_source(&mut self, summary: &SourceSummary) -> Result<(), AdvisoryError> {
        let start = Instant::now();
        let ended = self.builder.end_source(summary);
        self.ending += start.elapsed();
        ended
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data_dir = arguments.next().ok_or("expected DATA_DIR PATH...")?;
    let start = Instant::now();
    let builder = Builder::open(Path::new(&data_dir), jiff::Timestamp::now())?;
    let mut timed = Timed { builder, recording: Duration::ZERO, ending: Duration::ZERO };
    for path in arguments {
        timed.builder.origin(path.clone(), false);
        for summary in import(Path::new(&path), &mut timed, &NoProgress)? {
            let (source, records) = (&summary.source, summary.records);
            println!("{:7.1?} {source}: {records} records", start.elapsed());
        }
    }
    let writing = Instant::now();
    let version = timed.builder.write()?;
    println!("{} in {:.1?}", version.digest, start.elapsed());
    let (recording, ending) = (timed.recording, timed.ending);
    println!("packing {recording:.1?}, segments {ending:.1?}, writing {:.1?}", writing.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}
