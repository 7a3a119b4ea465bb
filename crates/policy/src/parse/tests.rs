//! Diagnostics of policy files, as the user sees them.

use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn points_at_mistakes() {
    let rule = |body: &str| format!("rules:\n  - name: it\n    decision: deny\n    {body}\n");
    let cases = [
        ("not_yaml", "rules: [\n".to_owned()),
        ("empty", String::new()),
        ("not_a_mapping", "- a\n".to_owned()),
        ("version", "version: 2\nrules: []\n".to_owned()),
        ("unknown_key", "ruels: []\n".to_owned()),
        ("twice", "rules: []\nrules: []\n".to_owned()),
        ("no_name", "rules:\n  - decision: deny\n    malicious: true\n".to_owned()),
        ("decision", "rules:\n  - {name: a, decision: allow, malicious: true}\n".to_owned()),
        (
            "same_name",
            "rules:\n  - {name: a, decision: deny, malicious: true}\n  \
             - {name: a, decision: warn, malicious: true}\n"
                .to_owned(),
        ),
        ("no_condition", "rules:\n  - name: a\n    decision: deny\n".to_owned()),
        ("two_conditions", rule("malicious: true\n    cve: {ids: [CVE-1]}")),
        ("severity", rule("vulnerability:\n      severity: hgih")),
        ("epss", rule("vulnerability: {epss_above: 50}")),
        ("epss_text", rule("vulnerability: {epss_above: much}")),
        ("days", rule("vulnerability: {older_than_days: -3}")),
        ("only_fixed", rule("vulnerability: {only_fixed: yess}")),
        ("list", rule("cve: {ids: CVE-1}")),
        ("vulnerability_key", rule("vulnerability: {sevrity: high}")),
        ("malicious_false", rule("malicious: false")),
        ("no_ids", rule("cve: {ids: []}")),
        ("purl", rule("package: {purls: [left-pad]}")),
        ("state", rule("coverage: {states: [no_feed, eol]}")),
        ("reason", rule("skipped: {reasons: [broken]}")),
        ("band", rule("malware: {band: clean}")),
        ("method", rule("malware: {methods: [yara, guessing]}")),
        ("category", rule("secret: {categories: [private_key, diary]}")),
        ("confidence", rule("secret: {confidence: high}")),
        ("history_severity", rule("history: {severity: bad}")),
        ("untrusted", rule("untrusted: false")),
        ("mode", "mode: blok\nrules: []\n".to_owned()),
        ("rule_mode", rule("mode: deny\n    malicious: true")),
        ("on_missing", "on_missing: scan\nrules: []\n".to_owned()),
        ("on_missing_key", "on_missing: {scan: {}}\nrules: []\n".to_owned()),
        ("deadline", "on_missing: {scan_now: {deadline: 2h}}\nrules: []\n".to_owned()),
        ("scope", rule("scope: {}\n    malicious: true")),
        ("scope_list", rule("scope: {namespace: []}\n    malicious: true")),
        ("scope_key", rule("scope: {namespaces: [a]}\n    malicious: true")),
        ("exclude", rule("scope: {exclude: {namespace: a}}\n    malicious: true")),
        ("root", rule("root: false")),
        ("root_key", rule("root: {groups: true}")),
        ("bands", rule("malware: {band: malicious, bands: [suspicious]}")),
        ("versions", rule("package: {purls: ['pkg:npm/a'], versions: '^1.2'}")),
        ("versions_order", rule("package: {purls: ['pkg:npm/a'], versions: '<x.y'}")),
        ("versions_twice", rule("package: {purls: ['pkg:npm/a@1'], versions: '<2'}")),
        ("workload", rule("workload: {}")),
        ("namespace", rule("workload: {host_namespaces: [net]}")),
        ("capability", rule("workload: {capabilities: [CAP_EVERYTHING]}")),
        ("mount", rule("workload: {mounts: {paths: [etc]}}")),
        ("macro", "macros:\n  - {macro: m, condition: a and}\nrules: []\n".to_owned()),
        (
            "exception_rule",
            "rules:\n  - {name: a, decision: deny, malicious: true}\nexceptions:\n  \
             - {rule: b, owner: o, reason: r}\n"
                .to_owned(),
        ),
        ("exception_of_nothing", "rules: []\nexceptions:\n  - {owner: o, reason: r}\n".to_owned()),
        (
            "glob",
            "rules: []\nexceptions:\n  - {id: a, owner: b, reason: c, paths: [\"\"]}\n".to_owned(),
        ),
    ];
    for (name, text) in cases {
        let error = Policy::parse("policy.yaml", &text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}

#[test]
fn bounds_what_it_reads() {
    let long = format!("#{}", "x".repeat(crate::limits::POLICY_MAX_BYTES));
    assert!(Policy::parse("policy.yaml", &long).is_err());
    let deep = format!("rules: {}", "[".repeat(10_000));
    assert!(Policy::parse("policy.yaml", &deep).is_err());
}

#[test]
fn keeps_the_text() {
    let text = "version: 1\nrules:\n  - {name: a, decision: warn, vulnerability: {kev: true}}\n\
                exceptions:\n  - {id: CVE-1, owner: ann, reason: x}\n";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    assert_eq!(policy.text, text);
    assert_eq!((policy.rules.len(), policy.exceptions.len()), (1, 1));
}
