//! A one-node Kubernetes cluster of the walks' own, from what `tests/lab/kubernetes.sh` made: etcd,
//! API server, controllers and a kubelet with its own dockerd, all on loopback, ended when dropped.
//!
//! There is no scheduler: pods name their node, `127.0.0.1`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::daemon::{Dockerd, Running, free_port, wait_until};
use crate::{Run, root, run, scratch};

/// The node's name.
pub const NODE: &str = "127.0.0.1";
/// What every pod's empty first container runs.
const PAUSE: &str = "local/pause:1";

/// Who may ask the API server: token, user, groups.
const USERS: [(&str, &str, &str); 4] = [
    ("admin-token", "admin", "system:masters"),
    ("node-token", "lab-node", "system:masters"),
    ("controllers-token", "system:kube-controller-manager", "lab:controllers"),
    ("developer-token", "developer", "lab:developers"),
];

/// Feature gates and files that an API server is given besides.
#[derive(Debug, Default)]
pub struct ClusterOptions {
    /// The configuration of the ImagePolicyWebhook plugin, if it is to ask.
    pub image_policy: Option<Value>,
}

/// An API server over its etcd, without nodes.
pub struct ControlPlane {
    _api_server: Running,
    _etcd: Running,
    directory: tempfile::TempDir,
    api: String,
}

/// A running cluster. Fields are dropped in order: the kubelet before its dockerd, etcd last.
pub struct Cluster {
    _kubelet: Running,
    _controllers: Running,
    /// The node's own engine.
    pub dockerd: Dockerd,
    _mounts: Mounts,
    plane: ControlPlane,
}

impl std::ops::Deref for Cluster {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        &self.plane
    }
}

/// What a kubelet mounts below its folder; unmounted when dropped.
struct Mounts(PathBuf);

impl Drop for Mounts {
    fn drop(&mut self) {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let below: Vec<&str> =
            places.filter(|place| Path::new(place).starts_with(&self.0)).collect();
        for place in below.into_iter().rev() {
            let _ = Command::new("umount").args(["--lazy", place]).status();
        }
    }
}

/// A program of the lab; says so and gives nothing when the lab was not built.
pub fn kubernetes_program(name: &str) -> Option<PathBuf> {
    let path = root().join("target/lab/kubernetes/bin").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there (make test-kubernetes builds it)", path.display());
    None
}

impl Cluster {
    /// Starts everything and waits until the node is ready.
    pub fn start(options: &ClusterOptions) -> Option<Self> {
        kubernetes_program("kubelet")?;
        let plane = ControlPlane::start(options)?;
        let directory = plane.directory.path();
        let mounts = Mounts(directory.to_owned());
        let dockerd = Dockerd::start_for_pods(&wrapper(directory))?;
        import_pause(&dockerd);
        let controllers = start_controllers(directory)?;
        let kubelet = start_kubelet(directory, &dockerd)?;
        wait_until("the node", &directory.join("kubelet.log"), || {
            plane.kubectl(&["get", "node", NODE]).out.contains(" Ready")
        });
        Some(Cluster {
            _kubelet: kubelet,
            _controllers: controllers,
            dockerd,
            _mounts: mounts,
            plane,
        })
    }
}

impl ControlPlane {
    /// Starts etcd and the API server and waits until it answers.
    pub fn start(options: &ClusterOptions) -> Option<Self> {
        kubernetes_program("kubectl")?;
        let directory = scratch();
        let (etcd, etcd_url) = start_etcd(directory.path())?;
        let (api_server, api) = start_api_server(directory.path(), &etcd_url, options)?;
        for (token, user, _) in USERS {
            write_kubeconfig(directory.path(), &api, user, token);
        }
        let plane = ControlPlane { _api_server: api_server, _etcd: etcd, directory, api };
        wait_until("the API server", &plane.directory.path().join("api.log"), || {
            plane.kubectl(&["get", "namespace", "default"]).status == 0
        });
        for (group, role) in [("lab:controllers", "cluster-admin"), ("lab:developers", "edit")] {
            let (role, group) = (format!("--clusterrole={role}"), format!("--group={group}"));
            let name = group.rsplit(':').next().unwrap_or_default();
            plane.kubectl(&["create", "clusterrolebinding", name, &role, &group]).expect(0);
        }
        Some(plane)
    }

