//! `Observers`: everybody who looks at every event, one after the other.

use super::desk::Desk;
use crate::AgentError;
use crate::commands::{self, Commands, TypedLine};
use crate::isolation::Notes;
use crate::key_files::{self, KeyFiles};
use crate::lifecycle::{self, LifeCycle};
use crate::lines::{Line, Lines};
use crate::network::{self, Network};
use crate::respond::Deed;
use crate::watch::{Recorder, Seen, container, initiator};

/// Whether an observer wants a call, whatever the rules say.
pub(super) fn wants(call: &str) -> bool {
    let lists: [&[&str]; 4] =
        [&commands::CALLS, &key_files::CALLS, &lifecycle::CALLS, &network::CALLS];
    lists.iter().any(|list| list.contains(&call))
}

/// Those who look at every event.
pub(super) struct Observers<'a> {
    pub(super) desk: &'a Desk,
    pub(super) life_cycle: &'a LifeCycle,
    pub(super) commands: Commands,
    pub(super) lines: Lines,
    pub(super) key_files: KeyFiles,
    pub(super) notes: Notes,
    pub(super) network: Network,
    pub(super) recording: Recording,
}

impl Observers<'_> {
    pub(super) fn observe(&mut self, seen: &Seen<'_>) {
        if !seen.is_late {
            self.look_at(seen);
        }
        for detection in &seen.detections {
            self.desk.tell_deed(seen.alert(detection), Deed::of(seen));
        }
    }

    fn look_at(&mut self, seen: &Seen<'_>) {
        self.recording.write(seen);
        self.life_cycle.observe(seen);
        self.commands.observe(seen);
        for line in self.lines.take(seen.observed.event) {
            self.commands.line(typed(seen, line));
        }
        self.key_files.observe(seen);
        self.notes.observe(seen);
        self.desk.hands().observe(seen);
        for alert in self.network.observe(seen) {
            self.desk.tell_deed(alert, Deed::of(seen));
        }
    }

    /// Ends what was begun.
    pub(super) fn finish(mut self) -> Result<(), AgentError> {
        self.commands.finish();
        let saved = self.network.save();
        self.recording.finish().and(saved)
    }
}

/// A line with who typed it. The shell read it a moment ago: the process of this event.
fn typed(seen: &Seen<'_>, line: Line) -> TypedLine {
    TypedLine {
        time_ns: seen.observed.boot_ns.saturating_add_unsigned(line.entered_ns),
        text: if line.cut { format!("{}…", line.text) } else { line.text },
        initiator: initiator(&seen.observed),
        container: container(&seen.observed),
        node: seen.observed.node.to_owned(),
    }
}

/// A recording that may end before the watch does.
pub(super) struct Recording {
    recorder: Option<Recorder>,
    refused: Option<AgentError>,
}

impl Recording {
    pub(super) fn new(recorder: Option<Recorder>) -> Self {
        Recording { recorder, refused: None }
    }

    fn write(&mut self, seen: &Seen<'_>) {
        let Some(recorder) = &mut self.recorder else { return };
        if let Err(why) = recorder.write(seen) {
            eprintln!("lazaret agent: the recording ends here: {why}");
            self.refused = Some(why);
            self.recorder = None;
        }
    }

    fn finish(self) -> Result<(), AgentError> {
        if let Some(recorder) = self.recorder {
            let events = recorder.finish()?;
            eprintln!("lazaret agent: {events} events recorded");
        }
        self.refused.map_or(Ok(()), Err)
    }
}
