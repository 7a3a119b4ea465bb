//! Walks an image and prints what it saw and how long it took: for measuring.
//!
//! `cargo run --release -p lazaret-image --example walk -- IMAGE [THREADS] [read]`; with `read`
//! the content of every file is read too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lazaret_image::{LayerStream, LayerVisitor, Options, Target, open};
use model::{Digest, NoProgress};

#[derive(Default)]
struct Counter {
    read: bool,
    entries: AtomicU64,
    layer_bytes: AtomicU64,
    content_bytes: AtomicU64,
}

impl LayerVisitor for Counter {
    fn wants(&self, _claimed: Option<&Digest>) -> bool {
        true
    }

    fn visit(&self, claimed: Option<&Digest>, layer: &mut dyn LayerStream) {
        let mut content_bytes = 0;
        let outcome = layer.walk(&mut |entry, body| {
            if self.read
                && let Ok(content) = body.content()
            {
                content_bytes += content.size_bytes();
                let touched =
                    content.bytes().map(|bytes| bytes.iter().map(|&b| u64::from(b)).sum());
                std::hint::black_box(touched.unwrap_or(0_u64));
            }
            std::hint::black_box(&entry.path);
        });
        println!(
            "layer {} really {}: {} entries, {} bytes",
            claimed.map_or("?", Digest::short),
            outcome.diff_id.as_ref().map_or("?", Digest::short),
            outcome.entries,
            outcome.size_bytes,
        );
        for skip in outcome.skipped.iter().take(20) {
            println!("  skipped {:?} {}: {}", skip.reason, skip.path, skip.detail);
        }
        self.entries.fetch_add(outcome.entries, Ordering::Relaxed);
        self.layer_bytes.fetch_add(outcome.size_bytes, Ordering::Relaxed);
        self.content_bytes.fetch_add(content_bytes, Ordering::Relaxed);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let image = words.next().ok_or("which image?")?;
    let threads = words.next().and_then(|word| word.parse().ok()).unwrap_or(2);
    let counter = Counter { read: words.next().is_some(), ..Counter::default() };
    let begun = Instant::now();
    let target = Target::parse(&image)?;
    let mut source = open(&target, &Options::default())?;
    let description = source.read_layers(&counter, threads, &NoProgress)?;
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = counter.layer_bytes.into_inner();
    println!(
        "{target:?}: {} layers, {} entries, {bytes} bytes ({} of content read) in {seconds:.3} s, \
         {:.0} MB/s, peak {}",
        description.layers.len(),
        counter.entries.into_inner(),
        counter.content_bytes.into_inner(),
        bytes as f64 / 1e6 / seconds,
        peak_memory().unwrap_or_default(),
    );
    Ok(())
}

/// The peak resident memory of this process, as the kernel writes it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
