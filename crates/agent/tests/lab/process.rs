//! Processes of a test: dockerd, and the agent under a supervisor that does what systemd does.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a process may take to begin or end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < PATIENCE, "{what}: it takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a signal to one process.
pub fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
}

/// A process that is asked to end when dropped, and ended when it does not.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command, log: &Path) -> Self {
        Running(spawn(command.stdin(Stdio::null()), log).unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn spawn(command: &mut Command, log: &Path) -> io::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    command.stdout(log.try_clone()?).stderr(log).spawn()
}

fn end(child: &mut Child) {
    signal("TERM", child.id());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(50)),
            _ => return,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Holds the plugin's socket, starts the agent with it, and starts it again when it dies.
pub struct Supervisor {
    socket: PathBuf,
    pid: Arc<AtomicU32>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    pub fn start(socket: &Path, directory: &Path) -> Self {
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(socket).unwrap();
        let (pid, ends) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let (told, stops, directory) = (pid.clone(), ends.clone(), directory.to_path_buf());
        let thread = std::thread::spawn(move || {
            while !stops.load(Ordering::SeqCst) {
                let mut agent = agent(&listener, &directory);
                told.store(agent.id(), Ordering::SeqCst);
                watch(&mut agent, &stops);
            }
        });
        Supervisor { socket: socket.to_path_buf(), pid, ends, thread: Some(thread) }
    }

    /// The agent that runs now.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::SeqCst)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Waits until the agent has ended, or ends it.
fn watch(agent: &mut Child, stops: &AtomicBool) {
    while matches!(agent.try_wait(), Ok(None)) {
        if stops.load(Ordering::SeqCst) {
            end(agent);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This very program as the agent, with the socket as descriptor 3 (sd_listen_fds(3)).
fn agent(listener: &UnixListener, directory: &Path) -> Child {
    let script = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "agent_process", "--nocapture", "--test-threads=1"]);
    command.env("LAZARET_TEST_AGENT", directory);
    command.stdin(OwnedFd::from(listener.try_clone().unwrap()));
    spawn(&mut command, &directory.join("agent.log")).unwrap()
}
