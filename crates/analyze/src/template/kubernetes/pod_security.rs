//! The Pod Security Standards, baseline and restricted, of every version from 1.0 to 1.37.
//!
//! The verdicts are those of the admission plugin (`kubernetes/pod-security-admission`, package
//! `policy`): the same checks, each from the version on that brought it, the stricter check of the
//! restricted level in place of the baseline's where it covers it. Not the plugin's exemptions,
//! and not its modes `audit` and `warn`. See `docs/pod-security.md`.

mod baseline;
mod level;
mod restricted;
#[cfg(test)]
mod tests;

use super::fields::{Fields, Lines};
use super::pod::{Container, Pod};
use crate::template::yaml::Node;

pub(super) use baseline::{APP_ARMOR_ANNOTATION, CAPABILITIES, SELINUX_TYPES};
pub use level::{Level, Version};
pub(super) use restricted::VOLUME_SOURCES;

/// A check of the standards, by the plugin's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// AppArmor profiles other than the runtime's default and local ones.
    AppArmorProfile,
    /// Capabilities beyond the usual set.
    CapabilitiesBaseline,
    /// The node's network, process or IPC namespace.
    HostNamespaces,
    /// Directories of the node.
    HostPathVolumes,
    /// Ports of the node.
    HostPorts,
    /// Another host in a probe or a lifecycle hook.
    HostProbesAndHostLifecycle,
    /// `privileged`.
    Privileged,
    /// `/proc` unmasked.
    ProcMount,
    /// SELinux types, users and roles.
    SeLinuxOptions,
    /// `Unconfined`, in a field or, before 1.19, an annotation.
    SeccompProfileBaseline,
    /// Kernel parameters that are not safe.
    Sysctls,
    /// Windows host processes.
    WindowsHostProcess,
    /// `allowPrivilegeEscalation` that is not false.
    AllowPrivilegeEscalation,
    /// Capabilities that are not all dropped, or added beyond `NET_BIND_SERVICE`.
    CapabilitiesRestricted,
    /// `/proc` unmasked, in a user namespace too.
    ProcMountRestricted,
    /// Volumes that are not of the core.
    RestrictedVolumes,
    /// `runAsNonRoot` that is not true.
    RunAsNonRoot,
    /// `runAsUser: 0`.
    RunAsUser,
    /// No seccomp profile.
    SeccompProfileRestricted,
}

impl Check {
    /// The plugin's id of the check.
    pub fn id(self) -> &'static str {
        match self {
            Check::AppArmorProfile => "appArmorProfile",
            Check::CapabilitiesBaseline => "capabilities_baseline",
            Check::HostNamespaces => "hostNamespaces",
            Check::HostPathVolumes => "hostPathVolumes",
            Check::HostPorts => "hostPorts",
            Check::HostProbesAndHostLifecycle => "hostProbesAndHostLifecycle",
            Check::Privileged => "privileged",
            Check::ProcMount => "procMount",
            Check::SeLinuxOptions => "seLinuxOptions",
            Check::SeccompProfileBaseline => "seccompProfile_baseline",
            Check::Sysctls => "sysctls",
            Check::WindowsHostProcess => "windowsHostProcess",
            Check::AllowPrivilegeEscalation => "allowPrivilegeEscalation",
            Check::CapabilitiesRestricted => "capabilities_restricted",
            Check::ProcMountRestricted => "procMount_restricted",
            Check::RestrictedVolumes => "restrictedVolumes",
            Check::RunAsNonRoot => "runAsNonRoot",
            Check::RunAsUser => "runAsUser",
            Check::SeccompProfileRestricted => "seccompProfile_restricted",
        }
    }
}

/// A field, present or missing, that a check does not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The check.
    pub check: Check,
    /// The field's path below the pod: `spec.containers[0].securityContext.privileged`.
    pub field: String,
    /// What it holds; empty when it is missing.
    pub value: String,
    /// The container; empty when it is about the pod.
    pub container: String,
    /// First line of the field or, when it is missing, of what should have it.
    pub first_line: u32,
    /// Last line.
    pub last_line: u32,
}

/// Holds a pod against a level of a version: every field that the checks do not let through, none
/// when the pod is admitted. `metadata` and `spec` are those of a pod or of a pod's template.
pub fn evaluate(
    level: Level,
    version: Version,
    metadata: Option<&Node>,
    spec: &Node,
) -> Vec<Violation> {
    evaluate_pod(level, version, &Pod::new(metadata, spec))
}

pub(super) fn evaluate_pod(level: Level, version: Version, pod: &Pod<'_>) -> Vec<Violation> {
    let mut held = Held { pod, version, violations: Vec::new() };
    match level {
        Level::Privileged => {}
        Level::Baseline => {
            held.baseline();
            held.host_path_volumes();
            held.capabilities_baseline();
            held.seccomp_baseline();
            held.proc_mount();
        }
        Level::Restricted => {
            held.baseline();
            held.restricted();
        }
    }
    held.violations
}

/// A pod, held against the checks of a version.
struct Held<'p, 'n> {
    pod: &'p Pod<'n>,
    version: Version,
    violations: Vec<Violation>,
}

/// Where a path of fields begins.
#[derive(Clone, Copy)]
enum At<'p, 'n> {
    /// The pod's spec.
    Spec,
    /// A container.
    Container(&'p Container<'n>),
}

impl<'n> Held<'_, 'n> {
    /// Tells of a field of the pod's spec.
    fn spec(&mut self, check: Check, path: &[&str], value: impl Into<String>) {
        self.tell(check, At::Spec, path, value.into());
    }

    /// Tells of a field of a container.
    fn container(
        &mut self,
        check: Check,
        container: &Container<'n>,
        path: &[&str],
        value: impl Into<String>,
    ) {
        self.tell(check, At::Container(container), path, value.into());
    }

    fn tell(&mut self, check: Check, at: At<'_, 'n>, path: &[&str], value: String) {
        let (root, node, container) = match at {
            At::Spec => ("spec".to_owned(), self.pod.spec, ""),
            At::Container(container) => {
                let root = format!("spec.{}[{}]", container.role.list(), container.index);
                (root, container.node, container.name)
            }
        };
        let lines = node.lines_at(path);
        let field = path.iter().fold(root, |field, key| field + "." + key);
        self.add(check, (field, value, container.to_owned()), lines);
    }

    fn add(
        &mut self,
        check: Check,
        (field, value, container): (String, String, String),
        lines: Lines,
    ) {
        let (first_line, last_line) = (lines.first, lines.last);
        let violation = Violation { check, field, value, container, first_line, last_line };
        self.violations.push(violation);
    }

    /// Tells of every security context, the pod's and the containers', whose field is there and is
    /// not let through. `path` begins below `securityContext`.
    fn contexts(&mut self, check: Check, path: &[&str], allows: &dyn Fn(&Node) -> bool) {
        let full: Vec<&str> =
            std::iter::once("securityContext").chain(path.iter().copied()).collect();
        if let Some(node) = self.pod.security(path).filter(|node| !allows(node)) {
            self.spec(check, &full, node.str().unwrap_or_default());
        }
        self.containers_with(check, &full, allows);
    }

    /// The same of the containers only; `path` begins at the container.
    fn containers_with(&mut self, check: Check, path: &[&str], allows: &dyn Fn(&Node) -> bool) {
        let pod = self.pod;
        for container in &pod.containers {
            if let Some(node) = container.node.deep(path).filter(|node| !allows(node)) {
                self.container(check, container, path, node.str().unwrap_or_default());
            }
        }
    }
}
