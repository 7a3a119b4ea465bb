//! `Ledger`: what one package database says, within the limits of this room.
//!
//! Every analyzer of operating system packages writes through it. A broken record is noted and
//! the next one is read; reaching the limit of packages ends the file.

use model::{Package, SkipReason};

use crate::limits::{
    MAX_BROKEN_RECORDS, MAX_BROKEN_RECORDS_TOLD, MAX_OWNED_PATHS, MAX_OWNED_PATHS_BYTES,
    MAX_PACKAGES, MAX_PATH_BYTES,
};
use crate::{Analysis, AnalyzeError, OwnedPaths};

/// Writes into the analysis of one file and counts.
pub(super) struct Ledger<'a> {
    found: &'a mut Analysis,
    broken: usize,
    paths: usize,
    paths_bytes: usize,
    paths_full: bool,
}

impl<'a> Ledger<'a> {
    /// A ledger for one file.
    pub(super) fn new(found: &'a mut Analysis) -> Self {
        Ledger { found, broken: 0, paths: 0, paths_bytes: 0, paths_full: false }
    }

    /// Marks the file as its manager's list of all packages.
    pub(super) fn database(&mut self) {
        self.found.is_database = true;
    }

    /// Takes a package; an error once there are [`MAX_PACKAGES`].
    pub(super) fn package(&mut self, package: Package) -> Result<(), AnalyzeError> {
        if self.found.packages.len() >= MAX_PACKAGES {
            return Err(AnalyzeError::TooLarge(format!(
                "more than {MAX_PACKAGES} packages; the rest is not read"
            )));
        }
        self.found.packages.push(package);
        Ok(())
    }

    /// Begins the list of files that `package` owns.
    pub(super) fn owner(&mut self, package: &str) {
        let goes_on = self.found.owned.last().is_some_and(|owned| owned.package == package);
        if !goes_on && !self.paths_full {
            self.found.owned.push(OwnedPaths { package: package.to_owned(), paths: Vec::new() });
        }
    }

    /// Takes a file of the package that [`Ledger::owner`] named last; `directory` and `name` are
    /// put together. Directories (`…/`) and what is no path are left out.
    pub(super) fn path(&mut self, directory: &[u8], name: &[u8]) {
        let length = directory.len().saturating_add(name.len());
        let no_file = name.is_empty() || name.ends_with(b"/");
        if self.paths_full || no_file || length > MAX_PATH_BYTES {
            return;
        }
        if self.paths >= MAX_OWNED_PATHS || self.paths_bytes + length > MAX_OWNED_PATHS_BYTES {
            self.paths_full = true;
            let detail =
                format!("the files that packages own: read {}, the rest is left out", self.paths);
            self.found.skipped.push((String::new(), SkipReason::TooMany, detail));
            return;
        }
        let whole = [directory, name].concat();
        let text = String::from_utf8_lossy(&whole);
        let text = text.trim_start_matches("./").trim_start_matches('/');
        let is_path = !matches!(text, "" | "." | "..");
        if let Some(owned) = self.found.owned.last_mut().filter(|_| is_path) {
            owned.paths.push(text.to_owned());
            self.paths += 1;
            self.paths_bytes += length;
        }
    }

    /// Notes a record that could not be read. The first [`MAX_BROKEN_RECORDS_TOLD`] are told
    /// each; an error once there are more than [`MAX_BROKEN_RECORDS`].
    pub(super) fn broken(&mut self, detail: impl FnOnce() -> String) -> Result<(), AnalyzeError> {
        self.broken += 1;
        if self.broken <= MAX_BROKEN_RECORDS_TOLD {
            self.found.skipped.push((String::new(), SkipReason::Malformed, detail()));
        }
        if self.broken > MAX_BROKEN_RECORDS {
            return Err(AnalyzeError::TooLarge(format!(
                "more than {MAX_BROKEN_RECORDS} broken records; the rest is not read"
            )));
        }
        Ok(())
    }

    /// Ends the file: drops owners without files and tells how many broken records were not told.
    pub(super) fn close(self) {
        self.found.owned.retain(|owned| !owned.paths.is_empty());
        let untold = self.broken.saturating_sub(MAX_BROKEN_RECORDS_TOLD);
        if untold > 0 {
            let detail = format!("{untold} more broken records");
            self.found.skipped.push((String::new(), SkipReason::Malformed, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::PackageKind;

    use super::*;

    #[test]
    fn paths_lose_their_root_and_directories_go() {
        let mut found = Analysis::default();
        let mut ledger = Ledger::new(&mut found);
        ledger.owner("empty");
        ledger.owner("a");
        for (directory, name) in
            [("/usr/bin/", "a"), ("", "./etc/a"), ("", "/etc/"), ("", "/."), ("", "."), ("/", "")]
        {
            ledger.path(directory.as_bytes(), name.as_bytes());
        }
        ledger.path(&[b'/'; 4_000], &[b'a'; 200]);
        ledger.close();
        assert_eq!(
            found.owned,
            [OwnedPaths { package: "a".into(), paths: vec!["usr/bin/a".into(), "etc/a".into()] }]
        );
    }

    #[test]
    fn limits_are_told() {
        let mut found = Analysis::default();
        let mut ledger = Ledger::new(&mut found);
        for n in 0..MAX_BROKEN_RECORDS {
            assert!(ledger.broken(|| format!("record {n}")).is_ok());
        }
        assert!(ledger.broken(|| "one more".into()).is_err());
        ledger.owner("a");
        ledger.paths = MAX_OWNED_PATHS;
        ledger.path(b"/", b"one");
        ledger.path(b"/", b"two");
        ledger.close();
        assert_eq!(found.skipped.len(), MAX_BROKEN_RECORDS_TOLD + 2);
        assert_eq!(found.skipped.last().unwrap().2, "9981 more broken records");
        assert!(found.owned.is_empty());

        let package = Package::new(PackageKind::Deb, "a", "1");
        found.packages = vec![package.clone(); MAX_PACKAGES];
        assert!(Ledger::new(&mut found).package(package).is_err());
    }
}
