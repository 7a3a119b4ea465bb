//! Pods and controllers, as the API server hands them over.

use std::sync::LazyLock;

use model::{ContainerRole, Engine};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn pod() -> Value {
    json!({
        "kind": "Pod",
        "metadata": {
            "name": "web", "namespace": "prod", "labels": {"app": "web"},
            "annotations": {
                "container.apparmor.security.beta.kubernetes.io/app": "unconfined",
                "seccomp.security.alpha.kubernetes.io/pod": "runtime/default"
            }
        },
        "spec": {
            "nodeName": "n1", "hostPID": true, "hostUsers": false, "runtimeClassName": "kata",
            "securityContext": {
                "runAsUser": 1000, "runAsGroup": 0, "runAsNonRoot": true,
                "sysctls": [{"name": "kernel.msgmax", "value": "1"}],
                "seccompProfile": null
            },
            "volumes": [
                {"name": "sock", "hostPath": {"path": "/var/run"}},
                {"name": "tmp", "emptyDir": {}},
                {"name": "model", "image": {"reference": "models/llm:1"}}
            ],
            "initContainers": [{"name": "prepare", "image": "busybox"}],
            "containers": [{
                "name": "app",
                "image": "registry.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000001",
                "command": ["/app"], "args": ["-v"],
                "env": [{"name": "TOKEN", "value": "x"}],
                "ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}],
                "resources": {"limits": {"memory": "128Mi", "cpu": "500m"}},
                "securityContext": {
                    "runAsUser": 0, "privileged": true, "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true, "capabilities": {"add": ["NET_ADMIN"], "drop": ["all"]},
                    "seccompProfile": {"type": "Localhost", "localhostProfile": "my.json"}
                },
                "volumeMounts": [
                    {"name": "sock", "mountPath": "/s", "subPath": "docker.sock", "readOnly": true,
                     "mountPropagation": "Bidirectional"},
                    {"name": "tmp", "mountPath": "/tmp"}
                ]
            }],
            "ephemeralContainers": [{"name": "debug", "image": "busybox"}]
        }
    })
}

#[test]
fn reads_every_container_and_merges_as_the_kubelet_does() {
    let workload = from_pod(&pod()).unwrap();
    assert_eq!((workload.engine, workload.kind.as_str()), (Engine::Kubernetes, "Pod"));
    assert_eq!((workload.namespace.as_str(), workload.node.as_str()), ("prod", "n1"));
    let roles: Vec<_> = workload.containers.iter().map(|c| (c.name.as_str(), c.role)).collect();
    assert_eq!(
        roles,
        [
            ("prepare", ContainerRole::Init),
            ("app", ContainerRole::Main),
            ("debug", ContainerRole::Ephemeral),
            ("model", ContainerRole::ImageVolume),
        ]
    );
    let [prepare, app, ..] = workload.containers.as_slice() else { panic!() };
    assert_eq!(prepare.user.as_deref(), Some("1000"));
    assert_eq!(prepare.seccomp, "default");
    assert_eq!(app.user.as_deref(), Some("0"));
    assert_eq!(app.group.as_deref(), Some("0"));
    assert!(app.run_as_non_root && app.privileged && app.user_namespace && app.read_only_rootfs);
    assert_eq!(app.allow_privilege_escalation, Some(false));
    assert_eq!(app.host_namespaces, ["pid"]);
    assert_eq!(app.capabilities_added, ["CAP_NET_ADMIN"]);
    assert_eq!(app.capabilities_dropped, ["ALL"]);
    assert_eq!((app.seccomp.as_str(), app.apparmor.as_str()), ("my.json", "unconfined"));
    assert_eq!(app.runtime, "kata");
    assert_eq!(app.sysctls.get("kernel.msgmax").map(String::as_str), Some("1"));
    assert_eq!(app.host_ports, [8080]);
    assert_eq!(app.memory_limit_bytes, Some(128 << 20));
    assert_eq!(app.cpu_limit_millicores, Some(500));
    assert_eq!(app.command, ["/app", "-v"]);
    assert_eq!(app.env_names, ["TOKEN"]);
    assert!(app.image.manifest_digest.is_some());
    let [socket, scratch] = app.mounts.as_slice() else { panic!() };
    assert_eq!((socket.kind.as_str(), socket.source.as_str()), ("bind", "/var/run/docker.sock"));
    assert!(socket.read_only && socket.propagation == "rshared");
    assert_eq!((scratch.kind.as_str(), scratch.source.as_str()), ("emptyDir", "tmp"));
}

