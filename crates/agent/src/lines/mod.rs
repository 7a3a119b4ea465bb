//! `Lines`: what is typed at terminals, joined from single reads to the lines that were entered.
//!
//! Pure: events in, lines out. A shell that edits lines itself gives a read for each key; what the
//! keys do to the line is done again here ([`editor`]). What the kernel did not echo is told as
//! hidden and was never read.

mod editor;

use std::num::NonZeroUsize;

use lru::LruCache;
use model::{Event, EventKind, ProcessId, TerminalInput, TerminalMode};

use editor::{Editor, Entered};

/// Terminals on which something was begun; of more the longest untouched is forgotten.
const OPEN_LINES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// What stands for a line that was not echoed.
pub const HIDDEN: &str = "(hidden)";

/// A line that somebody entered at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who read it: the shell.
    pub process: ProcessId,
    /// What the kernel calls it.
    pub comm: String,
    /// Its cgroup, which tells the container.
    pub cgroup_id: u64,
    /// Its user.
    pub uid: u32,
    /// Who logged in; `None` when nobody did.
    pub login_uid: Option<u32>,
    /// The terminal's device, major << 20 | minor, as its container counts.
    pub tty: u32,
    /// The session's number.
    pub session: u32,
    /// When its first key was read, in nanoseconds since boot.
    pub begun_ns: u64,
    /// When it was entered, in nanoseconds since boot.
    pub entered_ns: u64,
    /// The line without its end; [`HIDDEN`] when it was not echoed.
    pub text: String,
    /// Whether it was not echoed: a password.
    pub hidden: bool,
    /// Whether the text is what was entered for sure. It is not when the shell completed it or took it
    /// from its history: that is not typed.
    pub exact: bool,
    /// Whether a part is missing, because it was too long.
    pub cut: bool,
}

/// The lines that are being typed.
pub struct Lines {
    open: LruCache<Terminal, Open>,
}

/// A terminal: its device is counted anew in each container, the session is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Terminal {
    tty: u32,
    session: u32,
}

#[derive(Default)]
struct Open {
    process: ProcessId,
    begun_ns: u64,
    /// Who has read without echo since anything else was read: one hidden line, however it was read.
    hidden_from: Option<ProcessId>,
    editor: Editor,
}

impl Default for Lines {
    fn default() -> Self {
        Lines { open: LruCache::new(OPEN_LINES) }
    }
}

impl Lines {
    /// Takes an event in; gives the lines that it ends, mostly none. Events of one process must come
    /// in their order.
    pub fn take(&mut self, event: &Event) -> Vec<Line> {
        let EventKind::TerminalInput(input) = &event.kind else { return Vec::new() };
        let key = Terminal { tty: input.tty, session: event.task.session };
        let open = self.open.get_or_insert_mut(key, Open::default);
        if input.mode == TerminalMode::Hidden {
            return open.hidden(event, input).into_iter().collect();
        }
        open.hidden_from = None;
        open.turn_to(event.task.process);
        open.typed(event, input)
    }
}

impl Open {
    /// What another process left unfinished is not this one's.
    fn turn_to(&mut self, process: ProcessId) {
        if self.process != process {
            self.process = process;
            self.editor.abandon();
        }
    }

    fn hidden(&mut self, event: &Event, input: &TerminalInput) -> Option<Line> {
        let process = event.task.process;
        if self.hidden_from.replace(process) == Some(process) {
            return None;
        }
        let entered = Entered { text: HIDDEN.to_owned(), exact: false, cut: false };
        let begun_ns = event.time_ns;
        Some(Line { hidden: true, ..line(event, input, begun_ns, entered) })
    }

    fn typed(&mut self, event: &Event, input: &TerminalInput) -> Vec<Line> {
        let mut lines = Vec::new();
        for byte in &input.bytes {
            if self.editor.is_empty() {
                self.begun_ns = event.time_ns;
            }
            let entered = match input.mode {
                TerminalMode::Keys => self.editor.key(*byte),
                _ => self.editor.byte(*byte),
            };
            lines.extend(entered.map(|entered| line(event, input, self.begun_ns, entered)));
        }
        if input.read_bytes as usize > input.bytes.len() {
            self.editor.cut();
            // The kernel gives a line at a time, so what is missing ends with the line's end.
            if input.mode == TerminalMode::Lines {
                let entered = self.editor.enter();
                lines.push(line(event, input, self.begun_ns, entered));
            }
        }
        lines
    }
}

fn line(event: &Event, input: &TerminalInput, begun_ns: u64, entered: Entered) -> Line {
    let task = &event.task;
    Line {
        process: task.process,
        comm: task.comm.clone(),
        cgroup_id: task.cgroup_id,
        uid: task.uid,
        login_uid: task.login_uid,
        tty: input.tty,
        session: task.session,
        begun_ns,
        entered_ns: event.time_ns,
        text: entered.text,
        hidden: false,
        exact: entered.exact,
        cut: entered.cut,
    }
}

#[cfg(test)]
mod tests;
