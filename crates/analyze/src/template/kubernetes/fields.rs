//! Reading fields of an object: `null` is absent, as the API machinery has it.

use crate::template::yaml::{Key, Node, Value};

/// First and last line of something, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lines {
    /// First line.
    pub(super) first: u32,
    /// Last line.
    pub(super) last: u32,
}

/// Access to fields that may be absent.
pub(super) trait Fields {
    /// The value of a key, unless it is `null`.
    fn field(&self, key: &str) -> Option<&Node>;
    /// The value at the end of a path of keys, unless it is `null`.
    fn deep(&self, path: &[&str]) -> Option<&Node>;
    /// The elements of the list at a key.
    fn list(&self, key: &str) -> &[Node];
    /// The text at a path; empty when there is none.
    fn text(&self, path: &[&str]) -> &str;
    /// The boolean at a path.
    fn truth(&self, path: &[&str]) -> Option<bool>;
    /// The whole number at a path.
    fn whole(&self, path: &[&str]) -> Option<i64>;
    /// Its own lines.
    fn lines(&self) -> Lines;
    /// The lines of the deepest part of a path that is there, keys included.
    fn lines_at(&self, path: &[&str]) -> Lines;
    /// Whether it is `null` or an empty text, list or map.
    fn is_hollow(&self) -> bool;
    /// Calls `visit` with each scalar and the key it stands at, in the order of the file.
    fn scalars<'n>(&'n self, visit: &mut dyn FnMut(&'n str, &'n Node));
}

impl Fields for Node {
    fn field(&self, key: &str) -> Option<&Node> {
        self.get(key).filter(|node| !node.is_null())
    }

    fn deep(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.field(key))
    }

    fn list(&self, key: &str) -> &[Node] {
        self.field(key).map_or(&[], Node::items)
    }

    fn text(&self, path: &[&str]) -> &str {
        self.deep(path).and_then(Node::str).unwrap_or_default()
    }

    fn truth(&self, path: &[&str]) -> Option<bool> {
        self.deep(path).and_then(Node::bool)
    }

    fn whole(&self, path: &[&str]) -> Option<i64> {
        self.deep(path).and_then(Node::number)
    }

    fn lines(&self) -> Lines {
        Lines { first: self.first_line, last: self.last_line }
    }

    fn lines_at(&self, path: &[&str]) -> Lines {
        let mut node = self;
        let mut lines = self.lines();
        for key in path {
            let Some((key, value)) = node.entry(key) else { break };
            lines = entry_lines(key, value);
            node = value;
        }
        lines
    }

    fn is_hollow(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => self.is_null() || scalar.text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    fn scalars<'n>(&'n self, visit: &mut dyn FnMut(&'n str, &'n Node)) {
        // The reader bounds the depth.
        fn walk<'n>(key: &'n str, node: &'n Node, visit: &mut dyn FnMut(&'n str, &'n Node)) {
            match &node.value {
                Value::Scalar(_) => visit(key, node),
                Value::List(items) => items.iter().for_each(|item| walk(key, item, visit)),
                Value::Map(entries) => {
                    entries.iter().for_each(|(key, value)| walk(&key.text, value, visit));
                }
            }
        }
        walk("", self, visit);
    }
}

/// The lines of a key and its value.
pub(super) fn entry_lines(key: &Key, value: &Node) -> Lines {
    let apart = value.first_line < key.line; // An alias may bring lines from above.
    let last = if apart { key.line } else { value.last_line.max(key.line) };
    Lines { first: key.line, last }
}
