//! `Body`: the content of the entry being visited, taken out of the input only when asked for.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use model::{Content, Skip, SkipReason};

use crate::Limits;
use crate::input::{Input, Place};
use crate::source::LayerBody;
use crate::stop::Stop;
use crate::tar::{Member, MemberKind, SparseMap, shown};

/// The content of one entry.
pub(super) struct Body<'w, I> {
    input: &'w mut I,
    member: &'w Member,
    buffer: &'w mut Vec<u8>,
    limits: &'w Limits,
    /// Stored bytes taken from the input so far.
    used_bytes: u64,
    held: Held,
}

/// Where the content is.
enum Held {
    /// Nowhere yet but in the input; `buffer` holds the first `used_bytes` of it.
    Input,
    /// Whole in the input's own buffer.
    AtHand,
    /// Whole in `buffer`.
    Memory,
    /// In a file from an offset on.
    File(Arc<File>, u64),
    /// Nowhere: this is why.
    Refused(Stop),
}

impl<'w, I: Input> Body<'w, I> {
    pub(super) fn new(
        input: &'w mut I,
        member: &'w Member,
        buffer: &'w mut Vec<u8>,
        limits: &'w Limits,
    ) -> Self {
        buffer.clear();
        Body { input, member, buffer, limits, used_bytes: 0, held: Held::Input }
    }

    /// Bytes of the content that are gone from the input.
    pub(super) fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    fn size(&self) -> u64 {
        if self.member.kind == MemberKind::Regular { self.member.size_bytes } else { 0 }
    }

