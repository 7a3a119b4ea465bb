//! `TarFile`: an uncompressed archive in a file, its members found once and read in place.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use model::SkipReason;

use super::resolve::Documents;
use super::stored::Store;
use super::stream::link_target;
use super::{MAX_LINKS, MAX_MEMBERS};
use crate::input::{Input, Window, read_at_most};
use crate::layer::Span;
use crate::stop::Stop;
use crate::tar::{MemberKind, TarReader, clean_path, padding, shown};
use crate::{ImageError, Limits};

/// An archive and where its members lie.
#[derive(Debug)]
pub(crate) struct TarFile {
    file: Arc<File>,
    place: String,
    document_bytes: u64,
    /// Offset and size of each regular member; of a name that comes twice the last counts.
    members: HashMap<String, (u64, u64)>,
    links: HashMap<String, String>,
}

impl TarFile {
    /// Finds the members of the archive in `file`, jumping over their content.
    pub(crate) fn open(file: File, path: &Path, limits: &Limits) -> Result<Self, ImageError> {
        let size = file.metadata().map_err(|error| ImageError::reading(path, error))?.len();
        let place = path.display().to_string();
        let mut archive = TarFile {
            file: Arc::new(file),
            document_bytes: limits.document_bytes,
            members: HashMap::new(),
            links: HashMap::new(),
            place,
        };
        archive.index(size, limits).map_err(|stop| ImageError::stopped(&archive.place, stop))?;
        Ok(archive)
    }

    /// Whether there is a member or link of this name.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.members.contains_key(self.target(path))
    }

    fn index(&mut self, size: u64, limits: &Limits) -> Result<(), Stop> {
        let mut input = Window::new(Arc::clone(&self.file), 0, size, u64::MAX);
        let mut reader = TarReader::new(limits);
        while reader.next(&mut input)?.is_some() {
            if self.members.len() + self.links.len() >= MAX_MEMBERS {
                let detail = format!("more than {MAX_MEMBERS} members");
                return Err(Stop::new(SkipReason::TooMany, detail));
            }
            let member = reader.member();
            let mut path = String::new();
            let named = clean_path(&member.name, limits, &mut path).is_ok();
            match member.kind {
                MemberKind::Regular if named && member.sparse.is_none() => {
                    self.links.remove(&path);
                    self.members.insert(path, (input.position(), member.stored_bytes));
                }
                MemberKind::Symlink | MemberKind::HardLink if named => {
                    let symbolic = member.kind == MemberKind::Symlink;
                    if let Some(target) = link_target(&path, &member.link, symbolic, limits) {
                        self.links.insert(path, target);
                    }
                }
                _ => {}
            }
            if input.skip(member.stored_bytes)? < member.stored_bytes {
                let name = shown(&member.name);
                return Err(Stop::truncated(format!("it ends within its member {name}")));
            }
            input.skip(padding(member.stored_bytes))?;
        }
        Ok(())
    }

    fn target<'p>(&'p self, path: &'p str) -> &'p str {
        let mut path = path;
        for _ in 0..MAX_LINKS {
            match self.links.get(path) {
                Some(target) => path = target,
                None => break,
            }
        }
        path
    }
}

impl Documents for TarFile {
    fn document(&self, path: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(&(offset, size)) = self.members.get(self.target(path)) else { return Ok(None) };
        if size > self.document_bytes {
            let detail = format!("{path} has {size} bytes; the limit is {}", self.document_bytes);
            return Err(ImageError::OverLimit { place: self.place.clone(), detail });
        }
        // Bounded by `Limits::document_bytes` just above.
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        let got = read_at_most(&self.file, offset, &mut bytes)
            .map_err(|error| ImageError::reading(self.place.as_ref(), error))?;
        bytes.truncate(got);
        Ok(Some(bytes))
    }
}

impl Store for TarFile {
    fn size_bytes(&self, path: &str) -> Option<u64> {
        self.members.get(self.target(path)).map(|(_, size)| *size)
    }

    fn span(&self, path: &str) -> Result<Option<Span>, ImageError> {
        let member = self.members.get(self.target(path));
        Ok(member.map(|&(offset, size_bytes)| Span {
            file: Arc::clone(&self.file),
            offset,
            size_bytes,
        }))
    }
}
