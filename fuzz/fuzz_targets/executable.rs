//! ELF, PE and Mach-O: Go build information, cargo-auditable, version strings.
#![no_main]

use lazaret_fuzz::{analyzers, names};

libfuzzer_sys::fuzz_target!(|input: &[u8]| analyzers::analyze(names::EXECUTABLE, input));
