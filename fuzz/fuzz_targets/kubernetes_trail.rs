//! Entries of the Kubernetes audit log; and two states of a pod, divided by `ff`.
#![no_main]

use agent::lifecycle::{read_audit_entry, read_pod_change};
use lazaret_fuzz::audit::check_record;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((record, told, exec)) = read_audit_entry(input) {
        check_record(&record);
        if let Some(exec) = exec {
            assert!(told, "who runs something in a pod is told: {record:?}");
            assert_eq!((&exec.user, exec.time_ns), (&record.initiator.user, record.time_ns));
        }
    }
    let mut parts = input.splitn(2, |&byte| byte == 0xff);
    let (Some(old), Some(new)) = (parts.next(), parts.next()) else { return };
    read_pod_change(old, new).iter().flatten().for_each(check_record);
    let same = read_pod_change(new, new).unwrap_or_default();
    // Containers of one name have several states at once.
    let of_container = |action: &str| action.starts_with("container_");
    assert!(same.iter().all(|record| of_container(&record.action)), "nothing changed: {same:?}");
});
