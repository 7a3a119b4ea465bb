//! Rights that a service is given over its host.

use model::{DEFAULT_CAPABILITIES, bare_capability, capability};

use super::Sink;
use super::service::Lines;

/// Capabilities with which a container is as good as the host's root.
const DANGEROUS: [&str; 12] = [
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "DAC_READ_SEARCH",
    "BPF",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "PERFMON",
    "SYSLOG",
];
/// Namespaces that may be the host's: the key, the rule, what it lets the container do.
const NAMESPACES: [(&str, &str, &str); 6] = [
    ("network_mode", "compose-host-network", "sees every interface and what listens on loopback"),
    ("pid", "compose-host-pid", "sees and can signal every process of the host"),
    ("ipc", "compose-host-ipc", "reads the shared memory of the host's programs"),
    ("userns_mode", "compose-host-userns", "its root is the host's root"),
    ("uts", "compose-host-uts", "can change the host's name"),
    ("cgroup", "compose-host-cgroup", "sees the control groups of the host"),
];

pub(super) fn check(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    if let Some(lines) = service.is_true("privileged") {
        sink.at("compose-privileged", lines, "privileged: true".to_owned());
    }
    capabilities(sink);
    namespaces(sink);
    security_options(sink);
    devices(sink);
    for (name, _, lines) in service.pairs(&["sysctls"]) {
        if !name.starts_with("net.") {
            sink.at("compose-sysctl", lines, format!("{name} is set for more than this container"));
        }
    }
    if let Some((parent, lines)) = service.text("cgroup_parent") {
        let message = format!("cgroup_parent: {} shares limits with others", parent.text);
        sink.at("compose-cgroup-parent", lines, message);
    }
    if let Some(lines) = service.is_true("oom_kill_disable") {
        let message = "the kernel may not end it when memory runs out".to_owned();
        sink.at("compose-oom-disabled", lines, message);
    }
    build(sink);
}

fn capabilities(sink: &mut Sink<'_, '_>) {
    for (name, lines) in sink.service.texts("cap_add") {
        let bare = bare_capability(&name);
        if DANGEROUS.contains(&bare.as_str()) {
            let message = format!("{bare} is as good as root on the host");
            sink.at("compose-capability-dangerous", lines, message);
        } else if !DEFAULT_CAPABILITIES.contains(&capability(&name).as_str()) && !bare.contains('$')
        {
            let message = format!("{bare} is more than the engine gives by itself");
            sink.at("compose-capability-added", lines, message);
        }
    }
    let drops = sink.service.texts("cap_drop");
    if !drops.iter().any(|(name, _)| bare_capability(name) == "ALL") && !sink.service.is_partial() {
        sink.whole("compose-capabilities-kept", "cap_drop does not drop ALL");
    }
}

fn namespaces(sink: &mut Sink<'_, '_>) {
    for (key, rule, what) in NAMESPACES {
        let Some((mode, lines)) = sink.service.text(key) else { continue };
        let mode = mode.text;
        if mode == "host" {
            sink.at(rule, lines, format!("{key}: host: it {what}"));
        } else if mode.starts_with("container:") {
            let message = format!("{key}: {mode}: it shares what the other container has");
            sink.at("compose-namespace-shared", lines, message);
        }
    }
}

fn security_options(sink: &mut Sink<'_, '_>) {
    let options = sink.service.texts("security_opt");
    let mut no_new_privileges = false;
    for (option, lines) in options {
        let lower = option.to_ascii_lowercase().replace('=', ":");
        let (name, value) = lower.split_once(':').unwrap_or((&lower, "true"));
        let rule = match (name, value) {
            ("no-new-privileges", value) => {
                no_new_privileges |= value != "false";
                continue;
            }
            ("seccomp", "unconfined") => "compose-seccomp-off",
            ("apparmor", "unconfined") => "compose-apparmor-off",
            ("label", "disable") => "compose-selinux-off",
            ("systempaths", "unconfined") => "compose-system-paths-open",
            _ => continue,
        };
        sink.at(rule, lines, format!("security_opt: {option}"));
    }
    if !no_new_privileges && !sink.service.is_partial() {
        let message = "security_opt has no no-new-privileges:true";
        sink.whole("compose-new-privileges", message);
    }
}

fn devices(sink: &mut Sink<'_, '_>) {
    let mut told: Vec<(String, Lines)> = sink.service.texts("devices");
    for held in sink.service.all("devices") {
        for item in held.node.items() {
            if let Some(source) =
                item.get("source").and_then(|node| sink.service.project.text(node))
            {
                told.push((source.text, held.inside(item)));
            }
        }
    }
    for (device, lines) in told {
        let path = device.split(':').next().unwrap_or_default();
        if path.starts_with('/') {
            let message = format!("{path} of the host is given to the container");
            sink.at("compose-device", lines, message);
        }
    }
    for (rule, lines) in sink.service.texts("device_cgroup_rules") {
        let what = rule.trim();
        if what.starts_with("a ") || what.contains("*:*") {
            let message = format!("device_cgroup_rules: {what} allows every device");
            sink.at("compose-device", lines, message);
        }
    }
}

fn build(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    let told = [
        service.at(&["build", "privileged"]).filter(|held| held.node.is_true()),
        service.at(&["build", "network"]).filter(|held| held.node.str() == Some("host")),
    ];
    for held in told.into_iter().flatten() {
        let message = format!(
            "build: {}",
            held.node.str().map_or("privileged", |word| {
                if word == "host" { "network: host" } else { "privileged: true" }
            })
        );
        sink.at("compose-build-insecure", held.lines(), message);
    }
    if let Some(held) = service.at(&["build", "entitlements"]) {
        for item in held.node.items() {
            if let Some(word @ ("security.insecure" | "network.host")) = item.str() {
                let message = format!("build entitlement {word}");
                sink.at("compose-build-insecure", held.inside(item), message);
            }
        }
    }
}
