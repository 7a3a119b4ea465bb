//! Which questions are judged, and what of the object is: pure, and told by the request alone.
//!
//! Nothing that ends a workload is ever refused, nor an update that leaves what runs as it is: a
//! policy that has grown stricter harms nobody who runs already.

use serde_json::{Value, json};

use super::AdmissionRequest;

/// The annotation that lets a workload in all the same; its value says why.
pub const BREAK_GLASS: &str = "lazaret.dev/break-glass";

/// Collections whose objects run containers, and where their pod lies.
const COLLECTIONS: [(&str, &str); 9] = [
    ("pods", ""),
    ("podtemplates", "/template"),
    ("replicationcontrollers", "/spec/template"),
    ("deployments", "/spec/template"),
    ("replicasets", "/spec/template"),
    ("statefulsets", "/spec/template"),
    ("daemonsets", "/spec/template"),
    ("jobs", "/spec/template"),
    ("cronjobs", "/spec/jobTemplate/spec/template"),
];

/// The API groups of these collections, past ones too.
const GROUPS: [&str; 4] = ["", "apps", "batch", "extensions"];

/// What becomes of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// It is let in unjudged, for this reason.
    LetIn(&'static str),
    /// This is judged.
    Judge(Subject),
}

/// What is judged of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    /// The kind of the object that was sent.
    pub(super) kind: String,
    /// The pod, or the pod that a controller would make: `kind`, `metadata` and `spec`.
    pub(super) pod: Value,
    /// Whether this is what will run, not a controller that will make it.
    pub(super) is_pod: bool,
    /// The reason given with [`BREAK_GLASS`].
    pub(super) break_glass: Option<String>,
}

/// Looks at a question.
pub(super) fn asked(request: &AdmissionRequest, exempt_namespaces: &[String]) -> Asked {
    if !matches!(request.operation.as_str(), "CREATE" | "UPDATE") {
        return Asked::LetIn("nothing starts by it");
    }
    let known = |(name, _): &&(&str, &str)| *name == request.resource.resource;
    let group = request.resource.group.as_str();
    let Some((_, place)) = COLLECTIONS.iter().find(known).filter(|_| GROUPS.contains(&group))
    else {
        return Asked::LetIn("it runs no containers");
    };
    if !matches!(request.sub_resource.as_str(), "" | "ephemeralcontainers") {
        return Asked::LetIn("it changes no container");
    }
    if exempt_namespaces.contains(&request.namespace) {
        return Asked::LetIn("its namespace is exempt");
    }
    if !matches!(request.object.pointer("/metadata/deletionTimestamp"), None | Some(Value::Null)) {
        return Asked::LetIn("it is being deleted");
    }
    let mut new = pod_of(request, &request.object, place);
    if request.operation == "UPDATE" {
        let old = pod_of(request, &request.old_object, place);
        if runs_the_same(&new, &old) {
            return Asked::LetIn("what runs stays as it is");
        }
        leave_out_running(&mut new, &old);
    }
    Asked::Judge(Subject {
        kind: request.kind.kind.clone(),
        break_glass: break_glass(&new),
        pod: new,
        is_pod: place.is_empty(),
    })
}

/// Ephemeral containers are only ever added: those that were there run already.
fn leave_out_running(new: &mut Value, old: &Value) {
    let old = old["spec"]["ephemeralContainers"].as_array().cloned().unwrap_or_default();
    let list = new["spec"].get_mut("ephemeralContainers").and_then(Value::as_array_mut);
    if let Some(list) = list {
        list.retain(|container| !old.contains(container));
    }
}

/// The pod in an object. Of a request for ephemeral containers only those are judged: the others
/// run already. Until Kubernetes 1.22 such a request brings an `EphemeralContainers` object.
fn pod_of(request: &AdmissionRequest, object: &Value, place: &str) -> Value {
    let part =
        |pointer: &str| object.pointer(&format!("{place}{pointer}")).cloned().unwrap_or_default();
    let (metadata, mut spec) = (part("/metadata"), part("/spec"));
    if request.sub_resource == "ephemeralcontainers" {
        if request.kind.kind == "EphemeralContainers" {
            spec = json!({"ephemeralContainers": part("/ephemeralContainers")});
        }
        if let Value::Object(fields) = &mut spec {
            fields.retain(|key, _| !matches!(key.as_str(), "containers" | "initContainers"));
        }
    }
    json!({"kind": "Pod", "metadata": metadata, "spec": spec})
}

fn runs_the_same(new: &Value, old: &Value) -> bool {
    !new["spec"].is_null() && new["spec"] == old["spec"] && break_glass(new) == break_glass(old)
}

