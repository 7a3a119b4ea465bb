//! The documents of a manifest, each a tree with lines, or the place of its mistake.
//!
//! Stricter than the reader of compose files ([`crate::template::yaml`]), whose trees it makes:
//! equal keys are a mistake with both places, a key must be a text, and after a broken document
//! the next is read. JSON goes the same way.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag};
use model::SkipReason;

use crate::limits::{MAX_TEMPLATE_DOCUMENTS, MAX_TEMPLATE_NODES, MAX_YAML_DEPTH};
use crate::template::yaml::{Key, Lines, Node, Scalar, Value};

/// One document of a stream.
#[derive(Debug)]
pub(super) struct Document {
    /// The line on which it begins: that of `---` when it has one.
    pub(super) first_line: u32,
    /// Its content.
    pub(super) root: Node,
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The reason.
    pub(super) reason: SkipReason,
    /// Where.
    pub(super) line: u32,
    /// What exactly.
    pub(super) detail: String,
}

impl Refusal {
    fn malformed(line: u32, detail: impl Into<String>) -> Self {
        Refusal { reason: SkipReason::Malformed, line, detail: detail.into() }
    }

    fn too_many(line: u32) -> Self {
        let detail = format!("more than {MAX_TEMPLATE_NODES} values, aliases put in");
        Refusal { reason: SkipReason::TooMany, line, detail }
    }
}

/// The documents of a text that have content, in order, and the mistakes between them.
pub(super) fn documents(text: &str) -> Vec<Result<Document, Refusal>> {
    let lines = Lines::of(text);
    let mut documents = read(text);
    if lines.are_same() {
        return documents;
    }
    for document in &mut documents {
        match document {
            Ok(Document { first_line, root }) => {
                settle(first_line, &lines);
                place(root, &lines);
            }
            Err(refusal) => settle(&mut refusal.line, &lines),
        }
    }
    documents
}

/// From the lines of YAML to those of the file.
fn place(node: &mut Node, lines: &Lines) {
    settle(&mut node.first_line, lines);
    settle(&mut node.last_line, lines);
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter_mut().for_each(|item| place(item, lines)),
        Value::Map(entries) => {
            for (key, value) in entries {
                settle(&mut key.line, lines);
                place(value, lines);
            }
        }
    }
}

fn settle(line: &mut u32, lines: &Lines) {
    *line = lines.at(*line as usize);
}

fn read(text: &str) -> Vec<Result<Document, Refusal>> {
    let mut documents = Vec::new();
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_YAML_DEPTH,
        block_nesting_limit: MAX_YAML_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut left = MAX_TEMPLATE_NODES;
    while documents.len() < MAX_TEMPLATE_DOCUMENTS {
        match document(&mut parser, &mut left) {
            Ok(None) => return documents,
            Ok(Some(document)) if document.root.is_null() => {}
            Ok(Some(document)) => documents.push(Ok(document)),
            Err(refusal) => {
                let ends = refusal.reason == SkipReason::TooMany
                    || !matches!(parser.proceed_next_document(), Ok(true));
                documents.push(Err(refusal));
                if ends {
                    return documents;
                }
            }
        }
    }
    let detail = format!("more than {MAX_TEMPLATE_DOCUMENTS} documents");
    documents.push(Err(Refusal { reason: SkipReason::TooMany, line: 0, detail }));
    documents
}

fn document<'t>(
    parser: &mut Parser<'t, StrInput<'t>>,
    left: &mut usize,
) -> Result<Option<Document>, Refusal> {
    let mut builder: Option<Builder> = None;
    loop {
        let Some(event) = parser.next_event() else { return Ok(None) };
        let (event, span) = event
            .map_err(|error| Refusal::malformed(line_of(error.marker().line()), error.info()))?;
        match (event, &mut builder) {
            (Event::StreamEnd, _) => return Ok(None),
            (Event::DocumentStart(..), _) => {
                let first_line = line_of(span.start.line());
                builder = Some(Builder { first_line, ..Builder::default() });
            }
            (Event::DocumentEnd, Some(built)) => {
                let first_line = built.first_line;
                let root = built.root.take().unwrap_or_else(|| scalar("", true, first_line));
                return Ok(Some(Document { first_line, root }));
            }
            (event, Some(builder)) => builder.take(event, &span, left)?,
            (_, None) => {}
        }
    }
}

