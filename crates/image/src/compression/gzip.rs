//! Gzip (RFC 1952) on top of raw deflate, any number of members.
//!
//! Framed here rather than by the library so that millions of members (stargz has one a file)
//! reuse one inflate state, and so that what follows the last member can be told from damage.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Decoder, Step};
use crate::stop::Stop;

const FLAG_HEADER_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const FIXED_HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// Where in a member the next byte of input belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    ExtraLength,
    Extra(usize),
    Name,
    Comment,
    HeaderCrc,
    Body,
    Trailer,
}

pub(super) struct Gzip {
    inflate: Decompress,
    crc: Crc,
    place: Place,
    flags: u8,
    /// Bytes of a fixed-size field that may come in pieces.
    field: Vec<u8>,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Gzip {
            inflate: Decompress::new(false),
            crc: Crc::new(),
            place: Place::Header,
            flags: 0,
            field: Vec::with_capacity(FIXED_HEADER_BYTES),
        }
    }

    /// Collects a field of `size` bytes; gives the bytes used, and whether it is whole.
    fn collect(&mut self, input: &[u8], size: usize) -> (usize, bool) {
        let count = size.saturating_sub(self.field.len()).min(input.len());
        self.field.extend_from_slice(input.get(..count).unwrap_or_default());
        (count, self.field.len() >= size)
    }

    /// Reads one part of the header; gives the bytes used.
    fn header(&mut self, input: &[u8]) -> Result<usize, Stop> {
        match self.place {
            Place::Header => {
                let (used, whole) = self.collect(input, FIXED_HEADER_BYTES);
                if whole {
                    self.flags = match self.field.as_slice() {
                        [0x1f, 0x8b, 8, flags, ..] => *flags,
                        _ => return Err(Stop::malformed("not a gzip member header")),
                    };
                    self.after(Place::Header);
                }
                Ok(used)
            }
            Place::ExtraLength => {
                let (used, whole) = self.collect(input, 2);
                if let (true, &[low, high, ..]) = (whole, self.field.as_slice()) {
                    self.place = Place::Extra(usize::from(u16::from_le_bytes([low, high])));
                    self.field.clear();
                    if self.place == Place::Extra(0) {
                        self.after(self.place);
                    }
                }
                Ok(used)
            }
            Place::Extra(left) => {
                let used = left.min(input.len());
                self.place = Place::Extra(left - used);
                if left == used {
                    self.after(Place::Extra(0));
                }
                Ok(used)
            }
            Place::Name | Place::Comment => {
                let end = input.iter().position(|&byte| byte == 0);
                if end.is_some() {
                    self.after(self.place);
                }
                Ok(end.map_or(input.len(), |at| at + 1))
            }
            Place::HeaderCrc => {
                let (used, whole) = self.collect(input, 2);
                if whole {
                    self.after(Place::HeaderCrc);
                }
                Ok(used)
            }
            Place::Body | Place::Trailer => Ok(0),
        }
    }

    /// Goes to the header's next part that is there.
    fn after(&mut self, place: Place) {
        self.field.clear();
        let parts = [
            (FLAG_EXTRA, Place::ExtraLength),
            (FLAG_NAME, Place::Name),
            (FLAG_COMMENT, Place::Comment),
            (FLAG_HEADER_CRC, Place::HeaderCrc),
        ];
        let done = match place {
            Place::Header => 0,
            Place::Extra(_) => 1,
            Place::Name => 2,
            Place::Comment => 3,
            _ => 4,
        };
        let next = parts.iter().skip(done).find(|(flag, _)| self.flags & flag != 0);
        self.place = next.map_or(Place::Body, |(_, place)| *place);
    }

    fn body(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Stop> {
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| Stop::malformed(format!("damaged gzip stream: {error}")))?;
        let consumed = (self.inflate.total_in() - before.0) as usize;
        let produced = (self.inflate.total_out() - before.1) as usize;
        self.crc.update(output.get(..produced).unwrap_or_default());
        if status == Status::StreamEnd {
            self.place = Place::Trailer;
            self.field.clear();
        }
        Ok(Step { consumed, produced, member_ended: false })
    }

    fn trailer(&mut self, input: &[u8]) -> Result<Step, Stop> {
        let (consumed, whole) = self.collect(input, TRAILER_BYTES);
        if !whole {
            return Ok(Step { consumed, ..Step::default() });
        }
        let mut expected = [0; 4];
        expected.copy_from_slice(self.field.get(..4).unwrap_or(&[0; 4]));
        if u32::from_le_bytes(expected) != self.crc.sum() {
            return Err(Stop::malformed("damaged gzip stream: the CRC-32 of a member is wrong"));
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.field.clear();
        self.place = Place::Header;
        Ok(Step { consumed, produced: 0, member_ended: true })
    }
}

impl Decoder for Gzip {
    fn member_name(&self) -> &'static str {
        "gzip member"
    }

    fn begins(&self, head: &[u8]) -> bool {
        matches!(head, [0x1f, 0x8b, 0x08, ..])
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Stop> {
        match self.place {
            Place::Body => self.body(input, output),
            Place::Trailer => self.trailer(input),
            _ => Ok(Step { consumed: self.header(input)?, ..Step::default() }),
        }
    }
}
