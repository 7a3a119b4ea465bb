//! What a file is, by its name and its first bytes.

use super::TemplateKind;

/// Bytes at the beginning that tell a manifest.
const HEAD_BYTES: usize = 64 << 10;

/// What a file is; `None` when it is no template.
///
/// Dockerfiles and compose files are known by their names, as their tools know them; Kubernetes
/// objects by a document that has both `apiVersion` and `kind`. A YAML file with `services` whose
/// entries have `image` or `build`, whatever its name, is a compose file.
pub fn classify(name: &str, bytes: &[u8]) -> Option<TemplateKind> {
    let base = name.rsplit('/').next().unwrap_or(name);
    if is_dockerfile(base) {
        return Some(TemplateKind::Dockerfile);
    }
    let lower = base.to_ascii_lowercase();
    let is_yaml = lower.ends_with(".yaml") || lower.ends_with(".yml");
    if !is_yaml && !lower.ends_with(".json") {
        return None;
    }
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    if is_yaml && is_compose_name(&lower) {
        return Some(TemplateKind::Compose);
    }
    if is_manifest(head) {
        return Some(TemplateKind::Kubernetes);
    }
    (is_yaml && is_compose(head)).then_some(TemplateKind::Compose)
}

/// Whether a file may be a template by its name, so that it is worth to be read.
pub fn may_be(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let lower = base.to_ascii_lowercase();
    is_dockerfile(base) || [".yaml", ".yml", ".json"].iter().any(|end| lower.ends_with(end))
}

/// What a file is by its content alone: for one that somebody says is a template, whatever its
/// name.
pub fn guess(bytes: &[u8]) -> Option<TemplateKind> {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    if is_manifest(head) {
        return Some(TemplateKind::Kubernetes);
    }
    if is_compose(head) {
        return Some(TemplateKind::Compose);
    }
    let text = std::str::from_utf8(valid(head)).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim_start);
    let first = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let word = first.split_whitespace().next()?.to_ascii_uppercase();
    matches!(word.as_str(), "FROM" | "ARG").then_some(TemplateKind::Dockerfile)
}

/// `Dockerfile`, `Containerfile`, `Dockerfile.web`, `web.Dockerfile`; not their ignore files.
fn is_dockerfile(base: &str) -> bool {
    let lower = base.to_ascii_lowercase();
    if lower.ends_with(".dockerignore") || lower.ends_with(".containerignore") {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|word| {
        let Some(rest) = lower.strip_prefix(word) else {
            return lower.strip_suffix(word).is_some_and(|start| start.ends_with(['.', '-', '_']));
        };
        rest.is_empty() || (rest.starts_with(['.', '-', '_']) && !is_source(rest))
    })
}

/// Endings of programs and texts that only speak of Dockerfiles.
fn is_source(rest: &str) -> bool {
    let ending = rest.rsplit('.').next().unwrap_or_default();
    matches!(
        ending,
        "md" | "rst"
            | "txt"
            | "go"
            | "py"
            | "rs"
            | "js"
            | "ts"
            | "rb"
            | "java"
            | "html"
            | "json"
            | "yaml"
            | "yml"
            | "j2"
            | "tmpl"
            | "tpl"
            | "erb"
            | "sh"
            | "c"
            | "h"
            | "lua"
            | "vim"
    )
}

/// The names that `docker compose` looks for, and the usual ones beside: `compose.prod.yaml`.
fn is_compose_name(lower: &str) -> bool {
    let stem = lower.strip_suffix(".yaml").or_else(|| lower.strip_suffix(".yml"));
    let stem = stem.unwrap_or(lower);
    ["docker-compose", "compose", "container-compose", "podman-compose"].iter().any(|word| {
        stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    }) || stem.ends_with(".compose")
        || stem.ends_with("-compose")
}

/// A document that has `apiVersion` and `kind` at the beginning of lines, or as JSON keys.
fn is_manifest(head: &[u8]) -> bool {
    has_key(head, b"apiVersion") && has_key(head, b"kind")
}

fn has_key(head: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find_iter(head, key).any(|at| {
        let before = head.get(..at).unwrap_or_default();
        let after = head.get(at + key.len()..).unwrap_or_default();
        let quoted = before.ends_with(b"\"") && after.starts_with(b"\"");
        let after = after.strip_prefix(b"\"").filter(|_| quoted).unwrap_or(after);
        let blank = after.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
        let start = before.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b'-' | b'{'));
        let begins = quoted || start.is_none_or(|b| matches!(b, b'\n' | b'\r'));
        begins && after.get(blank) == Some(&b':')
    })
}

/// `services:` at the beginning of a line, and `image:` or `build:` two levels below.
fn is_compose(head: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(valid(head)) else { return false };
    let mut inside = false;
    let mut depth_of_service = None;
    for line in text.lines() {
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let depth = line.len() - body.len();
        if depth == 0 {
            inside = body.trim_end() == "services:";
            depth_of_service = None;
            continue;
        }
        if inside {
            let service = *depth_of_service.get_or_insert(depth);
            let is_key =
                |key: &str| body.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
            if depth > service && (is_key("image") || is_key("build")) {
                return true;
            }
        }
    }
    false
}

/// The part of a cut text that is whole characters.
fn valid(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_tell_what_a_file_is() {
        use TemplateKind::{Compose, Dockerfile, Kubernetes};
        let object = "apiVersion: v1\nkind: Pod\n";
        let json = "{\"kind\": \"Pod\",\n \"apiVersion\": \"v1\"}";
        let services = "services:\n  web:\n    image: nginx\n";
        let rows: [(&str, &str, Option<TemplateKind>); 20] = [
            ("Dockerfile", "", Some(Dockerfile)),
            ("a/b/Containerfile", "", Some(Dockerfile)),
            ("dockerfile", "", Some(Dockerfile)),
            ("Dockerfile.web", "", Some(Dockerfile)),
            ("web.Dockerfile", "", Some(Dockerfile)),
            ("Dockerfile-alpine", "", Some(Dockerfile)),
            ("Dockerfile.dockerignore", "", None),
            ("dockerfile.go", "", None),
            ("Dockerfile.j2", "", None),
            ("dockerfiles.py", "", None),
            ("compose.yaml", "", Some(Compose)),
            ("docker-compose.prod.yml", "", Some(Compose)),
            ("composer.yaml", "", None),
            ("stack.yml", services, Some(Compose)),
            ("list.yml", "services:\n  - name: a\n", None),
            ("app.yaml", object, Some(Kubernetes)),
            ("app.yml", "---\n- kind: x\n  metadata: {apiVersion: 1}\n", None),
            ("app.json", json, Some(Kubernetes)),
            ("package.json", "{\"name\": \"kind\"}", None),
            ("README.md", object, None),
        ];
        for (name, text, expect) in rows {
            assert_eq!(classify(name, text.as_bytes()), expect, "{name}");
        }
    }
}
