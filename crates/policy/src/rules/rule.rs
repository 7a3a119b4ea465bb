//! `Rule`: a rule of a rules file, compiled; and what came of loading files.

use crate::PolicyError;
use crate::filter::{Condition, FieldTable, RuleSet, Sorts, Template};

use super::{Note, Priority};

/// A rules file as the caller has read it.
#[derive(Debug, Clone, Copy)]
pub struct RulesFile<'a> {
    /// What diagnostics call it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A rule, ready to be asked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique among the rules.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The source of its events: the name of the table it is typed on.
    pub source: String,
    /// When it speaks, exceptions included.
    pub condition: Condition,
    /// What it says.
    pub output: Template,
    /// How urgent it is.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Whether it is asked.
    pub enabled: bool,
    /// The types of events for which it can speak.
    pub event_types: Sorts,
    /// The file it was first defined in.
    pub file: String,
    /// The line of that, from 1.
    pub line: usize,
}

/// A rule that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRule {
    /// Its name.
    pub name: String,
    /// Why: the field or source that is not known, with its place.
    pub reason: PolicyError,
    /// Whether the rule says itself that it may be skipped (`skip-if-unknown-filter`).
    pub expected: bool,
}

/// What came of loading rules files.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The rules, in the order of their first definition.
    pub rules: Vec<Rule>,
    /// Mistakes. A caller that wants all or nothing refuses the files when there are any.
    pub errors: Vec<PolicyError>,
    /// Rules that are left out for a field or source that is not known.
    pub skipped: Vec<SkippedRule>,
    /// Notes, in the order of the files.
    pub notes: Vec<Note>,
    /// How many lists and macros there are.
    pub lists: usize,
    /// How many macros there are.
    pub macros: usize,
}

impl Loaded {
    /// The enabled rules of one source, and all of them compiled together; the places in
    /// [`RuleSet::matching`] are those in the list.
    pub fn rule_set(&self, table: &FieldTable) -> (Vec<&Rule>, RuleSet) {
        let rules: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.enabled && rule.source == table.name).collect();
        let set = RuleSet::new(table, rules.iter().map(|rule| &rule.condition));
        (rules, set)
    }

    /// The notes that are warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| note.kind.is_warning())
    }
}
