//! `SequentialLayer`: a layer that comes as a stream, from a registry, a daemon or a compressed
//! file. One thread reads and decompresses, one hashes, the caller's walks.

use std::io;
use std::thread::{Builder, scope};

use model::{Digest, Progress, SkipReason};

use super::walk::{Walked, walk};
use super::{Claims, failed, joined, no_thread, outcome};
use crate::compression::{Decompressor, Finish, Transport};
use crate::input::{Feed, gauged_pipe};
use crate::source::{EntryVisitor, LayerStream};
use crate::stop::Stop;
use crate::{LayerOutcome, Limits};

/// A layer read from its first byte to its last. Its compression is told from its first bytes.
pub(crate) struct SequentialLayer<'a> {
    reader: Option<Box<dyn io::Read + Send + 'a>>,
    claims: Claims,
    limits: Limits,
    progress: &'a dyn Progress,
    diff_id: Option<Digest>,
}

impl<'a> SequentialLayer<'a> {
    /// A layer of the bytes of `reader`; `progress` is told of them as they are read. An
    /// `io::Error` of the kind `TimedOut` ends it with a skip for that reason.
    pub(crate) fn new(
        reader: Box<dyn io::Read + Send + 'a>,
        claims: Claims,
        limits: &Limits,
        progress: &'a dyn Progress,
    ) -> Self {
        SequentialLayer {
            reader: Some(reader),
            claims,
            limits: limits.clone(),
            progress,
            diff_id: None,
        }
    }

    /// The digest its uncompressed bytes really have, once it was walked to its end.
    pub(crate) fn diff_id(&self) -> Option<&Digest> {
        self.diff_id.as_ref()
    }
}

impl LayerStream for SequentialLayer<'_> {
    fn walk(&mut self, visit: EntryVisitor<'_>) -> LayerOutcome {
        let Some(reader) = self.reader.take() else {
            let stop = Stop::new(SkipReason::Unreadable, "a layer can be walked only once");
            return failed(stop.into_skip(""));
        };
        let transport = Transport::new(reader, self.progress);
        let (claims, limits) = (&self.claims, &self.limits);
        let (feed, gauge, mut chunks) = gauged_pipe();
        let read = scope(|threads| {
            let reading = Builder::new()
                .name("layer-read".into())
                .spawn_scoped(threads, move || read(transport, claims, limits, feed))
                .map_err(no_thread)?;
            let hashing = Builder::new()
                .name("layer-hash".into())
                .spawn_scoped(threads, move || gauge.hash())
                .map_err(no_thread)?;
            let walked = walk(&mut chunks, limits, visit);
            drop(chunks); // Ends the other threads, should they still be at work.
            Ok((walked, joined(hashing), joined(reading)))
        });
        match read {
            Err(stop) => failed(Stop::into_skip(stop, "")),
            Ok((walked, Some(diff_id), Some(read))) => self.checked(walked, diff_id, read),
            Ok((walked, ..)) => outcome(walked, None),
        }
    }
}

impl SequentialLayer<'_> {
    /// The outcome of a layer that was read to its end.
    fn checked(&mut self, mut walked: Walked, diff_id: Digest, read: Read) -> LayerOutcome {
        if walked.complete {
            let plain = read.plain.then_some(&diff_id);
            read.finish.trailing.into_iter().for_each(|skip| walked.skips.push(skip));
            let transported = read.finish.transported.as_ref().or(plain);
            self.claims.check(&mut walked.skips, &diff_id, transported);
            self.diff_id = Some(diff_id.clone());
        }
        outcome(walked, Some(diff_id))
    }
}

/// What is known of a stream read to its end.
struct Read {
    finish: Finish,
    plain: bool,
}

/// Reads the stream to its end into the pipe.
fn read(transport: Transport<'_>, claims: &Claims, limits: &Limits, feed: Feed) -> Option<Read> {
    let mut stream = match Decompressor::new(transport, claims.blob.as_ref(), limits) {
        Ok(stream) => stream,
        Err(stop) => {
            feed.stop(stop);
            return None;
        }
    };
    feed.fill(&mut stream, limits.layer_bytes)?;
    Some(Read { plain: stream.is_plain(), finish: stream.finish() })
}
