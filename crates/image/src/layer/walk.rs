//! The walk: tar members to file entries, whiteouts understood (OCI image specification,
//! "Image Layer Filesystem Changeset").

use model::{FileEntry, FileKind, SkipReason};

use super::Skips;
use super::body::Body;
use crate::Limits;
use crate::input::Input;
use crate::source::EntryVisitor;
use crate::stop::Stop;
use crate::tar::{Member, MemberKind, TarReader, clean_path, padding, shown};

/// Begins the name of a marker that deletes a name of lower layers.
const WHITEOUT: &str = ".wh.";
/// Begins the names aufs keeps for itself; hard links may lead there, so they are no whiteouts.
const AUFS_OWN: &str = ".wh..wh.";
/// The marker that hides all that lower layers have in its directory.
const OPAQUE: &str = ".wh..wh..opq";

/// What came of a walk.
pub(crate) struct Walked {
    /// Whether the end was reached.
    pub(crate) complete: bool,
    /// Bytes of the tar up to where the walk ended.
    pub(crate) size_bytes: u64,
    /// Entries read.
    pub(crate) entries: u64,
    /// What was not looked at.
    pub(crate) skips: Skips,
}

/// Walks all of `input`.
pub(crate) fn walk<I: Input>(input: &mut I, limits: &Limits, visit: EntryVisitor<'_>) -> Walked {
    let mut walk = Walk {
        limits,
        reader: TarReader::new(limits),
        entry: FileEntry {
            path: String::new(),
            kind: FileKind::Regular,
            size_bytes: 0,
            mode: 0,
            uid: 0,
            gid: 0,
        },
        buffer: Vec::new(),
        entries: 0,
        skips: Skips::new(limits.skips_per_layer),
    };
    let ended = walk.run(input, visit);
    let complete = ended.is_ok();
    if let Err((stop, path)) = ended {
        walk.skips.push(stop.into_skip(&path));
    }
    let size_bytes = input.position();
    Walked { complete, size_bytes, entries: walk.entries, skips: walk.skips }
}

struct Walk<'l> {
    limits: &'l Limits,
    reader: TarReader,
    /// The entry being visited; its strings are reused.
    entry: FileEntry,
    /// Content that has to be held; reused.
    buffer: Vec<u8>,
    entries: u64,
    skips: Skips,
}

/// A stop and the path it is about; empty for the whole layer.
type Stopped = (Stop, String);

impl Walk<'_> {
    fn run<I: Input>(&mut self, input: &mut I, visit: EntryVisitor<'_>) -> Result<(), Stopped> {
        while self.reader.next(input).map_err(whole)?.is_some() {
            if self.entries >= self.limits.entries_per_layer {
                let detail = format!("more than {} entries, the limit", self.entries);
                return Err(whole(Stop::new(SkipReason::TooMany, detail)));
            }
            self.entries += 1;
            let used = match describe(self.reader.member(), self.limits, &mut self.entry) {
                Ok(true) => self.visit(input, visit),
                Ok(false) => 0,
                Err(stop) => {
                    self.skips.push(stop.into_skip(&shown(&self.reader.member().name)));
                    0
                }
            };
            self.pass_content(input, used)?;
        }
        self.end(input).map_err(whole)
    }

    /// Shows the entry to the visitor; gives the bytes of its content that were used.
    fn visit<I: Input>(&mut self, input: &mut I, visit: EntryVisitor<'_>) -> u64 {
        let member = self.reader.member();
        let mut body = Body::new(input, member, &mut self.buffer, self.limits);
        visit(&self.entry, &mut body);
        body.used_bytes()
    }

    /// Goes to the end of the content, of which `used` bytes are gone already.
    fn pass_content<I: Input>(&mut self, input: &mut I, used: u64) -> Result<(), Stopped> {
        let stored = self.reader.member().stored_bytes;
        let left = stored - used.min(stored);
        let passed = input.skip(left).map_err(whole)?;
        if passed < left {
            let name = shown(&self.reader.member().name);
            let got = stored - (left - passed);
            let detail = format!("ends within this entry: {got} of its {stored} bytes are there");
            return Err((Stop::truncated(detail), name));
        }
        // Some writers leave out the padding of the last entry.
        input.skip(padding(stored)).map_err(whole)?;
        Ok(())
    }

    /// Reads what lies behind the last entry.
    fn end<I: Input>(&mut self, input: &mut I) -> Result<(), Stop> {
        let tail = TarReader::tail(input)?;
        if tail.has_data {
            let detail = format!(
                "{} bytes behind the end of the archive, which runtimes do not unpack",
                tail.bytes
            );
            self.skips.push(Stop::malformed(detail).into_skip(""));
        }
        if self.reader.lone_zero_blocks() > 0 {
            let count = self.reader.lone_zero_blocks();
            let detail = format!("{count} empty headers between entries, read over");
            self.skips.push(Stop::malformed(detail).into_skip(""));
        }
        Ok(())
    }
}

