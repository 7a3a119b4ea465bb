//! From the YAML parser's events to trees, within limits.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};
use model::SkipReason;

use super::{Key, Node, Scalar, Value};
use crate::limits::{MAX_TEMPLATE_DOCUMENTS, MAX_TEMPLATE_NODES, MAX_YAML_DEPTH};

/// What keeps a YAML text from being read: the reason, and what exactly.
pub(crate) type Refusal = (SkipReason, String);

/// The documents of a text that have content. On a mistake: what was read before it, and the
/// mistake.
pub(crate) fn documents(text: &str) -> (Vec<Node>, Option<Refusal>) {
    let lines = Lines::of(text);
    let mut loader =
        Loader { lines, open: vec![], anchors: HashMap::new(), documents: vec![], nodes: 0 };
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_YAML_DEPTH * 2,
        block_nesting_limit: MAX_YAML_DEPTH * 2,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let result = match event {
            Ok((event, span)) => loader.event(event, span),
            Err(error) => {
                let line = loader.lines.at(error.marker().line());
                Err((SkipReason::Malformed, format!("line {line}: {}", error.info())))
            }
        };
        if let Err(refusal) = result {
            return (loader.documents, Some(refusal));
        }
    }
    (loader.documents, None)
}

struct Loader {
    lines: Lines,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    documents: Vec<Node>,
    /// Nodes made, those of aliases counted each time.
    nodes: usize,
}

/// A list or map being read.
struct Open {
    first_line: u32,
    anchor: usize,
    before: usize,
    value: Value,
    /// The key whose value is to come.
    key: Option<Key>,
}

impl Loader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Refusal> {
        let line = self.lines.at(span.start.line());
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let value = Value::Scalar(Scalar { text: text.into_owned(), plain });
                let node = Node { first_line: line, last_line: self.end_of(&span), value };
                self.count(1)?;
                self.done(node, anchor, 1);
            }
            Event::SequenceStart(_, anchor, _) => self.start(line, anchor, Value::List(vec![]))?,
            Event::MappingStart(_, anchor, _) => self.start(line, anchor, Value::Map(vec![]))?,
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            Event::Alias(anchor) => {
                // An alias inside its own anchor has no value yet.
                let known = self.anchors.get(&anchor).cloned();
                let null = Value::Scalar(Scalar { text: String::new(), plain: true });
                let null = Node { first_line: line, last_line: line, value: null };
                let (node, size) = known.unwrap_or((null, 1));
                self.count(size)?;
                self.done(node, 0, size);
            }
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), Refusal> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_TEMPLATE_NODES {
            let detail = format!("more than {MAX_TEMPLATE_NODES} values, aliases put in");
            return Err((SkipReason::TooMany, detail));
        }
        Ok(())
    }

    fn start(&mut self, first_line: u32, anchor: usize, value: Value) -> Result<(), Refusal> {
        self.count(1)?;
        if self.open.len() >= MAX_YAML_DEPTH {
            let detail = format!("line {first_line}: more than {MAX_YAML_DEPTH} levels");
            return Err((SkipReason::TooDeep, detail));
        }
        self.open.push(Open { first_line, anchor, before: self.nodes, value, key: None });
        Ok(())
    }

    fn end(&mut self, span: &Span) {
        let Some(Open { first_line, anchor, before, value, .. }) = self.open.pop() else { return };
        let last = match &value {
            Value::List(items) => items.iter().map(|node| node.last_line).max(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.last_line).max(),
            Value::Scalar(_) => None,
        };
        // An indented block ends where the next begins; a bracket ends at its own line.
        let bracket = if span.start == span.end { 0 } else { self.lines.at(span.end.line()) };
        // An alias may come from above or below.
        let last_line = last.unwrap_or(first_line).max(bracket).max(first_line);
        let value = match value {
            Value::Map(entries) => Value::Map(merged(entries)),
            other => other,
        };
        let size = self.nodes.saturating_sub(before) + 1;
        self.done(Node { first_line, last_line, value }, anchor, size);
    }

    /// The last line that holds part of a value: a block scalar ends at the beginning of the next
    /// line.
    fn end_of(&self, span: &Span) -> u32 {
        let past = span.end.col() == 0 && span.end.line() > span.start.line();
        self.lines.at((span.end.line() - usize::from(past)).max(span.start.line()))
    }

    fn done(&mut self, node: Node, anchor: usize, size: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() && self.documents.len() < MAX_TEMPLATE_DOCUMENTS {
                self.documents.push(node);
            }
            return;
        };
        match &mut open.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(key_of(&node)),
            },
            Value::Scalar(_) => {}
        }
    }
}

fn key_of(node: &Node) -> Key {
    let text = match &node.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        _ => String::new(),
    };
    Key { text, line: node.first_line }
}

