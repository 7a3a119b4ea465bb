//! Signatures of images in every form, and the keys that they are checked with.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lazaret_fuzz::signatures::check(input));
