//! `Item`: an item of a rules file, read and checked by itself: its keys, their types, what may
//! stand beside what.

use crate::PolicyError;
use crate::filter::{Place, nearest};

use super::exception::{ExceptionItem, read_exceptions};
use super::node::Node;
use super::{Note, NoteKind, Priority};

const LIST_KEYS: &[&str] = &["list", "items", "append", "override"];
const MACRO_KEYS: &[&str] = &["macro", "condition", "append", "override"];
const RULE_KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "tags",
    "exceptions",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "append",
    "override",
    "capture",
    "capture_duration",
];
const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
];

/// A text and its place.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) place: Place,
}

/// An item of a rules file.
#[derive(Debug)]
pub(super) enum Item {
    EngineVersion(Text),
    /// Plugins, each with its alternatives.
    Plugins(Vec<Vec<(Text, Text)>>),
    List {
        name: Text,
        items: Vec<String>,
        append: bool,
    },
    Macro {
        name: Text,
        condition: Text,
        append: bool,
    },
    Rule(Box<RuleItem>),
}

/// A rule, or a change to one.
#[derive(Debug)]
pub(super) struct RuleItem {
    pub(super) name: Text,
    pub(super) change: Change,
    pub(super) keys: RuleKeys,
}

/// What a rule item does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Defines or replaces the rule.
    Define,
    /// Adds its condition and exceptions to the rule.
    Append,
    /// Adds to these keys, replaces those.
    Override { append: Vec<String>, replace: Vec<String> },
    /// Sets whether the rule is asked.
    Enable,
}

/// The keys of a rule item that are given.
#[derive(Debug, Default)]
pub(super) struct RuleKeys {
    pub(super) condition: Option<Text>,
    pub(super) output: Option<Text>,
    pub(super) description: Option<Text>,
    pub(super) priority: Option<Priority>,
    pub(super) source: Option<Text>,
    pub(super) enabled: Option<bool>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) exceptions: Option<Vec<ExceptionItem>>,
    pub(super) warn_event_types: Option<bool>,
    pub(super) skip_unknown: Option<bool>,
}

/// Reads an item; `None` for one of an unknown kind, which is noted.
pub(super) fn read(node: &Node, notes: &mut Vec<Note>) -> Result<Option<Item>, PolicyError> {
    let Some(pairs) = node.pairs() else {
        return Err(node.place.mistake("expected an item with keys, such as `rule: a name`"));
    };
    if let Some(version) = node.key("required_engine_version") {
        return Ok(Some(Item::EngineVersion(text_of(version, "required_engine_version")?)));
    }
    if let Some(plugins) = node.key("required_plugin_versions") {
        return read_plugins(plugins).map(|plugins| Some(Item::Plugins(plugins)));
    }
    if node.key("list").is_some() {
        note_unknown_keys(node, LIST_KEYS, notes);
        return read_list(node, notes).map(Some);
    }
    if node.key("macro").is_some() {
        note_unknown_keys(node, MACRO_KEYS, notes);
        return read_macro(node, notes).map(Some);
    }
    if node.key("rule").is_some() {
        note_unknown_keys(node, RULE_KEYS, notes);
        return read_rule(node, notes).map(|rule| Some(Item::Rule(Box::new(rule))));
    }
    let place = pairs.first().map_or(&node.place, |(key, _)| &key.place);
    let text = place.mistake("this item is no list, macro or rule: it is passed over");
    notes.push(Note { kind: NoteKind::UnknownItem, text });
    Ok(None)
}

fn note_unknown_keys(node: &Node, known: &[&str], notes: &mut Vec<Note>) {
    for (key, _) in node.pairs().unwrap_or_default() {
        let name = key.scalar().unwrap_or_default();
        if known.contains(&name) {
            continue;
        }
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!(": did you mean `{near}`?"),
            None => ": it is passed over".to_owned(),
        };
        let text = key.place.mistake(format!("the key `{name}` is not known here{hint}"));
        notes.push(Note { kind: NoteKind::UnknownKey, text });
    }
}

/// The text of a key that must have one.
fn required(node: &Node, key: &str) -> Result<Text, PolicyError> {
    match node.key(key) {
        Some(value) => text_of(value, key),
        None => {
            let place = node.pairs().and_then(|p| p.first()).map_or(&node.place, |(_, v)| &v.place);
            Err(place.mistake(format!("`{key}` is missing")))
        }
    }
}

