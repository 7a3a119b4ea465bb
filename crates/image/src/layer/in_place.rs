//! `InPlaceLayer`: a plain tar inside a file. One thread hashes it from end to end, the caller's
//! goes from header to header and reads only the bodies that are asked for.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, scope};

use model::{Digest, Progress};

use super::walk::walk;
use super::{Claims, failed, joined, no_thread, outcome};
use crate::hashing::Hashing;
use crate::input::{Window, read_at_most};
use crate::source::{EntryVisitor, LayerStream};
use crate::stop::Stop;
use crate::{LayerOutcome, Limits};

/// Bytes hashed at once.
const HASHED_BYTES: usize = 256 << 10;

/// A span of a file.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) file: Arc<File>,
    pub(crate) offset: u64,
    pub(crate) size_bytes: u64,
}

/// A layer that lies uncompressed in a file.
pub(crate) struct InPlaceLayer<'a> {
    span: Span,
    claims: Claims,
    limits: &'a Limits,
    progress: &'a dyn Progress,
}

impl<'a> InPlaceLayer<'a> {
    /// The layer whose tar is all of `span`.
    pub(crate) fn new(
        span: Span,
        claims: Claims,
        limits: &'a Limits,
        progress: &'a dyn Progress,
    ) -> Self {
        InPlaceLayer { span, claims, limits, progress }
    }
}

impl LayerStream for InPlaceLayer<'_> {
    fn walk(&mut self, visit: EntryVisitor<'_>) -> LayerOutcome {
        let Span { file, offset, size_bytes } = self.span.clone();
        let mut window = Window::new(file, offset, size_bytes, self.limits.layer_bytes);
        let cancelled = AtomicBool::new(false);
        let (span, progress) = (&self.span, self.progress);
        let walked = scope(|threads| {
            let hashing = Builder::new()
                .name("layer-hash".into())
                .spawn_scoped(threads, || digest(span, progress, &cancelled));
            let hashing = hashing.map_err(no_thread)?;
            let walked = walk(&mut window, self.limits, visit);
            cancelled.store(!walked.complete, Ordering::Relaxed);
            Ok((walked, joined(hashing)))
        });
        match walked {
            Err(stop) => failed(Stop::into_skip(stop, "")),
            Ok((walked, Ok(None))) => outcome(walked, None),
            Ok((mut walked, Ok(Some(diff_id)))) => {
                if walked.complete {
                    self.claims.check(&mut walked.skips, &diff_id, Some(&diff_id));
                }
                outcome(walked, Some(diff_id))
            }
            Ok((mut walked, Err(stop))) => {
                if walked.complete {
                    walked.skips.push(stop.into_skip(""));
                }
                outcome(walked, None)
            }
        }
    }
}

/// The SHA-256 of a span; `None` when cancelled.
fn digest(
    span: &Span,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<Option<Digest>, Stop> {
    let mut reader = SpanReader::new(span.clone());
    let mut hashing = Hashing::sha256();
    let mut buffer = vec![0; HASHED_BYTES];
    while !cancelled.load(Ordering::Relaxed) {
        let got = reader.read(&mut buffer)?;
        if got == 0 {
            if reader.left_bytes > 0 {
                return Err(Stop::truncated("the file became shorter while it was read"));
            }
            return Ok(Some(hashing.finish()));
        }
        hashing.update(buffer.get(..got).unwrap_or_default());
        progress.advance(got as u64);
    }
    Ok(None)
}

/// Reads a span from end to end with positioned reads, so that several may share the file.
pub(crate) struct SpanReader {
    file: Arc<File>,
    offset: u64,
    left_bytes: u64,
}

impl SpanReader {
    pub(crate) fn new(span: Span) -> Self {
        SpanReader { file: span.file, offset: span.offset, left_bytes: span.size_bytes }
    }
}

impl Read for SpanReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(buffer.len());
        let Some(target) = buffer.get_mut(..most) else { return Ok(0) };
        let got = read_at_most(&self.file, self.offset, target)?;
        self.offset += got as u64;
        self.left_bytes -= got as u64;
        Ok(got)
    }
}
