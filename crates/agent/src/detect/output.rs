//! A detection as JSON, in the shape that Falco's outputs have, so that what reads those reads this.

use serde_json::{Map, Value, json};

use super::engine::Detection;

/// One line of JSON without its end.
pub fn json(detection: &Detection, time: &str, node: &str) -> Value {
    let fields: Map<String, Value> = detection
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().map_or(Value::Null, Value::from)))
        .collect();
    json!({
        "hostname": node,
        "output": format!("{time}: {} {}", detection.priority.as_str(), detection.output),
        "output_fields": fields,
        "priority": detection.priority.as_str(),
        "rule": detection.rule,
        "source": "syscall",
        "tags": detection.tags,
        "time": time,
    })
}
