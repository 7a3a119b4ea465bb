//! `lazaret agent --docker-authz`: what Docker may start.

use std::path::Path;

use super::court;
use crate::cli::{Context, Outcome};

pub(super) fn run(context: &Context, config: &Path) -> anyhow::Result<Outcome> {
    agent::docker::serve_docker_authz(court::open(context, config)?)?;
    Ok(Outcome::Allowed)
}
