//! Recordings: the watch's events in a file, to look at them again with other rules.
//!
//! A zstd stream of JSON lines: first what was there before ([`Snapshot`] with `format`), then each
//! event, and each container before the first event for which more is known of it than before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Container, Event};
use serde::{Deserialize, Serialize};
use zstd::stream::{Decoder, Encoder};

use super::runtime::Announced;
use super::snapshot::Snapshot;
use super::state::{Seen, State};
use crate::AgentError;
use crate::attribute::Directory;
use crate::detect::Engine;
use crate::limits::{RECORDING_FIRST_LINE_BYTES, RECORDING_LINE_BYTES, RECORDING_WINDOW_LOG};

/// The format of this version.
const FORMAT: &str = "lazaret-recording/1";
/// How hard is compressed: little, for the events come fast.
const LEVEL: i32 = 1;
/// Events between two moments at which all is handed to the system.
const EVENTS_A_BLOCK: u64 = 2048;
/// Containers whose state is remembered as written.
const CONTAINERS_REMEMBERED: usize = 16_384;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "there is one line at a time")]
enum Line<'a> {
    Before { format: String, snapshot: Box<Snapshot> },
    Container(std::borrow::Cow<'a, Container>),
    Event(std::borrow::Cow<'a, Event>),
}

/// Writes a recording.
pub struct Recorder {
    path: PathBuf,
    encoder: Encoder<'static, BufWriter<File>>,
    written: HashMap<String, Arc<Container>>,
    containers: Directory,
    events: u64,
}

impl Recorder {
    /// Begins a file; one that is there is not written over.
    pub fn create(
        path: &Path,
        before: &Snapshot,
        containers: &Directory,
    ) -> Result<Self, AgentError> {
        let wrong = |error| unwritable(path, &error);
        // Command lines and environments stand in it.
        let mut options = File::options();
        let file = options.write(true).create_new(true).mode(0o600).open(path).map_err(wrong)?;
        let encoder = Encoder::new(BufWriter::new(file), LEVEL).map_err(wrong)?;
        let mut recorder = Recorder {
            path: path.to_path_buf(),
            encoder,
            written: HashMap::new(),
            containers: containers.clone(),
            events: 0,
        };
        let snapshot = Box::new(before.clone());
        recorder.line(&Line::Before { format: FORMAT.to_owned(), snapshot })?;
        Ok(recorder)
    }

    /// Writes an event, and its container before it when more is known of that now.
    pub fn write(&mut self, seen: &Seen<'_>) -> Result<(), AgentError> {
        let event = seen.observed.event;
        if let Some(container) = self.containers.of_cgroup(event.task.cgroup_id) {
            self.container(container)?;
        }
        self.line(&Line::Event(std::borrow::Cow::Borrowed(event)))?;
        self.events += 1;
        if self.events.is_multiple_of(EVENTS_A_BLOCK) {
            let flushed = self.encoder.flush();
            flushed.map_err(|error| unwritable(&self.path, &error))?;
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(self) -> Result<u64, AgentError> {
        let wrong = |error| unwritable(&self.path, &error);
        let mut file = self.encoder.finish().map_err(wrong)?;
        file.flush().map_err(wrong)?;
        file.get_ref().sync_all().map_err(wrong)?;
        Ok(self.events)
    }

    fn container(&mut self, container: Arc<Container>) -> Result<(), AgentError> {
        let same = |written: &Arc<Container>| Arc::ptr_eq(written, &container);
        if self.written.get(&container.id).is_some_and(same) {
            return Ok(());
        }
        self.line(&Line::Container(std::borrow::Cow::Borrowed(&container)))?;
        if self.written.len() >= CONTAINERS_REMEMBERED {
            self.written.clear();
        }
        self.written.insert(container.id.clone(), container);
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), AgentError> {
        let written = serde_json::to_writer(&mut self.encoder, line).map_err(std::io::Error::from);
        let written = written.and_then(|()| self.encoder.write_all(b"\n"));
        written.map_err(|error| unwritable(&self.path, &error))
    }
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were looked at.
    pub events: u64,
    /// Why the recording ends before its end; `None` when it was read whole.
    pub cut: Option<String>,
}

/// Looks at a recording as if it happened now. A recording that is cut is read as far as it goes.
pub fn replay(
    path: &Path,
    engine: &Engine,
    mut sink: impl FnMut(&Seen<'_>),
) -> Result<Replayed, AgentError> {
    let wrong = |why: String| AgentError::Recording { path: path.to_path_buf(), why };
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut decoder = Decoder::new(file).map_err(|error| wrong(error.to_string()))?;
    let windowed = decoder.window_log_max(RECORDING_WINDOW_LOG);
    windowed.map_err(|error| wrong(error.to_string()))?;
    let mut lines = Lines { reader: BufReader::new(decoder), text: Vec::new() };
    let first = lines.next(RECORDING_FIRST_LINE_BYTES).map_err(&wrong)?;
    let Some(Line::Before { format, snapshot }) = first else {
        return Err(wrong("it does not begin as a recording does".to_owned()));
    };
    if format != FORMAT {
        return Err(wrong(format!("its format is `{format}`, this program reads `{FORMAT}`")));
    }
    let containers = Directory::default();
    let mut state = State::begin(*snapshot, containers.clone());
    let announced = Announced::default();
    let mut events = 0;
    loop {
        match lines.next(RECORDING_LINE_BYTES) {
            Ok(Some(Line::Event(event))) => {
                events += 1;
                state.take(event.into_owned(), &announced, engine, &mut sink);
            }
            Ok(Some(Line::Container(container))) => {
                containers.write(|containers| containers.put(container.into_owned()));
            }
            Ok(Some(Line::Before { .. })) => {}
            Ok(None) => return Ok(Replayed { events, cut: None }),
            Err(why) => return Ok(Replayed { events, cut: Some(why) }),
        }
    }
}

struct Lines<R> {
    reader: R,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line, of at most so many bytes; `None` at the end.
    fn next(&mut self, max_bytes: u64) -> Result<Option<Line<'static>>, String> {
        self.text.clear();
        let mut bounded = (&mut self.reader).take(max_bytes);
        bounded.read_until(b'\n', &mut self.text).map_err(|error| error.to_string())?;
        if self.text.is_empty() {
            return Ok(None);
        }
        if self.text.last() != Some(&b'\n') {
            return Err("a line has no end".to_owned());
        }
        serde_json::from_slice(&self.text).map(Some).map_err(|error| error.to_string())
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> AgentError {
    AgentError::Recording { path: path.to_path_buf(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use model::{CgroupName, EventKind, Exec, ProcessId, Task};
    use policy::rules::RulesFile;

    use super::*;
    use crate::limits::RECORDING_BEFORE;

    const RULES: &str = "- rule: Shell\n  desc: a shell\n  condition: evt.type = execve and container.name = web\n  output: \"%proc.cmdline in %container.name (%proc.aname[1])\"\n  priority: NOTICE\n";

    fn event(number: u32, kind: EventKind) -> Event {
        let process = ProcessId { pid: number, start_ns: u64::from(number) };
        let comm = "sh".to_owned();
        let task = Task { process, comm, cgroup_id: 7, ..Task::default() };
        Event { time_ns: u64::from(number), task, kind, truncated: false }
    }

    /// Records what a container does and gives the file.
    fn recorded(folder: &Path, events: u32) -> PathBuf {
        let path = folder.join("node.rec");
        let id = "ab".repeat(32);
        let cgroup = CgroupName { id: 7, hierarchy: 0, path: format!("/docker/{id}") };
        let before = Snapshot { cgroups: vec![cgroup], ..Snapshot::default() };
        let containers = Directory::default();
        let mut state = State::begin(before.clone(), containers.clone());
        containers.write(|all| all.learn(&id, |container| container.name = "web".to_owned()));
        let mut recorder = Recorder::create(&path, &before, &containers).unwrap();
        let engine = Engine::load(&[]);
        for number in 1..=events {
            let arguments = vec!["sh".to_owned(), number.to_string()];
            let exec = EventKind::Exec(Box::new(Exec { arguments, ..Exec::default() }));
            let mut write = |seen: &Seen<'_>| recorder.write(seen).unwrap();
            state.take(event(number, exec), &Announced::default(), &engine, &mut write);
        }
        assert_eq!(recorder.finish().unwrap(), u64::from(events));
        path
    }

    #[test]
    fn a_replay_says_what_the_watch_would_have_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path(), 3);
        let engine = Engine::load(&[RulesFile { name: "t", text: RULES }]);
        let mut said = Vec::new();
        let sink = |seen: &Seen<'_>| {
            said.extend(seen.detections.iter().map(|detection| detection.output.clone()));
        };
        let replayed = replay(&path, &engine, sink).unwrap();
        assert_eq!(replayed, Replayed { events: 3, cut: None });
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].starts_with("sh 1 in web"), "{said:?}");
        let before = Snapshot::default();
        let again = Recorder::create(&path, &before, &Directory::default());
        assert!(again.is_err(), "a recording was written over");
    }

    /// A few bytes of a file are many of memory: what no host has is not read to its end.
    #[test]
    fn a_recording_of_more_than_a_host_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.rec");
        for list in ["processes", "cgroups"] {
            let entry = r#"{"id":{"pid":1,"start_ns":1},"hierarchy":0,"path":""},"#;
            let entry = if list == "cgroups" {
                entry.replace(r#"{"pid":1,"start_ns":1}"#, "1")
            } else {
                entry.to_owned()
            };
            let entries = entry.repeat(RECORDING_BEFORE + 1);
            let snapshot = format!(r#"{{"{list}":[{}]}}"#, entries.trim_end_matches(','));
            let line = format!(r#"{{"before":{{"format":"{FORMAT}","snapshot":{snapshot}}}}}"#);
            let bytes = zstd::bulk::compress(format!("{line}\n").as_bytes(), 1).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let error = replay(&path, &Engine::load(&[]), |_| {}).unwrap_err().to_string();
            assert!(error.contains("more than 65536"), "{error}");
        }
    }

    #[test]
    fn a_recording_that_is_cut_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path(), 5000);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - bytes.len() / 3]).unwrap();
        let replayed = replay(&path, &Engine::load(&[]), |_| {}).unwrap();
        assert!((1..5000).contains(&replayed.events) && replayed.cut.is_some(), "{replayed:?}");
        std::fs::write(&path, b"not a recording").unwrap();
        let error = replay(&path, &Engine::load(&[]), |_| {}).unwrap_err().to_string();
        assert!(error.contains("node.rec") && !error.contains('\n'), "{error}");
    }
}
