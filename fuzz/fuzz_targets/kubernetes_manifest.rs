//! Kubernetes manifests against the rules, and their pods against the Pod Security Standards.
#![no_main]

use std::sync::LazyLock;

use analyze::template::{NoTree, Template, TemplateKind, TemplateScanner, text};

static SCANNER: LazyLock<TemplateScanner> =
    LazyLock::new(|| TemplateScanner::built_in().expect("the rules are in the program"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = text("a.yaml", input) else { return };
    let template = Template { name: "a.yaml", kind: TemplateKind::Kubernetes, text: &text };
    let found = SCANNER.scan(&[template], &NoTree);
    let lines = text.lines().count() as u32 + 1;
    for flaw in &found.flaws {
        let (first, last) = (flaw.place.first_line, flaw.place.last_line);
        assert!(first >= 1 && first <= last && last <= lines, "{flaw:?} of {lines} lines");
        assert!(SCANNER.catalogue().rule(flaw.rule).is_some(), "{flaw:?}");
        assert!(!flaw.message.is_empty(), "{flaw:?}");
    }
    assert!(found.skipped.iter().all(|skip| !skip.detail.is_empty()), "{:?}", found.skipped);
});