fn scalar(text: &str, plain: bool, line: u32) -> Node {
    let value = Value::Scalar(Scalar { text: text.to_owned(), plain });
    Node { first_line: line, last_line: line, value }
}

fn line_of(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// A list or map that is being read.
struct Open {
    value: Value,
    is_flow: bool,
    first_line: u32,
    last_line: u32,
    anchor: usize,
    /// The key whose value is to come, and whether it is `<<`.
    key: Option<(Key, bool)>,
    /// The maps that `<<` names.
    merges: Vec<Node>,
    /// The keys so far.
    seen: HashSet<String>,
    /// Levels below it.
    depth: usize,
    /// Nodes in it.
    nodes: usize,
}

/// A node that an alias may mean, with its size.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

#[derive(Default)]
struct Builder {
    first_line: u32,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span, left: &mut usize) -> Result<(), Refusal> {
        let line = line_of(span.start.line());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                spend(left, 1, line)?;
                let plain = style == ScalarStyle::Plain && !is_text(tag.as_deref());
                let value = Value::Scalar(Scalar { text: text.into_owned(), plain });
                let node = Node { first_line: line, last_line: end_of(span), value };
                self.keep(anchor, &node, (1, 0), left)?;
                self.add(node, (1, 0))
            }
            Event::SequenceStart(style, anchor, _) => {
                self.start(Value::List(Vec::new()), style, anchor, line);
                spend(left, 1, line)
            }
            Event::MappingStart(style, anchor, _) => {
                self.start(Value::Map(Vec::new()), style, anchor, line);
                spend(left, 1, line)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(line_of(span.end.line()), left),
            Event::Alias(anchor) => self.alias(anchor, line, left),
            _ => Ok(()),
        }
    }

    fn start(&mut self, value: Value, style: StructureStyle, anchor: usize, line: u32) {
        self.open.push(Open {
            value,
            is_flow: style == StructureStyle::Flow,
            first_line: line,
            last_line: line,
            anchor,
            key: None,
            merges: Vec::new(),
            seen: HashSet::new(),
            depth: 0,
            nodes: 1,
        });
    }

    fn end(&mut self, end_line: u32, left: &mut usize) -> Result<(), Refusal> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        // A bracket ends at its own line, an indented block with the last thing in it.
        if open.is_flow {
            open.last_line = open.last_line.max(end_line);
        }
        if !open.merges.is_empty() {
            open.merge()?;
        }
        let Open { value, first_line, last_line, anchor, depth, nodes, .. } = open;
        let node = Node { first_line, last_line, value };
        self.keep(anchor, &node, (nodes, depth), left)?;
        self.add(node, (nodes, depth))
    }

    fn alias(&mut self, anchor: usize, line: u32, left: &mut usize) -> Result<(), Refusal> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Refusal::malformed(line, "an alias inside the value that it means"));
        };
        let (nodes, depth) = (anchored.nodes, anchored.depth);
        spend(left, nodes, line)?;
        if self.open.len() + depth > MAX_YAML_DEPTH {
            let detail = format!("more than {MAX_YAML_DEPTH} levels, aliases put in");
            return Err(Refusal { reason: SkipReason::TooDeep, line, detail });
        }
        // What an alias brings stands where it is written first; the alias itself stands here.
        let mut node = anchored.node.clone();
        (node.first_line, node.last_line) = (line, line);
        self.add(node, (nodes, depth))
    }

    fn keep(
        &mut self,
        anchor: usize,
        node: &Node,
        (nodes, depth): (usize, usize),
        left: &mut usize,
    ) -> Result<(), Refusal> {
        if anchor != 0 {
            spend(left, nodes, node.first_line)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, (nodes, depth): (usize, usize)) -> Result<(), Refusal> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(parent) => {
                parent.last_line = parent.last_line.max(node.last_line);
                parent.depth = parent.depth.max(depth + 1);
                parent.nodes += nodes;
                parent.add(node)?;
            }
        }
        Ok(())
    }
}

