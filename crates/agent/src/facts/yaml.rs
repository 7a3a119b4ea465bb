//! YAML and JSON of a host's configuration as values, within bounds.

use serde_json::Value;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// The first document that is not empty; null when there is none.
pub(crate) fn document(text: &str) -> Result<Value, String> {
    Ok(documents(text)?.into_iter().find(|value| !value.is_null()).unwrap_or_default())
}

/// All documents of a text.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX },
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| format!("it is no YAML: {}", error.without_snippet()))
}

/// A text at a path of keys; empty when there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list at a path of keys.
pub(crate) fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The texts of a list at a path of keys.
pub(crate) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    items(value, pointer).filter_map(Value::as_str).map(str::to_owned).collect()
}
