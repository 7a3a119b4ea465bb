//! `lazaret cache`: show or clear the results kept of layers.

use clap::{Args, Subcommand};
use image::Limits;
use scan::LayerCache;

use super::{Context, Outcome};

/// Show or clear the results kept of layers.
#[derive(Debug, Args)]
pub(crate) struct Cache {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show how many layers are kept, and their size
    Status,
    /// Delete everything that is kept of layers
    Clear,
}

impl Cache {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let directory = context.cache_dir.join("layers");
        let cache = LayerCache::open(&directory, &scan::Eyes::default(), &Limits::default())?;
        match self.verb {
            Verb::Status => {
                let (layers, bytes) = cache.usage()?;
                println!("{}: {layers} layers, {}", directory.display(), mebibytes(bytes));
            }
            Verb::Clear => {
                let freed = cache.clear()?;
                println!("{}: cleared, {} freed", directory.display(), mebibytes(freed));
            }
        }
        Ok(Outcome::Allowed)
    }
}

/// Bytes as a reader wants them: `12.3 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
