//! The contract with an API server: documents of both versions, over HTTPS with the server's own
//! authority; what is judged, refused, let in, pinned, warned of and written down.

#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::type_complexity, unreachable_pub)]

mod support;

use lazaret_server as server;
use model::{Decision, Gate};
use serde_json::{Value, json};
use support::*;

fn allowed(response: &Value) -> bool {
    response["allowed"].as_bool().unwrap()
}

fn message(response: &Value) -> &str {
    response["status"]["message"].as_str().unwrap_or_default()
}

/// A server that knows a sound image (number 1) and a rotten one (number 2).
fn two_images() -> Running {
    let mut rotten = report("registry.example/rotten:1", 2, 0);
    rotten.image.config.user = "root".to_owned();
    Running::start(SEVEN, &[report("registry.example/sound:1", 1, 0), rotten])
}

fn sound() -> String {
    pinned("sound", 1)
}

fn rotten() -> String {
    pinned("rotten", 2)
}

#[test]
fn of_each_kind_one_is_refused_and_its_twin_let_in() {
    let kinds = seven_kinds();
    let reports: Vec<_> = kinds.iter().flat_map(|kind| kind.reports.clone()).collect();
    let server = Running::start(SEVEN, &reports);
    for kind in &kinds {
        let refused = server.ask(&create_pod(&pod_of(&kind.references[0])));
        assert!(!allowed(&refused), "{}", kind.rule);
        assert_eq!(refused["status"]["code"], 403);
        assert_eq!(refused["status"]["reason"], "Forbidden");
        for word in [kind.rule, kind.evidence, "exception"] {
            assert!(message(&refused).contains(word), "{word} in {}", message(&refused));
        }
        assert_eq!(refused["auditAnnotations"]["rules"], kind.rule, "no other rule speaks");
        let twin = server.ask(&create_pod(&pod_of(&kind.references[1])));
        assert!(allowed(&twin), "{}: {}", kind.rule, message(&twin));
        assert_eq!(twin["auditAnnotations"]["verdict"], "allow");
    }
    let written = server.decisions();
    assert_eq!(written.len(), 14);
    for (record, kind) in written.chunks(2).map(|two| &two[0]).zip(&kinds) {
        assert_eq!((record.gate, record.enforced), (Gate::Admission, Decision::Deny));
        assert_eq!(record.action, "CREATE pods");
        assert_eq!(record.verdict.reasons[0].rule, kind.rule);
        assert!(record.reports[0].is_some());
        assert_eq!(record.workload.namespace, "shop");
        assert_eq!(record.workload.actor.as_ref().unwrap().user, "ann");
    }
}

#[test]
fn every_place_of_an_image_is_judged() {
    let server = two_images();
    let places = [
        json!({"containers": [{"name": "c", "image": rotten()}]}),
        json!({"containers": [{"name": "c", "image": sound()}], "initContainers": [{"name": "i", "image": rotten()}]}),
        json!({"containers": [{"name": "c", "image": sound()}], "initContainers": [{"name": "s", "image": rotten(), "restartPolicy": "Always"}]}),
        json!({"containers": [{"name": "c", "image": sound()}], "ephemeralContainers": [{"name": "e", "image": rotten()}]}),
        json!({"containers": [{"name": "c", "image": sound()}, {"name": "d", "image": rotten()}]}),
    ];
    for spec in places {
        assert!(!allowed(&server.ask(&create_pod(&spec))), "{spec}");
    }
    // An image volume runs nothing, so the user of its image says nothing; but nobody has seen it.
    let volume = |reference: String| json!({"containers": [{"name": "c", "image": sound()}], "volumes": [{"name": "v", "image": {"reference": reference, "pullPolicy": "Always"}}]});
    assert!(!allowed(&server.ask(&create_pod(&volume(pinned("unseen", 77))))));
    assert!(allowed(&server.ask(&create_pod(&volume(sound())))));
}

