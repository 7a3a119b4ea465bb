//! The hands: what the agent does about an alert, where the configuration says so. Nothing else in
//! the agent touches what runs.
//!
//! ```text
//! Alert ─rules→ queue ─Worker: brake → target still the same? → act→ record
//!                                                             └ ledger ─undo, by hand or in time→ record
//! cgroup made ─Standing→ orders in the kernel ─program begins, is killed→ event ─Killed→ record
//! ```
//!
//! What is done is written down before it is done, so that it can be undone after the agent was
//! killed. Nothing is done to a target that is no longer what the alert spoke of.

mod act;
mod belongs;
mod brake;
mod cgroups;
mod config;
mod containerd;
mod deed;
mod deny;
mod engine;
mod hands;
mod image;
mod kill;
mod killed;
mod ledger;
mod links;
mod never;
mod orders;
mod pattern;
mod record;
mod standing;
mod target;
mod teller;
mod undo;
mod worker;

pub use config::{Action, ResponseConfig, ResponseRule, Scope, When};
pub use deed::Deed;
pub use hands::{Hands, Reach};
pub(crate) use killed::KILL_PROGRAM;
pub use ledger::{CgroupFolder, InForce, Means};
pub use never::NeverRule;
pub use pattern::Pattern;
pub use undo::{in_force, undo};

#[cfg(test)]
fn alert() -> model::Alert {
    model::Alert {
        time_ns: 1,
        rule: "Shell on a network connection".to_owned(),
        source: model::AlertSource::Syscall,
        priority: model::Priority::Critical,
        tags: vec!["container".to_owned(), "T1059.004".to_owned()],
        text: "a shell".to_owned(),
        fields: std::collections::BTreeMap::new(),
        initiator: None,
        container: Some(model::ContainerRef {
            id: "ab".repeat(32),
            name: "web-1".to_owned(),
            image: "shop:1.2".to_owned(),
            namespace: "prod".to_owned(),
            ..model::ContainerRef::default()
        }),
        image: None,
        node: "node".to_owned(),
        times: 1,
    }
}
