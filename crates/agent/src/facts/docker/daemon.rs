//! The daemon: what it says of itself, how it was started, what it listens on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use model::Subject;
use serde_json::Value;

use super::super::daemon_config::{DaemonConfig, flags};
use super::super::engine::{Document, Engine};
use super::super::limits::CONFIG_FILE_BYTES;
use super::super::listeners;
use super::networks::Network;
use super::{Look, set, short};

/// Where dockerd looks for its configuration unless told otherwise.
const CONFIG_FILE: &str = "/etc/docker/daemon.json";
/// Ports of a swarm: its managers' and its gossip's.
const SWARM_PORTS: [u16; 2] = [2377, 7946];
/// Name of the agent's own authorization plugin.
const OWN_PLUGIN: &str = "lazaret";
/// The policy that the agent's gate decides by.
const OWN_POLICY: &str = "/etc/lazaret/policy.yaml";

/// The daemon as it was found.
pub(super) struct Daemon {
    pub(super) info: Result<Document, String>,
    pub(super) version: Document,
    pub(super) pid: Option<u32>,
    pub(super) program: Option<PathBuf>,
    pub(super) config_file: PathBuf,
    /// Flags and file, merged; or why they are not known.
    pub(super) config: Result<DaemonConfig, String>,
    /// Whether the file was changed after the daemon began.
    is_stale: bool,
}

impl Daemon {
    pub(super) async fn find(look: &Look<'_>, engine: &mut Engine) -> Daemon {
        let info = engine.object("/info").await;
        let version = match info {
            Ok(_) => engine.object("/version").await.unwrap_or_default(),
            Err(_) => Document::default(),
        };
        let pid = process(look, engine.pid);
        let arguments = match pid {
            Some(pid) => look.processes.arguments(pid).map_err(|error| error.to_string()),
            None => Err("the daemon's process was not found".to_owned()),
        };
        let flags = arguments.map(|words| flags(words.get(1..).unwrap_or_default()));
        let given = flags.as_ref().ok().and_then(|flags| flags.get("config-file")?.as_str());
        let config_file = PathBuf::from(given.unwrap_or(CONFIG_FILE));
        let text = look.root.text(&config_file, CONFIG_FILE_BYTES);
        let text = text.map_err(|error| format!("{}: {error}", config_file.display()));
        let config = flags.and_then(|flags| DaemonConfig::merge(flags, &text?.unwrap_or_default()));
        let begun_s = pid.and_then(|pid| look.processes.started_s(pid));
        let seen = look.root.look(&config_file).ok().flatten();
        // The start is known to the second only.
        let is_stale =
            begun_s.zip(seen).is_some_and(|(begun_s, seen)| seen.modified_s > begun_s + 1);
        let program = pid.and_then(|pid| look.processes.program(pid).ok());
        Daemon { info, version, pid, program, config_file, config, is_stale }
    }

    /// The unix sockets that it listens on.
    pub(super) fn sockets(&self) -> Vec<PathBuf> {
        let hosts = self.config.as_ref().map(|config| config.list("hosts")).unwrap_or_default();
        let paths = hosts.iter().filter_map(|host| host.strip_prefix("unix://"));
        paths.map(PathBuf::from).collect()
    }

