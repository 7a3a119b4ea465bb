//! Lists of known digests, ours and those of other programs; print, then read, is the same.
#![no_main]

use malware::KnownDigests;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok((list, rejected)) = KnownDigests::read(input) else { return };
    assert!(rejected.iter().all(|line| !line.to_string().contains(char::is_control)));
    let text = list.to_text();
    let read = KnownDigests::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read, (list.clone(), Vec::new()), "{text:?}");
    assert_eq!(list.files().count(), list.len());
});
