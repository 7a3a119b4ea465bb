//! Advisory feeds: one file or archive, of any source.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lazaret_fuzz::feed::read(input));
