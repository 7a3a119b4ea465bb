//! A Docker Engine and its host: one look, subject by subject.

mod capabilities;
mod containers;
mod daemon;
mod files;
mod history;
mod host;
mod images;
mod networks;
mod reports;
mod swarm;

use std::time::Instant;

use model::{Observation, Timestamp};
use store::Store;
use tokio::time::timeout;

use super::Places;
use super::accounts::HostAccounts;
use super::audit_rules::AuditRules;
use super::engine::Engine;
use super::file::Files;
use super::limits::{FACT_TEXT_BYTES, FACT_VALUES_MAX, LOOK_TIMEOUT};
use super::process::Processes;
use super::root::Root;
use super::{audit_kernel, limits};

use containers::Listed;
use daemon::Daemon;

/// Kinds of subjects that only the engine can tell of.
const OF_THE_ENGINE: [&str; 5] = ["daemon", "container", "image", "network", "swarm"];

/// What one look has in hand.
struct Look<'a> {
    places: &'a Places,
    kept: Option<&'a Store>,
    now: Timestamp,
    root: Root,
    processes: Processes,
    begun: Instant,
}

pub(super) async fn look(places: &Places, kept: Option<&Store>, now: Timestamp) -> Observation {
    let mut observation = Observation::default();
    let root = match Root::open(&places.root) {
        Ok(root) => root,
        Err(error) => {
            miss_all(&mut observation, &format!("{}: {error}", places.root.display()));
            return observation;
        }
    };
    let processes = Processes::new(&places.proc);
    let look = Look { places, kept, now, root, processes, begun: Instant::now() };
    if timeout(LOOK_TIMEOUT, look.all(&mut observation)).await.is_err() {
        let why = format!("not done within {} s", LOOK_TIMEOUT.as_secs());
        for kind in OF_THE_ENGINE {
            observation.miss(kind, why.clone());
        }
    }
    observation
}

/// Nothing at all could be looked at.
pub(super) fn miss_all(observation: &mut Observation, why: &str) {
    for kind in OF_THE_ENGINE.into_iter().chain(["host", "file"]) {
        observation.miss(kind, why);
    }
}

impl Look<'_> {
    async fn all(&self, out: &mut Observation) {
        let mut engine = Engine::new(&self.places.socket);
        let daemon = Daemon::find(self, &mut engine).await;
        if let Err(why) = &daemon.info {
            for kind in OF_THE_ENGINE {
                out.miss(kind, why.clone());
            }
        }
        let accounts = HostAccounts::read(&self.root);
        let audit = self.audit_rules();
        let files = Files { root: &self.root, accounts: &accounts, audit: &audit };
        files::look(self, &files, &daemon, out);
        out.add(host::subject(self, &daemon, &accounts));
        if let Ok(info) = &daemon.info {
            let networks = networks::list(&mut engine).await;
            let listed = containers::list(&mut engine).await;
            let lines = images::list(&mut engine).await;
            let mut subject = daemon.subject(self, info, &networks);
            count(&mut subject, &lines, &listed);
            out.add(subject);
            networks::look(&mut engine, networks, out).await;
            containers::look(self, &mut engine, (&daemon, info), listed, &lines, out).await;
            swarm::look(self, &mut engine, (&daemon, info), out).await;
            images::look(self, &mut engine, lines, out).await;
        }
    }

    /// The kernel's own list, or what the files would load.
    fn audit_rules(&self) -> Result<AuditRules, String> {
        if !self.places.ask_kernel {
            return AuditRules::from_files(&self.root);
        }
        audit_kernel::list().or_else(|why| {
            let mut rules = AuditRules::from_files(&self.root)?;
            rules.origin = format!("{}; {why}", rules.origin);
            Ok(rules)
        })
    }

    /// Whole days since a moment, as Docker writes it; an error when it is none.
    fn days_since(&self, moment: &str) -> Result<i64, String> {
        let then: Timestamp = moment.parse().map_err(|_| format!("`{moment}` is no moment"))?;
        Ok((self.now.as_second() - then.as_second()).div_euclid(86_400))
    }

    /// Whether there is time for more.
    fn has_time(&self) -> bool {
        self.begun.elapsed() < LOOK_TIMEOUT - limits::ENGINE_ANSWER_TIMEOUT
    }
}

fn count(
    daemon: &mut model::Subject,
    images: &Result<Vec<images::Line>, String>,
    containers: &Result<Vec<Listed>, String>,
) {
    let both = images.as_ref().and_then(|images| Ok((images, containers.as_ref()?)));
    match both {
        Ok((images, containers)) => {
            let used = |image: &&images::Line| containers.iter().any(|c| c.image_id == image.id);
            daemon.say("daemon.images", images.len());
            daemon.say("daemon.images_unused", images.iter().filter(|i| !used(i)).count());
            daemon.say("daemon.containers", containers.len());
            let stopped = containers.iter().filter(|container| !container.runs());
            daemon.say("daemon.containers_stopped", stopped.count());
        }
        Err(why) => {
            for field in ["images", "images_unused", "containers", "containers_stopped"] {
                daemon.miss(&format!("daemon.{field}"), why.clone());
            }
        }
    }
}

/// A text no longer than a fact may be.
fn short(text: &str) -> String {
    let mut end = text.len().min(FACT_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// A set of texts no longer than a fact may be. Cut off, it says so by its last value, which no
/// list of what is allowed holds.
fn set<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut all: Vec<String> = texts.into_iter().map(|text| short(text.as_ref())).collect();
    all.sort();
    all.dedup();
    if all.len() > FACT_VALUES_MAX {
        let more = all.len() - FACT_VALUES_MAX;
        all.truncate(FACT_VALUES_MAX);
        all.push(format!("and {more} more"));
    }
    all
}
