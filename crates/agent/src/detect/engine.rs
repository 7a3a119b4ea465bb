//! `Engine`: the rules, asked for every event.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use policy::filter::{FieldTable, RuleSet, Sorts, Template, tables};
use policy::rules::{Loaded, Priority, RulesFile, load};

use super::facts::Observed;

/// The rules of kernel events, ready to be asked. They can be replaced while they are asked.
pub struct Engine {
    asked: RwLock<Arc<Asked>>,
}

/// Rules that were loaded together.
struct Asked {
    rules: Vec<Ready>,
    set: RuleSet,
    loaded: Arc<Loaded>,
    strict_names: bool,
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
        let rules = rules.collect();
        let asked = Asked { rules, set, loaded: Arc::new(loaded), strict_names: false };
        Engine { asked: RwLock::new(Arc::new(asked)) }
    }

    /// Names processes by the file they run instead of by their comm, which a program can choose,
    /// and which the kernel cuts after 15 bytes. Off by default: Falco's rules are written for comm.
    #[must_use]
    pub fn strict_names(self, strict: bool) -> Self {
        let mut asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Nobody else has it yet.
        if let Some(asked) = Arc::get_mut(&mut asked) {
            asked.strict_names = strict;
        }
        Engine { asked: RwLock::new(asked) }
    }

    /// Whether processes are named by the file they run.
    pub fn has_strict_names(&self) -> bool {
        self.now().strict_names
    }

    /// From now on the rules of another are asked.
    pub fn replace(&self, other: Engine) {
        let new = other.now();
        *self.asked.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// What came of loading: mistakes, warnings, rules left out.
    pub fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.now().loaded)
    }

    /// How many rules are asked.
    pub fn len(&self) -> usize {
        self.now().rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.now().rules.is_empty()
    }

    /// The types of events that a rule can speak of; `None` when one can speak of any.
    pub fn event_types(&self) -> Option<BTreeSet<String>> {
        let asked = self.now();
        let mut types = BTreeSet::new();
        for place in 0..asked.rules.len() {
            match asked.set.sorts(place) {
                Some(Sorts::Only(names)) => types.extend(names.iter().cloned()),
                Some(Sorts::All) => return None,
                None => {}
            }
        }
        Some(types)
    }

    /// The rules that speak of an event, in their order.
    pub fn observe(&self, seen: &Observed<'_>) -> Vec<Detection> {
        let asked = self.now();
        let matching = asked.set.matching(seen);
        matching
            .into_iter()
            .filter_map(|at| asked.rules.get(at))
            .map(|rule| tell(rule, seen))
            .collect()
    }

    fn now(&self) -> Arc<Asked> {
        Arc::clone(&self.asked.read().unwrap_or_else(PoisonError::into_inner))
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
