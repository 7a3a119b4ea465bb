//! Events of the engines: a line of Docker's, or a message of containerd's.
#![no_main]

use agent::lifecycle::{read_containerd_event, read_docker_event};
use lazaret_fuzz::audit::check_record;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for record in [read_docker_event(input), read_containerd_event(input)].into_iter().flatten() {
        check_record(&record);
        assert!(record.initiator.user.is_empty(), "an engine does not say who: {record:?}");
    }
});
