//! `Api`: bounded, read-only questions to a Kubernetes API server.
//!
//! Not a general client. It speaks with a kubeconfig's token or certificate, or as the pod's service
//! account, follows lists page by page, and runs no program for anybody.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::super::limits::{CONFIG_FILE_BYTES, LOOK_TIMEOUT};
use super::super::root::bounded;
use super::kubeconfig::{Kubeconfig, Material};

/// Where the kubelet puts a pod's token and the API server's authority.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Longest one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes: a page of the largest objects that are listed.
const ANSWER_BYTES: u64 = 24 * 1024 * 1024;
/// Objects of one page.
const PAGE: usize = 200;
/// Objects alone, without what is in them.
const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// How a cluster's API is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterAccess {
    /// By a kubeconfig's current context.
    Kubeconfig(PathBuf),
    /// As the service account of the pod that this runs in.
    Pod,
}

impl ClusterAccess {
    /// The pod's own access, where this runs in a pod.
    pub fn of_this_pod() -> Option<ClusterAccess> {
        let is_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
            && Path::new(ACCOUNT).join("token").exists();
        is_pod.then_some(ClusterAccess::Pod)
    }
}

/// A cluster's API.
pub(super) struct Api {
    server: String,
    bearer: Option<String>,
    agent: ureq::Agent,
    until: Instant,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    message: String,
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unasked {
    /// The server has no such kind of object.
    NoSuchKind,
    /// It was refused or broke.
    Failed(String),
}

impl From<Unasked> for String {
    fn from(unasked: Unasked) -> String {
        match unasked {
            Unasked::NoSuchKind => "the API server has no such kind of object".to_owned(),
            Unasked::Failed(why) => why,
        }
    }
}

impl Api {
    pub(super) fn open(access: &ClusterAccess) -> Result<Api, String> {
        let config = match access {
            ClusterAccess::Pod => pod()?,
            ClusterAccess::Kubeconfig(path) => {
                let text = read(path)?;
                let text = String::from_utf8_lossy(&text);
                let mut config =
                    Kubeconfig::parse(&text).map_err(|why| format!("{}: {why}", path.display()))?;
                config.beside(path.parent().unwrap_or(Path::new("/")));
                config
            }
        };
        if let Some(way) = &config.other_way {
            return Err(format!(
                "the kubeconfig proves who you are by `{way}`, which is not run; give one with a token or a certificate"
            ));
        }
        let token =
            config.token.bytes()?.map(|token| String::from_utf8_lossy(&token).trim().to_owned());
        Ok(Api {
            agent: agent(&config)?,
            bearer: token.map(|token| format!("Bearer {token}")),
            server: config.server,
            until: Instant::now() + LOOK_TIMEOUT,
        })
    }

    /// One document.
    pub(super) fn object<T: DeserializeOwned>(&self, path: &str) -> Result<T, Unasked> {
        self.ask(path, "application/json")
    }

    /// Every object of a collection, page by page, at most `max`.
    pub(super) fn each<T: DeserializeOwned>(
        &self,
        path: &str,
        max: usize,
        mut take: impl FnMut(T),
    ) -> Result<(), Unasked> {
        self.pages(path, "application/json", max, &mut take)
    }

    /// The metadata of every object of a collection: what is in the objects is never sent.
    pub(super) fn each_metadata<T: DeserializeOwned>(
        &self,
        path: &str,
        max: usize,
        mut take: impl FnMut(T),
    ) -> Result<(), Unasked> {
        self.pages(path, METADATA_ONLY, max, &mut take)
    }

    fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        accept: &str,
        max: usize,
        take: &mut dyn FnMut(T),
    ) -> Result<(), Unasked> {
        let mut next = String::new();
        let mut taken = 0;
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let asked = format!("{path}{joint}limit={PAGE}{}", continued(&next));
            let page: Page<T> = self.ask(&asked, accept)?;
            for item in page.items.unwrap_or_default() {
                taken += 1;
                if taken > max {
                    let why = format!("{path}: there are more than {max} objects");
                    return Err(Unasked::Failed(why));
                }
                take(item);
            }
            next = page.metadata.next;
            if next.is_empty() {
                return Ok(());
            }
        }
    }

    fn ask<T: DeserializeOwned>(&self, path: &str, accept: &str) -> Result<T, Unasked> {
        let failed = |why: String| Unasked::Failed(format!("{}{path}: {why}", self.server));
        if Instant::now() > self.until {
            return Err(failed(format!("not asked within {} s", LOOK_TIMEOUT.as_secs())));
        }
        let mut request = self.agent.get(format!("{}{path}", self.server)).header("Accept", accept);
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", bearer);
        }
        let mut response = request.call().map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let body = body.map_err(|error| failed(error.to_string()))?;
        match status.as_u16() {
            200 => serde_json::from_slice(&body).map_err(|error| failed(error.to_string())),
            404 => Err(Unasked::NoSuchKind),
            _ => {
                let told: Refusal = serde_json::from_slice(&body).unwrap_or_default();
                Err(failed(format!("{status} {}", told.message)))
            }
        }
    }
}

/// The part of a query that asks for the next page. Tokens are base64 without padding, mostly.
fn continued(next: &str) -> String {
    if next.is_empty() {
        return String::new();
    }
    let escaped = next.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    format!("&continue={}", escaped.collect::<String>())
}

fn agent(config: &Kubeconfig) -> Result<ureq::Agent, String> {
    let mut tls = TlsConfig::builder().disable_verification(config.skip_verification);
    if let Some(pem) = config.authority.bytes()? {
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates(&pem)?));
    }
    if let (Some(chain), Some(key)) = (config.certificate.bytes()?, config.key.bytes()?) {
        let key =
            PrivateKey::from_pem(&key).map_err(|error| format!("the client's key: {error}"))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(&chain)?, key)));
    }
    let settings = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(ANSWER_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")));
    Ok(settings.build().new_agent())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    Ok(found)
}

fn pod() -> Result<Kubeconfig, String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let host = variable("KUBERNETES_SERVICE_HOST")?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let account = |name: &str| Material::File(format!("{ACCOUNT}/{name}"));
    Ok(Kubeconfig {
        server: format!("https://{host}:{}", variable("KUBERNETES_SERVICE_PORT")?),
        authority: account("ca.crt"),
        token: account("token"),
        ..Kubeconfig::default()
    })
}

impl Kubeconfig {
    /// Files that are named without a folder lie beside the kubeconfig.
    fn beside(&mut self, folder: &Path) {
        let all = [&mut self.authority, &mut self.token, &mut self.certificate, &mut self.key];
        for material in all {
            if let Material::File(path) = material {
                *path = folder.join(&*path).display().to_string();
            }
        }
    }
}

impl Material {
    fn bytes(&self) -> Result<Option<Vec<u8>>, String> {
        match self {
            Material::Absent => Ok(None),
            Material::Inline(bytes) => Ok(Some(bytes.clone())),
            Material::File(path) => read(Path::new(path)).map(Some),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).and_then(|file| bounded(file, CONFIG_FILE_BYTES));
    file.map_err(|error| format!("{}: {error}", path.display()))
}
