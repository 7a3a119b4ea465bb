//! Kubeconfigs (kubernetes.io "kubeconfig v1"): which server, and as whom.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use x509_parser::pem::Pem;

use super::super::yaml;

/// One way to a cluster: the kubeconfig's current context.
#[derive(Debug, Clone, Default)]
pub(super) struct Kubeconfig {
    pub(super) server: String,
    /// Certificates of authorities, PEM, or the file that has them.
    pub(super) authority: Material,
    pub(super) skip_verification: bool,
    pub(super) token: Material,
    pub(super) certificate: Material,
    pub(super) key: Material,
    /// Another way of proving who one is, which is not taken.
    pub(super) other_way: Option<String>,
}

/// Something that stands in the file itself or in one that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Material {
    #[default]
    Absent,
    Inline(Vec<u8>),
    File(String),
}

impl Kubeconfig {
    /// Reads the current context; the only one where none is current.
    pub(super) fn parse(text: &str) -> Result<Kubeconfig, String> {
        let file = yaml::document(text)?;
        let current = yaml::text(&file, "/current-context");
        let mut contexts = yaml::items(&file, "/contexts");
        let context = match current {
            "" => contexts.next(),
            name => contexts.find(|one| yaml::text(one, "/name") == name),
        };
        let context = context.ok_or("it has no current context")?;
        let named = |list: &str, name: &str, part: &str| {
            let mut all = yaml::items(&file, list);
            all.find(|one| yaml::text(one, "/name") == name).and_then(|one| one.get(part)).cloned()
        };
        let cluster = named("/clusters", yaml::text(context, "/context/cluster"), "cluster");
        let cluster = cluster.ok_or("its context names no cluster that it has")?;
        let user = named("/users", yaml::text(context, "/context/user"), "user");
        let user = user.unwrap_or_default();
        let other_way = ["exec", "auth-provider", "username"].into_iter();
        let other_way = other_way.into_iter().find(|key| user.get(*key).is_some());
        Ok(Kubeconfig {
            server: yaml::text(&cluster, "/server").trim_end_matches('/').to_owned(),
            authority: material(&cluster, "certificate-authority")?,
            skip_verification: cluster
                .get("insecure-skip-tls-verify")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            token: token(&user),
            certificate: material(&user, "client-certificate")?,
            key: material(&user, "client-key")?,
            other_way: other_way.map(str::to_owned),
        })
    }
}

fn token(user: &Value) -> Material {
    match (yaml::text(user, "/token"), yaml::text(user, "/tokenFile")) {
        (_, file) if !file.is_empty() => Material::File(file.to_owned()),
        ("", _) => Material::Absent,
        (token, _) => Material::Inline(token.as_bytes().to_vec()),
    }
}

fn material(value: &Value, key: &str) -> Result<Material, String> {
    let data_key = format!("{key}-data");
    if let Some(data) = value.get(&data_key).and_then(Value::as_str).filter(|d| !d.is_empty()) {
        let bytes = STANDARD.decode(data.trim()).map_err(|_| format!("{data_key} is no base64"))?;
        return Ok(Material::Inline(bytes));
    }
    let path = value.get(key).and_then(Value::as_str).filter(|path| !path.is_empty());
    Ok(path.map_or(Material::Absent, |path| Material::File(path.to_owned())))
}

/// Who a client certificate names: the user (CN), and the groups (O).
pub(super) fn identity(pem: &[u8]) -> Result<(String, Vec<String>), String> {
    let (pem, _) = Pem::read(std::io::Cursor::new(pem)).map_err(|_| "it is no PEM".to_owned())?;
    let certificate = pem.parse_x509().map_err(|_| "it is no certificate".to_owned())?;
    let subject = certificate.subject();
    let user = subject.iter_common_name().find_map(|name| name.as_str().ok()).unwrap_or_default();
    let groups = subject.iter_organization().filter_map(|name| name.as_str().ok());
    Ok((user.to_owned(), groups.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_current_context() {
        let text = "
current-context: b
clusters:
- {name: one, cluster: {server: 'https://a:6443/', certificate-authority: /ca}}
- {name: two, cluster: {server: https://b, insecure-skip-tls-verify: true, certificate-authority-data: YQ==}}
users:
- {name: u, user: {token: t, client-certificate: /c, client-key-data: Yg==}}
contexts:
- {name: a, context: {cluster: one, user: u}}
- {name: b, context: {cluster: two, user: u}}
";
        let config = Kubeconfig::parse(text).unwrap();
        assert_eq!(config.server, "https://b");
        assert!(config.skip_verification && config.other_way.is_none());
        assert_eq!(config.authority, Material::Inline(b"a".to_vec()));
        assert_eq!(config.certificate, Material::File("/c".to_owned()));
        assert_eq!(config.token, Material::Inline(b"t".to_vec()));
        let first = Kubeconfig::parse(&text.replace("current-context: b", "")).unwrap();
        assert_eq!(first.server, "https://a:6443");
        for broken in ["", "contexts: []", "current-context: x"] {
            assert!(Kubeconfig::parse(broken).is_err(), "{broken}");
        }
        let exec = text.replace("token: t", "exec: {command: aws}");
        assert_eq!(Kubeconfig::parse(&exec).unwrap().other_way.as_deref(), Some("exec"));
        assert!(identity(b"x").is_err());
    }
}
