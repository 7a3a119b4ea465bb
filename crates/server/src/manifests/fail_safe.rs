//! The fail-safe layer: what of a policy a ValidatingAdmissionPolicy (CEL) can say by itself.
//!
//! Not stricter than the policy, but for digests, which it demands unless told otherwise: whatever
//! cannot be said exactly is left out, and named in the manifest. Source of the language: the Kubernetes API's CEL with its string functions.

mod images;
mod options;

use minijinja::value::Serde;
use minijinja::{Environment, context};
use model::{Decision, Digest};
use policy::{Condition, Mode, Policy, Rule};
use serde::Serialize;

use super::{ManifestSettings, check};
use crate::ServerError;
use crate::admission::{BREAK_GLASS, CONTROLLERS};

const TEMPLATE: &str = include_str!("../../templates/fail-safe.yaml");

/// What the fail-safe layer is made with, besides the policy.
#[derive(Debug, Clone, Default)]
pub struct FailSafeSettings {
    /// Let images in whose reference names no digest, unless the policy's trust section demands one.
    pub allow_tags: bool,
    /// Images that must not run, by the digest of their manifest.
    pub denied_digests: Vec<Digest>,
}

/// A named part of an expression.
#[derive(Debug, Serialize)]
struct Variable {
    name: &'static str,
    about: &'static str,
    expression: String,
}

/// One demand, in CEL.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct CelRule {
    /// The rule of the policy, for the comment above it.
    pub(super) about: String,
    /// True for what may be.
    pub(super) expression: String,
    /// What whoever is refused reads.
    pub(super) message: String,
}

/// What could be said, and what could not.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) rules: Vec<CelRule>,
    pub(super) unsaid: Vec<String>,
}

/// The policy, its list of denied digests and its binding: YAML, three documents.
pub fn fail_safe(
    settings: &ManifestSettings,
    layer: &FailSafeSettings,
    policy: &Policy,
) -> Result<String, ServerError> {
    check(settings)?;
    let mut said = said_of(layer, policy);
    for rule in &mut said.rules {
        rule.expression = yaml(&format!("variables.let_in || ({})", rule.expression));
        rule.message = yaml(&rule.message);
        rule.about = one_line(&rule.about);
    }
    let digests: String = layer.denied_digests.iter().map(|digest| format!("{digest}\n")).collect();
    let mut variables = variables(settings);
    variables.iter_mut().for_each(|variable| variable.expression = yaml(&variable.expression));
    let values = context! {
        namespace => &settings.namespace,
        name => &settings.name,
        exempt => yaml(&format!("!(request.namespace in {})", list(&settings.all_exempt()))),
        variables => minijinja::Value::from(Serde(variables)),
        rules => minijinja::Value::from(Serde(said.rules)),
        unsaid => said.unsaid.iter().map(|line| one_line(line)).collect::<Vec<_>>(),
        digests => yaml(&digests),
        actions => actions(policy.mode),
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let text = environment.render_str(TEMPLATE, values);
    let text = text.map_err(|error| ServerError::Manifests(error.to_string()))?;
    Ok(format!("{}\n", text.trim()))
}

/// The mode as a binding says it.
fn actions(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "[Audit]",
        Mode::Warn => "[Warn, Audit]",
        Mode::Block => "[Deny, Audit]",
    }
}

