//! systemd units.
#![no_main]

use agent::facts::Unit;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let values = Unit::parse(text).list("Socket", "ListenStream").len();
    assert!(Unit::parse(text).list("Socket", "ListenStream").iter().all(|value| !value.is_empty()));
    // Two line ends close what a last line with a backslash leaves open.
    let more = Unit::parse(&format!("{text}\n\n[Socket]\nListenStream=/a\n"));
    if !text.trim_end().ends_with('\\') {
        assert_eq!(more.list("Socket", "ListenStream").len(), values + 1, "one more");
        let none = Unit::parse(&format!("{text}\n\n[Socket]\nListenStream=\n"));
        assert!(none.list("Socket", "ListenStream").is_empty(), "an empty value takes all back");
    }
});
