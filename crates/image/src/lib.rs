//! EYES: an image reference to manifest, layers and files, as bounded readers.
//!
//! Knows no package manager and no CVE. [`open`] tells what a name means and gives a [`Source`];
//! the source hands each layer to a [`LayerVisitor`], decompressed, verified and walked entry by
//! entry within the limits of [`Limits`]. What is beyond a limit is a `Skip`, not an error.

mod archive;
mod compression;
mod config;
mod describe;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod hashing;
mod input;
mod layer;
mod limits;
mod manifest;
mod open;
mod parallel;
mod recognise;
mod remote;
mod rootfs;
pub mod signature;
mod source;
mod stop;
mod tar;
#[cfg(test)]
mod testing;

pub use error::ImageError;
pub use limits::Limits;
pub use open::{Options, Target, open};
pub use source::{
    Description, EntryVisitor, Identity, LayerBody, LayerOutcome, LayerStream, LayerVisitor, Source,
};
