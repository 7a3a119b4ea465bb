//! Registries and daemons.

use crate::{ImageError, Options, Source, Target};

/// Opens an image that is not a local file or directory.
pub(crate) fn open(target: &Target, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    let _ = options;
    Err(ImageError::NotBuilt { target: format!("{target:?}") })
}
