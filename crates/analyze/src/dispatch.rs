//! `Analyzers`: which analyzers want a file, by one look-up over all patterns.

use std::collections::HashMap;

use model::{FileEntry, FileKind};

use crate::{Analyzer, Pattern};

/// Bytes of a file's beginning that tell whether it is an executable.
pub const HEAD_BYTES: usize = 8;

/// Every analyzer, indexed by what it wants.
pub struct Analyzers {
    all: Vec<&'static dyn Analyzer>,
    by_path: HashMap<&'static str, Vec<usize>>,
    by_name: HashMap<&'static str, Vec<usize>>,
    by_suffix: HashMap<&'static str, Vec<(&'static str, usize)>>,
    below: Vec<(&'static str, usize)>,
    executable: Vec<usize>,
}

impl Default for Analyzers {
    fn default() -> Self {
        Analyzers::new(crate::os::ANALYZERS.iter().chain(crate::golang::ANALYZERS).copied())
    }
}

impl Analyzers {
    /// Indexes these analyzers.
    pub fn new(analyzers: impl IntoIterator<Item = &'static dyn Analyzer>) -> Self {
        let mut index = Analyzers {
            all: analyzers.into_iter().collect(),
            by_path: HashMap::new(),
            by_name: HashMap::new(),
            by_suffix: HashMap::new(),
            below: Vec::new(),
            executable: Vec::new(),
        };
        for (at, analyzer) in index.all.iter().enumerate() {
            for pattern in analyzer.patterns() {
                match *pattern {
                    Pattern::Path(path) => index.by_path.entry(path).or_default().push(at),
                    Pattern::Name(name) => index.by_name.entry(name).or_default().push(at),
                    Pattern::Suffix(suffix) => {
                        let last_dot = suffix.rfind('.').unwrap_or(0);
                        index.by_suffix.entry(&suffix[last_dot..]).or_default().push((suffix, at));
                    }
                    Pattern::Below(directory) => index.below.push((directory, at)),
                    Pattern::Executable => index.executable.push(at),
                }
            }
        }
        index
    }

    /// The analyzers that want a file by its name. Those that want executables are in
    /// [`Analyzers::for_executable`], since that takes a look into the file.
    pub fn for_name(&self, entry: &FileEntry) -> Vec<&'static dyn Analyzer> {
        if entry.kind != FileKind::Regular {
            return Vec::new();
        }
        let name = entry.name();
        let mut wanted: Vec<usize> = Vec::new();
        wanted.extend(self.by_path.get(entry.path.as_str()).into_iter().flatten());
        wanted.extend(self.by_name.get(name).into_iter().flatten());
        if let Some(dot) = name.rfind('.') {
            let endings = self.by_suffix.get(&name[dot..]).into_iter().flatten();
            wanted.extend(endings.filter(|(suffix, _)| name.ends_with(suffix)).map(|(_, at)| at));
        }
        let below = |directory: &str| {
            entry.path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        };
        wanted.extend(self.below.iter().filter(|(dir, _)| below(dir)).map(|(_, at)| at));
        wanted.sort_unstable();
        wanted.dedup();
        wanted.into_iter().map(|at| self.all[at]).collect()
    }

    /// The analyzers that want executables, when `head` is the beginning of one.
    pub fn for_executable(&self, head: &[u8]) -> Vec<&'static dyn Analyzer> {
        if is_executable_format(head) {
            self.executable.iter().map(|&at| self.all[at]).collect()
        } else {
            Vec::new()
        }
    }

    /// Name and version of every analyzer, sorted: part of the layer cache's key.
    pub fn versions(&self) -> Vec<(&'static str, u32)> {
        let mut versions: Vec<_> = self.all.iter().map(|a| (a.name(), a.version())).collect();
        versions.sort_unstable();
        versions
    }
}

/// Whether a file that begins so is ELF, PE or Mach-O (gABI; PE/COFF; `mach-o/loader.h`).
fn is_executable_format(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
        || head.starts_with(b"MZ")
        || [[0xfe, 0xed, 0xfa, 0xce], [0xfe, 0xed, 0xfa, 0xcf]].iter().any(|m| head.starts_with(m))
        || [[0xce, 0xfa, 0xed, 0xfe], [0xcf, 0xfa, 0xed, 0xfe]].iter().any(|m| head.starts_with(m))
}
