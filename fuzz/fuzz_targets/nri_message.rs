//! What containerd sends to its NRI plugin: frames, ttrpc's messages, protobuf.
#![no_main]

use agent::nri::read_nri_message;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((questions, containers)) = read_nri_message(data) else { return };
    assert!(containers <= questions);
    // More bytes never take away a question that was read.
    let (first, _) = data.split_at(data.len() / 2);
    if let Some((before, _)) = read_nri_message(first) {
        assert!(before <= questions);
    }
});
