//! The security context of a container, with what the pod's lends it.

use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::{Container, Pod};
use crate::template::kubernetes::pod_security::{CAPABILITIES, SELINUX_TYPES};
use crate::template::kubernetes::report::Report;
use crate::template::yaml::Node;

/// The lowest user and group numbers that hardly anybody on a node has.
const MIN_HIGH_ID: i64 = 10_000;

/// Looks at one container.
pub(super) fn check(
    object: &Object<'_>,
    pod: &Pod<'_>,
    container: &Container<'_>,
    report: &mut Report<'_>,
) {
    let mut looked = Looked { object, pod, container, report };
    looked.privileges();
    looked.capabilities();
    looked.users();
    looked.groups();
    looked.profiles();
    looked.rest();
}

struct Looked<'c, 'n, 'r> {
    object: &'c Object<'n>,
    pod: &'c Pod<'n>,
    container: &'c Container<'n>,
    report: &'c mut Report<'r>,
}

impl<'n> Looked<'_, 'n, '_> {
    fn tell(&mut self, rule: &'static str, lines: Lines, message: impl Into<String>) {
        self.report.container(rule, (self.object, self.container), lines, message);
    }

    /// The lines of a field of the security context, or of what should have it.
    fn lines(&self, path: &[&str]) -> Lines {
        if self.container.security(path).is_none() && self.pod.security(path).is_some() {
            return self.pod.spec.lines_at(&[&["securityContext"], path].concat());
        }
        if self.container.node.field("securityContext").is_none() {
            return self.container.node.lines_at(&["name"]);
        }
        self.container.node.lines_at(&[&["securityContext"], path].concat())
    }

    fn truth(&self, field: &str) -> Option<bool> {
        self.container.security(&[field]).and_then(Node::bool)
    }

    fn privileges(&mut self) {
        if self.truth("privileged") == Some(true) {
            let lines = self.lines(&["privileged"]);
            self.tell("kubernetes-privileged", lines, "privileged: true");
        }
        let path = ["windowsOptions", "hostProcess"];
        if self.pod.effective(self.container, &path).and_then(Node::bool) == Some(true) {
            let lines = self.lines(&path);
            self.tell("kubernetes-windows-host-process", lines, "hostProcess: true");
        }
        if self.pod.is_windows() {
            return;
        }
        if self.truth("allowPrivilegeEscalation") != Some(false) {
            let message = match self.truth("allowPrivilegeEscalation") {
                Some(_) => "allowPrivilegeEscalation: true",
                None => "allowPrivilegeEscalation is not set, which means true",
            };
            let lines = self.lines(&["allowPrivilegeEscalation"]);
            self.tell("kubernetes-privilege-escalation", lines, message);
        }
        if self.truth("readOnlyRootFilesystem") != Some(true) {
            let lines = self.lines(&["readOnlyRootFilesystem"]);
            let message =
                "readOnlyRootFilesystem is not true: programs can be changed and left behind";
            self.tell("kubernetes-root-filesystem-writable", lines, message);
        }
        if self.container.node.field("securityContext").is_none_or(Fields::is_hollow) {
            let lines = self.container.node.lines_at(&["name"]);
            let message = "the container has no securityContext";
            self.tell("kubernetes-container-security-context-missing", lines, message);
        }
    }

    fn capabilities(&mut self) {
        if self.pod.is_windows() {
            return;
        }
        let list = |key| self.container.security(&["capabilities", key]);
        let dropped = list("drop").map_or(&[][..], Node::items);
        let is_dropped = |name: &str| {
            dropped.iter().any(|node| node.str().is_some_and(|text| bare(text) == name))
        };
        let (drops_all, drops_raw) = (is_dropped("ALL"), is_dropped("NET_RAW"));
        let added = list("add").map_or(&[][..], Node::items);
        for node in added {
            self.added(node, &bare(node.str().unwrap_or_default()));
        }
        let lines = self.lines(&["capabilities", "drop"]);
        if !drops_all {
            let message = "capabilities.drop does not have ALL";
            self.tell("kubernetes-capabilities-not-dropped", lines, message);
        }
        let adds_raw = added.iter().any(|node| node.str().is_some_and(|t| bare(t) == "NET_RAW"));
        if !drops_all && !drops_raw && !adds_raw {
            let message = "NET_RAW is not dropped: the container can forge packets";
            self.tell("kubernetes-capability-net-raw", lines, message);
        }
    }

    fn added(&mut self, node: &Node, name: &str) {
        let lines = node.lines();
        let message = format!("adds the capability {name}");
        match name {
            "SYS_ADMIN" | "ALL" => {
                self.tell("kubernetes-capability-sys-admin", lines, message.clone());
            }
            "SYS_MODULE" => self.tell("kubernetes-capability-sys-module", lines, message.clone()),
            "NET_RAW" => self.tell("kubernetes-capability-net-raw", lines, message.clone()),
            _ => {}
        }
        if !CAPABILITIES.contains(&name) {
            self.tell("kubernetes-capability-added", lines, message.clone());
        }
        if name != "NET_BIND_SERVICE" {
            self.tell("kubernetes-capability-not-net-bind", lines, message);
        }
    }

