//! Policies at the command line: checked, explained, tested, rehearsed; the decision log.

use std::path::Path;

use serde_json::Value;
use walks::{Run, command, run};

const POLICY: &str = "\
on_missing: deny
rules:
  - {name: foreign, decision: deny, condition: image.source = rootfs}
  - {name: root, decision: deny, mode: observe, root: true}
  - {name: privileged, decision: deny, workload: {privileged: true}}
";

/// A folder with a policy, its cases, a pod, and a root filesystem that was scanned with `--save`.
fn scene() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("policy.yaml", POLICY);
    write(
        "mild.yaml",
        &POLICY.replace("name: foreign, decision: deny", "name: foreign, decision: warn"),
    );
    write("broken.yaml", "rules:\n  - {name: a, decision: maybe, malicious: true}\n");
    write(
        "policy.test.yaml",
        "policy: policy.yaml\ntoday: 2026-11-25\ncases:\n  - name: refused\n    pod: {kind: Pod, \
         spec: {containers: [{image: a, securityContext: {privileged: true}}]}}\n    expect: \
         {decision: deny, rules: [privileged, on_missing], silent: [foreign], missing: true}\n",
    );
    write(
        "rules.yaml",
        "- list: shells\n  items: [sh, bash]\n- macro: shell\n  condition: proc.name in (shells)\n\
         - rule: a shell\n  desc: d\n  condition: evt.type = execve and shell\n  output: x \
         %proc.name\n  priority: NOTICE\n",
    );
    write(
        "pod.yaml",
        "kind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: a}]}\n",
    );
    write("root/etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:\n");
    write("root/etc/group", "root:x:0:\n");
    lazaret(folder.path(), &["scan", "rootfs:root", "--scanners", "secret", "--save"]).expect(0);
    folder
}

fn lazaret(folder: &Path, words: &[&str]) -> Run {
    run(command(folder, &folder.join("cache")).args(words))
}

#[test]
fn files_are_checked_with_their_lines() {
    let folder = scene();
    let good = ["policy", "check", "policy.yaml", "rules.yaml", "policy.test.yaml"];
    let said = lazaret(folder.path(), &good).expect(0);
    assert!(said.out.contains("policy.yaml: 3 rules"), "{}", said.out);
    assert!(said.out.contains("1 rules (1 enabled)"), "{}", said.out);
    let said = lazaret(folder.path(), &["policy", "check", "broken.yaml"]).expect(1);
    assert!(said.err.contains("broken.yaml:2:25: `maybe` is not a decision"), "{}", said.err);
    lazaret(folder.path(), &["policy", "check", "nowhere.yaml"]).expect(2);
}

#[test]
fn the_accounts_of_an_image_are_in_its_report() {
    let folder = scene();
    let report = lazaret(folder.path(), &["reports", "show", "1", "-f", "json"]).expect(0).json();
    let report = if report.is_array() { &report[0] } else { &report };
    assert_eq!(report["image"]["accounts"]["users"][1]["name"], "app");
    assert_eq!(report["image"]["accounts"]["users"][1]["uid"], 1000);
    assert_eq!(report["tool"]["looked_for"], serde_json::json!(["secrets"]));
}

#[test]
fn a_verdict_is_explained_rule_by_rule() {
    let folder = scene();
    let words = ["policy", "explain", "1", "--policy", "policy.yaml", "-f", "json"];
    let said = lazaret(folder.path(), &words).expect(1).json();
    assert_eq!(said["decision"], "deny");
    let rule = |name: &str| -> Value {
        let rules = said["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["rule"] == name).unwrap().clone()
    };
    assert_eq!(rule("foreign")["checks"][0]["value"], "rootfs");
    assert_eq!(rule("root")["enforced"], "allow");
    assert_eq!(rule("privileged")["reason"], Value::Null);
    let pod = ["policy", "explain", "--workload", "pod.yaml", "--policy", "policy.yaml"];
    let said = lazaret(folder.path(), &pod).expect(1);
    assert!(said.out.contains("rule on_missing"), "{}", said.out);
    assert!(said.out.contains("owner: YOUR-TEAM"), "{}", said.out);
}

#[test]
fn cases_come_out_as_written_or_say_why() {
    let folder = scene();
    lazaret(folder.path(), &["policy", "test", "policy.test.yaml"]).expect(0);
    let edited = ["policy", "test", "policy.test.yaml", "--policy", "mild.yaml"];
    lazaret(folder.path(), &edited).expect(0);
    let text = std::fs::read_to_string(folder.path().join("policy.test.yaml")).unwrap();
    let wrong = text.replace("decision: deny,", "decision: warn,");
    std::fs::write(folder.path().join("wrong.test.yaml"), wrong).unwrap();
    let said = lazaret(folder.path(), &["policy", "test", "wrong.test.yaml"]).expect(1);
    assert!(said.out.contains("decision: expected warn, found deny"), "{}", said.out);
}

#[test]
fn what_would_change_is_told_before_it_does() {
    let folder = scene();
    let said = lazaret(folder.path(), &["policy", "simulate", "policy.yaml", "-f", "json"]);
    let said = said.expect(1).json();
    assert_eq!(said["counts"]["allow to deny"], 1);
    assert_eq!(said["changes"][0]["new"][0], "foreign");
    let watching = ["policy", "simulate", "policy.yaml", "--mode", "observe"];
    lazaret(folder.path(), &watching).expect(0);
    let two = ["policy", "simulate", "mild.yaml", "--against", "policy.yaml", "-f", "json"];
    let said = lazaret(folder.path(), &two).expect(1).json();
    assert_eq!(said["counts"]["deny to warn"], 1);
    let whole = lazaret(folder.path(), &["policy", "decisions", "--verify", "-f", "json"]);
    assert_eq!(whole.expect(0).json()["broken"], Value::Null);
}
