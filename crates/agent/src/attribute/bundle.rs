//! What a container may do, from its bundle's `config.json` (OCI runtime specification 1.2): there
//! before the container's first instruction, without asking any engine.

use std::collections::BTreeMap;
use std::path::Path;

use model::{ContainerSpec, Mount};
use serde::Deserialize;

use super::regular::read_regular;
use crate::AgentError;
use crate::limits::BUNDLE_MAX_BYTES;

/// The default list of capabilities that engines give has 14; this many and more mean all.
const ALL_CAPABILITIES: usize = 36;
/// What a privileged container has and no other: none of these paths is masked.
const MASKED: &str = "/proc/kcore";
/// Namespaces by the specification's words, and what a container without one shares.
const NAMESPACES: [(&str, &str); 6] = [
    ("pid", "pid"),
    ("network", "network"),
    ("ipc", "ipc"),
    ("uts", "uts"),
    ("user", "user"),
    ("cgroup", "cgroup"),
];

/// A container as its engine hands it to the OCI runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// What it may do.
    pub spec: ContainerSpec,
    /// The namespaces that it gets: kind, and whose it joins as a path; empty for one of its own.
    pub namespaces: Vec<(String, String)>,
    /// What the engine wrote beside it.
    pub annotations: BTreeMap<String, String>,
    /// The root filesystem's path on the host; relative to the bundle where it is so written.
    pub root: String,
    /// The cgroup's path, as the engine asks for it.
    pub cgroups_path: String,
    /// What the runtime is to hide from the container.
    pub masked_paths: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    process: Process,
    root: Root,
    hostname: String,
    mounts: Vec<RawMount>,
    annotations: BTreeMap<String, String>,
    linux: Linux,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Process {
    user: User,
    args: Vec<String>,
    env: Vec<String>,
    capabilities: Option<Capabilities>,
    no_new_privileges: bool,
    apparmor_profile: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    uid: u32,
    gid: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    bounding: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Root {
    path: String,
    readonly: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMount {
    destination: String,
    r#type: String,
    source: String,
    options: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Linux {
    namespaces: Vec<Namespace>,
    devices: Vec<Device>,
    resources: Resources,
    seccomp: Option<serde::de::IgnoredAny>,
    sysctl: BTreeMap<String, String>,
    masked_paths: Vec<String>,
    cgroups_path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Namespace {
    r#type: String,
    path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Device {
    path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    memory: Memory,
    cpu: Cpu,
    pids: Pids,
    devices: Vec<DeviceRule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Memory {
    limit: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cpu {
    quota: Option<i64>,
    period: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pids {
    limit: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeviceRule {
    allow: bool,
    r#type: Option<String>,
    major: Option<i64>,
}

/// Reads `config.json` of a bundle's folder: a regular file, whoever made the folder.
pub fn read_bundle(folder: &Path) -> Result<Bundle, AgentError> {
    let path = folder.join("config.json");
    let failed = |why: String| AgentError::File { path: path.clone(), why };
    let text = read_regular(&path, BUNDLE_MAX_BYTES).map_err(failed)?;
    bundle(&text).map_err(failed)
}

/// Reads the text of a `config.json`.
pub fn bundle(text: &[u8]) -> Result<Bundle, String> {
    // A list would be read as an object of defaults.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err("it is no JSON object".to_owned());
    }
    let config: Config = serde_json::from_slice(text).map_err(|why| why.to_string())?;
    let annotations = config.annotations.clone();
    let (root, cgroups_path) = (config.root.path.clone(), config.linux.cgroups_path.clone());
    let masked_paths = config.linux.masked_paths.clone();
    let namespaces: Vec<(String, String)> =
        config.linux.namespaces.iter().map(|one| (one.r#type.clone(), one.path.clone())).collect();
    let mut spec = spec(config);
    spec.host_namespaces = shared(&namespaces, |_, path| path.starts_with("/proc/1/ns/"));
    Ok(Bundle { spec, namespaces, annotations, root, cgroups_path, masked_paths })
}

fn spec(config: Config) -> ContainerSpec {
    let Config { process, root, mounts, linux, hostname, .. } = config;
    let bounding = process.capabilities.map(|sets| sets.bounding).unwrap_or_default();
    let every_device = linux.resources.devices.iter().any(is_everything);
    let masked = linux.masked_paths.iter().any(|path| path == MASKED);
    let limit = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    ContainerSpec {
        name: hostname,
        user: Some(format!("{}:{}", process.user.uid, process.user.gid)),
        privileged: bounding.len() >= ALL_CAPABILITIES && (every_device || !masked),
        capabilities_added: bounding,
        capabilities_dropped: vec!["ALL".to_owned()],
        mounts: mounts.into_iter().filter_map(mount).collect(),
        devices: linux.devices.into_iter().map(|device| device.path).collect(),
        seccomp: if linux.seccomp.is_some() { "default" } else { "unconfined" }.to_owned(),
        apparmor: process.apparmor_profile,
        allow_privilege_escalation: Some(!process.no_new_privileges),
        read_only_rootfs: root.readonly,
        sysctls: linux.sysctl,
        memory_limit_bytes: limit(linux.resources.memory.limit),
        cpu_limit_millicores: limit(linux.resources.cpu.quota).map(|quota| {
            quota.saturating_mul(1000) / linux.resources.cpu.period.unwrap_or(100_000).max(1)
        }),
        pids_limit: limit(linux.resources.pids.limit),
        command: process.args,
        env_names: process.env.iter().map(|one| name_of(one)).collect(),
        ..ContainerSpec::default()
    }
}

/// `NAME=value` without the value.
pub(crate) fn name_of(variable: &str) -> String {
    variable.split('=').next().unwrap_or_default().to_owned()
}

/// A rule that lets every device in.
fn is_everything(rule: &DeviceRule) -> bool {
    let every = rule.r#type.as_deref().is_none_or(|kind| kind.is_empty() || kind == "a");
    rule.allow && every && rule.major.is_none_or(|major| major < 0)
}

/// The namespaces that a container does not have of its own, of those (kind, path) that it gets. One
/// with a path is another's; `is_hosts` tells from kind and path whether that is the host.
pub(crate) fn shared(
    namespaces: &[(String, String)],
    is_hosts: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let has =
        |kind: &str| namespaces.iter().any(|(found, path)| found == kind && !is_hosts(kind, path));
    let missing = NAMESPACES.iter().filter(|(kind, _)| !has(kind));
    missing.map(|(_, name)| (*name).to_owned()).collect()
}

fn mount(raw: RawMount) -> Option<Mount> {
    host_mount(&raw.r#type, raw.source, raw.destination, &raw.options)
}

/// A mount of something of the host, by the specification's words; `None` for the kernel's own
/// filesystems, which are every container's.
pub(crate) fn host_mount(
    kind: &str,
    source: String,
    target: String,
    options: &[String],
) -> Option<Mount> {
    let has = |option: &str| options.iter().any(|one| one == option);
    let bind = kind == "bind" || has("bind") || has("rbind");
    if !bind {
        return None;
    }
    let propagation = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];
    let propagation = options.iter().find(|option| propagation.contains(&option.as_str()));
    Some(Mount {
        kind: "bind".to_owned(),
        read_only: has("ro"),
        propagation: propagation.cloned().unwrap_or_default(),
        source,
        target,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"ociVersion":"1.0.2","process":{"user":{"uid":1000,"gid":100},
        "args":["/bin/sh","-c","true"],"env":["TOKEN=secret"],"noNewPrivileges":true,
        "capabilities":{"bounding":["CAP_CHOWN","CAP_KILL"]}},"root":{"path":"rootfs","readonly":true},
        "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
        {"destination":"/data","type":"bind","source":"/srv","options":["rbind","ro","rprivate"]}],
        "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},
        {"type":"cgroup"},{"type":"network","path":"/proc/1/ns/net"}],"seccomp":{"defaultAction":"x"},
        "maskedPaths":["/proc/kcore"],"cgroupsPath":"/docker/1",
        "resources":{"memory":{"limit":1048576},"cpu":{"quota":50000,"period":100000},
        "pids":{"limit":-1},"devices":[{"allow":false},{"allow":true,"type":"c","major":1}]}}}"#;

    #[test]
    fn a_bundle_says_what_a_container_may_do() {
        let bundle = bundle(PLAIN.as_bytes()).unwrap();
        let spec = bundle.spec;
        assert_eq!(spec.user.as_deref(), Some("1000:100"));
        assert_eq!(spec.host_namespaces, ["network", "user"]);
        assert_eq!(spec.mounts.len(), 1);
        assert!(spec.mounts[0].read_only && spec.mounts[0].propagation == "rprivate");
        assert!(!spec.privileged && spec.read_only_rootfs && spec.seccomp == "default");
        assert_eq!((spec.memory_limit_bytes, spec.pids_limit), (Some(1_048_576), None));
        assert_eq!(spec.cpu_limit_millicores, Some(500));
        assert_eq!(spec.env_names, ["TOKEN"]);
        assert_eq!(bundle.cgroups_path, "/docker/1");
    }

    #[test]
    fn all_capabilities_and_no_masks_are_privileged() {
        let many: Vec<String> = (0..41).map(|number| format!("\"CAP_{number}\"")).collect();
        let text = format!(
            r#"{{"process":{{"capabilities":{{"bounding":[{}]}}}},"linux":{{"resources":{{"devices":[{{"allow":true}}]}}}}}}"#,
            many.join(",")
        );
        assert!(bundle(text.as_bytes()).unwrap().spec.privileged);
    }

    #[test]
    fn what_is_no_bundle_is_an_error() {
        for text in ["", "[]", "{\"process\":7}", "{\"mounts\":{}}"] {
            assert!(bundle(text.as_bytes()).is_err(), "{text}");
        }
        assert!(bundle(b"{}").is_ok());
    }
}
