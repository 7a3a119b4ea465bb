//! The checks that the restricted level adds.

use super::baseline::is_known_profile;
use super::{Check, Held};
use crate::template::kubernetes::fields::Fields;
use crate::template::kubernetes::pod::Pod;
use crate::template::yaml::Node;

/// Sources of volumes that are let through. Admission has let `image` through at every version of
/// the standards since Kubernetes 1.33.
pub(in crate::template::kubernetes) const VOLUME_SOURCES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

impl Held<'_, '_> {
    /// The checks of the restricted level that are not the baseline's.
    pub(super) fn restricted(&mut self) {
        self.volumes();
        // From 1.25 on a pod that says it runs on Windows need not set what Windows has not.
        let is_linux = !(self.version.since(25) && self.pod.is_windows());
        if self.version.since(8) && is_linux {
            self.privilege_escalation();
        }
        // From 1.35 on a pod with its own users may be root among them.
        if !(self.version.since(35) && self.pod.has_own_users()) {
            self.run_as_non_root();
            if self.version.since(23) {
                let allows = |node: &Node| node.number() != Some(0);
                self.contexts(Check::RunAsUser, &["runAsUser"], &allows);
            }
        }
        if self.version.since(19) && is_linux {
            self.seccomp_restricted();
        }
        match (self.version.since(22), is_linux) {
            (true, true) => self.capabilities_restricted(),
            (true, false) => {}
            (false, _) => self.capabilities_baseline(),
        }
        if self.version.since(35) {
            self.unmasked_proc(Check::ProcMountRestricted);
        }
    }

    fn volumes(&mut self) {
        for (index, volume) in self.pod.spec.list("volumes").iter().enumerate() {
            let mut sources =
                volume.entries().iter().filter(|(key, node)| key.text != "name" && !node.is_null());
            // A volume without a source is an `emptyDir` by the API's default.
            let Some((key, _)) = sources.next() else { continue };
            let is_allowed = |key: &str| VOLUME_SOURCES.contains(&key);
            if !is_allowed(&key.text) && !sources.any(|(key, _)| is_allowed(&key.text)) {
                let field = format!("spec.volumes[{index}].{}", key.text);
                let lines = volume.lines_at(&[key.text.as_str()]);
                let name = volume.text(&["name"]).to_owned();
                self.add(Check::RestrictedVolumes, (field, name, String::new()), lines);
            }
        }
    }

    fn privilege_escalation(&mut self) {
        let path = ["securityContext", "allowPrivilegeEscalation"];
        let pod = self.pod;
        for container in &pod.containers {
            let value = container.node.deep(&path);
            if value.and_then(Node::bool) != Some(false) {
                let value = value.and_then(Node::str).unwrap_or_default();
                self.container(Check::AllowPrivilegeEscalation, container, &path, value);
            }
        }
    }

    fn run_as_non_root(&mut self) {
        let check = Check::RunAsNonRoot;
        let is_true = |node: &Node| node.bool() == Some(true);
        self.contexts(check, &["runAsNonRoot"], &is_true);
        if self.pod.security(&["runAsNonRoot"]).is_none_or(|node| !is_true(node)) {
            self.missing(check, &["securityContext", "runAsNonRoot"]);
        }
    }

    fn seccomp_restricted(&mut self) {
        let check = Check::SeccompProfileRestricted;
        let allows = |profile: &Node| is_known_profile(profile.text(&["type"]));
        self.contexts(check, &["seccompProfile"], &allows);
        if self.pod.security(&["seccompProfile"]).is_none_or(|profile| !allows(profile)) {
            self.missing(check, &["securityContext", "seccompProfile"]);
        }
    }

    /// Tells of the containers that do not have a field at all.
    fn missing(&mut self, check: Check, path: &[&str]) {
        let pod: &Pod<'_> = self.pod;
        for container in pod.containers.iter().filter(|c| c.node.deep(path).is_none()) {
            self.container(check, container, path, "");
        }
    }

    fn capabilities_restricted(&mut self) {
        let check = Check::CapabilitiesRestricted;
        let pod = self.pod;
        for container in &pod.containers {
            let dropped = container.security(&["capabilities", "drop"]);
            let dropped = dropped.map_or(&[][..], Node::items);
            if !dropped.iter().any(|name| name.str() == Some("ALL")) {
                let path = ["securityContext", "capabilities", "drop"];
                self.container(check, container, &path, "");
            }
        }
        self.added_capabilities(check, &|name| name == "NET_BIND_SERVICE");
    }
}
