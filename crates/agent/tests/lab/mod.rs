//! What the tests of the gate share: a daemon of their own with the plugin in front of it, images
//! made by hand, and reports put into the store.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]
#![allow(clippy::unwrap_used)]

mod http;
mod process;
mod reports;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lazaret_agent::gate::{Court, Scanner};
use model::{DecisionRecord, Digest, Report};
use store::Store;

pub use http::{Response, raw, send, send_chunked};
pub use process::{Running, Supervisor, signal, wait_until};
pub use reports::{KINDS, POLICY, critical, cve, key, malware, package, report, without_vendor};

/// The program in every image.
pub const BUSYBOX: &str = "/bin/busybox";

/// How an image is made whose user is not root.
pub const APP: &[&str] = &["USER 1000"];

/// The agent's process: the supervisor runs the test's own program with a directory to work in.
/// Returns at once where it is not meant.
pub fn serve_agent() {
    let Some(directory) = std::env::var_os("LAZARET_TEST_AGENT") else { return };
    let directory = Path::new(&directory);
    let store = Arc::new(Store::open(&directory.join("lazaret.sqlite")).unwrap());
    let scanner = directory.join("scanner");
    let environment = vec![("DIRECTORY".to_owned(), directory.display().to_string())];
    let scanner = Scanner::new(scanner, directory.to_path_buf(), environment);
    let court = Court::open(&directory.join("agent.yaml"), store, Some(scanner)).unwrap();
    lazaret_agent::docker::serve_docker_authz(court).unwrap();
    std::process::exit(0);
}

/// Which engine a test drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The one that is installed: 20.10 on bookworm.
    Installed,
    /// The one that `tests/lab/docker-tools.sh` unpacked: 28.x.
    Newer,
}

/// A daemon with the plugin, images and a store.
pub struct Lab {
    pub directory: tempfile::TempDir,
    pub supervisor: Supervisor,
    dockerd: Option<Running>,
    engine: Engine,
    plugin: String,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

fn target_lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab")
}

fn is_there(path: &Path) -> bool {
    if !path.exists() {
        eprintln!(
            "skipped: {} is not there (tests/lab/docker-tools.sh target/lab)",
            path.display()
        );
    }
    path.exists()
}

/// Whether containers can be made here.
pub fn can_run(engine: Engine) -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !is_root {
        eprintln!("skipped: only root can run dockerd");
    }
    let dockerd = match engine {
        Engine::Installed => PathBuf::from("/usr/sbin/dockerd"),
        Engine::Newer => target_lab().join("docker28/root/usr/sbin/dockerd"),
    };
    is_root && is_there(&dockerd) && is_there(&target_lab().join("busybox"))
}

