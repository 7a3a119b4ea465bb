//! `Condition`: one condition, compiled, to be asked over facts.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::PolicyError;

use super::arena::Arena;
use super::compile::{Compiler, Failure};
use super::parse::parse;
use super::program::{Matchers, Program};
use super::tree::{Tree, why};
use super::written::Written;
use super::{Definitions, Facts, FieldTable};

/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    tree: Arc<Tree>,
    /// Made when it is first asked by itself: rules of files are asked in sets.
    program: Arc<OnceLock<Program>>,
}

/// One check that decided a condition, for evidence and `policy explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The check as it is written, macros put in: `proc.name in (shells)`.
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
    /// The text is no condition, names a field or macro that is not there, asks of a field what
    /// its type does not answer, or is larger than the limits.
    pub fn compile(
        source: &str,
        text: &str,
        table: &FieldTable,
        definitions: &Definitions,
    ) -> Result<Condition, PolicyError> {
        let written = Written::plain(source, text);
        let mut compiler = Compiler::new(table, definitions);
        Condition::of(&written, &mut compiler).map_err(|failure| failure.error)
    }

    /// Compiles a text that is written in a file.
    pub(crate) fn in_file(
        written: &Written,
        table: &FieldTable,
        definitions: &Definitions,
    ) -> Result<Condition, PolicyError> {
        let mut compiler = Compiler::new(table, definitions);
        Condition::of(written, &mut compiler).map_err(|failure| failure.error)
    }

    /// Compiles a text of a file that is read.
    pub(crate) fn of(written: &Written, compiler: &mut Compiler<'_>) -> Result<Condition, Failure> {
        let expr = parse(written.text())
            .map_err(|(span, message)| Failure::new(written.mistake(&span, message), false))?;
        let tree = compiler.compile(written, &expr)?;
        Ok(Condition { text: expr.to_string(), tree, program: Arc::default() })
    }

    /// The condition in one line, as it is printed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        let program = self.program();
        let mut asking = program.ask(facts);
        program.roots.first().is_some_and(|root| asking.holds(*root))
    }

    /// The checks that decided, in the order they are written: those that made it hold, or those
    /// that failed it. Macros are looked into; a check that decides nothing is left out.
    pub fn why(&self, facts: &dyn Facts) -> Vec<Check> {
        why(&self.tree, facts).1
    }

    /// Names of the fields that it asks for, each once: which facts somebody must gather, and what
    /// it must be asked for.
    pub fn fields(&self) -> Vec<&str> {
        self.program().fields()
    }

    fn program(&self) -> &Program {
        self.program.get_or_init(|| {
            let mut arena = Arena::default();
            let root = arena.take_in(&self.tree, &mut HashMap::new());
            Program::new(&arena, &[root], &mut Matchers::new())
        })
    }

    pub(crate) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }
}
