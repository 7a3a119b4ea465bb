//! A registry that speaks the OCI distribution protocol.
//!
//! Source: OCI distribution-spec `spec.md`. A blob that breaks off is asked for again from where
//! it broke.

mod attached;
mod blob;
mod failure;

use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use model::{Digest, ImageRef, SourceKind};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::auth::credentials;
use super::blobs::{BlobImage, Blobs, within};
use super::blocking::wait_at_most;
use crate::manifest::Descriptor;
use crate::source::Source;
use crate::{ImageError, Limits, Options};
use blob::BlobReader;

pub(super) use attached::attached;

/// How often a request is made before its failure counts.
const ATTEMPTS: u32 = 3;
/// Pause before the second attempt; doubled before each further one.
const FIRST_PAUSE_MS: u64 = 250;
/// Seconds to wait for a connection.
const CONNECT_TIMEOUT_S: u64 = 15;
/// Seconds a manifest may take in all: the client library reads it whole.
const MANIFEST_TIMEOUT_S: u64 = 120;
/// What a reference may lead to.
const MANIFEST_TYPES: &[&str] = &[
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A repository of a registry, and how to ask it.
struct Repository {
    client: Client,
    auth: RegistryAuth,
    image: ImageRef,
    limits: Limits,
}

/// Finds an image: its manifest for the platform, and its configuration.
pub(super) fn open(image: &ImageRef, options: &Options) -> Result<Box<dyn Source>, ImageError> {
    let place = image.to_string();
    let mut failed = None;
    for protocol in protocols(&image.registry, options) {
        let repository = Repository::new(image, protocol, options)?;
        let reference = image.manifest_reference();
        match BlobImage::open(repository, SourceKind::Registry, &place, reference, options) {
            Ok(image) => return Ok(Box::new(image)),
            // Another protocol may be understood; the first failure says more.
            Err(error @ (ImageError::Broken { .. } | ImageError::Unreachable { .. })) => {
                failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let nothing = || ImageError::Broken { image: place.clone(), detail: "no answer".to_owned() };
    Err(failed.unwrap_or_else(nothing))
}

/// With which protocols to try a registry, in order. Loopback addresses mostly speak plain HTTP.
fn protocols(registry: &str, options: &Options) -> Vec<ClientProtocol> {
    if options.insecure_registries.iter().any(|insecure| insecure == registry) {
        vec![ClientProtocol::Http]
    } else if is_loopback(registry) {
        vec![ClientProtocol::Http, ClientProtocol::Https]
    } else {
        vec![ClientProtocol::Https]
    }
}

fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => registry,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Repository {
    fn new(
        image: &ImageRef,
        protocol: ClientProtocol,
        options: &Options,
    ) -> Result<Self, ImageError> {
        let config = ClientConfig {
            protocol,
            connect_timeout: Some(Duration::from_secs(CONNECT_TIMEOUT_S)),
            read_timeout: Some(Duration::from_secs(options.limits.idle_timeout_s)),
            user_agent: concat!("lazaret/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| failure::of(image, &error))?;
        let auth = credentials(&image.registry, options);
        Ok(Repository { client, auth, image: image.clone(), limits: options.limits.clone() })
    }

    fn reference(&self, reference: &str) -> Reference {
        let (registry, repository) = (self.image.registry.clone(), self.image.repository.clone());
        match reference.parse::<Digest>() {
            Ok(digest) => Reference::with_digest(registry, repository, digest.to_string()),
            Err(_) => Reference::with_tag(registry, repository, reference.to_owned()),
        }
    }

    /// Makes a request until it succeeds, fails for good, or has failed often enough.
    fn attempt<T, F>(&self, request: impl Fn() -> F) -> Result<T, ImageError>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        let bound = Duration::from_secs(MANIFEST_TIMEOUT_S);
        let mut pause_ms = FIRST_PAUSE_MS;
        let mut attempts_left = ATTEMPTS;
        loop {
            attempts_left -= 1;
            let error = match wait_at_most(bound, request())? {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => error,
                None => {
                    let detail = format!("no whole answer within {MANIFEST_TIMEOUT_S} s");
                    return Err(ImageError::Broken { image: self.image.to_string(), detail });
                }
            };
            if attempts_left == 0 || !failure::may_pass(&error) {
                return Err(failure::of(&self.image, &error));
            }
            std::thread::sleep(Duration::from_millis(pause_ms));
            pause_ms *= 2;
        }
    }
}

impl Blobs for Repository {
    fn manifest(&self, reference: &str) -> Result<Vec<u8>, ImageError> {
        let asked = self.reference(reference);
        let (bytes, _) =
            self.attempt(|| self.client.pull_manifest_raw(&asked, &self.auth, MANIFEST_TYPES))?;
        within(&bytes, "the manifest", &self.image.to_string(), &self.limits)?;
        Ok(bytes.to_vec())
    }

    fn blob(&self, blob: &Descriptor) -> Box<dyn Read + Send> {
        let idle = Duration::from_secs(self.limits.idle_timeout_s);
        let reference = self.reference(blob.digest.as_str());
        Box::new(BlobReader::new(self.client.clone(), reference, &blob.digest, idle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_registries_may_speak_plain_http() {
        let plain = ["127.0.0.1:5000", "localhost", "localhost:80", "[::1]:5000", "127.9.9.9"];
        for registry in plain {
            assert!(is_loopback(registry), "{registry}");
        }
        for registry in ["docker.io", "10.0.0.1:5000", "localhost.example.org", "registry:5000"] {
            assert!(!is_loopback(registry), "{registry}");
            assert_eq!(protocols(registry, &Options::default()), [ClientProtocol::Https]);
        }
        let options =
            Options { insecure_registries: vec!["registry:5000".into()], ..Options::default() };
        assert_eq!(protocols("registry:5000", &options), [ClientProtocol::Http]);
    }
}
