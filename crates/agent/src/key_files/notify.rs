//! The kernel's own notifications of files that were written (`fanotify(7)`), beside the sensor:
//! they also show what came through a file that was open before the agent was.

use std::collections::HashSet;

use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};

use super::state::FileState;

/// Files that are marked at once.
const MARKS: usize = 16_384;

/// Notifications of marked files.
pub(super) struct Notify {
    fanotify: Fanotify,
    marked: HashSet<(u32, u64)>,
}

/// A file that was written, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) object: (u32, u64),
    pub(super) pid: u32,
}

impl Notify {
    /// `None` where it is not allowed: it wants `CAP_SYS_ADMIN`.
    pub(super) fn open() -> Option<Notify> {
        let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_NONBLOCK | InitFlags::FAN_CLOEXEC;
        let files = EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC | EventFFlags::O_LARGEFILE;
        let fanotify = Fanotify::init(flags, files).ok()?;
        Some(Notify { fanotify, marked: HashSet::new() })
    }

    /// Asks for a file's notifications, once for each object.
    pub(super) fn mark(&mut self, path: &str, state: &FileState) {
        if self.marked.len() >= MARKS || !self.marked.insert(state.object()) {
            return;
        }
        let (add, here) = (MarkFlags::FAN_MARK_ADD, nix::fcntl::AT_FDCWD);
        let mask = MaskFlags::FAN_MODIFY | MaskFlags::FAN_CLOSE_WRITE;
        if self.fanotify.mark(add, mask, here, Some(path)).is_err() {
            self.marked.remove(&state.object());
        }
    }

    /// What was written since it was last asked.
    pub(super) fn written(&mut self) -> Vec<Written> {
        // A mark goes with its object: what is gone is forgotten when the kernel says nothing more.
        let events = self.fanotify.read_events().unwrap_or_default();
        let mut written: Vec<Written> = Vec::new();
        for event in &events {
            let Some(fd) = event.fd() else { continue };
            let Ok(stat) = rustix::fs::fstat(fd) else { continue };
            let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
            let one = Written {
                object: (major << 20 | minor, stat.st_ino),
                pid: u32::try_from(event.pid()).unwrap_or_default(),
            };
            if !written.contains(&one) {
                written.push(one);
            }
        }
        written
    }
}
