//! From a bundle to the workload that the judge reads: what it may do from `config.json`, what image
//! it is from the engine's own files.

use model::{Container, Engine, Mount, Workload};

use super::Making;
use crate::AgentError;
use crate::attribute::{Bundle, id_digest, learn, read_bundle};

/// CRI-O's annotation with the id of the image.
const CRIO_IMAGE: &str = "io.kubernetes.cri-o.Image";
/// What Podman writes into every bundle.
const PODMAN: (&str, &str) = ("io.container.manager", "libpod");

/// A workload with what else its image is called.
pub(super) struct Found {
    pub(super) workload: Workload,
    pub(super) names: Vec<String>,
}

/// Reads what is to be made. A bundle that cannot be read is the error.
pub(super) fn read(making: &Making) -> Result<Found, AgentError> {
    let bundle = read_bundle(&making.bundle)?;
    let mut container = Container { id: making.id.clone(), ..Container::default() };
    let names = learn(&mut container, &bundle);
    from_annotations(&mut container, &bundle);
    let Container { engine, name, pod, labels, mut spec, .. } = container;
    spec.name.clone_from(&name);
    spec.mounts.retain(|mount| !is_engines_own(mount, &making.id));
    let pod = pod.unwrap_or_default();
    let workload = Workload {
        engine,
        kind: "container".to_owned(),
        name,
        namespace: pod.namespace,
        node: crate::watch::node_name(),
        labels,
        annotations: bundle.annotations,
        containers: vec![spec],
        ..Workload::default()
    };
    Ok(Found { workload, names })
}

/// Files that engines make for a container of theirs and put over the image's.
const ENGINES_OWN: [&str; 7] = [
    "/etc/resolv.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/dev/shm",
    "/run/.containerenv",
    "/run/secrets",
    "/.dockerenv",
];

pub(crate) fn is_engines_own(mount: &Mount, id: &str) -> bool {
    let of_this = mount.source.split('/').any(|name| name.starts_with(id)) && !id.is_empty();
    of_this && ENGINES_OWN.contains(&mount.target.as_str())
}

fn from_annotations(container: &mut Container, bundle: &Bundle) {
    let annotations = &bundle.annotations;
    if annotations.get(PODMAN.0).is_some_and(|manager| manager == PODMAN.1) {
        container.engine = Engine::Podman;
    } else if annotations.keys().any(|key| key.starts_with("io.kubernetes.cri-o.")) {
        container.engine = Engine::CriO;
    } else if annotations.keys().any(|key| key.starts_with("io.kubernetes.cri.")) {
        container.engine = Engine::Containerd;
    }
    if let Some(id) = annotations.get(CRIO_IMAGE)
        && container.spec.image.image_id.is_none()
    {
        container.spec.image.image_id = id_digest(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podmans_storage_tells_image_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let (id, image) = ("c1".repeat(32), "ab".repeat(32));
        let write = |kind: &str, text: String| {
            let home = folder.path().join(format!("overlay-{kind}"));
            std::fs::create_dir_all(&home).unwrap();
            std::fs::write(home.join(format!("{kind}.json")), text).unwrap();
        };
        write("containers", format!(r#"[{{"id":"{id}","names":["web"],"image":"{image}"}}]"#));
        write(
            "images",
            format!(r#"[{{"id":"{image}","names":["localhost/shop:1","localhost/b:2"]}}]"#),
        );
        let bundle = folder.path().join("bundle");
        std::fs::create_dir_all(&bundle).unwrap();
        let root = folder.path().join("overlay/xyz/merged");
        let config = serde_json::json!({
            "root": { "path": root }, "annotations": { PODMAN.0: PODMAN.1 },
            "process": { "user": { "uid": 7, "gid": 7 } },
        });
        std::fs::write(bundle.join("config.json"), config.to_string()).unwrap();
        let found = read(&Making { id, bundle }).unwrap();
        assert_eq!((found.workload.engine, found.workload.name.as_str()), (Engine::Podman, "web"));
        let spec = &found.workload.containers[0];
        assert_eq!(spec.image.reference, "localhost/shop:1");
        assert_eq!(spec.image.image_id.as_ref().unwrap().hex(), image);
        assert_eq!(spec.user.as_deref(), Some("7:7"));
        assert_eq!(found.names.len(), 2);
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let making = Making { id: "c".to_owned(), bundle: folder.path().to_path_buf() };
        assert!(read(&making).is_err());
    }
}
