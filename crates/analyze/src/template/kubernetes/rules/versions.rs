//! Table: API versions that newer clusters do not serve (Kubernetes' deprecated API migration
//! guide).

use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::report::Report;

/// Kinds (`*`: any), the version they are written in, the minor version that dropped it, and what
/// to write instead.
const DROPPED: [(&str, &str, u32, &str); 45] = [
    ("*", "extensions/v1beta1", 22, "apps/v1, networking.k8s.io/v1 or policy/v1"),
    ("*", "apps/v1beta1", 16, "apps/v1"),
    ("*", "apps/v1beta2", 16, "apps/v1"),
    ("*", "admissionregistration.k8s.io/v1alpha1", 23, "admissionregistration.k8s.io/v1"),
    (
        "MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1",
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1",
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1beta1",
        34,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/v1beta1",
        34,
        "admissionregistration.k8s.io/v1",
    ),
    ("*", "apiextensions.k8s.io/v1beta1", 22, "apiextensions.k8s.io/v1"),
    ("*", "apiregistration.k8s.io/v1beta1", 22, "apiregistration.k8s.io/v1"),
    ("*", "authentication.k8s.io/v1beta1", 22, "authentication.k8s.io/v1"),
    ("*", "authorization.k8s.io/v1beta1", 22, "authorization.k8s.io/v1"),
    ("*", "autoscaling/v2beta1", 25, "autoscaling/v2"),
    ("*", "autoscaling/v2beta2", 26, "autoscaling/v2"),
    ("*", "batch/v1beta1", 25, "batch/v1"),
    ("*", "batch/v2alpha1", 21, "batch/v1"),
    ("*", "certificates.k8s.io/v1beta1", 22, "certificates.k8s.io/v1"),
    ("*", "coordination.k8s.io/v1beta1", 22, "coordination.k8s.io/v1"),
    ("*", "discovery.k8s.io/v1beta1", 25, "discovery.k8s.io/v1"),
    ("*", "events.k8s.io/v1beta1", 25, "events.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1alpha1", 21, "flowcontrol.apiserver.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta1", 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta2", 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta3", 32, "flowcontrol.apiserver.k8s.io/v1"),
    ("Ingress", "networking.k8s.io/v1beta1", 22, "networking.k8s.io/v1"),
    ("IngressClass", "networking.k8s.io/v1beta1", 22, "networking.k8s.io/v1"),
    ("*", "node.k8s.io/v1alpha1", 22, "node.k8s.io/v1"),
    ("*", "node.k8s.io/v1beta1", 25, "node.k8s.io/v1"),
    ("PodDisruptionBudget", "policy/v1beta1", 25, "policy/v1"),
    ("PodSecurityPolicy", "policy/v1beta1", 25, "the labels of Pod Security Admission"),
    ("PodSecurityPolicy", "extensions/v1beta1", 16, "the labels of Pod Security Admission"),
    ("*", "rbac.authorization.k8s.io/v1alpha1", 22, "rbac.authorization.k8s.io/v1"),
    ("*", "rbac.authorization.k8s.io/v1beta1", 22, "rbac.authorization.k8s.io/v1"),
    ("*", "scheduling.k8s.io/v1alpha1", 22, "scheduling.k8s.io/v1"),
    ("*", "scheduling.k8s.io/v1beta1", 22, "scheduling.k8s.io/v1"),
    ("CSIStorageCapacity", "storage.k8s.io/v1beta1", 27, "storage.k8s.io/v1"),
    ("CSIDriver", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("CSINode", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("StorageClass", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("VolumeAttachment", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("*", "storage.k8s.io/v1alpha1", 24, "storage.k8s.io/v1"),
    ("*", "auditregistration.k8s.io/v1alpha1", 19, "an audit policy file"),
    ("*", "settings.k8s.io/v1alpha1", 20, "a mutating admission policy"),
    ("*", "kubeadm.k8s.io/v1beta1", 22, "kubeadm.k8s.io/v1beta4"),
    ("*", "kubeadm.k8s.io/v1beta2", 31, "kubeadm.k8s.io/v1beta4"),
];
/// The newest minor version that is looked at.
const NEWEST_MINOR: u32 = 37;

/// Looks at one object.
pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    let dropped = DROPPED.iter().filter(|(_, version, ..)| *version == object.api_version);
    let mut dropped = dropped.filter(|(kind, ..)| *kind == object.kind || *kind == "*");
    if let Some((_, version, minor, instead)) =
        dropped.find(|(_, _, minor, _)| *minor <= NEWEST_MINOR)
    {
        let lines = object.node.lines_at(&["apiVersion"]);
        let message = format!("{version} is not served from 1.{minor} on: write {instead}");
        report.object("kubernetes-deprecated-api", object, lines, message);
    }
}
