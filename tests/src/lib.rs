//! What the walks share: the binary, the lab images, the advisories, daemons of their own.

mod cluster;
mod daemon;
mod guard;
mod planted;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub use cluster::{Cluster, ClusterOptions, ControlPlane, NODE, kubernetes_program};
pub use daemon::{Agent, Containerd, Dockerd, Podman, Registry, which};
pub use guard::Guard;
pub use planted::Image;

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Run {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}\n{}", self.out, self.err))
    }

    /// The run, if it ended with this status.
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// The one line on standard error of a failed run.
    pub fn error_line(&self) -> &str {
        let lines: Vec<&str> = self.err.lines().collect();
        assert_eq!(lines.len(), 1, "one clear line, not: {}", self.err);
        lines[0]
    }
}

/// The folder that the checkout is in.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The binary: `LAZARET_BIN`, or the release build.
pub fn binary() -> PathBuf {
    let built = root().join("target/release/lazaret");
    let binary = std::env::var_os("LAZARET_BIN").map_or(built, PathBuf::from);
    assert!(binary.is_file(), "{} is not there: run `make build`", binary.display());
    binary
}

/// A command of the binary with directories of its own and no terminal.
pub fn command(data_dir: &Path, cache_dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.arg("--data-dir").arg(data_dir).arg("--cache-dir").arg(cache_dir);
    command.env_remove("LAZARET_POLICY").env_remove("DOCKER_HOST").current_dir(data_dir);
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Run {
        status: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Runs the binary with the lab's advisories and a layer cache of its own.
pub fn lazaret(arguments: &[&str]) -> Run {
    let cache = scratch();
    run(command(advisories(), cache.path()).args(arguments))
}

/// A directory that goes when dropped.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch directory: {error}"))
}

/// A data directory with the demo's advisories, imported once a process.
pub fn advisories() -> &'static Path {
    static DATA: OnceLock<tempfile::TempDir> = OnceLock::new();
    let data = DATA.get_or_init(|| {
        let data = scratch();
        let snapshots = root().join("tests/lab/demo-advisories");
        let mut import = command(data.path(), data.path());
        run(import.args(["advisories", "import"]).arg(snapshots)).expect(0);
        data
    });
    data.path()
}

/// A file that `tests/lab/images.sh` made.
pub fn lab(name: &str) -> PathBuf {
    let path = root().join("target/lab").join(name);
    assert!(path.exists(), "{} is not there: run `make lab`", path.display());
    path
}

/// A folder of real data, if it is beside the checkout; says so when it is not.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LAZARET_SHARED");
    let folder = folder.map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