fn said_of(layer: &FailSafeSettings, policy: &Policy) -> Said {
    let mut said = Said::default();
    said.rules.push(CelRule {
        about: "The list of denied digests.".to_owned(),
        expression:
            "!has(params.data) || !('digests' in params.data) || !variables.images.exists(i, \
                     i.contains('@') && params.data['digests'].contains(i.split('@')[1]))"
                .to_owned(),
        message: "lazaret: an image is on the list of denied digests".to_owned(),
    });
    if !layer.allow_tags {
        said.rules.push(CelRule {
            about: "A tag can be moved; only a digest says what was scanned.".to_owned(),
            expression: "variables.images.all(i, i.contains('@sha256:') || i.contains('@sha512:'))"
                .to_owned(),
            message: "lazaret: every image must name its digest (name@sha256:…)".to_owned(),
        });
    }
    let everywhere = policy.scope.is_everything();
    for rule in &policy.rules {
        if rule.decision != Decision::Deny || rule.mode.min(policy.mode) != policy.mode {
            continue;
        }
        match &rule.condition {
            Condition::Workload(_) | Condition::Untrusted if !everywhere => {
                said.unsaid.push(format!("rule {}: the policy has a scope of its own", rule.name));
            }
            _ => say(rule, policy, &mut said),
        }
    }
    if policy.rules.iter().any(|rule| rule.decision == Decision::Deny) {
        said.unsaid.push("anything that a report knows: vulnerabilities, malicious code, secrets, packages, the image's own user".to_owned());
    }
    said
}

fn say(rule: &Rule, policy: &Policy, said: &mut Said) {
    if !matches!(rule.condition, Condition::Workload(_) | Condition::Untrusted) {
        return;
    }
    let excused = policy.exceptions.iter().any(|exception| {
        exception.rule == rule.name || (exception.rule.is_empty() && exception.id.is_empty())
    });
    let Some(left_out) = rule.scope.excluded_namespaces().filter(|_| !excused) else {
        said.unsaid.push(format!(
            "rule {}: it has exceptions, or a scope of more than namespaces",
            rule.name
        ));
        return;
    };
    let first = said.rules.len();
    match &rule.condition {
        Condition::Workload(wanted) => options::say(&rule.name, wanted, said),
        Condition::Untrusted => images::say(&rule.name, policy, said),
        _ => {}
    }
    for new in said.rules.iter_mut().skip(first) {
        for glob in &left_out {
            let namespace = text(glob.as_regex());
            new.expression =
                format!("request.namespace.matches({namespace}) || {}", new.expression);
        }
    }
}

/// Parts that expressions share.
fn variables(settings: &ManifestSettings) -> Vec<Variable> {
    let lists = ["initContainers", "ephemeralContainers"]
        .map(|name| format!("(has(object.spec.{name}) ? object.spec.{name}.map(c, c.image) : [])"));
    let images = format!(
        "(has(object.spec.containers) ? object.spec.containers.map(c, c.image) : []) + {} + \
         (has(object.spec.volumes) ? object.spec.volumes.filter(v, has(v.image) && \
         has(v.image.reference)).map(v, v.image.reference) : [])",
        lists.join(" + ")
    );
    let glass = format!(
        "has(object.metadata.annotations) && {key} in object.metadata.annotations && \
         size(object.metadata.annotations[{key}]) >= 8 && ((has(request.userInfo.groups) && \
         request.userInfo.groups.exists(g, g in {groups})) || request.userInfo.username in \
         {controllers})",
        key = text(BREAK_GLASS),
        groups = list(&settings.break_glass_groups),
        controllers = list(&CONTROLLERS.map(str::to_owned)),
    );
    vec![
        Variable {
            name: "let_in",
            about: "Nothing that runs changes, it is being deleted, or the glass was broken.",
            expression: format!(
                "(oldObject != null && object.spec == oldObject.spec) || \
                 has(object.metadata.deletionTimestamp) || ({glass})"
            ),
        },
        Variable {
            name: "images",
            about: "Every image that it runs or mounts, as written.",
            expression: images,
        },
        Variable {
            name: "references",
            about: "Each as [registry/repository, as written], spelt out as runtimes do.",
            expression: images::REFERENCES.to_owned(),
        },
    ]
}

/// A CEL list of texts.
pub(super) fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| text(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A CEL text, whatever is in it.
pub(super) fn text(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('\'');
    for c in value.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A YAML text, whatever is in it: JSON's are YAML's.
fn yaml(value: &str) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn one_line(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests;
