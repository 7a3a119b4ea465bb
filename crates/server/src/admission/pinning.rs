//! Tags to digests: what `/mutate` changes, so that what was judged is what is pulled.
//!
//! Only pods are changed, and in them only images that are new: the image of something that runs is
//! left alone. Controllers keep their tags, which whoever applies them compares with a repository.

use model::{Digest, ImageRef};
use serde_json::{Value, json};

use super::AdmissionRequest;

/// Where the image of a list's entry lies.
const IMAGES: [(&str, &str); 4] = [
    ("containers", "/image"),
    ("initContainers", "/image"),
    ("ephemeralContainers", "/image"),
    ("volumes", "/image/reference"),
];

/// The digest that a reference names, if it does.
pub(crate) fn pinned_digest(reference: &str) -> Option<Digest> {
    reference.parse::<ImageRef>().ok()?.digest
}

/// The names under which a scan of a reference may be kept: as written, in full, and without what
/// docker leaves out.
pub(crate) fn spellings(reference: &str) -> Vec<String> {
    let mut found = vec![reference.to_owned()];
    let mut add = |name: String| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    if let Ok(mut parsed) = reference.parse::<ImageRef>() {
        // Beside a digest the tag says nothing.
        parsed.tag = parsed.tag.filter(|_| parsed.digest.is_none());
        let full = parsed.to_string();
        let without_registry = full.strip_prefix("docker.io/").unwrap_or(&full);
        let short = without_registry.strip_prefix("library/").unwrap_or(without_registry);
        for name in [&full, without_registry, short] {
            add(name.to_owned());
            if let Some(bare) = name.strip_suffix(":latest") {
                add(bare.to_owned());
            }
        }
    }
    found
}

/// The JSON Patch (RFC 6902) that pins the new images of a pod to the digests that `known` tells.
///
/// Each change is guarded by a test of what is there. Gives the patch and how many images it pins.
pub(crate) fn patch<E>(
    request: &AdmissionRequest,
    mut known: impl FnMut(&str) -> Result<Option<Digest>, E>,
) -> Result<(Vec<Value>, usize), E> {
    let mut operations = Vec::new();
    for (list, below) in IMAGES {
        let list = format!("{}/{list}", spec_place(request));
        let entries = request.object.pointer(&list).and_then(Value::as_array);
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            let Some(reference) = entry.pointer(below).and_then(Value::as_str) else { continue };
            let path = format!("{list}/{index}{below}");
            let is_old =
                request.old_object.pointer(&path).and_then(Value::as_str) == Some(reference);
            if is_old || pinned_digest(reference).is_some() {
                continue;
            }
            let Some(digest) = known(reference)? else { continue };
            operations.push(json!({"op": "test", "path": path, "value": reference}));
            operations.push(
                json!({"op": "replace", "path": path, "value": format!("{reference}@{digest}")}),
            );
        }
    }
    let pinned = operations.len() / 2;
    Ok((operations, pinned))
}

/// Until Kubernetes 1.22 ephemeral containers came as an object of their own, without a spec.
fn spec_place(request: &AdmissionRequest) -> &'static str {
    if request.kind.kind == "EphemeralContainers" { "" } else { "/spec" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Digest {
        Digest::sha256(&[7; 32])
    }

    fn pins(text: &str) -> Vec<Value> {
        let request: AdmissionRequest = serde_json::from_str(text).unwrap();
        let known = |name: &str| Ok::<_, ()>((!name.starts_with("new")).then(digest));
        patch(&request, known).unwrap().0
    }

    #[test]
    fn spells_names_every_way() {
        let check = |reference: &str, expect: &[&str]| assert_eq!(spellings(reference), expect);
        let full = ["docker.io/library/alpine:latest", "docker.io/library/alpine"];
        let short = ["library/alpine:latest", "library/alpine", "alpine:latest"];
        check("alpine", &[&["alpine"][..], &full, &short].concat());
        check("ghcr.io/a/b:1", &["ghcr.io/a/b:1"]);
        check("docker.io/team/app:2", &["docker.io/team/app:2", "team/app:2"]);
        let pin = digest();
        let (tagged, bare) = (format!("q.io/a:1@{pin}"), format!("q.io/a@{pin}"));
        check(&tagged, &[&tagged, &bare]);
        check("NOT AN IMAGE", &["NOT AN IMAGE"]);
    }

    #[test]
    fn pins_every_kind_of_image_and_no_other() {
        let text = format!(
            r#"{{"resource":{{"resource":"pods"}},"operation":"CREATE","object":{{"spec":{{
            "containers":[{{"image":"a:1"}},{{"image":"b@{0}"}},{{"image":"new:1"}}],
            "initContainers":[{{"image":"c"}}],
            "volumes":[{{"emptyDir":{{}}}},{{"image":{{"reference":"d:2"}}}}]}}}}}}"#,
            digest()
        );
        let paths: Vec<Value> = pins(&text)
            .iter()
            .map(|step| json!([step["op"], step["path"], step["value"]]))
            .collect();
        assert_eq!(
            paths,
            [
                json!(["test", "/spec/containers/0/image", "a:1"]),
                json!(["replace", "/spec/containers/0/image", format!("a:1@{}", digest())]),
                json!(["test", "/spec/initContainers/0/image", "c"]),
                json!(["replace", "/spec/initContainers/0/image", format!("c@{}", digest())]),
                json!(["test", "/spec/volumes/1/image/reference", "d:2"]),
                json!(["replace", "/spec/volumes/1/image/reference", format!("d:2@{}", digest())]),
            ]
        );
    }

    #[test]
    fn what_runs_keeps_its_image() {
        let text = r#"{"resource":{"resource":"pods"},"operation":"UPDATE",
            "object":{"spec":{"containers":[{"image":"a:1"},{"image":"b:2"}]}},
            "oldObject":{"spec":{"containers":[{"image":"a:1"},{"image":"b:1"}]}}}"#;
        assert_eq!(pins(text).len(), 2);
        assert_eq!(pins(text)[1]["path"], "/spec/containers/1/image");
        let old = r#"{"resource":{"resource":"pods"},"kind":{"kind":"EphemeralContainers"},
            "operation":"UPDATE","subResource":"ephemeralcontainers",
            "object":{"ephemeralContainers":[{"image":"a"}]},"oldObject":{}}"#;
        assert_eq!(pins(old)[1]["path"], "/ephemeralContainers/0/image");
    }
}
