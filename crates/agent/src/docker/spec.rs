//! From `Config` and `HostConfig`, asked for or effective, to what the judge reads of a container.
//!
//! Source: Docker Engine API 1.24 to 1.52, `ContainerCreate` and `ContainerInspect`: both carry
//! the same two structs, so one reader serves a request and the container that came of it.

use model::{ContainerSpec, Mount, capability};

use super::json::{BadBody, Fields, Node};
use super::mounts;

/// Fields of `HostConfig` that daemons up to 20.10 also read beside `Image`, when there is no
/// `HostConfig`. Nobody has asked so for years; who does is refused.
const MISPLACED: [&str; 26] = [
    "Annotations",
    "Binds",
    "CapAdd",
    "CapDrop",
    "CgroupParent",
    "CgroupnsMode",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "GroupAdd",
    "IpcMode",
    "MaskedPaths",
    "Mounts",
    "NetworkMode",
    "PidMode",
    "PortBindings",
    "Privileged",
    "ReadonlyPaths",
    "Runtime",
    "SecurityOpt",
    "Sysctls",
    "Tmpfs",
    "UTSMode",
    "UsernsMode",
    "VolumeDriver",
    "VolumesFrom",
];
/// Most ports of one range that are told.
const RANGE_MAX_PORTS: u16 = 1024;

/// The engine's own settings that decide what a configuration means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// The machine's name.
    pub(crate) node: String,
    /// The runtime that is used when none is asked for.
    pub(crate) runtime: String,
    /// Whether the daemon maps users (`userns-remap`).
    pub(crate) remaps_users: bool,
    /// Whether containers have a cgroup namespace of their own unless they ask otherwise.
    pub(crate) own_cgroups: bool,
}

/// What a configuration says by itself. Images, joined containers and volumes are not looked up.
pub(crate) fn read(
    config: &Fields<'_>,
    host: &Fields<'_>,
    defaults: &Defaults,
) -> Result<ContainerSpec, BadBody> {
    let security = Security::read(host)?;
    let runtime = host.text("Runtime")?;
    Ok(ContainerSpec {
        user: Some(config.text("User")?).filter(|user| !user.is_empty()).map(str::to_owned),
        user_namespace: defaults.remaps_users && host.text("UsernsMode")? != "host",
        privileged: host.flag("Privileged")?,
        host_namespaces: host_namespaces(host, defaults)?,
        capabilities_added: host.words("CapAdd")?.iter().map(|one| capability(one)).collect(),
        capabilities_dropped: host.words("CapDrop")?.iter().map(|one| capability(one)).collect(),
        mounts: seen(host)?,
        devices: devices(host)?,
        seccomp: security.seccomp,
        apparmor: security.apparmor,
        allow_privilege_escalation: security.no_new_privileges.then_some(false),
        read_only_rootfs: host.flag("ReadonlyRootfs")?,
        runtime: Some(runtime).filter(|name| *name != defaults.runtime).unwrap_or("").to_owned(),
        sysctls: host.text_map("Sysctls")?.iter().map(owned).collect(),
        host_ports: host_ports(host)?,
        memory_limit_bytes: positive(host.integer("Memory")?),
        cpu_limit_millicores: cpu_millicores(host)?,
        pids_limit: positive(host.integer("PidsLimit")?),
        command: command(config)?,
        env_names: env_names(config)?,
        ..ContainerSpec::default()
    })
}

/// Refuses a request that puts parts of `HostConfig` where old daemons still find them.
pub(crate) fn refuse_misplaced(body: &Fields<'_>) -> Result<(), BadBody> {
    match MISPLACED.iter().find(|name| body.node(name).is_some()) {
        Some(name) => Err(BadBody::new(body.place(), format!("`{name}` belongs into HostConfig"))),
        None => Ok(()),
    }
}

/// `container:NAME` in a namespace mode, by namespace: whom it joins.
pub(crate) fn joined<'a>(host: &Fields<'a>) -> Result<Vec<(&'static str, &'a str)>, BadBody> {
    let modes = [("pid", "PidMode"), ("network", "NetworkMode"), ("ipc", "IpcMode")];
    let mut joined = Vec::new();
    for (namespace, field) in modes {
        if let Some(name) = host.text(field)?.strip_prefix("container:") {
            joined.push((namespace, name));
        }
    }
    Ok(joined)
}

/// The containers whose volumes it takes over, without their mode.
pub(crate) fn volumes_from<'a>(host: &Fields<'a>) -> Result<Vec<&'a str>, BadBody> {
    let names = host.texts("VolumesFrom")?;
    Ok(names.into_iter().map(|name| name.split(':').next().unwrap_or(name)).collect())
}

/// The entry point and the command, one after the other.
pub(crate) fn command(config: &Fields<'_>) -> Result<Vec<String>, BadBody> {
    let words = config.words("Entrypoint")?.into_iter().chain(config.words("Cmd")?);
    Ok(words.map(str::to_owned).collect())
}

