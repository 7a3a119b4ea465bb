//! Judging with which options a container is started.

pub(crate) use model::capability;
use model::{ContainerRole, ContainerSpec, Mount, Reason};

use super::{Case, reason};
use crate::paths::{below, lays_open, normal};
use crate::rule::{MountCondition, Rule, WorkloadCondition};

/// Every capability, in one word.
pub(crate) const ALL_CAPABILITIES: &str = "ALL";

pub(super) fn by_options(
    rule: &Rule,
    case: &Case<'_>,
    wanted: &WorkloadCondition,
) -> Option<Reason> {
    let (_, container) = case.container?;
    if container.role == ContainerRole::ImageVolume {
        return None;
    }
    reason(rule, ("option", "options"), offending(container, wanted))
}

/// The options of a container that a rule speaks of, in words.
pub(crate) fn offending(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |holds: bool, words: &str| {
        if holds {
            found.push(words.to_owned());
        }
    };
    say(wanted.privileged && container.privileged, "privileged");
    let seccomp = wanted.seccomp_unconfined && is_unconfined(&container.seccomp);
    say(seccomp, "seccomp is switched off");
    let apparmor = wanted.apparmor_unconfined && is_unconfined(&container.apparmor);
    say(apparmor, "AppArmor is switched off");
    let may_gain = container.allow_privilege_escalation == Some(true);
    say(wanted.privilege_escalation && may_gain, "privilege escalation is allowed");
    say(wanted.writable_rootfs && !container.read_only_rootfs, "its root filesystem is writable");
    found.extend(namespaces(container, wanted));
    found.extend(capabilities(container, wanted));
    found.extend(mounts(container, wanted));
    found.extend(devices(container, wanted));
    found.extend(settings(container, wanted));
    found
}

fn is_unconfined(profile: &str) -> bool {
    profile.eq_ignore_ascii_case("unconfined")
}

fn namespaces(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    let shared = container.host_namespaces.iter().filter(|n| wanted.host_namespaces.contains(n));
    shared.map(|namespace| format!("the host's {namespace} namespace")).collect()
}

fn capabilities(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    if wanted.capabilities.is_empty() {
        return Vec::new();
    }
    let is_wanted = |added: &&String| {
        let added = capability(added);
        added == ALL_CAPABILITIES || wanted.capabilities.iter().any(|c| capability(c) == added)
    };
    let added = container.capabilities_added.iter().filter(is_wanted);
    added.map(|added| format!("capability {}", capability(added))).collect()
}

fn mounts(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    let Some(wanted) = &wanted.mounts else { return Vec::new() };
    container.mounts.iter().filter_map(|mount| opened_by(mount, wanted)).collect()
}

/// What a mount lays open of the host, in words.
fn opened_by(mount: &Mount, wanted: &MountCondition) -> Option<String> {
    if !is_of_the_host(mount) || (wanted.only_writable && mount.read_only) {
        return None;
    }
    let path = normal(&mount.source);
    let mode = if mount.read_only { ", read-only" } else { "" };
    let is_named = |listed: &&String| {
        let listed = normal(listed);
        below(&path, &listed).is_some() || below(&listed, &path).is_some()
    };
    if let Some(listed) = wanted.paths.iter().find(is_named) {
        return Some(format!("mount of {path}{mode} ({listed} of the host)"));
    }
    let open = lays_open(&path, mount.read_only).filter(|_| wanted.sensitive)?;
    Some(format!("mount of {path}{mode} ({})", open.what))
}

/// Whether a mount shows a path of the host, rather than a volume that the engine keeps.
fn is_of_the_host(mount: &Mount) -> bool {
    let kept = mount.kind.eq_ignore_ascii_case("volume")
        && mount.source.ends_with("/_data")
        && mount.source.contains("/volumes/");
    mount.source.starts_with('/') && !kept
}

fn devices(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    let devices = container.devices.iter().map(|device| normal(device));
    let found = devices.filter(|device| wanted.devices.iter().any(|glob| glob.matches(device)));
    found.map(|device| format!("device {device}")).collect()
}

fn settings(container: &ContainerSpec, wanted: &WorkloadCondition) -> Vec<String> {
    let mut found = Vec::new();
    let runtime = container.runtime.as_str();
    let allowed = wanted.runtimes.iter().any(|known| known == runtime);
    if !wanted.runtimes.is_empty() && !runtime.is_empty() && !allowed {
        found.push(format!("runtime `{runtime}`"));
    }
    if wanted.host_ports && !container.host_ports.is_empty() {
        let ports: Vec<String> = container.host_ports.iter().map(u16::to_string).collect();
        found.push(format!("host port {}", ports.join(", ")));
    }
    for limit in &wanted.no_limits {
        let missing = match limit.as_str() {
            "memory" => container.memory_limit_bytes.is_none(),
            "cpu" => container.cpu_limit_millicores.is_none(),
            "pids" => container.pids_limit.is_none(),
            _ => false,
        };
        if missing {
            found.push(format!("no limit of {limit}"));
        }
    }
    let set = container
        .sysctls
        .iter()
        .filter(|(name, _)| wanted.sysctls.iter().any(|glob| glob.matches(name)));
    found.extend(set.map(|(name, value)| format!("sysctl {name}={value}")));
    found
}

#[cfg(test)]
mod tests;
