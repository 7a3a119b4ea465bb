//! The built-in policy, and what a policy is known by.

use super::*;

#[test]
fn the_built_in_policy_reads() {
    let policy = Policy::built_in().unwrap();
    let named = |decision| {
        let rules = policy.rules.iter().filter(move |rule| rule.decision == decision);
        rules.map(|rule| rule.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        named(Decision::Deny),
        [
            "malicious-package",
            "malware",
            "known-exploited",
            "critical-with-fix",
            "never-again",
            "backdoored-package",
            "untrusted",
            "privileged",
            "host-takeover-mount",
            "host-takeover-capability",
            "host-namespace",
            "raw-device",
            "root",
            "no-limits"
        ]
    );
    assert_eq!(named(Decision::Warn).len(), 12);
    assert!(policy.exceptions.is_empty());
}

#[test]
fn what_is_added_changes_the_digest() {
    let mut policy = Policy::built_in().unwrap();
    let before = policy.digest();
    policy.add_exceptions([]);
    assert_eq!(policy.digest(), before);
    policy.add_exceptions([Exception { id: "CVE-1".into(), ..Exception::default() }]);
    assert_ne!(policy.digest(), before);
}
