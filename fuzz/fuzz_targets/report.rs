//! Reports of foreign texts, in every format.
#![no_main]

use lazaret_fuzz::reports::report;
use lazaret_fuzz::texts::Texts;
use lazaret_fuzz::written::{check_page, check_table, written};
use scan::report::{Format, Options};

/// Formats in JSON.
const JSON: [Format; 4] = [Format::Json, Format::Sarif, Format::CycloneDx, Format::Spdx];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut texts = Texts::new(input);
    let report = report(&mut texts);
    check_table(&report, &mut texts);
    check_page(&report);
    let format = JSON[texts.below(JSON.len())];
    let text = written(format, &report, &Options::default());
    let read = serde_json::from_str::<serde_json::Value>(&text);
    assert!(read.is_ok(), "{format}: {read:?}");
    let json = written(Format::Json, &report, &Options::default());
    assert_eq!(serde_json::from_str(&json).ok(), Some(report.clone()), "JSON reads back");
    written(Format::Junit, &report, &Options::default());
    let purls = written(Format::Purls, &report, &Options::default());
    assert!(purls.lines().all(|line| line.starts_with("pkg:")), "{purls:?}");
});
