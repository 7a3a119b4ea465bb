//! Secrets in clear, and secrets where every program of a container sees them.

use crate::template::kubernetes::fields::{Fields, Lines, entry_lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Pod;
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// Words in the names of what should be secret.
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "privatekey",
    "private_key",
    "private-key",
    "credential",
];
/// Endings of names that speak of a secret without holding it.
const INNOCENT_ENDINGS: [&str; 27] = [
    "file",
    "path",
    "dir",
    "name",
    "url",
    "uri",
    "host",
    "port",
    "id",
    "ttl",
    "expiry",
    "expiration",
    "length",
    "type",
    "algorithm",
    "enabled",
    "policy",
    "count",
    "size",
    "endpoint",
    "issuer",
    "audience",
    "ref",
    "header",
    "seconds",
    "interval",
    "prefix",
];
/// Lines of a configuration text that are looked at.
const MAX_CONFIGURATION_LINES: usize = 10_000;

/// Looks at the environment of a pod's containers.
pub(super) fn check_pod(object: &Object<'_>, pod: &Pod<'_>, report: &mut Report<'_>) {
    for container in &pod.containers {
        let about = (object, container);
        for variable in container.node.list("env") {
            let name = variable.text(&["name"]);
            if variable.deep(&["valueFrom", "secretKeyRef"]).is_some() {
                let lines = variable.lines_at(&["valueFrom", "secretKeyRef"]);
                let message = format!("the variable {name} is taken from a Secret");
                report.container("kubernetes-secret-in-environment", about, lines, message);
            }
            let value = variable.text(&["value"]);
            if (is_secret_name(name) && is_secret_value(value)) || has_secret_shape(value) {
                let message = format!("the variable {name} holds its secret in clear");
                let lines = variable.lines_at(&["value"]);
                report.container("kubernetes-secret-literal", about, lines, message);
            }
        }
        for source in container.node.list("envFrom") {
            if source.field("secretRef").is_some() {
                let name = source.text(&["secretRef", "name"]);
                let message = format!("every entry of the Secret {name} becomes a variable");
                let lines = source.lines_at(&["secretRef"]);
                report.container("kubernetes-secret-in-environment", about, lines, message);
            }
        }
    }
}

/// Looks at what objects hold.
pub(super) fn check_object(object: &Object<'_>, report: &mut Report<'_>) {
    if object.is("", "ConfigMap") {
        config_map(object, report);
    }
    if object.is("", "Secret")
        && object.node.text(&["type"]) != "kubernetes.io/service-account-token"
    {
        for field in ["data", "stringData"] {
            let held = object.node.field(field).map_or(&[][..], Node::entries);
            if held.iter().any(|(_, node)| !node.is_hollow()) {
                let lines = object.node.lines_at(&[field]);
                let lines = Lines { first: lines.first, last: lines.first };
                let message =
                    format!("{field} holds {} values that anybody can read here", held.len());
                report.object("kubernetes-secret-manifest", object, lines, message);
            }
        }
    }
}

fn config_map(object: &Object<'_>, report: &mut Report<'_>) {
    let rule = "kubernetes-secret-literal";
    for (key, node) in object.node.field("data").map_or(&[][..], Node::entries) {
        let value = node.str().unwrap_or_default();
        let is_plain = !value.contains('\n');
        if (is_plain && is_secret_name(&key.text) && is_secret_value(value))
            || has_secret_shape(value)
        {
            let message = format!("the entry {} holds a secret in clear", key.text);
            report.object(rule, object, entry_lines(key, node), message);
            continue;
        }
        let first =
            if node.first_line == node.last_line { node.first_line } else { node.first_line + 1 };
        for (number, line) in value.lines().take(MAX_CONFIGURATION_LINES).enumerate() {
            let Some(name) = assigned_secret(line) else { continue };
            let at =
                first.saturating_add(u32::try_from(number).unwrap_or(u32::MAX)).min(node.last_line);
            let lines = Lines { first: at, last: at };
            let message = format!("the entry {} sets {name} in clear", key.text);
            report.object(rule, object, lines, message);
        }
    }
}

/// The name that a line of a configuration sets to a secret: `name = value`, `name: value`.
fn assigned_secret(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with(['#', ';', '/', '!']) {
        return None;
    }
    let at = line.find(['=', ':'])?;
    let (name, value) = (line.get(..at)?, line.get(at + 1..)?);
    let name = name.trim().trim_matches(['"', '\'']);
    let value = value.trim().trim_end_matches([',', ';']).trim_matches(['"', '\'']);
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let name =
        if is_word && is_secret_name(name) && is_secret_value(value) { name } else { return None };
    Some(name.rsplit('.').next().unwrap_or(name))
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit(['_', '-', '.']).next().unwrap_or_default();
    SECRET_WORDS.iter().any(|word| lower.contains(word))
        && !INNOCENT_ENDINGS.contains(&last)
        && !INNOCENT_ENDINGS.iter().take(5).any(|ending| lower.ends_with(ending))
}

/// Whether it may be a secret's value: no reference, no path, no switch, no placeholder.
fn is_secret_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_reference = ["$", "{{", "<", "%", "/", "file:", "ref:", "vault:", "env:"]
        .iter()
        .any(|start| value.starts_with(start));
    let is_switch = matches!(
        lower.as_str(),
        "" | "true"
            | "false"
            | "yes"
            | "no"
            | "none"
            | "null"
            | "nil"
            | "0"
            | "1"
            | "changeme"
            | "example"
    );
    let is_number = value.chars().all(|c| c.is_ascii_digit()) && value.len() < 4;
    let has_blank = value.contains(' ');
    let is_masked = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'));
    let is_address = lower.starts_with("http://") || lower.starts_with("https://");
    !(is_reference || is_switch || is_number || has_blank || is_masked || is_address)
}

/// Whether the value alone tells: a private key, a cloud key, an address with a password.
fn has_secret_shape(value: &str) -> bool {
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return true;
    }
    if let Some((_, rest)) = value.split_once("://") {
        let authority = rest.split(['/', '?', '#', ' ', '\n']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
        return password.is_some_and(is_secret_value);
    }
    let is_cloud_key = |word: &str| {
        let body = word.strip_prefix("AKIA").unwrap_or_default();
        body.len() == 16 && body.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_cloud_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_of_secrets_are_told_from_their_neighbours() {
        for name in ["DB_PASSWORD", "apiKey", "GITHUB_TOKEN", "client-secret", "db.password"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["PASSWORD_FILE", "SECRET_NAME", "TOKEN_URL", "TOKEN_TTL", "USER", "tokenPath"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        for value in ["hunter2", "s3cr3t!", "0123456789"] {
            assert!(is_secret_value(value), "{value}");
        }
        for value in ["", "$(OTHER)", "${X}", "/run/secrets/a", "true", "<set me>", "***", "12"] {
            assert!(!is_secret_value(value), "{value}");
        }
        assert!(has_secret_shape("postgres://app:hunter2@db/app"));
        assert!(!has_secret_shape("postgres://app:$(PASSWORD)@db/app"));
        assert!(!has_secret_shape("https://example.org/a:b@c"));
        assert!(has_secret_shape(&format!("key AKIA{}", "A1".repeat(8))));
        assert_eq!(assigned_secret("spring.datasource.password=hunter2"), Some("password"));
        assert_eq!(assigned_secret("  \"apiKey\": \"abcdef\","), Some("apiKey"));
        assert_eq!(assigned_secret("# password=hunter2"), None);
        assert_eq!(assigned_secret("password: ${PASSWORD}"), None);
    }
}
