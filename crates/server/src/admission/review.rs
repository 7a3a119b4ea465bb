//! `AdmissionReview`: the question of a Kubernetes API server and its answer.
//!
//! Source: the API groups `admission.k8s.io/v1` and `v1beta1`, which share these fields. What is
//! not needed to decide is not read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an API server posts.
#[derive(Debug, Clone, Deserialize)]
pub struct AdmissionReview {
    /// `admission.k8s.io/v1` or `admission.k8s.io/v1beta1`; the answer repeats it.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// `AdmissionReview`.
    pub kind: String,
    /// The question.
    pub request: AdmissionRequest,
}

/// Somebody wants to change an object of the cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AdmissionRequest {
    /// Names this question; the answer repeats it.
    pub uid: String,
    /// The type of `object`.
    pub kind: GroupVersionKind,
    /// What the request addresses.
    pub resource: GroupVersionResource,
    /// `ephemeralcontainers`, `status` …; empty for the object itself.
    pub sub_resource: String,
    /// The object's name; empty when the server has yet to make one.
    pub name: String,
    /// The object's namespace; empty for what has none.
    pub namespace: String,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: String,
    /// Who asks.
    pub user_info: UserInfo,
    /// The object as it would be; null when it is deleted.
    pub object: Value,
    /// The object as it is; null when it is new.
    pub old_object: Value,
    /// Whether nothing will come of it.
    pub dry_run: Option<bool>,
}

/// A type of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionKind {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `Deployment`.
    pub kind: String,
}

/// A collection of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionResource {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `deployments`.
    pub resource: String,
}

/// Who asks, as the API server has authenticated them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct UserInfo {
    /// The user's name.
    pub username: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// The answer's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewAnswer {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: &'static str,
    /// The answer.
    pub response: AdmissionResponse,
}

/// What is said to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionResponse {
    /// The question's own.
    pub uid: String,
    /// Whether it may be.
    pub allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What the client is told though it may be (`v1` only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the audit log keeps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub audit_annotations: BTreeMap<String, String>,
    /// A JSON Patch (RFC 6902) in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// `JSONPatch` beside a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_type: Option<&'static str>,
}

/// Why something may not be, as every Kubernetes client shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The HTTP status that the client gets.
    pub code: u16,
    /// For people.
    pub message: String,
    /// For programs.
    pub reason: &'static str,
}

impl AdmissionReview {
    /// Reads a review; an error says in one line why it is none.
    pub fn parse(body: &[u8]) -> Result<AdmissionReview, String> {
        let review: AdmissionReview = serde_json::from_slice(body)
            .map_err(|error| format!("not an AdmissionReview: {error}"))?;
        let version = review.api_version.as_str();
        if review.kind != "AdmissionReview" {
            return Err("`kind` is not AdmissionReview".to_owned());
        }
        if !matches!(version, "admission.k8s.io/v1" | "admission.k8s.io/v1beta1") {
            return Err("`apiVersion` is neither admission.k8s.io/v1 nor v1beta1".to_owned());
        }
        if review.request.uid.is_empty() {
            return Err("the request has no `uid`".to_owned());
        }
        Ok(review)
    }

    /// The document around an answer to it.
    pub fn answered(&self, mut response: AdmissionResponse) -> ReviewAnswer {
        response.uid.clone_from(&self.request.uid);
        ReviewAnswer { api_version: self.api_version.clone(), kind: "AdmissionReview", response }
    }
}

impl AdmissionRequest {
    /// Whether nothing will come of it, whatever is answered.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// `CREATE pods/ephemeralcontainers`: what is to happen, in the cluster's words.
    pub fn action(&self) -> String {
        let AdmissionRequest { operation, resource, sub_resource, .. } = self;
        match sub_resource.as_str() {
            "" => format!("{operation} {}", resource.resource),
            sub => format!("{operation} {}/{sub}", resource.resource),
        }
    }

    /// `namespace/name`, or the prefix that the server makes a name from.
    pub fn subject(&self) -> String {
        let metadata = |key: &str| self.object.pointer(&format!("/metadata/{key}"));
        let name = match self.name.as_str() {
            "" => metadata("name").or_else(|| metadata("generateName")).and_then(Value::as_str),
            name => Some(name),
        };
        format!("{}/{}", self.namespace, name.unwrap_or("?"))
    }
}

impl AdmissionResponse {
    /// It may be.
    pub fn allow() -> AdmissionResponse {
        AdmissionResponse { allowed: true, ..AdmissionResponse::default() }
    }

    /// It may not be, by the policy.
    pub fn deny(message: String) -> AdmissionResponse {
        AdmissionResponse::refused(403, "Forbidden", message)
    }

    /// It may not be, because it could not be judged.
    pub fn unjudged(message: String) -> AdmissionResponse {
        AdmissionResponse::refused(500, "InternalError", message)
    }

    fn refused(code: u16, reason: &'static str, message: String) -> AdmissionResponse {
        let status = Some(Status { code, message, reason });
        AdmissionResponse { status, ..AdmissionResponse::default() }
    }
}
