//! Fetches the sources and gives the database's builder those that have changed.

use std::path::Path;
use std::time::SystemTime;

use model::{Progress, Timestamp};

use crate::database::Builder;
use crate::feed::{Fetched, SourceUpdate, UpdateOptions, update};
use crate::{AdvisoryError, SourceSummary};

impl Builder {
    /// Fetches the chosen sources and takes what has changed; a source that has not is only noted
    /// as seen. Call [`write`](Builder::write) afterwards.
    ///
    /// # Errors
    /// As [`update`]: a source that fails is in the list, and the old database's stays.
    pub fn update(
        &mut self,
        options: &UpdateOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<SourceUpdate>, AdvisoryError> {
        update(options, &mut |fetched| self.take(fetched, progress), progress)
    }

    fn take(
        &mut self,
        fetched: &Fetched,
        progress: &dyn Progress,
    ) -> Result<Vec<SourceSummary>, AdvisoryError> {
        if !fetched.changed && self.has(fetched) {
            self.confirm(fetched.source.name);
            return Ok(Vec::new());
        }
        self.origin(fetched.url.clone(), true);
        fetched.import(self, progress)
    }

    /// Whether the old database was built from these files: they have lain there since before. An
    /// update that broke off after its download has left newer ones.
    fn has(&self, fetched: &Fetched) -> bool {
        let status = self.old().into_iter().flat_map(|old| old.sources());
        let known = status.into_iter().find(|status| status.name == fetched.source.name);
        let newest = newest_file(&fetched.path);
        known
            .zip(newest)
            .is_some_and(|(known, newest)| known.downloaded && newest < known.fetched_at)
    }
}

/// When the file, or the newest file of the directory, was written; `None` if that is not known.
fn newest_file(path: &Path) -> Option<Timestamp> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return moment(metadata.modified().ok()?);
    }
    let mut newest = None;
    for entry in std::fs::read_dir(path).ok()? {
        let written = entry.ok()?.metadata().ok()?.modified().ok()?;
        newest = newest.max(Some(moment(written)?));
    }
    newest
}

fn moment(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{advisory, affected, give, now, record};
    use crate::sources;

    #[test]
    fn only_files_that_the_database_was_built_from_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let source = &sources()[0];
        let file = directory.path().join("all.zip");
        std::fs::write(&file, "x").unwrap();
        let written = newest_file(directory.path()).unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let has = |built: Timestamp, downloaded: bool| {
            let data_dir = tempfile::tempdir().unwrap();
            let mut builder = Builder::open(data_dir.path(), built).unwrap();
            builder.origin("https://feeds.example/all.zip", downloaded);
            let mut said = advisory(source.name, "A-1");
            said.affected.push(affected("npm", "a", "1"));
            give(&mut builder, source.name, &[record(said)]);
            builder.write().unwrap();
            let builder = Builder::open(data_dir.path(), now()).unwrap();
            let url = String::new();
            builder.has(&Fetched { source, path: file.clone(), url, changed: false })
        };
        assert!(has(written + hour, true));
        assert!(!has(written - hour, true));
        assert!(!has(written + hour, false));
    }
}
