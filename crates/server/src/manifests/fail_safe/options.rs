//! Run-time options in CEL: what a rule `workload` forbids of a pod.

use policy::{WorkloadCondition, places_harmless_to_read, places_that_must_not_be_seen};

use super::{CelRule, Said, list};

/// The lists of containers in a pod.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Says what can be said of a rule's options, a demand each.
pub(super) fn say(rule: &str, wanted: &WorkloadCondition, said: &mut Said) {
    let mut forbid = |what: &str, holds: String| {
        said.rules.push(CelRule {
            about: format!("rule {rule}: {what}."),
            expression: holds,
            message: format!("lazaret: rule {rule}: {what}"),
        });
    };
    if wanted.privileged {
        let is = "has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged";
        forbid("a container is privileged", no_container(is));
    }
    if wanted.privilege_escalation {
        let may = "has(c.securityContext) && has(c.securityContext.allowPrivilegeEscalation) && c.securityContext.allowPrivilegeEscalation";
        forbid("a container may gain privileges", no_container(may));
    }
    if !wanted.capabilities.is_empty() {
        forbid(
            "a capability is added that the policy forbids",
            no_container(&adds(&wanted.capabilities)),
        );
    }
    if wanted.host_ports {
        let opens = "has(c.ports) && c.ports.exists(o, has(o.hostPort) && o.hostPort > 0)";
        forbid("a port is opened on the host", no_container(opens));
    }
    for namespace in &wanted.host_namespaces {
        if let Some(shared) = host_namespace(namespace) {
            forbid(&format!("it shares the host's {namespace} namespace"), format!("!({shared})"));
        }
    }
    let mounts = wanted.mounts.as_ref().filter(|mounts| !mounts.only_writable);
    if let Some(mounts) = mounts {
        if mounts.sensitive {
            forbid("it mounts a place from which the host can be taken over", no_sensitive_mount());
        }
        if !mounts.paths.is_empty() {
            let shows = shows(&mounts.paths);
            forbid("it mounts a place of the host that the policy forbids", no_volume(&shows));
        }
    }
    name_the_rest(rule, wanted, said);
}

fn name_the_rest(rule: &str, wanted: &WorkloadCondition, said: &mut Said) {
    let mounts = wanted.mounts.as_ref();
    let rest = [
        (mounts.is_some_and(|m| m.sensitive), "places that harm only where they can be written"),
        (mounts.is_some_and(|m| m.only_writable), "mounts that can be written"),
        (!wanted.devices.is_empty(), "devices"),
        (!wanted.runtimes.is_empty(), "runtimes"),
        (wanted.seccomp_unconfined, "seccomp profiles"),
        (wanted.apparmor_unconfined, "AppArmor profiles"),
        (wanted.writable_rootfs, "writable root filesystems"),
        (!wanted.no_limits.is_empty(), "limits"),
        (!wanted.sysctls.is_empty(), "kernel parameters"),
    ];
    for (_, what) in rest.iter().filter(|(there, _)| *there) {
        said.unsaid.push(format!("rule {rule}: {what}"));
    }
}

/// No container of the pod is one of which this holds.
fn no_container(holds: &str) -> String {
    let none = |name: &str| {
        format!("(!has(object.spec.{name}) || !object.spec.{name}.exists(c, {holds}))")
    };
    LISTS.map(none).join(" && ")
}

/// Capabilities as Kubernetes writes them, with the prefix or without; `ALL` is each of them.
fn adds(capabilities: &[String]) -> String {
    let mut names = vec!["ALL".to_owned()];
    for capability in capabilities {
        let bare = capability.strip_prefix("CAP_").unwrap_or(capability);
        names.extend([bare.to_owned(), format!("CAP_{bare}")]);
    }
    format!(
        "has(c.securityContext) && has(c.securityContext.capabilities) && \
         has(c.securityContext.capabilities.add) && \
         c.securityContext.capabilities.add.exists(a, a.upperAscii() in {})",
        list(&names)
    )
}

fn host_namespace(name: &str) -> Option<String> {
    let field = match name {
        "pid" => "hostPID",
        "network" => "hostNetwork",
        "ipc" => "hostIPC",
        // What a pod has of the others it cannot ask for, or has unless it says otherwise.
        _ => return None,
    };
    Some(format!("has(object.spec.{field}) && object.spec.{field}"))
}

/// No volume shows a path of the host of which this holds.
fn no_volume(holds: &str) -> String {
    format!(
        "(!has(object.spec.volumes) || !object.spec.volumes.exists(v, has(v.hostPath) && ({holds})))"
    )
}

/// The path itself, what lies below it, and what it lies in. An API server lets no `..` through; a
/// doubled slash would hide a path, so it counts as one.
fn shows(paths: &[String]) -> String {
    let mut all = Vec::new();
    for path in paths {
        all.push(path.clone());
        if let Some(rest) = path.strip_prefix("/run/") {
            all.push(format!("/var/run/{rest}"));
        }
    }
    format!(
        "v.hostPath.path.contains('//') || {}.exists(s, (v.hostPath.path + '/').startsWith(s + '/') \
         || (s + '/').startsWith(v.hostPath.path.endsWith('/') ? v.hostPath.path : v.hostPath.path + '/'))",
        list(&all)
    )
}

fn no_sensitive_mount() -> String {
    let places: Vec<String> = places_that_must_not_be_seen().map(str::to_owned).collect();
    let harmless: Vec<String> =
        places_harmless_to_read().iter().map(|path| (*path).to_owned()).collect();
    let is_harmless =
        format!("{}.exists(h, (v.hostPath.path + '/').startsWith(h + '/'))", list(&harmless));
    no_volume(&format!("!({is_harmless}) && ({})", shows(&places)))
}
