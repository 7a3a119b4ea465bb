//! The checks of the baseline level.

use std::collections::HashSet;

use super::{Check, Held};
use crate::template::kubernetes::fields::Fields;
use crate::template::yaml::Node;

/// Capabilities that a container may add.
pub(in crate::template::kubernetes) const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Kernel parameters that a pod may set, with the minor version that let them in.
const SYSCTLS: [(&str, u32); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];
/// SELinux types that may be asked for, with the minor version that let them in.
pub(in crate::template::kubernetes) const SELINUX_TYPES: [(&str, u32); 5] = [
    ("", 0),
    ("container_t", 0),
    ("container_init_t", 0),
    ("container_kvm_t", 0),
    ("container_engine_t", 31),
];
/// Beginning of the annotations that set a container's AppArmor profile.
pub(in crate::template::kubernetes) const APP_ARMOR_ANNOTATION: &str =
    "container.apparmor.security.beta.kubernetes.io/";
/// The annotation that set a pod's seccomp profile before 1.19.
const SECCOMP_POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// Beginning of the annotations that set a container's.
const SECCOMP_CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// Handlers of probes that name a host.
const PROBE_HOSTS: [[&str; 2]; 2] = [["httpGet", "host"], ["tcpSocket", "host"]];

impl Held<'_, '_> {
    /// The checks that hold at the restricted level too.
    pub(super) fn baseline(&mut self) {
        self.app_armor();
        self.host_namespaces();
        self.host_ports();
        if self.version.since(34) {
            self.probe_hosts();
        }
        let is_false = |node: &Node| node.bool() != Some(true);
        self.containers_with(Check::Privileged, &["securityContext", "privileged"], &is_false);
        self.selinux();
        self.sysctls();
        self.contexts(Check::WindowsHostProcess, &["windowsOptions", "hostProcess"], &is_false);
        if !self.version.since(19) {
            self.seccomp_annotations();
        }
        if !self.version.since(35) {
            self.unmasked_proc(Check::ProcMount);
        }
    }

    fn app_armor(&mut self) {
        let check = Check::AppArmorProfile;
        self.profiles(check, "appArmorProfile");
        let Some(metadata) = self.pod.metadata else { return };
        for (key, value) in metadata.field("annotations").map_or(&[][..], Node::entries) {
            let value = value.str().unwrap_or_default();
            let is_allowed =
                value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
            if key.text.starts_with(APP_ARMOR_ANNOTATION) && !is_allowed {
                self.annotation(check, metadata, &key.text, value);
            }
        }
    }

    fn annotation(&mut self, check: Check, metadata: &Node, key: &str, value: &str) {
        let lines = metadata.lines_at(&["annotations", key]);
        let field = format!("metadata.annotations[{key}]");
        self.add(check, (field, value.to_owned(), String::new()), lines);
    }

    /// Profiles that are neither the runtime's default nor a local one.
    fn profiles(&mut self, check: Check, profile: &str) {
        let path = ["securityContext", profile, "type"];
        let forbidden = |node: &Node| {
            let kind = node.field(profile)?.text(&["type"]);
            (!is_known_profile(kind)).then(|| kind.to_owned())
        };
        let pod = self.pod;
        if let Some(kind) = pod.spec.field("securityContext").and_then(forbidden) {
            self.spec(check, &path, kind);
        }
        for container in &pod.containers {
            if let Some(kind) = container.node.field("securityContext").and_then(forbidden) {
                self.container(check, container, &path, kind);
            }
        }
    }

