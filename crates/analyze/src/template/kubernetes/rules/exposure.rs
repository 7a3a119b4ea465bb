//! What can be reached from outside: services and ingresses.

use crate::template::kubernetes::fields::{Fields, entry_lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Annotations of ingress-nginx begin so.
const NGINX: &str = "nginx.ingress.kubernetes.io/";

/// Looks at one object.
pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    match object.kind {
        "Service" if object.group().is_empty() => service(object, report),
        "Ingress" => ingress(object, report),
        _ => {}
    }
}

fn service(object: &Object<'_>, report: &mut Report<'_>) {
    let Some(spec) = object.node.field("spec") else { return };
    if !spec.list("externalIPs").is_empty() {
        let lines = spec.lines_at(&["externalIPs"]);
        let message = "externalIPs draw the traffic of any address to this service (CVE-2020-8554)";
        report.object("kubernetes-service-external-ip", object, lines, message);
    }
    let kind = spec.text(&["type"]);
    if matches!(kind, "NodePort" | "LoadBalancer") {
        let lines = spec.lines_at(&["type"]);
        let message = format!("type: {kind} can be reached from outside the cluster");
        report.object("kubernetes-service-exposed", object, lines, message);
        let is_internal =
            object.node.deep(&["metadata", "annotations"]).is_some_and(|annotations| {
                annotations.entries().iter().any(|(key, _)| key.text.contains("internal"))
            });
        if kind == "LoadBalancer"
            && spec.list("loadBalancerSourceRanges").is_empty()
            && !is_internal
        {
            let message = "no loadBalancerSourceRanges: the whole world is let in";
            report.object("kubernetes-load-balancer-open", object, lines, message);
        }
    }
    for port in spec.list("ports") {
        let is_ssh = port.whole(&["port"]) == Some(22) || port.whole(&["targetPort"]) == Some(22);
        if is_ssh && port.text(&["protocol"]) != "UDP" {
            report.object("kubernetes-ssh-port", object, port.lines(), "a service on port 22");
        }
    }
    let has_tiller = |node: Option<&Node>| {
        let entries = node.map_or(&[][..], Node::entries);
        entries.iter().any(|(_, value)| value.str().is_some_and(is_tiller))
    };
    if is_tiller(object.name) || has_tiller(object.labels()) || has_tiller(spec.field("selector")) {
        let message = "the service of Tiller, the server of Helm 2";
        report.object("kubernetes-tiller-service", object, object.head_lines(), message);
    }
}

fn is_tiller(text: &str) -> bool {
    text.to_ascii_lowercase().contains("tiller")
}

fn ingress(object: &Object<'_>, report: &mut Report<'_>) {
    annotations(object, report);
    let Some(spec) = object.node.field("spec") else { return };
    if spec.list("tls").is_empty() {
        let message = "no tls: what is sent can be read and changed on the way";
        report.object("kubernetes-ingress-without-tls", object, object.head_lines(), message);
    }
    for rule in spec.list("rules") {
        let host = rule.text(&["host"]);
        if host.is_empty() || host == "*" {
            let message = "a rule without host takes the requests of every host";
            report.object("kubernetes-ingress-any-host", object, rule.lines(), message);
        }
        for path in rule.deep(&["http", "paths"]).map_or(&[][..], Node::items) {
            if is_injection(path.text(&["path"])) {
                let lines = path.lines_at(&["path"]);
                let message = "a path that ends the directive it is written into (CVE-2021-25745)";
                report.object("kubernetes-ingress-injection", object, lines, message);
            }
        }
    }
}

fn annotations(object: &Object<'_>, report: &mut Report<'_>) {
    let entries = object.node.deep(&["metadata", "annotations"]).map_or(&[][..], Node::entries);
    for (key, value) in entries {
        let text = value.str().unwrap_or_default();
        let lines = entry_lines(key, value);
        if key.text.contains("snippet") {
            let what = if text.contains("alias") {
                ", with an alias"
            } else if text.contains("_by_lua")
                || text.contains("lua_")
                || text.contains("os.execute")
            {
                ", with Lua"
            } else {
                ""
            };
            let message = format!("{} adds to the proxy's configuration{what}", key.text);
            report.object("kubernetes-ingress-snippet", object, lines, message);
        } else if key.text.starts_with(NGINX) && is_injection(text) {
            let message = format!("{} ends the directive it is written into", key.text);
            report.object("kubernetes-ingress-injection", object, lines, message);
        }
    }
}

/// Whether a value, written into the proxy's configuration, would end its directive.
fn is_injection(text: &str) -> bool {
    text.contains(['\n', ';', '{', '}'])
}