impl Open {
    fn add(&mut self, node: Node) -> Result<(), Refusal> {
        let entries = match &mut self.value {
            Value::List(items) => {
                items.push(node);
                return Ok(());
            }
            Value::Map(entries) => entries,
            Value::Scalar(_) => return Ok(()),
        };
        let Some((key, is_merge)) = self.key.take() else {
            self.key = Some(key_of(node)?);
            return Ok(());
        };
        if is_merge {
            self.merges.push(node);
        } else if self.seen.insert(key.text.clone()) {
            entries.push((key, node));
        } else {
            let first = entries.iter().find(|(known, _)| known.text == key.text);
            let first = first.map_or(0, |(known, _)| known.line);
            let detail = format!("the key `{}` is there twice, first on line {first}", key.text);
            return Err(Refusal::malformed(key.line, detail));
        }
        Ok(())
    }

    /// Puts the entries of merged maps behind the map's own, which win; of several the first wins.
    fn merge(&mut self) -> Result<(), Refusal> {
        for merged in std::mem::take(&mut self.merges) {
            let line = merged.first_line;
            let maps = match merged.value {
                Value::List(items) => items,
                value => vec![Node { value, first_line: line, last_line: line }],
            };
            for map in maps {
                let Value::Map(more) = map.value else {
                    return Err(Refusal::malformed(line, "`<<` needs a map or a list of maps"));
                };
                self.extend(more);
            }
        }
        Ok(())
    }

    fn extend(&mut self, more: Vec<(Key, Node)>) {
        let Value::Map(entries) = &mut self.value else { return };
        for (key, node) in more {
            if self.seen.insert(key.text.clone()) {
                entries.push((key, node));
            }
        }
    }
}

fn spend(left: &mut usize, nodes: usize, line: u32) -> Result<(), Refusal> {
    *left = left.checked_sub(nodes).ok_or_else(|| Refusal::too_many(line))?;
    Ok(())
}

fn is_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| matches!(tag.core_suffix(), Some("str" | "binary")))
}

/// A key as the API machinery makes it a text, and whether it is `<<`.
fn key_of(node: Node) -> Result<(Key, bool), Refusal> {
    let (line, truth) = (node.first_line, node.bool());
    let Value::Scalar(scalar) = node.value else {
        return Err(Refusal::malformed(line, "a key must be a text, not a map or a list"));
    };
    let is_merge = scalar.plain && scalar.text == "<<";
    let text = match truth {
        Some(true) => "true".to_owned(),
        Some(false) => "false".to_owned(),
        None => scalar.text,
    };
    Ok((Key { text, line }, is_merge))
}

/// The last line that holds part of a scalar: a block ends at the beginning of the next line.
fn end_of(span: &Span) -> u32 {
    let ends_before = span.end.col() == 0 && span.end.line() > span.start.line();
    let end = span.end.line().saturating_sub(usize::from(ends_before));
    line_of(end.max(span.start.line()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To YAML it ends a line, to everything else that counts lines it does not.
    #[test]
    fn a_carriage_return_alone_begins_no_line_of_the_file() {
        let read = documents("a: 1\rb: 2\n---\r\rc: [3,\n 4]\n---\n\r{\n");
        let second = read[1].as_ref().unwrap();
        assert_eq!((second.first_line, second.root.first_line), (2, 2));
        assert_eq!(second.root.last_line, 3);
        assert_eq!(read[0].as_ref().unwrap().root.last_line, 1);
        assert!(read[2].as_ref().unwrap_err().line <= 6);
    }
}
