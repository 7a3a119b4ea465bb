//! The generated CEL, evaluated by an interpreter with cel-go's functions of texts, which Kubernetes has too, against
//! what the policy says.

use std::sync::Arc;

use cel::{Context, Env, Program};
use serde_json::{Value, json};

use super::*;

/// Whether the fail-safe layer lets a request in: the expressions of the manifest as an API server
/// evaluates them, with Kubernetes' functions of texts added.
struct Layer {
    document: Value,
    digests: Value,
}

impl Layer {
    fn of(policy: &str, layer: &FailSafeSettings) -> Layer {
        let policy = Policy::parse("policy.yaml", policy).unwrap();
        let text = fail_safe(&ManifestSettings::default(), layer, &policy).unwrap();
        let mut documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let digests = documents.remove(1);
        Layer { document: documents.remove(0), digests }
    }

    /// The messages of the rules that refuse a request.
    fn refusals(&self, request: &Value) -> Vec<String> {
        let spec = &self.document["spec"];
        let matching =
            evaluate(&spec["matchConditions"][0]["expression"], request, &json!({}), &self.digests);
        if matching == json!(false) {
            return Vec::new();
        }
        let mut variables = serde_json::Map::new();
        for variable in spec["variables"].as_array().unwrap() {
            let known = Value::Object(variables.clone());
            let value = evaluate(&variable["expression"], request, &known, &self.digests);
            variables.insert(variable["name"].as_str().unwrap().to_owned(), value);
        }
        let variables = Value::Object(variables);
        let rules = spec["validations"].as_array().unwrap().iter();
        let refusing = rules.filter(|rule| {
            evaluate(&rule["expression"], request, &variables, &self.digests) != json!(true)
        });
        refusing.map(|rule| rule["message"].as_str().unwrap().to_owned()).collect()
    }
}

fn evaluate(expression: &Value, request: &Value, variables: &Value, params: &Value) -> Value {
    let expression = expression.as_str().unwrap();
    let program =
        Program::compile(expression).unwrap_or_else(|error| panic!("{error}: {expression}"));
    let mut environment = Env::stdlib();
    environment.add_extension(cel::extensions::strings).unwrap();
    let mut context = Context::with_env(Arc::new(environment));
    context.add_variable("object", &request["object"]).unwrap();
    context.add_variable("oldObject", &request["oldObject"]).unwrap();
    context.add_variable("request", request).unwrap();
    context.add_variable("variables", variables).unwrap();
    context.add_variable("params", params).unwrap();
    let value = program.execute(&context).unwrap_or_else(|error| panic!("{error}: {expression}"));
    value.json().unwrap()
}

fn create(spec: &Value) -> Value {
    json!({
        "namespace": "shop", "operation": "CREATE", "oldObject": null,
        "userInfo": {"username": "ann", "groups": ["developers"]},
        "object": {"metadata": {"name": "a"}, "spec": spec},
    })
}

fn pinned(name: &str) -> String {
    format!("{name}@sha256:{}", "ab".repeat(32))
}

fn pod(image: &str) -> Value {
    json!({"containers": [{"name": "c", "image": image}]})
}