#[test]
fn controllers_are_judged_early() {
    let server = two_images();
    let template = |image: &str| json!({"metadata": {"labels": {"a": "b"}}, "spec": pod_of(image)});
    let wrapped = |image: &str| {
        let spec = json!({"template": template(image)});
        [
            ("apps", "deployments", "Deployment", spec.clone()),
            ("apps", "replicasets", "ReplicaSet", spec.clone()),
            ("apps", "statefulsets", "StatefulSet", spec.clone()),
            ("apps", "daemonsets", "DaemonSet", spec.clone()),
            ("batch", "jobs", "Job", spec.clone()),
            ("", "replicationcontrollers", "ReplicationController", spec.clone()),
            ("batch", "cronjobs", "CronJob", json!({"jobTemplate": {"spec": spec}})),
        ]
    };
    for (group, resource, kind, spec) in wrapped(&rotten()) {
        let refused = server.ask(&create(
            group,
            resource,
            kind,
            &json!({"metadata": {"name": "x"}, "spec": spec}),
        ));
        assert!(!allowed(&refused), "{kind}");
        assert!(message(&refused).contains(kind), "{}", message(&refused));
    }
    for (group, resource, kind, spec) in wrapped(&sound()) {
        let object = json!({"metadata": {"name": "x"}, "spec": spec});
        let answer = server.ask(&create(group, resource, kind, &object));
        assert!(allowed(&answer), "{kind}: {}", message(&answer));
    }
    let podtemplate = json!({"metadata": {"name": "x"}, "template": template(&rotten())});
    assert!(!allowed(&server.ask(&create("", "podtemplates", "PodTemplate", &podtemplate))));
    // Scaling a rotten deployment is nothing new; changing its image is.
    let deployment = |image: &str, replicas: u32| json!({"spec": {"replicas": replicas, "template": template(image)}});
    let mut scale = create("apps", "deployments", "Deployment", &deployment(&rotten(), 3));
    scale["operation"] = "UPDATE".into();
    scale["oldObject"] = deployment(&rotten(), 1);
    assert!(allowed(&server.ask(&scale)));
    scale["oldObject"] = deployment(&sound(), 1);
    assert!(!allowed(&server.ask(&scale)));
}

#[test]
fn ephemeral_containers_are_judged_in_both_shapes() {
    let server = two_images();
    let mut request = create_pod(&json!({
        "containers": [{"name": "c", "image": rotten()}],
        "ephemeralContainers": [{"name": "debug", "image": rotten()}],
    }));
    request["operation"] = "UPDATE".into();
    request["subResource"] = "ephemeralcontainers".into();
    request["oldObject"] = json!({"spec": {"containers": [{"name": "c", "image": rotten()}]}});
    let refused = server.ask(&request);
    assert!(!allowed(&refused));
    // What runs already does not stand in the way of a sound one.
    request["object"]["spec"]["ephemeralContainers"][0]["image"] = sound().into();
    assert!(allowed(&server.ask(&request)));
    let mut before_1_22 = create(
        "",
        "pods",
        "EphemeralContainers",
        &json!({"ephemeralContainers": [{"name": "debug", "image": rotten()}]}),
    );
    before_1_22["operation"] = "UPDATE".into();
    before_1_22["subResource"] = "ephemeralcontainers".into();
    before_1_22["oldObject"] = json!({"ephemeralContainers": []});
    assert!(!allowed(&server.ask(&before_1_22)));
    assert_eq!(server.decisions()[0].action, "UPDATE pods/ephemeralcontainers");
}

