//! Rules files: what they come to, and what is said of them.

use super::*;
use crate::filter::{FactMap, Sorts, tables};

const BASE: &str = include_str!("testdata/base.yaml");
const LOCAL: &str = include_str!("testdata/local.yaml");

fn load_all(files: &[(&str, &str)]) -> Loaded {
    let files: Vec<RulesFile<'_>> =
        files.iter().map(|(name, text)| RulesFile { name, text }).collect();
    load(&files, &[tables::syscall(), tables::k8s_audit()])
}

/// Everything that loading said, in one text.
fn told(loaded: &Loaded) -> String {
    let mut told = String::new();
    for error in &loaded.errors {
        told.push_str(&format!("error: {error}\n"));
    }
    for skipped in &loaded.skipped {
        let expected = if skipped.expected { " as it says" } else { "" };
        told.push_str(&format!("skipped{expected}: {}: {}\n", skipped.name, skipped.reason));
    }
    for note in &loaded.notes {
        let level = if note.kind.is_warning() { "warning" } else { "hint" };
        told.push_str(&format!("{level}: {}\n", note.text));
    }
    told
}

fn rule<'l>(loaded: &'l Loaded, name: &str) -> &'l Rule {
    loaded.rules.iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule {name}"))
}

#[test]
fn reads_every_form() {
    let loaded = load_all(&[("base.yaml", BASE)]);
    assert_eq!(told(&loaded), include_str!("testdata/base.told"));
    let mut rules = String::new();
    for rule in &loaded.rules {
        rules.push_str(&format!(
            "{}:{} {} ({}, {}, {}, enabled {})\n  {}\n  {}\n  {}\n  {:?}\n",
            rule.file,
            rule.line,
            rule.name,
            rule.source,
            rule.priority,
            rule.tags.join(" "),
            rule.enabled,
            rule.description,
            rule.condition.text(),
            rule.output.text(),
            rule.event_types,
        ));
    }
    insta::assert_snapshot!(rules);
}

#[test]
fn later_files_change_earlier_ones() {
    let loaded = load_all(&[("base.yaml", BASE), ("local.yaml", LOCAL)]);
    assert!(loaded.errors.is_empty() && loaded.skipped.is_empty(), "{}", told(&loaded));
    assert_eq!(loaded.warnings().count(), 0, "{}", told(&loaded));
    let mut rules = String::new();
    for rule in &loaded.rules {
        rules.push_str(&format!(
            "{} ({}, {}, enabled {})\n  {}\n  {}\n",
            rule.name,
            rule.priority,
            rule.tags.join(" "),
            rule.enabled,
            rule.condition.text(),
            rule.output.text(),
        ));
    }
    insta::assert_snapshot!(rules);
}