fn host_namespaces(host: &Fields<'_>, defaults: &Defaults) -> Result<Vec<String>, BadBody> {
    let modes = [
        ("pid", "PidMode"),
        ("network", "NetworkMode"),
        ("ipc", "IpcMode"),
        ("uts", "UTSMode"),
        ("user", "UsernsMode"),
        ("cgroup", "CgroupnsMode"),
    ];
    let mut shared = Vec::new();
    for (namespace, field) in modes {
        // Everybody has the host's user namespace where the daemon maps none, and on the first
        // version of cgroups everybody has the host's: there it tells nothing of a container.
        let tells = match namespace {
            "user" => defaults.remaps_users,
            "cgroup" => defaults.own_cgroups,
            _ => true,
        };
        if tells && host.text(field)? == "host" {
            shared.push(namespace.to_owned());
        }
    }
    Ok(shared)
}

/// Mounts, and the kernel's own files when they are laid open (`systempaths=unconfined`): then
/// `/proc` and `/sys` show the host's kernel without the usual masks.
fn seen(host: &Fields<'_>) -> Result<Vec<Mount>, BadBody> {
    let mut mounts = mounts::asked(host)?;
    let is_open = |name: &str| host.node(name) == Some(&Node::List(Vec::new()));
    if is_open("MaskedPaths") || is_open("ReadonlyPaths") {
        let open = |path: &str| Mount {
            kind: "bind".to_owned(),
            source: path.to_owned(),
            target: path.to_owned(),
            read_only: !is_open("ReadonlyPaths"),
            propagation: String::new(),
        };
        mounts.extend(["/proc", "/sys"].map(open));
    }
    Ok(mounts)
}

fn devices(host: &Fields<'_>) -> Result<Vec<String>, BadBody> {
    let mut devices = Vec::new();
    for device in host.structs("Devices")? {
        let path = device.text("PathOnHost")?;
        devices.extend(mounts::real_path(path));
        devices.push(path.to_owned());
    }
    for request in host.structs("DeviceRequests")? {
        let driver = request.text("Driver")?;
        let ids = request.texts("DeviceIDs")?;
        let named = ids.iter().map(|id| format!("{driver}:{id}"));
        devices.extend(named);
        if ids.is_empty() {
            devices.push(format!("{}:all", if driver.is_empty() { "any" } else { driver }));
        }
    }
    let rules = host.texts("DeviceCgroupRules")?;
    devices.extend(rules.into_iter().map(|rule| format!("cgroup-rule:{rule}")));
    Ok(devices)
}

#[derive(Debug, Default)]
struct Security {
    seccomp: String,
    apparmor: String,
    no_new_privileges: bool,
}

impl Security {
    /// `key=value`, or `key:value` as it was once written.
    fn read(host: &Fields<'_>) -> Result<Self, BadBody> {
        let mut security = Security::default();
        for option in host.texts("SecurityOpt")? {
            let (key, value) = option.split_once(['=', ':']).unwrap_or((option, ""));
            match key {
                "seccomp" => security.seccomp = profile(value).to_owned(),
                "apparmor" => security.apparmor = value.to_owned(),
                "no-new-privileges" => security.no_new_privileges = value != "false",
                _ => {}
            }
        }
        Ok(security)
    }
}

/// A seccomp profile comes as its whole text; that is no name.
fn profile(value: &str) -> &str {
    match value {
        "unconfined" => value,
        "" | "builtin" => "default",
        _ => "custom",
    }
}

fn host_ports(host: &Fields<'_>) -> Result<Vec<u16>, BadBody> {
    let mut ports = Vec::new();
    for (key, node) in host.map("PortBindings")? {
        let Node::List(bindings) = node else { continue };
        for binding in bindings {
            let binding = Fields::of(format!("PortBindings.{key}"), binding)?;
            ports.extend(port_range(binding.text("HostPort")?));
        }
    }
    Ok(ports)
}

fn port_range(text: &str) -> Vec<u16> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => {
            (first..=last.min(first.saturating_add(RANGE_MAX_PORTS))).collect()
        }
        _ => Vec::new(),
    }
}

fn cpu_millicores(host: &Fields<'_>) -> Result<Option<u64>, BadBody> {
    if let Some(nano) = positive(host.integer("NanoCpus")?) {
        return Ok(Some(nano / 1_000_000));
    }
    let period = positive(host.integer("CpuPeriod")?).unwrap_or(100_000);
    Ok(positive(host.integer("CpuQuota")?).map(|quota| quota.saturating_mul(1000) / period))
}

fn env_names(config: &Fields<'_>) -> Result<Vec<String>, BadBody> {
    let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
    Ok(config.texts("Env")?.into_iter().map(name).collect())
}

fn positive(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0)
}

