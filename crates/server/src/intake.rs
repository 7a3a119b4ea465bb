//! `Intake`: takes reports that a pipeline wrote (`lazaret scan -f json -o FILE`) from a folder
//! into the store, and again whenever a file changes.
//!
//! So an admission server needs neither a registry nor a scanner: it reads what is mounted. Whoever
//! may write to the folder decides what may run.

use std::collections::HashMap;
use std::fs::{self, DirEntry, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use model::Report;
use serde::Deserialize;
use serde::de::IgnoredAny;
use store::Store;

use crate::ServerError;
use crate::limits::{HEADS_PER_NAME, INTAKE_MAX_BYTES, INTAKE_MAX_FILES};

/// A folder of reports, and what was already taken from it.
#[derive(Debug)]
pub struct Intake {
    directory: PathBuf,
    seen: HashMap<PathBuf, (u64, Option<SystemTime>)>,
}

/// What one look through the folder came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Reports that are new in the store.
    pub reports: usize,
    /// What was not taken, and why, a line each.
    pub refused: Vec<String>,
}

/// What a report file may say besides the report: that findings were hidden from it.
#[derive(Deserialize)]
struct Shown {
    filtered: Option<IgnoredAny>,
}

/// One report or several in a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(Box<T>),
}

impl Intake {
    /// From this folder; nothing is read yet.
    pub fn from(directory: &Path) -> Intake {
        Intake { directory: directory.to_path_buf(), seen: HashMap::new() }
    }

    /// Takes in every `.json` that is new or has changed. A file that cannot be taken is named and
    /// looked at again when it changes. Errors when the folder or the store cannot be used.
    pub fn take(&mut self, store: &Store) -> Result<Taken, ServerError> {
        let wrong = |error: std::io::Error| ServerError::Intake {
            path: self.directory.clone(),
            why: error.to_string(),
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(wrong)?.take(INTAKE_MAX_FILES) {
            files.extend(report_file(&entry.map_err(wrong)?));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        self.seen.retain(|path, _| files.iter().any(|(found, _)| found == path));
        let mut taken = Taken::default();
        for (path, metadata) in files {
            let state = (metadata.len(), metadata.modified().ok());
            if self.seen.get(&path) == Some(&state) {
                continue;
            }
            match reports_in(&path, &metadata) {
                Ok(reports) => taken.reports += keep(store, &reports)?,
                Err(why) => taken.refused.push(format!("{}: {why}", path.display())),
            }
            self.seen.insert(path, state);
        }
        Ok(taken)
    }
}

/// A file to look at. Links are followed: a mounted ConfigMap is made of them.
fn report_file(entry: &DirEntry) -> Option<(PathBuf, Metadata)> {
    let path = entry.path();
    let is_report = path.extension().is_some_and(|ending| ending == "json");
    let metadata = fs::metadata(&path).ok()?;
    (is_report && metadata.is_file()).then_some((path, metadata))
}

fn reports_in(path: &Path, metadata: &Metadata) -> Result<Vec<Report>, String> {
    if metadata.len() > INTAKE_MAX_BYTES {
        return Err(format!("larger than {} MiB", INTAKE_MAX_BYTES >> 20));
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    file.take(INTAKE_MAX_BYTES).read_to_end(&mut text).map_err(|error| error.to_string())?;
    let shown: OneOrMany<Shown> = parsed(&text)?;
    if shown.into_vec().iter().any(|shown| shown.filtered.is_some()) {
        return Err("findings were filtered out of it: write it without a filter".to_owned());
    }
    let reports = parsed::<OneOrMany<Report>>(&text)?.into_vec();
    match reports.iter().find(|report| report.schema != Report::SCHEMA) {
        Some(other) => Err(format!("its schema is `{}`, not {}", other.schema, Report::SCHEMA)),
        None => Ok(reports),
    }
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| format!("not a report: {error}"))
}

/// Keeps what is not there already; gives how many are new.
fn keep(store: &Store, reports: &[Report]) -> Result<usize, ServerError> {
    let mut new = 0;
    for report in reports {
        let source = &report.source;
        let at = source.scanned_at.as_millisecond();
        let known = store
            .reports_by_name(&source.name, HEADS_PER_NAME)?
            .iter()
            .any(|head| head.image_id == source.image_id && head.scanned_at.as_millisecond() == at);
        if !known {
            store.save_report(report)?;
            new += 1;
        }
    }
    Ok(new)
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![*one],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::report;

    #[test]
    fn takes_each_report_once_and_again_when_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("s.db")).unwrap();
        let folder = directory.path().join("reports");
        fs::create_dir(&folder).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        let json = |report: &Report| serde_json::to_string(report).unwrap();
        write("one.json", &json(&report("a.example/one:1", 1, 10)));
        write("two.json", &format!("[{}]", json(&report("a.example/two:1", 2, 10))));
        write("notes.txt", "no report");
        let mut intake = Intake::from(&folder);
        assert_eq!(intake.take(&store).unwrap(), Taken { reports: 2, refused: Vec::new() });
        assert_eq!(intake.take(&store).unwrap(), Taken::default());
        write("one.json", &json(&report("a.example/one:1", 1, 20_000)));
        assert_eq!(intake.take(&store).unwrap().reports, 1);
        assert_eq!(Intake::from(&folder).take(&store).unwrap().reports, 0, "a restart");
    }

    #[test]
    fn refuses_what_does_not_tell_all() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("s.db")).unwrap();
        let folder = directory.path().join("reports");
        fs::create_dir(&folder).unwrap();
        let mut filtered = serde_json::to_value(report("a.example/one:1", 1, 10)).unwrap();
        filtered["filtered"] = serde_json::json!({"filter": "severity", "hidden_findings": 3});
        fs::write(folder.join("a.json"), filtered.to_string()).unwrap();
        fs::write(folder.join("b.json"), "{}").unwrap();
        let taken = Intake::from(&folder).take(&store).unwrap();
        assert_eq!((taken.reports, taken.refused.len()), (0, 2));
        assert!(taken.refused[0].contains("without a filter"), "{:?}", taken.refused);
        let gone = Intake::from(&directory.path().join("nowhere")).take(&store);
        assert!(gone.unwrap_err().to_string().contains("nowhere"));
    }
}
