//! A tolerant reader of shell text: which commands does a step run, in which order, with what.
//!
//! Reads the grammar of the POSIX shell command language (IEEE 1003.1, 2) as far as it divides
//! text into commands, pipelines, words and redirections. It runs nothing and never fails: what
//! is no shell is read as words. Quotes are taken away, known variables are put in, and scripts
//! inside (`$(…)`, `sh -c '…'`, `eval`, a base64 text that is piped on) are read as well.

mod lexer;
mod script;
mod word;

pub(crate) use lexer::{Command, Pipeline, RedirectKind, pipelines};
pub(crate) use script::{Script, is_interpreter};

/// The words of a text that is one command, quotes taken away.
pub(super) fn words(text: &str) -> Vec<String> {
    lexer::pipelines(text, 0).into_iter().flatten().flat_map(|command| command.words).collect()
}
