//! A Docker host of the tests' own: a folder that stands for the host's root, and a dockerd in a
//! network namespace of its own. Nothing of the real host is changed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lazaret_agent::facts::Places;

/// How long the daemon may take until it answers.
const START_S: u64 = 60;
/// The address that the namespace has besides loopback.
pub(crate) const ADDRESS: &str = "10.99.0.1";
/// And another.
pub(crate) const OTHER_ADDRESS: &str = "10.99.1.1";

pub(crate) struct Host {
    folder: tempfile::TempDir,
    dockerd: Option<Child>,
    sockets: Vec<UnixListener>,
    mounts: Vec<PathBuf>,
}

impl Host {
    /// `None`, said aloud, where a test host cannot be made.
    pub(crate) fn new() -> Option<Host> {
        for program in ["dockerd", "docker", "busybox", "unshare", "ip", "tar", "openssl"] {
            let found = ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
            if !found.iter().any(|folder| Path::new(folder).join(program).exists()) {
                eprintln!("skipped: {program} is not installed");
                return None;
            }
        }
        let user = Command::new("id").arg("-u").output().unwrap();
        if user.stdout != b"0\n" {
            eprintln!("skipped: a dockerd needs root");
            return None;
        }
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        // What is called by its real path lies below the root that is looked at, too.
        let inside = folder.path().join(folder.path().strip_prefix("/").unwrap());
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        symlink("/", inside).unwrap();
        Some(Host { folder, dockerd: None, sockets: Vec::new(), mounts: Vec::new() })
    }

