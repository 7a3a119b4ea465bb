//! `ApiServer`: where the Kubernetes API is and who we are to it, from a kubeconfig.
//!
//! Source: Kubernetes `kubeconfig(v1)`. Programs that fetch a token (`exec`) are not started.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::AgentError;
use crate::config::{read_text, read_yaml};

/// Largest kubeconfig, certificate and token file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;

/// Where the API is and who we are to it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct ApiServer {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether TLS is spoken; without it only for a proxy on this machine.
    pub(super) tls: bool,
    /// The name in the server's certificate.
    pub(super) server_name: String,
    /// Before every path of the API.
    pub(super) prefix: String,
    /// Certificates, PEM.
    pub(super) authority: Vec<u8>,
    /// Our certificate and key, PEM.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct File {
    current_context: String,
    clusters: Vec<Named>,
    contexts: Vec<Named>,
    users: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    cluster: Cluster,
    context: Context,
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority: Option<PathBuf>,
    certificate_authority_data: Option<String>,
    tls_server_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    #[serde(rename = "client-certificate")]
    certificate: Option<PathBuf>,
    #[serde(rename = "client-certificate-data")]
    certificate_data: Option<String>,
    #[serde(rename = "client-key")]
    key: Option<PathBuf>,
    #[serde(rename = "client-key-data")]
    key_data: Option<String>,
}

impl ApiServer {
    /// Reads a kubeconfig and the files that it names, its current context.
    pub(super) fn load(path: &Path) -> Result<Self, AgentError> {
        let wrong =
            |why: &str| AgentError::Config { path: path.to_path_buf(), why: why.to_owned() };
        let text = read_text(path, MAX_BYTES)?.ok_or_else(|| wrong("it is not there or empty"))?;
        let file: File = read_yaml(path, &text)?;
        let context = named(&file.contexts, &file.current_context)
            .ok_or_else(|| wrong("its current-context is not among its contexts"))?;
        let cluster = named(&file.clusters, &context.context.cluster)
            .ok_or_else(|| wrong("the context's cluster is not among its clusters"))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut server = server_of(&cluster.cluster.server).ok_or_else(|| {
            wrong("its server is no https:// address, nor http:// of this machine")
        })?;
        if let Some(name) = &cluster.cluster.tls_server_name {
            server.server_name.clone_from(name);
        }
        let cluster = &cluster.cluster;
        let authority = (&cluster.certificate_authority_data, &cluster.certificate_authority);
        server.authority = bytes(authority, folder)?.unwrap_or_default();
        if let Some(user) = named(&file.users, &context.context.user) {
            server.take_user(&user.user, folder)?;
        }
        Ok(server)
    }

    fn take_user(&mut self, user: &User, folder: &Path) -> Result<(), AgentError> {
        let certificate = bytes((&user.certificate_data, &user.certificate), folder)?;
        let key = bytes((&user.key_data, &user.key), folder)?;
        self.identity = certificate.zip(key);
        self.token.clone_from(&user.token);
        if let Some(file) = &user.token_file {
            let text = read_text(&folder.join(file), MAX_BYTES)?.unwrap_or_default();
            self.token = Some(text.trim().to_owned());
        }
        Ok(())
    }
}

fn named<'a>(list: &'a [Named], name: &str) -> Option<&'a Named> {
    list.iter().find(|one| one.name == name)
}

/// Bytes that stand in the file in base64, or in a file of their own.
fn bytes(
    (inline, file): (&Option<String>, &Option<PathBuf>),
    folder: &Path,
) -> Result<Option<Vec<u8>>, AgentError> {
    if let Some(inline) = inline {
        let wrong = |error: base64::DecodeError| AgentError::Config {
            path: folder.to_path_buf(),
            why: format!("data of the kubeconfig is no base64: {error}"),
        };
        return STANDARD.decode(inline.trim()).map(Some).map_err(wrong);
    }
    let Some(file) = file else { return Ok(None) };
    let text = read_text(&folder.join(file), MAX_BYTES)?;
    Ok(Some(text.unwrap_or_default().into_bytes()))
}

/// `https://host:port/prefix`.
fn server_of(address: &str) -> Option<ApiServer> {
    let (tls, rest) = match address.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, address.strip_prefix("http://")?),
    };
    let (authority, prefix) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    let usual = if tls { HTTPS_PORT } else { HTTP_PORT };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let local = matches!(host.as_str(), "127.0.0.1" | "::1" | "localhost");
    let prefix = prefix.trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    (!host.is_empty() && (tls || local)).then(|| ApiServer {
        server_name: host.clone(),
        host,
        port,
        tls,
        prefix,
        ..ApiServer::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_context_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("token"), "secret\n").unwrap();
        std::fs::write(at("ca.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
        let text = "
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: other
  cluster: {server: 'https://other:6443'}
- name: one
  cluster: {server: 'https://[fd00::1]:6443/k8s', certificate-authority: ca.pem}
contexts:
- name: here
  context: {cluster: one, user: watcher, namespace: shop}
users:
- name: watcher
  user: {tokenFile: token, client-certificate-data: YQ==, client-key-data: Yg==}
";
        std::fs::write(at("config"), text).unwrap();
        let server = ApiServer::load(&at("config")).unwrap();
        assert_eq!((server.host.as_str(), server.port, server.tls), ("fd00::1", 6443, true));
        assert_eq!((server.prefix.as_str(), server.token.as_deref()), ("/k8s", Some("secret")));
        assert_eq!(server.identity, Some((b"a".to_vec(), b"b".to_vec())));
        assert!(server.authority.starts_with(b"-----BEGIN"));
        std::fs::write(at("config"), text.replace("current-context: here", "a: b")).unwrap();
        assert!(ApiServer::load(&at("config")).is_err());
    }

    #[test]
    fn without_tls_only_on_this_machine() {
        assert!(server_of("http://127.0.0.1:8001").is_some_and(|server| !server.tls));
        assert!(server_of("http://kube.example").is_none());
        assert_eq!(server_of("https://kube.example").map(|server| server.port), Some(443));
        assert!(server_of("kube.example:6443").is_none());
    }
}
