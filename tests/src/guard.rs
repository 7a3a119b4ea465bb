//! `lazaret agent`, watching, with a folder of its own.

use std::path::PathBuf;

use serde_json::Value;

use crate::daemon::{Running, wait_until};
use crate::scratch;

/// `lazaret agent` that writes its alerts into a file of the test's own.
pub struct Guard {
    /// Where its configuration, its alerts and all that it keeps are.
    pub directory: tempfile::TempDir,
    running: Running,
}

impl Guard {
    /// Starts the agent with further lines of configuration and arguments. Says why and gives
    /// `None` where the kernel does not let it see.
    pub fn start(config: &str, arguments: &[&str]) -> Option<Self> {
        let directory = scratch();
        let at = |name: &str| directory.path().join(name);
        let records = "[container, image, file, command, line, response, agent]";
        let config = format!(
            "outputs:\n- {{to: {{file: {{path: '{}'}}}}, least_priority: debug, records: {records}}}\n{config}",
            at("alerts.json").display()
        );
        std::fs::write(at("agent.yaml"), config).unwrap_or_else(|error| panic!("{error}"));
        let mut agent = crate::command(directory.path(), &at("cache"));
        agent.args(["agent", "--config"]).arg(at("agent.yaml")).args(arguments);
        let log = at("agent.log");
        let mut running = Running::start(&mut agent, &log);
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        wait_until("the agent", &log, || said().contains("watching") || running.has_ended());
        if running.has_ended() {
            eprintln!("skipped: {}", said().trim());
            return None;
        }
        Some(Guard { directory, running })
    }

    /// What it has told so far.
    pub fn told(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("alerts.json")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The alerts of a container, by its name, once `enough` says so.
    pub fn alerts(&self, container: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let of = || {
            let mut told = self.told();
            told.retain(|told| told["container"]["name"] == container && !told["output"].is_null());
            told
        };
        wait_until("the alerts", &self.path("agent.log"), || enough(&of()));
        of()
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.id()
    }

    /// Asks it to end and gives what it said.
    pub fn end(mut self) -> String {
        self.running.end();
        let log = self.path("agent.log");
        std::fs::read_to_string(log).unwrap_or_default()
    }
}