    /// `kubectl` as the administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> Run {
        self.kubectl_as("admin", arguments)
    }

    /// `kubectl` as `admin` (in `system:masters`) or `developer` (may edit).
    pub fn kubectl_as(&self, user: &str, arguments: &[&str]) -> Run {
        run(kubectl(self.directory.path(), user).args(arguments))
    }

    /// `kubectl apply` of a document.
    pub fn apply(&self, user: &str, document: &str) -> Run {
        self.apply_with(user, document, &[])
    }

    /// `kubectl apply` of a document with further arguments.
    pub fn apply_with(&self, user: &str, document: &str, arguments: &[&str]) -> Run {
        let file = self.directory.path().join("applied.yaml");
        std::fs::write(&file, document).unwrap();
        let file = file.display().to_string();
        self.kubectl_as(user, &[&["apply", "-f", &file], arguments].concat())
    }

    /// The kubeconfig of a user, `admin` or `developer`.
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        kubeconfig(self.directory.path(), user)
    }

    /// `https://127.0.0.1:port` of the API server.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The authority of the API server's certificate, PEM.
    pub fn api_authority(&self) -> PathBuf {
        self.directory.path().join("api-tls/apiserver.crt")
    }

    /// What the API server wrote of audited requests, a JSON document a line.
    pub fn audit_log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("audit.log")).unwrap_or_default()
    }

    /// What the API server said.
    pub fn api_log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("api.log")).unwrap_or_default()
    }
}

fn program(name: &str) -> Option<Command> {
    kubernetes_program(name).map(Command::new)
}

fn kubectl(directory: &Path, user: &str) -> Command {
    let mut kubectl = Command::new(root().join("target/lab/kubernetes/bin/kubectl"));
    kubectl.arg("--kubeconfig").arg(kubeconfig(directory, user)).current_dir(directory);
    kubectl.env("HOME", directory).stdin(Stdio::null());
    kubectl
}

fn kubeconfig(directory: &Path, user: &str) -> PathBuf {
    directory.join(format!("{}.kubeconfig", user.replace(':', "-")))
}

fn write_kubeconfig(directory: &Path, api: &str, user: &str, token: &str) {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": api, "insecure-skip-tls-verify": true}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
    });
    std::fs::write(kubeconfig(directory, user), config.to_string()).unwrap();
}