fn whole(stop: Stop) -> Stopped {
    (stop, String::new())
}

/// Writes what `member` is to `entry`. False for the root directory itself, which says nothing.
fn describe(member: &Member, limits: &Limits, entry: &mut FileEntry) -> Result<bool, Stop> {
    clean_path(&member.name, limits, &mut entry.path)?;
    entry.kind = match member.kind {
        MemberKind::Regular => FileKind::Regular,
        MemberKind::Directory => FileKind::Directory,
        MemberKind::Symlink => FileKind::Symlink(symlink_target(member, limits)?),
        MemberKind::HardLink => FileKind::HardLink(hard_link_target(member, limits)?),
        MemberKind::Special => FileKind::Special,
        MemberKind::Unknown(letter) => {
            let letter = char::from(letter).escape_default();
            let detail = format!("an entry of the unknown type `{letter}`");
            return Err(Stop::new(SkipReason::Unsupported, detail));
        }
    };
    entry.size_bytes = member.size_bytes;
    (entry.mode, entry.uid, entry.gid) = (member.mode, member.uid, member.gid);
    if entry.path.is_empty() {
        return match entry.kind {
            FileKind::Directory => Ok(false),
            _ => Err(Stop::new(SkipReason::UnsafePath, "an entry that would replace the root")),
        };
    }
    read_whiteout(entry)?;
    Ok(true)
}

/// Understands the markers of deleted names.
fn read_whiteout(entry: &mut FileEntry) -> Result<(), Stop> {
    let start = entry.path.rfind('/').map_or(0, |slash| slash + 1);
    let name = entry.path.get(start..).unwrap_or_default();
    if !name.starts_with(WHITEOUT) || (name.starts_with(AUFS_OWN) && name != OPAQUE) {
        return Ok(());
    }
    entry.size_bytes = 0;
    if name == OPAQUE {
        entry.path.truncate(start.saturating_sub(1));
        entry.kind = FileKind::OpaqueDirectory;
        return Ok(());
    }
    let deleted = name.get(WHITEOUT.len()..).unwrap_or_default().to_owned();
    if matches!(deleted.as_str(), "" | "." | "..") {
        return Err(Stop::new(SkipReason::UnsafePath, "a whiteout that names no file"));
    }
    entry.path.truncate(start);
    entry.path.push_str(&deleted);
    entry.kind = FileKind::Whiteout;
    Ok(())
}

/// The target of a symbolic link as written.
fn symlink_target(member: &Member, limits: &Limits) -> Result<String, Stop> {
    if member.link.len() > limits.path_bytes {
        let detail = format!(
            "a link target of {} bytes; the limit is {}",
            member.link.len(),
            limits.path_bytes
        );
        return Err(Stop::new(SkipReason::UnsafePath, detail));
    }
    Ok(String::from_utf8_lossy(&member.link).into_owned())
}

/// The target of a hard link, a path like any other.
fn hard_link_target(member: &Member, limits: &Limits) -> Result<String, Stop> {
    let mut target = String::new();
    clean_path(&member.link, limits, &mut target).map_err(|stop| {
        Stop::new(stop.reason, format!("links to `{}`: {}", shown(&member.link), stop.detail))
    })?;
    if target.is_empty() {
        return Err(Stop::new(SkipReason::UnsafePath, "a hard link to the root"));
    }
    Ok(target)
}
