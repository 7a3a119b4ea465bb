//! EYES: one file's bytes to packages and facts. Pure: no path is opened, no socket, no clock;
//! an analyzer gets bytes, gives nouns, and never decides how bad anything is. `scan` asks
//! [`Analyzers`] which of them want a file; each puts what it reads into an [`Analysis`]. What a
//! file says wrongly is data (`Skip`), not an error.

mod analysis;
mod binary;
mod content_reader;
mod dispatch;
mod dotnet;
mod executable;
mod golang;
pub mod history;
mod java;
mod licenses;
mod limits;
mod node;
mod os;
mod other;
mod pattern;
mod php;
mod pins;
mod python;
mod reach;
mod ruby;
mod rust;
mod secret;
pub mod template;
#[cfg(test)]
mod testing;
mod text;
mod value;

pub use analysis::{Analysis, AnalyzeError, OwnedPaths, PathHash};
pub use dispatch::{Analyzers, HEAD_BYTES};
pub use pattern::Pattern;
pub use secret::{SecretRuleError, SecretScan, SecretScanner, match_keys};

use model::{Content, FileEntry};

/// Reads one kind of file.
pub trait Analyzer: Sync {
    /// Its name in reports (`Package::found_by`) and skips: lower-case words joined by `-`.
    fn name(&self) -> &'static str;

    /// Raised whenever the same bytes would give another result; part of the layer cache's key.
    fn version(&self) -> u32;

    /// The files it wants. Any match suffices.
    fn patterns(&self) -> &'static [Pattern];

    /// Reads one file into `found`. An error becomes a `Skip` of that file; what was put into
    /// `found` before the error stays.
    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError>;
}
