//! Audit rules of a host, in the form of auditctl.
#![no_main]

use std::path::Path;

use agent::facts::AuditRules;

const PATHS: [&str; 5] = ["/", "/etc/docker", "/etc/docker/daemon.json", "/usr/bin/dockerd", "/a"];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let covers = |text: &str| {
        let rules = AuditRules::parse("input", text);
        PATHS.map(|path| rules.covers(Path::new(path)))
    };
    let before = covers(text);
    assert_eq!(covers(&format!("{text}\n-D\n")), [false; 5], "what is deleted covers nothing");
    // A watch on everything covers all that nothing in front of it takes out.
    let after = covers(&format!("{text}\n-e 1\n-w / -p wa\n"));
    let switched_on = covers(&format!("{text}\n-e 1\n"));
    for (one, more) in switched_on.iter().zip(after) {
        assert!(!one || more, "another watch uncovers nothing");
    }
    let off = covers(&format!("{text}\n-e 0\n"));
    assert!(off.iter().all(|covered| !covered), "{before:?}");
});
