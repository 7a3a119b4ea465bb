//! What roles grant, and to whom bindings grant it.
//!
//! A rule grants a verb on a resource of an API group when it names each of the three or says `*`;
//! `*/sub` names a subresource of everything. The roles that come with a cluster are passed over.

use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

const RBAC: &str = "rbac.authorization.k8s.io";
const WORKLOADS: [&str; 9] = [
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "replicationcontrollers",
    "jobs",
    "cronjobs",
    "podtemplates",
];
const WRITE: [&str; 3] = ["create", "update", "patch"];

/// A grant that a rule of ours speaks of.
struct Grant {
    rule: &'static str,
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Whether naming single objects (`resourceNames`) makes it harmless.
    narrowed: bool,
    what: &'static str,
}

const fn grant(
    rule: &'static str,
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    what: &'static str,
) -> Grant {
    Grant { rule, groups, resources, verbs, narrowed: true, what }
}

const GRANTS: [Grant; 17] = [
    grant(
        "kubernetes-rbac-secrets",
        &[""],
        &["secrets"],
        &["get", "list", "watch"],
        "reads secrets",
    ),
    grant(
        "kubernetes-rbac-create-pods",
        &["", "apps", "batch", "extensions"],
        &WORKLOADS,
        &WRITE,
        "makes or changes pods, with any volume and service account of the namespace",
    ),
    grant(
        "kubernetes-rbac-exec",
        &[""],
        &["pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods/portforward"],
        &["create", "get", "update", "patch"],
        "enters running pods",
    ),
    grant(
        "kubernetes-rbac-impersonate",
        &["", "authentication.k8s.io"],
        &["users", "groups", "serviceaccounts", "uids", "userextras"],
        &["impersonate"],
        "acts as somebody else",
    ),
    grant(
        "kubernetes-rbac-escalate",
        &[RBAC],
        &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        &["escalate", "bind"],
        "grants what it does not have",
    ),
    grant(
        "kubernetes-rbac-manage-roles",
        &[RBAC],
        &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        &WRITE,
        "changes roles or bindings",
    ),
    Grant {
        rule: "kubernetes-rbac-nodes-proxy",
        groups: &[""],
        resources: &["nodes/proxy"],
        verbs: &["get", "create", "update", "patch", "delete"],
        narrowed: false,
        what: "talks to the kubelet, past the API server's audit and admission",
    },
    grant(
        "kubernetes-rbac-approve-certificates",
        &["certificates.k8s.io"],
        &["certificatesigningrequests/approval"],
        &["update", "patch"],
        "approves certificate requests",
    ),
    grant(
        "kubernetes-rbac-webhooks",
        &["admissionregistration.k8s.io"],
        &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        &WRITE,
        "changes admission webhooks, which see and change every object",
    ),
    grant(
        "kubernetes-rbac-tokens",
        &[""],
        &["serviceaccounts/token"],
        &["create"],
        "makes tokens of service accounts",
    ),
    grant(
        "kubernetes-rbac-persistent-volumes",
        &[""],
        &["persistentvolumes"],
        &WRITE,
        "makes persistent volumes, of directories of nodes too",
    ),
    grant(
        "kubernetes-rbac-configmaps",
        &[""],
        &["configmaps"],
        &["create", "update", "patch", "delete", "deletecollection"],
        "changes any config map of its reach",
    ),
    grant(
        "kubernetes-rbac-logs",
        &[""],
        &["pods/log"],
        &["delete", "deletecollection"],
        "deletes logs",
    ),
    grant(
        "kubernetes-rbac-events",
        &["", "events.k8s.io"],
        &["events"],
        &["delete", "deletecollection"],
        "deletes events",
    ),
    grant(
        "kubernetes-rbac-networking",
        &["", "networking.k8s.io", "discovery.k8s.io", "extensions", "gateway.networking.k8s.io"],
        &[
            "services",
            "endpoints",
            "endpointslices",
            "networkpolicies",
            "ingresses",
            "ingressclasses",
            "httproutes",
            "gateways",
        ],
        &["create", "update", "patch", "delete", "deletecollection"],
        "changes where traffic goes",
    ),
    Grant {
        rule: "kubernetes-rbac-service-status",
        groups: &[""],
        resources: &["services/status"],
        verbs: &["update", "patch"],
        narrowed: false,
        what: "sets the addresses of load balancers, and so draws traffic (CVE-2020-8554)",
    },
    grant(
        "kubernetes-rbac-approve-certificates",
        &["certificates.k8s.io"],
        &["signers"],
        &["approve", "sign"],
        "signs certificate requests",
    ),
];