/// A runtime that lets pods be made without the right to lower a score: pods ask for −998.
fn wrapper(directory: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("runc-for-pods");
    let script = "#!/bin/sh\nbefore=\nfor word in \"$@\"; do\n  [ \"$before\" = --bundle ] && sed -i 's/\"oomScoreAdj\":-[0-9]*/\"oomScoreAdj\":0/' \"$word/config.json\"\n  before=$word\ndone\nexec runc \"$@\"\n";
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn import_pause(dockerd: &Dockerd) {
    let folder = scratch();
    let archive = folder.path().join("pause.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&archive).unwrap());
    let busybox = root().join("target/lab/kubernetes/bin/busybox");
    tar.append_path_with_name(busybox, "bin/busybox").unwrap();
    tar.finish().unwrap();
    let command = "CMD [\"/bin/busybox\", \"sleep\", \"1000000\"]";
    let mut import = dockerd.command();
    import.args(["import", "--change", command]).arg(&archive).arg(PAUSE);
    run(&mut import).expect(0);
}

fn start_etcd(directory: &Path) -> Option<(Running, String)> {
    let client = format!("http://127.0.0.1:{}", free_port());
    let peer = format!("http://127.0.0.1:{}", free_port());
    let mut etcd = program("etcd")?;
    etcd.arg("--data-dir").arg(directory.join("etcd")).args(["--name", "lab"]);
    etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    etcd.arg("--initial-cluster").arg(format!("lab={peer}"));
    let log = directory.join("etcd.log");
    let running = Running::start(&mut etcd, &log);
    let address = client.trim_start_matches("http://").to_owned();
    wait_until("etcd", &log, || std::net::TcpStream::connect(&address).is_ok());
    Some((running, client))
}

fn start_api_server(
    directory: &Path,
    etcd: &str,
    options: &ClusterOptions,
) -> Option<(Running, String)> {
    let port = free_port();
    let at = |name: &str| directory.join(name);
    let users: String = USERS
        .iter()
        .enumerate()
        .map(|(n, (token, user, groups))| format!("{token},{user},{n},\"{groups}\"\n"))
        .collect();
    std::fs::write(at("users.csv"), users).unwrap();
    run(Command::new("openssl").args(["genrsa", "-out"]).arg(at("accounts.pem")).arg("2048"))
        .expect(0);
    let audit = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "verbs": ["create", "update", "patch"], "resources": [
            {"group": "", "resources": ["pods", "pods/ephemeralcontainers"]}, {"group": "apps"}, {"group": "batch"}]}],
    });
    std::fs::write(at("audit.json"), audit.to_string()).unwrap();
    let mut api = program("kube-apiserver")?;
    api.args(["--etcd-servers", etcd, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"]);
    api.arg(format!("--secure-port={port}")).arg("--cert-dir").arg(at("api-tls"));
    api.arg("--token-auth-file").arg(at("users.csv")).arg("--authorization-mode=Node,RBAC");
    api.arg("--service-account-issuer=https://lab.invalid");
    api.arg("--service-account-signing-key-file").arg(at("accounts.pem"));
    api.arg("--service-account-key-file").arg(at("accounts.pem"));
    api.args(["--allow-privileged=true", "--service-cluster-ip-range=10.96.0.0/24"]);
    api.args(["--endpoint-reconciler-type=none", "--feature-gates=EphemeralContainers=true"]);
    api.arg("--disable-admission-plugins=ServiceAccount");
    api.arg("--audit-policy-file")
        .arg(at("audit.json"))
        .arg("--audit-log-path")
        .arg(at("audit.log"));
    if let Some(configuration) = &options.image_policy {
        std::fs::write(at("admission.json"), configuration.to_string()).unwrap();
        api.arg("--enable-admission-plugins=ImagePolicyWebhook");
        api.arg("--admission-control-config-file").arg(at("admission.json"));
    }
    let running = Running::start(&mut api, &at("api.log"));
    Some((running, format!("https://127.0.0.1:{port}")))
}

fn start_controllers(directory: &Path) -> Option<Running> {
    let mut controllers = program("kube-controller-manager")?;
    controllers.arg("--kubeconfig").arg(kubeconfig(directory, "system:kube-controller-manager"));
    controllers.args(["--leader-elect=false", "--port=0", "--bind-address=127.0.0.1"]);
    controllers.arg(format!("--secure-port={}", free_port()));
    controllers.arg("--cert-dir").arg(directory.join("controllers-tls"));
    Some(Running::start(&mut controllers, &directory.join("controllers.log")))
}

fn start_kubelet(directory: &Path, dockerd: &Dockerd) -> Option<Running> {
    let config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": "127.0.0.1", "port": free_port(), "readOnlyPort": 0, "healthzPort": 0,
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs", "cgroupsPerQOS": false, "enforceNodeAllocatable": [],
        "failSwapOn": false, "makeIPTablesUtilChains": false,
        "evictionHard": {"nodefs.available": "1%", "memory.available": "1Mi"},
        "imageGCHighThresholdPercent": 100, "featureGates": {"EphemeralContainers": true},
        "syncFrequency": "5s", "nodeStatusUpdateFrequency": "5s",
    });
    let at = |name: &str| directory.join(name);
    std::fs::write(at("kubelet.json"), config.to_string()).unwrap();
    let mut kubelet = program("kubelet")?;
    kubelet.arg("--config").arg(at("kubelet.json")).arg("--root-dir").arg(at("kubelet"));
    kubelet.arg("--kubeconfig").arg(kubeconfig(directory, "lab-node"));
    kubelet.arg("--cert-dir").arg(at("kubelet-tls"));
    kubelet.args(["--docker-endpoint", &dockerd.host, "--network-plugin="]);
    kubelet.args(["--pod-infra-container-image", PAUSE, "--hostname-override", NODE]);
    kubelet.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    Some(Running::start(&mut kubelet, &at("kubelet.log")))
}
