//! `Scanner`: makes the report that is missing, by running `lazaret scan` as a child process.
//!
//! A scan that takes longer than a start may wait goes on, so that the next try finds its report.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::sync::watch::{self, Receiver};
use tokio::time::timeout;

use super::{Counter, Counters};
use crate::limits::{SCAN_WORDS_BYTES, SCANS_AT_ONCE};

/// Longest time that a scan runs, in milliseconds.
const SCAN_MAX_MS: u64 = 600_000;

/// What becomes of one scan: `None` while it runs.
type Done = Option<Result<(), String>>;

/// Runs scans, each image once at a time.
#[derive(Debug)]
pub struct Scanner {
    program: PathBuf,
    data_dir: PathBuf,
    environment: Vec<(String, String)>,
    at_once: Arc<Semaphore>,
    running: Arc<Mutex<HashMap<String, Receiver<Done>>>>,
}

impl Scanner {
    /// A scanner that runs `program` and keeps reports below `data_dir`. `environment` tells the
    /// scan where the engines are, such as `DOCKER_HOST`.
    pub fn new(program: PathBuf, data_dir: PathBuf, environment: Vec<(String, String)>) -> Self {
        Scanner {
            program,
            data_dir,
            environment,
            at_once: Arc::new(Semaphore::new(SCANS_AT_ONCE)),
            running: Arc::default(),
        }
    }

    /// Has an image looked at and its report saved; waits no longer than `deadline`.
    ///
    /// `image` is a word of the command line with its prefix, such as `docker:sha256:…`.
    pub async fn scan(
        &self,
        image: &str,
        deadline: Duration,
        counters: &Counters,
    ) -> Result<(), String> {
        let mut done = self.join(image, counters);
        let waited = timeout(deadline, done.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(done)) => done.clone().unwrap_or(Ok(())),
            Ok(Err(_)) => Err("the scan was given up".to_owned()),
            Err(_) => Err(format!(
                "the scan takes longer than {} ms and goes on; try again when it has finished",
                deadline.as_millis()
            )),
        }
    }

    /// The running scan of an image, or a new one.
    fn join(&self, image: &str, counters: &Counters) -> Receiver<Done> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = running.get(image) {
            return done.clone();
        }
        counters.count(Counter::Scans);
        let (tell, done) = watch::channel(None);
        running.insert(image.to_owned(), done.clone());
        let command = self.command(image);
        let (at_once, all) = (Arc::clone(&self.at_once), Arc::clone(&self.running));
        let image = image.to_owned();
        tokio::spawn(async move {
            let turn = at_once.acquire().await;
            let ended = timeout(Duration::from_millis(SCAN_MAX_MS), run(command)).await;
            drop(turn);
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&image);
            let _ = tell.send(Some(ended.unwrap_or_else(|_| Err("it took too long".to_owned()))));
        });
        done
    }

    fn command(&self, image: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--quiet").arg("--data-dir").arg(&self.data_dir);
        command.args([
            "scan",
            "--save",
            "--exit-zero",
            "--format",
            "json",
            "--output",
            "/dev/null",
        ]);
        command.arg(image).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }
}

async fn run(mut command: Command) -> Result<(), String> {
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let mut words = Vec::new();
    if let Some(told) = child.stderr.take() {
        let limit = u64::try_from(SCAN_WORDS_BYTES).unwrap_or(u64::MAX);
        let mut told = told.take(limit);
        let _ = told.read_to_end(&mut words).await;
        // Whatever else it says is read and dropped, so that it never waits for a full pipe.
        let mut rest = told.into_inner();
        tokio::spawn(async move { tokio::io::copy(&mut rest, &mut tokio::io::sink()).await });
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&words);
    Err(words.lines().next().unwrap_or("it failed and says nothing").to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn scanner(script: &str) -> (tempfile::TempDir, Scanner) {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = vec![("OUT".to_owned(), directory.path().display().to_string())];
        let scanner = Scanner::new(program, directory.path().join("data"), environment);
        (directory, scanner)
    }

    #[tokio::test]
    async fn runs_each_image_once_at_a_time() {
        let (directory, scanner) = scanner("echo x >>$OUT/runs; read wait <$OUT/fifo; exit 0");
        let fifo = directory.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let counters = Counters::default();
        let soon = Duration::from_millis(50);
        let first = scanner.scan("docker:a", soon, &counters).await;
        assert!(first.unwrap_err().contains("goes on"));
        let waits = Duration::from_secs(60);
        let open = tokio::task::spawn_blocking(move || std::fs::write(fifo, "\n"));
        assert_eq!(scanner.scan("docker:a", waits, &counters).await, Ok(()));
        open.await.unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(directory.path().join("runs")).unwrap(), "x\n");
        assert_eq!(counters.value(Counter::Scans), 1);
    }

    #[tokio::test]
    async fn says_why_there_is_no_report() {
        let (_directory, scanner) = scanner("echo 'docker:a: no such image' >&2; exit 2");
        let ended = scanner.scan("docker:a", Duration::from_secs(60), &Counters::default()).await;
        assert_eq!(ended, Err("docker:a: no such image".to_owned()));
    }
}