pub(crate) fn owned((key, value): &(&str, &str)) -> (String, String) {
    ((*key).to_owned(), (*value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(config: &str, host: &str) -> ContainerSpec {
        let defaults = Defaults {
            runtime: "runc".into(),
            own_cgroups: true,
            remaps_users: true,
            ..Defaults::default()
        };
        let (config, host) = (Node::parse(config.as_bytes()), Node::parse(host.as_bytes()));
        let (config, host) = (config.unwrap(), host.unwrap());
        let config = Fields::of("Config", &config).unwrap();
        read(&config, &Fields::of("HostConfig", &host).unwrap(), &defaults).unwrap()
    }

    #[test]
    fn nothing_asked_is_nothing_told() {
        let expect = ContainerSpec { user_namespace: true, ..ContainerSpec::default() };
        assert_eq!(spec("{}", "null"), expect);
        let usual =
            r#"{"Runtime":"runc","NetworkMode":"default","Memory":0,"PidsLimit":-1,"CapAdd":null}"#;
        assert_eq!(spec(r#"{"User":"","Cmd":null}"#, usual), expect);
    }

    #[test]
    fn reads_what_loosens_the_walls() {
        let host = r#"{"Privileged":true,"PidMode":"host","NetworkMode":"host","UsernsMode":"host",
            "CgroupnsMode":"host","CapAdd":["sys_admin","CAP_NET_RAW","all"],"CapDrop":["MKNOD"],
            "Devices":[{"PathOnHost":"/dev/nowhere"}],"DeviceCgroupRules":["b *:* rwm"],
            "DeviceRequests":[{"Driver":"cdi","DeviceIDs":["v.com/c=n"]},{"Count":-1}],
            "SecurityOpt":["seccomp=unconfined","apparmor:unconfined","no-new-privileges"],
            "Runtime":"other","Sysctls":{"kernel.x":"1"},"ReadonlyRootfs":true}"#;
        let spec = spec("{}", host);
        assert!(spec.privileged && spec.read_only_rootfs && !spec.user_namespace);
        assert_eq!(spec.host_namespaces, ["pid", "network", "user", "cgroup"]);
        assert_eq!(spec.capabilities_added, ["CAP_SYS_ADMIN", "CAP_NET_RAW", "ALL"]);
        assert_eq!(spec.capabilities_dropped, ["CAP_MKNOD"]);
        assert_eq!(
            spec.devices,
            ["/dev/nowhere", "cdi:v.com/c=n", "any:all", "cgroup-rule:b *:* rwm"]
        );
        assert_eq!((spec.seccomp.as_str(), spec.apparmor.as_str()), ("unconfined", "unconfined"));
        assert_eq!(spec.allow_privilege_escalation, Some(false));
        assert_eq!((spec.runtime.as_str(), spec.sysctls.len()), ("other", 1));
    }

    #[test]
    fn an_open_kernel_is_seen() {
        let spec = spec("{}", r#"{"MaskedPaths":[],"ReadonlyPaths":["/proc/sys"]}"#);
        let seen: Vec<_> = spec.mounts.iter().map(|m| (m.source.as_str(), m.read_only)).collect();
        assert_eq!(seen, [("/proc", true), ("/sys", true)]);
    }

    #[test]
    fn reads_limits_ports_and_words() {
        let host = r#"{"Memory":1048576,"CpuQuota":50000,"PidsLimit":7,
            "PortBindings":{"80/tcp":[{"HostPort":"8080-8082"},{"HostPort":""}],"81/tcp":null}}"#;
        let spec = spec(r#"{"User":"app:0","Env":["A=1","B"],"Entrypoint":"x","Cmd":["y"]}"#, host);
        assert_eq!((spec.memory_limit_bytes, spec.pids_limit), (Some(1 << 20), Some(7)));
        assert_eq!(spec.cpu_limit_millicores, Some(500));
        assert_eq!(spec.host_ports, [8080, 8081, 8082]);
        assert_eq!((spec.user.as_deref(), spec.env_names.len()), (Some("app:0"), 2));
        assert_eq!(spec.command, ["x", "y"]);
    }

    #[test]
    fn host_config_beside_the_image_is_refused() {
        let check = |body: &str| {
            let node = Node::parse(body.as_bytes()).unwrap();
            refuse_misplaced(&Fields::of("the body", &node).unwrap())
        };
        assert!(check(r#"{"Image":"a","privileged":true}"#).is_err());
        assert!(
            check(r#"{"Image":"a","Memory":0,"Binds":null,"HostConfig":{"Binds":[]}}"#).is_ok()
        );
    }

    #[test]
    fn finds_whom_it_joins() {
        let host = r#"{"PidMode":"container:a","NetworkMode":"bridge","VolumesFrom":["b:ro","c"]}"#;
        let node = Node::parse(host.as_bytes()).unwrap();
        let host = Fields::of("HostConfig", &node).unwrap();
        assert_eq!(joined(&host).unwrap(), [("pid", "a")]);
        assert_eq!(volumes_from(&host).unwrap(), ["b", "c"]);
    }
}