fn optional(node: &Node, key: &str) -> Result<Option<Text>, PolicyError> {
    node.key(key).map(|value| text_of(value, key)).transpose()
}

pub(super) fn text_of(node: &Node, key: &str) -> Result<Text, PolicyError> {
    match node.scalar() {
        Some(text) if !text.is_empty() => {
            Ok(Text { text: text.to_owned(), place: node.place.clone() })
        }
        Some(_) => Err(node.place.mistake(format!("`{key}` is empty"))),
        None if node.is_null() => Err(node.place.mistake(format!("`{key}` is empty"))),
        None => Err(node.place.mistake(format!("`{key}` takes one text"))),
    }
}

fn truth(node: &Node, key: &str) -> Result<Option<bool>, PolicyError> {
    let Some(value) = node.key(key) else { return Ok(None) };
    match value.scalar().unwrap_or_default().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Ok(Some(true)),
        "false" | "no" | "off" | "n" => Ok(Some(false)),
        _ => Err(value.place.mistake(format!("`{key}` is `true` or `false`"))),
    }
}

fn words(node: &Node, key: &str) -> Result<Option<Vec<String>>, PolicyError> {
    let Some(value) = node.key(key) else { return Ok(None) };
    let Some(items) = value.items() else {
        return Err(value.place.mistake(format!("`{key}` takes a list, such as `[a, b]`")));
    };
    let words = items.iter().map(|item| match item.scalar() {
        Some(word) => Ok(word.to_owned()),
        // An empty item, or the word `null`.
        None if item.is_null() => Ok(String::new()),
        None => Err(item.place.mistake(format!("an item of `{key}` is one word"))),
    });
    words.collect::<Result<Vec<String>, PolicyError>>().map(Some)
}

fn read_plugins(node: &Node) -> Result<Vec<Vec<(Text, Text)>>, PolicyError> {
    let Some(plugins) = node.items() else {
        return Err(node.place.mistake("`required_plugin_versions` takes a list"));
    };
    let one = |plugin: &Node| Ok((required(plugin, "name")?, required(plugin, "version")?));
    plugins
        .iter()
        .map(|plugin| {
            let alternatives = plugin.key("alternatives").and_then(Node::items).unwrap_or_default();
            std::iter::once(plugin).chain(alternatives).map(one).collect()
        })
        .collect()
}

fn read_list(node: &Node, notes: &mut Vec<Note>) -> Result<Item, PolicyError> {
    let name = required(node, "list")?;
    if !crate::filter::is_bare(&name.text) {
        let message = format!("`{}` cannot name a list: it has a blank, quote or sign", name.text);
        return Err(name.place.mistake(message));
    }
    let Some(items) = words(node, "items")? else {
        return Err(name.place.mistake("`items` is missing"));
    };
    let append = is_append(node, &["items"], notes)?;
    Ok(Item::List { name, items, append })
}

fn read_macro(node: &Node, notes: &mut Vec<Note>) -> Result<Item, PolicyError> {
    let name = required(node, "macro")?;
    let is_identifier = name.text.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_identifier {
        let message = format!(
            "`{}` cannot name a macro: letters, digits and underscores, a letter first",
            name.text
        );
        return Err(name.place.mistake(message));
    }
    let condition = required(node, "condition")?;
    let append = is_append(node, &["condition"], notes)?;
    Ok(Item::Macro { name, condition, append })
}

/// Whether a list or macro adds to an earlier one.
fn is_append(node: &Node, keys: &[&str], notes: &mut Vec<Note>) -> Result<bool, PolicyError> {
    let append = read_append(node, notes)?;
    let (appended, replaced) = overrides(node, keys, keys)?;
    let overrides = !appended.is_empty() || !replaced.is_empty();
    both(node, append && overrides)?;
    Ok(append || !appended.is_empty())
}

fn both(node: &Node, both: bool) -> Result<(), PolicyError> {
    match node.key("append") {
        Some(append) if both => {
            Err(append.place.mistake("`append` and `override` exclude each other: keep `override`"))
        }
        _ => Ok(()),
    }
}

