//! `Definitions`: the lists and macros that a condition may name.

use std::collections::{HashMap, HashSet};

use crate::PolicyError;
use crate::limits::LIST_MAX_ITEMS;

use super::ast::Expr;
use super::lexer::unescape;
use super::parse::parse;
use super::written::Written;

/// Deepest nesting of lists in lists.
const LISTS_MAX_DEPTH: usize = 32;

/// Named lists and macros.
///
/// Lists are put in place of their names before anything is understood, whatever the order. A
/// macro sees every list, and the macros that are here when it is used.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    pub(crate) lists: HashMap<String, Vec<String>>,
    pub(crate) macros: HashMap<String, Macro>,
    /// Macros that cannot be read; what is wrong has been told.
    pub(crate) broken: HashSet<String>,
}

/// A condition with a name.
#[derive(Debug, Clone)]
pub(crate) struct Macro {
    pub(crate) written: Written,
    pub(crate) expr: Expr,
    /// When it was first defined: who sees it.
    pub(crate) defined_at: u32,
    /// When it was last changed: what it sees.
    pub(crate) changed_at: u32,
}

impl Definitions {
    /// No lists, no macros.
    pub fn new() -> Self {
        Definitions::default()
    }

    /// Adds or replaces a list. An item that names another list stands for its items.
    pub fn list(&mut self, name: impl Into<String>, items: impl IntoIterator<Item = String>) {
        self.lists.insert(name.into(), items.into_iter().collect());
    }

    /// Adds or replaces a macro; `source` is what diagnostics call the place of its text.
    ///
    /// # Errors
    /// The condition's grammar is broken.
    pub fn define(
        &mut self,
        source: &str,
        name: impl Into<String>,
        condition: &str,
    ) -> Result<(), PolicyError> {
        let written = Written::plain(source, condition);
        let expr = parse(condition).map_err(|(span, message)| written.mistake(&span, message))?;
        let found = Macro { written, expr, defined_at: 0, changed_at: u32::MAX };
        self.macros.insert(name.into(), found);
        Ok(())
    }

    /// The items of a list, those of lists that it names put in. A list that comes to itself again
    /// means the word.
    ///
    /// # Errors
    /// There are too many.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<String>, String> {
        let mut items = Vec::new();
        let mut steps = 0;
        self.collect(name, &mut vec![name], &mut items, &mut steps)?;
        Ok(items)
    }

    /// Adds the names of a list and of those in it.
    pub(crate) fn note_used(&self, name: &str, used: &mut HashSet<String>) {
        let mut todo = vec![name];
        while let Some(name) = todo.pop() {
            if let Some(items) = self.lists.get(name)
                && used.insert(name.to_owned())
            {
                todo.extend(items.iter().map(String::as_str));
            }
        }
    }

    fn collect<'d>(
        &'d self,
        name: &str,
        inside: &mut Vec<&'d str>,
        items: &mut Vec<String>,
        steps: &mut usize,
    ) -> Result<(), String> {
        for item in self.lists.get(name).into_iter().flatten() {
            *steps += 1;
            if self.lists.contains_key(item) && !inside.contains(&item.as_str()) {
                if inside.len() >= LISTS_MAX_DEPTH {
                    return Err(format!("lists nest deeper than {LISTS_MAX_DEPTH}"));
                }
                inside.push(item);
                self.collect(item, inside, items, steps)?;
                inside.pop();
            } else {
                items.push(plain(item));
            }
            if *steps > LIST_MAX_ITEMS {
                return Err(format!("the list comes to more than {LIST_MAX_ITEMS} values"));
            }
        }
        Ok(())
    }
}

/// The text of an item: written with quotes of its own, it means what is in them.
fn plain(item: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| item.strip_prefix(*quote).and_then(|rest| rest.strip_suffix(*quote)));
    inner.map_or_else(|| item.to_owned(), unescape)
}
