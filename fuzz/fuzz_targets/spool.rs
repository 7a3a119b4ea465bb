//! A file of a spool: what a destination could not be told and is told later.
#![no_main]

use agent::outputs::{read_spool, write_spool};
use lazaret_fuzz::files::{folder, put};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    put("left/000000000001.jsonl", text);
    let (entries, unreadable) = read_spool(&folder().join("left")).expect("it is there");
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(entries.len() + unreadable as usize, lines, "each line is told or counted");
    // What was read is kept and read again as it is.
    let kept = folder().join("kept");
    assert_eq!(write_spool(&kept, &entries).expect("a folder"), 0);
    assert_eq!(read_spool(&kept).expect("it was just written"), (entries, 0));
});
