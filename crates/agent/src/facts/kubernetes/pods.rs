//! What a pod asks for that a baseline speaks of, from the pod as the API server keeps it.

use model::bare_capability;

use super::objects::{Container, Pod, Security};

/// Where a service account's token is mounted.
const TOKEN_PLACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The capability that even the strictest standard lets be added.
const HARMLESS: &str = "NET_BIND_SERVICE";

/// What may be said of a pod, by the name of the fact that collects such pods.
pub(super) const TRAITS: [&str; 16] = [
    "privileged",
    "host_pid",
    "host_ipc",
    "host_network",
    "escalation",
    "root",
    "net_raw",
    "capabilities",
    "host_process",
    "host_path",
    "host_ports",
    "secret_variables",
    "no_seccomp",
    "no_security_context",
    "tokens",
    "default_account",
];

/// The name of the pod, or of what made it and others like it.
pub(super) fn workload(pod: &Pod) -> String {
    let owners = pod.metadata.owners.iter().flatten();
    let owner = owners.into_iter().find(|owner| owner.controller == Some(true));
    match owner {
        // A mirror of a static pod belongs to its node.
        Some(owner) if owner.kind != "Node" => format!("{}/{}", owner.kind, owner.name),
        _ => pod.metadata.name.clone(),
    }
}

/// What is so of a pod.
pub(super) fn traits(pod: &Pod) -> Vec<&'static str> {
    let spec = &pod.spec;
    let own = spec.security_context.as_ref();
    let on = |flag: Option<bool>| flag == Some(true);
    let containers: Vec<&Container> = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
        .chain(spec.ephemeral_containers.iter().flatten())
        .collect();
    let any = |is: &dyn Fn(&Container) -> bool| containers.iter().any(|container| is(container));
    let secured = |is: &dyn Fn(&Security) -> bool| {
        any(&|container| container.security_context.as_ref().is_some_and(is))
    };
    let holds = |name: &str| match name {
        "privileged" => secured(&|one| on(one.privileged)),
        "host_pid" => on(spec.host_pid),
        "host_ipc" => on(spec.host_ipc),
        "host_network" => on(spec.host_network),
        "escalation" => any(&|one| escalates(one)),
        "root" => any(&|one| may_be_root(one, own)),
        "net_raw" => any(&|one| has_net_raw(one)),
        "capabilities" => any(&|one| adds_capabilities(one)),
        "host_process" => {
            let is =
                |one: &Security| one.windows_options.as_ref().is_some_and(|w| on(w.host_process));
            own.is_some_and(is) || secured(&is)
        }
        "host_path" => spec.volumes.iter().flatten().any(|volume| volume.host_path.is_some()),
        "host_ports" => any(&|one| {
            one.ports.iter().flatten().any(|port| port.host_port.is_some_and(|port| port > 0))
        }),
        "secret_variables" => any(&|one| has_secret_variables(one)),
        // The annotations of old say nothing: since 1.27 nobody reads them.
        "no_seccomp" => any(&|one| is_unfiltered(one, own)),
        "no_security_context" => any(&|one| one.security_context.is_none()),
        "tokens" => any(&|one| {
            let mounts = one.volume_mounts.iter().flatten();
            mounts.into_iter().any(|mount| mount.mount_path.trim_end_matches('/') == TOKEN_PLACE)
        }),
        _ => matches!(spec.service_account_name.as_deref(), None | Some("" | "default")),
    };
    TRAITS.into_iter().filter(|name| holds(name)).collect()
}

/// Without a word against it a process may gain more than its parent has.
fn escalates(container: &Container) -> bool {
    let context = container.security_context.as_ref();
    context.and_then(|context| context.allow_privilege_escalation) != Some(false)
}

fn may_be_root(container: &Container, pod: Option<&Security>) -> bool {
    let own = container.security_context.as_ref();
    let user = own.and_then(|one| one.run_as_user).or_else(|| pod?.run_as_user);
    let not_root = own.and_then(|one| one.run_as_non_root).or_else(|| pod?.run_as_non_root);
    match (user, not_root) {
        (Some(0), _) => true,
        (Some(_), _) | (None, Some(true)) => false,
        (None, _) => true,
    }
}

fn lists(container: &Container) -> (Vec<String>, Vec<String>) {
    let all = container.security_context.as_ref().and_then(|one| one.capabilities.as_ref());
    let names = |list: Option<&Vec<String>>| {
        list.into_iter().flatten().map(|c| bare_capability(c)).collect()
    };
    (names(all.and_then(|all| all.add.as_ref())), names(all.and_then(|all| all.drop.as_ref())))
}

fn has_net_raw(container: &Container) -> bool {
    let (added, dropped) = lists(container);
    let is = |list: &[String], name: &str| list.iter().any(|one| one == name);
    let added = is(&added, "NET_RAW") || is(&added, "ALL");
    let privileged = container.security_context.as_ref().and_then(|one| one.privileged);
    added || privileged == Some(true) || !(is(&dropped, "NET_RAW") || is(&dropped, "ALL"))
}

fn adds_capabilities(container: &Container) -> bool {
    lists(container).0.iter().any(|name| name != HARMLESS)
}

fn has_secret_variables(container: &Container) -> bool {
    let one = container.env.iter().flatten().any(|variable| {
        variable.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some())
    });
    one || container.env_from.iter().flatten().any(|source| source.secret_ref.is_some())
}

fn is_unfiltered(container: &Container, pod: Option<&Security>) -> bool {
    let profile = |one: Option<&Security>| {
        one.and_then(|one| one.seccomp_profile.as_ref()).map(|profile| profile.r#type.clone())
    };
    let found = profile(container.security_context.as_ref()).or_else(|| profile(pod));
    !matches!(found.as_deref(), Some("RuntimeDefault" | "Localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&'static str> {
        traits(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_bare_pod_and_a_careful_one() {
        let bare = r#"{"spec": {"containers": [{"name": "a"}]}}"#;
        let expect = [
            "escalation",
            "root",
            "net_raw",
            "no_seccomp",
            "no_security_context",
            "default_account",
        ];
        assert_eq!(of(bare), expect);
        let careful = r#"{"spec": {"serviceAccountName": "shop", "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}]}}"#;
        assert!(of(careful).is_empty());
    }

    #[test]
    fn what_opens_a_pod() {
        let open = r#"{"spec": {"hostPID": true, "hostIPC": true, "hostNetwork": true, "serviceAccountName": "x",
            "securityContext": {"runAsUser": 1000, "windowsOptions": {"hostProcess": true}},
            "volumes": [{"hostPath": {"path": "/"}}],
            "containers": [{"name": "a", "securityContext": {"privileged": true, "allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN"], "drop": ["all"]}},
              "ports": [{"hostPort": 80}], "env": [{"valueFrom": {"secretKeyRef": {"name": "s"}}}],
              "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
            "initContainers": [{"name": "b", "securityContext": {"runAsUser": 0}, "envFrom": [{"secretRef": {"name": "s"}}]}]}}"#;
        let expect = [
            "privileged",
            "host_pid",
            "host_ipc",
            "host_network",
            "escalation",
            "root",
            "net_raw",
            "capabilities",
            "host_process",
            "host_path",
            "host_ports",
            "secret_variables",
            "no_seccomp",
            "tokens",
        ];
        assert_eq!(of(open), expect);
    }
}