#[test]
fn finds_the_pod_of_a_controller() {
    let spec = json!({"containers": [{"name": "a", "image": "nginx"}]});
    let template = json!({"metadata": {"labels": {"a": "template"}}, "spec": spec});
    let own = json!({"generateName": "x-", "labels": {"a": "own", "b": "own"}});
    for kind in [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "PodTemplate",
        "Rollout",
    ] {
        let object = match kind {
            "CronJob" => {
                json!({"kind": kind, "metadata": own, "spec": {"jobTemplate": {"spec": {"template": template}}}})
            }
            "PodTemplate" => json!({"kind": kind, "metadata": own, "template": template}),
            _ => json!({"kind": kind, "metadata": own, "spec": {"template": template}}),
        };
        let workload = from_pod(&object).unwrap();
        assert_eq!(workload.containers.len(), 1, "{kind}");
        assert_eq!(workload.name, "x-");
        assert_eq!(workload.labels["a"], "template");
        assert_eq!(workload.labels["b"], "own");
        assert_eq!(has_pod(kind), kind != "Rollout");
    }
    let service = json!({"kind": "Service", "spec": {"ports": [{"port": 1}]}});
    assert!(from_pod(&service).unwrap().containers.is_empty());
}

#[test]
fn names_the_place_of_a_mistake() {
    for (object, place) in [
        (json!({"kind": "Pod", "spec": {"containers": {}}}), "spec.containers"),
        (
            json!({"kind": "Pod", "spec": {"containers": [{"image": 1}]}}),
            "spec.containers[0].image",
        ),
        (json!({"kind": "Pod", "spec": {"hostPID": "yes"}}), "spec.hostPID"),
        (
            json!({"kind": "Job", "spec": {"template": {"spec": {"initContainers": [
                {"resources": {"limits": {"memory": "much"}}}]}}}}),
            "spec.template.spec.initContainers[0].resources.limits.memory",
        ),
    ] {
        assert_eq!(from_pod(&object).unwrap_err().at, place);
    }
    for odd in [json!(null), json!([]), json!("x"), json!({}), json!({"kind": "Pod", "spec": null})]
    {
        assert!(from_pod(&odd).unwrap().containers.is_empty());
    }
}

/// Documents in the shape of pods and nearly so: the API's keys with values that fit or not.
fn any_document() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 32] = [
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "annotations",
        "spec",
        "template",
        "jobTemplate",
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
        "image",
        "reference",
        "hostPath",
        "path",
        "volumeMounts",
        "mountPath",
        "subPath",
        "securityContext",
        "runAsUser",
        "privileged",
        "capabilities",
        "add",
        "resources",
        "limits",
        "memory",
        "cpu",
        "ports",
        "hostPort",
        "seccompProfile",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["", "Pod", "CronJob", "a:1", "1Gi", "/", "ALL", "Unconfined"])
            .prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let key = prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever the document, it is read or refused with a place; and judging what was read
    /// decides the same twice.
    #[test]
    fn reads_or_refuses_any_document(document in any_document(), kind in prop::sample::select(
        vec!["Pod", "Deployment", "CronJob", "PodTemplate", "Other"],
    )) {
        static POLICY: LazyLock<crate::Policy> =
            LazyLock::new(|| crate::Policy::built_in().unwrap());
        let policy = &*POLICY;
        for object in [
            document.clone(),
            json!({"kind": kind, "spec": document}),
            json!({"kind": kind, "spec": {"template": {"spec": {"containers": [document]}}}}),
        ] {
            match from_pod(&object) {
                Ok(workload) => {
                    let today = crate::samples::TODAY;
                    let said = crate::judge_workload(&workload, &[], policy, today);
                    prop_assert_eq!(&said, &crate::judge_workload(&workload, &[], policy, today));
                    prop_assert_eq!(said.missing.len(), workload.containers.len());
                }
                Err(error) => prop_assert!(!error.expected.is_empty()),
            }
        }
    }
}
