//! Sizes of rings and what is read of one event.

/// Bytes of a bulk ring; a power of two.
pub(crate) const BULK_RING_BYTES: u32 = 8 * 1024 * 1024;
/// Bulk rings at most; `MAX_SHARDS` of `bpf/maps.h`.
pub(crate) const MAX_SHARDS: usize = 16;
/// Bulk rings by default at most: more than this many readers do not help.
pub(crate) const DEFAULT_SHARDS: usize = 4;
/// Bulk events a second that one cgroup may send by default: a busy server, or a search through all
/// files, does not reach it. Behind the rings each cgroup has its share, so that more than can be looked
/// at costs only whoever sends it.
pub(crate) const DEFAULT_BULK_RATE: u32 = 50_000;
/// Bulk events that one cgroup may send at once by default: an installation of packages.
pub(crate) const DEFAULT_BULK_BURST: u32 = 100_000;
/// Orders to kill at most; `KILLS` of `bpf/maps.h`.
pub(crate) const MAX_KILLS: usize = 4096;
/// Processes that one walk gives at most.
pub(crate) const MAX_RUNNING: usize = 65_536;
/// Bytes of what libbpf says that are kept to explain a refusal.
pub(crate) const MAX_SAID_BYTES: usize = 256 * 1024;
/// System calls in the kernel's tables; `SYSCALLS` of `bpf/maps.h`.
pub(crate) const MAX_SYSCALLS: u32 = 576;
