//! Reports made of foreign texts, and what no writer may let through.

use model::{
    DatabaseVersion, Digest, Finding, Inventory, Report, ScanSource, SourceKind, Timestamp,
    ToolVersions, Verdict,
};
use scan::report::{Format, GroupBy, Options, explain, write};

use crate::foreign::Foreign;
use crate::texts::Texts;

/// Ends every text of a report made by [`report`]. Escaped for HTML it loses its first character.
pub const MARK: &str = "<\"'&lzr";

/// A moment for all that needs one.
pub fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A report whose every text is foreign and ends with [`MARK`].
pub fn report(texts: &mut Texts) -> Report {
    let mut foreign = Foreign(texts);
    let inventory = foreign.inventory();
    let mut findings: Vec<Finding> =
        inventory.packages.iter().filter_map(|package| foreign.finding(package)).collect();
    let kinds = foreign.contents();
    findings.extend(kinds.into_iter().map(|kind| foreign.content_finding(kind)));
    let ignored = findings.iter().step_by(4).map(|finding| foreign.ignored(finding)).collect();
    Report {
        schema: Report::SCHEMA.to_owned(),
        source: ScanSource {
            kind: SourceKind::Registry,
            name: foreign.text(),
            image_id: Some(digest(1)),
            manifest_digest: Some(digest(2)),
            layer_digests: vec![digest(3)],
            scanned_at: now(),
        },
        image: foreign.image(),
        coverage: foreign.coverage(),
        trust: foreign.trust(),
        verdict: foreign.verdict(&findings),
        skipped: foreign.skipped(),
        stale_exceptions: vec![foreign.text()],
        inventory,
        findings,
        ignored,
        tool: ToolVersions {
            lazaret: "0.0.0".into(),
            database: Some(DatabaseVersion { digest: digest(4), built: now() }),
            looked_for: Vec::new(),
            malware: vec![foreign.text()],
            policy: foreign.text(),
        },
    }
}

/// A report of an inventory, with nothing said of it.
pub fn of_inventory(inventory: Inventory) -> Report {
    let mut report = report(&mut Texts::new(b"x"));
    report.findings.clear();
    report.ignored.clear();
    report.verdict = Verdict::default();
    report.inventory = inventory;
    report
}

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

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::sha256(&[byte; 32])
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
