//! The sources of the audit trail, running together, and what they hand in.

#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lazaret_agent::commands::{Commands, CommandsConfig};
use lazaret_agent::detect::Engine;
use lazaret_agent::key_files::{KeyFiles, KeyFilesConfig};
use lazaret_agent::lifecycle::{LifeCycle, LifeCycleConfig, Surroundings};
use lazaret_agent::trail::{Entries, Entry, Trail};
use lazaret_agent::watch::Watch;
use model::{Alert, AuditRecord};
use sensor::SensorOptions;

use crate::watched::stop::Stop;

/// What runs.
#[derive(Default)]
pub struct Sources {
    pub life_cycle: LifeCycleConfig,
    pub key_files: Option<KeyFilesConfig>,
    /// Where what must outlive the sources is kept; a folder of its own when empty.
    pub data: PathBuf,
}

/// What was handed in.
#[derive(Debug, Default)]
pub struct Gathered {
    pub records: Vec<AuditRecord>,
    pub alerts: Vec<Alert>,
    /// How long after the act each was handed in, in milliseconds: what it is about, and the delay.
    pub delays_ms: Vec<(String, f64)>,
}

impl Sources {
    /// What is handed in while `act` runs, and shortly after it.
    pub fn gather(self, act: impl FnOnce()) -> Gathered {
        let temporary = tempfile::tempdir().unwrap();
        let data = if self.data.as_os_str().is_empty() { temporary.path() } else { &self.data };
        let (trail, entries) = Trail::open();
        let watch = Watch::load(&SensorOptions::default()).unwrap();
        let place = Surroundings {
            trail: trail.clone(),
            directory: watch.containers().clone(),
            node: "node-1".to_owned(),
            data: data.to_path_buf(),
        };
        let life = LifeCycle::new(self.life_cycle, place.clone());
        let mut commands =
            Commands::new(CommandsConfig::default(), trail.clone(), life.callers(), life.execs());
        let files = self.key_files.map(|config| KeyFiles::new(config, place));
        let (mut observer, worker) =
            files.map_or((None, None), |(one, two)| (Some(one), Some(two)));
        let (stop, engine) = (AtomicBool::new(false), Engine::load(&[]));
        let drained = std::thread::spawn(move || drained(&entries));
        std::thread::scope(|scope| {
            let ends = Stop(&stop);
            let listening = scope.spawn(|| life.run(&stop));
            let stop_files = &stop;
            let working = worker.map(|worker| scope.spawn(move || worker.run(stop_files)));
            let watching = scope.spawn(|| {
                watch.run(&engine, watch.snapshot(), &stop, |seen| {
                    life.observe(seen);
                    commands.observe(seen);
                    observer.iter_mut().for_each(|files| files.observe(seen));
                })
            });
            // Everybody is at work, and the first hashes are taken.
            std::thread::sleep(Duration::from_secs(1));
            act();
            // On a busy machine the watch may be seconds late.
            std::thread::sleep(Duration::from_secs(5));
            drop(ends);
            watching.join().unwrap().unwrap();
            listening.join().unwrap().unwrap();
            if let Some(working) = working {
                working.join().unwrap().unwrap();
            }
        });
        commands.finish();
        // It ends when nobody can hand in any more.
        drop((commands, life, trail));
        drained.join().unwrap()
    }
}

/// The key files without a watch: only what is found by looking and by notifications.
pub fn key_files_alone(config: KeyFilesConfig, data: &Path, act: impl FnOnce()) -> Gathered {
    let (trail, entries) = Trail::open();
    let directory = lazaret_agent::attribute::Directory::default();
    let place =
        Surroundings { trail, directory, node: "node-1".to_owned(), data: data.to_path_buf() };
    let (_observer, worker) = KeyFiles::new(config, place);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Stop(&stop);
        let stop_files = &stop;
        let working = scope.spawn(move || worker.run(stop_files));
        std::thread::sleep(Duration::from_millis(300));
        act();
        drop(ends);
        working.join().unwrap().unwrap();
    });
    drained(&entries)
}

/// Everything until nobody hands in any more.
fn drained(entries: &Entries) -> Gathered {
    let mut told = Gathered::default();
    while let Some(some) = entries.next(Duration::from_millis(50)) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        for entry in some {
            let record = entry.to_record();
            let delay_ms = (now.as_nanos() as i64 - record.time_ns) as f64 / 1e6;
            let alert = if matches!(entry, Entry::Alert(_)) { "alert " } else { "" };
            told.delays_ms.push((format!("{alert}{:?} {}", record.kind, record.action), delay_ms));
            match entry {
                Entry::Record(record) => told.records.push(*record),
                Entry::Alert(alert) => told.alerts.push(*alert),
            }
        }
    }
    told
}