#[test]
fn what_ends_or_leaves_alone_is_never_refused() {
    let server = two_images();
    let question = |change: &dyn Fn(&mut Value)| {
        let mut request = create_pod(&pod_of(&rotten()));
        change(&mut request);
        server.ask(&request)
    };
    let let_in: [(&str, &dyn Fn(&mut Value)); 6] = [
        ("delete", &|r| {
            r["operation"] = "DELETE".into();
            r["oldObject"] = r["object"].take();
        }),
        ("status", &|r| {
            r["operation"] = "UPDATE".into();
            r["subResource"] = "status".into();
            r["oldObject"] = r["object"].clone();
        }),
        ("binding", &|r| {
            r["subResource"] = "binding".into();
        }),
        ("finalizers", &|r| {
            r["operation"] = "UPDATE".into();
            r["object"]["metadata"]["deletionTimestamp"] = "2026-11-25T00:00:00Z".into();
        }),
        ("labels", &|r| {
            r["operation"] = "UPDATE".into();
            r["oldObject"] = r["object"].clone();
            r["object"]["metadata"]["labels"] = json!({"a": "b"});
        }),
        ("exempt", &|r| {
            r["namespace"] = "kube-system".into();
        }),
    ];
    for (what, change) in let_in {
        let answer = question(change);
        assert!(allowed(&answer), "{what}: {}", message(&answer));
        assert!(answer["auditAnnotations"]["unjudged"].is_string(), "{what}");
    }
    assert!(server.decisions().is_empty());
    // An exemption is a whole name, and nothing in the object makes one.
    assert!(!allowed(&question(&|r| r["namespace"] = "kube-system-2".into())));
    assert!(!allowed(&question(&|r| r["object"]["metadata"]["namespace"] = "kube-system".into())));
}

#[test]
fn a_dry_run_is_answered_and_leaves_no_trace() {
    let server = two_images();
    let mut request = create_pod(&pod_of(&rotten()));
    request["dryRun"] = true.into();
    assert!(!allowed(&server.ask(&request)));
    assert!(server.decisions().is_empty());
}

#[test]
fn both_versions_are_answered_in_their_own() {
    let server = two_images();
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        let mut review = review(&create_pod(&pod_of(&rotten())));
        review["apiVersion"] = version.into();
        let (status, answer) = server.post("/admission", &review);
        assert_eq!((status, &answer["apiVersion"]), (200, &Value::from(version)));
        assert!(!allowed(&answer["response"]));
    }
}

#[test]
fn what_is_no_review_is_refused() {
    let server = two_images();
    let mut other_version = review(&create_pod(&pod_of(&sound())));
    other_version["apiVersion"] = "admission.k8s.io/v2".into();
    let mut no_uid = review(&create_pod(&pod_of(&sound())));
    no_uid["request"]["uid"] = "".into();
    let deep = "[".repeat(100_000);
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        other_version.to_string(),
        no_uid.to_string(),
        deep,
        review(&json!({"uid": "1", "object": 3, "operation": ["CREATE"]})).to_string(),
    ];
    for body in bodies {
        let (status, _) = server.post_bytes("/admission", body.as_bytes());
        assert_eq!(status, 400, "{}", &body[..body.len().min(80)]);
    }
    let huge = server.status_of("/admission", &vec![b' '; 9 << 20]);
    assert!(huge.is_none_or(|status| status == 413), "{huge:?}");
    assert_eq!(server.page("/admission").0, 405);
    assert_eq!(server.page("/nothing").0, 404);
    // A pod that cannot be read is a pod that cannot be judged.
    for spec in [
        json!(null),
        json!("x"),
        json!({"containers": "none"}),
        json!({"containers": [{"image": 3}]}),
    ] {
        let answer = server.ask(&create_pod(&spec));
        assert!(!allowed(&answer), "{spec}");
        assert_eq!(answer["status"]["code"], 500);
    }
}

#[test]
fn a_large_review_is_judged_and_too_many_containers_are_refused() {
    let server = two_images();
    let mut request = create_pod(&pod_of(&sound()));
    request["object"]["metadata"]["annotations"] = json!({"padding": "x".repeat(3 << 20)});
    assert!(allowed(&server.ask(&request)));
    let many: Vec<Value> =
        (0..1_001).map(|n| json!({"name": n.to_string(), "image": sound()})).collect();
    assert!(!allowed(&server.ask(&create_pod(&json!({"containers": many})))));
}

