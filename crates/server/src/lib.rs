//! The central role of Lazaret: Kubernetes admission.
//!
//! Never parses image bytes in its own process. What may start is decided by `policy` from stored
//! reports; this room asks, answers and writes down.

mod admission;
mod certificates;
mod cluster;
mod error;
mod http;
mod intake;
mod limits;
mod manifests;
mod metrics;
mod serve;
mod tls;

pub use admission::{
    Admission, AdmissionRequest, AdmissionResponse, AdmissionReview, AdmissionSettings,
    BREAK_GLASS, ImageReview, ImageReviewAnswer, ImageReviewStatus, ReviewAnswer, UserInfo,
};
pub use certificates::{CertificateFolder, CertificateSecret, Certificates, Kept};
pub use cluster::ClusterAddress;
pub use error::ServerError;
pub use http::Server;
pub use intake::{Intake, Taken};
pub use manifests::{
    FailSafeSettings, ManifestSettings, deployment, fail_safe, webhook_objects, webhooks,
};
pub use metrics::{Ending, Metrics};
pub use serve::{CertificateSource, ServeSettings, serve};
pub use tls::{CertificateFiles, ServedCertificate};

#[cfg(test)]
mod samples;
