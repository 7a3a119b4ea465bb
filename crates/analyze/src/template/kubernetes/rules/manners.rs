//! How a workload is kept running: copies, updates, ends, and what it calls its variables.

use std::collections::HashMap;

use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::{Container, Pod};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Looks at one object that makes pods.
pub(super) fn check(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    match object.kind {
        "Pod" => bare_pod(object, report),
        "Deployment" | "StatefulSet" => copies(object, pod, report),
        "Job" => job(object, object.node.field("spec"), report),
        "CronJob" => cron_job(object, report),
        _ => {}
    }
    restart(object, pod, report);
    for container in &pod.containers {
        duplicates(object, container, report);
    }
}

fn bare_pod(object: &Object<'_>, report: &mut Report<'_>) {
    let is_static = object.own_namespace == "kube-system";
    let is_owned = object.node.deep(&["metadata", "ownerReferences"]).is_some();
    if !is_static && !is_owned {
        let message = "nothing makes this pod anew when its node fails";
        report.object("kubernetes-bare-pod", object, object.head_lines(), message);
    }
}

fn copies(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    // Without a number an autoscaler may set it; one is the default.
    let copies = spec.whole(&["replicas"]);
    if copies == Some(1) {
        let lines = spec.lines_at(&["replicas"]);
        report.object("kubernetes-single-replica", object, lines, "replicas: 1");
    }
    let strategy = spec.text(&["strategy", "type"]);
    if object.kind == "Deployment" && strategy == "Recreate" && copies.is_some_and(|c| c > 1) {
        let lines = spec.lines_at(&["strategy", "type"]);
        let message = "all copies are stopped before the new ones start";
        report.object("kubernetes-recreate-strategy", object, lines, message);
    }
    if copies.is_some_and(|copies| copies > 1) {
        let spread = spec.deep(&["template", "spec", "topologySpreadConstraints"]).is_some();
        let apart = pod.spec.deep(&["affinity", "podAntiAffinity"]).is_some();
        if !spread && !apart {
            let message = "nothing keeps the copies on different nodes";
            report.object("kubernetes-no-spread", object, object.head_lines(), message);
        }
    }
    selector(object, spec, pod, report);
}

/// The labels that a controller looks for must be on the pods that it makes.
fn selector(object: &Object<'_>, spec: &Node, pod: &Pod<'_>, report: &mut Report<'_>) {
    let wanted = spec.deep(&["selector", "matchLabels"]).map_or(&[][..], Node::entries);
    for (key, value) in wanted {
        let label = pod.labels().and_then(|labels| labels.field(&key.text)).and_then(Node::str);
        if label != value.str() {
            let lines = spec.lines_at(&["selector", "matchLabels", key.text.as_str()]);
            let message = format!("the pods that it makes have no label {}", key.text);
            report.object("kubernetes-selector-mismatch", object, lines, message);
        }
    }
}

fn job(object: &Object<'_>, spec: Option<&Node>, report: &mut Report<'_>) {
    let Some(spec) = spec else { return };
    if spec.field("ttlSecondsAfterFinished").is_none() {
        let message = "a finished job stays for ever";
        report.object("kubernetes-job-without-ttl", object, object.head_lines(), message);
    }
}

fn cron_job(object: &Object<'_>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    if spec.field("startingDeadlineSeconds").is_none() {
        let message = "no startingDeadlineSeconds: after a hundred missed starts it starts no more";
        report.object("kubernetes-cronjob-without-deadline", object, object.head_lines(), message);
    }
    let schedule = spec.text(&["schedule"]);
    let fields = schedule.split_whitespace().count();
    if !schedule.is_empty()
        && !schedule.starts_with('@')
        && fields != 5
        && !schedule.starts_with("TZ=")
        && !schedule.starts_with("CRON_TZ=")
    {
        let lines = spec.lines_at(&["schedule"]);
        let message = format!("`{schedule}` is no schedule: it has {fields} fields, not 5");
        report.object("kubernetes-cronjob-schedule", object, lines, message);
    }
}

fn restart(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    let policy = pod.spec.text(&["restartPolicy"]);
    let fits = match object.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" => {
            matches!(policy, "" | "Always")
        }
        "Job" | "CronJob" => matches!(policy, "Never" | "OnFailure"),
        _ => true,
    };
    if !fits {
        let lines = if policy.is_empty() {
            object.head_lines()
        } else {
            pod.spec.lines_at(&["restartPolicy"])
        };
        let shown = if policy.is_empty() { "is missing" } else { policy };
        let message = format!("restartPolicy {shown}: a {} cannot have that", object.kind);
        report.object("kubernetes-restart-policy", object, lines, message);
    }
    if pod.spec.whole(&["terminationGracePeriodSeconds"]) == Some(0) {
        let lines = pod.spec.lines_at(&["terminationGracePeriodSeconds"]);
        let message = "the pod is killed without being asked to end";
        report.object("kubernetes-no-grace-period", object, lines, message);
    }
}

fn duplicates(object: &Object<'_>, container: &Container<'_>, report: &mut Report<'_>) {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for variable in container.node.list("env") {
        let name = variable.text(&["name"]);
        if let Some(line) = seen.insert(name, variable.first_line) {
            let message = format!("the variable {name} is set on line {line} too");
            let rule = "kubernetes-duplicate-variable";
            report.container(rule, (object, container), variable.lines(), message);
        }
    }
    let mut ports: HashMap<(String, &str), u32> = HashMap::new();
    for port in container.node.list("ports") {
        let key = (port.text(&["containerPort"]).to_owned(), port.text(&["protocol"]));
        let host = port.text(&["hostIP"]).to_owned() + port.text(&["hostPort"]);
        let key = (key.0 + "/" + &host, if key.1.is_empty() { "TCP" } else { key.1 });
        if let Some(line) = ports.insert(key, port.first_line) {
            let message = format!("the port is there twice, first on line {line}");
            let rule = "kubernetes-duplicate-port";
            report.container(rule, (object, container), port.lines(), message);
        }
    }
}
