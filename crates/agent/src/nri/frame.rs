//! The bytes of NRI's connection: several logical connections over one socket, and ttrpc's messages
//! in each. Pure: bytes in, messages out, and back.
//!
//! Sources: containerd/nri `pkg/net/multiplex` (a frame is a connection's number and a length, both
//! 32 bits big-endian, and the payload), containerd/ttrpc `PROTOCOL.md` 1.2 (a message is a length
//! and a stream's number, both 32 bits big-endian, a type and flags of a byte each, and the data).

use crate::limits::NRI_MESSAGE_MAX_BYTES;

/// The connection on which the runtime asks the plugin.
pub(super) const PLUGIN: u32 = 1;
/// The connection on which the plugin asks the runtime.
pub(super) const RUNTIME: u32 = 2;
/// A message that asks.
pub(super) const REQUEST: u8 = 1;
/// A message that answers.
pub(super) const RESPONSE: u8 = 2;

const FRAME_HEADER_BYTES: usize = 8;
const MESSAGE_HEADER_BYTES: usize = 10;
/// Largest frame sent, in bytes: the other side reads a frame at once into a buffer of this size
/// and gives up on one that is larger.
const FRAME_SENT_BYTES: usize = 4096;

/// A message of ttrpc, and the connection that it came on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) connection: u32,
    pub(super) stream: u32,
    pub(super) kind: u8,
    pub(super) data: Vec<u8>,
}

/// The bytes are no frames: nothing after them can be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadFrame {
    /// A length beyond what either protocol allows.
    #[error("a message of {0} bytes; at most {NRI_MESSAGE_MAX_BYTES} are read")]
    TooLong(usize),
}

/// Takes a socket's bytes apart. Holds at most one frame and one message of each connection.
#[derive(Debug, Default)]
pub(super) struct Frames {
    trunk: Vec<u8>,
    plugin: Vec<u8>,
    runtime: Vec<u8>,
}

impl Frames {
    /// Takes what the socket gave.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.trunk.extend_from_slice(bytes);
    }

    /// The next message that is complete; `None` when more bytes are needed.
    pub(super) fn message(&mut self) -> Result<Option<Message>, BadFrame> {
        loop {
            for (connection, bytes) in [(PLUGIN, &mut self.plugin), (RUNTIME, &mut self.runtime)] {
                if let Some(message) = cut_message(connection, bytes)? {
                    return Ok(Some(message));
                }
            }
            if !self.cut_frame()? {
                return Ok(None);
            }
        }
    }

    /// Hands one frame's payload to its connection; one of a connection that nobody has is dropped.
    fn cut_frame(&mut self) -> Result<bool, BadFrame> {
        let (Some(connection), Some(length)) = (number(&self.trunk, 0), number(&self.trunk, 4))
        else {
            return Ok(false);
        };
        let length = checked(length, NRI_MESSAGE_MAX_BYTES + MESSAGE_HEADER_BYTES)?;
        let Some(payload) = self.trunk.get(FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + length) else {
            return Ok(false);
        };
        match connection {
            PLUGIN => self.plugin.extend_from_slice(payload),
            RUNTIME => self.runtime.extend_from_slice(payload),
            _ => {}
        }
        self.trunk.drain(..FRAME_HEADER_BYTES + length);
        Ok(true)
    }
}

fn cut_message(connection: u32, bytes: &mut Vec<u8>) -> Result<Option<Message>, BadFrame> {
    let (Some(length), Some(stream)) = (number(bytes, 0), number(bytes, 4)) else {
        return Ok(None);
    };
    let length = checked(length, NRI_MESSAGE_MAX_BYTES)?;
    let end = MESSAGE_HEADER_BYTES + length;
    let (Some(kind), Some(data)) = (bytes.get(8), bytes.get(MESSAGE_HEADER_BYTES..end)) else {
        return Ok(None);
    };
    let message = Message { connection, stream, kind: *kind, data: data.to_vec() };
    bytes.drain(..end);
    Ok(Some(message))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

fn checked(length: u32, most: usize) -> Result<usize, BadFrame> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > most { Err(BadFrame::TooLong(length)) } else { Ok(length) }
}

/// A message as it goes over the socket. Data beyond the protocol's limit is cut off, which the
/// other side reads as a broken answer.
pub(super) fn framed(message: &Message) -> Vec<u8> {
    let data = message.data.get(..NRI_MESSAGE_MAX_BYTES).unwrap_or(&message.data);
    let mut bytes = Vec::with_capacity(MESSAGE_HEADER_BYTES + data.len());
    bytes.extend(length_of(data));
    bytes.extend(message.stream.to_be_bytes());
    bytes.extend([message.kind, 0]);
    bytes.extend_from_slice(data);
    let mut frames = Vec::with_capacity(bytes.len() + FRAME_HEADER_BYTES);
    for piece in bytes.chunks(FRAME_SENT_BYTES) {
        frames.extend(message.connection.to_be_bytes());
        frames.extend(length_of(piece));
        frames.extend_from_slice(piece);
    }
    frames
}

fn length_of(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(connection: u32, stream: u32, bytes: usize) -> Message {
        Message { connection, stream, kind: REQUEST, data: vec![7; bytes] }
    }

    /// However the bytes are cut, the messages are the same; those of nobody's connection are left.
    #[test]
    fn messages_come_out_as_they_went_in() {
        let sent = [message(1, 1, 0), message(2, 1, 5000), message(9, 3, 10), message(1, 3, 9000)];
        let bytes: Vec<u8> = sent.iter().flat_map(framed).collect();
        for size in [1, 7, 4096, bytes.len()] {
            let mut frames = Frames::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(size) {
                frames.push(piece);
                while let Some(message) = frames.message().unwrap() {
                    read.push(message);
                }
            }
            assert_eq!(read, [sent[0].clone(), sent[1].clone(), sent[3].clone()], "{size}");
        }
    }

    #[test]
    fn frames_are_small_enough_for_the_other_side() {
        let bytes = framed(&message(1, 1, 10_000));
        assert_eq!(number(&bytes, 4), Some(4096));
        assert_eq!(bytes.len(), 10_010 + 3 * FRAME_HEADER_BYTES);
    }

    #[test]
    fn a_length_that_nobody_may_send_ends_it() {
        let mut frames = Frames::default();
        frames.push(&[0, 0, 0, 1, 0xff, 0, 0, 0]);
        assert_eq!(frames.message(), Err(BadFrame::TooLong(0xff00_0000)));
        let mut frames = Frames::default();
        frames.push(&[0, 0, 0, 1, 0, 0, 0, 10, 0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0]);
        assert_eq!(frames.message(), Err(BadFrame::TooLong(0x40_0001)));
    }
}
