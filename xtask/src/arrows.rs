//! Which room may import which. Read from the manifests, so no arrow can hide in the code.

use std::path::Path;

use anyhow::Context;

/// Every room and the rooms it may import, `model` apart: that is the ground all stand on.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("image", &[]),
    ("analyze", &[]),
    ("malware", &[]),
    ("advisory", &[]),
    ("sensor", &[]),
    ("policy", &[]),
    ("store", &[]),
    ("scan", &["image", "analyze", "malware", "advisory", "policy"]),
    ("agent", &["sensor", "policy", "store"]),
    ("server", &["advisory", "policy", "store"]),
    (
        "lazaret",
        &["scan", "agent", "server", "image", "analyze", "advisory", "malware", "policy", "store"],
    ),
];

/// The breaches, one sentence each.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut breaches = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let manifest = entry?.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        let room = manifest.parent().and_then(Path::file_name).unwrap_or_default();
        breaches.extend(breaches_of(&room.to_string_lossy(), &text)?);
    }
    breaches.sort();
    Ok(breaches)
}

fn breaches_of(room: &str, manifest: &str) -> anyhow::Result<Vec<String>> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return Ok(vec![format!(
            "crates/{room}: not a room of the house; add it to xtask/src/arrows.rs and ARCHITECTURE.md"
        )]);
    };
    let manifest: toml::Table = manifest.parse()?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let imported = dependencies.into_iter().flat_map(toml::Table::keys);
    let rooms = imported.filter(|name| ARROWS.iter().any(|(room, _)| room == name));
    Ok(rooms
        .filter(|name| *name != "model" && !allowed.contains(&name.as_str()))
        .map(|name| format!("crates/{room}: imports {name}, which is no arrow of the house"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_wrong_arrow() {
        let good = "[dependencies]\nmodel.workspace = true\nserde.workspace = true";
        assert!(breaches_of("image", good).unwrap().is_empty());
        let sideways = "[dependencies]\nadvisory.workspace = true";
        assert_eq!(breaches_of("image", sideways).unwrap().len(), 1);
        assert!(breaches_of("scan", sideways).unwrap().is_empty());
        let up = "[dependencies]\nscan = { path = \"../scan\" }";
        assert_eq!(breaches_of("model", up).unwrap().len(), 1);
        assert_eq!(breaches_of("attic", good).unwrap().len(), 1);
    }
}
