//! `Engine`: the rules, asked for every event.

use policy::filter::{FieldTable, RuleSet, Template, tables};
use policy::rules::{Loaded, Priority, RulesFile, load};

use super::facts::Observed;

/// The rules of kernel events, ready to be asked.
pub struct Engine {
    rules: Vec<Ready>,
    set: RuleSet,
    loaded: Loaded,
}

/// What of a rule is told with a detection.
struct Ready {
    name: String,
    priority: Priority,
    tags: Vec<String>,
    output: Template,
}

/// A rule that spoke of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The rule's name.
    pub rule: String,
    /// How urgent.
    pub priority: Priority,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// What it says, in one line.
    pub output: String,
    /// The fields of its output with their values.
    pub fields: Vec<(String, Option<String>)>,
}

impl Engine {
    /// Loads rules files in their order. What is wrong with them is in [`Engine::loaded`].
    pub fn load(files: &[RulesFile<'_>]) -> Self {
        let table: &FieldTable = tables::syscall();
        let loaded = load(files, &[table]);
        let (rules, set) = loaded.rule_set(table);
        let rules = rules.into_iter().map(|rule| Ready {
            name: rule.name.clone(),
            priority: rule.priority,
            tags: rule.tags.clone(),
            output: rule.output.clone(),
        });
        Engine { rules: rules.collect(), set, loaded }
    }

    /// What came of loading: mistakes, warnings, rules left out.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// How many rules are asked.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that speak of an event, in their order.
    pub fn observe(&self, seen: &Observed<'_>) -> Vec<Detection> {
        let matching = self.set.matching(seen);
        matching
            .into_iter()
            .filter_map(|at| self.rules.get(at))
            .map(|rule| tell(rule, seen))
            .collect()
    }
}

fn tell(rule: &Ready, seen: &Observed<'_>) -> Detection {
    Detection {
        rule: rule.name.clone(),
        priority: rule.priority,
        tags: rule.tags.clone(),
        output: rule.output.render(seen),
        fields: rule.output.values(seen),
    }
}
