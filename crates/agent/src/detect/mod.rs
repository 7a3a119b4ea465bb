//! What it means: events and what is known of who did them, asked by the rules.
//!
//! ```text
//! (Event, Process, Container) ─Observed→ policy::rules → Detection → its line, its JSON
//! ```

mod built_in;
mod engine;
mod facts;
mod output;
mod users;

pub use built_in::BUILT_IN;
pub use engine::{Detection, Engine};
pub use facts::Observed;
pub use output::json;
pub use users::Users;
