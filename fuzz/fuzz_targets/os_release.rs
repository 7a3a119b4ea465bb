//! Files that tell the distribution.
#![no_main]

use lazaret_fuzz::{analyzers, names};

libfuzzer_sys::fuzz_target!(|input: &[u8]| analyzers::analyze(names::RELEASE, input));
