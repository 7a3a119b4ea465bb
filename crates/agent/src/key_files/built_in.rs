//! Table: the files of a container host that matter, by what they are for.

use model::Priority;

/// What a key file is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// How engines are set up.
    Engine,
    /// The programs of engines and runtimes: whoever changes them is root on the host next time.
    Runtime,
    /// Who may log in.
    Accounts,
    /// Who may become root.
    Sudo,
    /// What runs at a time.
    Schedule,
    /// Remote login.
    Ssh,
    /// What runs from the start.
    Services,
    /// What every program loads.
    Loader,
    /// Kubernetes on this node.
    Kubernetes,
    /// Lazaret itself.
    Own,
    /// What the configuration adds.
    #[default]
    Added,
}

impl Purpose {
    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Purpose::Engine => "engine configuration",
            Purpose::Runtime => "runtime program",
            Purpose::Accounts => "accounts",
            Purpose::Sudo => "sudo",
            Purpose::Schedule => "scheduled jobs",
            Purpose::Ssh => "remote login",
            Purpose::Services => "services",
            Purpose::Loader => "dynamic loader",
            Purpose::Kubernetes => "kubernetes",
            Purpose::Own => "lazaret",
            Purpose::Added => "configured",
        }
    }

    /// The ATT&CK technique that a change serves.
    pub(super) fn technique(self) -> &'static str {
        match self {
            Purpose::Engine => "T1562.001",
            Purpose::Runtime => "T1554",
            Purpose::Accounts => "T1098",
            Purpose::Sudo => "T1548.003",
            Purpose::Schedule => "T1053.003",
            Purpose::Ssh => "T1098.004",
            Purpose::Services => "T1543.002",
            Purpose::Loader => "T1574.006",
            Purpose::Kubernetes => "T1552.004",
            Purpose::Own => "T1562.001",
            Purpose::Added => "T1565.001",
        }
    }

    /// How urgent a change by a stranger is.
    pub(super) fn priority(self) -> Priority {
        match self {
            Purpose::Runtime | Purpose::Loader | Purpose::Own => Priority::Critical,
            Purpose::Accounts | Purpose::Sudo | Purpose::Ssh | Purpose::Kubernetes => {
                Priority::Error
            }
            _ => Priority::Warning,
        }
    }
}

/// Folders that programs of the runtime lie in.
pub(super) const PROGRAM_FOLDERS: [&str; 5] =
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/libexec/docker"];
/// Programs of engines and runtimes.
pub(super) const PROGRAMS: [&str; 22] = [
    "runc",
    "crun",
    "youki",
    "kata-runtime",
    "runsc",
    "docker",
    "dockerd",
    "docker-init",
    "docker-proxy",
    "containerd",
    "containerd-shim*",
    "ctr",
    "nerdctl",
    "podman",
    "conmon",
    "crio",
    "kubelet",
    "kubectl",
    "kube-proxy",
    "cri-dockerd",
    "rootlesskit",
    "lazaret",
];

/// Purpose, whether a stranger's change is an alert, whether reads are recorded, and where.
pub(super) const BUILT_IN: &[(Purpose, bool, bool, &[&str])] = &[
    (
        Purpose::Engine,
        true,
        false,
        &[
            "/etc/docker/",
            "/etc/containerd/",
            "/etc/containers/",
            "/etc/crio/",
            "/etc/crictl.yaml",
            "/etc/default/docker",
            "/root/.docker/config.json",
        ],
    ),
    (
        Purpose::Accounts,
        true,
        false,
        &[
            "/etc/passwd",
            "/etc/group",
            "/etc/subuid",
            "/etc/subgid",
            "/etc/nsswitch.conf",
            "/etc/pam.d/",
            "/etc/security/",
        ],
    ),
    (Purpose::Accounts, true, true, &["/etc/shadow", "/etc/gshadow"]),
    (Purpose::Sudo, true, false, &["/etc/sudoers", "/etc/sudoers.d/", "/etc/doas.conf"]),
    (
        Purpose::Schedule,
        true,
        false,
        &[
            "/etc/crontab",
            "/etc/anacrontab",
            "/etc/cron.d/",
            "/etc/cron.hourly/",
            "/etc/cron.daily/",
            "/etc/cron.weekly/",
            "/etc/cron.monthly/",
            "/var/spool/cron/",
        ],
    ),
    (
        Purpose::Ssh,
        true,
        true,
        &["/etc/ssh/ssh_host_*_key", "/root/.ssh/id_*", "/home/*/.ssh/id_*"],
    ),
    (
        Purpose::Ssh,
        true,
        false,
        &[
            "/etc/ssh/",
            "/root/.ssh/",
            "/home/*/.ssh/authorized_keys",
            "/home/*/.ssh/config",
            "/home/*/.ssh/rc",
        ],
    ),
    (
        Purpose::Services,
        true,
        false,
        &[
            "/etc/systemd/system/",
            "/usr/lib/systemd/system/",
            "/lib/systemd/system/",
            "/usr/local/lib/systemd/system/",
            "/etc/init.d/",
            "/etc/rc.local",
            "/etc/profile",
            "/etc/profile.d/",
            "/etc/bash.bashrc",
            "/root/.bashrc",
            "/root/.profile",
            "/root/.bash_profile",
        ],
    ),
    (
        Purpose::Loader,
        true,
        false,
        &["/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/"],
    ),
    (
        Purpose::Kubernetes,
        true,
        true,
        &[
            "/etc/kubernetes/pki/*.key",
            "/etc/kubernetes/pki/etcd/*.key",
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/super-admin.conf",
            "/var/lib/kubelet/pki/*.pem",
            "/var/lib/kubelet/pki/*.key",
        ],
    ),
    (
        Purpose::Kubernetes,
        true,
        false,
        &[
            "/etc/kubernetes/",
            "/var/lib/kubelet/config.yaml",
            "/var/lib/kubelet/kubeconfig",
            "/var/lib/kubelet/pki/",
            "/etc/rancher/",
            "/etc/cni/net.d/",
        ],
    ),
    (Purpose::Own, true, false, &["/etc/lazaret/"]),
];
