//! Both forms of the ignore file, and their diagnostics.

use super::*;

#[test]
fn reads_the_yaml_form() {
    let text = "\
# accepted risks
- id: CVE-2026-0001
  package: pkg:npm/left-pad
  paths: [app/**]
  owner: ann@example.org
  reason: only in the build stage
  expires: 2026-12-31
- id: GHSA-aaaa-bbbb-cccc
  owner: bob
  reason: not reachable
";
    let exceptions = parse_ignore_file(".lazaretignore.yaml", text).unwrap();
    assert_eq!(exceptions.len(), 2);
    assert_eq!(
        exceptions[0],
        Exception {
            id: "CVE-2026-0001".into(),
            package: "pkg:npm/left-pad".into(),
            paths: vec!["app/**".into()],
            owner: "ann@example.org".into(),
            reason: "only in the build stage".into(),
            expires: Some("2026-12-31".into()),
            ..Exception::default()
        }
    );
    for empty in ["", "\n\n", "# nothing\n", "\u{feff}"] {
        assert_eq!(parse_ignore_file("x", empty), Ok(Vec::new()));
    }
}

#[test]
fn reads_plain_lines() {
    let text = "\
# not reachable,
# says Ann
CVE-2026-0001
CVE-2026-0002 exp:2026-12-31

GHSA-aaaa-bbbb-cccc   # in the tests only
CVE-2026-0003
";
    let exceptions = parse_ignore_file(".trivyignore", text).unwrap();
    let found: Vec<(&str, &str, Option<&str>)> = exceptions
        .iter()
        .map(|e| (e.id.as_str(), e.reason.as_str(), e.expires.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("CVE-2026-0001", "not reachable, says Ann", None),
            ("CVE-2026-0002", "not reachable, says Ann", Some("2026-12-31")),
            ("GHSA-aaaa-bbbb-cccc", "in the tests only", None),
            ("CVE-2026-0003", "none given", None),
        ]
    );
    assert!(exceptions.iter().all(|exception| exception.owner == ".trivyignore"));
}

#[test]
fn points_at_mistakes() {
    let cases = [
        ("plain_day", "CVE-1\nCVE-2 exp:2026-02-30\n"),
        ("plain_word", "CVE-1 until friday\n"),
        ("no_owner", "- id: CVE-1\n  reason: because\n"),
        ("empty_reason", "- id: CVE-1\n  owner: ann\n  reason: \"\"\n"),
        ("bad_day", "- {id: CVE-1, owner: ann, reason: x, expires: tomorrow}\n"),
        ("bad_purl", "- id: CVE-1\n  owner: ann\n  reason: x\n  package: left-pad\n"),
        ("unknown_key", "- id: CVE-1\n  owner: ann\n  reason: x\n  expiry: 2026-01-01\n"),
    ];
    for (name, text) in cases {
        let error = parse_ignore_file("ignore", text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}
