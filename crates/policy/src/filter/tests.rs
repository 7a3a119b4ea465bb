//! The language over facts: what is accepted, what is refused, what holds.

use super::*;

/// A table of the kinds of fields that there are.
pub(super) fn table() -> FieldTable {
    const RANKS: &[&str] = &["low", "medium", "high"];
    FieldTable::new(
        "test",
        [
            Field::new("proc.name", FieldType::Text, "A text."),
            Field::new("proc.pname", FieldType::Text, "Another text."),
            Field::new("proc.cmdline", FieldType::Text, "A long text."),
            Field::new("proc.aname", FieldType::Text, "Ancestors.")
                .with(Argument::OptionalIndex)
                .any(),
            Field::new("proc.env", FieldType::Text, "Environment.").with(Argument::OptionalKey),
            Field::new("proc.pid", FieldType::Integer, "A number."),
            Field::new("proc.score", FieldType::Float, "A fraction."),
            Field::new("proc.duration", FieldType::Duration, "A span."),
            Field::new("proc.start", FieldType::Time, "A moment."),
            Field::new("proc.tty", FieldType::Bool, "A truth."),
            Field::new("fd.name", FieldType::Path, "A path."),
            Field::new("fd.sip", FieldType::Ip, "An address."),
            Field::new("fd.ip", FieldType::Ip, "Both addresses.").any(),
            Field::new("fd.port", FieldType::Port, "A port."),
            Field::new("evt.buffer", FieldType::Bytes, "Bytes."),
            Field::new("evt.type", FieldType::Text, "A type."),
            Field::new("evt.dir", FieldType::Text, "Of the past.").always("<"),
            Field::new("evt.arg", FieldType::Text, "An argument.").with(Argument::Suffix),
            Field::new("jevt.value", FieldType::Any, "A value.").with(Argument::Key),
            Field::new("pod.images", FieldType::Text, "A set.").set(),
            Field::new("vuln.severity", FieldType::Ranked(RANKS), "A rank."),
            Field::new("thread.cap", FieldType::Text, "Argument needed.").with(Argument::Index),
        ],
    )
    .sorted_by("evt.type")
}

/// Facts to ask: a process `bash` that runs below `sshd` and `nginx`.
pub(super) fn facts() -> FactMap {
    let mut facts = FactMap::new();
    for (name, value) in [
        ("proc.name", "bash"),
        ("proc.pname", "bash"),
        ("proc.cmdline", "bash -c \"curl http://x.example/A\""),
        ("proc.env[HOME]", "/root"),
        ("proc.env", "HOME=/root SHELL=/bin/bash"),
        ("fd.name", "/etc/shadow"),
        ("evt.type", "openat"),
        ("evt.arg.flags", "O_RDONLY|O_CLOEXEC"),
        ("jevt.value[/a b]", "x"),
        ("vuln.severity", "medium"),
        ("thread.cap[0]", "CAP_KILL"),
    ] {
        facts.insert(name, value);
    }
    facts.insert("proc.aname", vec!["sshd", "nginx"]);
    facts.insert("proc.aname[1]", "sshd");
    facts.insert("proc.pid", 42_i64);
    facts.insert("proc.score", 0.5);
    facts.insert("proc.duration", 90_000_000_000_i64);
    facts.insert("proc.start", 86_400_000_000_000_i64);
    facts.insert("proc.tty", true);
    facts.insert("fd.sip", Value::Ip([10, 1, 2, 3].into()));
    facts.insert("fd.ip", vec![Value::from("127.0.0.1"), Value::from("10.1.2.3")]);
    facts.insert("fd.port", 443_i64);
    facts.insert("evt.buffer", Value::Bytes(vec![0x00, 0xca, 0xfe, 0xba, 0xbe].into()));
    facts.insert("jevt.value[/n]", 7_i64);
    facts.insert("pod.images", vec!["nginx", "redis"]);
    facts
}

