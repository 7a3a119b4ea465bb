//! `Collected`: the items of all files as one set of names: later definitions replace or change
//! earlier ones.

use std::collections::HashMap;

use crate::PolicyError;
use crate::filter::{Place, Written};

use super::Priority;
use super::exception::{Exception, ExceptionItem};
use super::item::{Change, Item, RuleItem, Text};
use super::version::{ENGINE_VERSION, PLUGIN_VERSIONS, Version};

/// The items of all files.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Items read so far: moments of definitions and changes.
    moment: u32,
    pub(super) lists: HashMap<String, List>,
    pub(super) macros: HashMap<String, CollectedMacro>,
    pub(super) rules: Vec<CollectedRule>,
    rule_places: HashMap<String, usize>,
}

/// A list and where it was last defined.
#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Vec<String>,
    pub(super) place: Place,
}

/// A macro, its condition with what was added.
#[derive(Debug)]
pub(super) struct CollectedMacro {
    pub(super) condition: Written,
    pub(super) place: Place,
    pub(super) defined_at: u32,
    pub(super) changed_at: u32,
}

/// A rule with what was added and replaced.
#[derive(Debug)]
pub(super) struct CollectedRule {
    pub(super) name: Text,
    pub(super) description: String,
    pub(super) source: String,
    pub(super) condition: Written,
    pub(super) output: Written,
    pub(super) priority: Priority,
    pub(super) tags: Vec<String>,
    pub(super) enabled: bool,
    pub(super) exceptions: Vec<Exception>,
    pub(super) warn_event_types: bool,
    pub(super) skip_unknown: bool,
}

impl Collected {
    /// Takes an item in. `Err(true, …)` refuses the rest of the file as well.
    pub(super) fn add(&mut self, item: Item) -> Result<(), (bool, PolicyError)> {
        self.moment = self.moment.saturating_add(1);
        match item {
            Item::EngineVersion(version) => check_engine(&version).map_err(|e| (true, e)),
            Item::Plugins(plugins) => {
                plugins.iter().try_for_each(|plugin| check_plugin(plugin)).map_err(|e| (true, e))
            }
            Item::List { name, items, append } => {
                self.list(name, items, append).map_err(|e| (false, e))
            }
            Item::Macro { name, condition, append } => {
                self.of_macro(name, &condition, append).map_err(|e| (false, e))
            }
            Item::Rule(rule) => self.rule(*rule).map_err(|e| (false, e)),
        }
    }

    fn list(&mut self, name: Text, items: Vec<String>, append: bool) -> Result<(), PolicyError> {
        if !append {
            self.lists.insert(name.text, List { items, place: name.place });
            return Ok(());
        }
        match self.lists.get_mut(&name.text) {
            Some(list) => list.items.extend(items),
            None => return Err(nothing_before(&name, "list")),
        }
        Ok(())
    }

    fn of_macro(&mut self, name: Text, added: &Text, append: bool) -> Result<(), PolicyError> {
        let moment = self.moment;
        let mut condition = Written::default();
        condition.push(&added.text, &added.place);
        match self.macros.get_mut(&name.text) {
            Some(known) if append => {
                add(&mut known.condition, added);
                known.changed_at = moment;
            }
            Some(known) => {
                known.condition = condition;
                known.place = name.place;
                known.changed_at = moment;
            }
            None if append => return Err(nothing_before(&name, "macro")),
            None => {
                let place = name.place;
                let known =
                    CollectedMacro { condition, place, defined_at: moment, changed_at: moment };
                self.macros.insert(name.text, known);
            }
        }
        Ok(())
    }

    fn rule(&mut self, item: RuleItem) -> Result<(), PolicyError> {
        let known = self.rule_places.get(&item.name.text).copied();
        if item.change == Change::Define {
            return self.define(item, known);
        }
        let Some(rule) = known.and_then(|place| self.rules.get_mut(place)) else {
            return Err(nothing_before(&item.name, "rule"));
        };
        match &item.change {
            Change::Define => Ok(()),
            Change::Enable => {
                rule.enabled = item.keys.enabled.unwrap_or(rule.enabled);
                Ok(())
            }
            Change::Append => rule.append(&item, &["condition", "exceptions"]),
            Change::Override { append, replace } => {
                rule.append(&item, &append.iter().map(String::as_str).collect::<Vec<_>>())?;
                rule.replace(&item, replace)
            }
        }
    }

    fn define(&mut self, item: RuleItem, known: Option<usize>) -> Result<(), PolicyError> {
        let rule = CollectedRule::new(item)?;
        match known.and_then(|place| self.rules.get_mut(place)) {
            Some(before) if before.source != rule.source => {
                return Err(rule.name.place.mistake(format!(
                    "the rule `{}` was defined with the source `{}` before",
                    rule.name.text, before.source
                )));
            }
            Some(before) => *before = rule,
            None => {
                self.rule_places.insert(rule.name.text.clone(), self.rules.len());
                self.rules.push(rule);
            }
        }
        Ok(())
    }
}

