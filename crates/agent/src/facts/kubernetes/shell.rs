//! One audit command in a shell, where somebody allowed it: bounded in time and output, without
//! input, with all that it starts ended with it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// Longest one command may run.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes that a command may print.
const OUTPUT_BYTES: u64 = 256 * 1024;
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a command prints; the error says why it is not known.
pub(super) fn run(command: &str, until: Instant) -> Result<String, String> {
    let left = until.saturating_duration_since(Instant::now()).min(COMMAND_TIMEOUT);
    if left.is_zero() {
        return Err("there was no time left to run it".to_owned());
    }
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("/bin/sh: {error}"))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(OUTPUT_BYTES + 1).read_to_end(&mut bytes);
            drop(sender.send(read.map(|_| bytes)));
        });
    }
    let printed = receiver.recv_timeout(left);
    // Whatever it left running goes with it.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    drop(child.wait());
    match printed {
        Ok(Ok(bytes)) if bytes.len() as u64 > OUTPUT_BYTES => {
            Err(format!("it prints more than {OUTPUT_BYTES} bytes"))
        }
        Ok(Ok(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not end within {} s", left.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn is_bounded() {
        assert_eq!(run("echo a; echo b >&2", soon(10)).unwrap(), "a\n");
        assert!(run("yes", soon(10)).unwrap_err().contains("more than"));
        assert!(run("sleep 600 & echo x; sleep 600", soon(1)).unwrap_err().contains("within"));
        assert!(run("echo a", Instant::now()).is_err());
    }
}
