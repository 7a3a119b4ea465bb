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
    by_ending: HashMap<&'static str, Vec<(Shape, usize)>>,
    below: Vec<(&'static str, usize)>,
    executable: Vec<usize>,
}

/// A pattern on the ends of a file's name and on its directory's name; empty parts fit anything.
struct Shape {
    directory: &'static str,
    prefix: &'static str,
    suffix: &'static str,
}

impl Shape {
    fn fits(&self, path: &str) -> bool {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = parent.rsplit_once('/').map_or(parent, |(_, last)| last);
        name.len() >= self.prefix.len() + self.suffix.len()
            && name.starts_with(self.prefix)
            && name.ends_with(self.suffix)
            && (self.directory.is_empty() || self.directory == directory)
    }
}

impl Default for Analyzers {
    fn default() -> Self {
        let folders = [
            crate::os::ANALYZERS,
            crate::golang::ANALYZERS,
            crate::rust::ANALYZERS,
            crate::java::ANALYZERS,
            crate::binary::ANALYZERS,
            crate::python::ANALYZERS,
            crate::node::ANALYZERS,
            crate::ruby::ANALYZERS,
            crate::php::ANALYZERS,
            crate::dotnet::ANALYZERS,
            crate::other::ANALYZERS,
        ];
        Analyzers::new(folders.into_iter().flatten().copied())
    }
}

impl Analyzers {
    /// Indexes these analyzers.
    pub fn new(analyzers: impl IntoIterator<Item = &'static dyn Analyzer>) -> Self {
        let all: Vec<_> = analyzers.into_iter().collect();
        let mut index = Analyzers {
            all: Vec::new(),
            by_path: HashMap::new(),
            by_name: HashMap::new(),
            by_ending: HashMap::new(),
            below: Vec::new(),
            executable: Vec::new(),
        };
        for (at, analyzer) in all.iter().enumerate() {
            for pattern in analyzer.patterns() {
                index.add(pattern, at);
            }
        }
        index.all = all;
        index
    }

    fn add(&mut self, pattern: &Pattern, at: usize) {
        match *pattern {
            Pattern::Path(path) => self.by_path.entry(path).or_default().push(at),
            Pattern::Name(name) => self.by_name.entry(name).or_default().push(at),
            Pattern::Suffix(suffix) => {
                self.add_shape(Shape { directory: "", prefix: "", suffix }, at);
            }
            Pattern::Shape { directory, prefix, suffix } => {
                self.add_shape(Shape { directory, prefix, suffix }, at);
            }
            Pattern::Below(directory) => self.below.push((directory, at)),
            Pattern::Executable => self.executable.push(at),
        }
    }

    fn add_shape(&mut self, shape: Shape, at: usize) {
        let ending = shape.suffix.rfind('.').map_or("", |dot| &shape.suffix[dot..]);
        self.by_ending.entry(ending).or_default().push((shape, at));
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
            let shapes = self.by_ending.get(&name[dot..]).into_iter().flatten();
            wanted.extend(shapes.filter(|(shape, _)| shape.fits(&entry.path)).map(|(_, at)| at));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_look_at_directory_and_both_ends() {
        let conda = Shape { directory: "conda-meta", prefix: "", suffix: ".json" };
        assert!(conda.fits("opt/conda/conda-meta/zlib-1.2.json"));
        assert!(conda.fits("conda-meta/zlib-1.2.json"));
        assert!(!conda.fits("opt/conda-meta/deeper/zlib.json"));
        assert!(!conda.fits("opt/conda/my-conda-meta/zlib.json"));
        let pins = Shape { directory: "", prefix: "requirements", suffix: ".txt" };
        assert!(pins.fits("app/requirements.txt") && pins.fits("requirements-dev.txt"));
        assert!(!pins.fits("app/notes.txt") && !pins.fits("requirements/x.in"));
        let overlap = Shape { directory: "", prefix: "a.txt", suffix: ".txt" };
        assert!(!overlap.fits("a.txt") && overlap.fits("a.txt.txt"));
    }
}
