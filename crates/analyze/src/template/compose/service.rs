//! `ServiceEntry`: one service with what it extends.

use model::SkipReason;

use super::project::Project;
use crate::limits::MAX_COMPOSE_DEPTH;
use crate::template::variables::Expanded;
use crate::template::yaml::{Node, Value, documents};

/// A service: its own keys, then those of what it extends.
pub(super) struct ServiceEntry<'p> {
    /// Its file.
    pub(super) project: &'p Project<'p>,
    /// Its name.
    pub(super) name: &'p str,
    /// The line of its name.
    pub(super) line: u32,
    /// The line of `extends`.
    pub(super) extends_line: Option<u32>,
    layers: Vec<Layer>,
}

/// The keys of one service that another may extend.
struct Layer {
    node: Node,
    /// The service, and its file when that is another; `None` for the service itself.
    from: Option<String>,
}

/// Lines, and whose they are when not the service's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) from: Option<String>,
}

/// A value with its place.
pub(super) struct Held<'s> {
    /// The value.
    pub(super) node: &'s Node,
    /// The line of its key.
    key_line: u32,
    from: Option<&'s str>,
}

impl Held<'_> {
    /// The lines of key and value.
    pub(super) fn lines(&self) -> Lines {
        self.of(self.node, Some(self.key_line))
    }

    /// The lines of something inside.
    pub(super) fn inside(&self, node: &Node) -> Lines {
        self.of(node, None)
    }

    fn of(&self, node: &Node, first: Option<u32>) -> Lines {
        let first = first.unwrap_or(node.first_line);
        Lines { first, last: node.last_line.max(first), from: self.from.map(str::to_owned) }
    }
}

impl<'p> ServiceEntry<'p> {
    /// Follows `extends`. What cannot be followed is told.
    pub(super) fn resolve(
        project: &'p Project<'p>,
        (name, line, node): (&'p str, u32, &Node),
        skipped: &mut Vec<(SkipReason, String)>,
    ) -> Self {
        let extends_line = node.entry("extends").map(|(key, _)| key.line);
        let mut layers = vec![Layer { node: node.clone(), from: None }];
        let mut file = project.name.to_owned();
        let mut root: Option<Node> = None;
        while let Some(extends) = layers.last().and_then(|layer| layer.node.get("extends")) {
            if layers.len() > MAX_COMPOSE_DEPTH {
                let detail = format!("service {name}: extends more than {MAX_COMPOSE_DEPTH} times");
                skipped.push((SkipReason::TooDeep, detail));
                break;
            }
            let text = |node: Option<&Node>| node.and_then(|node| project.text(node));
            let Some(base) = text(extends.get("service").or(Some(extends))) else { break };
            if let Some(path) = text(extends.get("file")) {
                match read(project, (&file, &path)) {
                    Ok((path, node)) => (file, root) = (path, Some(node)),
                    Err((reason, detail)) => {
                        skipped.push((reason, format!("service {name}: {detail}")));
                        break;
                    }
                }
            }
            let services = root.as_ref().unwrap_or(&project.root).get("services");
            let Some(node) = services.and_then(|services| services.get(&base.text)).cloned() else {
                let detail = format!("service {name} extends {}, which is not there", base.text);
                skipped.push((SkipReason::Malformed, detail));
                break;
            };
            let other = file != project.name;
            let from = if other { format!("{} in {file}", base.text) } else { base.text };
            layers.push(Layer { node, from: Some(from) });
        }
        ServiceEntry { project, name, line, extends_line, layers }
    }

    /// What messages call it.
    pub(super) fn subject(&self) -> String {
        format!("service {}", self.name)
    }

    /// Whether it is only a part of a service that another file completes.
    pub(super) fn is_partial(&self) -> bool {
        self.get("image").is_none() && self.get("build").is_none() && self.extends_line.is_none()
    }

    /// The value of a key, its own before those it extends.
    pub(super) fn get(&self, key: &str) -> Option<Held<'_>> {
        self.all(key).into_iter().next()
    }

    /// The values of a key in the service and in what it extends: lists and maps add up.
    pub(super) fn all(&self, key: &str) -> Vec<Held<'_>> {
        let held = self.layers.iter().filter_map(|layer| {
            let (key, node) = layer.node.entry(key)?;
            let from = layer.from.as_deref();
            (!node.is_null()).then_some(Held { node, key_line: key.line, from })
        });
        held.collect()
    }

    /// The value below a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<Held<'_>> {
        let (first, rest) = path.split_first()?;
        self.all(first).into_iter().find_map(|held| {
            let node = held.node.at(rest)?;
            let from = held.from;
            let key_line = if rest.is_empty() { held.key_line } else { node.first_line };
            (!node.is_null()).then_some(Held { node, key_line, from })
        })
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<(Expanded, Lines)> {
        let held = self.get(key)?;
        Some((self.project.text(held.node)?, held.lines()))
    }

    /// Whether a key is the boolean true, a variable's value too.
    pub(super) fn is_true(&self, key: &str) -> Option<Lines> {
        let held = self.get(key)?;
        let by_variable = || self.project.text(held.node).is_some_and(|text| text.text == "true");
        (held.node.is_true() || by_variable()).then(|| held.lines())
    }

    /// The texts of a list, or the only one of a scalar, in all layers.
    pub(super) fn texts(&self, key: &str) -> Vec<(String, Lines)> {
        let mut texts = Vec::new();
        for held in self.all(key) {
            let nodes = match &held.node.value {
                Value::List(items) => items.as_slice(),
                Value::Scalar(_) => std::slice::from_ref(held.node),
                Value::Map(_) => &[],
            };
            texts.extend(
                nodes
                    .iter()
                    .filter_map(|node| Some((self.project.text(node)?.text, held.inside(node)))),
            );
        }
        texts
    }

    /// `NAME: value` or `- NAME=value` pairs of a key, in all layers.
    pub(super) fn pairs(&self, path: &[&str]) -> Vec<(String, Option<Expanded>, Lines)> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let mut pairs = Vec::new();
        for held in self.all(first) {
            let Some(node) = held.node.at(rest) else { continue };
            for (key, value) in node.entries() {
                let lines = Lines { first: key.line, ..held.inside(value) };
                pairs.push((key.text.clone(), self.project.text(value), lines));
            }
            for item in node.items() {
                let Some(text) = item.str() else { continue };
                let (name, value) = match text.split_once('=') {
                    Some((name, value)) => (name, Some(self.project.put_in(value))),
                    None => (text, None),
                };
                pairs.push((name.to_owned(), value, held.inside(item)));
            }
        }
        pairs
    }
}

/// The file that `extends` names, and its first document.
fn read(
    project: &Project<'_>,
    (from, path): (&str, &Expanded),
) -> Result<(String, Node), (SkipReason, String)> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let inside = super::project::within(folder, &path.text).filter(|_| !path.unknown);
    let Some(inside) = inside else {
        let detail = format!("{} leads out of what is scanned", path.text);
        return Err((SkipReason::UnsafePath, detail));
    };
    let Some(text) = project.tree.text(&inside) else {
        return Err((SkipReason::Unreadable, format!("{inside} is not there")));
    };
    match documents(&text).0.into_iter().next() {
        Some(node) => Ok((inside, node)),
        None => Err((SkipReason::Malformed, format!("{inside} has nothing in it"))),
    }
}
