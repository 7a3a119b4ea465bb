//! Annotations that take a rule out of judgement: ours, and those of other tools.
//!
//! `lazaret/ignore: rule, rule` · `ignore-check.kube-linter.io/<check>: reason` ·
//! `checkov.io/skip1: CKV_K8S_20=reason` · `<check>-exempt.polaris.fairwinds.com` as Polaris writes
//! it, `polaris.fairwinds.com/<check>-exempt: "true"`, and `polaris.fairwinds.com/exempt: "true"`
//! for all · `kube-score/ignore: check,check`. They hold for the object that carries them, on the
//! object itself or on the template of its pod.

use super::fields::Fields;
use super::pod::Pod;
use crate::limits::{MAX_IGNORE_COMMENTS, MAX_IGNORE_NAMES};
use crate::template::yaml::{Key, Node};
use crate::template::{Catalogue, IgnoreComment};

/// The excuses of an object: those of its own annotations, then those of its pod's.
pub(super) fn excuses(node: &Node, pod: Option<&Pod<'_>>) -> Vec<IgnoreComment> {
    let own = node.deep(&["metadata", "annotations"]);
    let template = pod.and_then(Pod::annotations);
    let entries = own.into_iter().chain(template).flat_map(Node::entries);
    entries.filter_map(|(key, value)| read(key, value)).take(MAX_IGNORE_COMMENTS).collect()
}

/// The excuse of a rule.
pub(super) fn of_rule(
    excuses: &[IgnoreComment],
    rule: &str,
    catalogue: &Catalogue,
) -> Option<IgnoreComment> {
    let means = |excuse: &&IgnoreComment| excuse.names.iter().any(|n| catalogue.means(rule, n));
    excuses.iter().find(means).cloned()
}

fn read(key: &Key, value: &Node) -> Option<IgnoreComment> {
    let text = value.str().unwrap_or_default();
    let (names, reason) = names(&key.text, text)?;
    let names: Vec<String> = names.into_iter().take(MAX_IGNORE_NAMES).collect();
    Some(IgnoreComment { names, reason, line: key.line, from: 0, until: u32::MAX })
}

/// The names that an annotation excuses, and why.
fn names(key: &str, value: &str) -> Option<(Vec<String>, String)> {
    let list = |text: &str| -> Vec<String> {
        let names = text.split(',').map(|name| name.trim().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    let (prefix, name) = key.split_once('/')?;
    match prefix {
        "lazaret" if name == "ignore" => Some((list(value), String::new())),
        "kube-score" if name == "ignore" => Some((list(value), String::new())),
        "ignore-check.kube-linter.io" => Some((vec![name.to_owned()], value.to_owned())),
        "checkov.io" => {
            name.strip_prefix("skip")?;
            let (id, reason) = value.split_once('=').unwrap_or((value, ""));
            Some((vec![id.trim().to_owned()], reason.trim().to_owned()))
        }
        "polaris.fairwinds.com" if value == "true" => match name.strip_suffix("-exempt") {
            Some(check) => Some((vec![check.to_owned()], String::new())),
            None if name == "exempt" => Some((vec!["kubernetes-*".to_owned()], String::new())),
            None => None,
        },
        _ => None,
    }
}
