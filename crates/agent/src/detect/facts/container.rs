//! `container.*` and `k8s.*`: where it happened.

use model::{Container, Engine, Mount};
use policy::filter::Value;

use super::Observed;

/// Digits of an id that people see.
const SHORT_ID: usize = 12;
/// What rules expect where a field of a mount has nothing to say.
const NO_MOUNT: &str = "<NA>";

pub(super) fn value<'a>(
    seen: &'a Observed<'_>,
    name: &str,
    argument: Option<&str>,
) -> Option<Value<'a>> {
    let Some(container) = seen.container else {
        // Rules tell the host by this word.
        return matches!(name, "container.id" | "container.name").then(|| Value::from("host"));
    };
    if name.starts_with("k8s.") {
        return pod(container, name, argument);
    }
    if let Some(field) = name.strip_prefix("container.mount") {
        return mounts(container, field, argument);
    }
    let (repository, tag, digest) = parts(&container.spec.image.reference);
    let text = |text: &'a str| (!text.is_empty()).then(|| Value::from(text));
    let shares = |namespace: &str| {
        Value::Bool(container.spec.host_namespaces.iter().any(|one| one == namespace))
    };
    match name {
        "container.id" => text(container.id.get(..SHORT_ID).unwrap_or(&container.id)),
        "container.full_id" => text(&container.id),
        "container.name" => text(&container.name),
        "container.image" => text(&container.spec.image.reference),
        "container.image.id" => {
            container.spec.image.image_id.as_ref().map(|digest| Value::from(digest.hex()))
        }
        "container.image.repository" => text(repository),
        "container.image.tag" => text(tag),
        "container.image.digest" => match &container.spec.image.manifest_digest {
            Some(digest) => Some(Value::from(digest.as_str())),
            None => text(digest),
        },
        "container.type" => Some(Value::from(engine(container.engine))),
        "container.privileged" => {
            known(container).then_some(Value::Bool(container.spec.privileged))
        }
        "container.host_pid" => known(container).then(|| shares("pid")),
        "container.host_network" => known(container).then(|| shares("network")),
        "container.host_ipc" => known(container).then(|| shares("ipc")),
        "container.label" => {
            container.labels.get(argument?).map(|label| Value::from(label.as_str()))
        }
        "container.labels" => Some(Value::from(joined(container))),
        "container.start_ts" => {
            Some(Value::Int(seen.boot_ns.saturating_add_unsigned(container.since_ns)))
        }
        "container.duration" => {
            Some(Value::Int(seen.event.time_ns.saturating_sub(container.since_ns) as i64))
        }
        "container.info" => Some(Value::from(format!(
            "{} (id={})",
            container.name,
            container.id.get(..SHORT_ID).unwrap_or(&container.id)
        ))),
        _ => None,
    }
}

fn known(container: &Container) -> bool {
    container.known >= model::Known::Spec
}

fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "docker",
        Engine::Podman => "podman",
        Engine::Containerd => "containerd",
        Engine::CriO => "cri-o",
        Engine::Kubernetes => "cri",
        Engine::Unknown => "unknown",
    }
}

fn joined(container: &Container) -> String {
    let pairs = container.labels.iter().map(|(key, value)| format!("{key}:{value}"));
    pairs.collect::<Vec<_>>().join(",")
}

/// Repository, tag and digest of a reference; a port is no tag.
fn parts(reference: &str) -> (&str, &str, &str) {
    let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag, digest),
        _ => (name, "", digest),
    }
}

fn pod<'a>(container: &'a Container, name: &str, argument: Option<&str>) -> Option<Value<'a>> {
    let pod = container.pod.as_ref()?;
    let text = |text: &'a str| (!text.is_empty()).then(|| Value::from(text));
    match name {
        "k8s.ns.name" => text(&pod.namespace),
        "k8s.pod.name" => text(&pod.name),
        "k8s.pod.uid" | "k8s.pod.id" => text(&pod.uid),
        "k8s.pod.label" => container.labels.get(argument?).map(|label| Value::from(label.as_str())),
        "k8s.pod.labels" => Some(Value::from(joined(container))),
        _ => None,
    }
}

/// `container.mounts`, and a field of the mount that an argument names: by number, or by a glob
/// over its source (`.dest`) or destination (all others).
fn mounts<'a>(container: &'a Container, field: &str, argument: Option<&str>) -> Option<Value<'a>> {
    if !known(container) {
        return None;
    }
    let all = &container.spec.mounts;
    if field == "s" {
        let texts: Vec<String> = all.iter().map(whole).collect();
        return Some(Value::from(texts.join(",")));
    }
    let wanted = argument?;
    let by_number = wanted.parse::<usize>().ok().and_then(|number| all.get(number));
    let found = by_number.or_else(|| {
        all.iter().find(|mount| {
            let asked = if field == ".dest" { &mount.source } else { &mount.target };
            matches(wanted, asked)
        })
    });
    let Some(mount) = found else { return Some(Value::from(NO_MOUNT)) };
    Some(match field {
        "" => Value::from(whole(mount)),
        ".source" => Value::from(mount.source.as_str()),
        ".dest" => Value::from(mount.target.as_str()),
        ".mode" => Value::from(if mount.read_only { "ro" } else { "" }),
        ".rdwr" => Value::from(if mount.read_only { "false" } else { "true" }),
        ".propagation" => Value::from(mount.propagation.as_str()),
        _ => return None,
    })
}

fn whole(mount: &Mount) -> String {
    let (mode, rdwr) = if mount.read_only { ("ro", "false") } else { ("", "true") };
    format!("{}:{}:{mode}:{rdwr}:{}", mount.source, mount.target, mount.propagation)
}

/// A glob whose only star is at the end, as rules use them here.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => text == pattern,
    }
}
