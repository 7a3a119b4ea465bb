//! Registries and daemons of the walks' own: each in a directory of its own, ended when dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{run, scratch};

/// How long a daemon may take until it answers.
const START_S: u64 = 60;
/// How often one looks whether it answers.
const LOOK_MS: u64 = 100;

/// Whether a program is there; says so when it is not.
pub fn which(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .any(|directory| directory.join(program).is_file());
    if !found {
        eprintln!("skipped: {program} is not installed (make setup-test)");
    }
    found
}

/// A process that is asked to end, and ended, when dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap_or_else(|error| panic!("{log:?}: {error}"));
        let errors = log.try_clone().unwrap_or_else(|error| panic!("log: {error}"));
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        Running(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }
}

impl Running {
    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Its process's number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end and waits for it.
    pub(crate) fn end(&mut self) {
        if self.has_ended() {
            return;
        }
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let patience = Instant::now();
        while patience.elapsed() < Duration::from_secs(20) {
            match self.0.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(LOOK_MS)),
                _ => return,
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) fn wait_until(what: &str, log: &Path, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        let log = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(
            begun.elapsed() < Duration::from_secs(START_S),
            "{what} does not answer: {}",
            log()
        );
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    listener.local_addr().map_or(0, |address| address.port())
}

fn checked(command: &mut Command) {
    let ended = run(command);
    assert_eq!(ended.status, 0, "{command:?}: {}", ended.err);
}

/// A registry on a loopback port.
pub struct Registry {
    /// `127.0.0.1:port`.
    pub address: String,
    _running: Running,
    directory: tempfile::TempDir,
}

impl Registry {
    /// Starts a registry; with `users`, one that lets in whoever the `htpasswd` lines name.
    pub fn start(users: Option<&str>) -> Option<Self> {
        Self::started(users, scratch())
    }

    /// Starts a registry on a copy of a storage that another one left behind.
    pub fn serving(storage: &Path) -> Option<Self> {
        let directory = scratch();
        let copy = directory.path().join("storage");
        checked(Command::new("cp").arg("-r").arg(storage).arg(&copy));
        Self::started(None, directory)
    }

    /// Where its content lies.
    pub fn storage(&self) -> PathBuf {
        self.directory.path().join("storage")
    }

    fn started(users: Option<&str>, directory: tempfile::TempDir) -> Option<Self> {
        if !which("docker-registry") {
            return None;
        }
        let address = format!("127.0.0.1:{}", free_port());
        let storage = directory.path().join("storage");
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n",
            storage.display()
        );
        if let Some(users) = users {
            let file = directory.path().join("users");
            std::fs::write(&file, users).unwrap_or_else(|error| panic!("{error}"));
            config.push_str(&format!(
                "auth: {{htpasswd: {{realm: lab, path: {}}}}}\n",
                file.display()
            ));
        }
        let file = directory.path().join("config.yml");
        std::fs::write(&file, config).unwrap_or_else(|error| panic!("{error}"));
        let log = directory.path().join("log");
        let running = Running::start(Command::new("docker-registry").arg("serve").arg(&file), &log);
        wait_until("the registry", &log, || std::net::TcpStream::connect(&address).is_ok());
        Some(Registry { address, _running: running, directory })
    }

    /// Copies an archive into it.
    pub fn push(&self, archive: &Path, name: &str, credentials: Option<&str>) {
        let mut copy = Command::new("skopeo");
        copy.args(["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"]);
        if let Some(credentials) = credentials {
            copy.args(["--dest-creds", credentials]);
        }
        copy.arg(format!("oci-archive:{}", archive.display()));
        checked(copy.arg(format!("docker://{}/{name}", self.address)));
    }
}

/// A Docker daemon with a socket and a root of its own.
pub struct Dockerd {
    /// `unix:///…`, for `DOCKER_HOST`.
    pub host: String,
    _running: Running,
    _directory: tempfile::TempDir,
}

impl Dockerd {
    /// Starts a daemon without networks.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts one whose containers are made by another OCI runtime, as a kubelet of the lab needs.
    pub fn start_for_pods(runtime: &Path) -> Option<Self> {
        let added = format!("lab={}", runtime.display());
        Self::start_with(&["--add-runtime", &added, "--default-runtime", "lab"])
    }

    /// Starts one with further arguments.
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        if !which("dockerd") || !which("docker") {
            return None;
        }
        let directory = scratch();
        let at = |name: &str| directory.path().join(name);
        let host = format!("unix://{}", at("docker.sock").display());
        let mut dockerd = Command::new("dockerd");
        dockerd.args(["--bridge", "none", "--iptables=false", "--host", &host]).args(arguments);
        dockerd.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        dockerd.arg("--pidfile").arg(at("pid")).arg("--config-file").arg(at("none.json"));
        std::fs::write(at("none.json"), "{}").unwrap_or_else(|error| panic!("{error}"));
        let log = at("log");
        let running = Running::start(&mut dockerd, &log);
        let docker = Dockerd { host, _running: running, _directory: directory };
        wait_until("dockerd", &log, || run(docker.command().arg("version")).status == 0);
        Some(docker)
    }

    /// The docker command line, speaking to it.
    pub fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.host);
        command
    }

    /// Loads an archive; `docker save` of an image into another.
    pub fn load(&self, archive: &Path) {
        checked(self.command().arg("load").arg("--input").arg(archive));
    }

    /// `docker save`.
    pub fn save(&self, name: &str, archive: &Path) {
        checked(self.command().args(["save", name, "--output"]).arg(archive));
    }
}

