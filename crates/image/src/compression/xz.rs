//! The .xz file format, any number of streams.

use liblzma::stream::{Action, Error, Status, Stream};
use model::SkipReason;

use super::{Decoder, Step};
use crate::stop::Stop;

/// Most memory the dictionary may take, in bytes: what `xz -9` needs.
const MEMORY_BYTES: u64 = 80 << 20;

pub(super) struct Xz {
    stream: Stream,
}

impl Xz {
    pub(super) fn new() -> Result<Self, Stop> {
        Ok(Xz { stream: new_stream()? })
    }
}

fn new_stream() -> Result<Stream, Stop> {
    Stream::new_stream_decoder(MEMORY_BYTES, 0)
        .map_err(|error| Stop::new(SkipReason::Unreadable, format!("cannot start xz: {error}")))
}

impl Decoder for Xz {
    fn member_name(&self) -> &'static str {
        "xz stream"
    }

    fn begins(&self, head: &[u8]) -> bool {
        matches!(head, [0xfd, b'7', b'z', b'X', b'Z', 0, ..])
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Stop> {
        let before = (self.stream.total_in(), self.stream.total_out());
        let status = match self.stream.process(input, output, Action::Run) {
            Ok(status) => status,
            Err(Error::MemLimit) => {
                let detail =
                    format!("the xz stream needs more than {MEMORY_BYTES} bytes of memory");
                return Err(Stop::new(SkipReason::Unsupported, detail));
            }
            Err(error) => return Err(Stop::malformed(format!("damaged xz stream: {error}"))),
        };
        let step = Step {
            consumed: (self.stream.total_in() - before.0) as usize,
            produced: (self.stream.total_out() - before.1) as usize,
            member_ended: status == Status::StreamEnd,
        };
        if step.member_ended {
            self.stream = new_stream()?;
        }
        Ok(step)
    }
}
