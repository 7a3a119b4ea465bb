//! Nodes made of files: a root directory and a process filesystem of their own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use lazaret_agent::facts::KubernetesPlaces;

/// A node; gone when dropped.
pub struct Tree {
    folder: tempfile::TempDir,
}

const PKI: &str = "/etc/kubernetes/pki";
const RIGHT_API: &[&str] = &[
    "--anonymous-auth=false",
    "--enable-admission-plugins=NodeRestriction,DenyServiceExternalIPs",
    "--enable_admission_plugins",
    "EventRateLimit,AlwaysPullImages",
    "--authorization-mode=Node,RBAC",
    "--kubelet-client-certificate=/etc/kubernetes/pki/kubelet.crt",
    "--kubelet-client-key=/etc/kubernetes/pki/kubelet.key",
    "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
    "--profiling=true",
    "--profiling=false",
    "--audit-log-path=/var/log/audit.log",
    "--audit-log-maxage=30",
    "--audit-log-maxbackup=10",
    "--audit-policy-file=/etc/kubernetes/audit.yaml",
    "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
    "--service-account-extend-token-expiration=false",
    "--etcd-certfile=/etc/kubernetes/pki/etcd.crt",
    "--etcd-keyfile=/etc/kubernetes/pki/etcd.key",
    "--etcd-cafile=/etc/kubernetes/pki/ca.crt",
    "--tls-cert-file=/etc/kubernetes/pki/api.crt",
    "--tls-private-key-file=/etc/kubernetes/pki/api.key",
    "--tls-min-version=VersionTLS13",
    "--client-ca-file=/etc/kubernetes/pki/ca.crt",
    "--encryption-provider-config=/etc/kubernetes/encryption.yaml",
];
const WRONG_API: &[&str] = &[
    "--token-auth-file=/t",
    "--enable-admission-plugins=AlwaysAdmit",
    "--disable-admission-plugins=ServiceAccount,NamespaceLifecycle",
    "--request-timeout=2h",
    "--service-account-lookup=false",
    "--audit-log-maxsize=1",
];
const RIGHT_ETCD: &[&str] = &[
    "--cert-file=/c",
    "--key-file=/k",
    "--client-cert-auth",
    "--peer-cert-file=/c",
    "--peer-key-file=/k",
    "--peer-client-cert-auth=true",
    "--trusted-ca-file=/etc/kubernetes/pki/etcd-ca.crt",
    "--data-dir=/var/lib/etcd",
];
const RIGHT_KUBELET: &str = "
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
readOnlyPort: 10255
rotateCertificates: true
tlsCertFile: /c
tlsPrivateKeyFile: /k
tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
podPidsLimit: 4096
seccompDefault: true
";
const WRONG_KUBELET: &str = "
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}}
authorization: {mode: AlwaysAllow}
readOnlyPort: 10255
streamingConnectionIdleTimeout: 0s
makeIPTablesUtilChains: false
eventRecordQPS: 0
rotateCertificates: false
featureGates: {RotateKubeletServerCertificate: false}
";
const PODS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/// Who has the files, and how.
#[derive(Clone, Copy)]
struct Kept {
    uid: u32,
    mode: u32,
}