/// Looks at one object.
pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    if object.group() != RBAC {
        return;
    }
    match object.kind {
        "Role" | "ClusterRole" if !is_built_in(object) => role(object, report),
        "RoleBinding" | "ClusterRoleBinding" if !is_built_in(object) => binding(object, report),
        _ => {}
    }
}

fn is_built_in(object: &Object<'_>) -> bool {
    let labels = object.labels();
    object.name.starts_with("system:")
        || labels.is_some_and(|l| l.text(&["kubernetes.io/bootstrapping"]) == "rbac-defaults")
}

fn role(object: &Object<'_>, report: &mut Report<'_>) {
    for rule in object.node.list("rules") {
        let narrowed = !rule.list("resourceNames").is_empty();
        wildcards(object, rule, report);
        for grant in &GRANTS {
            if grants(rule, grant) && !(narrowed && grant.narrowed) {
                let message = format!("{} {}", describe(rule), grant.what);
                report.object(grant.rule, object, rule.lines(), message);
            }
        }
        let is_aws_auth = rule.list("resourceNames").iter().any(|n| n.str() == Some("aws-auth"));
        if is_aws_auth
            && has_any(rule, "verbs", &WRITE)
            && has_any(rule, "resources", &["configmaps"])
        {
            let message = "changes aws-auth, which says who administers the cluster";
            report.object("kubernetes-rbac-aws-auth", object, rule.lines(), message);
        }
    }
}

fn wildcards(object: &Object<'_>, rule: &Node, report: &mut Report<'_>) {
    for field in ["verbs", "resources", "apiGroups"] {
        let mut words = rule.list(field).iter().filter_map(Node::str);
        if let Some(word) = words.find(|word| word.contains('*')) {
            let lines = rule.lines_at(&[field]);
            let message = format!("{field} has `{word}`");
            report.object("kubernetes-rbac-wildcard", object, lines, message);
        }
    }
}

/// Whether a list of a rule has one of these, or `*`.
fn has_any(rule: &Node, field: &str, wanted: &[&str]) -> bool {
    rule.list(field)
        .iter()
        .filter_map(Node::str)
        .any(|word| word == "*" || wanted.iter().any(|wanted| names(word, wanted)))
}

/// Whether a word of a rule names a resource: itself, or `*/sub` its subresource.
fn names(word: &str, wanted: &str) -> bool {
    let sub = word.strip_prefix("*/");
    word == wanted
        || sub.is_some_and(|sub| wanted.split_once('/').is_some_and(|(_, own)| own == sub))
}

fn grants(rule: &Node, grant: &Grant) -> bool {
    has_any(rule, "apiGroups", grant.groups)
        && has_any(rule, "resources", grant.resources)
        && has_any(rule, "verbs", grant.verbs)
}

/// `verbs get, list on secrets`.
fn describe(rule: &Node) -> String {
    let list = |field| {
        let words: Vec<&str> = rule.list(field).iter().filter_map(Node::str).take(6).collect();
        words.join(", ")
    };
    format!("{} on {}:", list("verbs"), list("resources"))
}

fn binding(object: &Object<'_>, report: &mut Report<'_>) {
    let role = object.node.text(&["roleRef", "name"]);
    let is_cluster_role = object.node.text(&["roleRef", "kind"]) == "ClusterRole";
    if role == "cluster-admin" && is_cluster_role {
        let lines = object.node.lines_at(&["roleRef"]);
        let message = match object.kind {
            "RoleBinding" => "cluster-admin of its namespace",
            _ => "cluster-admin of the whole cluster",
        };
        report.object("kubernetes-rbac-cluster-admin", object, lines, message);
    }
    for subject in object.node.list("subjects") {
        let (kind, name) = (subject.text(&["kind"]), subject.text(&["name"]));
        let lines = subject.lines();
        let message = format!("grants {role} to {name}");
        match (kind, name) {
            ("User", "system:anonymous")
            | ("Group", "system:unauthenticated" | "system:authenticated") => {
                report.object("kubernetes-rbac-anonymous", object, lines, message);
            }
            ("Group", "system:masters") => {
                report.object("kubernetes-rbac-masters", object, lines, message);
            }
            ("ServiceAccount", "default") => {
                let message = format!("grants {role} to a default service account");
                report.object("kubernetes-rbac-default-account", object, lines, message);
            }
            _ => {}
        }
    }
}
