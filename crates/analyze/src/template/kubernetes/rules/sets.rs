//! Sets of copies with their disruption budgets and autoscalers.

use crate::template::kubernetes::cluster::Cluster;
use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::report::Report;

/// Looks at all objects.
pub(super) fn check(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    for object in &cluster.objects {
        match object.kind {
            "Deployment" | "StatefulSet" => without_budget(cluster, object, report),
            "PodDisruptionBudget" => budget(cluster, object, report),
            "HorizontalPodAutoscaler" => autoscaler(cluster, object, report),
            _ => {}
        }
    }
}

fn labels<'o>(object: &'o Object<'_>) -> Option<&'o crate::template::yaml::Node> {
    object.pod.as_ref().and_then(Pod::labels)
}

fn without_budget<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let Some(copies) = object.node.whole(&["spec", "replicas"]).filter(|copies| *copies > 1) else {
        return;
    };
    let mut budgets = cluster.within("PodDisruptionBudget", object.namespace());
    let has_one = budgets.any(|budget| {
        let selector = budget.node.deep(&["spec", "selector"]);
        selector.is_some_and(|selector| cluster.takes(selector, labels(object)))
    });
    if !has_one {
        let message = format!("{copies} copies, and no PodDisruptionBudget keeps some of them up");
        report.object("kubernetes-no-disruption-budget", object, object.head_lines(), message);
    }
}

/// A budget that lets no pod go keeps nodes from being drained.
fn budget<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    let rule = "kubernetes-blocking-budget";
    if matches!(spec.text(&["maxUnavailable"]), "0" | "0%") {
        let lines = spec.lines_at(&["maxUnavailable"]);
        report.object(rule, object, lines, "maxUnavailable: 0 lets no node be drained");
    }
    let minimum = spec.text(&["minAvailable"]);
    let lines = spec.lines_at(&["minAvailable"]);
    if minimum == "100%" {
        report.object(rule, object, lines, "minAvailable: 100% lets no node be drained");
    }
    let Some(minimum) = spec.whole(&["minAvailable"]) else { return };
    let Some(selector) = spec.field("selector") else { return };
    for pod in cluster.pods(object.namespace()) {
        let Some(copies) = pod.node.whole(&["spec", "replicas"]) else { continue };
        if minimum >= copies && cluster.takes(selector, labels(pod)) {
            let message = format!("{} has {copies} copies, and {minimum} must stay", pod.subject());
            report.object(rule, object, lines, message);
        }
    }
}

fn autoscaler<'n>(cluster: &Cluster<'n>, object: &Object<'n>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    let minimum = spec.whole(&["minReplicas"]).unwrap_or(1);
    if minimum < 2 {
        let lines = match spec.field("minReplicas") {
            Some(_) => spec.lines_at(&["minReplicas"]),
            None => object.head_lines(),
        };
        let message = format!("minReplicas is {minimum}: it may leave a single copy");
        report.object("kubernetes-autoscaler-minimum", object, lines, message);
    }
    if spec.whole(&["maxReplicas"]).is_some_and(|maximum| maximum < minimum) {
        let lines = spec.lines_at(&["maxReplicas"]);
        let message = "maxReplicas is below minReplicas";
        report.object("kubernetes-autoscaler-bounds", object, lines, message);
    }
    let Some(target) = spec.field("scaleTargetRef") else { return };
    let (kind, name) = (target.text(&["kind"]), target.text(&["name"]));
    let scaled = cluster.named((kind, object.namespace()), name);
    if let Some(scaled) = scaled
        && let Some(spec) =
            scaled.node.field("spec").filter(|spec| spec.field("replicas").is_some())
    {
        let lines = spec.lines_at(&["replicas"]);
        let message = format!("replicas is set, though {} sets it too", object.subject());
        report.object("kubernetes-autoscaler-and-replicas", scaled, lines, message);
    }
}
