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

use model::{FactValue, Observation, Timestamp};
use store::Store;
use tokio::time::timeout;

use super::Places;
use super::accounts::HostAccounts;
use super::audit_rules::AuditRules;
use super::engine::Engine;
use super::file::Files;
use super::limits::{FACT_SET_BYTES, FACT_TEXT_BYTES, FACT_VALUES_MAX, LOOK_TIMEOUT};
use super::process::Processes;
use super::root::Root;
use super::{audit_kernel, limits};

use containers::Listed;
use daemon::Daemon;

/// Kinds of subjects that only the engine can tell of.
const OF_THE_ENGINE: [&str; 5] = ["daemon", "container", "image", "network", "swarm"];

/// The last value of a set that was cut off. No text of an engine has this byte.
const CUT: &str = "\0";

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
    settle(&mut observation);
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
            containers::look(self, &mut engine, (&daemon, info), (listed, &lines), out).await;
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
pub(super) fn short(text: &str) -> String {
    let mut end = text.len().min(FACT_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// A set of texts. One that is longer than a fact may be ends with [`CUT`], by which [`settle`]
/// knows it: what is hidden in the rest must not let anything pass.
pub(super) fn set<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut all: Vec<String> = texts.into_iter().map(|text| short(text.as_ref())).collect();
    all.sort();
    all.dedup();
    let mut bytes = 0;
    let fits = |text: &&String| {
        bytes += text.len();
        bytes <= FACT_SET_BYTES
    };
    let fitting = all.iter().take(FACT_VALUES_MAX).take_while(fits).count();
    if fitting < all.len() {
        all.truncate(fitting);
        all.push(CUT.to_owned());
    }
    all
}

/// Takes facts back whose sets were cut off.
pub(super) fn settle(observation: &mut Observation) {
    for subject in &mut observation.subjects {
        let is_cut = |value: &FactValue| match value {
            FactValue::List(texts) => texts.last().is_some_and(|last| last == CUT),
            _ => false,
        };
        let cut = subject.facts.iter().filter(|(_, value)| is_cut(value));
        for field in cut.map(|(field, _)| field.clone()).collect::<Vec<_>>() {
            subject.miss(&field, "there are more values than are looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_not_known() {
        let mut observation = Observation::default();
        let mut subject = model::Subject::new("container", "c");
        subject.say("container.programs", set(["b", "a", "b"]));
        subject.say("container.devices", set((0..200).map(|n| n.to_string())));
        subject.say("container.binds_writable", set(["x".repeat(400), "y".repeat(4000)]));
        subject
            .say("container.shared_mounts", set((0..9).map(|n| format!("{n}{}", "x".repeat(400)))));
        observation.add(subject);
        settle(&mut observation);
        let subject = &observation.subjects[0];
        let known: Vec<&str> = subject.facts.keys().map(String::as_str).collect();
        assert_eq!(known, ["container.binds_writable", "container.programs"]);
        assert_eq!(subject.facts["container.programs"], set(["a", "b"]).into());
        assert_eq!(subject.unknown.len(), 2);
    }
}
