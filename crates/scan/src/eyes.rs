//! `Eyes`: everything that looks into the files of an image.

use analyze::history::HistoryScanner;
use analyze::{Analyzers, SecretScanner};
use malware::Scanner;
use model::{FileEntry, Look};

/// Everything that looks into the files of an image. What is `None` does not look.
#[derive(Default)]
pub struct Eyes<'a> {
    /// Packages.
    pub analyzers: Analyzers,
    /// Malicious code.
    pub malware: Option<Scanner>,
    /// Secrets, keys and certificates.
    pub secrets: Option<&'a SecretScanner>,
    /// Suspicious build steps.
    pub history: Option<HistoryScanner>,
}

impl Eyes<'_> {
    /// Everything by which the same layer would give another result: part of the layer cache's
    /// key. Build steps are not: they are looked at in every scan.
    pub fn versions(&self) -> Vec<String> {
        let analyzers = self.analyzers.versions().into_iter();
        let mut versions: Vec<String> =
            analyzers.map(|(name, version)| format!("{name} {version}")).collect();
        versions.extend(self.malware_versions());
        versions.extend(self.secrets.map(|secrets| format!("secrets {}", secrets.version())));
        versions
    }

    /// With what malicious code is looked for.
    pub fn malware_versions(&self) -> Vec<String> {
        self.malware.as_ref().map(Scanner::versions).unwrap_or_default()
    }

    /// What is looked for in an image's files and build steps.
    pub fn looks(&self) -> Vec<Look> {
        let looks = [
            (Look::Malware, self.malware.is_some()),
            (Look::Secrets, self.secrets.is_some()),
            (Look::History, self.history.is_some()),
        ];
        looks.into_iter().filter(|(_, is_on)| *is_on).map(|(look, _)| look).collect()
    }

    /// Whether any eye besides the analyzers wants to see a file.
    pub(crate) fn wants_content(&self, entry: &FileEntry) -> bool {
        self.malware.as_ref().is_some_and(|malware| malware.wants(entry))
            || self.secrets.is_some_and(|secrets| secrets.wants(entry))
    }

    /// What failed for good during a scan, in a sentence: its results must not be kept.
    pub(crate) fn failed(&self) -> Option<&str> {
        self.malware.as_ref()?.failed()
    }
}
