//! Objects that decide about other objects: webhooks, allow-lists, service accounts; and
//! persistent volumes.

use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// What an audit policy must not pass over (CIS 3.2.2): groups and resources.
const AUDITED: [(&str, &str); 7] = [
    ("", "secrets"),
    ("", "configmaps"),
    ("", "pods"),
    ("", "pods/exec"),
    ("", "pods/portforward"),
    ("apps", "deployments"),
    ("authentication.k8s.io", "tokenreviews"),
];

/// Looks at one object.
pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    match object.kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            webhooks(object, report)
        }
        "K8sAllowedRepos" => allowed_repositories(object, report),
        "ServiceAccount" if object.group().is_empty() => service_account(object, report),
        "PersistentVolume" => persistent_volume(object, report),
        "NetworkPolicy" => network_policy(object, report),
        "EncryptionConfiguration" => encryption(object, report),
        "Policy" if object.group() == "audit.k8s.io" => audit(object, report),
        _ => {}
    }
}

fn webhooks(object: &Object<'_>, report: &mut Report<'_>) {
    for webhook in object.node.list("webhooks") {
        let name = webhook.text(&["name"]);
        if webhook.text(&["failurePolicy"]) == "Ignore" && object.kind.starts_with("Validating") {
            let lines = webhook.lines_at(&["failurePolicy"]);
            let message = format!("{name} lets everything through while it does not answer");
            report.object("kubernetes-webhook-fails-open", object, lines, message);
        }
        let url = webhook.text(&["clientConfig", "url"]);
        if !url.is_empty() && !url.starts_with("https://") {
            let lines = webhook.lines_at(&["clientConfig", "url"]);
            let message = format!("{name} is asked without TLS");
            report.object("kubernetes-webhook-without-tls", object, lines, message);
        }
    }
}

/// Gatekeeper compares beginnings: `registry.example.org` also lets `registry.example.org.evil` in.
fn allowed_repositories(object: &Object<'_>, report: &mut Report<'_>) {
    let repositories = object.node.deep(&["spec", "parameters", "repos"]);
    for repository in repositories.map_or(&[][..], Node::items) {
        let text = repository.str().unwrap_or_default();
        if !text.ends_with('/') && !text.contains('@') {
            let message = format!("`{text}` allows everything that begins so: end it with `/`");
            report.object("kubernetes-allow-list-open", object, repository.lines(), message);
        }
    }
}

fn service_account(object: &Object<'_>, report: &mut Report<'_>) {
    if object.name == "default"
        && object.node.truth(&["automountServiceAccountToken"]) != Some(false)
    {
        let message = "the default service account gives every pod a token";
        report.object("kubernetes-default-account-token", object, object.head_lines(), message);
    }
}

fn persistent_volume(object: &Object<'_>, report: &mut Report<'_>) {
    if object.node.deep(&["spec", "hostPath"]).is_some() {
        let lines = object
            .node
            .deep(&["spec"])
            .map_or(object.head_lines(), |spec| spec.lines_at(&["hostPath"]));
        let path = object.node.text(&["spec", "hostPath", "path"]);
        let message = format!("the volume is {path} of the node");
        report.object("kubernetes-host-path", object, lines, message);
    }
}

/// A rule without `from` or `to`, or with an empty one, lets everybody through.
fn network_policy(object: &Object<'_>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.list(field) {
            let anybody = rule.list(peers).is_empty()
                || rule.list(peers).iter().any(|peer| {
                    matches!(peer.text(&["ipBlock", "cidr"]), "0.0.0.0/0" | "::/0")
                        && peer.deep(&["ipBlock", "except"]).is_none_or(Fields::is_hollow)
                });
            if anybody && rule.list("ports").is_empty() {
                let message = format!("an {field} rule lets everything through");
                report.object("kubernetes-network-policy-open", object, rule.lines(), message);
            }
        }
    }
}

/// The first provider writes: `identity` writes in clear.
fn encryption(object: &Object<'_>, report: &mut Report<'_>) {
    for resource in object.node.list("resources") {
        let first = resource.list("providers").first().and_then(|node| node.entries().first());
        let Some((key, node)) = first else { continue };
        if key.text == "identity" {
            let lines = crate::template::kubernetes::fields::entry_lines(key, node);
            let message = "the first provider is identity: secrets are written in clear";
            report.object("kubernetes-encryption-identity", object, lines, message);
        }
    }
}

/// The first rule of an audit policy that fits decides; without one nothing is logged. Rules that
/// are narrowed to users, verbs or namespaces are left out: they decide only for those.
fn audit(object: &Object<'_>, report: &mut Report<'_>) {
    let narrowing = ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs"];
    let rules = object.node.list("rules").iter();
    let rules: Vec<&Node> =
        rules.filter(|rule| narrowing.iter().all(|key| rule.list(key).is_empty())).collect();
    let missed = AUDITED.iter().filter(|(group, resource)| {
        let first = rules.iter().find(|rule| audits(rule, group, resource));
        first.is_none_or(|rule| rule.text(&["level"]) == "None")
    });
    let missed: Vec<&str> = missed.map(|(_, resource)| *resource).collect();
    if !missed.is_empty() {
        let lines = object.node.lines_at(&["kind"]);
        let message = format!("requests for {} are not logged", missed.join(", "));
        report.object("kubernetes-audit-policy-gap", object, lines, message);
    }
}

fn audits(rule: &Node, group: &str, resource: &str) -> bool {
    let resources = rule.list("resources");
    resources.is_empty()
        || resources.iter().any(|entry| {
            let names = entry.list("resources");
            let is_named = names.iter().filter_map(Node::str).any(|name| {
                let whole = resource.split('/').next().unwrap_or_default();
                name == "*" || name == resource || name.strip_suffix("/*") == Some(whole)
            });
            entry.text(&["group"]) == group && (names.is_empty() || is_named)
        })
}
