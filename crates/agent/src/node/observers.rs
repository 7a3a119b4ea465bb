//! `Observers`: everybody who looks at every event, one after the other.

use crate::commands::Commands;
use crate::lifecycle::LifeCycle;
use crate::watch::{Recorder, Seen};
use crate::{AgentConfig, AgentError};

use super::desk::Desk;
use super::parts::Parts;

/// The calls that observers want whatever the rules say.
pub(super) const CALLS: &[&str] = &["connect", "execve", "execveat"];

/// Those who look at every event.
pub(super) struct Observers<'a> {
    desk: &'a Desk,
    life_cycle: &'a LifeCycle,
    commands: Commands,
    recorder: Option<Recorder>,
    refused: Option<AgentError>,
}

impl<'a> Observers<'a> {
    pub(super) fn new(
        config: &AgentConfig,
        parts: &'a Parts,
        desk: &'a Desk,
        recorder: Option<Recorder>,
    ) -> Self {
        let life_cycle = &parts.life_cycle;
        let (callers, execs) = (life_cycle.callers(), life_cycle.execs());
        let commands = Commands::new(config.commands.clone(), desk.trail().clone(), callers, execs);
        Observers { desk, life_cycle, commands, recorder, refused: None }
    }

    pub(super) fn observe(&mut self, seen: &Seen<'_>) {
        self.record(seen);
        self.life_cycle.observe(seen);
        self.commands.observe(seen);
        for detection in &seen.detections {
            self.desk.tell(seen.alert(detection));
        }
    }

    /// Ends what was begun.
    pub(super) fn finish(mut self) -> Result<(), AgentError> {
        self.commands.finish();
        if let Some(recorder) = self.recorder.take() {
            let events = recorder.finish()?;
            eprintln!("lazaret agent: {events} events recorded");
        }
        self.refused.map_or(Ok(()), Err)
    }

    fn record(&mut self, seen: &Seen<'_>) {
        let Some(recorder) = &mut self.recorder else { return };
        if let Err(why) = recorder.write(seen) {
            eprintln!("lazaret agent: the recording ends here: {why}");
            self.refused = Some(why);
            self.recorder = None;
        }
    }
}