fn read_append(node: &Node, notes: &mut Vec<Note>) -> Result<bool, PolicyError> {
    let append = truth(node, "append")?.unwrap_or(false);
    if let Some(value) = node.key("append").filter(|_| append) {
        let text = value.place.mistake("`append` is of the past: write `override`");
        notes.push(Note { kind: NoteKind::Deprecated, text });
    }
    Ok(append)
}

/// The keys that `override` adds to, and those that it replaces.
fn overrides(
    node: &Node,
    appendable: &[&str],
    replaceable: &[&str],
) -> Result<(Vec<String>, Vec<String>), PolicyError> {
    let (mut append, mut replace) = (Vec::new(), Vec::new());
    let Some(overrides) = node.key("override") else { return Ok((append, replace)) };
    let Some(pairs) = overrides.pairs() else {
        let message = "`override` takes keys, such as `condition: append`";
        return Err(overrides.place.mistake(message));
    };
    for (key, value) in pairs {
        let name = key.scalar().unwrap_or_default();
        let (known, list) = match value.scalar() {
            Some("append") => (appendable, &mut append),
            Some("replace") => (replaceable, &mut replace),
            _ => return Err(value.place.mistake("expected `append` or `replace`")),
        };
        if !known.contains(&name) {
            let message = match value.scalar() {
                Some("append") if replaceable.contains(&name) => {
                    format!("`{name}` cannot be added to: write `replace`")
                }
                _ => format!(
                    "`{name}` cannot be overridden: expected {}",
                    crate::yaml::either(known)
                ),
            };
            return Err(key.place.mistake(message));
        }
        if node.key(name).is_none() {
            let message = format!("`{name}` is to be overridden, but is not given");
            return Err(key.place.mistake(message));
        }
        list.push(name.to_owned());
    }
    Ok((append, replace))
}

fn read_rule(node: &Node, notes: &mut Vec<Note>) -> Result<RuleItem, PolicyError> {
    let name = required(node, "rule")?;
    let append = read_append(node, notes)?;
    let (appended, replaced) = overrides(node, APPENDABLE, REPLACEABLE)?;
    let overrides = !appended.is_empty() || !replaced.is_empty();
    both(node, append && overrides)?;
    let is_change = append || overrides;
    let keys = read_keys(node, is_change, notes)?;
    let change = if overrides {
        for (key, _) in node.pairs().unwrap_or_default() {
            let word = key.scalar().unwrap_or_default();
            let known = APPENDABLE.contains(&word) || REPLACEABLE.contains(&word);
            if known && !appended.iter().chain(&replaced).any(|name| name == word) {
                let message =
                    format!("`{word}` is given, but `override` does not say what to do with it");
                return Err(key.place.mistake(message));
            }
        }
        Change::Override { append: appended, replace: replaced }
    } else if append {
        Change::Append
    } else if ["condition", "output", "desc", "priority"].iter().all(|k| node.key(k).is_none()) {
        let Some(enabled) = node.key("enabled") else {
            let message = "a rule needs `condition`, `output`, `desc` and `priority`";
            return Err(name.place.mistake(message));
        };
        let text = enabled
            .place
            .mistake("`enabled` alone is of the past: add `override: {enabled: replace}`");
        notes.push(Note { kind: NoteKind::Deprecated, text });
        Change::Enable
    } else {
        for key in ["condition", "output", "desc", "priority"] {
            required(node, key)?;
        }
        Change::Define
    };
    Ok(RuleItem { name, change, keys })
}

fn read_keys(node: &Node, is_change: bool, notes: &mut Vec<Note>) -> Result<RuleKeys, PolicyError> {
    let priority = match optional(node, "priority")? {
        None => None,
        Some(word) => {
            Some(word.text.parse::<Priority>().map_err(|message| word.place.mistake(message))?)
        }
    };
    Ok(RuleKeys {
        condition: optional(node, "condition")?,
        output: optional(node, "output")?,
        description: optional(node, "desc")?,
        priority,
        source: optional(node, "source")?,
        enabled: truth(node, "enabled")?,
        tags: words(node, "tags")?,
        exceptions: match node.key("exceptions") {
            None => None,
            Some(exceptions) => Some(read_exceptions(exceptions, is_change, notes)?),
        },
        warn_event_types: truth(node, "warn_evttypes")?,
        skip_unknown: truth(node, "skip-if-unknown-filter")?,
    })
}