#[test]
fn tags_become_digests_and_only_then_are_judged() {
    let server = two_images();
    let tag = "registry.example/sound:1";
    let question = create_pod(&pod_of(tag));
    assert!(!allowed(&server.ask(&question)), "a tag alone says nothing of what is pulled");
    let steps = server.patch(&question);
    assert_eq!(
        steps[1],
        json!({"op": "replace", "path": "/spec/containers/0/image", "value": format!("{tag}@{}", digest(1))})
    );
    let pinned = steps[1]["value"].as_str().unwrap();
    assert!(allowed(&server.ask(&create_pod(&pod_of(pinned)))));
    // A digest decides, whatever tag or name stands before it.
    let lying = format!("registry.example/sound:1@{}", digest(2));
    assert!(!allowed(&server.ask(&create_pod(&pod_of(&lying)))));
    assert!(server.patch(&create_pod(&pod_of("registry.example/never-scanned:1"))).is_empty());
    let deployment = json!({"spec": {"template": {"spec": pod_of(tag)}}});
    let deployment = create("apps", "deployments", "Deployment", &deployment);
    assert!(server.patch(&deployment).is_empty(), "controllers keep their tags");
    assert!(allowed(&server.ask(&deployment)), "and are judged by what they last meant");
}

#[test]
fn warnings_and_observation() {
    let mut leaky = report("registry.example/leaky:1", 3, 0);
    leaky.findings.push(secret("token"));
    let server = Running::start(SEVEN, &[leaky, report("registry.example/sound:1", 1, 0)]);
    let warned = server.ask(&create_pod(&pod_of(&pinned("leaky", 3))));
    assert!(allowed(&warned));
    let warnings = warned["warnings"].as_array().unwrap();
    assert!(warnings[0].as_str().unwrap().contains("mode: warn"), "{warnings:?}");
    assert!(warnings[1].as_str().unwrap().contains("tokens"), "{warnings:?}");
    let open = json!({"containers": [{"name": "c", "image": sound(), "ports": [{"containerPort": 80, "hostPort": 80}]}]});
    let warned = server.ask(&create_pod(&open));
    assert!(
        allowed(&warned) && warned["warnings"][0].as_str().unwrap().contains("ports"),
        "{warned}"
    );
    let observing = Running::start(&SEVEN.replace("version: 1", "version: 1\nmode: observe"), &[]);
    let watched = observing.ask(&create_pod(&pod_of("anything")));
    assert!(allowed(&watched) && watched["warnings"].is_null(), "{watched}");
    assert_eq!(watched["auditAnnotations"]["verdict"], "deny");
    let record = &observing.decisions()[0];
    assert_eq!((record.verdict.decision, record.enforced), (Decision::Deny, Decision::Allow));
    assert!(record.because.contains("observe"));
}

#[test]
fn breaking_the_glass() {
    let server = two_images();
    let question = |user: &str, groups: Value, why: &str| {
        let mut request = create_pod(&pod_of(&rotten()));
        request["userInfo"] = json!({"username": user, "groups": groups});
        request["object"]["metadata"]["annotations"] = json!({"lazaret.dev/break-glass": why});
        request
    };
    let broken =
        server.ask(&question("ann", json!(["lazaret:break-glass"]), "INC-12: shop is down"));
    assert!(allowed(&broken));
    assert!(broken["warnings"][0].as_str().unwrap().contains("INC-12"));
    assert_eq!(broken["auditAnnotations"]["because"], "break-glass: INC-12: shop is down");
    let record = server.decisions().remove(0);
    assert_eq!(record.verdict.decision, Decision::Deny);
    assert_eq!(record.because, "break-glass: INC-12: shop is down");
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    assert!(allowed(&server.ask(&question(controller, json!([]), "INC-12: shop is down"))));
    let stranger = server.ask(&question("eve", json!(["developers"]), "INC-12: shop is down"));
    assert!(!allowed(&stranger) && message(&stranger).contains("lazaret:break-glass"));
    assert!(!allowed(&server.ask(&question("ann", json!(["lazaret:break-glass"]), ""))));
    // Nobody else may leave the annotation on a template for a controller to use later.
    let mut template = create(
        "apps",
        "deployments",
        "Deployment",
        &json!({"spec": {"template": {
        "metadata": {"annotations": {"lazaret.dev/break-glass": "INC-12: shop is down"}}, "spec": pod_of(&sound())}}}),
    );
    assert!(!allowed(&server.ask(&template)));
    template["userInfo"]["groups"] = json!(["lazaret:break-glass"]);
    assert!(allowed(&server.ask(&template)));
}

