//! What is typed at a terminal: a byte for how it is read, then the keys.
#![no_main]

use agent::lines::Lines;
use model::{Event, EventKind, Task, TerminalInput, TerminalMode};

/// Characters of a line that are kept.
const LINE_CHARS: usize = 4096;

/// What a line says: its text, whether it is exact, whether a part is missing.
type Said = (String, bool, bool);

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((mode, keys)) = input.split_first() else { return };
    let mode = if mode % 2 == 0 { TerminalMode::Keys } else { TerminalMode::Lines };
    let whole = said(mode, [keys]);
    assert_eq!(whole, said(mode, keys.chunks(1)), "lines do not depend on how they are read");
    // Whatever was begun, these keys end it: a sequence of keys takes in the first of them.
    let mut again = keys.to_vec();
    again.extend(b"\n\x1b[201~\x1b[201~\nid\n");
    let more = said(mode, [again.as_slice()]);
    assert!(more.len() > whole.len() && more.starts_with(&whole), "{more:?}");
    for (text, ..) in &whole {
        assert!(text.chars().count() <= LINE_CHARS, "{text}");
        assert!(mode == TerminalMode::Keys || !text.contains('\n'), "{text:?}");
    }
});

fn said<'a>(mode: TerminalMode, reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Said> {
    let mut lines = Lines::default();
    let read = |bytes: &[u8]| {
        let read_bytes = bytes.len() as u32;
        let input = TerminalInput { mode, read_bytes, bytes: bytes.to_vec(), ..Default::default() };
        let kind = EventKind::TerminalInput(Box::new(input));
        lines.take(&Event { time_ns: 1, task: Task::default(), kind, truncated: false })
    };
    let lines: Vec<_> = reads.into_iter().flat_map(read).collect();
    lines.into_iter().map(|line| (line.text, line.exact, line.cut)).collect()
}
