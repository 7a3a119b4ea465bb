//! The audit log's active segment: the bytes as they are, and cut at line ends into rows whose chain
//! is whole, so that rows are read rather than refused.
#![no_main]

use lazaret_fuzz::audit::{chained, check_record};
use store::audit::active_records;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for bytes in [input.to_vec(), chained(input)] {
        let Ok(read) = active_records(&bytes) else { continue };
        assert!(read.records.len() * 36 <= bytes.len(), "a record takes room");
        read.records.iter().for_each(|(_, record)| check_record(record));
    }
});
