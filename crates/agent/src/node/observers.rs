//! `Observers`: everybody who looks at every event, one after the other.

use crate::AgentError;
use crate::node::desk::Desk;
use crate::node::metrics::Metrics;
use crate::watch::{Recorder, Seen};

/// The calls that observers want whatever the rules say.
pub(super) const CALLS: &[&str] = &[];

/// Those who look at every event.
pub(super) struct Observers {
    recorder: Option<Recorder>,
    refused: Option<AgentError>,
}

impl Observers {
    pub(super) fn new(recorder: Option<Recorder>) -> Self {
        Observers { recorder, refused: None }
    }

    pub(super) fn observe(&mut self, seen: &Seen<'_>, desk: &Desk, metrics: &Metrics) {
        metrics.event();
        if let Some(recorder) = &mut self.recorder
            && let Err(why) = recorder.write(seen)
        {
            eprintln!("lazaret agent: the recording ends here: {why}");
            self.refused = Some(why);
            self.recorder = None;
        }
        for detection in &seen.detections {
            desk.tell(seen.alert(detection));
        }
    }

    /// Ends what was begun.
    pub(super) fn finish(&mut self) -> Result<(), AgentError> {
        if let Some(recorder) = self.recorder.take() {
            let events = recorder.finish()?;
            eprintln!("lazaret agent: {events} events recorded");
        }
        self.refused.take().map_or(Ok(()), Err)
    }
}
