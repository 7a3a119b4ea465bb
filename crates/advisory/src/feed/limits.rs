//! Limits of the feeds: how much a snapshot or a server may bring.

use std::time::Duration;

/// Size of one file of a snapshot after decompression, in bytes. Debian's tracker is near 80 MB,
/// a year of the NVD near 200 MB.
pub(super) const MEMBER_MAX_BYTES: u64 = 1 << 30;

/// Size of a snapshot after decompression, in bytes. The largest real one is under 1 GB.
pub(super) const SNAPSHOT_MAX_BYTES: u64 = 64 << 30;

/// Files of one snapshot. OSV's largest ecosystem has under 300,000.
pub(super) const SNAPSHOT_MAX_MEMBERS: usize = 5_000_000;

/// Depth of the directories of a snapshot.
pub(super) const DIRECTORY_MAX_DEPTH: usize = 32;

/// Files that are parsed together.
pub(super) const BATCH_MAX_MEMBERS: usize = 1024;

/// Bytes that are parsed together, beyond the first file.
pub(super) const BATCH_MAX_BYTES: usize = 16 << 20;

/// Batches that wait between two steps.
pub(super) const BATCHES_QUEUED: usize = 2;

/// Files of a snapshot that are looked at to know what it is.
pub(super) const SAMPLE_MEMBERS: usize = 64;

/// Files of one subdirectory that are looked at to know whether it is a snapshot of its own.
pub(super) const PROBE_MEMBERS: usize = 12;

/// Bytes of a probed file that is read whole; longer ones are known by their beginning.
pub(super) const PROBE_MAX_BYTES: u64 = 128 << 20;

/// Members of another format than the snapshot's own whose records are kept until its end.
pub(super) const STRAY_MAX_RECORDS: usize = 2_000_000;

/// Rejections that a summary lists; the others are counted.
pub(super) const REJECTED_LISTED: usize = 100;

/// Length of a summary line, in characters.
pub(super) const SUMMARY_MAX_CHARS: usize = 200;

/// Length of the reason of a rejection, in characters.
pub(super) const REASON_MAX_CHARS: usize = 240;

/// Memory of a zstd frame's window, as a power of two of bytes (the sets use `--long=27`).
pub(super) const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Size of one download, in bytes. The largest source is Red Hat's archive, under 1 GB.
pub(super) const DOWNLOAD_MAX_BYTES: u64 = 8 << 30;

/// Tries of one download.
pub(super) const DOWNLOAD_TRIES: u32 = 4;

/// Pause before the second try; each further one doubles it.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause between two tries, whatever the server asks for.
pub(super) const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Time to open a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Time to the first byte of an answer.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for the whole of one answer.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30 * 60);
