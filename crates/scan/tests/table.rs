//! The table, under snapshot and in the hands of the hostile; the filters that it speaks of.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use lazaret_scan::report::{Filter, Format, GroupBy, Options, Origin, write};
use model::{FixState, Report, Severity};

fn text(format: Format, reports: &[Report], options: &Options) -> String {
    let mut out = Vec::new();
    write(format, reports, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn table(reports: &[Report], options: &Options) -> String {
    text(Format::Table, reports, options)
}

fn at(width: usize) -> Options {
    Options { width: Some(width), ..Options::default() }
}

#[test]
fn table_for_a_terminal() {
    insta::assert_snapshot!("table", table(&[fixture::report()], &at(100)));
}

#[test]
fn table_with_everything() {
    let options = Options { all: true, ..at(120) };
    insta::assert_snapshot!("table_all", table(&[fixture::report()], &options));
}

#[test]
fn table_by_layer() {
    let options = Options { group: GroupBy::Layer, ..at(100) };
    insta::assert_snapshot!("table_layers", table(&[fixture::report()], &options));
}

#[test]
fn table_on_a_narrow_ascii_terminal() {
    let options = Options { ascii: true, ..at(44) };
    let table = table(&[fixture::report()], &options);
    assert!(table.is_ascii());
    assert!(table.lines().all(|line| line.len() <= 44), "{table}");
    insta::assert_snapshot!("table_narrow", table);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in 24..140 {
        for (ascii, all) in [(false, false), (true, true)] {
            let options = Options { ascii, all, ..at(columns) };
            for line in table(&[fixture::report(), fixture::end_of_life()], &options).lines() {
                let wide = unicode_width::UnicodeWidthStr::width(line);
                assert!(wide <= columns, "{wide} of {columns}: {line}");
            }
        }
    }
}

#[test]
fn table_in_colour_says_the_same() {
    let plain = table(&[fixture::report()], &at(100));
    let colored = table(&[fixture::report()], &Options { color: true, ..at(100) });
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
    assert!(colored.contains("\x1b[1m\x1b[31mcritical"), "{colored:?}");
}

#[test]
fn table_of_several_images() {
    let reports = [fixture::clean(), fixture::end_of_life()];
    insta::assert_snapshot!("table_several", table(&reports, &at(100)));
}

#[test]
fn silence_is_clean_only_when_everything_is_covered() {
    let says_clean = |report: Report| {
        table(std::slice::from_ref(&report), &at(100)).contains("No known vulnerability")
    };
    assert!(says_clean(fixture::clean()));
    assert!(!says_clean(fixture::end_of_life()));
    let mut no_database = fixture::clean();
    no_database.tool.database = None;
    assert!(!says_clean(no_database));
    let mut nothing_found = fixture::clean();
    nothing_found.inventory.packages.clear();
    assert!(!says_clean(nothing_found));
    let mut unknown_reach = fixture::clean();
    unknown_reach.coverage.clear();
    assert!(!says_clean(unknown_reach));
    let mut unread = fixture::clean();
    unread.skipped = fixture::report().skipped;
    assert!(!says_clean(unread));
    let mut hidden = fixture::report();
    hidden.findings.truncate(1);
    let filter = Filter { severities: vec![Severity::Low], ..Filter::default() };
    let table = table(&[hidden], &Options { filter, ..at(100) });
    assert!(!table.contains("No known") && table.contains("1 finding is not shown"), "{table}");
}

#[test]
fn no_foreign_text_reaches_a_terminal_raw() {
    let all = Options { all: true, ..Options::default() };
    for format in [Format::Table, Format::Junit, Format::Html] {
        let text = text(format, &[fixture::report()], &all);
        let controls: Vec<char> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert!(controls.is_empty(), "{format}: {controls:?}");
        assert!(!text.contains('\u{202e}'), "{format}");
    }
}

#[test]
fn very_long_texts_are_cut() {
    let mut report = fixture::report();
    for finding in &mut report.findings {
        let model::FindingKind::Vulnerability(v) = &mut finding.kind else { continue };
        v.summary = "long ".repeat(100_000);
        v.path = "x/".repeat(100_000);
    }
    let all = Options { all: true, ..at(100) };
    let table = table(&[report], &all);
    assert!(table.len() < 100_000, "{}", table.len());
}

#[test]
fn filters_hide_and_count() {
    let report = fixture::report();
    let shown = |filter: Filter| {
        let (shown, hidden) = filter.apply(&report.findings);
        assert_eq!(shown.len() + hidden, report.findings.len());
        shown.len()
    };
    let all = report.findings.len();
    assert_eq!(shown(Filter::default()), all);
    let count = |test: &dyn Fn(&model::Finding) -> bool| {
        report.findings.iter().filter(|finding| test(finding)).count()
    };
    let high = Filter { min_severity: Some(Severity::High), ..Filter::default() };
    assert_eq!(shown(high), count(&|f| f.severity >= Severity::High));
    let two = Filter { severities: vec![Severity::Low, Severity::Medium], ..Filter::default() };
    assert_eq!(shown(two), count(&|f| matches!(f.severity, Severity::Low | Severity::Medium)));
    let own = Filter { origin: Origin::Own, ..Filter::default() };
    let base = Filter { origin: Origin::Base, ..Filter::default() };
    assert_eq!(shown(own) + shown(base), all);
    let exploited = Filter { only_exploited: true, ..Filter::default() };
    assert_eq!(shown(exploited), 2);
    let open = Filter { hide_states: vec![FixState::WillNotFix], ..Filter::default() };
    assert_eq!(shown(open), all - 1);
    let fixed = Filter { only_fixed: true, ..Filter::default() };
    let fixable = |f: &model::Finding| f.vulnerability().unwrap().fixed_version.is_some();
    assert_eq!(shown(fixed), count(&fixable) + 1, "a malicious package counts as repairable");
}
