//! Jars, wars, ears and their kin, and the archives inside them.
//!
//! One walk a file, under limits on depth, entries, archives and bytes. An archive that is stored
//! inside another is read in place; one that is deflated is inflated into memory for as long as it
//! is walked. What cannot be read is a skip with its inner path, and the rest is still read; a jar
//! whose inside cannot be read is still known by its name.
//! Source: the JAR file specification; Spring Boot's nested jars; Servlet and Jakarta EE packaging.

use std::collections::HashSet;

use model::{Content, FileEntry, SkipReason};

use super::file_name::is_documentation;
use super::identity::{self, Evidence};
use super::manifest::Manifest;
use super::pom;
use super::properties::{coordinates, is_pom_properties, maven_place};
use super::zip::{EntryBytes, Refusal, ZipDirectory, ZipEntry};
use crate::limits::{
    MAX_ARCHIVE_DEPTH, MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_EXPANDED_BYTES, MAX_ARCHIVE_PACKAGES,
    MAX_ARCHIVE_SKIPS, MAX_ARCHIVES, MAX_MANIFEST_BYTES, MAX_NESTED_ARCHIVE_BYTES,
    MAX_NESTED_LIVE_BYTES, MAX_POM_PROPERTIES_BYTES, MAX_POM_XML_BYTES,
};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Endings of the archives that are opened, at the top and inside others.
const ENDINGS: [&str; 11] =
    [".jar", ".war", ".ear", ".par", ".jpi", ".hpi", ".sar", ".nar", ".kar", ".rar", ".lpkg"];
/// What a file in the RAR format begins with; `.rar` is also a resource adapter's ending.
const RAR_MAGIC: &[u8] = b"Rar!";
/// Where the manifest lies.
const MANIFEST: &str = "META-INF/MANIFEST.MF";
/// What separates an archive's path from that of a part of it.
const INSIDE: &str = "!/";

/// Reads Java archives.
pub(super) struct JavaArchive;

impl Analyzer for JavaArchive {
    fn name(&self) -> &'static str {
        "java-archive"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Suffix(".jar"),
            Pattern::Suffix(".war"),
            Pattern::Suffix(".ear"),
            Pattern::Suffix(".par"),
            Pattern::Suffix(".jpi"),
            Pattern::Suffix(".hpi"),
            Pattern::Suffix(".sar"),
            Pattern::Suffix(".nar"),
            Pattern::Suffix(".kar"),
            Pattern::Suffix(".rar"),
            Pattern::Suffix(".lpkg"),
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let mut magic = [0; 4];
        let is_rar = content.read_at(0, &mut magic)? == magic.len() && magic == RAR_MAGIC;
        if content.size_bytes() == 0 || is_rar || is_documentation(entry.name()) {
            return Ok(());
        }
        let mut walk = Walk { file: &entry.path, found, spent: Spent::default() };
        walk.archive(content, &entry.path, 0)
    }
}

/// What the walk has used up.
#[derive(Default)]
struct Spent {
    entries: u64,
    archives: usize,
    expanded_bytes: u64,
    live_bytes: u64,
}

/// The walk through one file.
struct Walk<'w> {
    file: &'w str,
    found: &'w mut Analysis,
    spent: Spent,
}

