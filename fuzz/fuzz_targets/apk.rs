//! Databases of apk and pacman.
#![no_main]

use lazaret_fuzz::{analyzers, names};

libfuzzer_sys::fuzz_target!(|input: &[u8]| analyzers::analyze(names::APK, input));
