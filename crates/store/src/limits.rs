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
/// Most decisions that are taken out of the log at a time.
pub(crate) const DECISIONS_PRUNED: i64 = 4096;
/// What a decision takes besides its text, in bytes: two hashes, columns, an entry of the index.
pub(crate) const DECISION_ROW_BYTES: u64 = 256;
/// Longest text of an audit record, in bytes; longer ones are cut.
pub(crate) const AUDIT_TEXT_MAX_BYTES: usize = 32 * 1024;
/// Most bytes of an audit record's details, and of its ancestors, as JSON; more are left out.
pub(crate) const AUDIT_DETAILS_MAX_BYTES: usize = 64 * 1024;
/// Largest row of the audit log, in bytes: 19 texts and two JSON columns at their longest.
pub(crate) const AUDIT_ROW_MAX_BYTES: usize = 1024 * 1024;
/// Largest active segment that is written, in bytes: far more than it is sealed at.
pub(crate) const AUDIT_ACTIVE_MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// Largest active segment that is read, in bytes.
pub(crate) const AUDIT_ACTIVE_READ_BYTES: u64 = AUDIT_ACTIVE_MAX_BYTES / 4 * 5;
/// Largest sealed segment that is read, in bytes.
pub(crate) const AUDIT_SEALED_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Largest manifest that is read, in bytes: a hundred thousand segments.
pub(crate) const AUDIT_MANIFEST_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Most rows of a group in a sealed segment.
pub(crate) const AUDIT_GROUP_MAX_ROWS: usize = 64 * 1024;
/// Most bytes of a column of a group, unpacked.
pub(crate) const AUDIT_COLUMN_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// How often the audit log's lock is tried: a reader may hold it for a moment.
pub(crate) const AUDIT_LOCK_ATTEMPTS: u32 = 20;
/// Pause between two looks at what another process is writing, in milliseconds.
pub(crate) const AUDIT_PAUSE_MS: u64 = 50;
/// How often the folder is read anew because a segment was sealed meanwhile.
pub(crate) const AUDIT_SNAPSHOT_ATTEMPTS: u32 = 20;
