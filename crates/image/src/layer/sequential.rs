//! `SequentialLayer`: a layer that comes as a stream, from a registry, a daemon or a compressed
//! file. One thread reads, decompresses and hashes; the caller's walks.

use std::io::Read;
use std::thread::{Builder, scope};

use model::{Digest, Progress, SkipReason};

use super::walk::walk;
use super::{Claims, failed, joined, outcome};
use crate::compression::{Decompressor, Finish, Transport};
use crate::hashing::Hashing;
use crate::input::{Recycling, feed, pipe};
use crate::source::{EntryVisitor, LayerStream};
use crate::stop::Stop;
use crate::{LayerOutcome, Limits};

/// A layer read from its first byte to its last. Its compression is told from its first bytes.
pub(crate) struct SequentialLayer<'a> {
    reader: Option<Box<dyn Read + Send + 'a>>,
    claims: Claims,
    limits: Limits,
    progress: &'a dyn Progress,
    diff_id: Option<Digest>,
}

impl<'a> SequentialLayer<'a> {
    /// A layer of the bytes of `reader`; `progress` is told of them as they are read. An
    /// `io::Error` of the kind `TimedOut` ends it with a skip for that reason.
    pub(crate) fn new(
        reader: Box<dyn Read + Send + 'a>,
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
        let (recycling, mut chunks) = pipe();
        let walked = scope(|threads| {
            let feeding = Builder::new()
                .name("layer-read".into())
                .spawn_scoped(threads, move || produce(transport, claims, limits, recycling));
            let feeding = feeding.map_err(|error| {
                Stop::new(SkipReason::Unreadable, format!("cannot start a thread: {error}"))
            })?;
            let walked = walk(&mut chunks, limits, visit);
            drop(chunks); // Ends the other thread, should it still be at work.
            Ok((walked, joined(feeding)))
        });
        match walked {
            Err(stop) => failed(Stop::into_skip(stop, "")),
            Ok((mut walked, None)) => {
                walked.complete = false;
                outcome(walked, None)
            }
            Ok((mut walked, Some(read))) => {
                if walked.complete {
                    let transported = read.transported.as_ref();
                    read.trailing.into_iter().for_each(|skip| walked.skips.push(skip));
                    self.claims.check(&mut walked.skips, &read.diff_id, transported);
                    self.diff_id = Some(read.diff_id.clone());
                }
                outcome(walked, Some(read.diff_id))
            }
        }
    }
}

/// What is known of a stream read to its end.
struct Produced {
    diff_id: Digest,
    transported: Option<Digest>,
    trailing: Option<model::Skip>,
}

/// Reads the stream to its end into the pipe.
fn produce(
    transport: Transport<'_>,
    claims: &Claims,
    limits: &Limits,
    pipe: Recycling,
) -> Option<Produced> {
    let mut stream = match Decompressor::new(transport, claims.blob.as_ref(), limits) {
        Ok(stream) => stream,
        Err(stop) => {
            pipe.stop(stop);
            return None;
        }
    };
    let plain = stream.is_plain();
    let (diff_id, _) = feed(&mut stream, pipe, Some(Hashing::sha256()), limits.layer_bytes)?;
    let Finish { transported, trailing } = stream.finish();
    let transported = transported.or_else(|| plain.then(|| diff_id.clone()));
    Some(Produced { diff_id, transported, trailing })
}
