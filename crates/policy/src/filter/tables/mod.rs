//! The field tables of the stages: images and what is found in them, workloads at the gates,
//! kernel events, the audit log of Kubernetes, the audit trail.
//!
//! A table names, types and describes fields. Who knows the facts implements [`Facts`] over them.
//!
//! [`Facts`]: super::Facts

mod audit;
mod event;
mod finding;
mod image;
mod syscall;
mod trail;
mod workload;

use std::sync::LazyLock;

use super::{Field, FieldTable};

/// Values of `*.severity`, the lowest first: [`model::Severity`].
pub const SEVERITIES: &[&str] = &["unknown", "negligible", "low", "medium", "high", "critical"];
/// Values of `malware.band`, the lowest first: [`model::Band`].
pub const BANDS: &[&str] = &["clean", "suspicious", "malicious"];
/// Values of `secret.confidence`, the lowest first: [`model::Confidence`].
pub const CONFIDENCES: &[&str] = &["placeholder", "likely", "certain"];

static SYSCALL: LazyLock<FieldTable> =
    LazyLock::new(|| table("syscall", syscall::FIELDS).sorted_by("evt.type"));
static AUDIT: LazyLock<FieldTable> = LazyLock::new(|| table("k8s_audit", audit::FIELDS));
static TRAIL: LazyLock<FieldTable> = LazyLock::new(|| table("audit", trail::FIELDS));
static IMAGE: LazyLock<FieldTable> = LazyLock::new(|| {
    let fields = image::FIELDS.iter().chain(finding::FIELDS).cloned();
    FieldTable::new("image", fields)
});
static DEPLOY: LazyLock<FieldTable> = LazyLock::new(|| {
    let fields = image::FIELDS.iter().chain(finding::FIELDS).chain(workload::FIELDS).cloned();
    FieldTable::new("deploy", fields)
});

/// Kernel events of processes in containers and on the host; rules are sorted by `evt.type`. The
/// names and meanings are those of Falco's `syscall` source.
pub fn syscall() -> &'static FieldTable {
    &SYSCALL
}

/// Entries of the audit log of Kubernetes. The names and meanings are those of Falco's `k8s_audit`
/// source.
pub fn k8s_audit() -> &'static FieldTable {
    &AUDIT
}

/// Records of the audit trail: `audit.*`, and of `proc.*`, `user.*`, `container.*`, `k8s.*` and `fd.*`
/// what a record keeps. The names that kernel events have too mean the same.
pub fn audit() -> &'static FieldTable {
    &TRAIL
}

/// An image and what is found in it: `image.*`, `package.*`, `vuln.*`, `malware.*`, `secret.*`,
/// `history.*`, `trust.*`, `template.*`.
///
/// A condition over a kind of finding is asked for each finding of that kind, one over packages
/// for each package; `image.*` has its value in all of them. Fields of another kind have none.
pub fn image() -> &'static FieldTable {
    &IMAGE
}

/// What wants to start, and its image: [`image`], and `container.*`, `workload.*`, `k8s.*`,
/// `actor.*`. Asked for each container.
pub fn deploy() -> &'static FieldTable {
    &DEPLOY
}

/// The table that rules files choose by `source`.
pub fn by_source(source: &str) -> Option<&'static FieldTable> {
    all().into_iter().find(|table| table.name == source)
}

/// Every table.
pub fn all() -> [&'static FieldTable; 5] {
    [image(), deploy(), syscall(), k8s_audit(), audit()]
}

fn table(name: &'static str, fields: &[Field]) -> FieldTable {
    FieldTable::new(name, fields.iter().cloned())
}
