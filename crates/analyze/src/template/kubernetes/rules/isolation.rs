//! Pods that no network policy of their namespace selects: they may talk to everybody.

use crate::template::kubernetes::cluster::Cluster;
use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Looks at all objects.
pub(super) fn check(cluster: &Cluster<'_>, report: &mut Report<'_>) {
    for object in &cluster.objects {
        let has_policy = || cluster.within("NetworkPolicy", object.name).next().is_some();
        if object.is("", "Namespace") && !object.name.starts_with("kube-") && !has_policy() {
            let message = "the namespace has no network policy";
            let rule = "kubernetes-namespace-without-network-policy";
            report.object(rule, object, object.head_lines(), message);
        }
        let Some(pod) = &object.pod else { continue };
        // A policy does not reach a pod in the node's network.
        if pod.spec.truth(&["hostNetwork"]) == Some(true) {
            continue;
        }
        if !is_selected(cluster, object, pod.labels()) {
            let message =
                "no network policy selects the pod: it may talk to everybody, and everybody to it";
            report.object("kubernetes-no-network-policy", object, object.head_lines(), message);
        }
    }
}

fn is_selected(cluster: &Cluster<'_>, object: &Object<'_>, labels: Option<&Node>) -> bool {
    let namespace = object.namespace();
    let of_namespace = cluster.within("NetworkPolicy", namespace).any(|policy| {
        let selector = policy.node.deep(&["spec", "podSelector"]);
        let is_own = policy.group() == "networking.k8s.io" || policy.group() == "extensions";
        !is_own || selector.is_none_or(|selector| cluster.takes(selector, labels))
    });
    let cilium = |kind: &'static str, anywhere: bool| {
        cluster.of(kind).filter(|policy| anywhere || policy.namespace() == namespace).any(
            |policy| {
                let selector = policy.node.deep(&["spec", "endpointSelector"]);
                selector.is_some_and(|selector| cluster.takes(selector, labels))
            },
        )
    };
    of_namespace
        || cilium("CiliumNetworkPolicy", false)
        || cilium("CiliumClusterwideNetworkPolicy", true)
        || cluster.of("GlobalNetworkPolicy").next().is_some()
}
