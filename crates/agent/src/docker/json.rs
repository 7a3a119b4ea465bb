//! `Node` and `Fields`: a request body as the daemon's JSON reader sees it.
//!
//! Go's `encoding/json` finds a struct's fields in any letter case, lets the last of several
//! same-named keys win (and merges objects), replaces broken text, and reads no further than the
//! first value. Where that and a strict reading could differ, the body is refused.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::limits::BODY_MAX_NODES;

/// A JSON value that keeps every key, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A body that cannot be read with certainty: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub(crate) struct BadBody {
    place: String,
    why: String,
}

/// The fields of one struct, found as Go finds them.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    place: String,
    entries: &'a [(String, Node)],
}

impl BadBody {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        BadBody { place: place.into(), why: why.into() }
    }
}

impl Node {
    /// Reads a whole body. Trailing bytes, broken text, deep nesting and same keys are refused.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Node, BadBody> {
        let budget = Cell::new(BODY_MAX_NODES);
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let node = Seed(&budget).deserialize(&mut reader);
        node.and_then(|node| reader.end().map(|()| node))
            .map_err(|error| BadBody::new("the body", error.to_string()))
    }

    fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Flag(_) => "true or false",
            Node::Number(_) => "a number",
            Node::Text(_) => "a text",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        }
    }
}

impl<'a> Fields<'a> {
    /// The fields of a struct; `null` is a struct with nothing set.
    pub(crate) fn of(place: impl Into<String>, node: &'a Node) -> Result<Self, BadBody> {
        let place = place.into();
        let entries = match node {
            Node::Null => &[][..],
            Node::Object(entries) => entries,
            other => return Err(BadBody::new(place, format!("{} is no object", other.kind()))),
        };
        let mut seen: Vec<String> = entries.iter().map(|(key, _)| fold(key)).collect();
        seen.sort_unstable();
        if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BadBody::new(place, format!("`{}` is given twice", shown(&twice[0]))));
        }
        Ok(Fields { place, entries })
    }

    /// What an error calls the struct.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether anything is set in it.
    pub(crate) fn has_any(&self) -> bool {
        self.entries.iter().any(|(_, node)| *node != Node::Null)
    }

    /// A field's value; `None` when it is absent or null.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        let wanted = fold(name);
        let found = self.entries.iter().find(|(key, _)| fold(key) == wanted);
        found.map(|(_, node)| node).filter(|node| **node != Node::Null)
    }

    /// A struct inside; nothing set when absent.
    pub(crate) fn fields(&self, name: &str) -> Result<Fields<'a>, BadBody> {
        Fields::of(self.at(name), self.node(name).unwrap_or(&Node::Null))
    }

    /// A text; empty when absent.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, BadBody> {
        match self.node(name) {
            None => Ok(""),
            Some(Node::Text(text)) => Ok(text),
            Some(other) => Err(self.mistake(name, other, "a text")),
        }
    }

    /// True or false; false when absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, BadBody> {
        match self.node(name) {
            None => Ok(false),
            Some(Node::Flag(flag)) => Ok(*flag),
            Some(other) => Err(self.mistake(name, other, "true or false")),
        }
    }

    /// A whole number; `None` when absent.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, BadBody> {
        match self.node(name) {
            None => Ok(None),
            Some(Node::Number(number)) if number.as_i64().is_some() => Ok(number.as_i64()),
            Some(other) => Err(self.mistake(name, other, "a whole number")),
        }
    }

    /// A list; empty when absent.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [Node], BadBody> {
        match self.node(name) {
            None => Ok(&[]),
            Some(Node::List(list)) => Ok(list),
            Some(other) => Err(self.mistake(name, other, "a list")),
        }
    }

    /// A list of structs.
    pub(crate) fn structs(&self, name: &str) -> Result<Vec<Fields<'a>>, BadBody> {
        self.list(name)?.iter().map(|node| Fields::of(self.at(name), node)).collect()
    }

    /// A list of texts; empty when absent.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'a str>, BadBody> {
        let text = |node: &'a Node| match node {
            Node::Text(text) => Ok(text.as_str()),
            other => Err(self.mistake(name, other, "a text")),
        };
        self.list(name)?.iter().map(text).collect()
    }

    /// A list of texts, or one text: Docker's `StrSlice`.
    pub(crate) fn words(&self, name: &str) -> Result<Vec<&'a str>, BadBody> {
        match self.node(name) {
            Some(Node::Text(text)) => Ok(vec![text]),
            _ => self.texts(name),
        }
    }

    /// A map with free keys; empty when absent.
    pub(crate) fn map(&self, name: &str) -> Result<&'a [(String, Node)], BadBody> {
        match self.node(name) {
            None => Ok(&[]),
            Some(Node::Object(entries)) => Ok(entries),
            Some(other) => Err(self.mistake(name, other, "an object")),
        }
    }

    /// A map of texts.
    pub(crate) fn text_map(&self, name: &str) -> Result<Vec<(&'a str, &'a str)>, BadBody> {
        let text = |(key, node): &'a (String, Node)| match node {
            Node::Text(text) => Ok((key.as_str(), text.as_str())),
            Node::Null => Ok((key.as_str(), "")),
            other => Err(self.mistake(name, other, "a text")),
        };
        self.map(name)?.iter().map(text).collect()
    }

    fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    fn mistake(&self, name: &str, found: &Node, wanted: &str) -> BadBody {
        BadBody::new(self.at(name), format!("{} where {wanted} belongs", found.kind()))
    }
}

