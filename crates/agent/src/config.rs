//! `AgentConfig`: `/etc/lazaret/agent.yaml`, what the node role is told of its place.
//!
//! What may start is not said here but in the policy; this file says where things are and which
//! kinds of requests the engine takes at all.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Error;

use crate::AgentError;
use crate::audit::AuditConfig;
use crate::commands::CommandsConfig;
use crate::detect::BUILT_IN_RULES;
use crate::docker::Endpoints;
use crate::gate::DecisionsConfig;
use crate::isolation::IsolationConfig;
use crate::key_files::KeyFilesConfig;
use crate::lifecycle::LifeCycleConfig;
use crate::limits::CONFIG_MAX_BYTES;
use crate::network::NetworkConfig;
use crate::outputs::OutputConfig;
use crate::respond::ResponseConfig;

/// Where the configuration usually is.
pub const CONFIG_FILE: &str = "/etc/lazaret/agent.yaml";
/// The word for the policy that comes with the program.
pub const BUILT_IN_POLICY: &str = "built-in";

/// What the node role is told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentConfig {
    /// The policy's file, or `built-in`.
    pub policy: PathBuf,
    /// The file that opens the gates in an emergency.
    pub break_glass: PathBuf,
    /// Whom to ask for an exception: the last line that a refused user reads; may be empty.
    pub contact: String,
    /// Docker Engine.
    pub docker: DockerConfig,
    /// The guard in front of the OCI runtime.
    pub guard: GuardConfig,
    /// containerd.
    pub nri: NriConfig,
    /// The rules of the watch: `built-in`, files, folders.
    pub rules: Vec<PathBuf>,
    /// Where alerts and records go besides the audit log; the agent's own output when not said.
    pub outputs: Option<Vec<OutputConfig>>,
    /// How much of the audit log is kept.
    pub audit: AuditConfig,
    /// How much of the gates' decision log is kept.
    pub decisions: DecisionsConfig,
    /// Where numbers can be fetched.
    pub metrics: MetricsConfig,
    /// What is done about alerts: nothing, until it is said here.
    pub response: ResponseConfig,
    /// Which engines tell of their containers.
    pub lifecycle: LifeCycleConfig,
    /// Which commands become records.
    pub commands: CommandsConfig,
    /// How far a container may go on what it shares with others.
    pub isolation: IsolationConfig,
    /// What is usual on the network.
    pub network: NetworkConfig,
    /// Which files matter.
    pub key_files: KeyFilesConfig,
    /// The rules over what containers do.
    pub detect: DetectConfig,
}

/// Where numbers can be fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// A loopback address and port, `127.0.0.1:9465`; nowhere when not said.
    pub listen: Option<SocketAddr>,
}

/// What the NRI plugin is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NriConfig {
    /// The socket on which containerd takes plugins.
    pub socket: PathBuf,
    /// containerd's own socket, for the plugin's questions.
    pub containerd: PathBuf,
    /// The namespace in which the CRI part keeps its containers and images.
    pub namespace: String,
    /// The plugin's place among others: two digits. The last sees what all others changed.
    pub index: String,
    /// Whether a container is judged before it is made, too, by the little that is known then.
    pub judge_create: bool,
    /// Whether a container is stopped that was found running and would be refused.
    pub stop_refused: bool,
}

impl Default for NriConfig {
    fn default() -> Self {
        NriConfig {
            socket: "/var/run/nri/nri.sock".into(),
            containerd: "/run/containerd/containerd.sock".into(),
            namespace: "k8s.io".to_owned(),
            index: "99".to_owned(),
            judge_create: true,
            stop_refused: false,
        }
    }
}

/// What the rules over kernel events are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// Whether `proc.name` and its kin are the name of the file that runs instead of the kernel's
    /// comm, which a program can choose; see [`crate::detect::Engine::strict_names`].
    pub strict_names: bool,
}

/// What the runtime guard is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// The runtime that the guard becomes; the first known one that is there when not said.
    pub runtime: Option<PathBuf>,
}

/// What the docker authorization plugin is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DockerConfig {
    /// The daemon's socket, for the plugin's own questions.
    pub socket: PathBuf,
    /// Where the plugin listens, when nobody hands it a socket.
    pub plugin_socket: PathBuf,
    /// Whether a container is stopped that runs without having been let in and would be refused.
    pub stop_refused: bool,
    /// Which kinds of requests are allowed, and to whom.
    pub endpoints: Endpoints,
}

