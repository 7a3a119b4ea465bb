//! The rule language: conditions over typed fields, compiled once, asked often.
//!
//! A [`FieldTable`] says what may be asked; [`Condition::compile`] reads a text such as
//! `evt.type = execve and proc.name in (shells)` with the lists and macros of [`Definitions`];
//! [`Facts`] are the answers. The grammar is that of Falco's filters; `docs/policy-language.md`
//! says how they differ. No I/O, no clock.

mod condition;
mod definitions;
mod field;
pub mod tables;
mod template;
mod value;

pub use condition::{Check, Condition};
pub use definitions::Definitions;
pub use field::{Argument, FactMap, Facts, Field, FieldTable, FieldType, Plurality};
pub use template::Template;
pub use value::Value;
