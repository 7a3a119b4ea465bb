//! The conditions on how a container is started: as whom, and with which options.

use model::CAPABILITIES;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::forms::{OneOrMany, TrueOr};
use super::{each, not_empty};
use crate::PolicyError;
use crate::glob::Glob;
use crate::rule::{MountCondition, RootCondition, WorkloadCondition};
use crate::trust::LabelGlob;
use crate::yaml::{Source, either};

/// The namespaces that a container may share with its host.
const NAMESPACES: [&str; 6] = ["pid", "network", "ipc", "uts", "user", "cgroup"];
/// What a container may be limited in.
const LIMITS: [&str; 3] = ["memory", "cpu", "pids"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoot {
    #[serde(default)]
    group: bool,
    #[serde(default)]
    in_user_namespace: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkload {
    #[serde(default)]
    privileged: bool,
    host_namespaces: Option<Spanned<Vec<Spanned<String>>>>,
    capabilities: Option<Spanned<Vec<Spanned<String>>>>,
    mounts: Option<RawMounts>,
    devices: Option<Spanned<Vec<Spanned<String>>>>,
    runtimes: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    seccomp_unconfined: bool,
    #[serde(default)]
    apparmor_unconfined: bool,
    #[serde(default)]
    privilege_escalation: bool,
    #[serde(default)]
    writable_rootfs: bool,
    #[serde(default)]
    host_ports: bool,
    no_limits: Option<Spanned<Vec<Spanned<String>>>>,
    sysctls: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMounts {
    #[serde(default)]
    sensitive: bool,
    paths: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    only_writable: bool,
}

/// Running as root.
pub(super) fn root(raw: TrueOr<RawRoot>) -> RootCondition {
    raw.0.map_or_else(RootCondition::default, |raw| RootCondition {
        group: raw.group,
        in_user_namespace: raw.in_user_namespace,
    })
}

/// Options of a start.
pub(super) fn workload(
    source: &Source<'_>,
    raw: Spanned<RawWorkload>,
) -> Result<WorkloadCondition, PolicyError> {
    let at = Spanned::new((), raw.referenced, raw.defined);
    let raw = raw.value;
    let condition = WorkloadCondition {
        privileged: raw.privileged,
        host_namespaces: words(source, raw.host_namespaces.as_ref(), &NAMESPACES)?,
        capabilities: list(source, raw.capabilities.as_ref(), capability)?,
        mounts: raw.mounts.map(|raw| mounts(source, raw)).transpose()?,
        devices: list(source, raw.devices.as_ref(), |source, text| {
            Glob::new(&text.value).map_err(|why| source.mistake(text, why))
        })?,
        runtimes: match raw.runtimes {
            Some(list) if list.value.0.is_empty() => {
                return Err(source.mistake(&list, "the list is empty: name the runtimes allowed"));
            }
            Some(list) => list.value.0,
            None => Vec::new(),
        },
        seccomp_unconfined: raw.seccomp_unconfined,
        apparmor_unconfined: raw.apparmor_unconfined,
        privilege_escalation: raw.privilege_escalation,
        writable_rootfs: raw.writable_rootfs,
        host_ports: raw.host_ports,
        no_limits: words(source, raw.no_limits.as_ref(), &LIMITS)?,
        sysctls: list(source, raw.sysctls.as_ref(), |source, text| {
            LabelGlob::new(&text.value).map_err(|why| source.mistake(text, why))
        })?,
    };
    if condition == WorkloadCondition::default() {
        let message = "it asks for nothing: give `privileged: true`, `host_namespaces`, \
                       `capabilities`, `mounts`, `devices` …";
        return Err(source.mistake(&at, message));
    }
    Ok(condition)
}

fn mounts(source: &Source<'_>, raw: RawMounts) -> Result<MountCondition, PolicyError> {
    let paths =
        list(source, raw.paths.as_ref(), |source, text| match text.value.starts_with('/') {
            true => Ok(text.value.clone()),
            false => Err(source.mistake(text, "a path of the host begins with `/`")),
        })?;
    if !raw.sensitive && paths.is_empty() {
        let message = "`mounts` asks for nothing: give `sensitive: true` or `paths`";
        return Err(PolicyError::whole(source.file, message));
    }
    Ok(MountCondition { sensitive: raw.sensitive, paths, only_writable: raw.only_writable })
}

fn capability(source: &Source<'_>, text: &Spanned<String>) -> Result<String, PolicyError> {
    let capability = crate::judge::capability(&text.value);
    if capability == "ALL" || CAPABILITIES.contains(&capability.as_str()) {
        return Ok(capability);
    }
    let message = format!(
        "`{}` is no capability: expected such as `CAP_SYS_ADMIN`, or `ALL`; see capabilities(7)",
        text.value
    );
    Err(source.mistake(text, message))
}

/// Words of a closed list.
fn words(
    source: &Source<'_>,
    given: Option<&Spanned<Vec<Spanned<String>>>>,
    known: &[&str],
) -> Result<Vec<String>, PolicyError> {
    list(source, given, |source, text| match known.contains(&text.value.as_str()) {
        true => Ok(text.value.clone()),
        false => {
            let message = format!("`{}` is not known: expected {}", text.value, either(known));
            Err(source.mistake(text, message))
        }
    })
}

fn list<T>(
    source: &Source<'_>,
    given: Option<&Spanned<Vec<Spanned<String>>>>,
    read: impl Fn(&Source<'_>, &Spanned<String>) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    not_empty(source, given)?;
    each(source, given, read)
}