impl Tree {
    fn new() -> Option<Tree> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: files of other owners need root");
            return None;
        }
        let tree = Tree { folder: tempfile::tempdir().unwrap() };
        let own = Kept { uid: 0, mode: 0o644 };
        tree.file("/etc/passwd", "root:x:0:0::/:/bin/sh\netcd:x:105:105::/:/bin/false\n", own);
        tree.file("/etc/group", "root:x:0:\netcd:x:105:\n", own);
        fs::create_dir_all(tree.at("/proc")).unwrap();
        Some(tree)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    pub fn places(&self) -> KubernetesPlaces {
        KubernetesPlaces {
            root: self.folder.path().to_path_buf(),
            proc: self.at("/proc"),
            access: None,
        }
    }

    fn file(&self, path: &str, text: &str, kept: Kept) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        keep(&path, kept);
    }

    /// A process with its program and arguments, in the tree as its root.
    pub fn process(&self, pid: u32, program: &str, arguments: &[&str]) {
        let folder = self.at(&format!("/proc/{pid}"));
        fs::create_dir_all(&folder).unwrap();
        let words: Vec<&str> = std::iter::once(program).chain(arguments.iter().copied()).collect();
        fs::write(folder.join("cmdline"), words.join("\0") + "\0").unwrap();
        symlink(program, folder.join("exe")).unwrap();
        symlink(self.folder.path(), folder.join("root")).unwrap();
        fs::write(folder.join("environ"), "ETCD_PEER_AUTO_TLS=false\0").unwrap();
    }

    /// Says when a process began, in seconds since 1970.
    pub fn began(&self, pid: u32, at_s: u64) {
        fs::write(self.at("/proc/stat"), format!("btime {at_s}\n")).unwrap();
        let before = "S 1 ".to_owned() + &"0 ".repeat(17);
        fs::write(self.at(&format!("/proc/{pid}/stat")), format!("{pid} (x) {before}0 0\n"))
            .unwrap();
    }

    pub fn right() -> Option<Tree> {
        let tree = Tree::new()?;
        let kept = Kept { uid: 0, mode: 0o600 };
        tree.files(kept);
        tree.file("/etc/kubernetes/audit.yaml", "rules: [{level: Metadata}]", kept);
        let encryption =
            "resources: [{resources: [secrets], providers: [{secretbox: {}}, {identity: {}}]}]";
        tree.file("/etc/kubernetes/encryption.yaml", encryption, kept);
        tree.file("/var/lib/kubelet/config.yaml", RIGHT_KUBELET, kept);
        tree.file("/etc/kubelet.d/10-port.conf", "readOnlyPort: 0", kept);
        tree.file(
            "/etc/cni/net.d/10.conflist",
            r#"{"plugins": [{"type": "calico"}, {"type": "portmap"}]}"#,
            kept,
        );
        keep(&tree.at("/var/lib/etcd"), Kept { uid: 105, mode: 0o700 });
        tree.process(1, "/usr/local/bin/kube-apiserver", RIGHT_API);
        tree.process(
            2,
            "/usr/local/bin/kube-controller-manager",
            &[
                "--profiling=false",
                "--use-service-account-credentials",
                "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
                "--root-ca-file=/etc/kubernetes/pki/ca.crt",
                "--bind-address",
                "127.0.0.1",
                "--terminated-pod-gc-threshold=100",
            ],
        );
        tree.process(
            3,
            "/usr/local/bin/kube-scheduler",
            &["--profiling=false", "--bind-address=::1"],
        );
        tree.process(
            4,
            "/usr/bin/kubelet",
            &[
                "--config=/var/lib/kubelet/config.yaml",
                "--config-dir=/etc/kubelet.d",
                "--kubeconfig=/etc/kubernetes/kubelet.conf",
            ],
        );
        tree.process(
            5,
            "/usr/local/bin/kube-proxy",
            &["--kubeconfig=/var/lib/kube-proxy/kubeconfig.conf"],
        );
        tree.process(6, "/usr/local/bin/etcd", RIGHT_ETCD);
        // Words of other programs decide nothing.
        tree.process(7, "/usr/bin/grep", &["kube-apiserver", "--anonymous-auth=true"]);
        Some(tree)
    }

    pub fn wrong() -> Option<Tree> {
        let tree = Tree::new()?;
        let kept = Kept { uid: 1000, mode: 0o666 };
        tree.files(kept);
        tree.file("/var/lib/kubelet/config.yaml", WRONG_KUBELET, kept);
        tree.file("/etc/cni/net.d/10.conflist", r#"{"plugins": [{"type": "bridge"}]}"#, kept);
        keep(&tree.at("/var/lib/etcd"), Kept { uid: 1000, mode: 0o755 });
        tree.process(1, "/usr/local/bin/kube-apiserver", WRONG_API);
        let gate = "--feature-gates=RotateKubeletServerCertificate=false";
        tree.process(2, "/usr/local/bin/kube-controller-manager", &[gate]);
        tree.process(3, "/usr/local/bin/kube-scheduler", &[]);
        tree.process(
            4,
            "/usr/bin/kubelet",
            &[
                "--config=/var/lib/kubelet/config.yaml",
                "--kubeconfig=/etc/kubernetes/kubelet.conf",
                "--hostname-override=x",
            ],
        );
        tree.process(
            5,
            "/usr/local/bin/kube-proxy",
            &["--kubeconfig=/var/lib/kube-proxy/kubeconfig.conf", "--metrics-bind-address=0.0.0.0"],
        );
        tree.process(
            6,
            "/usr/local/bin/etcd",
            &["--auto-tls", "--peer-auto-tls", "--data-dir=/var/lib/etcd"],
        );
        Some(tree)
    }

    pub fn worker() -> Option<Tree> {
        let tree = Tree::new()?;
        tree.process(4, "/usr/bin/kubelet", &["--hostname-override", "node-1"]);
        Some(tree)
    }

    /// The files of a node with a control plane, all kept alike.
    fn files(&self, kept: Kept) {
        for program in PODS {
            let pod = format!("spec: {{containers: [{{command: [{program}]}}]}}");
            self.file(&format!("/etc/kubernetes/manifests/{program}.yaml"), &pod, kept);
        }
        for name in ["admin", "scheduler", "controller-manager", "kubelet"] {
            self.file(&format!("/etc/kubernetes/{name}.conf"), &kubeconfig(kept.uid != 0), kept);
        }
        self.file("/var/lib/kube-proxy/kubeconfig.conf", &kubeconfig(false), kept);
        for name in [
            "ca.crt",
            "etcd-ca.crt",
            "kubelet.crt",
            "etcd.crt",
            "api.crt",
            "sa.pub",
            "sa.key",
            "api.key",
            "etcd.key",
            "kubelet.key",
        ] {
            self.file(&format!("{PKI}/{name}"), name, kept);
        }
        keep(&self.at(PKI), Kept { uid: kept.uid, mode: 0o755 });
        self.file("/etc/systemd/system/kubelet.service", "[Service]\n", kept);
        self.file("/var/lib/etcd/member", "", kept);
    }
}

/// A kubeconfig whose certificate is of `system:masters`, or of no group.
fn kubeconfig(of_masters: bool) -> String {
    let user = if of_masters {
        format!("{{client-certificate-data: {}}}", masters())
    } else {
        "{token: t}".to_owned()
    };
    format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\nusers: [{{name: u, user: {user}}}]\n"
    )
}

/// A certificate of `O=system:masters`, made by openssl, as base64 of PEM.
fn masters() -> String {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("k"), folder.path().join("c"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-subj", "/O=system:masters/CN=eve", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(fs::read(&certificate).unwrap())
}

fn keep(path: &Path, kept: Kept) {
    chown(path, Some(kept.uid), Some(kept.uid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(kept.mode)).unwrap();
}
