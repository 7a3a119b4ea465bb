//! `Node`: YAML with places, from the events of the parser: scalars as they are written, since a
//! list's `010` or `yes` is a word here.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::PolicyError;
use crate::filter::{Document, Place};
use crate::limits::{POLICY_MAX_DEPTH, RULES_MAX_BYTES, RULES_MAX_NODES};

/// A value of a YAML document and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Yaml,
}

/// A value of a YAML document.
#[derive(Debug, Clone)]
pub(super) enum Yaml {
    Null,
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// Reads the documents of a file.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Node>, PolicyError> {
    if text.len() > RULES_MAX_BYTES {
        let message = format!("it is longer than {RULES_MAX_BYTES} bytes");
        return Err(PolicyError::whole(file, message));
    }
    let mut reader = Reader {
        document: Document::new(file, text),
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
    };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd => {}
            event => documents.push(reader.node(event, &span, 0)?),
        }
    }
    Ok(documents)
}

struct Reader<'t> {
    document: Arc<Document>,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// Values with a name, and how many nodes they are.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, PolicyError> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(next)) => return Ok(Some(next)),
                Some(Err(error)) => {
                    let message = error.info();
                    let message = message.lines().next().unwrap_or_default();
                    let at = error.marker().byte_offset().unwrap_or(0);
                    let message = format!("this is no YAML: {message}");
                    return Err(self.document.mistake(&(at..at + 1), message));
                }
            }
        }
    }

    fn place(&self, span: &Span) -> Place {
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start).max(start);
        Place { document: Arc::clone(&self.document), bytes: start..end }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, PolicyError> {
        let place = self.place(span);
        self.nodes += 1;
        if self.nodes > RULES_MAX_NODES {
            return Err(place.mistake(format!("the file has more than {RULES_MAX_NODES} values")));
        }
        if depth > POLICY_MAX_DEPTH {
            return Err(place.mistake(format!("the file nests deeper than {POLICY_MAX_DEPTH}")));
        }
        let before = self.nodes;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null { Yaml::Null } else { Yaml::Scalar(text.into_owned()) };
                (anchor, value)
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(_, anchor, _) => (anchor, self.mapping(depth)?),
            Event::Alias(anchor) => return self.alias(anchor, &place),
            _ => (0, Yaml::Null),
        };
        let node = Node { place, value };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    /// A copy of a value with a name. Its nodes count again: aliases of aliases grow without end.
    fn alias(&mut self, anchor: usize, place: &Place) -> Result<Node, PolicyError> {
        let Some((node, nodes)) = self.anchors.get(&anchor) else {
            return Err(place.mistake("this alias has no anchor before it"));
        };
        self.nodes += nodes;
        if self.nodes > RULES_MAX_NODES {
            return Err(place.mistake(format!("the file has more than {RULES_MAX_NODES} values")));
        }
        Ok(node.clone())
    }

    fn sequence(&mut self, depth: usize) -> Result<Yaml, PolicyError> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::SequenceEnd => break,
                event => items.push(self.node(event, &span, depth + 1)?),
            }
        }
        Ok(Yaml::Sequence(items))
    }

    fn mapping(&mut self, depth: usize) -> Result<Yaml, PolicyError> {
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, &span, depth + 1)?;
            if pairs.iter().any(|(known, _)| known.scalar() == key.scalar()) {
                let name = key.scalar().unwrap_or_default();
                return Err(key.place.mistake(format!("`{name}` is given twice")));
            }
            pairs.push((key, value));
        }
        Ok(Yaml::Mapping(pairs))
    }
}

impl Node {
    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence; none for null.
    pub(super) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Yaml::Sequence(items) => Some(items),
            Yaml::Null => Some(&[]),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Yaml::Null)
    }

    /// The keys and values of a mapping.
    pub(super) fn pairs(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Yaml::Mapping(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of a key.
    pub(super) fn key(&self, name: &str) -> Option<&Node> {
        self.pairs()?.iter().find(|(key, _)| key.scalar() == Some(name)).map(|(_, value)| value)
    }
}
