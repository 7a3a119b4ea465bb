//! From what NRI tells, and from what containerd keeps, to the workload that the judge reads. Pure.
//!
//! NRI tells little of a container that is about to be made: no capabilities, no profiles, before
//! NRI 0.10 no user. What is not told is taken as harmless then, so that nothing is refused for
//! what it may not be; once the container is made its whole specification decides.

use std::collections::BTreeMap;

use model::{ContainerSpec, Digest, Engine, ImageIdentity, Mount, Workload};
use serde::Deserialize;

use super::call::Subject;
use super::proto::{Container, PodSandbox};
use crate::attribute::{bundle_of, host_mount, name_of, shared};

/// containerd's annotation with the name of the image, of no more weight than any name.
pub(super) const IMAGE_NAME: &str = "io.kubernetes.cri.image-name";
const CONTAINER_NAME: &str = "io.kubernetes.cri.container-name";
const POD_NAMESPACE: &str = "io.kubernetes.cri.sandbox-namespace";
const POD_UID: &str = "io.kubernetes.cri.sandbox-uid";
const POD_ID: &str = "io.kubernetes.cri.sandbox-id";
/// Where the kubelet keeps what it mounts into a pod.
const KUBELET_PODS: &str = "/var/lib/kubelet/pods/";
/// The parts of that which are the pod's own whatever the pod asks for. Other volumes, such as
/// `local-volume`, and a part of one may be anything of the host.
const KUBELET_OWN: [&str; 8] = [
    "etc-hosts",
    "containers/",
    "volumes/kubernetes.io~empty-dir/",
    "volumes/kubernetes.io~projected/",
    "volumes/kubernetes.io~secret/",
    "volumes/kubernetes.io~configmap/",
    "volumes/kubernetes.io~downward-api/",
    "volumes/kubernetes.io~csi/",
];
/// Files that containerd makes for a pod and puts over the image's.
const SANDBOX_OWN: [&str; 4] = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/dev/shm"];
/// As whom a container counts until its user is known.
const NOBODY: &str = "65534:65534";

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ImageFound {
    pub(super) identity: ImageIdentity,
    /// What else it is called.
    pub(super) names: Vec<String>,
}

/// A container as containerd keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: String,
    /// The image's name as it was when the container was made.
    pub(super) image: String,
    pub(super) labels: BTreeMap<String, String>,
    /// The OCI specification, in JSON.
    pub(super) spec: Vec<u8>,
    /// What the CRI part keeps beside it, in JSON; empty when there is none.
    pub(super) metadata: Vec<u8>,
}

/// What the CRI part of containerd keeps of a container, as far as it is read here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Kept {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(rename = "ImageRef")]
    image_id: String,
    #[serde(rename = "Config")]
    config: Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    image: AskedImage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedImage {
    user_specified_image: String,
}

impl Record {
    /// The id of the image that its files are made of, and the name that was asked for, as the CRI
    /// part wrote them down; `None` and empty where it did not.
    pub(super) fn image_asked(&self) -> (Option<Digest>, String) {
        let kept: Kept = serde_json::from_slice(&self.metadata).unwrap_or_default();
        let asked = kept.metadata.config.image.user_specified_image;
        (kept.metadata.image_id.parse().ok(), asked)
    }
}

