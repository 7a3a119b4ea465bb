//! `Definitions`: the lists and macros that a condition may name.

use std::collections::HashMap;

use crate::PolicyError;

/// Named lists and macros.
///
/// Lists are put in place of their names before anything is understood, whatever the order. A
/// macro sees every list, and the macros that are here when it is used.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    pub(crate) lists: HashMap<String, Vec<String>>,
    pub(crate) macros: HashMap<String, Text>,
}

/// A text of the language and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) name: String,
}

impl Definitions {
    /// No lists, no macros.
    pub fn new() -> Self {
        Definitions::default()
    }

    /// Adds or replaces a list.
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
        let name = name.into();
        self.macros.insert(name, Text { text: condition.to_owned(), name: source.to_owned() });
        Ok(())
    }
}
