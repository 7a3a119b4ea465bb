//! The service account of a pod and its token.

use crate::template::kubernetes::cluster::Cluster;
use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Looks at one pod.
pub(super) fn check<'n>(
    cluster: &Cluster<'n>,
    object: &Object<'n>,
    pod: &Pod<'n>,
    report: &mut Report<'_>,
) {
    let spec = pod.spec;
    let field =
        ["serviceAccountName", "serviceAccount"].into_iter().find(|key| spec.field(key).is_some());
    let account = field.map_or("", |key| spec.text(&[key]));
    // What the pod does not say, its service account may.
    let name = if account.is_empty() { "default" } else { account };
    let of_account = || {
        let account = cluster.named(("ServiceAccount", object.namespace()), name);
        account.and_then(|account| account.node.truth(&["automountServiceAccountToken"]))
    };
    if spec.truth(&["automountServiceAccountToken"]).or_else(of_account) != Some(false) {
        let lines = spec.entry("automountServiceAccountToken");
        let lines =
            lines.map_or(object.head_lines(), |_| spec.lines_at(&["automountServiceAccountToken"]));
        let message = "the token of the service account is mounted";
        report.object("kubernetes-automount-token", object, lines, message);
    }
    if account.is_empty() || account == "default" {
        let lines = field.map_or(object.head_lines(), |key| spec.lines_at(&[key]));
        let message = "the pod runs as the namespace's default service account";
        report.object("kubernetes-default-service-account", object, lines, message);
    }
    let projected = spec
        .list("volumes")
        .iter()
        .flat_map(|volume| volume.deep(&["projected", "sources"]).map_or(&[][..], Node::items));
    for token in projected.filter_map(|source| source.field("serviceAccountToken")) {
        if token.whole(&["expirationSeconds"]).is_some_and(|seconds| seconds > 86_400) {
            let lines = token.lines_at(&["expirationSeconds"]);
            let message = "a projected token that lives longer than a day";
            report.object("kubernetes-long-lived-token", object, lines, message);
        }
    }
}