    /// Makes the whole content readable.
    fn hold(&mut self) -> Result<(), Stop> {
        let size = self.size();
        if size > self.limits.file_bytes {
            let detail = format!("{size} bytes; the limit is {}", self.limits.file_bytes);
            return Err(Stop::new(SkipReason::TooLarge, detail));
        }
        if let (true, Some(map)) = (size > 0, &self.member.sparse) {
            return self.expand(size, map);
        }
        if size > self.limits.buffered_file_bytes {
            return self.hold_large(size);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if self.used_bytes == 0 && (size == 0 || self.input.fill()?.len() >= size) {
            self.held = Held::AtHand;
            return Ok(());
        }
        self.take(size)?;
        self.held = Held::Memory;
        Ok(())
    }

    /// A file too large for memory: read where it lies, or copied to a temporary file.
    fn hold_large(&mut self, size: u64) -> Result<(), Stop> {
        if let Some(Place { file, offset, left_bytes }) = self.input.place() {
            if left_bytes < size - self.used_bytes {
                return Err(self.truncated(left_bytes.saturating_add(self.used_bytes)));
            }
            self.held = Held::File(file, offset.saturating_sub(self.used_bytes));
            return Ok(());
        }
        let mut file = temporary_file()?;
        file.write_all(self.buffer).map_err(not_spilled)?;
        let mut offset = self.used_bytes;
        while offset < size {
            offset += self.copy_some(&file, offset, size - offset)?;
        }
        self.held = Held::File(Arc::new(file), 0);
        Ok(())
    }

    /// Unfolds a sparse file: its spans at their offsets, zeros between.
    fn expand(&mut self, size: u64, map: &SparseMap) -> Result<(), Stop> {
        if size <= self.limits.buffered_file_bytes {
            self.buffer.resize(usize::try_from(size).unwrap_or(0), 0);
            for &(offset, length) in &map.spans {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let end = usize::try_from(offset + length).unwrap_or(usize::MAX);
                let span = self.buffer.get_mut(start..end).unwrap_or_default();
                let got = self.input.read(span)? as u64;
                self.used_bytes += got;
                if got < length {
                    return Err(self.truncated(self.used_bytes));
                }
            }
            self.held = Held::Memory;
            return Ok(());
        }
        let file = temporary_file()?;
        file.set_len(size).map_err(not_spilled)?;
        for &(offset, length) in &map.spans {
            let mut done = 0;
            while done < length {
                done += self.copy_some(&file, offset + done, length - done)?;
            }
        }
        self.held = Held::File(Arc::new(file), 0);
        Ok(())
    }

    /// Copies at most `most` bytes of the input to `file`; gives the count, never 0.
    fn copy_some(&mut self, file: &File, offset: u64, most: u64) -> Result<u64, Stop> {
        let bytes = self.input.fill()?;
        let count = bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        if count == 0 {
            return Err(self.truncated(self.used_bytes));
        }
        file.write_all_at(bytes.get(..count).unwrap_or_default(), offset).map_err(not_spilled)?;
        self.input.consume(count);
        self.used_bytes += count as u64;
        Ok(count as u64)
    }

    /// Takes bytes from the input until `buffer` holds `count`.
    fn take(&mut self, count: usize) -> Result<(), Stop> {
        self.buffer.reserve_exact(count.saturating_sub(self.buffer.len()));
        while self.buffer.len() < count {
            let bytes = self.input.fill()?;
            let some = bytes.len().min(count - self.buffer.len());
            if some == 0 {
                return Err(self.truncated(self.used_bytes));
            }
            self.buffer.extend_from_slice(bytes.get(..some).unwrap_or_default());
            self.input.consume(some);
            self.used_bytes += some as u64;
        }
        Ok(())
    }

    fn truncated(&self, got: u64) -> Stop {
        let size = self.member.stored_bytes;
        Stop::truncated(format!("ends within this entry: {got} of its {size} bytes are there"))
    }

    /// Content in memory, as far as it is there.
    fn in_memory(&self) -> Option<&[u8]> {
        let size = usize::try_from(self.size()).ok()?;
        match self.held {
            Held::AtHand => self.input.buffered().get(..size),
            Held::Memory => self.buffer.get(..size),
            _ => None,
        }
    }

    /// The first `count` bytes of content that is held or small enough to be.
    fn first(&mut self, count: usize) -> Result<&[u8], Stop> {
        if matches!(self.held, Held::Input) && self.member.sparse.is_some() {
            self.hold()?;
        }
        match &self.held {
            Held::AtHand | Held::Memory => {
                Ok(self.in_memory().and_then(|bytes| bytes.get(..count)).unwrap_or_default())
            }
            Held::File(file, offset) => {
                self.buffer.resize(count, 0);
                file.read_exact_at(self.buffer, *offset)?;
                Ok(self.buffer)
            }
            Held::Refused(stop) => Err(stop.clone()),
            Held::Input => {
                if self.used_bytes == 0 && self.input.fill()?.len() >= count {
                    return Ok(self.input.buffered().get(..count).unwrap_or_default());
                }
                self.take(count)?;
                Ok(self.buffer.get(..count).unwrap_or_default())
            }
        }
    }
}

impl<I: Input> LayerBody for Body<'_, I> {
    fn head(&mut self, count: usize) -> io::Result<&[u8]> {
        let most = self.size().min(self.limits.buffered_file_bytes);
        let count = count.min(usize::try_from(most).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(&[]);
        }
        Ok(self.first(count)?)
    }

    fn content(&mut self) -> Result<&dyn Content, Skip> {
        if matches!(self.held, Held::Input)
            && let Err(stop) = self.hold()
        {
            self.held = Held::Refused(stop);
        }
        match &self.held {
            Held::Refused(stop) => Err(stop.clone().into_skip(&shown(&self.member.name))),
            _ => Ok(self),
        }
    }
}

impl<I: Input> Content for Body<'_, I> {
    fn size_bytes(&self) -> u64 {
        self.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(bytes) = self.in_memory() {
            return bytes.read_at(offset, buffer);
        }
        let Held::File(file, start) = &self.held else { return Ok(0) };
        let left = usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        let Some(target) = buffer.get_mut(..count) else { return Ok(0) };
        crate::input::read_at_most(file, start.saturating_add(offset), target)
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.in_memory()
    }
}

/// A file that has no name and goes when it is closed.
fn temporary_file() -> Result<File, Stop> {
    tempfile::tempfile().map_err(not_spilled)
}

fn not_spilled(error: io::Error) -> Stop {
    let detail = format!(
        "too large for memory, and the temporary directory {} cannot hold it: {error}",
        std::env::temp_dir().display()
    );
    Stop::new(SkipReason::Unreadable, detail)
}
