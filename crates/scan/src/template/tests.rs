//! Trees of templates to reports.

use std::fs;
use std::path::Path;

use model::{Decision, IgnoredBy, Look, Reason, SourceKind, Verdict};
use policy::Policy;

use super::*;
use crate::vex::Vex;

/// A folder with these files.
fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn report(path: &Path, stored: &StoredReport<'_>) -> Report {
    let scanner = TemplateScanner::built_in().unwrap();
    let secrets = Some(SecretScanner::built_in().unwrap());
    let inspector = TemplateInspector { scanner: &scanner, secrets };
    let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    let inspection = inspector.inspect(path, "here", now).unwrap();
    let policy = Policy::parse(
        "policy.yaml",
        "version: 1\nrules:\n  - name: weak\n    decision: deny\n    misconfiguration: {severity: high}\n  - name: root\n    decision: deny\n    root: true\n",
    )
    .unwrap();
    let vex = Vex::default();
    let judge = Judge {
        database: None,
        policy: &policy,
        trust: None,
        exceptions: &[],
        vex: &vex,
        tool_version: "0",
        now,
    };
    judge.template_report(inspection, &scanner, stored)
}

fn rules(report: &Report) -> Vec<String> {
    let flaws = report.findings.iter().filter_map(|finding| finding.misconfiguration());
    flaws
        .map(|flaw| format!("{} {}:{}", flaw.rule, flaw.place.file, flaw.place.first_line))
        .collect()
}

#[test]
fn a_tree_is_walked_classified_and_judged() {
    let folder = tree(&[
        ("Dockerfile", b"FROM a:1\nUSER 1\nHEALTHCHECK NONE\nRUN sudo x\n"),
        ("deploy/compose.yaml", b"services:\n  a:\n    image: x:1\n    privileged: true\n"),
        ("node_modules/x/Dockerfile", b"FROM a\nRUN sudo x\n"),
        ("bad/Dockerfile", b"FROM a\0\n"),
        ("README.md", b"FROM a\n"),
    ]);
    let report = report(folder.path(), &|_| None);
    assert_eq!(report.source.kind, SourceKind::Template);
    assert_eq!(report.inventory.templates, ["Dockerfile", "deploy/compose.yaml"]);
    assert_eq!(report.tool.looked_for, [Look::Misconfigurations, Look::Secrets]);
    let told = rules(&report);
    assert!(told.contains(&"dockerfile-sudo Dockerfile:4".to_owned()), "{told:?}");
    assert!(told.contains(&"compose-privileged deploy/compose.yaml:4".to_owned()), "{told:?}");
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(report.skipped[0].path, "bad/Dockerfile");
    assert_eq!(report.verdict.decision, Decision::Deny);
    let judged: Vec<_> = report.verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!(judged, ["weak"], "who an image runs as is not asked of a template");
}

#[test]
fn comments_take_flaws_out_and_are_shown() {
    let folder = tree(&[("Dockerfile", b"FROM a:1\n# hadolint ignore=DL3004\nRUN sudo x\n")]);
    let report = report(&folder.path().join("Dockerfile"), &|_| None);
    let ignored: Vec<_> = report.ignored.iter().collect();
    assert_eq!(ignored.len(), 1);
    let IgnoredBy::Exception(exception) = &ignored[0].by else { panic!() };
    assert_eq!(exception.owner, "comment in Dockerfile:2");
}

#[test]
fn images_are_judged_by_their_stored_reports() {
    let folder = tree(&[
        ("Dockerfile", b"FROM bad:1\nUSER 1\n"),
        ("app.Dockerfile", b"FROM good:1\nUSER 1\n"),
    ]);
    let scanner = TemplateScanner::built_in().unwrap();
    let inspector = TemplateInspector { scanner: &scanner, secrets: None };
    let inspection = inspector.inspect(folder.path(), "here", Timestamp::UNIX_EPOCH).unwrap();
    let mut found = inspection.found;
    let verdict = |image: &str| {
        let reason = Reason {
            rule: "r".into(),
            decision: Decision::Deny,
            message: "1 malicious file".into(),
            findings: Vec::new(),
        };
        let bad = Verdict { decision: Decision::Deny, reasons: vec![reason] };
        let verdict = if image == "bad:1" { bad } else { Verdict::default() };
        Some((verdict, Timestamp::UNIX_EPOCH))
    };
    findings::denied_images(&mut found, &inspection.templates, &verdict);
    let denied: Vec<_> =
        found.flaws.iter().filter(|flaw| flaw.rule == "dockerfile-base-denied").collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0].message, "bad:1 is denied (scanned 1970-01-01): 1 malicious file");
}

#[test]
fn ids_stay_when_lines_move() {
    let ids = |text: &str| {
        let folder = tree(&[("Dockerfile", text.as_bytes())]);
        let report = report(folder.path(), &|_| None);
        report.findings.into_iter().map(|finding| finding.id).collect::<Vec<_>>()
    };
    let before = ids("FROM a:1\nRUN sudo x\nRUN sudo x\n");
    assert_eq!(before, ids("FROM a:1\n\n\nRUN sudo x\nRUN sudo x\n"));
    assert_eq!(before.iter().collect::<std::collections::HashSet<_>>().len(), before.len());
}

#[test]
fn secrets_in_templates_are_found() {
    let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8".get(..36).unwrap());
    let text = format!("FROM a:1\nRUN git clone https://x:{key}@github.com/a/b\n");
    let folder = tree(&[("Dockerfile", text.as_bytes())]);
    let report = report(folder.path(), &|_| None);
    let secrets: Vec<_> = report.findings.iter().filter_map(|finding| finding.secret()).collect();
    assert!(!secrets.is_empty());
    assert!(!serde_json::to_string(&report).unwrap().contains(&key));
}

#[test]
fn folders_are_told_from_root_filesystems() {
    let templates = tree(&[("a/b/Dockerfile", b"FROM a\n")]);
    assert!(has_template(templates.path()));
    let root = tree(&[
        ("etc/os-release", b"ID=debian\n"),
        ("etc/passwd", b"root:x:0:0::/:/bin/sh\n"),
        ("srv/Dockerfile", b"FROM a\n"),
    ]);
    assert!(!has_template(root.path()));
    assert!(!has_template(tree(&[("a.txt", b"FROM a\n")]).path()));
    assert!(is_template(&templates.path().join("a/b/Dockerfile")));
}

#[test]
fn nothing_outside_of_the_tree_is_read() {
    let folder = tree(&[("a/Dockerfile", b"FROM a:1\n"), ("secret.yaml", b"services: {}\n")]);
    std::os::unix::fs::symlink("../secret.yaml", folder.path().join("a/link.yaml")).unwrap();
    let beside = Folder::new(&folder.path().join("a"));
    assert!(analyze::template::Tree::text(&beside, "Dockerfile").is_some());
    for path in ["../secret.yaml", "link.yaml", "/etc/passwd"] {
        assert!(analyze::template::Tree::text(&beside, path).is_none(), "{path}");
    }
}