impl Lab {
    /// Starts the agent with a policy and a daemon that asks it; `None` where that cannot be.
    pub fn start(engine: Engine, policy: &str) -> Option<Lab> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !can_run(engine) {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let plugin = format!("lazaret-test-{}-{number}", std::process::id());
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("policy.yaml"), policy).unwrap();
        std::fs::write(at("agent.yaml"), agent_yaml(directory.path(), "")).unwrap();
        let socket = PathBuf::from(format!("/run/docker/plugins/{plugin}.sock"));
        let supervisor = Supervisor::start(&socket, directory.path());
        let mut lab = Lab { directory, supervisor, dockerd: None, engine, plugin };
        lab.start_dockerd();
        Some(lab)
    }

    /// Starts the daemon, again if it ran before.
    pub fn start_dockerd(&mut self) {
        self.dockerd = None;
        let at = |name: &str| self.directory.path().join(name);
        std::fs::write(at("none.json"), "{}").unwrap();
        let mut dockerd = self.program("dockerd");
        dockerd.args(["--bridge", "none", "--iptables=false", "--storage-driver", "overlay2"]);
        dockerd.arg("--host").arg(format!("unix://{}", at("docker.sock").display()));
        dockerd.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        dockerd.arg("--pidfile").arg(at("pid")).arg("--config-file").arg(at("none.json"));
        dockerd.args(["--live-restore", "--authorization-plugin", &self.plugin]);
        self.dockerd = Some(Running::start(&mut dockerd, &at("dockerd.log")));
        wait_until("dockerd", || self.docker(&["version"]).ok);
    }

    /// Ends the daemon; containers go on to run.
    pub fn stop_dockerd(&mut self) {
        self.dockerd = None;
    }

    /// A program of the engine.
    fn program(&self, name: &str) -> Command {
        if self.engine == Engine::Installed {
            return Command::new(name);
        }
        let root = target_lab().join("docker28/root/usr");
        let (bin, sbin) = (root.join("bin"), root.join("sbin"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", bin.display(), sbin.display());
        let program = if sbin.join(name).exists() { sbin.join(name) } else { bin.join(name) };
        let mut command = Command::new(program);
        command.env("PATH", path);
        command
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("docker.sock")
    }

    /// The docker command line.
    pub fn command(&self) -> Command {
        let mut docker = self.program("docker");
        docker.env("DOCKER_HOST", format!("unix://{}", self.socket().display()));
        docker.env("DOCKER_BUILDKIT", "0").env("HOME", self.directory.path()).stdin(Stdio::null());
        docker
    }

    pub fn docker(&self, arguments: &[&str]) -> Ran {
        let ran = self.command().args(arguments).output().unwrap();
        Ran {
            ok: ran.status.success(),
            out: String::from_utf8_lossy(&ran.stdout).trim().to_owned(),
            err: String::from_utf8_lossy(&ran.stderr).into_owned(),
        }
    }

    /// Runs docker, which has to do it.
    pub fn does(&self, arguments: &[&str]) -> String {
        let ran = self.docker(arguments);
        assert!(ran.ok, "docker {arguments:?}: {}\nagent: {}", ran.err, self.agent_log());
        ran.out
    }

    /// Runs docker, which has to be refused with a word in the reason.
    pub fn refused(&self, arguments: &[&str], word: &str) -> String {
        let ran = self.docker(arguments);
        assert!(!ran.ok, "docker {arguments:?} was not refused: {}", ran.out);
        assert!(
            ran.err.contains("lazaret") && ran.err.contains(word),
            "{arguments:?}: {}",
            ran.err
        );
        ran.err
    }

    /// Imports an image with busybox and some text in it, and gives its id.
    pub fn image(&self, name: &str, changes: &[&str]) -> String {
        let archive = self.directory.path().join(format!("{}.tar", name.replace([':', '/'], "_")));
        let mut tar = tar::Builder::new(std::fs::File::create(&archive).unwrap());
        let busybox = std::fs::read(target_lab().join("busybox")).unwrap();
        let passwd = "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n";
        let files: [(&str, &[u8]); 3] = [
            ("bin/busybox", &busybox),
            ("etc/passwd", passwd.as_bytes()),
            ("name", name.as_bytes()),
        ];
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o755);
            tar.append_data(&mut header, path, bytes).unwrap();
        }
        tar.into_inner().unwrap();
        let mut import = vec!["import"];
        for change in changes {
            import.extend(["--change", change]);
        }
        import.extend([archive.to_str().unwrap(), name]);
        self.does(&import)
    }

    /// An image with a report in the store.
    pub fn reported(
        &self,
        name: &str,
        changes: &[&str],
        change: impl FnOnce(&mut Report),
    ) -> String {
        let id = self.image(name, changes);
        let user = changes.iter().find_map(|change| change.strip_prefix("USER ")).unwrap_or("");
        let mut report = report(name, id.parse::<Digest>().unwrap(), user);
        change(&mut report);
        self.store().save_report(&report).unwrap();
        id
    }

    pub fn store(&self) -> Store {
        Store::open(&self.directory.path().join("lazaret.sqlite")).unwrap()
    }

    pub fn decisions(&self) -> Vec<DecisionRecord> {
        let stored = self.store().latest_decisions(1000).unwrap();
        stored.into_iter().map(|stored| stored.record).collect()
    }

    /// Changes the policy and has the agent read it.
    pub fn reload(&self, policy: &str) {
        std::fs::write(self.directory.path().join("policy.yaml"), policy).unwrap();
        self.hang_up();
    }

    /// Adds to the agent's configuration and has it read.
    pub fn configure(&self, docker: &str) {
        let yaml = agent_yaml(self.directory.path(), docker);
        std::fs::write(self.directory.path().join("agent.yaml"), yaml).unwrap();
        self.hang_up();
    }

    fn hang_up(&self) {
        let told = || self.agent_log().matches("hold").count();
        let before = told();
        signal("HUP", self.supervisor.pid());
        wait_until("the reload", || told() > before);
    }

    pub fn agent_log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("agent.log")).unwrap_or_default()
    }

    /// The plugin's socket.
    pub fn plugin_socket(&self) -> PathBuf {
        PathBuf::from(format!("/run/docker/plugins/{}.sock", self.plugin))
    }

    /// The agent's counters, as it tells them on its socket.
    pub fn counter(&self, name: &str) -> u64 {
        let answer = raw(&self.plugin_socket(), "GET /counters HTTP/1.1", "", "");
        let counters: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        counters[name].as_u64().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let running = self.docker(&["ps", "-aq"]).out;
        let ids: Vec<&str> = running.lines().collect();
        if !ids.is_empty() {
            let _ = self.command().args(["rm", "-f", "-v"]).args(ids).output();
        }
        self.dockerd = None;
        if std::thread::panicking() {
            eprintln!("agent:\n{}", self.agent_log());
        }
    }
}

fn agent_yaml(directory: &Path, docker: &str) -> String {
    let at = |name: &str| directory.join(name).display().to_string();
    format!(
        "policy: {}\nbreak_glass: {}\ncontact: ask the harbour master\ndocker:\n  socket: {}\n{docker}",
        at("policy.yaml"),
        at("break-glass.yaml"),
        at("docker.sock")
    )
}