const TRUST: &str = r#"
version: 1
trust:
  scopes:
    - {scope: "*", registries: [registry.example, "*.example.org"]}
    - {scope: registry.example/free/*, accept: true}
    - {scope: registry.example/strict/*, digest: required, labels: {a: b}}
    - {scope: registry.example/old/app, refuse: withdrawn}
    - {scope: docker.io/library/alpine, accept: true}
rules:
  - {name: ours, decision: deny, untrusted: true, scope: {exclude: [{namespace: legacy}]}}
"#;

fn tags() -> FailSafeSettings {
    FailSafeSettings { allow_tags: true, ..FailSafeSettings::default() }
}

#[test]
fn registries_and_repositories_as_the_trust_section_has_them() {
    let layer = Layer::of(TRUST, &tags());
    let policy = Policy::parse("policy.yaml", TRUST).unwrap();
    for (image, expect) in [
        ("registry.example/team/app:1", true),
        ("registry.example.evil/team/app:1", false),
        ("registry.example:5000/team/app", false),
        ("evil/registry.example/app", false),
        ("a.example.org/app", true),
        ("a.example.org:5000/app:1", true),
        ("example.org/app", false),
        ("app", false),
        ("alpine", true),
        ("alpine:3.19", true),
        ("docker.io/library/alpine:3.19", true),
        ("index.docker.io/library/alpine", true),
        ("docker.io/alpine", true),
        ("alpine/evil", false),
        ("registry.example/strict/app:1", false),
        (&pinned("registry.example/strict/app:1"), true),
        ("registry.example/old/app:2", false),
        ("registry.example/older/app:2", true),
        ("localhost/app", false),
    ] {
        let refused = layer.refusals(&create(&pod(image)));
        assert_eq!(refused.is_empty(), expect, "{image}: {refused:?}");
        // What the layer lets in by a scope, the policy's own scope is the same.
        let reference: model::ImageRef = image.parse().unwrap();
        if image != "docker.io/alpine" {
            let scope = policy.trust.as_ref().unwrap().requirements(Some(&reference)).unwrap();
            let never = scope.demands.iter().any(|d| matches!(d, policy::trust::Demand::Never(_)));
            assert!(!(never && expect), "{image}");
        }
    }
    let mut legacy = create(&pod("app"));
    legacy["namespace"] = "legacy".into();
    assert!(layer.refusals(&legacy).is_empty(), "a namespace that the rule leaves out");
    legacy["namespace"] = "legacy2".into();
    assert_eq!(layer.refusals(&legacy).len(), 1);
}

#[test]
fn every_place_of_an_image_counts() {
    let layer = Layer::of(TRUST, &tags());
    let good = json!({"name": "c", "image": "alpine"});
    let bad = json!({"name": "d", "image": "evil.example/x"});
    for spec in [
        json!({"containers": [good, bad]}),
        json!({"containers": [good], "initContainers": [bad]}),
        json!({"containers": [good], "ephemeralContainers": [bad]}),
        json!({"containers": [good], "volumes": [{"name": "e", "emptyDir": {}}, {"name": "v", "image": {"reference": "evil.example/x"}}]}),
    ] {
        assert_eq!(layer.refusals(&create(&spec)).len(), 1, "{spec}");
    }
}

#[test]
fn digests_are_demanded_and_denied() {
    let denied = format!("sha256:{}", "cd".repeat(32));
    let settings = FailSafeSettings {
        denied_digests: vec![denied.parse().unwrap()],
        ..FailSafeSettings::default()
    };
    let layer = Layer::of("version: 1\nrules: []\n", &settings);
    assert!(layer.refusals(&create(&pod(&pinned("a")))).is_empty());
    assert!(layer.refusals(&create(&pod("a:1")))[0].contains("digest"));
    assert!(layer.refusals(&create(&pod(&format!("a@{denied}"))))[0].contains("list"));
    let mut exempt = create(&pod("a:1"));
    exempt["namespace"] = "kube-system".into();
    assert!(layer.refusals(&exempt).is_empty());
}

const OPTIONS: &str = "
version: 1
rules:
  - name: takeover
    decision: deny
    workload:
      privileged: true
      host_namespaces: [pid, network, ipc]
      capabilities: [CAP_SYS_ADMIN]
      host_ports: true
      privilege_escalation: true
      mounts: {sensitive: true, paths: [/srv/secret]}
      seccomp_unconfined: true
";

#[test]
fn options_as_the_policy_judges_them() {
    let layer = Layer::of(OPTIONS, &FailSafeSettings::default());
    let policy = Policy::parse("policy.yaml", OPTIONS).unwrap();
    let image = pinned("a");
    let container = |extra: Value| {
        let mut container = json!({"name": "c", "image": image});
        container.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"containers": [container]})
    };
    let mount = |path: &str, read_only: bool| {
        json!({"containers": [{"name": "c", "image": image, "volumeMounts": [{"name": "v", "mountPath": "/m", "readOnly": read_only}]}],
            "volumes": [{"name": "v", "hostPath": {"path": path}}]})
    };
    let specs = [
        container(json!({})),
        container(json!({"securityContext": {"privileged": true}})),
        container(json!({"securityContext": {"privileged": false}})),
        container(json!({"securityContext": {"allowPrivilegeEscalation": true}})),
        container(json!({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}})),
        container(json!({"securityContext": {"capabilities": {"add": ["ALL"]}}})),
        container(json!({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}})),
        container(json!({"ports": [{"containerPort": 80, "hostPort": 80}]})),
        container(json!({"ports": [{"containerPort": 80}]})),
        json!({"hostPID": true, "containers": [{"name": "c", "image": image}]}),
        json!({"hostPID": false, "containers": [{"name": "c", "image": image}]}),
        json!({"hostNetwork": true, "containers": [{"name": "c", "image": image}]}),
        json!({"hostIPC": true, "containers": [{"name": "c", "image": image}]}),
        mount("/run/docker.sock", true),
        mount("/var/run/docker.sock", true),
        mount("/var/run/", true),
        mount("/", true),
        mount("/etc/shadow", true),
        mount("/etc/localtime", true),
        mount("/etcetera", false),
        mount("/srv/app", false),
        mount("/srv/secret/key", true),
        mount("/srv", true),
    ];
    for spec in specs {
        let refused = layer.refusals(&create(&spec));
        let workload = policy::workload::from_pod(&json!({"kind": "Pod", "spec": spec})).unwrap();
        let judged = policy::judge_workload(&workload, &[], &policy, "2026-11-25");
        let judge_refuses = judged.verdict.reasons.iter().any(|reason| reason.rule == "takeover");
        assert_eq!(!refused.is_empty(), judge_refuses, "{spec}\n{refused:?}\n{judged:?}");
    }
    assert!(layer.document["spec"]["failurePolicy"] == "Fail");
}

#[test]
fn what_ends_leaves_alone_or_breaks_the_glass_is_let_in() {
    let layer = Layer::of(OPTIONS, &FailSafeSettings::default());
    let mut request =
        create(&json!({"hostPID": true, "containers": [{"name": "c", "image": "a"}]}));
    assert_eq!(layer.refusals(&request).len(), 2);
    request["oldObject"] = request["object"].clone();
    assert!(layer.refusals(&request).is_empty(), "nothing that runs changes");
    request["oldObject"]["spec"]["hostPID"] = false.into();
    assert_eq!(layer.refusals(&request).len(), 2);
    request["object"]["metadata"]["deletionTimestamp"] = "2026-11-25T00:00:00Z".into();
    assert!(layer.refusals(&request).is_empty(), "it is being deleted");
    let mut glass = create(&json!({"hostPID": true, "containers": [{"name": "c", "image": "a"}]}));
    glass["object"]["metadata"]["annotations"] = json!({BREAK_GLASS: "INC-12: shop is down"});
    assert_eq!(layer.refusals(&glass).len(), 2, "by nobody who may");
    glass["userInfo"]["groups"] = json!(["lazaret:break-glass"]);
    assert!(layer.refusals(&glass).is_empty());
}

#[test]
fn what_cannot_be_said_is_named() {
    let policy = Policy::parse(
        "policy.yaml",
        "version: 1\nrules:\n  - {name: quiet, decision: deny, workload: {seccomp_unconfined: true, devices: [/dev/mem]}}\n  \
         - {name: there, decision: deny, scope: {namespace: [a]}, workload: {privileged: true}}\n  \
         - {name: eyes, decision: deny, mode: observe, workload: {host_namespaces: [pid]}}\n  \
         - {name: malware, decision: deny, malware: {band: malicious}}\n",
    )
    .unwrap();
    let text = fail_safe(&ManifestSettings::default(), &tags(), &policy).unwrap();
    for line in [
        "rule quiet: devices",
        "rule quiet: seccomp profiles",
        "rule there: it has exceptions, or a scope",
        "that a report knows",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    for word in ["hostPID", "privileged"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!((actions(Mode::Observe), actions(Mode::Warn)), ("[Audit]", "[Warn, Audit]"));
}

#[test]
fn texts_are_quoted_whatever_is_in_them() {
    assert_eq!(text("a'b\\c\nd\u{7}"), r"'a\'b\\c\nd'");
    let program = Program::compile(&text("a'b\\c\nd")).unwrap();
    assert_eq!(program.execute(&Context::default()).unwrap().json().unwrap(), json!("a'b\\c\nd"));
}