fn event(facts: &[(&str, &str)]) -> FactMap {
    facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[test]
fn rules_speak_of_events() {
    let loaded = load_all(&[("base.yaml", BASE), ("local.yaml", LOCAL)]);
    let (rules, set) = loaded.rule_set(tables::syscall());
    let matching = |facts: &[(&str, &str)]| -> Vec<&str> {
        set.matching(&event(facts)).into_iter().map(|place| rules[place].name.as_str()).collect()
    };
    let shell = [
        ("evt.type", "execve"),
        ("container.id", "0123456789ab"),
        ("proc.name", "fish"),
        ("proc.tty", "34816"),
        ("container.image.repository", "registry.example/app"),
    ];
    assert_eq!(matching(&shell), ["Shell in a container"]);
    let known = [&shell[..], &[("proc.pname", "sshd")]].concat();
    assert!(matching(&known).is_empty());
    let host = [&shell[..], &[("container.id", "host")]].concat();
    assert!(matching(&host).is_empty());

    let write = [
        ("evt.type", "openat"),
        ("evt.is_open_write", "true"),
        ("fd.typechar", "f"),
        ("fd.num", "3"),
        ("fd.name", "/etc/motd"),
        ("fd.directory", "/etc"),
        ("proc.name", "tee"),
    ];
    assert_eq!(matching(&write), ["Write below etc"]);
    for (name, value) in [
        ("proc.name", "vim"),
        ("fd.num", "-1"),
        ("proc.aname[2]", "dpkg"),
        ("container.image.repository", "bash"),
        ("fd.directory", "/etc/systemd/system"),
    ] {
        let excepted = [&write[..], &[(name, value)]].concat();
        assert!(matching(&excepted).is_empty(), "{name} {value}");
    }
    let in_d = [&write[..], &[("proc.pname", "perl"), ("fd.name", "/etc/a.d/b")]].concat();
    assert!(matching(&in_d).is_empty());
    let made = [&write[..], &[("proc.pname", "ninja"), ("fd.name", "/etc/x")]].concat();
    assert!(matching(&made).is_empty());

    let mut connect = event(&[("evt.type", "connect"), ("fd.sip", "10.2.3.4")]);
    connect.insert("fd.sport", 8080_i64);
    assert_eq!(set.matching(&connect).len(), 1, "enabled by the later file");
}

#[test]
fn renders_the_output_of_a_rule() {
    let loaded = load_all(&[("base.yaml", BASE)]);
    let line = rule(&loaded, "Shell in a container").output.render(&event(&[
        ("user.name", "root"),
        ("proc.name", "sh"),
        ("container.image.repository", "nginx"),
    ]));
    assert_eq!(
        line,
        "A shell (user=root shell=sh parent=<NA> line=<NA> image=nginx:<NA> pod=<NA> 100%)"
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    insta::assert_snapshot!(told(&load_all(&[("bad.yaml", include_str!("testdata/bad.yaml"))])));
}

#[test]
fn a_broken_file_is_one_mistake() {
    for (name, text) in [
        ("tabs", "- rule: a\n\tdesc: b\n"),
        ("quotes", "- rule: \"a\n  desc: b\n"),
        ("scalar", "just words\n"),
        ("mapping", "rule: a\n"),
        ("twice", "- list: a\n  items: []\n  items: []\n"),
        ("alias", "- list: a\n  items: *nothing\n"),
        ("newer", "- required_engine_version: 0.99.0\n- rule: broken\n"),
        ("plugin", "- required_plugin_versions: [{name: okta, version: 0.1.0}]\n- rule: broken\n"),
        ("plugin_version", "- required_plugin_versions: [{name: container, version: 1.0.0}]\n"),
        ("version", "- required_engine_version: new\n"),
    ] {
        let loaded = load_all(&[(name, text)]);
        assert_eq!(loaded.errors.len(), 1, "{name}: {}", told(&loaded));
        insta::assert_snapshot!(format!("broken_{name}"), told(&loaded));
    }
}

#[test]
fn nothing_to_load_is_nothing() {
    for text in ["", "\n# only a remark\n", "---\n---\n[]\n", "- \n"] {
        let loaded = load_all(&[("empty.yaml", text)]);
        assert!(loaded.rules.is_empty() && told(&loaded).is_empty(), "{text:?}: {}", told(&loaded));
    }
}

#[test]
fn macros_see_only_earlier_macros_and_rules_see_all() {
    let text = "
- rule: R
  desc: d
  condition: second
  output: o
  priority: INFO
- macro: first
  condition: second
- macro: second
  condition: evt.type = open
- rule: S
  desc: d
  condition: first
  output: o
  priority: INFO
";
    let loaded = load_all(&[("order.yaml", text)]);
    assert_eq!(rule(&loaded, "R").event_types, Sorts::Only(["open".to_owned()].into()));
    assert_eq!(loaded.errors.len(), 1);
    assert!(loaded.errors[0].message.contains("defined later"), "{}", loaded.errors[0]);
    // Changed later, it sees what was defined in between; it keeps its first place for others.
    let again = format!(
        "{text}\n- macro: first\n  condition: second or never\n- macro: never\n  condition: evt.num = 0\n"
    );
    let loaded = load_all(&[("order.yaml", &again)]);
    assert!(loaded.errors[0].message.contains("`never` is defined later"), "{}", told(&loaded));
    let again = format!("{text}\n- macro: first\n  condition: second\n");
    assert!(load_all(&[("order.yaml", &again)]).errors.is_empty());
}

#[test]
fn aliases_do_not_explode() {
    let mut text = "- list: a0\n  items: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("- list: a{n}\n  items: &a{n} [{items}]\n"));
    }
    let loaded = load_all(&[("laughs.yaml", &text)]);
    assert!(told(&loaded).contains("more than"), "{}", told(&loaded));
    let anchored = "- list: a\n  items: &a [x, y]\n- list: b\n  items: *a\n- rule: R\n  desc: d\n  condition: evt.type = open and proc.name in (b)\n  output: o\n  priority: INFO\n";
    assert_eq!(load_all(&[("anchor.yaml", anchored)]).rules.len(), 1);
}

#[test]
fn large_files_are_bounded() {
    let mut text = String::new();
    for n in 0..20_000 {
        text.push_str(&format!("- list: l{n}\n  items: [a, b]\n"));
    }
    assert!(load_all(&[("many.yaml", &text)]).errors.is_empty());
    let deep = format!("- list: a\n  items: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(load_all(&[("deep.yaml", &deep)]).errors.len(), 1);
    let long = format!("# {}\n", "x".repeat(crate::limits::RULES_MAX_BYTES));
    assert_eq!(load_all(&[("long.yaml", &long)]).errors.len(), 1);
}

#[test]
fn the_fields_of_known_rules_are_typed() {
    let text = include_str!("testdata/census.txt");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let definitions = crate::filter::Definitions::new();
        let condition =
            crate::filter::Condition::compile("census", line, tables::syscall(), &definitions);
        assert!(condition.is_ok(), "{}", condition.err().unwrap());
    }
    for field in [
        "fd.lport",
        "fd.rport",
        "container.start_ts",
        "evt.args",
        "group.gid",
        "group.name",
        "proc.pexepath",
        "proc.sname",
        "user.loginname",
        "container.mounts",
        "evt.arg.fd",
        "evt.arg.linkpath",
        "fd.lip.name",
        "fd.rip",
        "fd.rip.name",
        "proc.aexepath[2]",
        "proc.aname[7]",
        "proc.exe_ino.ctime",
        "proc.exe_ino.ctime_duration_proc_start",
        "proc.exe_ino.mtime",
        "container.info",
        "evt.time",
        "user.loginuid",
    ] {
        let line = format!("x=%{field} y");
        assert!(crate::filter::Template::compile("o", &line, tables::syscall()).is_ok(), "{field}");
    }
}

#[test]
fn rules_that_can_never_speak_are_told() {
    let text = "- rule: R\n  desc: d\n  condition: evt.type=ptrace and evt.dir=>\n  output: o\n  priority: INFO\n";
    let loaded = load_all(&[("old.yaml", text)]);
    let kinds: Vec<NoteKind> = loaded.notes.iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [NoteKind::NeverHolds, NoteKind::PastCheck]);
    assert_eq!(loaded.warnings().count(), 1);
}

#[test]
fn types_of_events_that_there_are_not_are_told() {
    let text = "- rule: R\n  desc: d\n  condition: evt.type in (execve, opanat)\n  output: o\n  priority: INFO\n";
    let loaded = load_all(&[("types.yaml", text)]);
    assert_eq!(loaded.rules.len(), 1);
    assert_eq!(
        told(&loaded),
        "warning: types.yaml:3:35: `evt.type` is never known to be `opanat`: did you mean `openat`?
  3 |   condition: evt.type in (execve, opanat)
    |                                   ^^^^^^
"
    );
}
