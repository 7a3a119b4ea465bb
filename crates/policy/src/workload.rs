//! From a Kubernetes object to the `Workload` that is judged: pods, and whatever makes pods.
//!
//! Reads what the API server has already checked and given its defaults, or a template that is
//! still to be applied. Settings of the pod and of the container are merged as the kubelet does.
//! Sources: the Kubernetes API reference, kubelet's `securitycontext`.

mod fields;
mod pod;
mod quantity;
mod security;
mod volumes;

use model::{Engine, Workload};
use serde_json::Value;

use self::fields::{At, texts};

/// An object cannot be read as a workload. One line: what, where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: expected {expected}; the object cannot be judged")]
pub struct NotAWorkload {
    /// Where: `spec.containers[0].image`.
    pub at: String,
    /// What ought to be there.
    pub expected: &'static str,
}

/// Whether objects of a kind have a pod in them.
pub fn has_pod(kind: &str) -> bool {
    pod_at(kind).is_some()
}

/// Reads a pod, or the pod that a controller makes: Deployment, StatefulSet, DaemonSet, ReplicaSet,
/// ReplicationController, Job, CronJob, PodTemplate, and any other kind with a `spec.template` that
/// has containers.
///
/// All containers are in it, init and ephemeral ones and image volumes too. An object without a pod
/// gives a workload without containers. Labels and annotations are the pod's and, where that has
/// none of a name, the object's.
///
/// # Errors
/// A part that decides has another shape than the API gives it.
pub fn from_pod(object: &Value) -> Result<Workload, NotAWorkload> {
    let root = At::root(object);
    let kind = root.text("kind")?.unwrap_or_default();
    let metadata = root.child("metadata");
    let template = match pod_at(kind) {
        Some(path) => path.iter().fold(root.clone(), |at, step| at.child(step)),
        None => root.child("spec").child("template"),
    };
    let name = match metadata.text("name")? {
        Some(name) => name,
        None => metadata.text("generateName")?.unwrap_or_default(),
    };
    let spec = template.child("spec");
    let mut labels = texts(&metadata.child("labels"))?;
    labels.extend(texts(&template.child("metadata").child("labels"))?);
    let mut annotations = texts(&metadata.child("annotations"))?;
    annotations.extend(texts(&template.child("metadata").child("annotations"))?);
    Ok(Workload {
        engine: Engine::Kubernetes,
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: metadata.text("namespace")?.unwrap_or_default().to_owned(),
        node: spec.text("nodeName")?.unwrap_or_default().to_owned(),
        containers: pod::containers(&spec, &annotations)?,
        labels,
        annotations,
        actor: None,
    })
}

/// The way from an object of a kind to its pod; `None` for kinds that are not Kubernetes' own.
fn pod_at(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&[]),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job" => Some(&["spec", "template"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        "PodTemplate" => Some(&["template"]),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
