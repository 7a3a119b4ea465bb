//! A containerd of its own with the agent as its NRI plugin, images made by hand, and pods as a
//! kubelet would run them.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

mod cri;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use lazaret_agent::gate::Court;
use model::{DecisionRecord, Digest, Report};
use store::Store;
use tokio::runtime::Runtime;

use crate::process::{Running, signal, wait_until};
use crate::reports::report;
pub use cri::{Capabilities, Container, Device, Mount, NODE, Namespaces, Number, Security};

/// Where the CNI library keeps results, with no way to tell it another place.
const FOREIGN: [&str; 2] = ["/var/lib/cni/results", "/var/lib/cni"];
const POLICY: &str = include_str!("../lab/policy.yaml");
/// A network of nothing: pods have a namespace of their own and no link.
const CNI: &str = r#"#!/bin/sh
case "$CNI_COMMAND" in
VERSION) echo '{"cniVersion":"0.3.1","supportedVersions":["0.3.1"]}' ;;
ADD) echo '{"cniVersion":"0.3.1","interfaces":[{"name":"'"$CNI_IFNAME"'","sandbox":"'"$CNI_NETNS"'"}],"ips":[{"version":"4","interface":0,"address":"192.0.2.2/32"}]}' ;;
esac
"#;

/// Which containerd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 1.7, of trixie: NRI has to be switched on.
    Seventeen,
    /// 2.1, of sid.
    TwentyOne,
}

/// The agent's process: this very program with a directory to work in. Returns at once where it is
/// not meant.
pub fn serve_agent() {
    let Some(directory) = std::env::var_os("LAZARET_TEST_AGENT") else { return };
    let directory = Path::new(&directory);
    let store = Arc::new(Store::open(&directory.join("lazaret.sqlite")).unwrap());
    let court = Court::open(&directory.join("agent.yaml"), store, None).unwrap();
    lazaret_agent::nri::serve_nri(court).unwrap();
    std::process::exit(0);
}

pub struct Lab {
    pub folder: tempfile::TempDir,
    release: Release,
    runtime: Runtime,
    containerd: Option<Running>,
    agent: Option<Running>,
}

/// Folders outside of all labs that were not there before the first.
fn foreign() -> &'static [&'static Path] {
    static BEFORE: OnceLock<Vec<&'static Path>> = OnceLock::new();
    BEFORE.get_or_init(|| FOREIGN.map(Path::new).into_iter().filter(|p| !p.exists()).collect())
}

fn target_lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab")
}

fn programs(release: Release) -> PathBuf {
    let root = if release == Release::Seventeen { "containerd17" } else { "docker28" };
    target_lab().join(root).join("root/usr/bin")
}

fn is_there(path: &Path) -> bool {
    if !path.exists() {
        eprintln!("skipped: {} is not there (make lab)", path.display());
    }
    path.exists()
}

