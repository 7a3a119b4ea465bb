//! Databases of rpm: Berkeley DB, ndb, SQLite, text.
#![no_main]

use lazaret_fuzz::{analyzers, names};

libfuzzer_sys::fuzz_target!(|input: &[u8]| analyzers::analyze(names::RPM, input));
