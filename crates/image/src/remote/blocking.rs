//! The bridge from asynchronous clients to the threads that walk layers.

use std::future::Future;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::runtime::{Builder, Runtime};

use crate::ImageError;

/// Threads that drive connections. The work is done elsewhere.
const WORKERS: usize = 2;

/// The runtime that all connections share; made when the first is opened.
fn runtime() -> Result<&'static Runtime, ImageError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let made = made.map_err(|source| ImageError::Read { path: "the network".into(), source })?;
    Ok(RUNTIME.get_or_init(|| made))
}

/// Runs an asynchronous call to its end on this thread.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> Result<T, ImageError> {
    Ok(runtime()?.block_on(future))
}

/// The same, with a bound on the time.
pub(super) fn wait_at_most<T>(
    bound: Duration,
    future: impl Future<Output = T>,
) -> Result<Option<T>, ImageError> {
    wait(async { tokio::time::timeout(bound, future).await.ok() })
}

/// A stream of byte pieces as a plain reader. Silence beyond the bound is the error `TimedOut`.
pub(super) struct StreamReader<B> {
    stream: BoxStream<'static, io::Result<B>>,
    piece: Option<B>,
    taken: usize,
    idle: Duration,
}

impl<B: AsRef<[u8]> + Send + 'static> StreamReader<B> {
    pub(super) fn new(stream: BoxStream<'static, io::Result<B>>, idle: Duration) -> Self {
        StreamReader { stream, piece: None, taken: 0, idle }
    }

    /// Waits for the next piece that is not empty; `None` at the end.
    fn next_piece(&mut self) -> io::Result<Option<B>> {
        loop {
            let next = wait_at_most(self.idle, self.stream.next()).map_err(io::Error::other)?;
            match next {
                None => {
                    let silence = format!("nothing came for {} s", self.idle.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, silence));
                }
                Some(None) => return Ok(None),
                Some(Some(Err(error))) => return Err(error),
                Some(Some(Ok(piece))) if piece.as_ref().is_empty() => {}
                Some(Some(Ok(piece))) => return Ok(Some(piece)),
            }
        }
    }
}

impl<B: AsRef<[u8]> + Send + 'static> Read for StreamReader<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let used_up = self.piece.as_ref().is_none_or(|piece| self.taken >= piece.as_ref().len());
        if used_up {
            self.piece = self.next_piece()?;
            self.taken = 0;
        }
        let Some(piece) = &self.piece else { return Ok(0) };
        let rest = piece.as_ref().get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn reader(pieces: Vec<io::Result<&'static [u8]>>) -> StreamReader<&'static [u8]> {
        StreamReader::new(stream::iter(pieces).boxed(), Duration::from_secs(5))
    }

    #[test]
    fn pieces_become_one_text() {
        let mut text = String::new();
        reader(vec![Ok(b"ab"), Ok(b""), Ok(b"c")]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
    }

    #[test]
    fn what_came_before_an_error_is_read() {
        let mut broken = reader(vec![Ok(b"ab"), Err(io::ErrorKind::ConnectionReset.into())]);
        let mut bytes = Vec::new();
        let error = broken.read_to_end(&mut bytes).unwrap_err();
        assert_eq!((bytes.as_slice(), error.kind()), (&b"ab"[..], io::ErrorKind::ConnectionReset));
    }

    #[test]
    fn silence_ends() {
        let silent = stream::pending::<io::Result<&'static [u8]>>().boxed();
        let mut reader = StreamReader::new(silent, Duration::from_millis(10));
        assert_eq!(reader.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
