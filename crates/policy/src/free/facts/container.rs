//! The fields of one container and of its workload.

use model::{ContainerRole, ContainerSpec, Engine, ImageRef, Workload};

use super::{Answer, count, owned, text, texts};
use crate::filter::Value;
use crate::judge::capability;

/// The value of a field of a container.
pub(super) fn value<'a>(
    container: &'a ContainerSpec,
    name: &str,
    argument: Option<&str>,
) -> Answer<'a> {
    let of_image = || container.image.reference.parse::<ImageRef>().ok();
    let shares = |namespace: &str| {
        Some(Value::Bool(container.host_namespaces.iter().any(|shared| shared == namespace)))
    };
    match name {
        "container.name" => text(&container.name),
        "container.role" => text(role(container.role)),
        "container.image" => text(&container.image.reference),
        "container.image.repository" => {
            of_image().and_then(|i| owned(format!("{}/{}", i.registry, i.repository)))
        }
        "container.image.tag" => of_image().and_then(|image| owned(image.tag?)),
        "container.image.digest" => text(container.image.manifest_digest.as_ref()?.as_str()),
        "container.user" => text(container.user.as_deref()?),
        "container.group" => text(container.group.as_deref()?),
        "container.run_as_non_root" => Some(Value::Bool(container.run_as_non_root)),
        "container.user_namespace" => Some(Value::Bool(container.user_namespace)),
        "container.privileged" => Some(Value::Bool(container.privileged)),
        "container.host_namespaces" => texts(container.host_namespaces.iter().map(String::as_str)),
        "container.host_pid" => shares("pid"),
        "container.host_network" => shares("network"),
        "container.host_ipc" => shares("ipc"),
        "container.cap_added" => Some(capabilities(&container.capabilities_added)),
        "container.cap_dropped" => Some(capabilities(&container.capabilities_dropped)),
        "container.devices" => texts(container.devices.iter().map(String::as_str)),
        "container.seccomp" => text(&container.seccomp),
        "container.apparmor" => text(&container.apparmor),
        "container.allow_privilege_escalation" => {
            container.allow_privilege_escalation.map(Value::Bool)
        }
        "container.read_only" => Some(Value::Bool(container.read_only_rootfs)),
        "container.runtime" => text(&container.runtime),
        "container.sysctl" => match argument {
            Some(name) => container.sysctls.get(name).map(|value| Value::from(value.as_str())),
            None => texts(container.sysctls.keys().map(String::as_str)),
        },
        "container.host_ports" => {
            let ports = container.host_ports.iter().map(|port| Value::Int(i64::from(*port)));
            Some(Value::List(ports.collect()))
        }
        "container.memory_limit" => count(container.memory_limit_bytes?),
        "container.cpu_limit" => count(container.cpu_limit_millicores?),
        "container.pids_limit" => count(container.pids_limit?),
        "container.command" => owned(container.command.join(" ")),
        "container.env" => texts(container.env_names.iter().map(String::as_str)),
        _ => of_mounts(container, name),
    }
}

fn of_mounts<'a>(container: &'a ContainerSpec, name: &str) -> Answer<'a> {
    let mounts = container.mounts.iter();
    let source = |mount: &'a model::Mount| match mount.source.starts_with('/') {
        true => Value::from(crate::paths::normal(&mount.source)),
        false => Value::from(mount.source.as_str()),
    };
    match name {
        "container.mount.source" => Some(Value::List(mounts.map(source).collect())),
        "container.mount.dest" => texts(mounts.map(|mount| mount.target.as_str())),
        "container.mount.writable" => {
            let writable = mounts.filter(|mount| mount.source.starts_with('/') && !mount.read_only);
            Some(Value::List(writable.map(source).collect()))
        }
        "container.mounts" => {
            let line = |mount: &model::Mount| {
                let mode = if mount.read_only { "ro" } else { "rw" };
                Value::from(format!("{}:{}:{}:{mode}", mount.kind, mount.source, mount.target))
            };
            Some(Value::List(mounts.map(line).collect()))
        }
        _ => None,
    }
}

/// The value of a field of a workload.
pub(super) fn of_workload<'a>(
    workload: &'a Workload,
    name: &str,
    argument: Option<&str>,
) -> Answer<'a> {
    let in_kubernetes = workload.engine == Engine::Kubernetes;
    let entry = |map: &'a std::collections::BTreeMap<String, String>| {
        map.get(argument?).map(|value| Value::from(value.as_str()))
    };
    match name {
        "workload.engine" => text(engine(workload.engine)),
        "workload.kind" => text(&workload.kind),
        "workload.name" => text(&workload.name),
        "workload.namespace" => text(&workload.namespace),
        "workload.node" => text(&workload.node),
        "workload.label" => entry(&workload.labels),
        "workload.labels" => texts(workload.labels.keys().map(String::as_str)),
        "workload.annotation" => entry(&workload.annotations),
        "actor.user" => text(&workload.actor.as_ref()?.user),
        "actor.groups" => texts(workload.actor.as_ref()?.groups.iter().map(String::as_str)),
        _ if !in_kubernetes => None,
        "k8s.ns.name" => text(&workload.namespace),
        "k8s.kind" => text(&workload.kind),
        "k8s.name" => text(&workload.name),
        "k8s.label" => entry(&workload.labels),
        "k8s.annotation" => entry(&workload.annotations),
        _ => None,
    }
}

fn capabilities<'a>(words: &[String]) -> Value<'a> {
    Value::List(words.iter().map(|word| Value::from(capability(word))).collect())
}

fn role(role: ContainerRole) -> &'static str {
    match role {
        ContainerRole::Main => "main",
        ContainerRole::Init => "init",
        ContainerRole::Ephemeral => "ephemeral",
        ContainerRole::ImageVolume => "image_volume",
    }
}

fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "docker",
        Engine::Podman => "podman",
        Engine::Containerd => "containerd",
        Engine::CriO => "cri-o",
        Engine::Kubernetes => "kubernetes",
        Engine::Unknown => "unknown",
    }
}
