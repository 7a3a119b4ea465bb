//! Compose files with the files that they include or extend: texts divided by the byte ff are
//! `compose.yaml`, `base.yaml` and `.env`.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use analyze::template::{Template, TemplateKind, TemplateScanner};
use lazaret_fuzz::texts::texts;

const NAMES: [&str; 3] = ["compose.yaml", "base.yaml", ".env"];

static SCANNER: LazyLock<TemplateScanner> =
    LazyLock::new(|| TemplateScanner::built_in().expect("the rules are in the program"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let texts = texts(input).into_iter().map(|text| text.into_owned());
    let tree: BTreeMap<String, String> =
        NAMES.iter().map(|name| (*name).to_owned()).zip(texts).collect();
    let Some(text) = tree.get("compose.yaml") else { return };
    let template = Template { name: "compose.yaml", kind: TemplateKind::Compose, text };
    let found = SCANNER.scan(&[template], &tree);
    for flaw in &found.flaws {
        assert!(flaw.place.first_line >= 1, "{flaw:?}");
        assert!(flaw.place.first_line <= flaw.place.last_line, "{flaw:?}");
        let text = tree.get(&flaw.place.file).expect("flaws lie in files that are there");
        assert!(flaw.place.first_line <= text.lines().count() as u32 + 1, "{flaw:?}");
        assert!(SCANNER.catalogue().is_enabled(flaw.rule), "{flaw:?}");
    }
});