impl Default for AgentConfig {
    fn default() -> Self {
        AgentConfig {
            policy: "/etc/lazaret/policy.yaml".into(),
            break_glass: "/etc/lazaret/break-glass.yaml".into(),
            contact: String::new(),
            docker: DockerConfig::default(),
            guard: GuardConfig::default(),
            rules: vec![BUILT_IN_RULES.into()],
            outputs: None,
            audit: AuditConfig::default(),
            decisions: DecisionsConfig::default(),
            metrics: MetricsConfig::default(),
            response: ResponseConfig::default(),
            nri: NriConfig::default(),
            lifecycle: LifeCycleConfig::default(),
            commands: CommandsConfig::default(),
            isolation: IsolationConfig::default(),
            network: NetworkConfig::default(),
            key_files: KeyFilesConfig::default(),
            detect: DetectConfig::default(),
        }
    }
}

impl Default for DockerConfig {
    fn default() -> Self {
        DockerConfig {
            socket: "/var/run/docker.sock".into(),
            plugin_socket: "/run/docker/plugins/lazaret.sock".into(),
            stop_refused: false,
            endpoints: Endpoints::default(),
        }
    }
}

impl AgentConfig {
    /// Reads the file. One that is not there says nothing, so that every default holds.
    pub fn load(path: &Path) -> Result<Self, AgentError> {
        match read_text(path, CONFIG_MAX_BYTES) {
            Ok(Some(text)) => read_yaml(path, &text),
            Ok(None) => Ok(AgentConfig::default()),
            Err(error) => Err(error),
        }
    }
}

/// A file's text; `None` when it is not there or says nothing.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<Option<String>, AgentError> {
    let wrong = |why: String| AgentError::File { path: path.to_path_buf(), why };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let mut text = String::new();
    let read = file.take(max_bytes + 1).read_to_string(&mut text);
    let read = read.map_err(|error| wrong(error.to_string()))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > max_bytes {
        return Err(wrong(format!("it is larger than {max_bytes} bytes")));
    }
    let says_something = text.lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    Ok(says_something.then_some(text))
}

/// Reads YAML, with the place of what is wrong.
pub(crate) fn read_yaml<T: serde::de::DeserializeOwned>(
    path: &Path,
    text: &str,
) -> Result<T, AgentError> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error: Error| {
        let why = error.to_string();
        let why = why.lines().next().unwrap_or_default().to_owned();
        AgentError::Config { path: path.to_path_buf(), why }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<AgentConfig, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agent.yaml");
        std::fs::write(&path, text).unwrap();
        AgentConfig::load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        assert_eq!(
            AgentConfig::load(Path::new("/nowhere/agent.yaml")).unwrap(),
            AgentConfig::default()
        );
        assert_eq!(load("# nothing\n\n"), Ok(AgentConfig::default()));
        let config = load("contact: ask us\ndocker:\n  stop_refused: true\n").unwrap();
        assert_eq!(config.contact, "ask us");
        assert!(config.docker.stop_refused);
        assert_eq!(config.policy, Path::new("/etc/lazaret/policy.yaml"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in
            ["polcy: x\n", "docker: {endpoints: {everybody: {read: deny}}}\n", "docker: 1\n"]
        {
            let error = load(text).unwrap_err();
            assert!(error.contains("agent.yaml") && !error.contains('\n'), "{error}");
        }
    }

    /// The YAML of a page, block by block.
    fn blocks(page: &str) -> Vec<String> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let text = std::fs::read_to_string(docs.join(page)).unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_the_pages_show_can_be_said() {
        for page in [
            "agent.md",
            "audit-sources.md",
            "detections.md",
            "isolation.md",
            "network.md",
            "response.md",
        ] {
            let blocks = blocks(page);
            assert!(!blocks.is_empty(), "{page}");
            for block in blocks {
                load(&block).unwrap_or_else(|why| panic!("{page}: {why}\n{block}"));
            }
        }
    }

    #[test]
    fn what_the_pages_show_as_default_is_it() {
        let default = AgentConfig::default;
        let shown = |page: &str, key: &str| {
            let blocks = blocks(page);
            let block = blocks.iter().find(|block| block.starts_with(&format!("{key}:")));
            load(block.unwrap_or_else(|| panic!("{page} shows no {key}"))).unwrap()
        };
        assert_eq!(shown("isolation.md", "isolation"), default());
        assert_eq!(shown("network.md", "network"), default());
        assert_eq!(shown("audit-sources.md", "lifecycle"), default());
        assert_eq!(shown("audit-sources.md", "commands"), default());
        assert_eq!(shown("run-blocking-nri.md", "nri"), default());
        let mut docker = shown("run-blocking-docker.md", "policy");
        let endpoints = std::mem::take(&mut docker.docker.endpoints);
        assert_eq!(docker, default());
        for (group, access) in endpoints.everybody {
            let is_allowed = Endpoints::default().allows(group, "");
            assert_eq!(is_allowed, access == crate::docker::Access::Allow, "{group:?}");
        }
        // The lists of key files are examples.
        let mut key_files = shown("audit-sources.md", "key_files");
        key_files.key_files.more.clear();
        key_files.key_files.leave_out.clear();
        key_files.key_files.tools.clear();
        assert_eq!(key_files, default());
    }
}
