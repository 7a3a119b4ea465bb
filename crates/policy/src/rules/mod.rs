//! Rules files in Falco's format: lists, macros and rules with a condition, an output line and a
//! priority, over several files, later ones changing earlier ones.
//!
//! [`load`] reads them all and compiles every rule. Nothing is lost in silence: a mistake is an
//! error with its place, a rule that names a field that no table has is among the skipped, a key
//! that is not known is a warning. No I/O: the caller brings the texts.
//!
//! ```text
//! text ─node→ YAML with places ─item→ items ─collect→ one set of names ─compile→ rules
//! ```

mod collect;
mod compile;
mod exception;
mod item;
mod node;
mod note;
mod rule;
mod version;

#[cfg(test)]
mod tests;

pub use compile::load;
pub use model::Priority;
pub use note::{Note, NoteKind};
pub use rule::{Loaded, Rule, RulesFile, SkippedRule};
pub use version::{ENGINE_VERSION, PLUGIN_VERSIONS};