fn break_glass(pod: &Value) -> Option<String> {
    pod["metadata"]["annotations"].get(BREAK_GLASS)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> AdmissionRequest {
        serde_json::from_str(text).unwrap()
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        match asked(&request(text), &["kube-system".to_owned()]) {
            Asked::LetIn(why) => assert_eq!(why, expect),
            // As values: the order of keys is not the same in every build.
            Asked::Judge(subject) => {
                let expect = expect.strip_prefix("judge ").unwrap_or("null");
                let expect: serde_json::Value = serde_json::from_str(expect).unwrap();
                assert_eq!(subject.pod["spec"], expect);
            }
        }
    }

    const POD: &str =
        r#""resource":{"group":"","version":"v1","resource":"pods"},"kind":{"kind":"Pod"}"#;

    #[test]
    fn what_is_judged_and_what_is_not() {
        let object = |spec: &str| format!(r#""object":{{"metadata":{{}},"spec":{spec}}}"#);
        let old = |spec: &str| format!(r#""oldObject":{{"spec":{spec}}}"#);
        let pod = |rest: &str| format!("{{{POD},{rest}}}");
        let one = object(r#"{"a":1}"#);
        check(&pod(&format!(r#""operation":"CREATE",{one}"#)), r#"judge {"a":1}"#);
        check(&pod(r#""operation":"DELETE","oldObject":{"spec":{}}"#), "nothing starts by it");
        check(&pod(r#""operation":"CONNECT","subResource":"exec""#), "nothing starts by it");
        check(
            &pod(&format!(r#""operation":"UPDATE","subResource":"status",{one}"#)),
            "it changes no container",
        );
        check(
            &pod(&format!(r#""operation":"CREATE","namespace":"kube-system",{one}"#)),
            "its namespace is exempt",
        );
        check(
            &pod(&format!(r#""operation":"CREATE","namespace":"kube-system2",{one}"#)),
            r#"judge {"a":1}"#,
        );
        check(
            &pod(&format!(r#""operation":"UPDATE",{one},{}"#, old(r#"{"a":1}"#))),
            "what runs stays as it is",
        );
        check(
            &pod(&format!(r#""operation":"UPDATE",{one},{}"#, old(r#"{"a":2}"#))),
            r#"judge {"a":1}"#,
        );
        check(
            &pod(
                r#""operation":"UPDATE","object":{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}}"#,
            ),
            "it is being deleted",
        );
        // Without a spec there is nothing that could be the same.
        check(&pod(r#""operation":"UPDATE","object":{},"oldObject":{}"#), "judge null");
        let configmap = r#"{"resource":{"resource":"configmaps"},"operation":"CREATE"}"#;
        check(configmap, "it runs no containers");
        let foreign =
            r#"{"resource":{"group":"example.com","resource":"deployments"},"operation":"CREATE"}"#;
        check(foreign, "it runs no containers");
        let cron = r#"{"resource":{"group":"batch","resource":"cronjobs"},"operation":"CREATE",
            "object":{"spec":{"jobTemplate":{"spec":{"template":{"spec":{"b":2}}}}}}}"#;
        check(cron, r#"judge {"b":2}"#);
    }

    #[test]
    fn of_ephemeral_containers_only_they_are_judged() {
        let now = format!(
            r#"{{{POD},"operation":"UPDATE","subResource":"ephemeralcontainers",
            "object":{{"spec":{{"containers":[1],"hostPID":true,"ephemeralContainers":[2]}}}},
            "oldObject":{{"spec":{{"containers":[1],"hostPID":true}}}}}}"#
        );
        check(&now, r#"judge {"ephemeralContainers":[2],"hostPID":true}"#);
        let before_1_22 = r#"{"resource":{"resource":"pods"},"kind":{"kind":"EphemeralContainers"},
            "operation":"UPDATE","subResource":"ephemeralcontainers",
            "object":{"ephemeralContainers":[1,2]},"oldObject":{"ephemeralContainers":[1]}}"#;
        check(before_1_22, r#"judge {"ephemeralContainers":[2]}"#);
    }

    #[test]
    fn breaking_the_glass_is_a_change() {
        let text = format!(
            r#"{{{POD},"operation":"UPDATE","oldObject":{{"spec":{{}}}},
            "object":{{"spec":{{}},"metadata":{{"annotations":{{"{BREAK_GLASS}":"outage 12"}}}}}}}}"#
        );
        let Asked::Judge(subject) = asked(&request(&text), &[]) else { panic!("let in") };
        assert_eq!(subject.break_glass.as_deref(), Some("outage 12"));
    }
}