impl CollectedRule {
    /// A new rule. The item has every key that a rule needs.
    fn new(item: RuleItem) -> Result<CollectedRule, PolicyError> {
        let keys = item.keys;
        let written = |text: Option<Text>| {
            let mut written = Written::default();
            if let Some(text) = text {
                written.push(&text.text, &text.place);
            }
            written
        };
        Ok(CollectedRule {
            name: item.name,
            description: keys.description.map(|text| text.text).unwrap_or_default(),
            source: keys.source.map_or_else(|| "syscall".to_owned(), |text| text.text),
            condition: written(keys.condition),
            output: written(keys.output),
            priority: keys.priority.unwrap_or(Priority::Notice),
            tags: keys.tags.unwrap_or_default(),
            enabled: keys.enabled.unwrap_or(true),
            exceptions: checked(keys.exceptions.as_deref().unwrap_or_default())?,
            warn_event_types: keys.warn_event_types.unwrap_or(true),
            skip_unknown: keys.skip_unknown.unwrap_or(false),
        })
    }

    fn append(&mut self, item: &RuleItem, keys: &[&str]) -> Result<(), PolicyError> {
        let given = &item.keys;
        for key in keys {
            match *key {
                "condition" => given.condition.iter().for_each(|t| add(&mut self.condition, t)),
                "output" => given.output.iter().for_each(|t| add(&mut self.output, t)),
                "desc" => given.description.iter().for_each(|text| {
                    self.description.push(' ');
                    self.description.push_str(&text.text);
                }),
                "tags" => self.tags.extend(given.tags.iter().flatten().cloned()),
                "exceptions" => {
                    self.append_exceptions(given.exceptions.as_deref().unwrap_or_default())?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn append_exceptions(&mut self, items: &[ExceptionItem]) -> Result<(), PolicyError> {
        for item in items {
            match self.exceptions.iter_mut().find(|known| known.name == item.name.text) {
                Some(known) => known.append(item)?,
                None => self.exceptions.push(Exception::new(item)?),
            }
        }
        Ok(())
    }

    fn replace(&mut self, item: &RuleItem, keys: &[String]) -> Result<(), PolicyError> {
        let given = &item.keys;
        let written = |text: &Text| {
            let mut written = Written::default();
            written.push(&text.text, &text.place);
            written
        };
        for key in keys {
            match key.as_str() {
                "condition" => {
                    given.condition.iter().for_each(|text| self.condition = written(text));
                }
                "output" => given.output.iter().for_each(|text| self.output = written(text)),
                "desc" => {
                    given.description.iter().for_each(|t| self.description.clone_from(&t.text));
                }
                "priority" => self.priority = given.priority.unwrap_or(self.priority),
                "tags" => self.tags = given.tags.clone().unwrap_or_default(),
                "exceptions" => {
                    self.exceptions = checked(given.exceptions.as_deref().unwrap_or_default())?;
                }
                "enabled" => self.enabled = given.enabled.unwrap_or(self.enabled),
                "warn_evttypes" => {
                    self.warn_event_types = given.warn_event_types.unwrap_or(self.warn_event_types);
                }
                "skip-if-unknown-filter" => {
                    self.skip_unknown = given.skip_unknown.unwrap_or(self.skip_unknown);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The condition with its exceptions.
    pub(super) fn whole_condition(&self) -> Written {
        if self.exceptions.is_empty() {
            return self.condition.clone();
        }
        let mut whole = Written::default();
        whole.glue("(");
        whole.append(&self.condition);
        whole.glue(")");
        for exception in &self.exceptions {
            exception.write(&mut whole);
        }
        whole
    }
}

fn checked(items: &[ExceptionItem]) -> Result<Vec<Exception>, PolicyError> {
    items.iter().map(Exception::new).collect()
}

/// Adds a text behind another, as one condition: precedence goes across.
fn add(written: &mut Written, text: &Text) {
    written.glue(" ");
    written.push(&text.text, &text.place);
}

fn nothing_before(name: &Text, what: &str) -> PolicyError {
    name.place
        .mistake(format!("there is no {what} `{}` before this that could be changed", name.text))
}

fn check_engine(version: &Text) -> Result<(), PolicyError> {
    let needed = Version::read_engine(&version.text).ok_or_else(|| {
        version.place.mistake(format!("`{}` is no version such as `0.57.0`", version.text))
    })?;
    match Version::read(ENGINE_VERSION) {
        Some(ours) if ours.serves(needed) => Ok(()),
        _ => Err(version.place.mistake(format!(
            "the file needs version {} of the engine; this one reads files of {ENGINE_VERSION} \
             and before",
            version.text
        ))),
    }
}

/// Whether a plugin or one of its alternatives is built in.
fn check_plugin(alternatives: &[(Text, Text)]) -> Result<(), PolicyError> {
    for (name, version) in alternatives {
        let needed = Version::read(&version.text).ok_or_else(|| {
            version.place.mistake(format!("`{}` is no version such as `0.4.0`", version.text))
        })?;
        let ours = PLUGIN_VERSIONS.iter().find(|(known, _)| *known == name.text);
        if ours.and_then(|(_, ours)| Version::read(ours)).is_some_and(|ours| ours.serves(needed)) {
            return Ok(());
        }
    }
    let Some((name, version)) = alternatives.first() else { return Ok(()) };
    let known: Vec<String> =
        PLUGIN_VERSIONS.iter().map(|(name, version)| format!("{name} {version}")).collect();
    Err(name.place.mistake(format!(
        "the file needs the plugin {} {}, and built in are {}",
        name.text,
        version.text,
        known.join(", ")
    )))
}
