//! `ImageReview`: the question of the API server's own ImagePolicyWebhook and its answer.
//!
//! Source: the API group `imagepolicy.k8s.io/v1alpha1`. It tells image names and little else, and
//! comes before tags can be pinned: the admission webhook is the stronger gate.

use std::collections::BTreeMap;

use model::{Actor, ContainerSpec, Engine, ImageIdentity, Workload};
use serde::{Deserialize, Serialize};

use crate::limits::CONTAINERS_MAX;

const API_VERSION: &str = "imagepolicy.k8s.io/v1alpha1";
const KIND: &str = "ImageReview";

/// What an API server posts.
#[derive(Debug, Clone, Deserialize)]
pub struct ImageReview {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    spec: ImageReviewSpec,
}

/// The images of a pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ImageReviewSpec {
    containers: Vec<ReviewedContainer>,
    /// Those of the pod whose key holds `.image-policy.k8s.io/`.
    annotations: BTreeMap<String, String>,
    namespace: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ReviewedContainer {
    image: String,
}

/// The answer's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageReviewAnswer {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    /// The answer.
    pub status: ImageReviewStatus,
}

/// What is said of the images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReviewStatus {
    /// Whether all of them may run.
    pub allowed: bool,
    /// Why not, in few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What the audit log keeps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub audit_annotations: BTreeMap<String, String>,
}

impl ImageReview {
    /// Reads a review; an error says in one line why it is none.
    pub fn parse(body: &[u8]) -> Result<ImageReview, String> {
        let review: ImageReview =
            serde_json::from_slice(body).map_err(|error| format!("not an ImageReview: {error}"))?;
        if review.kind != KIND || review.api_version != API_VERSION {
            return Err(format!("neither `kind` {KIND} nor `apiVersion` {API_VERSION}"));
        }
        if review.spec.containers.len() > CONTAINERS_MAX {
            return Err(format!("more than {CONTAINERS_MAX} containers"));
        }
        Ok(review)
    }

    /// The namespace of the pod.
    pub fn namespace(&self) -> &str {
        &self.spec.namespace
    }

    /// The pod, as far as it is told.
    pub fn workload(&self) -> Workload {
        let container = |container: &ReviewedContainer| ContainerSpec {
            image: ImageIdentity {
                reference: container.image.clone(),
                manifest_digest: crate::admission::pinned_digest(&container.image),
                image_id: None,
            },
            ..ContainerSpec::default()
        };
        Workload {
            engine: Engine::Kubernetes,
            kind: "Pod".to_owned(),
            namespace: self.spec.namespace.clone(),
            annotations: self.spec.annotations.clone(),
            actor: Some(Actor::default()),
            containers: self.spec.containers.iter().map(container).collect(),
            ..Workload::default()
        }
    }
}

impl From<ImageReviewStatus> for ImageReviewAnswer {
    fn from(status: ImageReviewStatus) -> ImageReviewAnswer {
        ImageReviewAnswer { api_version: API_VERSION, kind: KIND, status }
    }
}