/// Puts merge keys in, and keeps of equal keys the last.
fn merged(entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    let mut own: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut from: Vec<Node> = Vec::new();
    for (key, node) in entries {
        if key.text == "<<" {
            from.push(node);
            continue;
        }
        match places.get(&key.text).and_then(|at| own.get_mut(*at)) {
            Some(place) => *place = (key, node),
            None => {
                places.insert(key.text.clone(), own.len());
                own.push((key, node));
            }
        }
    }
    for node in from {
        let maps = match node.value {
            Value::List(items) => items,
            _ => vec![node],
        };
        for map in maps {
            let Value::Map(entries) = map.value else { continue };
            for (key, node) in entries {
                if !places.contains_key(&key.text) {
                    places.insert(key.text.clone(), own.len());
                    own.push((key, node));
                }
            }
        }
    }
    own
}

/// Lines of a file by the lines of YAML, which also ends one at a carriage return alone. Nothing else
/// does, neither an editor nor an ignore comment.
pub(crate) struct Lines(Vec<u32>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let alone = |at: usize| bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n');
        let breaks = memchr::memchr2_iter(b'\r', b'\n', bytes);
        if !memchr::memchr_iter(b'\r', bytes).any(alone) {
            return Lines(Vec::new());
        }
        let mut lines = vec![0, 1];
        let mut line = 1;
        for at in breaks {
            match bytes.get(at) {
                Some(b'\n') => line += 1,
                _ if alone(at) => {}
                _ => continue,
            }
            lines.push(line);
        }
        Lines(lines)
    }

    /// Whether they are the same.
    pub(crate) fn are_same(&self) -> bool {
        self.0.is_empty()
    }

    /// The file's line of a line of YAML; both from 1.
    pub(crate) fn at(&self, line: usize) -> u32 {
        let same = || u32::try_from(line).unwrap_or(u32::MAX);
        self.0.get(line).or(self.0.last()).copied().unwrap_or_else(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let (mut documents, refusal) = documents(text);
        assert_eq!(refusal, None, "{text}");
        documents.remove(0)
    }

    #[test]
    fn values_have_their_lines() {
        let node = one("a: 1\nb:\n  - x\n  - |\n    long\n    text\nc: {d: [1,\n 2]}\n");
        let lines = |path: &[&str]| {
            let node = node.at(path).unwrap();
            (node.first_line, node.last_line)
        };
        assert_eq!((node.first_line, node.last_line), (1, 8));
        assert_eq!(lines(&["a"]), (1, 1));
        assert_eq!(lines(&["b"]), (3, 6));
        assert_eq!(lines(&["c", "d"]), (7, 8));
        assert_eq!(node.entry("b").unwrap().0.line, 2);
    }

    /// To YAML it ends a line, to everything else that counts lines it does not.
    #[test]
    fn a_carriage_return_alone_begins_no_line_of_the_file() {
        let node = one("a: 1\rb: 2\n# x\r\nc: 3\r\rd: |\r  y\ne: 5\n");
        let lines = ["a", "b", "c", "d", "e"].map(|key| {
            let (key, node) = node.entry(key).unwrap();
            (key.line, node.last_line)
        });
        assert_eq!(lines, [(1, 1), (1, 1), (3, 3), (3, 3), (4, 4)]);
    }

    #[test]
    fn scalars_are_typed_when_asked() {
        let node = one("[yes, 'yes', 0777, '0777', 0x10, ~, -5, 08, 1.5, null, True, 1_000]");
        let items = node.items();
        let bools: Vec<_> = items.iter().map(Node::bool).collect();
        assert_eq!((bools[0], bools[1], bools[10]), (Some(true), None, Some(true)));
        let numbers: Vec<_> = items.iter().map(Node::number).collect();
        assert_eq!(numbers[2..5], [Some(511), Some(777), Some(16)]);
        assert_eq!(numbers[6..9], [Some(-5), None, None]);
        assert_eq!(numbers[11], Some(1000));
        assert!(items[5].is_null() && items[9].is_null() && items[5].str().is_none());
    }

    #[test]
    fn aliases_merges_and_equal_keys_are_put_in() {
        let node = one(
            "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: {a: 1, a: 2}\nl: {<<: [*x, {c: 4}]}\n",
        );
        assert_eq!(node.str_at(&["y", "a"]), Some("1"));
        assert_eq!(node.str_at(&["y", "b"]), Some("3"));
        assert_eq!(node.str_at(&["z", "a"]), Some("2"));
        assert_eq!(node.str_at(&["l", "c"]), Some("4"));
    }

    #[test]
    fn hostile_texts_are_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(",")));
        }
        let deep = "[".repeat(100_000);
        let flow = format!("{}{}", "[".repeat(80), "]".repeat(80));
        for text in [bomb.as_str(), &deep, &flow, "a: [", "a: b: c\n", "&a [*a]\n---\n*a"] {
            let (_, refusal) = documents(text);
            assert!(refusal.is_some(), "{}", &text[..text.len().min(40)]);
        }
    }
}
