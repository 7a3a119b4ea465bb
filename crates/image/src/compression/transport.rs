//! `Transport`: the bytes as they are stored or sent, buffered, counted and hashed.

use std::io::{self, Read};

use model::{Digest, Progress};

use crate::hashing::Hashing;
use crate::stop::Stop;

/// Bytes read from the source at once.
const BUFFER_BYTES: usize = 128 << 10;

/// The stored or sent bytes of a stream.
pub(crate) struct Transport<'a> {
    reader: Box<dyn Read + Send + 'a>,
    progress: &'a dyn Progress,
    hashing: Option<Hashing>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    read_bytes: u64,
    ended: bool,
}

impl<'a> Transport<'a> {
    /// Reads from `reader`.
    pub(crate) fn new(reader: Box<dyn Read + Send + 'a>, progress: &'a dyn Progress) -> Self {
        Transport {
            reader,
            progress,
            hashing: None,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            read_bytes: 0,
            ended: false,
        }
    }

    /// Hashes all bytes in the algorithm of `expected`; nothing may have been consumed yet.
    pub(crate) fn hash_like(&mut self, expected: &Digest) {
        let mut hashing = Hashing::like(expected);
        hashing.update(self.buffered());
        self.hashing = Some(hashing);
    }

    /// Bytes read from the source so far.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The bytes that are buffered and not consumed.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Marks bytes of `buffered` as used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads until `count` bytes are buffered or the source ends; `count` is at most a few bytes.
    pub(crate) fn want(&mut self, count: usize) -> Result<&[u8], Stop> {
        while self.end - self.start < count && !self.ended {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            self.buffer.resize(BUFFER_BYTES, 0);
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            let got = read_some(&mut self.reader, free)?;
            self.took(self.end, got);
            self.end += got;
        }
        Ok(self.buffered())
    }

    /// Reads straight into `output`, past the buffer once that is empty. 0 at the end.
    pub(crate) fn read_into(&mut self, output: &mut [u8]) -> Result<usize, Stop> {
        let buffered = self.buffered();
        if buffered.is_empty() {
            let got = if self.ended { 0 } else { read_some(&mut self.reader, output)? };
            self.count(got);
            if let (Some(hashing), Some(bytes)) = (&mut self.hashing, output.get(..got)) {
                hashing.update(bytes);
            }
            return Ok(got);
        }
        let count = buffered.len().min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..count), buffered.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }

    /// Reads and drops the rest; gives how many bytes there were and whether all were zero.
    pub(crate) fn drain(&mut self) -> Result<(u64, bool), Stop> {
        let (mut count, mut zero) = (0, true);
        loop {
            let bytes = self.want(1)?;
            if bytes.is_empty() {
                return Ok((count, zero));
            }
            zero &= bytes.iter().all(|&byte| byte == 0);
            let length = bytes.len();
            count += length as u64;
            self.consume(length);
        }
    }

    /// The digest of everything read, when one was expected.
    pub(crate) fn digest(self) -> Option<Digest> {
        self.hashing.map(Hashing::finish)
    }

    fn took(&mut self, at: usize, got: usize) {
        self.count(got);
        if let (Some(hashing), Some(bytes)) = (&mut self.hashing, self.buffer.get(at..at + got)) {
            hashing.update(bytes);
        }
    }

    fn count(&mut self, got: usize) {
        self.ended |= got == 0;
        self.read_bytes += got as u64;
        self.progress.advance(got as u64);
    }
}

/// One successful `read`, interruptions aside.
fn read_some(reader: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Stop> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return Ok(done?.min(buffer.len())),
        }
    }
}