    fn host_namespaces(&mut self) {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            if self.pod.spec.truth(&[field]) == Some(true) {
                self.spec(Check::HostNamespaces, &[field], "true");
            }
        }
    }

    fn host_ports(&mut self) {
        let pod = self.pod;
        for container in &pod.containers {
            for (index, port) in container.node.list("ports").iter().enumerate() {
                let Some(number) = port.whole(&["hostPort"]).filter(|number| *number != 0) else {
                    continue;
                };
                let list = container.role.list();
                let field = format!("spec.{list}[{}].ports[{index}].hostPort", container.index);
                let lines = port.lines_at(&["hostPort"]);
                let what = (field, number.to_string(), container.name.to_owned());
                self.add(Check::HostPorts, what, lines);
            }
        }
    }

    fn probe_hosts(&mut self) {
        let handlers = [
            &["livenessProbe"][..],
            &["readinessProbe"],
            &["startupProbe"],
            &["lifecycle", "postStart"],
            &["lifecycle", "preStop"],
        ];
        for handler in handlers {
            for host in PROBE_HOSTS {
                let path: Vec<&str> = handler.iter().chain(&host).copied().collect();
                let allows = |node: &Node| node.str().unwrap_or_default().is_empty();
                self.containers_with(Check::HostProbesAndHostLifecycle, &path, &allows);
            }
        }
    }

    fn selinux(&mut self) {
        let (check, version) = (Check::SeLinuxOptions, self.version);
        let allows_type = |node: &Node| {
            let known = SELINUX_TYPES.iter().find(|(name, _)| node.str() == Some(name));
            known.is_some_and(|(_, minor)| version.since(*minor))
        };
        self.contexts(check, &["seLinuxOptions", "type"], &allows_type);
        for field in ["user", "role"] {
            let is_unset = |node: &Node| node.str().unwrap_or_default().is_empty();
            self.contexts(check, &["seLinuxOptions", field], &is_unset);
        }
    }

    fn sysctls(&mut self) {
        let context = self.pod.spec.field("securityContext");
        let sysctls = context.map_or(&[][..], |context| context.list("sysctls"));
        for (index, sysctl) in sysctls.iter().enumerate() {
            let name = sysctl.text(&["name"]);
            let known = SYSCTLS.iter().find(|(known, _)| *known == name);
            if !known.is_some_and(|(_, minor)| self.version.since(*minor)) {
                let field = format!("spec.securityContext.sysctls[{index}].name");
                let lines = sysctl.lines_at(&["name"]);
                self.add(Check::Sysctls, (field, name.to_owned(), String::new()), lines);
            }
        }
    }

    fn seccomp_annotations(&mut self) {
        let Some(metadata) = self.pod.metadata else { return };
        let names: HashSet<&str> = self.pod.containers.iter().map(|c| c.name).collect();
        for (key, value) in metadata.field("annotations").map_or(&[][..], Node::entries) {
            let value = value.str().unwrap_or_default();
            let is_allowed = matches!(value, "runtime/default" | "docker/default")
                || value.starts_with("localhost/");
            let of_container = key.text.strip_prefix(SECCOMP_CONTAINER_ANNOTATION);
            let is_meant = key.text == SECCOMP_POD_ANNOTATION
                || of_container.is_some_and(|name| names.contains(name));
            if is_meant && !is_allowed {
                self.annotation(Check::SeccompProfileBaseline, metadata, &key.text, value);
            }
        }
    }

    /// Where the restricted level has a stricter check, this one stands back.
    pub(super) fn seccomp_baseline(&mut self) {
        if self.version.since(19) {
            self.profiles(Check::SeccompProfileBaseline, "seccompProfile");
        }
    }

    pub(super) fn capabilities_baseline(&mut self) {
        self.added_capabilities(Check::CapabilitiesBaseline, &|name| CAPABILITIES.contains(&name));
    }

    pub(super) fn added_capabilities(&mut self, check: Check, allows: &dyn Fn(&str) -> bool) {
        let pod = self.pod;
        for container in &pod.containers {
            let added = container.security(&["capabilities", "add"]).map_or(&[][..], Node::items);
            for (index, name) in added.iter().enumerate() {
                let text = name.str().unwrap_or_default();
                if !allows(text) {
                    let list = container.role.list();
                    let field = format!(
                        "spec.{list}[{}].securityContext.capabilities.add[{index}]",
                        container.index
                    );
                    let what = (field, text.to_owned(), container.name.to_owned());
                    self.add(check, what, name.lines());
                }
            }
        }
    }

    pub(super) fn host_path_volumes(&mut self) {
        for (index, volume) in self.pod.spec.list("volumes").iter().enumerate() {
            if volume.field("hostPath").is_some() {
                let field = format!("spec.volumes[{index}].hostPath");
                let path = volume.text(&["hostPath", "path"]).to_owned();
                let lines = volume.lines_at(&["hostPath"]);
                self.add(Check::HostPathVolumes, (field, path, String::new()), lines);
            }
        }
    }

    /// From 1.35 on a pod with its own users may unmask its `/proc`.
    pub(super) fn proc_mount(&mut self) {
        if self.version.since(35) && !self.pod.has_own_users() {
            self.unmasked_proc(Check::ProcMount);
        }
    }

    pub(super) fn unmasked_proc(&mut self, check: Check) {
        let allows = |node: &Node| node.str() == Some("Default");
        self.containers_with(check, &["securityContext", "procMount"], &allows);
    }
}

pub(super) fn is_known_profile(name: &str) -> bool {
    matches!(name, "RuntimeDefault" | "Localhost")
}
