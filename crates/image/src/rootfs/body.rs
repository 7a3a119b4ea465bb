//! `Body`: a file of a root filesystem, opened only when it is asked for.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;

use model::{Content, FileEntry, FileKind, Skip, SkipReason};
use rustix::fs::{Mode, OFlags, openat};

use crate::Limits;
use crate::input::read_at_most;
use crate::source::LayerBody;
use crate::stop::Stop;

/// The content of one name in an open directory.
pub(super) struct Body<'w> {
    directory: BorrowedFd<'w>,
    name: &'w CStr,
    entry: &'w FileEntry,
    buffer: &'w mut Vec<u8>,
    limits: &'w Limits,
    file: Option<File>,
    /// Whether `buffer` holds the whole content.
    in_memory: bool,
    size_bytes: u64,
}

impl<'w> Body<'w> {
    pub(super) fn new(
        directory: BorrowedFd<'w>,
        name: &'w CStr,
        entry: &'w FileEntry,
        buffer: &'w mut Vec<u8>,
        limits: &'w Limits,
    ) -> Self {
        buffer.clear();
        let size_bytes = if entry.kind == FileKind::Regular { entry.size_bytes } else { 0 };
        let in_memory = size_bytes == 0;
        Body { directory, name, entry, buffer, limits, file: None, in_memory, size_bytes }
    }

    /// Opens the file, unless something else has taken its place meanwhile.
    fn open(&mut self) -> Result<&File, Stop> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let opened = openat(self.directory, self.name, flags, Mode::empty());
                let file = File::from(opened.map_err(super::walk::unreadable)?);
                if !file.metadata()?.is_file() {
                    let detail = "it was replaced by something else during the walk";
                    return Err(Stop::new(SkipReason::Unreadable, detail));
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }

    fn hold(&mut self) -> Result<(), Stop> {
        let (size, most) = (self.size_bytes, self.limits.file_bytes);
        if size > most {
            let detail = format!("{size} bytes; the limit is {most}");
            return Err(Stop::new(SkipReason::TooLarge, detail));
        }
        let buffered = size <= self.limits.buffered_file_bytes;
        self.open()?;
        if let (true, Some(file)) = (buffered, &self.file) {
            self.buffer.resize(usize::try_from(size).unwrap_or(0), 0);
            let got = read_at_most(file, 0, self.buffer)?;
            // A file that became shorter meanwhile is what it is now.
            self.buffer.truncate(got);
            self.size_bytes = got as u64;
            self.in_memory = true;
        }
        Ok(())
    }

    fn first(&mut self, count: usize) -> Result<&[u8], Stop> {
        if !self.in_memory {
            self.open()?;
            if let Some(file) = &self.file {
                self.buffer.resize(count, 0);
                let got = read_at_most(file, 0, self.buffer)?;
                self.buffer.truncate(got);
            }
        }
        Ok(self.buffer.get(..count.min(self.buffer.len())).unwrap_or_default())
    }
}

impl LayerBody for Body<'_> {
    fn head(&mut self, count: usize) -> io::Result<&[u8]> {
        let most = self.size_bytes.min(self.limits.buffered_file_bytes);
        let count = count.min(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(self.first(count)?)
    }

    fn content(&mut self) -> Result<&dyn Content, Skip> {
        if !self.in_memory {
            self.hold().map_err(|stop| stop.into_skip(&self.entry.path))?;
        }
        Ok(self)
    }
}

impl Content for Body<'_> {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(bytes) = self.bytes() {
            return bytes.read_at(offset, buffer);
        }
        let Some(file) = &self.file else { return Ok(0) };
        let left = usize::try_from(self.size_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        buffer.get_mut(..count).map_or(Ok(0), |target| file.read_at(target, offset))
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.in_memory.then_some(self.buffer.as_slice())
    }
}
