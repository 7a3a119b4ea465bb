//! One entry of the Kubernetes API server's audit log, in the words of the trail. Pure.
//!
//! Source: Kubernetes `audit.k8s.io/v1`, `Event`.

use model::{AuditKind, AuditOutcome, AuditRecord, ContainerRef, Engine, Initiator, Timestamp};
use serde::Deserialize;

use super::cut;
use super::execs::PodExec;

/// What the machinery of a cluster writes all the time, and what only asks.
const QUIET_RESOURCES: [&str; 8] = [
    "leases",
    "events",
    "endpoints",
    "endpointslices",
    "tokenreviews",
    "subjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
];
/// What of a pod is like a login.
const SESSIONS: [&str; 3] = ["exec", "attach", "portforward"];

/// An entry of the log, as far as it is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    user: User,
    impersonated_user: Option<User>,
    #[serde(rename = "sourceIPs")]
    source_ips: Vec<String>,
    user_agent: String,
    object_ref: Option<Object>,
    response_status: Option<Status>,
    stage_timestamp: Option<Timestamp>,
    request_received_timestamp: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    groups: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Object {
    resource: String,
    namespace: String,
    name: String,
    subresource: String,
    api_group: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    reason: String,
}

impl Entry {
    /// When, in nanoseconds since 1970.
    pub(super) fn time_ns(&self) -> i64 {
        let time = self.stage_timestamp.or(self.request_received_timestamp).unwrap_or_default();
        i64::try_from(time.as_nanosecond()).unwrap_or_default()
    }

    fn object(&self) -> Object {
        self.object_ref.clone().unwrap_or_default()
    }

    fn is_session(&self) -> bool {
        let object = self.object();
        object.resource == "pods" && SESSIONS.contains(&object.subresource.as_str())
    }

    /// Whether it is recorded: changes, sessions, and looks at secrets; of each request its end, of
    /// a session also its beginning.
    pub(super) fn is_told(&self, quiet_users: &[String]) -> bool {
        let object = self.object();
        let stage = match self.stage.as_str() {
            "ResponseComplete" | "Panic" => true,
            "ResponseStarted" => self.is_session(),
            _ => false,
        };
        let changes = matches!(
            self.verb.as_str(),
            "create" | "update" | "patch" | "delete" | "deletecollection" | "connect"
        );
        let looks = matches!(self.verb.as_str(), "get" | "list" | "watch");
        let telling = changes || self.is_session() || (looks && object.resource == "secrets");
        let routine = object.subresource == "status"
            || QUIET_RESOURCES.contains(&object.resource.as_str())
            || quiet_users.iter().any(|quiet| matches(quiet, &self.user.username));
        stage && telling && !routine
    }

    /// The request to run something in a pod that it tells of, once it is let in.
    pub(super) fn pod_exec(&self) -> Option<PodExec> {
        let object = self.object();
        let let_in = self.response_status.as_ref().is_none_or(|status| status.code < 400);
        let wanted = self.is_session() && object.subresource != "portforward";
        (wanted && let_in && self.stage == "ResponseStarted").then(|| PodExec {
            pod: (object.namespace, object.name),
            time_ns: self.time_ns(),
            user: self.user.username.clone(),
            addresses: self.source_ips.join(","),
            audit_id: self.audit_id.clone(),
        })
    }

    /// As a record.
    pub(super) fn record(&self) -> AuditRecord {
        let object = self.object();
        let name = [object.namespace.as_str(), object.name.as_str()];
        let name: Vec<&str> = name.into_iter().filter(|part| !part.is_empty()).collect();
        let target = format!("{}/{}", object.resource, name.join("/"));
        let action = if self.is_session() { object.subresource.clone() } else { self.verb.clone() };
        let status = self.response_status.clone().unwrap_or_default();
        let mut text = format!("{} {action} {target}", self.user.username);
        if let Some(command) = self.command() {
            text.push_str(&format!(": {command}"));
        }
        if status.code >= 400 {
            text.push_str(&format!(" ({} {})", status.code, status.reason));
        }
        let mut record = AuditRecord {
            time_ns: self.time_ns(),
            kind: if object.resource == "pods" { AuditKind::Pod } else { AuditKind::Platform },
            outcome: outcome(status.code),
            action,
            initiator: Initiator { user: self.user.username.clone(), ..Initiator::default() },
            container: pod(&object),
            target,
            text: cut(&text),
            ..AuditRecord::default()
        };
        self.fill(&mut record, &object);
        record
    }

    fn fill(&self, record: &mut AuditRecord, object: &Object) {
        let impersonated = self.impersonated_user.as_ref().map(|user| user.username.as_str());
        for (name, value) in [
            ("platform", "kubernetes"),
            ("audit_id", &self.audit_id),
            ("stage", &self.stage),
            ("api_group", &object.api_group),
            ("subresource", &object.subresource),
            ("groups", &self.user.groups.join(",")),
            ("addresses", &self.source_ips.join(",")),
            ("user_agent", &self.user_agent),
            ("impersonated_user", impersonated.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                record.details.insert(name.to_owned(), cut(value));
            }
        }
        let code = self.response_status.as_ref().map(|status| status.code.to_string());
        record.details.extend(code.map(|code| ("code".to_owned(), code)));
        record.details.extend(self.command().map(|command| ("command".to_owned(), command)));
    }

