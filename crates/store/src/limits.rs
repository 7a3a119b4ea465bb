//! How long the store waits and how much it reads.

/// How long a call waits for another process to finish its transaction, in milliseconds.
pub(crate) const BUSY_TIMEOUT_MS: u64 = 10_000;
/// How often the switch to write-ahead logging is tried; SQLite does not wait by itself there.
pub(crate) const WAL_ATTEMPTS: u32 = 100;
/// Pause between two such tries, in milliseconds.
pub(crate) const WAL_PAUSE_MS: u64 = 20;
/// Largest report that is read back, in bytes of JSON.
pub(crate) const REPORT_MAX_BYTES: usize = 512 * 1024 * 1024;
/// Level of zstd for stored reports: small enough, and fast beside a scan.
pub(crate) const ZSTD_LEVEL: i32 = 3;
/// Most bytes of reports, as JSON, that stay in memory for the gates.
pub(crate) const CACHED_MAX_BYTES: usize = 256 * 1024 * 1024;
/// Most decisions that one call gives back.
pub(crate) const DECISIONS_MAX: u32 = 100_000;
