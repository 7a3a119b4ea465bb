//! `ServedCertificate`: the certificate that TLS shows, replaceable while connections are open.
//!
//! Knows nothing of authorities; `certificates` makes what is served here, or cert-manager does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::ServerError;
use crate::certificates::read_bounded;

/// The certificate that new connections are shown.
#[derive(Debug)]
pub struct ServedCertificate {
    key: RwLock<Arc<CertifiedKey>>,
}

/// A certificate and its key in two PEM files that another program renews.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain, the server's own first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl ServedCertificate {
    /// Serves this chain with this key, both PEM.
    pub fn new(chain: &str, key: &str) -> Result<Arc<ServedCertificate>, ServerError> {
        let key = RwLock::new(Arc::new(certified(chain, key)?));
        Ok(Arc::new(ServedCertificate { key }))
    }

    /// From now on, new connections are shown this one. On an error the old one stays.
    pub fn replace(&self, chain: &str, key: &str) -> Result<(), ServerError> {
        let new = Arc::new(certified(chain, key)?);
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl CertificateFiles {
    /// Their text: chain, key.
    pub fn read(&self) -> Result<(String, String), ServerError> {
        let read = |path: &Path| {
            read_bounded(path).map_err(|error| ServerError::certificates(path, error))
        };
        Ok((read(&self.certificate)?, read(&self.key)?))
    }
}

/// The settings of TLS: 1.2 and 1.3.
pub(crate) fn settings(served: Arc<ServedCertificate>) -> Result<ServerConfig, ServerError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(served);
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(settings)
}

fn certified(chain: &str, key: &str) -> Result<CertifiedKey, ServerError> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(&error))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| unusable(&error))?;
    let provider = rustls::crypto::ring::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider)?;
    certified.keys_match()?;
    Ok(certified)
}

fn unusable(why: &dyn std::fmt::Display) -> ServerError {
    ServerError::Certificates { place: "memory".to_owned(), why: why.to_string() }
}