    /// The command of a session, from the request's own words.
    fn command(&self) -> Option<String> {
        let (_, query) = self.request_uri.split_once('?').filter(|_| self.is_session())?;
        let words: Vec<String> = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("command="))
            .map(decoded)
            .collect();
        (!words.is_empty()).then(|| cut(&words.join(" ")))
    }
}

fn outcome(code: u16) -> AuditOutcome {
    match code {
        401 | 403 => AuditOutcome::Denied,
        400.. => AuditOutcome::Failure,
        _ => AuditOutcome::Success,
    }
}

fn pod(object: &Object) -> Option<ContainerRef> {
    (object.resource == "pods" && !object.name.is_empty()).then(|| ContainerRef {
        engine: Engine::Kubernetes,
        namespace: object.namespace.clone(),
        pod: object.name.clone(),
        ..ContainerRef::default()
    })
}

/// Whether a name is one, or begins so where a star ends the pattern.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

/// A part of a query with `%20` and `+` read back.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        // A sign is no digit, though numbers may have one.
        let two = tail.get(..2).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let code = two.and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads an entry as the log's follower does: its record, whether that is told, and what it lets run
/// in a pod. For fuzzing; `None` when it is no entry.
pub fn read_audit_entry(line: &[u8]) -> Option<(AuditRecord, bool, Option<PodExec>)> {
    let entry: Entry = serde_json::from_slice(line).ok()?;
    Some((entry.record(), entry.is_told(&[]), entry.pod_exec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stage: &str, verb: &str, object: &str, code: u16) -> Entry {
        let text = format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a1",
            "stage":"{stage}","requestURI":"/api/v1/namespaces/shop/pods/web-1/exec?command=sh&command=-c&command=id%3B+ls&container=web",
            "verb":"{verb}","user":{{"username":"anna","groups":["dev","system:authenticated"]}},
            "sourceIPs":["10.0.0.9"],"userAgent":"kubectl/v1.30","objectRef":{object},
            "responseStatus":{{"metadata":{{}},"code":{code}}},
            "requestReceivedTimestamp":"2026-11-25T10:00:00.000001Z","stageTimestamp":"2026-11-25T10:00:00.500000Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    const EXEC: &str = r#"{"resource":"pods","namespace":"shop","name":"web-1","subresource":"exec","apiVersion":"v1"}"#;
    const SECRET: &str = r#"{"resource":"secrets","namespace":"shop","name":"key"}"#;
    const LEASE: &str = r#"{"resource":"leases","namespace":"kube-system","name":"x"}"#;
    const STATUS: &str =
        r#"{"resource":"pods","namespace":"shop","name":"web-1","subresource":"status"}"#;

    #[test]
    fn a_session_in_a_pod_tells_user_and_command() {
        let began = entry("ResponseStarted", "create", EXEC, 101);
        assert!(began.is_told(&[]));
        let record = began.record();
        assert_eq!((record.kind, record.action.as_str()), (AuditKind::Pod, "exec"));
        assert_eq!(record.text, "anna exec pods/shop/web-1: sh -c id; ls");
        assert_eq!(record.initiator.user, "anna");
        assert_eq!(record.details["addresses"], "10.0.0.9");
        assert_eq!(record.container.unwrap().pod, "web-1");
        let asked = began.pod_exec().unwrap();
        assert_eq!(asked.pod, ("shop".to_owned(), "web-1".to_owned()));
        assert_eq!(asked.time_ns % 1_000_000_000, 500_000_000);
        assert!(entry("ResponseComplete", "create", EXEC, 101).pod_exec().is_none());
    }

    #[test]
    fn only_what_changes_or_looks_at_secrets_is_told() {
        for (stage, verb, object, expected) in [
            ("ResponseComplete", "get", SECRET, true),
            ("ResponseComplete", "get", EXEC, true),
            ("RequestReceived", "create", EXEC, false),
            ("ResponseStarted", "get", SECRET, false),
            ("ResponseComplete", "update", LEASE, false),
            ("ResponseComplete", "patch", STATUS, false),
            ("ResponseComplete", "delete", SECRET, true),
        ] {
            assert_eq!(entry(stage, verb, object, 200).is_told(&[]), expected, "{stage} {verb}");
        }
        let delete = entry("ResponseComplete", "delete", SECRET, 403);
        assert!(!delete.is_told(&["an*".to_owned()]));
        assert_eq!(delete.record().outcome, AuditOutcome::Denied);
        assert_eq!(delete.record().target, "secrets/shop/key");
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(decoded("a%2"), "a%2");
        assert_eq!(decoded("%zz%41%"), "%zzA%");
        assert_eq!(decoded("%+1"), "% 1");
    }
}
