//! `Stop`: why reading a stream of bytes ended before its end. In a layer it becomes a `Skip`,
//! in the archive around the layers an `ImageError`.

use std::io;

use model::{Skip, SkipReason};

/// Why reading ended early. Travels through `io::Error` where a `Read` stands between.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Stop {
    /// The stable word.
    pub(crate) reason: SkipReason,
    /// What exactly, with numbers.
    pub(crate) detail: String,
}

impl Stop {
    pub(crate) fn new(reason: SkipReason, detail: impl Into<String>) -> Self {
        Stop { reason, detail: detail.into() }
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Stop::new(SkipReason::Malformed, detail)
    }

    pub(crate) fn truncated(detail: impl Into<String>) -> Self {
        Stop::new(SkipReason::Truncated, detail)
    }

    /// The skip of something named `path`; empty for the whole layer.
    pub(crate) fn into_skip(self, path: &str) -> Skip {
        Skip { layer: None, path: path.to_owned(), reason: self.reason, detail: self.detail }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if let Some(stop) = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()) {
            return stop.clone();
        }
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => SkipReason::Truncated,
            io::ErrorKind::TimedOut => SkipReason::Timeout,
            _ => SkipReason::Unreadable,
        };
        Stop::new(reason, error.to_string())
    }
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> Self {
        let kind = match stop.reason {
            SkipReason::Truncated => io::ErrorKind::UnexpectedEof,
            SkipReason::Timeout => io::ErrorKind::TimedOut,
            SkipReason::Unreadable => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, stop)
    }
}
