//! From rules files to rules: read, collect, type, and say what is unused.

use std::collections::{HashMap, HashSet};

use crate::PolicyError;
use crate::filter::{
    Compiler, Condition, Definitions, FieldTable, Macro, Sorts, Template, parse, sorts,
};

use super::collect::{Collected, CollectedRule};
use super::rule::{Loaded, Rule, RulesFile, SkippedRule};
use super::{Note, NoteKind, item, node};

/// Loads rules files in their order; later ones change earlier ones. `tables` are the sources that
/// there are facts of.
pub fn load(files: &[RulesFile<'_>], tables: &[&FieldTable]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut collected = Collected::default();
    for file in files {
        read(file, &mut collected, &mut loaded);
    }
    let definitions = define(&collected, &mut loaded);
    let mut compilers: HashMap<&str, (&FieldTable, Compiler<'_>)> = tables
        .iter()
        .map(|table| (table.name.as_ref(), (*table, Compiler::new(table, &definitions))))
        .collect();
    for rule in &collected.rules {
        match compilers.get_mut(rule.source.as_str()) {
            Some((table, compiler)) => compile(rule, table, compiler, &mut loaded),
            None => unknown_source(rule, tables, &mut loaded),
        }
    }
    for table in tables {
        sort(table, &collected, &mut loaded);
        if let Some((_, compiler)) = compilers.get(table.name.as_ref()) {
            let past = compiler.past().iter().map(|text| (NoteKind::PastCheck, text));
            let doubts = compiler.doubts().iter().map(|text| (NoteKind::UnknownValue, text));
            let notes = past.chain(doubts).map(|(kind, text)| Note { kind, text: text.clone() });
            loaded.notes.extend(notes);
        }
    }
    let used = compilers.values().flat_map(|(_, compiler)| compiler.used());
    let used = used.chain(definitions.broken.iter().map(String::as_str));
    note_unused(&collected, &used.collect(), &mut loaded);
    loaded.lists = collected.lists.len();
    loaded.macros = collected.macros.len();
    loaded
}

/// Reads one file. A broken item does not stop the others; a file for another engine is left.
fn read(file: &RulesFile<'_>, collected: &mut Collected, loaded: &mut Loaded) {
    let documents = match node::read(file.name, file.text) {
        Ok(documents) => documents,
        Err(error) => return loaded.errors.push(error),
    };
    for document in documents {
        let Some(items) = document.items() else {
            let message = "expected a list of items: `- rule: a name`";
            loaded.errors.push(document.place.mistake(message));
            continue;
        };
        for node in items.iter().filter(|node| !node.is_null()) {
            match item::read(node, &mut loaded.notes) {
                Ok(None) => {}
                Err(error) => loaded.errors.push(error),
                Ok(Some(item)) => match collected.add(item) {
                    Ok(()) => {}
                    Err((false, error)) => loaded.errors.push(error),
                    Err((true, error)) => return loaded.errors.push(error),
                },
            }
        }
    }
}

/// The lists and macros; a macro that cannot be read is an error by itself.
fn define(collected: &Collected, loaded: &mut Loaded) -> Definitions {
    let mut definitions = Definitions::new();
    for (name, list) in &collected.lists {
        definitions.list(name.clone(), list.items.iter().cloned());
    }
    let mut errors = Vec::new();
    for (name, found) in &collected.macros {
        match parse(found.condition.text()) {
            Ok(expr) => {
                let found = Macro {
                    written: found.condition.clone(),
                    expr,
                    defined_at: found.defined_at,
                    changed_at: found.changed_at,
                };
                definitions.macros.insert(name.clone(), found);
            }
            Err((span, message)) => {
                errors.push(found.condition.mistake(&span, message));
                definitions.broken.insert(name.clone());
            }
        }
    }
    errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    loaded.errors.extend(errors);
    definitions
}

fn compile(
    rule: &CollectedRule,
    table: &FieldTable,
    compiler: &mut Compiler<'_>,
    loaded: &mut Loaded,
) {
    let condition = Condition::of(&rule.whole_condition(), compiler);
    let output = Template::of(&rule.output.trimmed(), table);
    let (condition, output) = match (condition, output) {
        (Ok(condition), Ok(output)) => (condition, output),
        (Err(failure), _) | (_, Err(failure)) if failure.unknown_field => {
            loaded.skipped.push(SkippedRule {
                name: rule.name.text.clone(),
                reason: failure.error,
                expected: rule.skip_unknown,
            });
            return;
        }
        (condition, output) => {
            let failures = [condition.err(), output.err()];
            for failure in failures.into_iter().flatten() {
                if !loaded.errors.contains(&failure.error) {
                    loaded.errors.push(failure.error);
                }
            }
            return;
        }
    };
    let mut tags = rule.tags.clone();
    tags.sort_unstable();
    tags.dedup();
    let document = &rule.name.place.document;
    loaded.rules.push(Rule {
        name: rule.name.text.clone(),
        description: rule.description.trim().to_owned(),
        source: rule.source.clone(),
        condition,
        output,
        priority: rule.priority,
        tags,
        enabled: rule.enabled,
        event_types: Sorts::All,
        file: document.file.clone(),
        line: document.line(rule.name.place.bytes.start),
    });
}

fn unknown_source(rule: &CollectedRule, tables: &[&FieldTable], loaded: &mut Loaded) {
    let known: Vec<&str> = tables.iter().map(|table| table.name.as_ref()).collect();
    let message = format!(
        "there are no events of the source `{}`: expected {}",
        rule.source,
        crate::yaml::either(&known)
    );
    let reason = rule.name.place.mistake(message);
    loaded.notes.push(Note { kind: NoteKind::UnknownSource, text: reason.clone() });
    let name = rule.name.text.clone();
    loaded.skipped.push(SkippedRule { name, reason, expected: rule.skip_unknown });
}

/// Finds the types of events of each rule, and notes the rules that are asked for all.
fn sort(table: &FieldTable, collected: &Collected, loaded: &mut Loaded) {
    if table.index.is_none() {
        return;
    }
    let of_table = |rule: &&mut Rule| rule.source == table.name;
    let conditions =
        loaded.rules.iter().filter(|rule| rule.source == table.name).map(|rule| &rule.condition);
    let found = sorts(table, conditions);
    let by_name: HashMap<&str, &CollectedRule> =
        collected.rules.iter().map(|rule| (rule.name.text.as_str(), rule)).collect();
    for (rule, found) in loaded.rules.iter_mut().filter(of_table).zip(found) {
        let origin = by_name.get(rule.name.as_str());
        if let Some(origin) = origin {
            loaded.notes.extend(note_types(origin, &found, table.index.unwrap_or_default()));
        }
        rule.event_types = found;
    }
}

/// What is to be said of the types of events that a rule is asked for.
fn note_types(rule: &CollectedRule, types: &Sorts, index: &str) -> Option<Note> {
    let (kind, message) = match types {
        Sorts::All if rule.warn_event_types => (
            NoteKind::EveryEvent,
            format!("the rule is asked for every event: name the types, `{index} in (…)`"),
        ),
        Sorts::Only(types) if types.is_empty() => {
            (NoteKind::NeverHolds, "no event can meet this rule's condition".to_owned())
        }
        _ => return None,
    };
    Some(Note { kind, text: rule.name.place.mistake(message) })
}

fn note_unused(collected: &Collected, used: &HashSet<&str>, loaded: &mut Loaded) {
    let macros = collected.macros.iter().map(|(name, found)| (name, &found.place, "macro"));
    let lists = collected.lists.iter().map(|(name, found)| (name, &found.place, "list"));
    let mut unused: Vec<PolicyError> = macros
        .chain(lists)
        .filter(|(name, ..)| !used.contains(name.as_str()))
        .map(|(name, place, what)| place.mistake(format!("no rule uses the {what} `{name}`")))
        .collect();
    unused.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    let notes = unused.into_iter().map(|text| Note { kind: NoteKind::Unused, text });
    loaded.notes.extend(notes);
}
