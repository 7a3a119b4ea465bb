//! What a registry's refusal means, in words that say what to do.

use std::error::Error;

use model::ImageRef;
use oci_client::errors::{OciDistributionError, OciErrorCode};

use crate::ImageError;

/// Most characters of a registry's own words that are repeated.
const MAX_QUOTED_CHARS: usize = 300;

/// Whether the same request may succeed a moment later.
pub(super) fn may_pass(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::RequestError(error) => {
            error.is_timeout() || error.is_body() || (error.is_connect() && !is_tls(error))
        }
        OciDistributionError::ServerError { code, .. } => *code >= 500 || *code == 429,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| error.code == OciErrorCode::Toomanyrequests)
        }
        OciDistributionError::IoError(_) => true,
        _ => false,
    }
}

/// The error for an image that a registry does not give.
pub(super) fn of(image: &ImageRef, error: &OciDistributionError) -> ImageError {
    let name = image.to_string();
    let registry = image.registry.clone();
    if is_unauthorized(error) {
        return ImageError::Unauthorized { image: name, registry };
    }
    if is_missing(error) {
        return ImageError::NoSuchImage { image: name, place: format!("the registry {registry}") };
    }
    let unreachable = matches!(error, OciDistributionError::RequestError(error) if error.is_connect() || error.is_timeout());
    if unreachable {
        return ImageError::Unreachable { registry, detail: words(error) };
    }
    ImageError::Broken { image: name, detail: words(error) }
}

fn is_unauthorized(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_) => true,
        OciDistributionError::ServerError { code, .. } => matches!(code, 401 | 403),
        OciDistributionError::RegistryError { envelope, .. } => envelope
            .errors
            .iter()
            .any(|error| matches!(error.code, OciErrorCode::Unauthorized | OciErrorCode::Denied)),
        _ => false,
    }
}

fn is_missing(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| {
                matches!(
                    error.code,
                    OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::NotFound
                )
            })
        }
        _ => false,
    }
}

fn is_tls(error: &dyn Error) -> bool {
    let text = innermost(error);
    ["certificate", "InvalidContentType", "corrupt message", "tls"]
        .iter()
        .any(|word| text.contains(word))
}

/// The failure in one line: the innermost cause says most.
pub(super) fn words(error: &OciDistributionError) -> String {
    let text = match error {
        OciDistributionError::RequestError(error) => innermost(error),
        OciDistributionError::RegistryError { envelope, .. } => {
            let said: Vec<&str> = envelope.errors.iter().map(|error| &*error.message).collect();
            format!("the registry says: {}", said.join("; "))
        }
        other => other.to_string(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_QUOTED_CHARS).collect()
}

fn innermost(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
