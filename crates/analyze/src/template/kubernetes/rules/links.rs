//! Objects that speak of others: what is looked for must be there. Only where objects of the
//! wanted kind are among those that are looked at: elsewhere they may well be in the cluster.

use std::collections::HashMap;

use crate::template::kubernetes::cluster::{Cluster, directory};
use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Cluster roles that come with every cluster.
const BUILT_IN_ROLES: [&str; 4] = ["cluster-admin", "admin", "edit", "view"];

/// Looks at all objects.
pub(super) fn check(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    for object in &cluster.objects {
        match object.kind {
            "Service" if object.group().is_empty() => service(cluster, object, report),
            "Ingress" => ingress(cluster, object, report),
            "HorizontalPodAutoscaler" => autoscaler(cluster, object, report),
            "NetworkPolicy" if object.group() == "networking.k8s.io" => {
                selector(
                    cluster,
                    object,
                    ("podSelector", "kubernetes-dangling-network-policy"),
                    report,
                );
            }
            "PodDisruptionBudget" => {
                selector(cluster, object, ("selector", "kubernetes-dangling-budget"), report);
            }
            "RoleBinding" | "ClusterRoleBinding" => binding(cluster, object, report),
            _ => {}
        }
        if let Some(pod) = &object.pod {
            references(cluster, object, pod, report);
        }
    }
    duplicates(cluster, report);
}

fn service<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    let Some(pairs) = spec.field("selector").filter(|selector| !selector.is_hollow()) else {
        return;
    };
    let mut pods = cluster.pods(object.namespace()).peekable();
    if pods.peek().is_none() || cluster.is_exhausted() {
        return;
    }
    let selected: Vec<&Object<'_>> =
        pods.filter(|pod| cluster.takes_all(Some(pairs), labels(pod))).collect();
    if selected.is_empty() {
        let lines = spec.lines_at(&["selector"]);
        let message = "the selector takes none of the pods";
        report.object("kubernetes-dangling-service", object, lines, message);
        return;
    }
    for port in spec.list("ports") {
        let target = port.text(&["targetPort"]);
        let opens = |pod: &Pod<'_>| {
            pod.containers.iter().flat_map(|container| container.node.list("ports")).any(|open| {
                open.text(&["name"]) == target || open.text(&["containerPort"]) == target
            })
        };
        let is_name = port.field("targetPort").is_some_and(|node| node.number().is_none());
        let is_open = selected.iter().filter_map(|object| object.pod.as_ref()).any(opens);
        if is_name && !target.is_empty() && !is_open {
            let lines = port.lines_at(&["targetPort"]);
            let message = format!("no container of the selected pods calls a port {target}");
            report.object("kubernetes-service-port", object, lines, message);
        }
    }
}

fn labels<'n>(object: &Object<'n>) -> Option<&'n Node> {
    object.pod.as_ref().and_then(Pod::labels)
}

fn ingress<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    if cluster.within("Service", object.namespace()).next().is_none() {
        return;
    }
    let Some(spec) = object.node.field("spec") else { return };
    let paths = spec.list("rules").iter();
    let paths = paths.flat_map(|rule| rule.deep(&["http", "paths"]).map_or(&[][..], Node::items));
    let backends = paths.filter_map(|path| path.field("backend"));
    let defaults = ["defaultBackend", "backend"].into_iter().filter_map(|key| spec.field(key));
    for backend in backends.chain(defaults) {
        let name = match backend.text(&["service", "name"]) {
            "" => backend.text(&["serviceName"]),
            name => name,
        };
        if !name.is_empty() && cluster.named(("Service", object.namespace()), name).is_none() {
            let message = format!("there is no service {name}");
            report.object("kubernetes-dangling-ingress", object, backend.lines(), message);
        }
    }
}

fn autoscaler<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let Some(target) = object.node.deep(&["spec", "scaleTargetRef"]) else { return };
    let (kind, name) = (target.text(&["kind"]), target.text(&["name"]));
    missing(
        cluster,
        object,
        ((kind, name), target.lines(), "kubernetes-dangling-autoscaler"),
        report,
    );
}

/// Tells when a namespace has objects of a kind, but none with the name.
fn missing<'n>(
    cluster: &Cluster<'n>,
    object: &Object<'n>,
    ((kind, name), lines, rule): ((&'n str, &str), Lines, &'static str),
    report: &mut Report<'_>,
) {
    let namespace = object.namespace();
    let has_kind = cluster.within(kind, namespace).next().is_some();
    if has_kind && !name.is_empty() && cluster.named((kind, namespace), name).is_none() {
        report.object(rule, object, lines, format!("there is no {kind} {name}"));
    }
}

