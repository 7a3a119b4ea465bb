//! Layers: a tar, walked once, entry by entry, and hashed beside it.
//!
//! [`SequentialLayer`] takes any stream, compressed or not; [`InPlaceLayer`] a plain tar inside a
//! file, where bodies nobody asks for are jumped over.

mod body;
mod in_place;
mod refused;
mod sequential;
mod skips;
mod walk;

pub(crate) use in_place::{InPlaceLayer, Span, SpanReader};
pub(crate) use refused::RefusedLayer;
pub(crate) use sequential::SequentialLayer;
pub(crate) use skips::Skips;

use model::{Digest, Skip, SkipReason};

use crate::LayerOutcome;
use crate::stop::Stop;
use walk::Walked;

/// The digests a layer's bytes must have, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims {
    /// Digest of the uncompressed tar, by the configuration.
    pub(crate) diff_id: Option<Digest>,
    /// Digest of the stored bytes, by the manifest.
    pub(crate) blob: Option<Digest>,
}

impl Claims {
    /// Says so when bytes that were read to their end have other digests than claimed.
    fn check(&self, skips: &mut Skips, diff_id: &Digest, transported: Option<&Digest>) {
        if let (Some(claimed), Some(actual)) = (&self.blob, transported) {
            compare(skips, "the blob is named", claimed, actual);
        }
        if let Some(claimed) = &self.diff_id {
            compare(skips, "the image's configuration names the layer", claimed, diff_id);
        }
    }
}

fn compare(skips: &mut Skips, named: &str, claimed: &Digest, actual: &Digest) {
    if claimed != actual && claimed.algorithm() == actual.algorithm() {
        let detail = format!("{named} {claimed} but its bytes have {actual}: damaged or forged");
        skips.push(Stop::new(SkipReason::DigestMismatch, detail).into_skip(""));
    }
}

/// The outcome of a walk, once the digest is known too.
fn outcome(walked: Walked, diff_id: Option<Digest>) -> LayerOutcome {
    LayerOutcome {
        diff_id: if walked.complete { diff_id } else { None },
        size_bytes: walked.size_bytes,
        entries: walked.entries,
        skipped: walked.skips.finish(),
    }
}

/// The outcome of a layer that could not even be started.
fn failed(skip: Skip) -> LayerOutcome {
    LayerOutcome { diff_id: None, size_bytes: 0, entries: 0, skipped: vec![skip] }
}

/// The stop when the operating system gives no thread.
fn no_thread(error: std::io::Error) -> Stop {
    Stop::new(SkipReason::Unreadable, format!("cannot start a thread: {error}"))
}

/// What comes of a thread, its panic passed on.
pub(crate) fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests;
