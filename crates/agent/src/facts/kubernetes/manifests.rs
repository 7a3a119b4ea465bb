//! Static pods: the folder that the kubelet reads them from, and the components they start.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::limits::CONFIG_FILE_BYTES;
use super::super::root::Root;
use super::super::yaml;
use super::component::PROGRAMS;

/// Where kubeadm has the kubelet look.
pub(super) const USUAL_FOLDER: &str = "/etc/kubernetes/manifests";
/// Most files of the folder that are read.
const MANIFESTS_MAX: usize = 64;

/// A component that a static pod starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StaticPod {
    pub(super) path: PathBuf,
    /// The program's name, such as `kube-apiserver`.
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
}

/// The components among the static pods of a folder.
pub(super) fn find(root: &Root, folder: &Path) -> Vec<StaticPod> {
    let mut pods = Vec::new();
    // The kubelet leaves names that begin with a dot out.
    let names = root.names(folder, MANIFESTS_MAX).unwrap_or_default();
    for name in names.into_iter().filter(|name| !name.starts_with('.')) {
        let path = folder.join(name);
        if let Ok(Some(text)) = root.text(&path, CONFIG_FILE_BYTES) {
            pods.extend(components(&path, &text));
        }
    }
    pods
}

fn components(path: &Path, text: &str) -> Vec<StaticPod> {
    let documents = yaml::documents(text).unwrap_or_default();
    let containers = documents.iter().flat_map(|pod| yaml::items(pod, "/spec/containers"));
    containers.filter_map(|container| component(path, container)).collect()
}

/// The first word that names a component is the program; what follows are its arguments.
fn component(path: &Path, container: &Value) -> Option<StaticPod> {
    let mut words = yaml::texts(container, "/command");
    words.extend(yaml::texts(container, "/args"));
    let program = |word: &String| {
        let name = Path::new(word).file_name()?.to_str()?;
        PROGRAMS.iter().map(|(program, _)| *program).find(|program| *program == name)
    };
    let at = words.iter().position(|word| program(word).is_some())?;
    let program = program(words.get(at)?)?.to_owned();
    let arguments = words.get(at + 1..).unwrap_or_default().to_vec();
    Some(StaticPod { path: path.to_path_buf(), program, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_in_its_words() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [/usr/local/bin/kube-apiserver, --profiling=false]\n    args: [--anonymous-auth=false]\n  - command: [sidecar]\n";
        let pods = components(Path::new("/m/a.yaml"), text);
        assert_eq!(pods.len(), 1);
        assert_eq!(pods[0].program, "kube-apiserver");
        assert_eq!(pods[0].arguments, ["--profiling=false", "--anonymous-auth=false"]);
        assert!(components(Path::new("/m/b.yaml"), "][").is_empty());
        assert!(components(Path::new("/m/c.yaml"), "kind: Pod").is_empty());
    }
}