#[test]
fn image_reviews() {
    let server = two_images();
    let ask = |images: &[&str], namespace: &str| {
        let containers: Vec<Value> = images.iter().map(|image| json!({"image": image})).collect();
        let (status, answer) = server.post("/image-review", &json!({
            "apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview",
            "spec": {"containers": containers, "annotations": {"x.image-policy.k8s.io/y": "z"}, "namespace": namespace},
        }));
        assert_eq!((status, &answer["kind"]), (200, &Value::from("ImageReview")));
        answer["status"].clone()
    };
    assert_eq!(ask(&[&sound(), "registry.example/sound:1"], "shop")["allowed"], true);
    let refused = ask(&[&sound(), &rotten()], "shop");
    assert_eq!(refused["allowed"], false);
    assert!(refused["reason"].as_str().unwrap().contains("no-root"), "{refused}");
    assert_eq!(
        ask(&["registry.example/rotten:1"], "shop")["allowed"],
        false,
        "by what the tag meant"
    );
    assert_eq!(ask(&["unknown:1"], "shop")["allowed"], false);
    assert_eq!(ask(&["unknown:1"], "kube-system")["allowed"], true);
    assert_eq!(server.decisions()[1].gate, Gate::ImageReview);
    assert_eq!(server.post("/image-review", &review(&create_pod(&json!({})))).0, 400);
}

#[test]
fn health_metrics_and_authority() {
    let server = two_images();
    server.ask(&create_pod(&pod_of(&sound())));
    server.ask(&create_pod(&pod_of(&rotten())));
    assert_eq!(server.page("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(server.page("/readyz"), (200, "ready\n".to_owned()));
    let (_, text) = server.page("/metrics");
    for line in ["ending=\"allowed\"} 1", "ending=\"denied\"} 1", "duration_seconds_count 2"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let stranger =
        server::Certificates::made(&["127.0.0.1".to_owned()], model::Timestamp::now()).unwrap();
    let url = format!("{}/healthz", server.url);
    assert!(
        agent(&stranger.bundle()).get(url).call().is_err(),
        "another authority's word counts not"
    );
}

#[test]
fn certificates_change_while_connections_are_open() {
    let server = two_images();
    let now = model::Timestamp::now();
    let names = ["127.0.0.1".to_owned()];
    let later = now.checked_add(jiff::SignedDuration::from_hours(24 * 61)).unwrap();
    let renewed = server.certificates.renewed(&names, later).unwrap().unwrap();
    assert_ne!(renewed.serving_certificate(), server.certificates.serving_certificate());
    assert!(allowed(&server.ask(&create_pod(&pod_of(&sound())))));
    server
        .served
        .replace(server.certificates.serving_certificate(), renewed.serving_key())
        .unwrap_err();
    // A key that is not its certificate's is refused, and the old one is still served.
    assert_eq!(server.page("/healthz").0, 200);
    let other = server::Certificates::made(&names, now).unwrap();
    server.served.replace(other.serving_certificate(), other.serving_key()).unwrap();
    let url = format!("{}/healthz", server.url);
    assert!(agent(&other.bundle()).get(&url).call().is_ok());
    assert!(agent(&server.bundle).get(&url).call().is_err());
    assert!(allowed(&server.ask(&create_pod(&pod_of(&sound())))), "an open connection goes on");
}

#[test]
fn a_store_that_fails_lets_nothing_in() {
    let server = two_images();
    assert!(allowed(&server.ask(&create_pod(&pod_of(&sound())))));
    // Another process takes the log away: what cannot be written down is not let in.
    let store = std::process::Command::new("python3")
        .args(["-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('DROP TABLE decision'); c.commit()"])
        .arg(server.store())
        .status();
    if !store.is_ok_and(|status| status.success()) {
        eprintln!("skipped: python3 is not there");
        return;
    }
    let answer = server.ask(&create_pod(&pod_of(&sound())));
    assert!(!allowed(&answer));
    assert_eq!(answer["status"]["code"], 500);
    assert_eq!(server.page("/readyz").0, 503);
}
