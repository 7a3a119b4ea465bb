//! Files of checks: reading them, what audits look at, and what tests hold.

use std::collections::BTreeMap;

use model::Outcome;
use serde_json::json;

use super::*;

const FILE: &str = r#"
controls:
version: "own-1"
id: 4
text: "Own checks"
type: "node"
groups:
  - id: 4.1
    text: "Files"
    checks:
      - id: 4.1.1
        text: "The configuration is for root"
        audit: '/bin/sh -c "stat -c permissions=%a $kubeletconf"'
        tests: {test_items: [{flag: permissions, compare: {op: bitmask, value: "600"}}]}
        remediation: chmod
        scored: true
  - id: 4.2
    text: "Kubelet"
    checks:
      - id: 4.2.10
        text: "Port"
        audit: /bin/ps -fC $kubeletbin
        audit_config: /bin/cat $kubeletconf
        tests:
          bin_op: or
          test_items:
            - {flag: "--read-only-port", path: '{.readOnlyPort}', compare: {op: eq, value: 0}}
            - {flag: "--read-only-port", path: '{.readOnlyPort}', set: false}
        scored: false
      - {id: 4.2.11, text: By hand, type: manual}
      - {id: 4.2.12, text: Left out, type: skip, audit: x}
"#;

#[test]
fn reads_a_file() {
    let file = CheckFile::parse("own.yaml", FILE).unwrap();
    assert_eq!((file.version.as_str(), file.target.as_str()), ("own-1", "node"));
    let ids: Vec<&str> = file.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(ids, ["4.1.1", "4.2.10", "4.2.11", "4.2.12"]);
    assert_eq!(file.checks[1].group, "4.2 Kubelet");
    let wrong = FILE.replace("op: bitmask", "op: noteqx");
    let error = CheckFile::parse("own.yaml", &wrong).unwrap_err().to_string();
    assert!(error.contains("own.yaml:14") && error.contains("noteqx"), "{error}");
    assert!(CheckFile::parse("own.yaml", "groups: 7").is_err());
}

