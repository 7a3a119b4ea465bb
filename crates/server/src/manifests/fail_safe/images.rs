//! The trust section in CEL: which registries, repositories and digests an image may come from.

use model::Decision;
use policy::Policy;
use policy::trust::{Demand, Pattern, Scope};

use super::{CelRule, Said, text};

/// The images as pairs: `registry/repository` as a runtime spells it out, and what was written.
pub(super) const REFERENCES: &str = "variables.images.map(i, [i.split('@')[0], i])\
.map(p, [p[0].contains('/') && (p[0].split('/')[0].contains('.') || p[0].split('/')[0].contains(':') \
|| p[0].split('/')[0] == 'localhost' || p[0].split('/')[0] != p[0].split('/')[0].lowerAscii()) \
? p[0] : (p[0].contains('/') ? 'docker.io/' + p[0] : 'docker.io/library/' + p[0]), p[1]])\
.map(p, [p[0].startsWith('index.docker.io/') ? 'docker.io/' + p[0].substring(16) : p[0], p[1]])\
.map(p, [p[0].startsWith('docker.io/') && !p[0].substring(10).contains('/') \
? 'docker.io/library/' + p[0].substring(10) : p[0], p[1]])\
.map(p, [p[0].lastIndexOf(':') > p[0].lastIndexOf('/') \
? p[0].substring(0, p[0].lastIndexOf(':')) : p[0], p[1]])";

/// Says what can be said of the trust section under the rule of this name.
pub(super) fn say(rule: &str, policy: &Policy, said: &mut Said) {
    let Some(trust) = &policy.trust else { return };
    // The most specific scope that fits decides alone: a chain of choices in that order.
    let mut expression = "true".to_owned();
    for scope in trust.scopes.iter().rev() {
        let demands = demands(rule, scope, said);
        if demands != "true" || expression != "true" {
            expression = format!("({} ? {demands} : {expression})", fits(&scope.pattern));
        }
    }
    if expression != "true" {
        said.rules.push(CelRule {
            about: format!("rule {rule}: registries, repositories and pins of the trust section."),
            expression: format!("variables.references.all(p, {expression})"),
            message: format!("lazaret: rule {rule}: an image is not from where the policy trusts"),
        });
    }
}

/// Whether the demands of a scope are met, as far as a reference tells.
fn demands(rule: &str, scope: &Scope, said: &mut Said) -> String {
    if scope.mode != Decision::Deny {
        return "true".to_owned();
    }
    let mut all = Vec::new();
    for demand in &scope.demands {
        match demand {
            Demand::Registry(patterns) | Demand::Repository(patterns) => all.push(any(patterns)),
            Demand::Pinned => all.push("p[1].contains('@')".to_owned()),
            Demand::Never(_) => all.push("false".to_owned()),
            Demand::Digest(_) => said.unsaid.push(format!(
                "rule {rule}, scope {}: pins, which an index or its manifest may have",
                scope.name
            )),
            Demand::Label { key, .. } => {
                said.unsaid.push(format!("rule {rule}, scope {}: label {key}", scope.name));
            }
            Demand::Signature { .. } => {
                said.unsaid.push(format!("rule {rule}, scope {}: signatures", scope.name));
            }
        }
    }
    match all.is_empty() {
        true => "true".to_owned(),
        false => format!("({})", all.join(" && ")),
    }
}

fn any(patterns: &[Pattern]) -> String {
    let each: Vec<String> = patterns.iter().map(fits).collect();
    match each.is_empty() {
        true => "false".to_owned(),
        false => format!("({})", each.join(" || ")),
    }
}

/// Whether a pair `p` of the references is meant.
fn fits(pattern: &Pattern) -> String {
    let below = |path: &str| format!("p[0].startsWith({})", text(&format!("{path}/")));
    let is = |path: &str| format!("p[0] == {}", text(path));
    match pattern {
        Pattern::Any => "true".to_owned(),
        // A prefix ends at `/` and a domain at `.`: neither fits half a word.
        Pattern::Domain(domain) => {
            format!("p[0].split('/')[0].split(':')[0].endsWith({})", text(domain))
        }
        Pattern::Below(path) => below(path),
        Pattern::AtOrBelow(path) => format!("({} || {})", is(path), below(path)),
        Pattern::Repository(path) => is(path),
        Pattern::Tag(path, tag) => {
            let written = format!("p[1].endsWith({})", text(&format!(":{tag}")));
            let implied = "p[1].lastIndexOf(':') <= p[1].lastIndexOf('/')";
            let tagged = match tag.as_str() {
                "latest" => format!("({written} || {implied})"),
                _ => written,
            };
            format!("({} && !p[1].contains('@') && {tagged})", is(path))
        }
        Pattern::Digest(path, digest) => {
            format!("({} && p[1].endsWith({}))", is(path), text(&format!("@{digest}")))
        }
    }
}
