//! Databases of dpkg, opkg and chisel.
#![no_main]

use lazaret_fuzz::{analyzers, names};

libfuzzer_sys::fuzz_target!(|input: &[u8]| analyzers::analyze(names::DPKG, input));
