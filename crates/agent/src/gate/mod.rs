//! The part that all gates share: a workload, the stored reports of its images, the judge, and
//! what is written down. A gate brings the workload and carries the ruling out.
//!
//! ```text
//! Ask ─reports (store, cached)→ policy ─missing?→ scan now, within the deadline → judge again
//!     ─deny?→ break-glass? → Ruling → DecisionRecord (queue → store)
//! ```

mod break_glass;
mod counters;
mod court;
mod journal;
mod judging;
mod message;
mod rules;
mod scanner;
mod serve;
mod unasked;

pub use break_glass::{BreakGlass, Covers};
pub use counters::{Counter, Counters};
pub use court::{Ask, Court, Ruling};
pub use journal::DecisionsConfig;
pub use rules::Rules;
pub use scanner::Scanner;

pub(crate) use journal::Journal;
pub(crate) use message::not_allowed;
pub(crate) use serve::{say_reloaded, serve};
pub(crate) use unasked::Unasked;