fn selector<'n>(
    cluster: &Cluster<'n>,
    object: &Object<'n>,
    (field, rule): (&str, &'static str),
    report: &mut Report<'_>,
) {
    let Some(spec) = object.node.field("spec") else { return };
    let Some(selector) = spec.field(field).filter(|selector| !selector.is_hollow()) else { return };
    let mut pods = cluster.pods(object.namespace()).peekable();
    if pods.peek().is_some() && !pods.any(|pod| cluster.takes(selector, labels(pod))) {
        let message = "the selector takes none of the pods";
        report.object(rule, object, spec.lines_at(&[field]), message);
    }
}

fn binding<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let rule = "kubernetes-missing-role";
    let lines = object.node.lines_at(&["roleRef"]);
    let name = object.node.text(&["roleRef", "name"]);
    if object.node.text(&["roleRef", "kind"]) == "Role" {
        missing(cluster, object, (("Role", name), lines, rule), report);
    } else {
        let is_known = BUILT_IN_ROLES.contains(&name)
            || name.starts_with("system:")
            || cluster.global("ClusterRole", name).is_some();
        if !is_known && cluster.of("ClusterRole").next().is_some() {
            report.object(rule, object, lines, format!("there is no ClusterRole {name}"));
        }
    }
}

fn references<'n>(
    cluster: &Cluster<'n>,
    object: &Object<'n>,
    pod: &Pod<'n>,
    report: &mut Report<'_>,
) {
    let account = pod.spec.text(&["serviceAccountName"]);
    if account != "default" {
        let lines = pod.spec.lines_at(&["serviceAccountName"]);
        let wanted = (("ServiceAccount", account), lines, "kubernetes-missing-service-account");
        missing(cluster, object, wanted, report);
    }
    let mut wanted: Vec<(&'static str, &Node, &str)> = Vec::new();
    for container in &pod.containers {
        for variable in container.node.list("env") {
            wanted.extend(
                variable.deep(&["valueFrom", "configMapKeyRef"]).map(|r| ("ConfigMap", r, "name")),
            );
            wanted.extend(
                variable.deep(&["valueFrom", "secretKeyRef"]).map(|r| ("Secret", r, "name")),
            );
        }
        for source in container.node.list("envFrom") {
            wanted.extend(source.field("configMapRef").map(|r| ("ConfigMap", r, "name")));
            wanted.extend(source.field("secretRef").map(|r| ("Secret", r, "name")));
        }
    }
    // A StatefulSet puts the claims of its own templates in the place of volumes of their names.
    let templates =
        object.node.deep(&["spec", "volumeClaimTemplates"]).map_or(&[][..], Node::items);
    for volume in pod.spec.list("volumes") {
        let name = volume.text(&["name"]);
        if templates.iter().any(|template| template.text(&["metadata", "name"]) == name) {
            continue;
        }
        wanted.extend(volume.field("configMap").map(|r| ("ConfigMap", r, "name")));
        wanted.extend(volume.field("secret").map(|r| ("Secret", r, "secretName")));
        let claim = volume.field("persistentVolumeClaim");
        wanted.extend(claim.map(|r| ("PersistentVolumeClaim", r, "claimName")));
    }
    for (kind, reference, key) in wanted {
        if reference.truth(&["optional"]) != Some(true) {
            let name = reference.text(&[key]);
            let lines = reference.lines_at(&[key]);
            let wanted = ((kind, name), lines, "kubernetes-missing-reference");
            missing(cluster, object, wanted, report);
        }
    }
}

/// Equal objects in one directory. Overlays, in directories of their own, repeat names rightly.
fn duplicates(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    let mut seen: HashMap<[&str; 5], (&str, u32)> = HashMap::new();
    for object in &cluster.objects {
        if object.node.deep(&["metadata", "name"]).is_none() {
            continue;
        }
        let directory = directory(object.file);
        let key = [directory, object.group(), object.kind, object.namespace(), object.name];
        let lines = object.head_lines();
        if let Some((file, line)) = seen.get(&key) {
            let message = format!("the same object is in {file}, line {line}");
            report.object("kubernetes-duplicate-object", object, lines, message);
        } else {
            seen.insert(key, (object.file, lines.first));
        }
    }
}
