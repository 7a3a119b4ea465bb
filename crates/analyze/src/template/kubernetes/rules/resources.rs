//! What a container may use of the node, and the probes that watch it.

use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::{Container, Pod, Role};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Rules of the resources: kind, name, rule.
const RESOURCES: [(&str, &str, &str); 6] = [
    ("requests", "cpu", "kubernetes-cpu-request-missing"),
    ("limits", "cpu", "kubernetes-cpu-limit-missing"),
    ("requests", "memory", "kubernetes-memory-request-missing"),
    ("limits", "memory", "kubernetes-memory-limit-missing"),
    ("requests", "ephemeral-storage", "kubernetes-storage-request-missing"),
    ("limits", "ephemeral-storage", "kubernetes-storage-limit-missing"),
];

/// Looks at one container.
pub(super) fn check(
    object: &Object<'_>,
    pod: &Pod<'_>,
    container: &Container<'_>,
    report: &mut Report<'_>,
) {
    // A container that is put into a running pod can have neither.
    if container.role == Role::Ephemeral {
        return;
    }
    let about = (object, container);
    for (kind, name, rule) in RESOURCES {
        let path = ["resources", kind, name];
        // The pod's own resources (1.34) hold for its containers; a limit alone is a request too.
        let of_pod = pod.spec.deep(&path).is_some();
        let limited =
            kind == "requests" && container.node.deep(&["resources", "limits", name]).is_some();
        if container.node.deep(&path).is_none() && !of_pod && !limited {
            let lines = fallback(container.node, "resources");
            report.container(rule, about, lines, format!("no {kind}.{name}"));
        }
    }
    probes(about, report);
}

fn fallback(node: &Node, field: &str) -> Lines {
    let known = if node.field(field).is_some() { field } else { "name" };
    node.lines_at(&[known])
}

fn probes((object, container): (&Object<'_>, &Container<'_>), report: &mut Report<'_>) {
    let about = (object, container);
    let runs_to_an_end = matches!(object.kind, "Job" | "CronJob");
    if container.role != Role::Main || runs_to_an_end {
        return;
    }
    let node = container.node;
    let lines = node.lines_at(&["name"]);
    for (field, rule) in [
        ("livenessProbe", "kubernetes-liveness-probe-missing"),
        ("readinessProbe", "kubernetes-readiness-probe-missing"),
    ] {
        if node.field(field).is_none_or(Fields::is_hollow) {
            report.container(rule, about, lines, format!("no {field}"));
        }
    }
    if let (Some(liveness), Some(readiness)) =
        (node.field("livenessProbe"), node.field("readinessProbe"))
        && same(liveness, readiness)
    {
        let lines = node.lines_at(&["livenessProbe"]);
        let message = "livenessProbe and readinessProbe are the same";
        report.container("kubernetes-probes-equal", about, lines, message);
    }
    probe_ports(about, report);
}

/// Whether two probes ask the same the same way.
fn same(one: &Node, other: &Node) -> bool {
    let flat = |node: &Node| {
        let mut scalars = Vec::new();
        node.scalars(&mut |key, node| {
            scalars.push((key.to_owned(), node.str().unwrap_or_default().to_owned()));
        });
        scalars.sort();
        scalars
    };
    flat(one) == flat(other)
}

fn probe_ports((object, container): (&Object<'_>, &Container<'_>), report: &mut Report<'_>) {
    let ports = container.node.list("ports");
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for action in ["httpGet", "tcpSocket", "grpc"] {
            let path = [probe, action, "port"];
            let Some(port) = container.node.deep(&path) else { continue };
            let wanted = port.str().unwrap_or_default();
            let is_named = port.number().is_none();
            let field = if is_named { "name" } else { "containerPort" };
            if !ports.iter().any(|port| port.text(&[field]) == wanted) {
                let message = format!("{probe} asks port {wanted}, which is not among the ports");
                let lines = container.node.lines_at(&path);
                report.container("kubernetes-probe-port", (object, container), lines, message);
            }
        }
    }
}
