//! Texts and programs through the rules for secrets.
#![no_main]

use lazaret_fuzz::{names, secrets};

libfuzzer_sys::fuzz_target!(|input: &[u8]| secrets::look(names::SECRET, input));
