//! What it means: events and what is known of who did them, asked by the rules.
//!
//! ```text
//! (Event, Process, Container) ─Observed→ policy::rules → Detection
//! ```

mod built_in;
mod engine;
mod facts;
mod options;
mod programs;
mod relay;
mod sources;
mod users;

pub use built_in::BUILT_IN;
pub use engine::{Detection, Engine};
pub use facts::Observed;
pub use programs::is_runtime;
pub use relay::{Relay, Relays};
pub use sources::BUILT_IN_RULES;
pub use users::Users;