impl Walk<'_> {
    /// Reads one archive and what lies in it. `path` is where it lies, from the root of the layer.
    fn archive(
        &mut self,
        content: &dyn Content,
        path: &str,
        depth: usize,
    ) -> Result<(), AnalyzeError> {
        self.spent.archives += 1;
        let entries_left = MAX_ARCHIVE_ENTRIES.saturating_sub(self.spent.entries);
        let directory = match ZipDirectory::read(content, entries_left, &is_wanted) {
            Ok(directory) => directory,
            Err(error) => {
                self.identify(path, Evidence::default());
                return Err(error);
            }
        };
        self.spent.entries += directory.seen;
        if let Some(problem) = directory.problem {
            self.skip(path, problem);
        }
        let evidence = self.evidence(content, path, &directory.entries);
        self.identify(path, evidence);
        for entry in directory.entries.iter().filter(|entry| is_archive(&entry.name)) {
            let inner = format!("{path}{INSIDE}{}", entry.name);
            if let Err(refusal) = self.nested(content, entry, &inner, depth + 1) {
                self.skip(&inner, refusal);
            }
        }
        Ok(())
    }

    /// Opens an archive inside an archive.
    fn nested(
        &mut self,
        outer: &dyn Content,
        entry: &ZipEntry,
        path: &str,
        depth: usize,
    ) -> Result<(), Refusal> {
        let opened = self.room(depth).and_then(|max_bytes| {
            let opened = entry.open(outer, max_bytes);
            // What was inflated before a refusal was work all the same.
            let spent = match &opened {
                Ok(EntryBytes::Stored(_)) => 0,
                Ok(EntryBytes::Expanded(bytes)) => bytes.len() as u64,
                Err((SkipReason::Unsupported | SkipReason::Truncated, _)) => 0,
                Err(_) if entry.size_bytes > max_bytes => 0,
                Err(_) => max_bytes,
            };
            self.spent.expanded_bytes = self.spent.expanded_bytes.saturating_add(spent);
            opened
        });
        let walked = match opened {
            Ok(EntryBytes::Stored(span)) => self.archive(&span, path, depth),
            Ok(EntryBytes::Expanded(bytes)) => {
                let live = bytes.len() as u64;
                self.spent.live_bytes += live;
                let walked = self.archive(&bytes.as_slice(), path, depth);
                self.spent.live_bytes -= live;
                walked
            }
            Err(refusal) => {
                self.identify(path, Evidence::default());
                return Err(refusal);
            }
        };
        walked.map_err(|error| (error.reason(), error.to_string()))
    }

    /// How many bytes an archive at this depth may expand to; a refusal when there is no room.
    fn room(&self, depth: usize) -> Result<u64, Refusal> {
        if depth > MAX_ARCHIVE_DEPTH {
            let detail = format!("more than {MAX_ARCHIVE_DEPTH} archives inside one another");
            return Err((SkipReason::TooDeep, detail));
        }
        if self.spent.archives >= MAX_ARCHIVES || self.spent.entries >= MAX_ARCHIVE_ENTRIES {
            let detail = format!(
                "{} archives with {} entries were read of this file",
                self.spent.archives, self.spent.entries
            );
            return Err((SkipReason::TooMany, detail));
        }
        let expanded_left = MAX_ARCHIVE_EXPANDED_BYTES.saturating_sub(self.spent.expanded_bytes);
        let live_left = MAX_NESTED_LIVE_BYTES.saturating_sub(self.spent.live_bytes);
        Ok(MAX_NESTED_ARCHIVE_BYTES.min(live_left).min(expanded_left))
    }

    /// Reads the manifest and Maven's files.
    fn evidence(&mut self, content: &dyn Content, path: &str, entries: &[ZipEntry]) -> Evidence {
        let mut evidence = Evidence::default();
        for entry in entries {
            let is_manifest = entry.name == MANIFEST;
            let is_full = evidence.stated.len() >= MAX_ARCHIVE_PACKAGES;
            if !is_manifest && (is_full || !is_pom_properties(&entry.name)) {
                continue;
            }
            let max_bytes = if is_manifest { MAX_MANIFEST_BYTES } else { MAX_POM_PROPERTIES_BYTES };
            let Some(bytes) = self.read(content, path, entry, max_bytes) else { continue };
            if is_manifest {
                evidence.manifest = Manifest::parse(&bytes);
            } else {
                let stated = coordinates(&entry.name, &String::from_utf8_lossy(&bytes));
                evidence.stated.extend(stated.map(|stated| (entry.name.clone(), stated)));
            }
        }
        let room = MAX_ARCHIVE_PACKAGES.saturating_sub(evidence.stated.len());
        for entry in lone_pom_xmls(entries).take(room) {
            let Some(bytes) = self.read(content, path, entry, MAX_POM_XML_BYTES) else { continue };
            let stated = pom::own_coordinates(&bytes);
            evidence.stated.extend(stated.map(|stated| (entry.name.clone(), stated)));
        }
        evidence
    }

    /// The beginning of an entry; a refusal becomes a skip.
    fn read(
        &mut self,
        content: &dyn Content,
        path: &str,
        entry: &ZipEntry,
        max_bytes: u64,
    ) -> Option<Vec<u8>> {
        if self.spent.expanded_bytes >= MAX_ARCHIVE_EXPANDED_BYTES {
            return None;
        }
        match entry.head(content, max_bytes) {
            Ok(bytes) => {
                self.spent.expanded_bytes += bytes.len() as u64;
                Some(bytes)
            }
            Err(refusal) => {
                self.spent.expanded_bytes += max_bytes;
                self.skip(&format!("{path}{INSIDE}{}", entry.name), refusal);
                None
            }
        }
    }

    /// Adds the packages of an archive. The path stays empty where it is that of the file.
    fn identify(&mut self, path: &str, evidence: Evidence) {
        for (place, coordinates) in identity::packages(path, evidence) {
            if self.found.packages.len() >= MAX_ARCHIVE_PACKAGES {
                let detail = format!("only the first {MAX_ARCHIVE_PACKAGES} packages are listed");
                return self.skip(path, (SkipReason::TooMany, detail));
            }
            let mut package = coordinates.package();
            package.path = match (path == self.file, place.as_str()) {
                (true, "") => String::new(),
                (false, "") => path.to_owned(),
                (_, inner) => format!("{path}{INSIDE}{inner}"),
            };
            self.found.packages.push(package);
        }
    }

    /// Notes what could not be read, with its place inside the file.
    fn skip(&mut self, path: &str, (reason, detail): Refusal) {
        match self.found.skipped.len() {
            told if told > MAX_ARCHIVE_SKIPS => return,
            MAX_ARCHIVE_SKIPS => {
                let detail = format!("more than {MAX_ARCHIVE_SKIPS} parts were skipped");
                return self.found.skipped.push((String::new(), SkipReason::TooMany, detail));
            }
            _ => {}
        }
        let inner = path.strip_prefix(self.file).unwrap_or(path);
        let inner = inner.strip_prefix(INSIDE).unwrap_or(inner).to_owned();
        self.found.skipped.push((inner, reason, detail));
    }
}

/// Whether an entry is read at all.
fn is_wanted(name: &str) -> bool {
    name == MANIFEST
        || is_pom_properties(name)
        || (is_archive(name) && !is_documentation(name))
        || (name.ends_with("/pom.xml") && maven_place(name).is_some())
}

fn is_archive(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    ENDINGS.iter().any(|known| known.get(1..).is_some_and(|e| e.eq_ignore_ascii_case(ending)))
}

/// Every `pom.xml` below `META-INF/maven` without a `pom.properties` beside it.
fn lone_pom_xmls(entries: &[ZipEntry]) -> impl Iterator<Item = &ZipEntry> {
    let stated: HashSet<&str> =
        entries.iter().filter_map(|entry| entry.name.strip_suffix("pom.properties")).collect();
    entries.iter().filter(move |entry| {
        let directory = entry.name.strip_suffix("pom.xml");
        directory.is_some_and(|directory| !stated.contains(directory))
    })
}

#[cfg(test)]
mod tests;
