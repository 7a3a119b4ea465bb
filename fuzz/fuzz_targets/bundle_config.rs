//! `config.json` of bundles, as engines write it for the OCI runtime.
#![no_main]

use agent::attribute::{Bundle, bundle_of, container_of, workload_of};
use model::Container;

const SHARED: [&str; 6] = ["pid", "network", "ipc", "uts", "user", "cgroup"];

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let bundle = match bundle_of(text) {
        Ok(bundle) => bundle,
        Err(why) => return assert!(!why.is_empty()),
    };
    let Bundle { spec, namespaces, cgroups_path, .. } = bundle;
    assert!(spec.env_names.iter().all(|name| !name.contains('=')), "no values: {spec:?}");
    assert!(spec.host_namespaces.iter().all(|name| SHARED.contains(&name.as_str())), "{spec:?}");
    // A namespace that it has of its own is not the host's.
    for (kind, _) in namespaces.iter().filter(|(_, path)| path.is_empty()) {
        assert!(!spec.host_namespaces.contains(kind), "{spec:?}");
    }
    assert!(spec.mounts.iter().all(|mount| mount.kind == "bind"), "{spec:?}");
    if let Some(found) = container_of(&cgroups_path) {
        assert!(found.id.len() == 64 && cgroups_path.contains(&found.id), "{found:?}");
    }
    let workload = workload_of(&Container { spec, ..Container::default() });
    assert!(!workload.is_empty() && !workload.contains(char::is_control), "{workload:?}");
});