    /// A directive, or why it is not known. What was not given by a flag is not known once the
    /// file has been changed under the running daemon.
    pub(super) fn directive<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DaemonConfig) -> T,
    ) -> Result<T, String> {
        let config = self.config.as_ref().map_err(Clone::clone)?;
        if let Some(conflict) = config.conflicts.iter().find(|conflict| *conflict == key) {
            return Err(format!("`{conflict}` is given by a flag and by daemon.json"));
        }
        if self.is_stale && !config.is_flag(key) {
            return Err(format!(
                "{} was changed after the daemon began; restart or reload it, then look again",
                self.config_file.display()
            ));
        }
        Ok(read(config))
    }

    pub(super) fn subject(
        &self,
        look: &Look<'_>,
        info: &Document,
        networks: &Result<Vec<Network>, String>,
    ) -> Subject {
        let mut daemon = Subject::new("daemon", "");
        self.say_from_engine(look, info, &mut daemon);
        self.say_from_config(info, &mut daemon);
        self.say_bridge(networks, &mut daemon);
        self.say_tcp(look, &mut daemon);
        daemon.say("daemon.signature_enforcement", self.signature_enforcement(look, info));
        daemon
    }

    fn say_from_engine(&self, look: &Look<'_>, info: &Document, daemon: &mut Subject) {
        daemon.say("daemon.version", short(info.text("/ServerVersion")));
        daemon.say_or_miss("daemon.build_age_days", look.days_since(self.build_time()));
        let options = info.texts("/SecurityOptions");
        let has = |name: &str| options.iter().any(|option| option_name(option) == name);
        daemon.say("daemon.rootless", has("rootless"));
        daemon.say("daemon.userns_remap", has("userns"));
        let user = self.pid.and_then(|pid| look.processes.status(pid).ok()?.uid);
        let user = user.ok_or_else(|| "the daemon's process was not found".to_owned());
        daemon.say_or_miss("daemon.uid", user);
        daemon.say("daemon.storage_driver", short(info.text("/Driver")));
        daemon.say("daemon.log_driver", short(info.text("/LoggingDriver")));
        daemon.say("daemon.live_restore", info.flag("/LiveRestoreEnabled"));
        daemon.say("daemon.experimental", info.flag("/ExperimentalBuild"));
        daemon.say("daemon.swarm_state", swarm_state(info));
        daemon.say("daemon.authorization_plugins", set(info.texts("/Plugins/Authorization")));
        daemon.say("daemon.insecure_registries", insecure_registries(info));
        let profile = options.iter().find(|option| option_name(option) == "seccomp");
        let profile = profile.map(|option| {
            option.split(',').find_map(|part| part.strip_prefix("profile=")).unwrap_or("default")
        });
        daemon.say("daemon.seccomp_profile", short(profile.unwrap_or("none")));
        match has("no-new-privileges") {
            true => daemon.say("daemon.no_new_privileges", true),
            false => daemon.say_or_miss(
                "daemon.no_new_privileges",
                self.directive("no-new-privileges", |c| c.flag("no-new-privileges") == Some(true)),
            ),
        }
    }

    fn say_from_config(&self, info: &Document, daemon: &mut Subject) {
        let switch = |key: &str, unset: bool| {
            self.directive(key, |config| config.flag(key).unwrap_or(unset))
        };
        daemon.say_or_miss("daemon.iptables", switch("iptables", true));
        daemon.say_or_miss("daemon.userland_proxy", switch("userland-proxy", true));
        let level =
            self.directive("log-level", |c| c.text("log-level").unwrap_or("info").to_owned());
        // The engine itself says when it debugs, whatever the level.
        let level = if info.flag("/Debug") { Ok("debug".to_owned()) } else { level };
        daemon.say_or_miss("daemon.log_level", level);
        daemon.say_or_miss(
            "daemon.default_ulimits",
            self.directive("default-ulimits", |config| set(config.ulimits())),
        );
        daemon.say_or_miss(
            "daemon.cgroup_parent",
            self.directive("cgroup-parent", |c| {
                short(c.text("cgroup-parent").unwrap_or("default"))
            }),
        );
        daemon.say_or_miss(
            "daemon.base_size",
            self.directive("storage-opts", |config| {
                let options = config.list("storage-opts");
                let size = options.iter().find_map(|option| option.strip_prefix("dm.basesize="));
                short(size.unwrap_or("default"))
            }),
        );
    }

    fn say_bridge(&self, networks: &Result<Vec<Network>, String>, daemon: &mut Subject) {
        match networks {
            Ok(networks) => {
                let bridge = networks.iter().find(|network| network.is_default_bridge());
                daemon.say("daemon.has_bridge", bridge.is_some());
                match bridge.and_then(Network::lets_containers_talk) {
                    Some(icc) => daemon.say("daemon.icc", icc),
                    None => daemon.say_or_miss(
                        "daemon.icc",
                        self.directive("icc", |config| config.flag("icc").unwrap_or(true)),
                    ),
                }
            }
            Err(why) => {
                daemon.miss("daemon.has_bridge", why.clone());
                daemon.miss("daemon.icc", why.clone());
            }
        }
    }

    fn say_tcp(&self, look: &Look<'_>, daemon: &mut Subject) {
        let hosts = self.directive("hosts", |config| {
            let hosts = config.list("hosts");
            set(hosts.iter().filter(|host| is_tcp(host)))
        });
        daemon.say_or_miss("daemon.tcp_hosts", hosts);
        let listeners = self.listeners(look).map(|all| {
            let own = self.other_ports();
            set(all.iter().filter(|a| !own.contains(&a.port())).map(ToString::to_string))
        });
        daemon.say_or_miss("daemon.tcp_listeners", listeners);
        // Without `tlsverify` anybody is let in; with it dockerd does not start without the files,
        // for which it has default places.
        daemon.say_or_miss(
            "daemon.tls_verified",
            self.directive("tlsverify", |config| config.flag("tlsverify") == Some(true)),
        );
    }

    /// The TCP addresses that the process listens on.
    pub(super) fn listeners(&self, look: &Look<'_>) -> Result<Vec<SocketAddr>, String> {
        let pid = self.pid.ok_or_else(|| "the daemon's process was not found".to_owned())?;
        let sockets = look.processes.sockets(pid).map_err(|error| error.to_string())?;
        let mut tables = Vec::new();
        for table in ["net/tcp", "net/tcp6"] {
            match look.processes.read(pid, table) {
                Ok(bytes) => tables.push(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{table}: {error}")),
            }
        }
        Ok(listeners::of(&tables, &sockets).into_iter().collect())
    }

    /// Ports of the daemon that are no door to its API.
    fn other_ports(&self) -> Vec<u16> {
        let mut ports = Vec::new();
        if self.info.as_ref().is_ok_and(|info| swarm_state(info) == "active") {
            ports.extend(SWARM_PORTS);
        }
        let metrics = self.config.as_ref().ok().and_then(|config| config.text("metrics-addr"));
        let port = metrics.and_then(|address| address.rsplit_once(':')?.1.parse::<u16>().ok());
        ports.extend(port);
        ports
    }

    /// What keeps unsigned images out: the agent's gate with a policy of trust, or the switch of
    /// Docker's own content trust for all sessions of the host.
    fn signature_enforcement(&self, look: &Look<'_>, info: &Document) -> Vec<String> {
        let mut found = Vec::new();
        let is_ours = |name: &&str| name.split(':').next() == Some(OWN_PLUGIN);
        let text = |path: &str| look.root.text(Path::new(path), CONFIG_FILE_BYTES).ok().flatten();
        if info.texts("/Plugins/Authorization").iter().any(is_ours) {
            let policy = text(OWN_POLICY).and_then(|t| policy::Policy::parse(OWN_POLICY, &t).ok());
            if policy.is_some_and(|policy| policy.trust.is_some()) {
                found.push(format!("the authorization plugin {OWN_PLUGIN} with {OWN_POLICY}"));
            }
        }
        let environment = text("/etc/environment").unwrap_or_default();
        let is_on = |line: &str| {
            let value = line.trim().strip_prefix("DOCKER_CONTENT_TRUST=")?;
            Some(value.trim_matches(['"', '\'']) == "1")
        };
        if environment.lines().filter_map(is_on).next_back() == Some(true) {
            found.push("DOCKER_CONTENT_TRUST in /etc/environment".to_owned());
        }
        found
    }

    fn build_time(&self) -> &str {
        let components = self.version.items("/Components");
        let engine = components.filter_map(|c| c.pointer("/Details/BuildTime")).next();
        engine.and_then(Value::as_str).unwrap_or_else(|| self.version.text("/BuildTime"))
    }
}

