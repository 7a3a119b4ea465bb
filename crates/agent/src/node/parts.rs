//! `Parts`: those who listen and look by themselves, each in a thread of its own.

use crate::AgentConfig;
use crate::lifecycle::{LifeCycle, Surroundings};

/// Those who listen and look by themselves.
pub(super) struct Parts {
    pub(super) life_cycle: LifeCycle,
}

impl Parts {
    pub(super) fn new(config: &AgentConfig, place: &Surroundings) -> Self {
        Parts { life_cycle: LifeCycle::new(config.lifecycle.clone(), place.clone()) }
    }
}
