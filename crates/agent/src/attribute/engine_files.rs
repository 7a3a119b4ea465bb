//! What engines write of their containers into files: image, name, labels, pod. Read when a
//! container appears, so that also those that live for milliseconds are known, without a socket.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Container, Engine, Known, Pod};
use serde::Deserialize;

use super::bundle::Bundle;
use super::regular::read_regular;
use super::storage::from_storage;
use crate::limits::BUNDLE_MAX_BYTES;

/// Annotations of a CRI engine: for containerd, then for CRI-O.
const IMAGE: [&str; 2] = ["io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"];
const NAME: [&str; 2] = ["io.kubernetes.cri.container-name", "io.kubernetes.container.name"];
const POD_NAME: [&str; 2] = ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"];
const POD_NAMESPACE: [&str; 2] =
    ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"];
const POD_UID: [&str; 2] = ["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"];
/// Labels that dockershim and cri-dockerd give.
const DOCKER_POD: [&str; 3] =
    ["io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"];

/// `config.v2.json`, as far as it is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerContainer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    image: String,
    config: DockerConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerConfig {
    #[serde(default)]
    image: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

/// Takes what a bundle and the engine's files say into a container. Gives all names of its image, as
/// far as the engine writes them down.
pub(crate) fn learn(container: &mut Container, bundle: &Bundle) -> Vec<String> {
    let image = std::mem::take(&mut container.spec.image);
    container.spec = bundle.spec.clone();
    container.spec.image = image;
    container.known = container.known.max(Known::Spec);
    from_annotations(container, &bundle.annotations);
    if let Some(file) = docker_file(&bundle.root, &container.id)
        && let Some(found) = read(&file)
    {
        from_docker(container, found);
        return Vec::new();
    }
    from_storage(container, &bundle.root)
}

fn from_annotations(container: &mut Container, annotations: &BTreeMap<String, String>) {
    let of = |names: &[&str]| names.iter().find_map(|name| annotations.get(*name)).cloned();
    if let Some(image) = of(&IMAGE) {
        container.spec.image.reference = image;
        container.known = Known::Full;
    }
    if let Some(name) = of(&NAME) {
        container.name = name;
    }
    if let (Some(name), Some(namespace)) = (of(&POD_NAME), of(&POD_NAMESPACE)) {
        let uid = of(&POD_UID).or_else(|| container.pod.take().map(|pod| pod.uid));
        container.pod = Some(Pod { uid: uid.unwrap_or_default(), name, namespace });
    }
}

/// Docker's file of a container, from where its root filesystem lies: every storage driver has its
/// folder beside `containers`.
fn docker_file(root: &str, id: &str) -> Option<PathBuf> {
    let folders = Path::new(root).ancestors().skip(1).take(8);
    let candidates =
        folders.map(|folder| folder.join("containers").join(id).join("config.v2.json"));
    candidates.into_iter().find(|file| file.is_file())
}

fn read(file: &Path) -> Option<DockerContainer> {
    serde_json::from_slice(&read_regular(file, BUNDLE_MAX_BYTES).ok()?).ok()
}

fn from_docker(container: &mut Container, found: DockerContainer) {
    container.engine = Engine::Docker;
    container.known = Known::Full;
    container.name = found.name.trim_start_matches('/').to_owned();
    container.spec.image.reference = found.config.image;
    container.spec.image.image_id = found.image.parse().ok();
    container.labels = found.config.labels.unwrap_or_default();
    let [name, namespace, uid] = DOCKER_POD.map(|label| container.labels.get(label).cloned());
    if let (Some(name), Some(namespace)) = (name, namespace) {
        container.pod = Some(Pod { uid: uid.unwrap_or_default(), name, namespace });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_writes_image_and_name_beside_its_layers() {
        let folder = tempfile::tempdir().unwrap();
        let id = "ab".repeat(32);
        let home = folder.path().join("containers").join(&id);
        std::fs::create_dir_all(&home).unwrap();
        let digest = format!("sha256:{}", "cd".repeat(32));
        let text = format!(
            r#"{{"Name":"/web","Image":"{digest}","Config":{{"Image":"shop:1","Labels":{{"a":"b",
            "io.kubernetes.pod.name":"p","io.kubernetes.pod.namespace":"n"}}}}}}"#
        );
        std::fs::write(home.join("config.v2.json"), text).unwrap();
        let root = folder.path().join("overlay2/xyz/merged").to_string_lossy().into_owned();
        let bundle = Bundle { root, ..Bundle::default() };
        let mut container = Container { id, ..Container::default() };
        learn(&mut container, &bundle);
        assert_eq!((container.name.as_str(), container.known), ("web", Known::Full));
        assert_eq!(container.spec.image.reference, "shop:1");
        assert_eq!(container.spec.image.image_id.unwrap().as_str(), digest);
        assert_eq!(container.pod.unwrap().namespace, "n");
    }

    #[test]
    fn a_cri_engine_writes_them_into_annotations() {
        let pairs = [(IMAGE[0], "shop:2"), (POD_NAME[0], "p"), (POD_NAMESPACE[0], "n")];
        let annotations = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let bundle = Bundle { annotations, ..Bundle::default() };
        let mut container = Container::default();
        learn(&mut container, &bundle);
        assert_eq!(container.spec.image.reference, "shop:2");
        assert_eq!(container.pod.unwrap().name, "p");
    }
}