/// The daemon's process: the peer of the socket, or, where a service manager made the socket, the
/// only dockerd there is.
fn process(look: &Look<'_>, peer: Option<u32>) -> Option<u32> {
    let is_dockerd = |pid: &u32| {
        let program = look.processes.program(*pid);
        program.is_ok_and(|path| path.file_name().is_some_and(|name| name == "dockerd"))
    };
    // Nobody at the other end: whatever dockerd there is, it is not the one that was asked for.
    let peer = peer?;
    Some(peer).filter(is_dockerd).or_else(|| {
        match look.processes.named("dockerd").ok()?.as_slice() {
            [pid] => Some(*pid),
            _ => None,
        }
    })
}

/// The name of a security option: `name=seccomp,profile=default`, or a bare word of old engines.
fn option_name(option: &str) -> &str {
    let first = option.split(',').next().unwrap_or_default();
    first.strip_prefix("name=").unwrap_or(first)
}

/// Whether the engine has a security option.
pub(super) fn has_option(info: &Document, name: &str) -> bool {
    info.texts("/SecurityOptions").iter().any(|option| option_name(option) == name)
}

pub(super) fn swarm_state(info: &Document) -> &str {
    match info.text("/Swarm/LocalNodeState") {
        "" => "inactive",
        state => state,
    }
}

fn is_tcp(host: &str) -> bool {
    !["unix://", "fd://", "npipe://"].iter().any(|scheme| host.starts_with(scheme))
}

fn insecure_registries(info: &Document) -> Vec<String> {
    let networks = info.texts("/RegistryConfig/InsecureRegistryCIDRs");
    let beyond = networks.into_iter().filter(|network| {
        let address = network.split('/').next().unwrap_or_default();
        !address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    let named = info
        .entries("/RegistryConfig/IndexConfigs")
        .filter(|(_, config)| config.get("Secure").and_then(Value::as_bool) == Some(false))
        .map(|(name, _)| name.as_str());
    set(beyond.chain(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_the_engine_says() {
        let info = Document(json!({
            "SecurityOptions": ["name=seccomp,profile=default", "apparmor", "name=userns"],
            "RegistryConfig": {
                "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
                "IndexConfigs": {"docker.io": {"Secure": true}, "old:5000": {"Secure": false}}
            },
            "Swarm": {"LocalNodeState": ""}
        }));
        assert_eq!(insecure_registries(&info), ["10.0.0.0/8", "old:5000"]);
        assert!(has_option(&info, "apparmor") && has_option(&info, "seccomp"));
        assert!(!has_option(&info, "selinux"));
        assert_eq!(swarm_state(&info), "inactive");
        for (host, expect) in [("tcp://0.0.0.0:2375", true), ("fd://", false), (":2375", true)] {
            assert_eq!(is_tcp(host), expect, "{host}");
        }
    }
}
