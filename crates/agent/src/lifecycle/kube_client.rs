//! Questions to the Kubernetes API over TLS: a list, and a watch that goes on and on.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::kube_config::ApiServer;
use super::lines::Lines;

/// Largest list that is read, in bytes; lists are asked for in parts.
const LIST_MAX_BYTES: usize = 64 * 1024 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

type Sender = SendRequest<Empty<Bytes>>;

/// Why the API did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum KubeError {
    /// The version that was asked for is too old.
    #[error("what was seen last is too old")]
    Gone,
    /// Anything else.
    #[error("the Kubernetes API at {host}: {why}")]
    Other { host: String, why: String },
}

/// A watch: its lines, and the connection that they come over.
pub(super) struct WatchStream {
    _sender: Sender,
    pub(super) lines: Lines,
}

impl ApiServer {
    /// An answer as JSON.
    pub(super) async fn object<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<T, KubeError> {
        let answer = async {
            let (_sender, body) = self.ask(path).await?;
            let body = Limited::new(body, LIST_MAX_BYTES).collect().await;
            let bytes = body.map_err(|error| self.fault(error))?.to_bytes();
            serde_json::from_slice(&bytes).map_err(|error| self.fault(error))
        };
        timeout(ANSWER_TIMEOUT, answer)
            .await
            .unwrap_or_else(|_| Err(self.fault("no answer in time")))
    }

    /// An answer that goes on and on.
    pub(super) async fn stream(&self, path: &str) -> Result<WatchStream, KubeError> {
        let asked = timeout(ANSWER_TIMEOUT, self.ask(path)).await;
        let (sender, body) = asked.unwrap_or_else(|_| Err(self.fault("no answer in time")))?;
        Ok(WatchStream { _sender: sender, lines: Lines::new(body) })
    }

    async fn ask(&self, path: &str) -> Result<(Sender, Incoming), KubeError> {
        let mut sender = self.connect().await?;
        let path = format!("{}{path}", self.prefix);
        let mut request = Request::get(path)
            .header("host", format!("{}:{}", self.server_name, self.port))
            .header("accept", "application/json")
            .header("user-agent", "lazaret-agent");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Empty::new()).map_err(|error| self.fault(error))?;
        let response = sender.send_request(request).await.map_err(|error| self.fault(error))?;
        match response.status() {
            StatusCode::OK => Ok((sender, response.into_body())),
            StatusCode::GONE => Err(KubeError::Gone),
            other => Err(self.fault(format!("status {other}"))),
        }
    }

    async fn connect(&self) -> Result<Sender, KubeError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| self.fault(error))?;
        if !self.tls {
            return self.shake(stream).await;
        }
        let name = ServerName::try_from(self.server_name.clone());
        let name = name.map_err(|error| self.fault(error))?;
        let connector = TlsConnector::from(Arc::new(self.client_config()?));
        let secured = connector.connect(name, stream).await;
        self.shake(secured.map_err(|error| self.fault(error))?).await
    }

    async fn shake<S>(&self, stream: S) -> Result<Sender, KubeError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| self.fault(error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn client_config(&self) -> Result<ClientConfig, KubeError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&self.authority) {
            let certificate = certificate.map_err(|error| self.fault(error))?;
            roots.add(certificate).map_err(|error| self.fault(error))?;
        }
        if roots.is_empty() {
            return Err(self.fault("the kubeconfig names no certificate-authority"));
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| self.fault(error))?.with_root_certificates(roots);
        let Some((certificates, key)) = &self.identity else {
            return Ok(config.with_no_client_auth());
        };
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(certificates).collect();
        let certificates = certificates.map_err(|error| self.fault(error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| self.fault(error))?;
        config.with_client_auth_cert(certificates, key).map_err(|error| self.fault(error))
    }

    fn fault(&self, why: impl ToString) -> KubeError {
        KubeError::Other { host: self.host.clone(), why: why.to_string() }
    }
}