/// A key as Go compares it with a struct's field: small letters, and the two letters beyond ASCII
/// that Unicode folds to `s` and `k`.
fn fold(key: &str) -> String {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

/// A key for a message: short and on one line.
fn shown(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(64).collect()
}

struct Seed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.0.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom("it has too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Node, E> {
        let number = serde_json::Number::from_f64(number);
        number.map(Node::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(Seed(self.0))? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((key, map.next_value_seed(Seed(self.0))?));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(A::Error::custom(format!("`{}` is given twice", shown(twice[0])))),
            None => Ok(Node::Object(entries)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(body: &str) -> Result<String, String> {
        let node = Node::parse(body.as_bytes()).map_err(|bad| bad.to_string())?;
        let fields = Fields::of("the body", &node).map_err(|bad| bad.to_string())?;
        fields.text("Image").map(str::to_owned).map_err(|bad| bad.to_string())
    }

    #[test]
    fn finds_fields_as_go_does() {
        for body in [r#"{"Image":"a"}"#, r#"{"image":"a"}"#, r#"{"IMAGE":"a","x":[{}]}"#] {
            assert_eq!(image(body), Ok("a".into()), "{body}");
        }
        assert_eq!(image(r#"{"Image":null}"#), Ok(String::new()));
        assert_eq!(image("null"), Ok(String::new()));
        let node =
            Node::parse("{\"Device\u{17f}\": [1], \"PidMode\\u0000\": 2}".as_bytes()).unwrap();
        let fields = Fields::of("x", &node).unwrap();
        assert!(fields.node("Devices").is_some() && fields.node("PidMode").is_none());
        let node = Node::parse("{\"\u{212a}ernelMemory\": 1}".as_bytes()).unwrap();
        assert_eq!(Fields::of("x", &node).unwrap().integer("KernelMemory"), Ok(Some(1)));
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let many = format!("[{}1]", "1,".repeat(BODY_MAX_NODES));
        let cases: &[&[u8]] = &[
            br#"{"Image":"good","Image":"evil"}"#,
            br#"{"Image":"good","image":"evil"}"#,
            "{\"HostConfig\":1,\"Ho\u{17f}tConfig\":2,\"Image\":\"a\"}".as_bytes(),
            br#"{"Image":"a"} {"Image":"b"}"#,
            br#"{"Image":"\ud800"}"#,
            b"{\"Image\":\"\xff\"}",
            br#"{"Image":1}"#,
            br#"["Image"]"#,
            b"",
            b"{",
            deep.as_bytes(),
            many.as_bytes(),
        ];
        for body in cases {
            let text = String::from_utf8_lossy(&body[..body.len().min(80)]);
            let read = Node::parse(body)
                .and_then(|node| Fields::of("the body", &node)?.text("Image").map(str::to_owned));
            assert!(read.is_err(), "{text}");
        }
    }

    #[test]
    fn keys_of_maps_keep_their_case() {
        let node = Node::parse(br#"{"Labels":{"a":"1","A":"2"},"Cmd":"x"}"#).unwrap();
        let fields = Fields::of("the body", &node).unwrap();
        assert_eq!(fields.text_map("labels").unwrap(), [("a", "1"), ("A", "2")]);
        assert_eq!(fields.words("Cmd").unwrap(), ["x"]);
    }
}
