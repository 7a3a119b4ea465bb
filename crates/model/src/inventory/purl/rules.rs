//! What each purl type demands of its parts. Source: the type definitions of the purl
//! specification. Types without a line here take any namespace and keep their case.

use super::PurlParts;

/// What a type says of the namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    /// May be there. Also for the types that ask for one where real inventories have none: a jar
    /// without group, an rpm of an unknown vendor, Go's `stdlib`.
    Optional,
    /// Must be there: without it the name means nothing.
    Required,
    /// Must not be there.
    Prohibited,
}

struct TypeRule {
    purl_type: &'static str,
    namespace: Namespace,
    /// Parts that are lowered, of `n`amespace, n`a`me, `v`ersion.
    lower: &'static str,
    required_qualifier: Option<&'static str>,
}

const fn rule(purl_type: &'static str, namespace: Namespace, lower: &'static str) -> TypeRule {
    TypeRule { purl_type, namespace, lower, required_qualifier: None }
}

use Namespace::{Optional, Prohibited, Required};

static RULES: &[TypeRule] = &[
    rule("alpm", Optional, "na"),
    rule("apk", Optional, "na"),
    rule("bazel", Prohibited, ""),
    rule("bitbucket", Required, "na"),
    rule("bitnami", Prohibited, "a"),
    rule("brew", Optional, "na"),
    rule("cargo", Prohibited, ""),
    rule("chrome-extension", Prohibited, "a"),
    rule("cocoapods", Prohibited, ""),
    rule("composer", Optional, "na"),
    rule("conda", Prohibited, ""),
    rule("cran", Prohibited, ""),
    rule("deb", Optional, "na"),
    rule("gem", Prohibited, ""),
    rule("git", Required, ""),
    rule("github", Required, "na"),
    rule("hackage", Prohibited, ""),
    rule("hex", Optional, "na"),
    rule("huggingface", Required, "v"),
    TypeRule { required_qualifier: Some("uuid"), ..rule("julia", Prohibited, "") },
    rule("luarocks", Optional, "na"),
    rule("mlflow", Prohibited, ""),
    rule("nuget", Prohibited, ""),
    rule("oci", Prohibited, "av"),
    rule("opam", Prohibited, ""),
    rule("otp", Prohibited, "a"),
    rule("pub", Prohibited, "a"),
    rule("pypi", Prohibited, "a"),
    rule("qpkg", Required, "n"),
    rule("rpm", Optional, "n"),
    TypeRule { required_qualifier: Some("tag_id"), ..rule("swid", Optional, "") },
    rule("swift", Required, ""),
    rule("vcpkg", Prohibited, ""),
    rule("vscode-extension", Required, "na"),
    rule("yocto", Optional, "n"),
];

/// Whether the name of this type is a path whose first segment is the namespace (a git host).
pub(super) fn name_is_path(purl_type: &str) -> bool {
    purl_type == "git"
}

/// Normalises the parts as their type demands and checks them.
pub(super) fn apply(parts: &mut PurlParts) -> Result<(), String> {
    if parts.name.is_empty() {
        return Err("the name is missing".into());
    }
    if let Some(rule) = RULES.iter().find(|rule| rule.purl_type == parts.purl_type) {
        apply_rule(rule, parts)?;
    }
    match parts.purl_type.as_str() {
        "pypi" => parts.name = parts.name.replace('_', "-"),
        "pub" => parts.name = underscored(&parts.name),
        "git" => lower_known_host(parts),
        "mlflow" => lower_databricks(parts),
        "cpan" if parts.name.contains("::") => {
            return Err(format!("`{}` is a module, not a distribution", parts.name));
        }
        "chrome-extension" => check_chrome_extension(parts)?,
        _ => {}
    }
    Ok(())
}

fn apply_rule(rule: &TypeRule, parts: &mut PurlParts) -> Result<(), String> {
    let purl_type = rule.purl_type;
    match (rule.namespace, &parts.namespace) {
        (Required, None) => return Err(format!("the type {purl_type} demands a namespace")),
        (Prohibited, Some(namespace)) => {
            return Err(format!("the type {purl_type} has no namespace, found `{namespace}`"));
        }
        _ => {}
    }
    if let Some(key) = rule.required_qualifier
        && !parts.qualifiers.contains_key(key)
    {
        return Err(format!("the type {purl_type} demands the qualifier `{key}`"));
    }
    for part in rule.lower.bytes() {
        let lowered = match part {
            b'n' => parts.namespace.as_mut(),
            b'a' => Some(&mut parts.name),
            _ => parts.version.as_mut(),
        };
        if let Some(text) = lowered {
            text.make_ascii_lowercase();
        }
    }
    Ok(())
}

fn underscored(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Git hosts are case-sensitive in general; these are known not to be.
fn lower_known_host(parts: &mut PurlParts) {
    let host = parts.namespace.as_deref().unwrap_or_default();
    if ["github", "github.com", "bitbucket.org"].iter().any(|h| host.eq_ignore_ascii_case(h)) {
        parts.name.make_ascii_lowercase();
        parts.namespace = Some(host.to_ascii_lowercase());
    }
}

/// MLflow names keep their case but on Databricks servers.
fn lower_databricks(parts: &mut PurlParts) {
    if parts.qualifiers.get("repository_url").is_some_and(|url| url.contains("databricks")) {
        parts.name.make_ascii_lowercase();
    }
}

fn check_chrome_extension(parts: &PurlParts) -> Result<(), String> {
    let name = &parts.name;
    if name.len() != 32 || !name.bytes().all(|b| matches!(b, b'a'..=b'p')) {
        return Err(format!("`{name}` is no extension id: expected 32 letters from a to p"));
    }
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match &parts.version {
        Some(v) if v.split('.').count() > 4 || !v.split('.').all(number) => {
            Err(format!("`{v}` is no extension version: expected one to four numbers"))
        }
        _ => Ok(()),
    }
}