    fn users(&mut self) {
        if self.pod.is_windows() {
            return;
        }
        let user = self.pod.effective(self.container, &["runAsUser"]).and_then(Node::number);
        let non_root = self.pod.effective(self.container, &["runAsNonRoot"]).and_then(Node::bool);
        let own_users = self.pod.has_own_users();
        if user == Some(0) && !own_users {
            let lines = self.lines(&["runAsUser"]);
            self.tell("kubernetes-run-as-root", lines, "runAsUser: 0");
        }
        if non_root != Some(true) && user.is_none_or(|user| user <= 0) && !own_users {
            let lines = self.lines(&["runAsNonRoot"]);
            let message = match non_root {
                Some(_) => "runAsNonRoot: false",
                None => {
                    "neither runAsNonRoot nor a runAsUser is set: the image decides, often root"
                }
            };
            self.tell("kubernetes-run-as-non-root", lines, message);
        }
        if user.is_none_or(|user| user < MIN_HIGH_ID) && !own_users {
            let lines = self.lines(&["runAsUser"]);
            let message = match user {
                Some(user) => format!("runAsUser: {user}, below {MIN_HIGH_ID}"),
                None => "runAsUser is not set".to_owned(),
            };
            self.tell("kubernetes-low-user-id", lines, message);
        }
    }

    fn groups(&mut self) {
        if self.pod.is_windows() {
            return;
        }
        let group = self.pod.effective(self.container, &["runAsGroup"]).and_then(Node::number);
        if group.is_none_or(|group| group < MIN_HIGH_ID) && !self.pod.has_own_users() {
            let lines = self.lines(&["runAsGroup"]);
            let message = match group {
                Some(group) => format!("runAsGroup: {group}, below {MIN_HIGH_ID}"),
                None => "runAsGroup is not set".to_owned(),
            };
            self.tell("kubernetes-low-group-id", lines, message);
        }
        if group == Some(0) {
            let lines = self.lines(&["runAsGroup"]);
            self.tell("kubernetes-root-group", lines, "runAsGroup: 0");
        }
    }

    fn profiles(&mut self) {
        if self.pod.is_windows() {
            return;
        }
        let seccomp = self.pod.effective(self.container, &["seccompProfile", "type"]);
        let lines = self.lines(&["seccompProfile", "type"]);
        match seccomp.and_then(Node::str) {
            Some("Unconfined") => {
                let message = "seccompProfile.type: Unconfined";
                self.tell("kubernetes-seccomp-unconfined", lines, message);
            }
            None if !self.pod.has_seccomp_annotation => {
                let message = "no seccompProfile, for the container or its pod";
                self.tell("kubernetes-seccomp-unset", lines, message);
            }
            _ => {}
        }
        self.app_armor();
        let options = self.pod.effective(self.container, &["seLinuxOptions"]);
        let options = options.filter(|options| !is_usual_selinux(options));
        if options.is_some() {
            let lines = self.lines(&["seLinuxOptions"]);
            let message = "seLinuxOptions ask for a type, user or role of their own";
            self.tell("kubernetes-selinux-options", lines, message);
        }
    }

    fn app_armor(&mut self) {
        let field = self.pod.effective(self.container, &["appArmorProfile", "type"]);
        match (field.and_then(Node::str), self.pod.app_armor(self.container.name)) {
            (Some("Unconfined"), _) => {
                let lines = self.lines(&["appArmorProfile", "type"]);
                let message = "appArmorProfile.type: Unconfined";
                self.tell("kubernetes-apparmor-unconfined", lines, message);
            }
            (None, Some(("unconfined", lines))) => {
                let message = "an annotation sets the AppArmor profile to unconfined";
                self.tell("kubernetes-apparmor-unconfined", lines, message);
            }
            (None, None | Some(("", _))) => {
                let lines = self.lines(&["appArmorProfile"]);
                let message = "no appArmorProfile, for the container or its pod";
                self.tell("kubernetes-apparmor-unset", lines, message);
            }
            _ => {}
        }
    }

    fn rest(&mut self) {
        let proc = self.container.security(&["procMount"]).and_then(Node::str);
        if let Some(proc) = proc.filter(|proc| *proc != "Default") {
            let lines = self.lines(&["procMount"]);
            self.tell("kubernetes-proc-mount", lines, format!("procMount: {proc}"));
        }
        for port in self.container.node.list("ports") {
            let host_port = port.whole(&["hostPort"]).unwrap_or_default();
            if host_port != 0 {
                let lines = port.lines_at(&["hostPort"]);
                self.tell("kubernetes-host-port", lines, format!("hostPort: {host_port}"));
            }
            let number = port.whole(&["containerPort"]).unwrap_or_default();
            let lines = port.lines_at(&["containerPort"]);
            if (1..1024).contains(&number) {
                let message = format!("containerPort: {number} needs a privilege to be opened");
                self.tell("kubernetes-privileged-port", lines, message);
            }
            if number == 22 && port.text(&["protocol"]) != "UDP" {
                self.tell("kubernetes-ssh-port", lines, "containerPort: 22");
            }
        }
        self.probe_hosts();
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
            for action in ["httpGet", "tcpSocket"] {
                let path = [handler, &[action, "host"]].concat();
                let host = self.container.node.text(&path);
                if !host.is_empty() {
                    let lines = self.container.node.lines_at(&path);
                    let message = format!("{} asks the host {host}", path.join("."));
                    self.tell("kubernetes-probe-host", lines, message);
                }
            }
        }
    }
}

/// A capability without its prefix, in capitals: runtimes take `CAP_SYS_ADMIN` and `sys_admin` too.
fn bare(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").map_or(upper.clone(), str::to_owned)
}

fn is_usual_selinux(options: &Node) -> bool {
    let kind = options.text(&["type"]);
    SELINUX_TYPES.iter().any(|(known, _)| *known == kind)
        && options.text(&["user"]).is_empty()
        && options.text(&["role"]).is_empty()
}
