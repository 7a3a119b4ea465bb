//! Private keys, key stores and certificates in every form.
#![no_main]

use lazaret_fuzz::{names, secrets};

libfuzzer_sys::fuzz_target!(|input: &[u8]| secrets::look(names::KEY, input));
