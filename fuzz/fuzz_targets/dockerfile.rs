//! Dockerfiles: reading never fails, flaws lie in the file and name rules that are there.
#![no_main]

use std::sync::LazyLock;

use analyze::template::{NoTree, Template, TemplateKind, TemplateScanner, text};

static SCANNER: LazyLock<TemplateScanner> =
    LazyLock::new(|| TemplateScanner::built_in().expect("the rules are in the program"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = text("Dockerfile", input) else { return };
    let template = Template { name: "Dockerfile", kind: TemplateKind::Dockerfile, text: &text };
    let found = SCANNER.scan(&[template], &NoTree);
    let lines = text.lines().count() as u32;
    for flaw in &found.flaws {
        assert!(flaw.place.first_line <= flaw.place.last_line, "{flaw:?}");
        assert!((1..=lines.max(1)).contains(&flaw.place.first_line), "{flaw:?} of {lines}");
        assert!(SCANNER.catalogue().is_enabled(flaw.rule), "{flaw:?}");
    }
});
