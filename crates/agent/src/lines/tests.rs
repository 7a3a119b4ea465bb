//! Reads in, lines out.

use model::Task;
use model::TerminalMode::{Hidden, Keys};

use super::*;

const COOKED: TerminalMode = TerminalMode::Lines;

fn read(pid: u32, mode: TerminalMode, bytes: &[u8]) -> Event {
    let process = ProcessId { pid, start_ns: 1 };
    let task = Task { process, session: 7, comm: "sh".to_owned(), ..Task::default() };
    let (tty, read_bytes) = (136 << 20, bytes.len() as u32);
    let input = TerminalInput { tty, fd: 0, mode, read_bytes, bytes: bytes.to_vec() };
    let kind = EventKind::TerminalInput(Box::new(input));
    Event { time_ns: 5, task, kind, truncated: false }
}

/// Each key in a read of its own, then all in one: the lines are the same.
#[track_caller]
fn keys(typed: &str, expected: &[(&str, bool)]) {
    let told = |lines: Vec<Line>| -> Vec<(String, bool)> {
        lines.into_iter().map(|line| (line.text, line.exact)).collect()
    };
    let expected: Vec<_> =
        expected.iter().map(|(text, exact)| ((*text).to_owned(), *exact)).collect();
    let mut lines = Lines::default();
    let single = typed.bytes().flat_map(|byte| lines.take(&read(1, Keys, &[byte]))).collect();
    assert_eq!(told(single), expected, "{typed:?} key by key");
    let whole = Lines::default().take(&read(1, Keys, typed.as_bytes()));
    assert_eq!(told(whole), expected, "{typed:?} at once");
}

#[test]
fn keys_make_lines() {
    keys("ls -l\r", &[("ls -l", true)]);
    keys("lz\x7fs\r", &[("ls", true)]);
    keys("\x7f\x08ls\r", &[("ls", true)]);
    keys("rm -rf /\x15id\r", &[("id", true)]);
    keys("cat /etc/shadow\x17/etc/hosts\r", &[("cat /etc/hosts", true)]);
    keys("one  \x17two\r", &[("two", true)]);
    keys("not this\x03this\r", &[("this", true)]);
    keys("a\rb\r\r", &[("a", true), ("b", true), ("", true)]);
    keys("grün\x7f\x7fau\r", &[("grau", true)]);
    keys("日本\x7f語\r", &[("日語", true)]);
}

#[test]
fn the_cursor_moves() {
    keys("ho\x1b[D\x1b[Dec\x1b[C\x1b[C x\r", &[("echo x", true)]);
    keys("cho\x01e\x05 x\r", &[("echo x", true)]);
    keys("xecho\x1b[H\x1b[3~\r", &[("echo", true)]);
    keys("one two\x1bb\x0b\x01\x19 \r", &[("two one ", true)]);
    keys("aa bb cc\x1b[1;5D\x1b[1;5DX\x1b[1;5CY\r", &[("aa XbbY cc", true)]);
    keys("one.two\x1b\x7fthree\r", &[("one.three", true)]);
    keys("sl\x14 -l\r", &[("ls -l", true)]);
    keys("\x1b[24;80Rls\r", &[("ls", true)]);
}

#[test]
fn what_the_shell_adds_is_said_to_be_unsure() {
    keys("ls /etc/pas\t\r", &[("ls /etc/pas", false)]);
    keys("id\r\x1b[A -u\r", &[("id", true), ("id -u", false)]);
    keys("a\rb\r\x10\x10\x0e\r", &[("a", true), ("b", true), ("b", false)]);
    keys("\x12pass\r", &[("pass", false)]);
    keys("\x1b[A\x1b[A\x1b[B\r", &[("", false)]);
    // The next line is sure again.
    keys("l\t\rid\r", &[("l", false), ("id", true)]);
}

#[test]
fn a_paste_is_one_line() {
    keys("\x1b[200~a\rb\tc\x1b[201~\r", &[("a\nb\tc", true)]);
    keys("\x16\x03x\r", &[("\x03x", true)]);
}

#[test]
fn lines_of_the_kernel_are_taken_as_they_are() {
    let mut lines = Lines::default();
    let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
    assert_eq!(texts(lines.take(&read(1, COOKED, b"ls\x1b[A\nid\n"))), ["ls\x1b[A", "id"]);
    assert!(lines.take(&read(1, COOKED, b"gr\xc3")).is_empty());
    assert_eq!(texts(lines.take(&read(1, COOKED, b"\xbcn \xff\n"))), ["grün \u{fffd}"]);
    // Of a long one the end was not read.
    let mut long = read(1, COOKED, &[b'x'; 256]);
    let EventKind::TerminalInput(input) = &mut long.kind else { panic!() };
    input.read_bytes = 300;
    let [line] = &lines.take(&long)[..] else { panic!() };
    assert!(line.cut && line.text.len() == 256);
}

#[test]
fn a_password_is_hidden_once() {
    let mut lines = Lines::default();
    assert!(lines.take(&read(1, Keys, b"sudo id")).is_empty());
    assert_eq!(lines.take(&read(1, Keys, b"\r"))[0].text, "sudo id");
    let hidden = lines.take(&read(2, Hidden, b""));
    assert_eq!((hidden[0].text.as_str(), hidden[0].hidden), (HIDDEN, true));
    assert!(lines.take(&read(2, Hidden, b"")).is_empty());
    assert_eq!(lines.take(&read(1, Keys, b"id\r"))[0].text, "id");
    assert_eq!(lines.take(&read(2, Hidden, b"")).len(), 1);
}

#[test]
fn what_another_left_is_not_taken_over() {
    let mut lines = Lines::default();
    assert!(lines.take(&read(1, Keys, b"half")).is_empty());
    assert_eq!(lines.take(&read(2, Keys, b"id\r"))[0].text, "id");
    let mut elsewhere = read(1, Keys, b"x\r");
    elsewhere.task.session = 8;
    assert!(lines.take(&read(2, Keys, b"more")).is_empty());
    assert_eq!(lines.take(&elsewhere)[0].text, "x");
    assert_eq!(lines.take(&read(2, Keys, b"\r"))[0].text, "more");
}

/// Whatever comes, a line stays bounded and nothing breaks.
#[test]
fn any_bytes_do_no_harm() {
    let mut lines = Lines::default();
    let mut state = 1u32;
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
    }
    for chunk in bytes.chunks(255) {
        lines.take(&read(1, Keys, chunk));
        lines.take(&read(1, COOKED, chunk));
    }
    let long =
        lines.take(&read(1, Keys, &[b"\x03".to_vec(), vec![b'x'; 9000], vec![b'\r']].concat()));
    let line = long.last().unwrap();
    assert!(line.cut && line.text.len() == 4096);
}
