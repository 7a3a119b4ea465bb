//! The rule language: conditions over typed fields, compiled once, asked often.
//!
//! A [`FieldTable`] says what may be asked; [`Condition::compile`] reads a text such as
//! `evt.type = execve and proc.name in (shells)` with the lists and macros of [`Definitions`];
//! [`Facts`] are the answers; a [`RuleSet`] asks hundreds of conditions at once. The grammar is
//! that of Falco's filters; `docs/policy-language.md` says how they differ. No I/O, no clock.
//!
//! ```text
//! text ─parse→ ast ─compile→ tree ─arena→ nodes, each once ─program→ asked over facts
//! ```

mod affix;
mod arena;
mod ast;
mod compile;
mod condition;
mod definitions;
mod field;
mod glob;
mod index;
mod leaf;
mod lexer;
mod matcher;
mod network;
mod number;
mod operand;
mod operator;
mod parse;
mod program;
mod ruleset;
mod suggest;
pub mod tables;
mod template;
mod tree;
mod value;
mod written;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub(crate) use ast::is_bare;
pub(crate) use compile::Compiler;
pub use condition::{Check, Condition};
pub use definitions::Definitions;
pub(crate) use definitions::Macro;
pub use field::{Argument, FactMap, Facts, Field, FieldTable, FieldType, Plurality};
pub(crate) use operator::{Modifier, Operator};
pub(crate) use parse::parse;
pub(crate) use ruleset::sorts;
pub use ruleset::{RuleSet, Sorts};
pub(crate) use suggest::nearest;
pub use template::Template;
pub use value::Value;
pub(crate) use written::{Document, Place, Written};
