//! `BlobReader`: a blob of a registry as a plain reader that takes up again where it broke off.

use std::io::{self, Read};
use std::time::Duration;

use futures_util::StreamExt;
use model::Digest;
use oci_client::client::BlobResponse;
use oci_client::manifest::OciDescriptor;
use oci_client::{Client, Reference};

use super::super::blocking::{StreamReader, wait_at_most};
use super::{ATTEMPTS, FIRST_PAUSE_MS, failure};

/// The bytes of one blob. Whether they are the right ones is for the caller to check.
pub(super) struct BlobReader {
    client: Client,
    reference: Reference,
    blob: OciDescriptor,
    idle: Duration,
    stream: Option<Box<dyn Read + Send>>,
    read_bytes: u64,
    failures: u32,
}

impl BlobReader {
    pub(super) fn new(client: Client, reference: Reference, blob: &Digest, idle: Duration) -> Self {
        let blob = OciDescriptor { digest: blob.to_string(), ..OciDescriptor::default() };
        BlobReader { client, reference, blob, idle, stream: None, read_bytes: 0, failures: 0 }
    }

    /// Asks for the blob from where the last connection ended.
    fn connect(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let offset = self.read_bytes;
        // A ranged request from the first byte on: the library checks digests of whole answers
        // only, and the layer is hashed while it is walked anyway.
        let request =
            self.client.pull_blob_stream_partial(&self.reference, &self.blob, offset, None);
        let answer = wait_at_most(self.idle, request).map_err(io::Error::other)?;
        let answer = answer.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
        let answer = answer.map_err(|error| {
            let kind = match failure::may_pass(&error) {
                true => io::ErrorKind::ConnectionAborted,
                false => io::ErrorKind::Other,
            };
            io::Error::new(kind, failure::words(&error))
        })?;
        let (stream, skip) = match answer {
            BlobResponse::Full(stream) => (stream.stream, offset),
            BlobResponse::Partial(stream) => (stream.stream, 0),
        };
        let mut reader = StreamReader::new(stream.boxed(), self.idle);
        // The registry knows no ranges: what was read before is read again and dropped.
        io::copy(&mut (&mut reader).take(skip), &mut io::sink())?;
        Ok(Box::new(reader))
    }

    /// Whether to try again after this failure; waits before it says yes.
    fn may_retry(&mut self, error: &io::Error) -> bool {
        let passing = !matches!(error.kind(), io::ErrorKind::Other | io::ErrorKind::InvalidData);
        self.failures += 1;
        if !passing || self.failures >= ATTEMPTS {
            return false;
        }
        std::thread::sleep(Duration::from_millis(FIRST_PAUSE_MS << self.failures));
        true
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match &mut self.stream {
                Some(stream) => stream.read(buffer),
                None => match self.connect() {
                    Ok(stream) => {
                        self.stream = Some(stream);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match result {
                Ok(count) => {
                    self.read_bytes += count as u64;
                    return Ok(count);
                }
                Err(error) => {
                    self.stream = None;
                    if !self.may_retry(&error) {
                        return Err(error);
                    }
                }
            }
        }
    }
}
