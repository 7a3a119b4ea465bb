//! Namespaces: what is put into which, what bounds them, and the Pod Security Standards that their
//! labels enforce.

use std::fmt::Write as _;

use crate::template::kubernetes::cluster::Cluster;
use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::pod_security::{Level, Version, Violation, evaluate_pod};
use crate::template::kubernetes::report::Report;

/// Labels of Pod Security Admission begin so.
const POD_SECURITY: &str = "pod-security.kubernetes.io/";
/// Kinds that should not be in the default namespace.
const PLACED: [&str; 15] = [
    "Pod",
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Service",
    "Secret",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Ingress",
];
/// Violations that a message names.
const MAX_TOLD: usize = 8;

/// Looks at all objects.
pub(super) fn check(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    for object in &cluster.objects {
        place(object, report);
        if object.is("", "Namespace") {
            bounds(cluster, object, report);
            labels(object, report);
        }
        if let Some(pod) = &object.pod {
            pod_security(cluster, object, pod, report);
        }
    }
}

fn place(object: &Object<'_>, report: &mut Report<'_>) {
    let lines = match object.own_namespace {
        "" => object.head_lines(),
        _ => object.node.lines_at(&["metadata", "namespace"]),
    };
    let is_own = matches!(
        (object.kind, object.name),
        ("ServiceAccount", "default") | ("Service", "kubernetes")
    );
    if object.namespace() == "default" && PLACED.contains(&object.kind) && !is_own {
        let message = match object.own_namespace {
            "" => "no namespace: it lands in the default one unless somebody says otherwise",
            _ => "namespace: default",
        };
        report.object("kubernetes-default-namespace", object, lines, message);
    }
    let is_component =
        object.labels().is_some_and(|labels| labels.text(&["tier"]) == "control-plane");
    if object.namespace() == "kube-system" && object.pod.is_some() && !is_component {
        let message = "a workload among the cluster's own";
        report.object("kubernetes-kube-system-namespace", object, lines, message);
    }
}

fn bounds<'n>(cluster: &Cluster<'n>, namespace: &Object<'n>, report: &mut Report<'_>) {
    if namespace.name.starts_with("kube-") {
        return;
    }
    for (kind, rule) in [
        ("ResourceQuota", "kubernetes-namespace-without-quota"),
        ("LimitRange", "kubernetes-namespace-without-limits"),
    ] {
        let has_one = cluster.within(kind, namespace.name).next().is_some();
        if !has_one {
            let message = format!("no {kind} bounds what the namespace may use");
            report.object(rule, namespace, namespace.head_lines(), message);
        }
    }
}

fn labels(namespace: &Object<'_>, report: &mut Report<'_>) {
    let label = |mode: &str| {
        let key = format!("{POD_SECURITY}{mode}");
        namespace.labels().and_then(|labels| {
            let node = labels.field(&key)?;
            Some((node.str().unwrap_or_default(), labels.lines_at(&[key.as_str()])))
        })
    };
    if label("enforce").is_none() && !namespace.name.starts_with("kube-") {
        let message = "no label says which Pod Security Standard is enforced: none is";
        let rule = "kubernetes-namespace-without-pod-security";
        report.object(rule, namespace, namespace.head_lines(), message);
    }
    for mode in ["enforce", "audit", "warn"] {
        let wrong = label(mode)
            .filter(|(level, _)| !matches!(*level, "privileged" | "baseline" | "restricted"));
        if let Some((level, lines)) = wrong {
            let message = format!("`{level}` is no level: restricted is taken");
            report.object("kubernetes-pod-security-label", namespace, lines, message);
        }
        let is_version = |text: &str| {
            let digits = text.strip_prefix("v1.").unwrap_or_default();
            text == "latest" || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        let wrong = label(&format!("{mode}-version")).filter(|(version, _)| !is_version(version));
        if let Some((version, lines)) = wrong {
            let message = format!("`{version}` is no version: latest is taken");
            report.object("kubernetes-pod-security-label", namespace, lines, message);
        }
    }
}

/// Holds a pod against the level that its namespace enforces; where none is enforced, against both.
fn pod_security<'n>(
    cluster: &Cluster<'n>,
    object: &Object<'n>,
    pod: &Pod<'n>,
    report: &mut Report<'_>,
) {
    let labels = cluster.global("Namespace", object.namespace()).and_then(Object::labels);
    let label = |key: &str| labels.and_then(|labels| labels.field(&format!("{POD_SECURITY}{key}")));
    let version = label("enforce-version").and_then(|node| node.str());
    let version = version.map_or(Version::LATEST, Version::of_label);
    if let Some(level) = label("enforce") {
        let level = Level::of_label(level.str().unwrap_or_default());
        let violations = evaluate_pod(level, version, pod);
        let start = format!(
            "the namespace {} enforces {}:{version} and refuses the pod",
            object.namespace(),
            level.as_str()
        );
        tell("kubernetes-pod-security-enforced", object, (&start, &violations), report);
        return;
    }
    let baseline = evaluate_pod(Level::Baseline, version, pod);
    let start = format!("the pod does not meet baseline:{version}");
    tell("kubernetes-pod-security-baseline", object, (&start, &baseline), report);
    let mut restricted = evaluate_pod(Level::Restricted, version, pod);
    restricted.retain(|violation| !baseline.contains(violation));
    let start = format!("the pod does not meet restricted:{version}");
    tell("kubernetes-pod-security-restricted", object, (&start, &restricted), report);
}

fn tell(
    rule: &'static str,
    object: &Object<'_>,
    (start, violations): (&str, &[Violation]),
    report: &mut Report<'_>,
) {
    let Some(first) = violations.first() else { return };
    let mut message = start.to_owned();
    for (number, violation) in violations.iter().take(MAX_TOLD).enumerate() {
        let comma = if number == 0 { ": " } else { ", " };
        let _ = write!(message, "{comma}{} ({})", violation.check.id(), violation.field);
    }
    if violations.len() > MAX_TOLD {
        let _ = write!(message, " and {} more", violations.len() - MAX_TOLD);
    }
    let lines = Lines { first: first.first_line, last: first.last_line };
    report.object(rule, object, lines, message);
}
