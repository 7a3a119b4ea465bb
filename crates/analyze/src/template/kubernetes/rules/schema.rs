//! Fields that are misspelt, of the wrong type, or missing: the API server refuses the object or,
//! worse, drops the field and with it the protection that somebody meant.

mod known;

use crate::template::kubernetes::cluster::Cluster;
use crate::template::kubernetes::fields::{Fields, entry_lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::{Container, Pod, Role};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::{Node, Value};

/// Looks at what every object has.
pub(super) fn check_object(object: &Object<'_>, report: &mut Report<'_>) {
    if object.name.is_empty() && !is_nameless(object) {
        let lines = object.node.lines_at(&["kind"]);
        report.object("kubernetes-required-field", object, lines, "metadata.name is missing");
    }
}

/// Documents that look like objects but are configuration files of tools.
fn is_nameless(object: &Object<'_>) -> bool {
    let group = object.group();
    let of_tool = ["kustomize.config.k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io"]
        .contains(&group)
        || group.ends_with(".config.k8s.io")
        || [
            "audit.k8s.io",
            "apiserver.config.k8s.io",
            "apiserver.k8s.io",
            "skaffold",
            "kind.x-k8s.io",
        ]
        .contains(&group)
        || group.starts_with("skaffold");
    let of_request =
        ["admission.k8s.io", "authorization.k8s.io", "authentication.k8s.io", "meta.k8s.io"]
            .contains(&group);
    of_tool
        || of_request
        || object.node.field("metadata").is_none()
        || matches!(object.kind, "Config" | "Status" | "Kustomization" | "Component" | "Policy")
}

/// Looks at the fields of a pod and its containers.
pub(super) fn check_pod(
    cluster: &Cluster<'_>,
    object: &Object<'_>,
    pod: &Pod<'_>,
    report: &mut Report<'_>,
) {
    // Beside a kustomization an object may be a patch, which names only what it changes.
    let may_be_patch = cluster.is_kustomized(object.file);
    let mut looked = Looked { object, report, may_be_patch };
    looked.fields("the pod's spec", pod.spec, &known::POD_SPEC);
    looked.truths(pod.spec, &known::POD_TRUTHS);
    if let Some(context) = pod.spec.field("securityContext") {
        looked.fields("the pod's securityContext", context, &known::POD_SECURITY);
        looked.truths(context, &["runAsNonRoot"]);
    }
    if pod.spec.list("containers").is_empty() {
        let lines = pod.spec.lines_at(&["containers"]);
        looked.tell("kubernetes-required-field", lines, "the pod has no containers".to_owned());
    }
    for container in &pod.containers {
        looked.container(container);
    }
}

struct Looked<'c, 'n, 'r> {
    object: &'c Object<'n>,
    report: &'c mut Report<'r>,
    may_be_patch: bool,
}

impl Looked<'_, '_, '_> {
    fn tell(
        &mut self,
        rule: &'static str,
        lines: crate::template::kubernetes::fields::Lines,
        message: String,
    ) {
        self.report.object(rule, self.object, lines, message);
    }

    fn container(&mut self, container: &Container<'_>) {
        let subject = container.subject();
        self.fields(&subject, container.node, &known::CONTAINER);
        if container.name.is_empty() {
            let lines = container.node.lines();
            self.tell("kubernetes-required-field", lines, "a container without name".to_owned());
        }
        let needs_image = container.role != Role::Ephemeral && !self.may_be_patch;
        if container.node.text(&["image"]).is_empty() && needs_image {
            let lines = container.node.lines_at(&["name"]);
            let message = format!("{subject} has no image");
            self.tell("kubernetes-required-field", lines, message);
        }
        if let Some(context) = container.node.field("securityContext") {
            let of = format!("the securityContext of {subject}");
            self.fields(&of, context, &known::SECURITY);
            self.truths(context, &known::SECURITY_TRUTHS);
        }
    }

    /// Keys that are not among the known ones.
    fn fields(&mut self, of: &str, node: &Node, known: &[&str]) {
        for (key, value) in node.entries() {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let near = known.iter().find(|name| is_near(name, &key.text));
            let advice = near.map_or(String::new(), |name| format!("; `{name}` is meant?"));
            let message = format!("{of} has no field `{}`{advice}", key.text);
            self.tell("kubernetes-unknown-field", entry_lines(key, value), message);
        }
    }

    /// Fields that must be booleans.
    fn truths(&mut self, node: &Node, fields: &[&str]) {
        for field in fields {
            let Some(value) = node.field(field) else { continue };
            if value.bool().is_none() {
                let shown = match &value.value {
                    Value::Scalar(scalar) => format!("the text `{}`", scalar.text),
                    _ => "no scalar".to_owned(),
                };
                let message = format!("{field} must be true or false, not {shown}");
                self.tell("kubernetes-field-type", node.lines_at(&[field]), message);
            }
        }
    }
}

/// Whether two names differ in the size of letters, or in one or two letters.
fn is_near(known: &str, written: &str) -> bool {
    if known.eq_ignore_ascii_case(written) {
        return true;
    }
    if written.len() < 4 || known.len().abs_diff(written.len()) > 2 || written.len() > 64 {
        return false;
    }
    distance(&known.to_ascii_lowercase(), &written.to_ascii_lowercase()) <= 2
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut last = i + 1;
        for (j, with) in other.iter().enumerate() {
            let cost = usize::from(letter != *with);
            let (above_left, above) = match row.get(j..j + 2) {
                Some([above_left, above]) => (*above_left, *above),
                _ => return usize::MAX,
            };
            let best = (above_left + cost).min(above + 1).min(last + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = last;
            }
            last = best;
        }
        if let Some(cell) = row.last_mut() {
            *cell = last;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let rows = [("kitten", "sitting", 3), ("", "ab", 2), ("abc", "abc", 0), ("abc", "acb", 2)];
        for (one, other, expect) in rows {
            assert_eq!(distance(one, other), expect, "{one} {other}");
        }
        assert!(is_near("runAsNonRoot", "runAsNonroot"));
        assert!(is_near("privileged", "priviledged"));
        assert!(!is_near("image", "imagePullPolicy"));
    }
}
