//! Helm templates that nobody has rendered: they are no objects yet.

use super::fields::Fields;
use crate::template::yaml::Node;

/// What to do about one.
pub(super) const ADVICE: &str =
    "a Helm template that is not rendered: scan what `helm template` makes of it";
/// What to do about a template of another tool.
pub(super) const PLACEHOLDERS: &str =
    "`{{ … }}` that nobody has filled in: scan what is made of the template";
/// Words that only the templates of charts have between their braces.
const CHART_WORDS: [&str; 9] = [
    ".Values",
    ".Release",
    ".Chart",
    ".Capabilities",
    ".Files",
    "include ",
    "template ",
    "define ",
    "toYaml",
];

/// Whether a text has actions of a template: `{{ … }}` with the words of one.
pub(super) fn is_template(text: &str) -> bool {
    let controls = ["if ", "range ", "with ", "end", "else", "/*", "$"];
    actions(text).any(|action| {
        let word = action.trim_start_matches(['-', ' ']);
        controls.iter().any(|control| word.starts_with(control))
            || CHART_WORDS.iter().any(|chart_word| action.contains(chart_word))
    })
}

/// What stands between `{{` and `}}`, or the next `{{`.
fn actions(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap_or_default())
}

/// Whether an object that can be read still has actions of a chart in it. What a `ConfigMap` or a
/// `Secret` holds is the business of whoever reads it.
pub(super) fn has_placeholder(root: &Node) -> bool {
    let is_action = |text: &str| {
        let of_chart = |action: &str| CHART_WORDS.iter().take(5).any(|word| action.contains(word));
        actions(text).any(of_chart)
    };
    let mut found = false;
    for (key, node) in root.entries() {
        let holds_texts = matches!(key.text.as_str(), "data" | "stringData" | "binaryData");
        if !(holds_texts && matches!(root.text(&["kind"]), "ConfigMap" | "Secret")) {
            node.scalars(&mut |_, node| found |= node.str().is_some_and(is_action));
        }
    }
    found
}
