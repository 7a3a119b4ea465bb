//! Manifests: what a cluster is given so that its API server asks this server.
//!
//! Text from templates, so that the files can be read, kept and compared. The webhook
//! configurations are read back from the same text by the server that mends them.

mod fail_safe;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, context};
use policy::Policy;
use serde_json::Value;

pub use fail_safe::{FailSafeSettings, fail_safe};

use crate::ServerError;

const MACROS: &str = include_str!("../templates/macros.yaml");
const WEBHOOKS: &str = include_str!("../templates/webhooks.yaml");
const DEPLOYMENT: &str = include_str!("../templates/deployment.yaml");
/// Where a literal block of YAML begins on its line.
const BLOCK_INDENT: &str = "    ";

/// What manifests are made for.
#[derive(Debug, Clone)]
pub struct ManifestSettings {
    /// The namespace of the server.
    pub namespace: String,
    /// The name of the Service and everything else.
    pub name: String,
    /// The image of the server.
    pub image: String,
    /// Namespaces, by name, besides its own in which nothing is judged.
    pub exempt_namespaces: Vec<String>,
    /// Groups whose members may break the glass.
    pub break_glass_groups: Vec<String>,
    /// Certificates come from cert-manager.
    pub cert_manager: bool,
    /// The authorities to trust, PEM; `None` where the server fills them in itself.
    pub bundle: Option<String>,
    /// Where the server is, when it is not in the cluster.
    pub url: Option<String>,
    /// A claim of the volume with reports.
    pub reports_claim: Option<String>,
}

impl Default for ManifestSettings {
    fn default() -> Self {
        ManifestSettings {
            namespace: "lazaret".to_owned(),
            name: "lazaret-admission".to_owned(),
            image: format!("lazaret:{}", env!("CARGO_PKG_VERSION")),
            exempt_namespaces: vec!["kube-system".to_owned()],
            break_glass_groups: vec!["lazaret:break-glass".to_owned()],
            cert_manager: false,
            bundle: None,
            url: None,
            reports_claim: None,
        }
    }
}

impl ManifestSettings {
    /// Every namespace in which nothing is judged, the server's own first.
    pub fn all_exempt(&self) -> Vec<String> {
        let mut all = vec![self.namespace.clone()];
        for name in &self.exempt_namespaces {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        all
    }

    /// The names by which an API server reaches the server's Service.
    pub fn service_names(&self) -> Vec<String> {
        let short = format!("{}.{}.svc", self.name, self.namespace);
        let long = format!("{short}.cluster.local");
        vec![short, long]
    }
}

/// The webhook configurations: YAML, two documents.
pub fn webhooks(settings: &ManifestSettings) -> Result<String, ServerError> {
    render(WEBHOOKS, settings, "")
}

/// The webhook configurations as objects.
pub fn webhook_objects(settings: &ManifestSettings) -> Result<Vec<Value>, ServerError> {
    let text = webhooks(settings)?;
    serde_saphyr::from_multiple(&text).map_err(|error| ServerError::Manifests(error.to_string()))
}

/// Everything to run the server in a cluster: YAML, many documents, the webhook configurations
/// last so that nothing is asked before somebody answers.
pub fn deployment(
    settings: &ManifestSettings,
    policy: Option<&Policy>,
) -> Result<String, ServerError> {
    let text = match policy {
        Some(policy) => policy.text.clone(),
        None => observing(Policy::built_in_text()),
    };
    let lines = text.trim_end().lines();
    let block: Vec<String> = lines
        .map(|line| if line.is_empty() { String::new() } else { format!("{BLOCK_INDENT}{line}") })
        .collect();
    let deployment = render(DEPLOYMENT, settings, &block.join("\n"))?;
    Ok(format!("{deployment}---\n{}", webhooks(settings)?))
}

/// The built-in policy, made to watch only: the first days show what it would refuse.
fn observing(text: &str) -> String {
    let watch = "# It only watches. When what it would refuse is what it should: mode: block\nmode: observe";
    let lines = text.lines().map(|line| if line.starts_with("mode:") { watch } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn render(
    template: &str,
    settings: &ManifestSettings,
    policy: &str,
) -> Result<String, ServerError> {
    check(settings)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let template = format!("{MACROS}{template}");
    let bundle = settings.bundle.as_ref().filter(|_| !settings.cert_manager);
    let values = context! {
        namespace => &settings.namespace,
        name => &settings.name,
        image => &settings.image,
        exempt => settings.all_exempt(),
        judged_exempt => &settings.exempt_namespaces,
        break_glass => &settings.break_glass_groups,
        cert_manager => settings.cert_manager,
        ca_bundle => bundle.map(|bundle| STANDARD.encode(bundle)),
        url => &settings.url,
        reports_claim => &settings.reports_claim,
        policy => policy,
    };
    let text = environment.render_str(&template, values);
    let text = text.map_err(|error| ServerError::Manifests(error.to_string()))?;
    Ok(format!("{}\n", text.trim()))
}

/// Whatever lands in a manifest unquoted must be what it says: a name, a group, an address.
fn check(settings: &ManifestSettings) -> Result<(), ServerError> {
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = |text: &str| !text.is_empty() && text.len() <= 63 && text.chars().all(label);
    let names =
        [&settings.namespace, &settings.name].into_iter().chain(&settings.exempt_namespaces);
    for name in names.chain(&settings.reports_claim) {
        if !is_name(name) {
            return Err(ServerError::Manifests(format!("`{name}` is no name of an object")));
        }
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@[]".contains(c);
    let texts = [&settings.image].into_iter().chain(&settings.url);
    for text in texts.chain(&settings.break_glass_groups) {
        if text.is_empty() || !text.chars().all(plain) {
            return Err(ServerError::Manifests(format!(
                "`{text}` has characters that do not belong"
            )));
        }
    }
    match &settings.url {
        Some(url) if !url.starts_with("https://") => {
            Err(ServerError::Manifests(format!("`{url}` is not https")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
