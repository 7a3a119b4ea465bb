//! `Condition`: one condition, compiled, to be asked over facts.

use crate::PolicyError;

use super::{Definitions, Facts, FieldTable};

/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
}

/// One check that decided a condition, for evidence and `policy explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The check as it is written, macros and lists put in: `proc.name in (bash, sh)`.
    pub check: String,
    /// Whether it held.
    pub holds: bool,
    /// The value it looked at; `None` when there was none.
    pub value: Option<String>,
}

impl Condition {
    /// Compiles a condition. `source` is what diagnostics call the place of the text.
    ///
    /// # Errors
    /// The text is no condition, or names a field, macro or operator that is not there.
    pub fn compile(
        source: &str,
        text: &str,
        table: &FieldTable,
        definitions: &Definitions,
    ) -> Result<Condition, PolicyError> {
        let _ = (source, table, definitions);
        Ok(Condition { text: text.to_owned() })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        let _ = facts;
        false
    }

    /// The checks that decided, in the order they are written: those that made it hold, or those
    /// that failed it.
    pub fn why(&self, facts: &dyn Facts) -> Vec<Check> {
        let _ = facts;
        Vec::new()
    }
}
