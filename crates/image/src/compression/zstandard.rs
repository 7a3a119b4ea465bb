//! Zstandard (RFC 8878): any number of frames, skippable ones included.

use model::SkipReason;
use zstd::stream::raw::{DParameter, Decoder as RawDecoder, Operation};

use super::{Decoder, Step};
use crate::stop::Stop;

/// Largest window a frame may ask for, as a power of two: what `zstd --ultra -22` writes. The
/// window is memory, and only its touched pages count.
const WINDOW_LOG_MAX: u32 = 27;

pub(super) struct Zstandard {
    decoder: RawDecoder<'static>,
}

impl Zstandard {
    pub(super) fn new() -> Result<Self, Stop> {
        let mut decoder = RawDecoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Zstandard { decoder })
    }
}

impl Decoder for Zstandard {
    fn member_name(&self) -> &'static str {
        "zstd frame"
    }

    fn begins(&self, head: &[u8]) -> bool {
        matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Stop> {
        let status = self.decoder.run_on_buffers(input, output).map_err(|error| {
            let text = error.to_string();
            let reason = if text.contains("too much memory") {
                SkipReason::Unsupported
            } else {
                SkipReason::Malformed
            };
            Stop::new(reason, format!("damaged or unsupported zstd stream: {text}"))
        })?;
        Ok(Step {
            consumed: status.bytes_read,
            produced: status.bytes_written,
            member_ended: status.remaining == 0,
        })
    }
}
