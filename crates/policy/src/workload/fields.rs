//! `At`: a value in a document and the way to it, so that a mistake names its place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::NotAWorkload;

/// A value and the way to it. What is missing or `null` is no value.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    value: Option<&'a Value>,
    way: String,
}

type Read<T> = Result<T, NotAWorkload>;

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        At { value: Some(value), way: String::new() }
    }

    /// What a key has; nothing where there is no mapping.
    pub(super) fn child(&self, key: &str) -> At<'a> {
        let value = self.value.and_then(|value| value.get(key)).filter(|value| !value.is_null());
        let way = if self.way.is_empty() { key.to_owned() } else { format!("{}.{key}", self.way) };
        At { value, way }
    }

    pub(super) fn is_there(&self) -> bool {
        self.value.is_some()
    }

    /// Its items; none where nothing is.
    pub(super) fn items(&self) -> Read<Vec<At<'a>>> {
        let Some(value) = self.value else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let item =
            |(index, value)| At { value: Some(value), way: format!("{}[{index}]", self.way) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Read<Option<&'a str>> {
        let at = self.child(key);
        at.value.map(|value| value.as_str().ok_or_else(|| at.wrong("a text"))).transpose()
    }

    /// The texts of a key's list.
    pub(super) fn words(&self, key: &str) -> Read<Vec<String>> {
        let items = self.child(key).items()?;
        let word = |at: At<'a>| {
            let text = at.value.and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| at.wrong("a text"))
        };
        items.into_iter().map(word).collect()
    }

    /// True or false of a key.
    pub(super) fn truth(&self, key: &str) -> Read<Option<bool>> {
        let at = self.child(key);
        at.value.map(|value| value.as_bool().ok_or_else(|| at.wrong("true or false"))).transpose()
    }

    /// The whole number of a key.
    pub(super) fn number(&self, key: &str) -> Read<Option<i64>> {
        let at = self.child(key);
        at.value.map(|value| value.as_i64().ok_or_else(|| at.wrong("a whole number"))).transpose()
    }

    /// A quantity: a text or a number.
    pub(super) fn quantity(&self, key: &str) -> Read<Option<f64>> {
        let at = self.child(key);
        let Some(value) = at.value else { return Ok(None) };
        let read = match value {
            Value::String(text) => super::quantity::parse(text),
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        read.map(Some).ok_or_else(|| at.wrong("a quantity such as `500m` or `1Gi`"))
    }

    pub(super) fn wrong(&self, expected: &'static str) -> NotAWorkload {
        NotAWorkload { at: self.way.clone(), expected }
    }
}

/// A mapping of texts.
pub(super) fn texts(at: &At<'_>) -> Read<BTreeMap<String, String>> {
    let Some(value) = at.value else { return Ok(BTreeMap::new()) };
    let map = value.as_object().ok_or_else(|| at.wrong("keys and texts"))?;
    map.iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            Value::Null => Ok((key.clone(), String::new())),
            _ => Err(at.wrong("keys and texts")),
        })
        .collect()
}
