//! What the fuzz targets share: how input is cut up, what is run on it, which laws must hold.
//!
//! A target is one file in `fuzz_targets/`, thin; a law that several need is a function here.
//! Breaking a law is a panic, and so are an allocation beyond [`MEMORY_MAX_BYTES`], an overflow
//! and a failed debug assertion. Memory of C libraries is bounded by `run.sh` instead.

pub mod analyzers;
#[cfg(feature = "scanner")]
pub mod archive;
pub mod audit;
mod contents;
#[cfg(feature = "scanner")]
pub mod database;
#[cfg(feature = "scanner")]
pub mod feed;
pub mod files;
mod foreign;
#[cfg(feature = "scanner")]
pub mod malicious;
pub mod names;
pub mod reports;
pub mod secrets;
#[cfg(feature = "scanner")]
pub mod signatures;
pub mod texts;
#[cfg(feature = "scanner")]
pub mod written;

/// Most memory that Rust code may hold at a time, in bytes: no limit of any reader allows more
/// for inputs as small as the fuzzer's.
pub const MEMORY_MAX_BYTES: usize = 1 << 30;

#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, MEMORY_MAX_BYTES);
