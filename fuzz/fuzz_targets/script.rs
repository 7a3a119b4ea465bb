//! Scripts through the lexer and both classifiers.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lazaret_fuzz::malicious::classify(input));