#[test]
fn what_audits_look_at() {
    let stat = |format: &str, paths: &[&str]| Probe::Stat {
        format: format.to_owned(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    let tree = |format: &str, folder: &str, suffix: &str, files_only| Probe::Tree {
        format: format.to_owned(),
        folder: folder.to_owned(),
        suffix: suffix.to_owned(),
        files_only,
    };
    let named = |format: &str, program: &str, flag: &str| Probe::Named {
        format: format.to_owned(),
        program: program.to_owned(),
        flag: flag.to_owned(),
    };
    for (audit, expect) in [
        (
            "/bin/ps -ef | grep kube-apiserver | grep -v grep",
            Probe::Process("kube-apiserver".to_owned()),
        ),
        ("/bin/ps -ef | /bin/grep etcd | /bin/grep -v grep", Probe::Process("etcd".to_owned())),
        ("/bin/ps -fC kubelet", Probe::Process("kubelet".to_owned())),
        ("/bin/sh -c 'stat -c permissions=%a /a'", stat("permissions=%a", &["/a"])),
        ("/bin/sh -c \"if test -e /a; then stat -c %U:%G /a; fi\"", stat("%U:%G", &["/a"])),
        (
            "for f in /a /b; do stat -c \"permissions=%a %n\" $f; done",
            stat("permissions=%a %n", &["/a", "/b"]),
        ),
        (
            "find /pki/ -name '*.crt' | xargs stat -c permissions=%a",
            tree("permissions=%a", "/pki/", ".crt", false),
        ),
        (
            "find /n -type f 2> /dev/null | xargs --no-run-if-empty stat -c %U:%G",
            tree("%U:%G", "/n", "", true),
        ),
        ("/bin/cat /a", Probe::Read("/a".to_owned())),
        (
            "d=''\nfor x in $(ps -ef | grep etcd | grep -- --data-dir); do DATA_DIR=$x; done\nstat -c %a \"$DATA_DIR\"",
            named("%a", "etcd", "data-dir"),
        ),
        (
            "CAFILE=$(ps -ef | grep kubelet | grep -- --client-ca-file=)\nstat -c %a $CAFILE",
            named("%a", "kubelet", "client-ca-file"),
        ),
        (
            "ps -ef | grep -- --cni-conf-dir | xargs stat -c %a\nfind /var/lib/cni/networks | xargs stat -c %a",
            Probe::Networks("%a".to_owned()),
        ),
        (
            "F=$(ps | grep -- --encryption-provider-config)\ngrep -A1 'providers:' $F | sed 's/^/provider=/'",
            Probe::Encryption,
        ),
        ("", Probe::Nothing),
        // Everything else is for a shell, if anything is.
        ("kubectl get pods", Probe::Shell),
        ("stat -c permissions=%a /a; rm -r /", Probe::Shell),
        ("stat -c %s /a", Probe::Shell),
        ("stat -c permissions=%a /a*", Probe::Shell),
        ("cat /a | grep b", Probe::Shell),
        ("/bin/ps -ef | grep a | grep -v b", Probe::Shell),
        ("cat $(id)", Probe::Shell),
        ("find /a -exec rm {} + | xargs stat -c %a", Probe::Shell),
    ] {
        assert_eq!(probe(audit), expect, "{audit}");
    }
}

#[test]
fn names_of_configuration_files_are_put_in() {
    let value = |name: &str| (name == "kubeletconf").then_some("/var/lib/kubelet/config.yaml");
    assert_eq!(
        substitute("cat $kubeletconf;", value).unwrap(),
        "cat /var/lib/kubelet/config.yaml;"
    );
    assert_eq!(substitute("stat $etcdconf", value).unwrap_err(), "etcdconf");
    assert_eq!(
        substitute("for f in a; do $f $1 $X; done", value).unwrap(),
        "for f in a; do $f $1 $X; done"
    );
}

fn flags(pairs: &[(&str, &str)]) -> Answer {
    let mut flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        flags.entry((*name).to_owned()).or_default().push((*value).to_owned());
    }
    Answer::Flags(flags)
}

#[test]
fn judges() {
    let file = CheckFile::parse("own.yaml", FILE).unwrap();
    let rows = |rows: &[&str]| Answers {
        audit: Some(Answer::Rows(rows.iter().map(|row| (*row).to_owned()).collect())),
        ..Answers::default()
    };
    let mode = &file.checks[0];
    assert_eq!(
        mode.judge(&rows(&["permissions=600"])),
        (Outcome::Pass, "permissions: 600".to_owned())
    );
    assert_eq!(
        mode.judge(&rows(&["permissions=400", "permissions=640"])),
        (Outcome::Fail, "permissions: 640".to_owned())
    );
    let absent = Answers { audit: Some(Answer::Absent("gone".to_owned())), ..Answers::default() };
    assert_eq!(mode.judge(&absent), (Outcome::NotApplicable, "gone".to_owned()));
    let unknown = Answers { audit: Some(Answer::Unknown("dark".to_owned())), ..Answers::default() };
    assert_eq!(mode.judge(&unknown).0, Outcome::Error);
    let port = &file.checks[1];
    let with = |audit: Answer, config| Answers {
        audit: Some(audit),
        config: Some(Answer::Document(config)),
        ..Answers::default()
    };
    for (answers, expect) in [
        (
            with(flags(&[("read-only-port", "10255"), ("read-only-port", "0")]), json!({})),
            Outcome::Pass,
        ),
        (
            with(flags(&[("read-only-port", "10255")]), json!({"readOnlyPort": 0})),
            Outcome::NeedsHuman,
        ),
        (with(flags(&[]), json!({"readOnlyPort": 0})), Outcome::Pass),
        (with(flags(&[]), json!({"readOnlyPort": 10255})), Outcome::NeedsHuman),
        (with(flags(&[]), json!({})), Outcome::Pass),
    ] {
        assert_eq!(port.judge(&answers).0, expect, "{answers:?}");
    }
    assert_eq!(file.checks[2].judge(&Answers::default()).0, Outcome::NeedsHuman);
    assert_eq!(file.checks[3].judge(&Answers::default()).0, Outcome::NotApplicable);
}

#[test]
fn a_file_that_is_not_there_passes_nothing() {
    let file = CheckFile::parse("own.yaml", FILE).unwrap();
    let port = &file.checks[1];
    for (audit, expect) in [
        (None, Outcome::NotApplicable),
        (Some(flags(&[])), Outcome::NotApplicable),
        (Some(flags(&[("read-only-port", "0")])), Outcome::Pass),
        (Some(flags(&[("read-only-port", "10255")])), Outcome::NeedsHuman),
    ] {
        let config = Some(Answer::Absent("gone".to_owned()));
        let answers = Answers { audit, config, ..Answers::default() };
        assert_eq!(port.judge(&answers).0, expect, "{answers:?}");
    }
}

#[test]
fn compares() {
    for (op, wanted, found, expect) in [
        ("eq", "false", "False", true),
        ("noteq", "0", "5m", true),
        ("gt", "3", "4", true),
        ("gte", "30", "30", true),
        ("lt", "3", "x", false),
        ("lte", "3", "3", true),
        ("has", "RBAC", "Node,RBAC", true),
        ("has", "BAC", "Node,RBAC", false),
        ("has", "127.0.0.1", "127.0.0.1:10249", true),
        ("nothave", "AlwaysAllow", "Node,AlwaysAllow", false),
        ("regex", "^a.c$", "abc", true),
        ("regex", "(", "(", false),
        ("bitmask", "644", "600", true),
        ("bitmask", "600", "601", false),
        ("bitmask", "600", "x", false),
        ("valid_elements", "A,B", "B,A", true),
        ("valid_elements", "A,B", "A,C", false),
        ("valid_elements", "A,B", "", false),
    ] {
        let text = format!(
            "groups: [{{id: 1, checks: [{{id: 1.1, scored: true, audit: x, tests: {{test_items: [{{flag: \"--f\", compare: {{op: {op}, value: \"{wanted}\"}}}}]}}}}]}}]"
        );
        let file = CheckFile::parse("own.yaml", &text).unwrap();
        let answers = Answers { audit: Some(flags(&[("f", found)])), ..Answers::default() };
        let expect = if expect { Outcome::Pass } else { Outcome::Fail };
        assert_eq!(file.checks[0].judge(&answers).0, expect, "{found} {op} {wanted}");
    }
}