fn definitions() -> Definitions {
    let mut definitions = Definitions::new();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    definitions.list("shells", words(&["bash", "sh", "zsh"]));
    definitions.list("one", words(&["bash"]));
    definitions.list("none", []);
    definitions.list("nested", words(&["shells", "fish", "\"quoted one\""]));
    definitions.list("itself", words(&["itself", "bash"]));
    definitions.list("left", words(&["right", "l"]));
    definitions.list("right", words(&["left", "r"]));
    definitions.list("private", words(&["10.0.0.0/8", "192.168.0.0/16"]));
    definitions.define("test", "shell", "proc.name in (shells)").unwrap();
    definitions.define("test", "opened", "evt.type in (open, openat) and evt.dir=<").unwrap();
    definitions.define("test", "both", "shell and opened").unwrap();
    definitions
}

fn compile(text: &str) -> Result<Condition, crate::PolicyError> {
    Condition::compile("condition", text, &table(), &definitions())
}

/// Whether a condition holds over [`facts`], asked in all three ways.
fn check(text: &str) -> bool {
    let condition = compile(text).unwrap_or_else(|error| panic!("{error}"));
    let facts = facts();
    let holds = condition.holds(&facts);
    let set = RuleSet::new(&table(), [&condition]);
    assert_eq!(!set.matching(&facts).is_empty(), holds, "as a set: {text}");
    let (told, _) = tree::why(condition.tree(), &facts);
    assert_eq!(told, holds, "as told: {text}");
    let printed = condition.text().to_owned();
    let again = compile(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again.text(), printed, "printed: {text}");
    assert_eq!(again.holds(&facts), holds, "printed: {text}");
    holds
}

#[test]
fn holds() {
    for line in include_str!("testdata/holds.txt").lines().filter(|line| is_case(line)) {
        assert!(check(line), "should hold: {line}");
    }
}

#[test]
fn does_not_hold() {
    for line in include_str!("testdata/fails.txt").lines().filter(|line| is_case(line)) {
        assert!(!check(line), "should not hold: {line}");
    }
}

