//! The purl specification's own cases: parse, build and roundtrip.
#![allow(clippy::unwrap_used)] // a test may

use std::path::PathBuf;

use lazaret_model::{Purl, PurlParts};
use serde_json::Value;

/// Cases that contradict the specification's own rule, and its Maven cases, that a reader lowers
/// the keys of qualifiers: here reading `Platform=` and `Arch=` is said to fail.
const CONTRADICTING: [&str; 2] = [
    "pkg:gem/jruby-launcher@1.1.2?Platform=java",
    "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25",
];

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LAZARET_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn parts_from(value: &Value) -> PurlParts {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    PurlParts {
        purl_type: text("type").unwrap_or_default(),
        namespace: text("namespace"),
        name: text("name").unwrap_or_default(),
        version: text("version"),
        qualifiers: value["qualifiers"].as_object().map_or_else(Default::default, |map| {
            map.iter()
                .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
                .collect()
        }),
        subpath: text("subpath"),
    }
}

fn passes(case: &Value) -> bool {
    let input = &case["input"];
    let output = &case["expected_output"];
    let fails = case["expected_failure"] == true;
    match case["test_type"].as_str().unwrap() {
        "parse" => match PurlParts::read(input.as_str().unwrap()) {
            Ok(parts) => !fails && parts == parts_from(output),
            Err(_) => fails,
        },
        "build" => match parts_from(input).build() {
            Ok(purl) => !fails && output == purl.as_str(),
            Err(_) => fails,
        },
        _ => match input.as_str().unwrap().parse::<Purl>() {
            Ok(purl) => !fails && output == purl.as_str(),
            Err(_) => fails,
        },
    }
}

#[test]
fn specification_cases() {
    let Some(root) = shared("fixtures/purl/tests") else { return };
    let folders = [root.join("spec"), root.join("types")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let (mut count, mut passed, mut failed) = (0, 0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let cases: Value = serde_json::from_str(&text).unwrap();
        for case in cases["tests"].as_array().unwrap() {
            count += 1;
            let input = case["input"].as_str().unwrap_or_default();
            let contradicts = CONTRADICTING.contains(&input) && case["expected_failure"] == true;
            match passes(case) {
                true => passed += 1,
                false if contradicts => {}
                false => failed.push(case.to_string()),
            }
        }
    }
    println!("{passed} of {count} cases pass, {} contradict the specification", count - passed);
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(count - passed, CONTRADICTING.len());
}