impl Lab {
    /// Starts containerd and the agent; `None` where that cannot be.
    pub fn start(release: Release) -> Option<Lab> {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        if !is_root {
            eprintln!("skipped: only root can run containerd");
            return None;
        }
        let needed = [
            programs(release).join("containerd"),
            target_lab().join("busybox"),
            "/usr/sbin/runc".into(),
        ];
        if !needed.iter().all(|path| is_there(path)) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("nri").tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        foreign();
        let mut lab = Lab { folder, release, runtime, containerd: None, agent: None };
        lab.write_files();
        lab.start_containerd();
        lab.image("pause:1", "", &["/bin/busybox", "sleep", "2147483"]);
        lab.start_agent();
        Some(lab)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_files(&self) {
        for folder in ["cni", "net.d", "plugins", "conf.d"] {
            std::fs::create_dir_all(self.at(folder)).unwrap();
        }
        for name in ["cni/nothing", "cni/loopback"] {
            std::fs::write(self.at(name), CNI).unwrap();
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(self.at(name), executable).unwrap();
        }
        let network = r#"{"cniVersion":"0.3.1","name":"nothing","plugins":[{"type":"nothing"}]}"#;
        std::fs::write(self.at("net.d/10-nothing.conflist"), network).unwrap();
        let folder = self.folder.path().display().to_string();
        let config = include_str!("containerd.toml").replace("FOLDER", &folder);
        std::fs::write(self.at("containerd.toml"), config).unwrap();
        std::fs::write(self.at("policy.yaml"), POLICY).unwrap();
        self.configure("");
    }

    /// Writes the agent's configuration, with more under `nri`.
    pub fn configure(&self, more: &str) {
        let at = |name: &str| self.at(name).display().to_string();
        let config = format!(
            "policy: {}\nbreak_glass: {}\ncontact: ask the harbour master\nnri: {{socket: {}, containerd: {}{more}}}\n",
            at("policy.yaml"),
            at("break-glass.yaml"),
            at("nri.sock"),
            at("c.sock"),
        );
        std::fs::write(self.at("agent.yaml"), config).unwrap();
    }

    pub fn start_containerd(&mut self) {
        self.containerd = None;
        let programs = programs(self.release);
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(programs.join("containerd"));
        command.arg("--config").arg(self.at("containerd.toml"));
        command.env("PATH", format!("{}:{path}", programs.display()));
        self.containerd = Some(Running::start(&mut command, &self.at("containerd.log")));
        let socket = self.at("c.sock");
        wait_until("containerd's CRI part", || {
            let asked = cri::runtime::<_, cri::Listed>(&socket, "ListContainers", cri::Empty {});
            self.runtime.block_on(asked).is_ok()
        });
    }

    /// Starts the agent and waits until containerd has it.
    pub fn start_agent(&mut self) {
        let before = self.agent_log().matches("plugin is ready").count();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "agent_process", "--nocapture", "--test-threads=1"]);
        command.env("LAZARET_TEST_AGENT", self.folder.path());
        self.agent = Some(Running::start(&mut command, &self.at("agent.log")));
        self.wait_ready(before);
    }

    /// Waits until the plugin was connected once more than `before` times, and synchronized.
    pub fn wait_ready(&self, before: usize) {
        wait_until("the plugin", || {
            let log = self.agent_log();
            assert!(!log.contains("panicked"), "{log}");
            log.matches("plugin is ready").count() > before
        });
        // containerd asks a plugin only after it has synchronized it.
        let pod = self.pod(Namespaces::default());
        self.in_time_refuses(&pod, "pause:1", "lazaret");
        self.remove_pod(&pod);
    }

    /// Ends the agent without a warning.
    pub fn kill_agent(&mut self) {
        let agent = self.agent.take().unwrap();
        signal("KILL", agent.pid());
        drop(agent);
    }

    pub fn agent_pid(&self) -> u32 {
        self.agent.as_ref().unwrap().pid()
    }

    pub fn agent_log(&self) -> String {
        std::fs::read_to_string(self.at("agent.log")).unwrap_or_default()
    }

    pub fn store(&self) -> Store {
        Store::open(&self.at("lazaret.sqlite")).unwrap()
    }

    pub fn decisions(&self) -> Vec<DecisionRecord> {
        let stored = self.store().latest_decisions(1000).unwrap();
        stored.into_iter().map(|stored| stored.record).collect()
    }

    /// containerd's own command line, in the namespace of the CRI part.
    pub fn ctr(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(programs(self.release).join("ctr"));
        command.arg("--address").arg(self.at("c.sock")).args(["--namespace", "k8s.io"]);
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text)
    }

    /// An image of busybox as `docker.io/lab/<name>`; gives its id.
    pub fn image(&self, name: &str, user: &str, entrypoint: &[&str]) -> Digest {
        let archive = self.at("image.tar");
        let id = write_image(&archive, name, user, entrypoint);
        let (done, said) = self.ctr(&["images", "import", archive.to_str().unwrap()]);
        assert!(done, "{said}");
        wait_until("the CRI part to know the image", || {
            let name = full(name);
            let known =
                self.runtime(|socket| async move { cri::image_status(&socket, &name).await });
            known.unwrap().image.is_some_and(|image| image.id == id.as_str())
        });
        id
    }

    /// An image with a report in the store.
    pub fn reported(&self, name: &str, user: &str, change: impl FnOnce(&mut Report)) -> Digest {
        let id = self.image(name, user, &[]);
        let mut made = report(name, id.clone(), user);
        change(&mut made);
        self.store().save_report(&made).unwrap();
        id
    }

    /// A pod with an empty sandbox.
    pub fn pod(&self, namespaces: Namespaces) -> String {
        self.pod_with(namespaces, false)
    }

    pub fn pod_with(&self, namespaces: Namespaces, privileged: bool) -> String {
        let config = Some(pod_config(namespaces, privileged));
        let made = self.runtime(|socket| async move {
            let asked = cri::RunPodSandbox { config };
            cri::runtime::<_, cri::Item>(&socket, "RunPodSandbox", asked).await
        });
        made.unwrap_or_else(|why| panic!("RunPodSandbox: {why}")).id
    }

    pub fn remove_pod(&self, id: &str) {
        for method in ["StopPodSandbox", "RemovePodSandbox"] {
            let asked = cri::ById { id: id.to_owned(), timeout: 0 };
            let _ = self.runtime(|socket| async move {
                cri::runtime::<_, cri::Empty>(&socket, method, asked).await
            });
        }
    }

    /// A container that sleeps.
    pub fn container(&self, image: &str) -> Container {
        Container {
            metadata: Some(cri::ContainerName { name: image.replace([':', '.'], "-") }),
            image: Some(cri::Image { image: full(image) }),
            command: ["/bin/busybox", "sleep", "2147483"].map(str::to_owned).to_vec(),
            linux: Some(cri::ContainerLinux { security: Some(Security::default()) }),
            ..Container::default()
        }
    }

    pub fn create(&self, pod: &str, container: Container) -> Result<String, String> {
        let security = container.linux.as_ref().and_then(|linux| linux.security.as_ref());
        let privileged = security.is_some_and(|security| security.privileged);
        let asked = cri::CreateContainer {
            pod: pod.to_owned(),
            config: Some(container),
            pod_config: Some(pod_config(Namespaces::default(), privileged)),
        };
        let made = self.runtime(|socket| async move {
            cri::runtime::<_, cri::Item>(&socket, "CreateContainer", asked).await
        });
        made.map(|made| made.id).map_err(|why| why.message().to_owned())
    }

    pub fn start_container(&self, id: &str) -> Result<(), String> {
        self.by_id("StartContainer", id)
    }

    pub fn remove_container(&self, id: &str) {
        let _ = self.by_id("StopContainer", id);
        let _ = self.by_id("RemoveContainer", id);
    }

    fn by_id(&self, method: &str, id: &str) -> Result<(), String> {
        let asked = cri::ById { id: id.to_owned(), timeout: 0 };
        let done = self.runtime(|socket| async move {
            cri::runtime::<_, cri::Empty>(&socket, method, asked).await
        });
        done.map(|_| ()).map_err(|why| why.message().to_owned())
    }

    pub fn is_running(&self, id: &str) -> bool {
        let asked = cri::ById { id: id.to_owned(), timeout: 0 };
        let answer = self.runtime(|socket| async move {
            let method = "ContainerStatus";
            cri::runtime::<_, cri::ContainerStatusResponse>(&socket, method, asked).await
        });
        answer.is_ok_and(|answer| answer.status.is_some_and(|status| status.state == 1))
    }

    /// Makes and starts a container, as a kubelet does; gives its id, or what the kubelet would tell.
    pub fn run(&self, pod: &str, container: Container) -> Result<String, String> {
        let id = self.create(pod, container)?;
        match self.start_container(&id) {
            Ok(()) => Ok(id),
            Err(why) => {
                self.remove_container(&id);
                Err(why)
            }
        }
    }

    pub fn starts(&self, pod: &str, container: Container) {
        let what = format!("{container:?}");
        let id = self.run(pod, container);
        let id = id.unwrap_or_else(|why| panic!("{what}: {why}\n{}", self.agent_log()));
        assert!(self.is_running(&id), "{what}");
        self.remove_container(&id);
    }

    pub fn refuses(&self, pod: &str, container: Container, rule: &str) -> String {
        let what = format!("{container:?}");
        let why = self.run(pod, container).expect_err(&what);
        for word in ["lazaret", rule, "ask the harbour master"] {
            assert!(why.contains(word), "{what}: {word}: {why}");
        }
        why
    }

    /// Tries until an image is refused with a word in the reason: what the engine learns late.
    pub fn in_time_refuses(&self, pod: &str, image: &str, word: &str) {
        wait_until("a refusal", || match self.create(pod, self.container(image)) {
            Ok(id) => {
                self.remove_container(&id);
                false
            }
            Err(why) => why.contains(word),
        });
    }

    fn runtime<T, F: Future<Output = T>>(&self, ask: impl FnOnce(PathBuf) -> F) -> T {
        self.runtime.block_on(ask(self.at("c.sock")))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("agent: {}", self.agent_log());
        }
        // Without the agent nothing refuses to be looked at.
        self.agent = None;
        let listed = self.runtime(|socket| async move {
            cri::runtime::<_, cri::Listed>(&socket, "ListPodSandbox", cri::Empty {}).await
        });
        for pod in listed.map(|listed| listed.items).unwrap_or_default() {
            self.remove_pod(&pod.id);
        }
        self.containerd = None;
        for folder in foreign() {
            // Only when it is empty: another lab may be at work.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// The name of an image in full.
pub fn full(name: &str) -> String {
    format!("docker.io/lab/{name}")
}

fn pod_config(namespaces: Namespaces, privileged: bool) -> cri::Pod {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let security = cri::PodSecurity { namespaces: Some(namespaces), privileged };
    cri::Pod {
        metadata: Some(cri::PodName {
            name: format!("pod-{number}"),
            uid: format!("uid-{number}"),
            namespace: "shop".to_owned(),
        }),
        labels: [("team".to_owned(), "blue".to_owned())].into(),
        linux: Some(cri::PodLinux { security: Some(security) }),
        ..cri::Pod::default()
    }
}

/// Writes an OCI archive of one layer with busybox; gives the image's id.
fn write_image(archive: &Path, name: &str, user: &str, entrypoint: &[&str]) -> Digest {
    let busybox = std::fs::read(target_lab().join("busybox")).unwrap();
    let passwd = "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n";
    let layer = tar_of(&[
        ("bin/busybox".to_owned(), busybox),
        ("etc/passwd".to_owned(), passwd.into()),
        ("name".to_owned(), name.into()),
    ]);
    let mut blobs = Vec::new();
    let mut add = |bytes: Vec<u8>, media_type: &str| {
        let digest = digest_of(&bytes);
        let descriptor = serde_json::json!({
            "mediaType": format!("application/vnd.oci.image.{media_type}"),
            "digest": digest.as_str(),
            "size": bytes.len(),
        });
        blobs.push((digest, bytes));
        descriptor
    };
    let layer = add(layer, "layer.v1.tar");
    let command = if entrypoint.is_empty() { vec!["/bin/busybox", "true"] } else { Vec::new() };
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"User": user, "Entrypoint": entrypoint, "Cmd": command},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config = add(config.to_string().into(), "config.v1+json");
    let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    let mut manifest = add(manifest.to_string().into(), "manifest.v1+json");
    manifest["annotations"] = serde_json::json!({"io.containerd.image.name": full(name)});
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [manifest]});
    let mut files = vec![
        ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json".to_owned(), index.to_string().into()),
    ];
    for (digest, bytes) in blobs {
        files.push((format!("blobs/{}", digest.as_str().replace(':', "/")), bytes));
    }
    std::fs::write(archive, tar_of(&files)).unwrap();
    config["digest"].as_str().unwrap().parse().unwrap()
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn digest_of(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(bytes);
    Digest::sha256(hash.as_slice().try_into().unwrap())
}