/// `lazaret agent --docker-authz` with a plugin socket of its own.
pub struct Agent {
    /// The plugin's name, for `--authorization-plugin`.
    pub plugin: String,
    /// Where its configuration, its policy and its store are.
    pub directory: tempfile::TempDir,
    running: Running,
}

impl Agent {
    /// Starts the agent with a policy. The daemon that it asks is told later: [`Agent::serve`].
    pub fn start(policy: &str) -> Self {
        let directory = scratch();
        let plugin = format!("lazaret-walk-{}", std::process::id());
        let at = |name: &str| directory.path().join(name);
        let write = |name: &str, text: &str| {
            std::fs::write(at(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
        };
        write("policy.yaml", policy);
        let config = format!(
            "policy: {}\nbreak_glass: {}\ndocker:\n  socket: {}\n  plugin_socket: {}\n",
            at("policy.yaml").display(),
            at("break-glass.yaml").display(),
            at("docker.sock").display(),
            Self::socket(&plugin).display()
        );
        write("agent.yaml", &config);
        // What the scans that the agent begins match against.
        let database = "advisories.lzdb";
        std::fs::copy(crate::advisories().join(database), at(database))
            .unwrap_or_else(|error| panic!("{database}: {error}"));
        let mut agent = crate::command(directory.path(), &at("cache"));
        agent.args(["agent", "--docker-authz", "--config"]).arg(at("agent.yaml"));
        let log = at("agent.log");
        let running = Running::start(&mut agent, &log);
        wait_until("the agent", &log, || Self::socket(&plugin).exists());
        Agent { plugin, directory, running }
    }

    /// Shows the agent the daemon that it is to ask.
    pub fn serve(&self, docker: &Dockerd) {
        let socket = docker.host.trim_start_matches("unix://");
        let here = self.directory.path().join("docker.sock");
        std::os::unix::fs::symlink(socket, here).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.id()
    }

    fn socket(plugin: &str) -> PathBuf {
        PathBuf::from(format!("/run/docker/plugins/{plugin}.sock"))
    }
}

/// A Podman service with a storage of its own.
pub struct Podman {
    /// `unix:///…`, for `CONTAINER_HOST`.
    pub host: String,
    _running: Running,
    _directory: tempfile::TempDir,
}

impl Podman {
    /// Loads an archive and starts the service.
    pub fn start(archive: &Path) -> Option<Self> {
        if !which("podman") {
            return None;
        }
        let directory = scratch();
        let at = |name: &str| directory.path().join(name);
        let podman = || {
            let mut podman = Command::new("podman");
            podman.arg("--root").arg(at("root")).arg("--runroot").arg(at("run"));
            podman.args(["--storage-driver", "vfs"]);
            podman
        };
        checked(podman().args(["load", "--quiet", "--input"]).arg(archive));
        let host = format!("unix://{}", at("podman.sock").display());
        let log = at("log");
        let mut service = podman();
        let running =
            Running::start(service.args(["system", "service", "--time", "0", &host]), &log);
        wait_until("podman", &log, || {
            std::os::unix::net::UnixStream::connect(at("podman.sock")).is_ok()
        });
        Some(Podman { host, _running: running, _directory: directory })
    }
}

/// A containerd with a content store of its own.
pub struct Containerd {
    /// The socket's path, for `CONTAINERD_ADDRESS`.
    pub address: String,
    _running: Running,
    _directory: tempfile::TempDir,
}

impl Containerd {
    /// Starts the daemon and imports an archive.
    pub fn start(archive: &Path) -> Option<Self> {
        if !which("containerd") || !which("ctr") {
            return None;
        }
        let directory = scratch();
        let at = |name: &str| directory.path().join(name);
        let address = at("containerd.sock").display().to_string();
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = {address:?}\n",
            at("root"),
            at("state"),
        );
        std::fs::write(at("config.toml"), config).unwrap_or_else(|error| panic!("{error}"));
        let log = at("log");
        let mut containerd = Command::new("containerd");
        let running = Running::start(containerd.arg("--config").arg(at("config.toml")), &log);
        let ctr =
            |arguments: &[&str]| run(Command::new("ctr").args(["-a", &address]).args(arguments));
        wait_until("containerd", &log, || ctr(&["version"]).status == 0);
        let archive = archive.display().to_string();
        let imported = ctr(&["images", "import", "--no-unpack", "--all-platforms", &archive]);
        assert_eq!(imported.status, 0, "{}", imported.err);
        Some(Containerd { address, _running: running, _directory: directory })
    }
}
