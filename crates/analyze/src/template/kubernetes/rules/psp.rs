//! `PodSecurityPolicy`, which Kubernetes 1.25 took away: what old policies let through.

use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Looks at one object.
pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec").filter(|_| object.kind == "PodSecurityPolicy")
    else {
        return;
    };
    for (field, rule) in [
        ("privileged", "kubernetes-privileged"),
        ("hostPID", "kubernetes-host-pid"),
        ("hostIPC", "kubernetes-host-ipc"),
        ("hostNetwork", "kubernetes-host-network"),
    ] {
        if spec.truth(&[field]) == Some(true) {
            let message = format!("the policy lets {field} through");
            report.object(rule, object, spec.lines_at(&[field]), message);
        }
    }
    if spec.truth(&["allowPrivilegeEscalation"]) != Some(false) {
        let lines = lines(object, spec, "allowPrivilegeEscalation");
        let message = "the policy lets allowPrivilegeEscalation through";
        report.object("kubernetes-privilege-escalation", object, lines, message);
    }
    users(object, spec, report);
    capabilities(object, spec, report);
    let profiles = object.annotation("seccomp.security.alpha.kubernetes.io/defaultProfileName");
    if !matches!(profiles, "runtime/default" | "docker/default") {
        let message = "the policy sets no seccomp profile";
        report.object("kubernetes-seccomp-unset", object, object.head_lines(), message);
    }
}

/// The lines of a field, or those of the head where it is missing.
fn lines(object: &Object<'_>, spec: &Node, field: &str) -> Lines {
    if spec.field(field).is_some() { spec.lines_at(&[field]) } else { object.head_lines() }
}

fn users(object: &Object<'_>, spec: &Node, report: &mut Report<'_>) {
    let holds = match spec.text(&["runAsUser", "rule"]) {
        "MustRunAsNonRoot" => true,
        "MustRunAs" => {
            let ranges = spec.deep(&["runAsUser", "ranges"]).map_or(&[][..], Node::items);
            !ranges.is_empty() && ranges.iter().all(|range| range.whole(&["min"]) > Some(0))
        }
        _ => false,
    };
    if !holds {
        let message = "the policy lets root through";
        let lines = lines(object, spec, "runAsUser");
        report.object("kubernetes-run-as-non-root", object, lines, message);
    }
}

fn capabilities(object: &Object<'_>, spec: &Node, report: &mut Report<'_>) {
    let drops = |names: &[&str]| {
        let dropped = spec.list("requiredDropCapabilities").iter().filter_map(Node::str);
        dropped.into_iter().any(|name| names.contains(&name))
    };
    let at = lines(object, spec, "requiredDropCapabilities");
    if !drops(&["ALL"]) {
        let message = "the policy does not drop all capabilities";
        report.object("kubernetes-capabilities-not-dropped", object, at, message);
    }
    if !drops(&["ALL", "NET_RAW"]) {
        let message = "the policy does not drop NET_RAW";
        report.object("kubernetes-capability-net-raw", object, at, message);
    }
    if !spec.list("allowedCapabilities").is_empty() {
        let lines = spec.lines_at(&["allowedCapabilities"]);
        let message = "the policy lets capabilities be added";
        report.object("kubernetes-capability-added", object, lines, message);
    }
}
