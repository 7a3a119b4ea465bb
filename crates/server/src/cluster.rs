//! `Cluster`: the few calls to a Kubernetes API that an admission server needs of its own: the
//! Secret that its replicas share, and its own webhook configurations.
//!
//! Not a general client. It speaks as the pod's service account, over HTTPS, to the address that
//! the kubelet puts into every container.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::ServerError;
use crate::certificates::read_bounded;
use crate::limits::{CLUSTER_MAX, CLUSTER_MAX_BYTES};

/// Where the kubelet puts the account's token and the API server's authority.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How a cluster's API is reached.
#[derive(Debug, Clone)]
pub struct ClusterAddress {
    /// `https://host:port`.
    pub url: String,
    /// The file with the account's token; read anew for each call, since the kubelet renews it.
    pub token: PathBuf,
    /// The file with the API server's authorities, PEM.
    pub authority: PathBuf,
}

/// A cluster's API.
#[derive(Debug)]
pub(crate) struct Cluster {
    address: ClusterAddress,
    agent: Agent,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It holds.
    Done,
    /// Somebody else was faster: read again.
    Conflict,
}

impl ClusterAddress {
    /// The cluster that this process runs in; an error outside of one.
    pub fn of_this_pod() -> Result<ClusterAddress, ServerError> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| ServerError::Cluster {
                what: "a call".to_owned(),
                why: format!("{name} is not set: this is no pod; keep certificates in a folder"),
            })
        };
        let host = variable("KUBERNETES_SERVICE_HOST")?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let port = variable("KUBERNETES_SERVICE_PORT")?;
        let account = PathBuf::from(ACCOUNT);
        Ok(ClusterAddress {
            url: format!("https://{host}:{port}"),
            token: account.join("token"),
            authority: account.join("ca.crt"),
        })
    }
}

impl Cluster {
    pub(crate) fn new(address: ClusterAddress) -> Result<Cluster, ServerError> {
        let wrong = |why: String| ServerError::certificates(&address.authority, why);
        let text = read_bounded(&address.authority).map_err(|error| wrong(error.to_string()))?;
        let authorities = CertificateDer::pem_slice_iter(text.as_bytes())
            .map(|found| found.map(|der| Certificate::from_der(der.as_ref()).to_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&authorities)).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(CLUSTER_MAX))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Ok(Cluster { address, agent })
    }

    /// An object; `None` when there is none.
    pub(crate) fn object(&self, path: &str) -> Result<Option<Value>, ServerError> {
        let url = format!("{}{path}", self.address.url);
        let request = self.agent.get(url).header("Authorization", self.bearer()?);
        let (status, body) = answer(path, request.call())?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Ok(Some(body)),
            status => Err(refused(path, status, &body)),
        }
    }

    /// Makes an object in a collection.
    pub(crate) fn create(&self, collection: &str, object: &Value) -> Result<Written, ServerError> {
        let url = format!("{}{collection}", self.address.url);
        let request = self.agent.post(url).header("Authorization", self.bearer()?);
        written(collection, answer(collection, request.send_json(object))?)
    }

    /// Replaces an object that is still as it was read.
    pub(crate) fn replace(&self, path: &str, object: &Value) -> Result<Written, ServerError> {
        let url = format!("{}{path}", self.address.url);
        let request = self.agent.put(url).header("Authorization", self.bearer()?);
        written(path, answer(path, request.send_json(object))?)
    }

    fn bearer(&self) -> Result<String, ServerError> {
        let token = read_bounded(&self.address.token)
            .map_err(|error| ServerError::certificates(&self.address.token, error))?;
        Ok(format!("Bearer {}", token.trim()))
    }
}

type Called = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn answer(what: &str, called: Called) -> Result<(StatusCode, Value), ServerError> {
    let wrong =
        |error: ureq::Error| ServerError::Cluster { what: what.to_owned(), why: error.to_string() };
    let mut response = called.map_err(wrong)?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(CLUSTER_MAX_BYTES).read_json();
    Ok((status, body.unwrap_or_default()))
}

fn written(what: &str, (status, body): (StatusCode, Value)) -> Result<Written, ServerError> {
    match status {
        StatusCode::OK | StatusCode::CREATED => Ok(Written::Done),
        StatusCode::CONFLICT => Ok(Written::Conflict),
        status => Err(refused(what, status, &body)),
    }
}

fn refused(what: &str, status: StatusCode, body: &Value) -> ServerError {
    let message = body["message"].as_str().unwrap_or("without a message");
    ServerError::Cluster { what: what.to_owned(), why: format!("{status}: {message}") }
}
