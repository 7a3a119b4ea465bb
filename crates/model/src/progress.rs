//! `Progress`: how long work tells its caller how far it is.

/// Told by long work how far it is. Called from several threads.
pub trait Progress: Sync {
    /// A step begins: what, and its size in bytes when known.
    fn begin(&self, what: &str, total_bytes: Option<u64>);

    /// So many more bytes of the current step are done.
    fn advance(&self, bytes: u64);
}

/// Progress that nobody looks at.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _what: &str, _total_bytes: Option<u64>) {}

    fn advance(&self, _bytes: u64) {}
}
