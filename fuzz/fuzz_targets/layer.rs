//! A layer: decompression, the tar within limits, content at random access.
#![no_main]

use image::fuzzing::{stored_layer, streamed_layer};
use lazaret_fuzz::archive::{Dribble, is_plain_tar, limits, mended, walk};
use lazaret_fuzz::files::file;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (bytes, limits) = (mended(input), limits());
    let reader = Box::new(Dribble::new(&bytes));
    let (seen, outcome) = walk(&mut streamed_layer(reader, &limits), &limits);
    if !is_plain_tar(&bytes) {
        return;
    }
    let Ok((file, _)) = file(&bytes) else { return };
    let mut stored = stored_layer(file, bytes.len() as u64, &limits);
    let (also_seen, other) = walk(&mut stored, &limits);
    assert_eq!(seen, also_seen, "as a stream and in a file");
    assert_eq!(format!("{outcome:?}"), format!("{other:?}"), "as a stream and in a file");
});
