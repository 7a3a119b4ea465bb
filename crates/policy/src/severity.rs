//! How bad a finding is that no source has rated: malicious files and secrets.

use model::{Band, Confidence, Malware, Secret, SecretCategory, Severity};

/// How bad a file is. One that a later layer deletes is in no container: it counts a step less.
pub fn severity_of_malware(malware: &Malware) -> Severity {
    let severity = match malware.band {
        Band::Malicious => Severity::Critical,
        Band::Suspicious => Severity::Medium,
        Band::Clean => Severity::Negligible,
    };
    if malware.deleted_by.is_some() { one_less(severity) } else { severity }
}

/// How bad a secret is. Deleting it in a later layer does not take it back: who has the image has
/// the secret.
pub fn severity_of_secret(secret: &Secret) -> Severity {
    if secret.confidence == Confidence::Placeholder {
        return Severity::Negligible;
    }
    let encrypted = secret.key.as_ref().is_some_and(|key| key.encrypted);
    let severity = match secret.category {
        SecretCategory::PrivateKey | SecretCategory::KeyStore if encrypted => Severity::Medium,
        SecretCategory::PrivateKey | SecretCategory::KeyStore => Severity::High,
        SecretCategory::Token | SecretCategory::ConnectionString => Severity::High,
        SecretCategory::Password => Severity::Medium,
        SecretCategory::Certificate => Severity::Low,
    };
    match (secret.confidence, secret.category) {
        (Confidence::Likely, SecretCategory::Token) => one_less(severity),
        _ => severity,
    }
}

fn one_less(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        other => other.min(Severity::Negligible),
    }
}