#[test]
fn is_refused() {
    let mut told = String::new();
    for line in include_str!("testdata/refused.txt").lines().filter(|line| is_case(line)) {
        let text = line.replace("\\n", "\n");
        match compile(&text) {
            Ok(condition) => panic!("should be refused: {line}, read as {}", condition.text()),
            Err(error) => told.push_str(&format!("{error}\n\n")),
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn prints_one_form() {
    for line in include_str!("testdata/forms.txt").lines().filter(|line| is_case(line)) {
        let (text, printed) = line.split_once(" ⇒ ").unwrap();
        assert_eq!(compile(text).unwrap().text(), printed, "{text}");
    }
}

fn is_case(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

#[test]
fn tells_why() {
    let mut told = String::new();
    for text in [
        "both and fd.name startswith /etc",
        "proc.pid > 100 or shell",
        "not (proc.pid > 100 or proc.name = sshd)",
        "shell and proc.pid > 100 and fd.name exists",
        "proc.env[PATH] exists or not proc.aname in (cron, sshd)",
        "proc.name != bash",
        "proc.name startswith oneof (b, ba)",
        "evt.dir = >",
    ] {
        let condition = compile(text).unwrap();
        told.push_str(&format!("{text}\n"));
        for check in condition.why(&facts()) {
            let value = check.value.as_deref().unwrap_or("nothing");
            let holds = if check.holds { "holds" } else { "fails" };
            told.push_str(&format!("  {holds}: {} (it is {value})\n", check.check));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn sorts_conditions_by_the_field_of_the_table() {
    let only = |types: &[&str]| Sorts::Only(types.iter().map(|t| (*t).to_owned()).collect());
    for (text, expected) in [
        ("evt.type = open", only(&["open"])),
        ("evt.type in (open, openat) and proc.name = x", only(&["open", "openat"])),
        ("evt.type in (open, openat) and evt.type != open", only(&["openat"])),
        ("evt.type = open and evt.type = close", only(&[])),
        ("evt.type = open or proc.name = x", Sorts::All),
        ("evt.type = open or evt.type = close", only(&["close", "open"])),
        ("not evt.type = open", Sorts::All),
        ("evt.type != open", Sorts::All),
        ("not evt.type != open and evt.type exists", only(&["open"])),
        ("not (evt.type = open or evt.type exists)", only(&[])),
        ("opened and (evt.type = openat or evt.type = close)", only(&["openat"])),
        ("evt.type startswith open", Sorts::All),
        ("evt.type glob open", only(&["open"])),
        ("evt.dir = > and evt.type = open", only(&[])),
        ("proc.name = x", Sorts::All),
    ] {
        let condition = compile(text).unwrap();
        let set = RuleSet::new(&table(), [&condition]);
        assert_eq!(set.sorts(0), Some(&expected), "{text}");
    }
}

#[test]
fn asks_many_conditions_at_once() {
    let texts = [
        "both",
        "evt.type = close",
        "shell and fd.name startswith /etc",
        "evt.type != close and proc.name in (sh)",
        "proc.name = bash",
        "not evt.type = openat",
    ];
    let conditions: Vec<Condition> = texts.iter().map(|text| compile(text).unwrap()).collect();
    let set = RuleSet::new(&table(), &conditions);
    assert_eq!(set.matching(&facts()), [0, 2, 4]);
    let mut closing = facts();
    closing.insert("evt.type", "close");
    assert_eq!(set.matching(&closing), [1, 2, 4, 5]);
    let mut strange = facts();
    strange.insert("evt.type", "mount");
    assert_eq!(set.matching(&strange), [2, 4, 5]);
    // Without a type, only what does not ask for one can hold.
    let untyped: FactMap = [("proc.name", "bash")].into_iter().collect();
    assert_eq!(set.matching(&untyped), [4, 5]);
}

#[test]
fn shares_what_conditions_have_in_common() {
    let conditions: Vec<Condition> =
        (0..50).map(|n| compile(&format!("both and proc.pid = {n}")).unwrap()).collect();
    let set = RuleSet::new(&table(), &conditions);
    let (nodes, tests, values) = set.size("openat");
    assert_eq!((tests, values), (51, 2), "one test of the macro, one of each number");
    assert!(nodes <= 101, "{nodes} nodes");
    assert_eq!(set.candidates("openat"), 50);
    assert_eq!(set.candidates("close"), 0);
}

#[test]
fn macros_that_need_each_other_are_refused() {
    let mut definitions = Definitions::new();
    definitions.define("a.yaml", "a", "b and proc.pid = 1").unwrap();
    definitions.define("b.yaml", "b", "not a").unwrap();
    let error = Condition::compile("c", "a", &table(), &definitions).unwrap_err();
    assert_eq!(
        (error.file.as_str(), error.message.as_str()),
        ("b.yaml", "the macro `a` needs itself")
    );
    // The second asking is refused as well, not answered with half a macro.
    let table = table();
    let mut compiler = compile::Compiler::new(&table, &definitions);
    for _ in 0..2 {
        let written = written::Written::plain("c", "a");
        assert!(Condition::of(&written, &mut compiler).is_err());
    }
}

#[test]
fn deep_macros_are_bounded() {
    let mut definitions = Definitions::new();
    definitions.define("m", "m0", "proc.pid = 1").unwrap();
    for n in 1..2000 {
        let text = format!("not (m{} or proc.pid = {n})", n - 1);
        definitions.define("m", format!("m{n}"), &text).unwrap();
    }
    assert!(Condition::compile("c", "m79", &table(), &definitions).unwrap().holds(&facts()));
    let error = Condition::compile("c", "m1999", &table(), &definitions).unwrap_err();
    assert!(error.message.contains("nests deeper"), "{error}");
}

#[test]
fn macros_that_double_do_not_explode() {
    let mut definitions = Definitions::new();
    definitions.define("m", "m0", "proc.name = bash").unwrap();
    for n in 1..60 {
        let text = format!("(m{0} and proc.pid != {n}) or (m{0} and fd.name != \"{n}\")", n - 1);
        definitions.define("m", format!("m{n}"), &text).unwrap();
    }
    let condition = Condition::compile("c", "m59", &table(), &definitions).unwrap();
    assert!(condition.holds(&facts()));
    assert!(!condition.why(&facts()).is_empty());
}

#[test]
fn hostile_texts_end() {
    for text in [
        "(".repeat(100_000),
        "not ".repeat(50_000),
        format!("{}proc.pid = 1{}", "(".repeat(150), ")".repeat(150)),
        format!("{}proc.pid = 1{}", "tolower(".repeat(1000), ")".repeat(1000)),
        format!("proc.name in ({})", "a,".repeat(50_000)),
        format!("proc.name in ({}b)", "a, ".repeat(50_000)),
        "proc.name = a or ".repeat(5_000) + "proc.name = b",
        format!("proc.name glob {}", "*a".repeat(5_000)),
        format!("proc.name regex \"{}\"", "(a{1000}){1000}"),
        format!("proc.name regex \"{}\"", "(".repeat(10_000)),
        format!("proc.name = \"{}", "\\".repeat(10_001)),
        "proc.name = \u{202e}\u{0}é".to_owned(),
    ] {
        if let Ok(condition) = compile(&text) {
            condition.holds(&facts());
        }
    }
    let mut definitions = Definitions::new();
    definitions.list("l0", []);
    for n in 1..32 {
        definitions.list(format!("l{n}"), vec![format!("l{}", n - 1); 1000]);
    }
    let error = Condition::compile("c", "proc.name in (l31)", &table(), &definitions).unwrap_err();
    assert!(error.message.contains("more than"), "{error}");
}

#[test]
fn renders_output() {
    for (template, expected) in [
        ("%proc.name opened %fd.name.", "bash opened /etc/shadow."),
        ("*100%% of %proc.name", "100% of bash"),
        ("%proc.aname[1]>%proc.aname", "sshd>(sshd,nginx)"),
        ("%evt.arg.flags %evt.arg[flags]", "O_RDONLY|O_CLOEXEC O_RDONLY|O_CLOEXEC"),
        ("%proc.env[\"HOME\"]", "/root"),
        ("%toupper(proc.name)/%len(proc.name)", "BASH/4"),
        ("%proc.aname[9]|%thread.cap[0]", "<NA>|CAP_KILL"),
        ("pid=%proc.pid score=%proc.score ip=%fd.sip", "pid=42 score=0.5 ip=10.1.2.3"),
        ("%basename(fd.name)", "shadow"),
        ("", ""),
    ] {
        let compiled = Template::compile("output", template, &table()).unwrap();
        assert_eq!(compiled.render(&facts()), expected, "{template}");
    }
    let template = Template::compile("output", "%proc.name %fd.name %proc.name", &table()).unwrap();
    assert_eq!(template.values(&facts()).len(), 2);
    let mut told = String::new();
    for bad in ["50% off", "%proc.nmae", "%proc.aname[", "%", "%proc.aname[x]", "%nope(proc.name)"]
    {
        let error = Template::compile("output", bad, &table()).unwrap_err();
        told.push_str(&format!("{error}\n\n"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_long_line_is_shown_around_the_mistake() {
    let text = format!("{}proc.nmae = x", "proc.name = aaaaaaaa and ".repeat(20));
    insta::assert_snapshot!(compile(&text).unwrap_err());
}

#[test]
fn words_that_a_field_cannot_have_are_refused() {
    let refused = |text: &str| {
        Condition::compile("c", text, tables::deploy(), &definitions()).err().map(|e| e.message)
    };
    assert_eq!(
        refused("secret.category = tokens").as_deref(),
        Some("`secret.category` is never `tokens`: did you mean `token`?")
    );
    assert_eq!(
        refused("trust.unmet intersects (registry, sbom)").as_deref(),
        Some(
            "`trust.unmet` is never `sbom`: expected `registry`, `digest`, `label` or `signature`"
        )
    );
    for text in [
        "secret.category = token",
        "secret.category contains tok",
        "secret.category in (shells, token)",
        "workload.engine != docker",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
    for table in tables::all() {
        for field in table.fields().filter(|field| field.closed) {
            for word in field.words {
                let text = format!("{} intersects ({word})", field.name);
                let condition = Condition::compile("c", &text, table, &definitions());
                assert!(condition.is_ok(), "{text}");
            }
        }
    }
    let known: Vec<&str> = model::Method::ALL.iter().map(|method| method.as_str()).collect();
    assert_eq!(tables::image().field("malware.methods").unwrap().words, known);
    let known: Vec<&str> = model::SecretCategory::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(tables::image().field("secret.category").unwrap().words, known);
    let known: Vec<&str> = model::SignatureFormat::ALL.iter().map(|f| f.as_str()).collect();
    assert_eq!(tables::image().field("trust.signature_formats").unwrap().words, known);
    let known: Vec<&str> = model::Severity::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(tables::SEVERITIES, known);
}
