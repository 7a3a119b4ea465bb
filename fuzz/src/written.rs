//! Reports as they are written, and what no writer may let through.

use model::Report;
use scan::report::{Format, GroupBy, Options, explain, write};

use crate::reports::MARK;
use crate::texts::Texts;

/// Writes a report, which must work.
pub fn written(format: Format, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    let reports = std::slice::from_ref(report);
    write(format, reports, options, &mut out).unwrap_or_else(|error| panic!("{format}: {error}"));
    String::from_utf8(out).unwrap_or_else(|error| panic!("{format}: {error}"))
}

/// The table, at a width and in a colour that the texts choose, and what is known of every finding.
/// Laws: every id is explained; no control character but line ends and the program's own colours;
/// nothing that hides or reorders text.
pub fn check_table(report: &Report, texts: &mut Texts) {
    let width = [None, Some(0), Some(20), Some(80), Some(200)][texts.below(5)];
    let group = [GroupBy::Risk, GroupBy::Layer][texts.below(2)];
    let flags: [bool; 3] = std::array::from_fn(|_| texts.below(2) == 1);
    let [color, ascii, all] = flags;
    let options = Options { width, group, color, ascii, all, ..Options::default() };
    check_terminal(&written(Format::Table, report, &options), color);
    for finding in report.findings.iter().chain(report.ignored.iter().map(|i| &i.finding)) {
        let mut out = Vec::new();
        let said = explain(std::slice::from_ref(report), &finding.id.0, &options, &mut out);
        said.unwrap_or_else(|error| panic!("{finding:?}: {error}"));
        check_terminal(&String::from_utf8_lossy(&out), color);
    }
}

fn check_terminal(text: &str, color: bool) {
    let plain = if color { without_colors(text) } else { text.to_owned() };
    let unsafe_at = plain.chars().find(|&c| c != '\n' && is_unsafe(c));
    assert_eq!(unsafe_at, None, "{plain:?}");
}

/// The page. Laws: no text of the report opens a tag or leaves an attribute; no control character.
pub fn check_page(report: &Report) {
    let page = written(Format::Html, report, &Options::default());
    for raw in [MARK, "<\"", "\"'&lzr", "&lzr"] {
        assert!(!page.contains(raw), "{raw} passed: {page}");
    }
    let control = page.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(control, None, "{page:?}");
}

/// The text without `ESC [ numbers m`.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (color, rest) = part.split_once('m').unwrap_or(("?", part));
        let is_color = color.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
        assert!(is_color, "an escape that is no colour: {text:?}");
        plain.push_str(rest);
    }
    plain
}

/// Control characters, and those that hide or reorder text.
fn is_unsafe(c: char) -> bool {
    let hides = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}');
    c.is_control() || hides || matches!(c, '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}
