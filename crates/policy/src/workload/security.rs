//! Security settings: those of the pod, overruled by those of the container, as the kubelet does.

use std::collections::BTreeMap;

use model::ContainerSpec;

use super::NotAWorkload;
use super::fields::At;
use crate::judge::capability;

/// Annotations by which profiles were chosen before they had fields; honoured up to 1.27 and 1.30.
const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APPARMOR_OF_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// What the pod says for all of its containers.
pub(super) struct PodSecurity<'a> {
    context: At<'a>,
    host_namespaces: Vec<String>,
    user_namespace: bool,
    sysctls: BTreeMap<String, String>,
    runtime: String,
    annotations: &'a BTreeMap<String, String>,
}

impl<'a> PodSecurity<'a> {
    pub(super) fn read(
        spec: &At<'a>,
        annotations: &'a BTreeMap<String, String>,
    ) -> Result<Self, NotAWorkload> {
        let mut host_namespaces = Vec::new();
        for (key, name) in [("hostPID", "pid"), ("hostNetwork", "network"), ("hostIPC", "ipc")] {
            if spec.truth(key)?.unwrap_or(false) {
                host_namespaces.push(name.to_owned());
            }
        }
        let context = spec.child("securityContext");
        let mut sysctls = BTreeMap::new();
        for at in context.child("sysctls").items()? {
            let name = at.text("name")?.unwrap_or_default();
            sysctls.insert(name.to_owned(), at.text("value")?.unwrap_or_default().to_owned());
        }
        Ok(PodSecurity {
            host_namespaces,
            user_namespace: spec.truth("hostUsers")? == Some(false),
            sysctls,
            runtime: spec.text("runtimeClassName")?.unwrap_or_default().to_owned(),
            context,
            annotations,
        })
    }

    /// Puts the settings of the pod and of a container into its specification.
    pub(super) fn merge(
        &self,
        container: &At<'a>,
        spec: &mut ContainerSpec,
    ) -> Result<(), NotAWorkload> {
        let own = container.child("securityContext");
        let pod = &self.context;
        let number = |key| Ok(own.number(key)?.or(pod.number(key)?));
        spec.user = number("runAsUser")?.map(|user: i64| user.to_string());
        spec.group = number("runAsGroup")?.map(|group: i64| group.to_string());
        let non_root = own.truth("runAsNonRoot")?.or(pod.truth("runAsNonRoot")?);
        spec.run_as_non_root = non_root.unwrap_or(false);
        spec.privileged =
            own.truth("privileged")?.unwrap_or(false) || self.is_host_process(&own)?;
        spec.allow_privilege_escalation = own.truth("allowPrivilegeEscalation")?;
        spec.read_only_rootfs = own.truth("readOnlyRootFilesystem")?.unwrap_or(false);
        let capabilities = own.child("capabilities");
        let words = |key| -> Result<Vec<String>, NotAWorkload> {
            Ok(capabilities.words(key)?.iter().map(|word| capability(word)).collect())
        };
        spec.capabilities_added = words("add")?;
        spec.capabilities_dropped = words("drop")?;
        spec.seccomp = self.seccomp(&own, &spec.name)?;
        spec.apparmor = self.apparmor(&own, &spec.name)?;
        spec.host_namespaces.clone_from(&self.host_namespaces);
        spec.user_namespace = self.user_namespace;
        spec.sysctls.clone_from(&self.sysctls);
        spec.runtime.clone_from(&self.runtime);
        Ok(())
    }

    /// A container of Windows that is a process of its host.
    fn is_host_process(&self, own: &At<'_>) -> Result<bool, NotAWorkload> {
        let of = |context: &At<'_>| context.child("windowsOptions").truth("hostProcess");
        Ok(of(own)?.or(of(&self.context)?).unwrap_or(false))
    }

    fn seccomp(&self, own: &At<'_>, name: &str) -> Result<String, NotAWorkload> {
        let by_field = match profile(&own.child("seccompProfile"))? {
            Some(profile) => Some(profile),
            None => profile(&self.context.child("seccompProfile"))?,
        };
        let by_annotation = || {
            let own = self.annotations.get(&format!("{SECCOMP_OF_CONTAINER}{name}"));
            own.or_else(|| self.annotations.get(SECCOMP_OF_POD)).map(|word| of_annotation(word))
        };
        Ok(by_field.or_else(by_annotation).unwrap_or_default())
    }

    fn apparmor(&self, own: &At<'_>, name: &str) -> Result<String, NotAWorkload> {
        let by_field = match profile(&own.child("appArmorProfile"))? {
            Some(profile) => Some(profile),
            None => profile(&self.context.child("appArmorProfile"))?,
        };
        let by_annotation = || {
            let word = self.annotations.get(&format!("{APPARMOR_OF_CONTAINER}{name}"))?;
            Some(of_annotation(word))
        };
        Ok(by_field.or_else(by_annotation).unwrap_or_default())
    }
}

/// A profile by its field: `unconfined`, `default`, or the name of a local one.
fn profile(at: &At<'_>) -> Result<Option<String>, NotAWorkload> {
    Ok(match at.text("type")? {
        None => None,
        Some("Unconfined") => Some("unconfined".to_owned()),
        Some("RuntimeDefault") => Some("default".to_owned()),
        Some(_) => Some(at.text("localhostProfile")?.unwrap_or("local").to_owned()),
    })
}

/// A profile by an annotation: `unconfined`, `runtime/default`, `docker/default`, `localhost/x`.
fn of_annotation(word: &str) -> String {
    match word {
        "runtime/default" | "docker/default" => "default".to_owned(),
        other => other.strip_prefix("localhost/").unwrap_or(other).to_owned(),
    }
}
