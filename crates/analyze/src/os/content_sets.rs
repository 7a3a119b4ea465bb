//! Red Hat content sets: from which repositories an image was built.
//!
//! Red Hat's build services leave JSON files with a `content_sets` list in the image: below
//! `root/buildinfo/content_manifests` (OSBS) or `usr/share/buildinfo` (Konflux); the schema is
//! atomic-reactor's `content_manifest.json`. Red Hat's table of repositories turns the names
//! into products (CPE). `labels.json` beside them is read for the same list only: its `cpe` label
//! names the product that the image is, not those its packages came from.

use serde::Deserialize;

use model::{Content, FileEntry};

use super::bytes::{whole, word};
use crate::limits::MAX_PACKAGES;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads content manifests.
pub(crate) struct ContentSets;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    content_sets: Option<Vec<String>>,
}

impl Analyzer for ContentSets {
    fn name(&self) -> &'static str {
        "redhat-content-sets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Shape { directory: "content_manifests", prefix: "", suffix: ".json" },
            Pattern::Shape { directory: "buildinfo", prefix: "", suffix: ".json" },
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let directory = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        if !matches!(directory, "root/buildinfo/content_manifests" | "usr/share/buildinfo") {
            return Ok(());
        }
        let manifest: Manifest = serde_json::from_slice(&whole(content)?)
            .map_err(|e| AnalyzeError::Malformed(format!("content manifest: {e}")))?;
        let names = manifest.content_sets.iter().flatten().filter_map(|name| word(name.as_bytes()));
        found.content_sets.extend(names.take(MAX_PACKAGES));
        found.content_sets.sort();
        found.content_sets.dedup();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, try_analyze};

    #[test]
    fn both_places_are_read() {
        let text = br#"{"metadata": {"icm_version": 1, "image_layer_index": 4},
            "from_dnf_hint": true,
            "content_sets": ["ubi-8-baseos-rpms", "ubi-8-appstream-rpms", "ubi-8-baseos-rpms"],
            "image_contents": []}"#;
        for path in [
            "root/buildinfo/content_manifests/ubi8-container-8.9-1.json",
            "usr/share/buildinfo/content-sets.json",
        ] {
            let sets = analyze(path, text).content_sets;
            assert_eq!(sets, ["ubi-8-appstream-rpms", "ubi-8-baseos-rpms"], "{path}");
        }
        assert!(analyze("srv/buildinfo/x.json", text).is_empty());
    }

    #[test]
    fn labels_have_none_and_garbage_is_an_error() {
        let labels = br#"{"name": "ubi9", "cpe": "cpe:/a:redhat:enterprise_linux:9::appstream"}"#;
        assert!(analyze("usr/share/buildinfo/labels.json", labels).is_empty());
        assert_eq!(
            try_analyze("usr/share/buildinfo/labels.json", b"{\"content_sets\": 1}").1.len(),
            1
        );
    }
}
