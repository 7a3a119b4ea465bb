//! `lazaret agent --nri`: what containerd may start in pods.

use std::path::Path;

use super::court;
use crate::cli::{Context, Outcome};

pub(super) fn run(context: &Context, config: &Path) -> anyhow::Result<Outcome> {
    agent::nri::serve_nri(court::open(context, config)?)?;
    Ok(Outcome::Allowed)
}