    /// The real path of a path of the host.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    pub(crate) fn file(&self, path: &str, text: &str, (uid, mode): (u32, u32)) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        own(&path, (uid, uid), mode);
    }

    pub(crate) fn directory(&self, path: &str, (uid, mode): (u32, u32)) {
        fs::create_dir_all(self.at(path)).unwrap();
        own(&self.at(path), (uid, uid), mode);
    }

    pub(crate) fn socket(&mut self, path: &str, ids: (u32, u32), mode: u32) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        self.sockets.push(UnixListener::bind(self.at(path)).unwrap());
        own(&self.at(path), ids, mode);
    }

    /// A filesystem of its own at a path; a shared mount, as those of a host with systemd are.
    pub(crate) fn mount(&mut self, path: &str) {
        let at = self.at(path);
        fs::create_dir_all(&at).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=256m", "lazaret"]).arg(&at));
        run(Command::new("mount").arg("--make-shared").arg(&at));
        self.mounts.push(at);
    }

    /// A CA, a certificate of it and its key, as ca.pem, cert.pem and key.pem.
    pub(crate) fn certificates(&self, folder: &str) {
        let folder = self.at(folder);
        let openssl = |arguments: &str| {
            let words =
                arguments.split(' ').map(|word| word.replace("DIR", folder.to_str().unwrap()));
            run(Command::new("openssl").args(words).stderr(Stdio::null()));
        };
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!(
            "req -x509 {new} -keyout DIR/ca-key.pem -out DIR/ca.pem -days 2 -subj /CN=ca"
        ));
        openssl(&format!("req {new} -keyout DIR/key.pem -out DIR/request.pem -subj /CN=localhost"));
        openssl(
            "x509 -req -in DIR/request.pem -CA DIR/ca.pem -CAkey DIR/ca-key.pem -CAcreateserial -out DIR/cert.pem -days 1",
        );
    }

    /// A runtime that starts privileged containers without the capabilities that this machine's
    /// own administrator has not got; the engine knows nothing of it.
    fn runtime(&self) -> PathBuf {
        let bounds = fs::read_to_string("/proc/self/status").unwrap();
        let bounds = bounds.lines().find_map(|line| line.strip_prefix("CapBnd:")).unwrap();
        let bounds = u64::from_str_radix(bounds.trim(), 16).unwrap();
        let missing: Vec<&str> = model::capabilities_of(!bounds).collect();
        let names = missing.join("\\|");
        let script = format!(
            "#!/bin/sh\nfor word; do case $last in --bundle) set_file=$word/config.json;; --process) set_file=$word;; esac; last=$word; done\n\
             [ -n \"$set_file\" ] && sed -i 's/\"\\({names}\\)\",//g; s/,\"\\({names}\\)\"//g' \"$set_file\"\n\
             exec runc \"$@\"\n"
        );
        self.file("usr/bin/runc-here", &script, (0, 0o755));
        self.at("usr/bin/runc-here")
    }

    /// Starts dockerd with more flags; its daemon.json is the host's.
    pub(crate) fn start(&mut self, flags: &[&str]) {
        let at = |path: &str| self.at(path).display().to_string();
        let runtime = self.runtime().display().to_string();
        let dockerd = format!(
            "ip link set lo up; ip link add lz0 type bridge; ip addr add {ADDRESS}/24 dev lz0; \
             ip addr add {OTHER_ADDRESS}/24 dev lz0; ip link set lz0 up; exec dockerd --data-root {} --exec-root {} --pidfile {} \
             --config-file {} --host unix://{} --add-runtime here={runtime} \
             --default-runtime here {}",
            at("var/lib/docker"),
            at("run/docker"),
            at("run/docker.pid"),
            at("etc/docker/daemon.json"),
            at("run/docker.sock"),
            flags.join(" "),
        );
        let log = fs::File::create(self.at("log")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", &dockerd]).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.dockerd = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while self.try_docker(&["version"]).is_err() {
            let log = || fs::read_to_string(self.at("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(START_S), "no answer: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        self.try_docker(arguments).unwrap_or_else(|error| panic!("docker {arguments:?}: {error}"))
    }

    fn try_docker(&self, arguments: &[&str]) -> Result<String, String> {
        let mut docker = Command::new("docker");
        docker.args(["--host", &format!("unix://{}", self.at("run/docker.sock").display())]);
        docker.env("DOCKER_BUILDKIT", "0").env("HOME", self.folder.path());
        let output = docker.args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout).trim().to_owned()),
            false => Err(text(&output.stderr)),
        }
    }

    /// Makes an image of a static busybox, and of a program called sshd that only sleeps.
    pub(crate) fn import(&self, name: &str, change: &[&str]) {
        let tree = self.at("tree");
        for folder in ["bin", "lib", "lib64", "usr/sbin", "etc", "tmp", "data"] {
            fs::create_dir_all(tree.join(folder)).unwrap();
        }
        fs::copy("/usr/bin/busybox", tree.join("bin/busybox")).unwrap();
        for applet in ["sh", "sleep", "true", "id"] {
            let _ = symlink("busybox", tree.join("bin").join(applet));
        }
        let linked = Command::new("ldd").arg("/bin/sleep").output().unwrap();
        for word in String::from_utf8_lossy(&linked.stdout).split_whitespace() {
            if word.starts_with('/') && Path::new(word).is_file() {
                let name = Path::new(word).file_name().unwrap();
                for folder in ["lib", "lib64"] {
                    fs::copy(word, tree.join(folder).join(name)).unwrap();
                }
            }
        }
        fs::copy("/bin/sleep", tree.join("usr/sbin/sshd")).unwrap();
        fs::write(tree.join("etc/passwd"), "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n")
            .unwrap();
        let archive = self.at("tree.tar");
        let mut tar = Command::new("tar");
        let packed = tar.arg("-C").arg(&tree).arg("-cf").arg(&archive).arg(".");
        assert!(packed.status().unwrap().success());
        let mut arguments = vec!["import"];
        for change in change {
            arguments.extend(["--change", change]);
        }
        let archive = archive.display().to_string();
        arguments.extend([archive.as_str(), name]);
        self.docker(&arguments);
    }

    /// Makes distinct images by the number, cheaply.
    pub(crate) fn build_many(&self, base: &str, count: usize) {
        for number in 0..count {
            self.build(&format!("many:{number}"), &format!("FROM {base}\nLABEL n={number}\n"));
        }
    }

    /// Builds an image from a build file with the engine's own builder.
    pub(crate) fn build(&self, name: &str, build_file: &str) {
        let folder = self.at("build");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Dockerfile"), build_file).unwrap();
        fs::write(folder.join("file"), "x").unwrap();
        let folder = folder.display().to_string();
        self.docker(&["build", "--quiet", "--network", "none", "--tag", name, &folder]);
    }

    pub(crate) fn places(&self) -> Places {
        Places {
            root: self.folder.path().to_path_buf(),
            socket: self.at("run/docker.sock"),
            ask_kernel: false,
            ..Places::default()
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut dockerd) = self.dockerd.take() {
            let _ = self.try_docker(&["swarm", "leave", "--force"]);
            if let Ok(ids) = self.try_docker(&["ps", "--quiet", "--all"]) {
                for id in ids.lines() {
                    let _ = self.try_docker(&["rm", "--force", "--volumes", id]);
                }
            }
            let _ = Command::new("kill").arg(dockerd.id().to_string()).status();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(20) {
                match dockerd.try_wait() {
                    Ok(None) => std::thread::sleep(Duration::from_millis(100)),
                    _ => break,
                }
            }
            let _ = dockerd.kill();
            let _ = dockerd.wait();
        }
        for mount in self.mounts.iter().rev() {
            let _ = Command::new("umount").args(["-l"]).arg(mount).status();
        }
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

pub(crate) fn own(path: &Path, (uid, gid): (u32, u32), mode: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