/// The workload before it is made. `is_hosts` tells from kind and path whether a namespace is the
/// host's.
pub(super) fn early(
    told: &Subject,
    image: &ImageFound,
    is_hosts: impl Fn(&str, &str) -> bool,
) -> Workload {
    let Subject { pod, container } = told;
    let linux = container.linux.clone().unwrap_or_default();
    let namespaces: Vec<(String, String)> =
        linux.namespaces.into_iter().map(|one| (one.r#type, one.path)).collect();
    let user = container.user.as_ref().map(|user| format!("{}:{}", user.uid, user.gid));
    let host_namespaces = shared(&namespaces, &is_hosts);
    let mut spec = ContainerSpec {
        name: container.name.clone(),
        image: image.identity.clone(),
        user: Some(user.unwrap_or_else(|| NOBODY.to_owned())),
        user_namespace: !host_namespaces.iter().any(|shared| shared == "user"),
        host_namespaces,
        capabilities_dropped: vec!["ALL".to_owned()],
        mounts: mounts_of(container),
        devices: linux.devices.into_iter().map(|device| device.path).collect(),
        seccomp: "default".to_owned(),
        allow_privilege_escalation: Some(false),
        read_only_rootfs: true,
        command: container.args.clone(),
        env_names: container.env.iter().map(|one| name_of(one)).collect(),
        ..ContainerSpec::default()
    };
    spec.mounts.retain(|mount| !is_pods_own(mount, &container.pod_sandbox_id, &pod.uid));
    Workload {
        engine: Engine::Containerd,
        kind: "container".to_owned(),
        name: container.name.clone(),
        namespace: pod.namespace.clone(),
        labels: joined(&pod.labels, &container.labels),
        annotations: joined(&pod.annotations, &container.annotations),
        containers: vec![spec],
        ..Workload::default()
    }
}

/// The workload as it was made. What NRI tells of its pod counts for more than the annotations, of
/// which some may come from the pod's author. A specification that cannot be read is the error.
pub(super) fn late(
    record: &Record,
    image: &ImageFound,
    pod: Option<&PodSandbox>,
    is_hosts: impl Fn(&str, &str) -> bool,
) -> Result<Workload, String> {
    let bundle = bundle_of(&record.spec)?;
    let annotation = |key: &str| bundle.annotations.get(key).cloned().unwrap_or_default();
    let told = PodSandbox {
        id: annotation(POD_ID),
        uid: annotation(POD_UID),
        namespace: annotation(POD_NAMESPACE),
        ..PodSandbox::default()
    };
    let pod = pod.unwrap_or(&told);
    let name = annotation(CONTAINER_NAME);
    let mut spec = bundle.spec.clone();
    spec.name.clone_from(&name);
    spec.image = image.identity.clone();
    spec.host_namespaces = shared(&bundle.namespaces, &is_hosts);
    spec.user_namespace = !spec.host_namespaces.iter().any(|shared| shared == "user");
    spec.mounts.retain(|mount| !is_pods_own(mount, &pod.id, &pod.uid));
    Ok(Workload {
        engine: Engine::Containerd,
        kind: "container".to_owned(),
        name,
        namespace: pod.namespace.clone(),
        labels: joined(&pod.labels, &record.labels),
        annotations: bundle.annotations,
        containers: vec![spec],
        ..Workload::default()
    })
}

/// The id of the pod's sandbox, from a specification.
pub(super) fn sandbox_of(record: &Record) -> Option<String> {
    bundle_of(&record.spec).ok()?.annotations.remove(POD_ID)
}

fn mounts_of(container: &Container) -> Vec<Mount> {
    let mounts = container.mounts.iter();
    let mounts = mounts.filter_map(|mount| {
        let (source, target) = (mount.source.clone(), mount.destination.clone());
        host_mount(&mount.r#type, source, target, &mount.options)
    });
    mounts.collect()
}

/// Whether a mount is what containerd or the kubelet gives every pod.
fn is_pods_own(mount: &Mount, sandbox: &str, pod_uid: &str) -> bool {
    if mount.source.split('/').any(|part| part == "..") {
        return false;
    }
    let of_sandbox = !sandbox.is_empty()
        && SANDBOX_OWN.contains(&mount.target.as_str())
        && mount.source.contains(&format!("/io.containerd.grpc.v1.cri/sandboxes/{sandbox}/"));
    let below_pod = mount.source.strip_prefix(KUBELET_PODS);
    let below_pod = below_pod.and_then(|rest| rest.strip_prefix(pod_uid)?.strip_prefix('/'));
    let of_kubelet = !pod_uid.is_empty()
        && below_pod.is_some_and(|rest| KUBELET_OWN.iter().any(|own| rest.starts_with(own)));
    of_sandbox || of_kubelet
}

fn joined(
    pod: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    pod.iter().chain(own).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::proto::{LinuxContainer, LinuxNamespace, User};
    use super::*;

    fn is_hosts(_: &str, path: &str) -> bool {
        path == "/proc/7/ns/net"
    }

    fn namespace(kind: &str, path: &str) -> LinuxNamespace {
        LinuxNamespace { r#type: kind.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn what_is_not_told_is_harmless() {
        let linux = LinuxContainer {
            namespaces: vec![namespace("network", "/proc/7/ns/net"), namespace("pid", "")],
            ..LinuxContainer::default()
        };
        let container = Container {
            id: "c".to_owned(),
            env: vec!["TOKEN=secret".to_owned()],
            linux: Some(linux),
            ..Container::default()
        };
        let mut told = Subject { pod: PodSandbox::default(), container };
        let spec = early(&told, &ImageFound::default(), is_hosts).containers.remove(0);
        assert_eq!(spec.user.as_deref(), Some(NOBODY));
        assert_eq!(spec.host_namespaces, ["network", "ipc", "uts", "user", "cgroup"]);
        assert_eq!(spec.env_names, ["TOKEN"]);
        told.container.user = Some(User { uid: 0, gid: 0 });
        let spec = early(&told, &ImageFound::default(), is_hosts).containers.remove(0);
        assert_eq!(spec.user.as_deref(), Some("0:0"));
    }

    #[test]
    fn what_was_made_is_read_whole() {
        let spec = br#"{"process":{"user":{"uid":0,"gid":0},"capabilities":{"bounding":["CAP_SYS_ADMIN"]}},
            "annotations":{"io.kubernetes.cri.container-name":"web","io.kubernetes.cri.sandbox-id":"s1",
            "io.kubernetes.cri.sandbox-namespace":"shop"},
            "linux":{"namespaces":[{"type":"network","path":"/proc/7/ns/net"},{"type":"user"}]},
            "mounts":[{"destination":"/etc/hosts","type":"bind","source":"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/s1/hosts"},
            {"destination":"/etc/hosts","type":"bind","source":"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/s2/hosts"}]}"#;
        let metadata = br#"{"Version":"v1","Metadata":{"ID":"c","ImageRef":"sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "Config":{"image":{"image":"sha256:1","user_specified_image":"shop/web:1"}}}}"#;
        let record = Record {
            spec: spec.to_vec(),
            metadata: metadata.to_vec(),
            labels: [("a".to_owned(), "own".to_owned())].into(),
            ..Record::default()
        };
        let (id, asked) = record.image_asked();
        assert_eq!(asked, "shop/web:1");
        assert!(id.is_some_and(|id| id.as_str().starts_with("sha256:1111")));
        let labels = [("a".to_owned(), "pod".to_owned()), ("b".to_owned(), "pod".to_owned())];
        let mut pod = PodSandbox {
            id: "s1".to_owned(),
            namespace: "shop".to_owned(),
            labels: labels.into(),
            ..PodSandbox::default()
        };
        let workload = late(&record, &ImageFound::default(), Some(&pod), is_hosts).unwrap();
        let spec = &workload.containers[0];
        assert_eq!((workload.name.as_str(), workload.namespace.as_str()), ("web", "shop"));
        assert_eq!((workload.labels["a"].as_str(), workload.labels["b"].as_str()), ("own", "pod"));
        assert_eq!(spec.host_namespaces, ["pid", "network", "ipc", "uts", "cgroup"]);
        assert!(spec.user_namespace && spec.user.as_deref() == Some("0:0"));
        assert_eq!(spec.mounts.len(), 1, "the other pod's file is not its own");
        assert_eq!(sandbox_of(&record).as_deref(), Some("s1"));
        pod.namespace = "other".to_owned();
        let namespace = |pod: Option<&PodSandbox>| {
            late(&record, &ImageFound::default(), pod, is_hosts).unwrap().namespace
        };
        assert_eq!((namespace(Some(&pod)), namespace(None)), ("other".into(), "shop".into()));
        assert!(late(&Record::default(), &ImageFound::default(), None, is_hosts).is_err());
        assert_eq!(Record::default().image_asked(), (None, String::new()));
    }

    #[test]
    fn a_pod_sees_its_own_and_nobody_elses() {
        let own = |source: &str| {
            let (source, target) = (source.to_owned(), "/x".to_owned());
            is_pods_own(&Mount { source, target, ..Mount::default() }, "s1", "u1")
        };
        assert!(own("/var/lib/kubelet/pods/u1/etc-hosts"));
        assert!(own("/var/lib/kubelet/pods/u1/volumes/kubernetes.io~projected/token"));
        for other in [
            "/var/lib/kubelet/pods/u2/etc-hosts",
            "/var/lib/kubelet/pods/u1",
            "/var/lib/kubelet/pods/u1/volume-subpaths/etc/c/0",
            "/var/lib/kubelet/pods/u1/volumes/kubernetes.io~local-volume/root",
            "/var/lib/kubelet/pods/u1/volumes/kubernetes.io~secret-not/x",
            "/var/lib/kubelet/pods/u1/containers/../../u2/etc-hosts",
            "/etc",
        ] {
            assert!(!own(other), "{other}");
        }
    }
}
