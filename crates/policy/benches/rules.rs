//! What asking costs: a rules file of the shape of Falco's default rules (93 rules, some 300
//! macros, 118 lists; the counts of operators and event types are like theirs), made here, over
//! events made here. Run with `cargo bench -p lazaret-policy --bench rules`;
//! `LAZARET_RULES=a.yaml:b.yaml` measures other files. Asserts nothing.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use lazaret_policy::filter::{Facts, Field, Value, tables};
use lazaret_policy::rules::{RulesFile, load};

/// Events asked in one round.
const EVENTS: usize = 2_000;
/// Rounds, of which the fastest counts: the others shared the machine.
const ROUNDS: usize = 31;

/// Numbers that look random and are the same each time: a linear congruential generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }
}

const STEMS: &[&str] = &[
    "apt", "cron", "docker", "kube", "nginx", "postgres", "redis", "salt", "ssh", "sys", "update",
    "yum", "java", "node", "python", "perl", "agent", "backup", "mail", "log",
];
const DIRECTORIES: &[&str] = &[
    "/etc/",
    "/etc/ssl/",
    "/usr/bin/",
    "/var/log/",
    "/root/.ssh/",
    "/opt/app/",
    "/tmp/",
    "/dev/",
    "/proc/",
    "/home/",
];

fn name(dice: &mut Dice) -> String {
    format!("{}-{}", dice.pick(STEMS), dice.pick(STEMS))
}

fn path(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(DIRECTORIES), name(dice))
}

/// A macro that rules except by: who does what where.
fn exclusion(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 | 1 => format!("(proc.name={} and fd.name startswith {})", name(dice), path(dice)),
        2 => format!("(proc.pname={0} or proc.aname[2]={0} or proc.aname[3]={0})", name(dice)),
        3 => format!(
            "(proc.name in (list_{}) and fd.name startswith {})",
            dice.below(118),
            path(dice)
        ),
        4 => format!("(proc.cmdline startswith \"{} -c {}\")", name(dice), path(dice)),
        5 => format!("(proc.pname={} and proc.cmdline contains \"{}\")", name(dice), path(dice)),
        6 => format!("(fd.name startswith {} or fd.name startswith {})", path(dice), path(dice)),
        7 => format!("(container.image.repository in (list_{}))", dice.below(118)),
        8 => format!("(container.image.repository endswith {})", name(dice)),
        _ => "(never)".to_owned(),
    }
}

/// What a rule looks for in events of a kind.
fn heart(kind: &str, dice: &mut Dice) -> String {
    match (kind, dice.below(4)) {
        ("spawned", 0) => format!("proc.name in (list_{})", dice.below(118)),
        ("spawned", 1) => format!("container and proc.args icontains \"{}\"", name(dice)),
        ("spawned", 2) => format!(
            "proc.aname in (list_{}) and proc.name in (list_{}) and proc.tty != 0",
            dice.below(118),
            dice.below(118)
        ),
        ("spawned", _) => format!(
            "container and (proc.exe startswith {} or proc.cwd startswith {})",
            path(dice),
            path(dice)
        ),
        ("opened", 0 | 1) => format!("fd.name startswith {}", dice.pick(DIRECTORIES)),
        ("opened", 2) => format!("fd.directory in (/bin, /sbin, {})", path(dice)),
        ("opened", _) => format!("container and fd.name glob \"{}*/{}\"", path(dice), name(dice)),
        ("connected", _) => {
            format!("container and fd.sport in ({}, {})", dice.below(60_000), dice.below(60_000))
        }
        (_, _) => format!("container and evt.arg.flags contains {}", name(dice)),
    }
}

fn rules_file() -> String {
    let mut dice = Dice(7);
    let mut text = String::new();
    for n in 0..118 {
        let items: Vec<String> = (0..5 + dice.below(30)).map(|_| name(&mut dice)).collect();
        let _ = writeln!(text, "- list: list_{n}\n  items: [{}]", items.join(", "));
    }
    text.push_str(
        "- macro: never\n  condition: (evt.num=0)
- macro: container\n  condition: (container.id != host)
- macro: spawned\n  condition: (evt.type in (execve, execveat) and evt.dir=<)
- macro: opened\n  condition: (evt.type in (open, openat, openat2) and evt.is_open_write=true and fd.typechar='f' and fd.num>=0)
- macro: removed\n  condition: (evt.type in (rename, renameat, renameat2, rmdir, unlink, unlinkat))
- macro: connected\n  condition: (evt.type in (connect, sendto, sendmsg) and (fd.typechar=4 or fd.typechar=6) and fd.ip != \"0.0.0.0\" and fd.net != \"127.0.0.0/8\" and (evt.rawres >= 0 or evt.res = EINPROGRESS))
- macro: special\n  condition: (evt.type in (ptrace, setns, unshare, bpf, init_module, dup2))\n",
    );
    for n in 0..300 {
        let _ = writeln!(text, "- macro: known_{n}\n  condition: {}", exclusion(&mut dice));
    }
    let kinds =
        [("spawned", 39), ("opened", 26), ("connected", 12), ("removed", 8), ("special", 8)];
    let kinds = kinds.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count));
    for (n, kind) in kinds.enumerate() {
        let count = if n == 45 { 80 } else { 2 + dice.below(9) };
        let known: String =
            (0..count).map(|_| format!(" and not known_{}", dice.below(300))).collect();
        let _ = writeln!(
            text,
            "- rule: Rule {n}\n  desc: d\n  condition: {kind} and {}{known}\n  \
             output: \"%proc.name %fd.name %proc.cmdline\"\n  priority: NOTICE",
            heart(kind, &mut dice)
        );
    }
    text
}

/// An event: its values by the numbers of the table's fields, and its ancestors.
struct Event {
    values: Vec<Option<Value<'static>>>,
    ancestors: Vec<String>,
}

impl Facts for Event {
    fn value<'a>(&'a self, field: &Field, argument: Option<&str>) -> Option<Value<'a>> {
        if field.name == "proc.aname" {
            return match argument {
                Some(level) => {
                    let level: usize = level.parse().ok()?;
                    self.ancestors.get(level.checked_sub(1)?).map(|name| Value::from(name.as_str()))
                }
                None => Some(Value::List(
                    self.ancestors.iter().map(|name| Value::from(name.as_str())).collect(),
                )),
            };
        }
        match self.values.get(usize::from(field.number))?.as_ref()? {
            Value::Text(text) => Some(Value::Text(Cow::Borrowed(text))),
            other => Some(other.clone()),
        }
    }
}

fn event(kind: &str, dice: &mut Dice) -> Event {
    let table = tables::syscall();
    let mut values = vec![None; table.fields().count()];
    let mut set = |name: &str, value: Value<'static>| {
        let number = table.field(name).map_or(0, |field| field.number);
        values[usize::from(number)] = Some(value);
    };
    let host = dice.below(2) == 0;
    let id = if host { "host".to_owned() } else { "0123456789ab".to_owned() };
    set("container.id", Value::from(id));
    if !host {
        set("container.image.repository", Value::from(format!("docker.io/library/{}", name(dice))));
    }
    set("evt.type", Value::from(kind.to_owned()));
    set("evt.num", Value::Int(1 + dice.below(1_000_000) as i64));
    set("evt.rawres", Value::Int(3));
    set("proc.name", Value::from(name(dice)));
    set("proc.pname", Value::from(name(dice)));
    set("proc.exe", Value::from(path(dice)));
    set("proc.cwd", Value::from("/srv/".to_owned()));
    set("proc.args", Value::from(format!("-c {} --flag {}", path(dice), name(dice))));
    set("proc.cmdline", Value::from(format!("{} -c {} --flag", name(dice), path(dice))));
    set("proc.tty", Value::Int(0));
    if kind == "openat" || kind == "unlinkat" {
        let path = path(dice);
        set("fd.directory", Value::from(path.rsplit_once('/').map_or("/", |(d, _)| d).to_owned()));
        set("fd.name", Value::from(path));
        set("fd.typechar", Value::from("f".to_owned()));
        set("fd.num", Value::Int(3));
        set("evt.is_open_write", Value::Bool(dice.below(2) == 0));
    }
    if kind == "connect" {
        set("fd.typechar", Value::from("4".to_owned()));
        let address = Value::Ip([10, 0, dice.below(250) as u8, 7].into());
        set("fd.ip", Value::List(vec![Value::Ip([10, 1, 1, 1].into()), address.clone()]));
        set("fd.net", Value::List(vec![address]));
        set("fd.sport", Value::Int(dice.below(60_000) as i64));
    }
    let ancestors = (0..5).map(|_| name(dice)).collect();
    Event { values, ancestors }
}

/// Nanoseconds of one event, in the fastest round.
fn measure(events: &[Event], mut ask: impl FnMut(&Event) -> usize) -> u128 {
    (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let found: usize = events.iter().map(&mut ask).sum();
            black_box(found);
            start.elapsed().as_nanos() / events.len() as u128
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let given = std::env::var("LAZARET_RULES").unwrap_or_default();
    let mut texts: Vec<(String, String)> = given
        .split(':')
        .filter(|path| !path.is_empty())
        .filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(path).ok()?)))
        .collect();
    if texts.is_empty() {
        texts.push(("made.yaml".to_owned(), rules_file()));
    }
    let files: Vec<RulesFile<'_>> =
        texts.iter().map(|(name, text)| RulesFile { name, text }).collect();
    let start = Instant::now();
    let loaded = load(&files, &[tables::syscall()]);
    let took = start.elapsed();
    for error in &loaded.errors {
        println!("{error}");
    }
    for warning in loaded.warnings() {
        println!("{}", warning.text);
    }
    for skipped in &loaded.skipped {
        println!("{}", skipped.reason);
    }
    println!(
        "load: {} rules, {} macros, {} lists in {} ms; {} errors, {} skipped, {} warnings",
        loaded.rules.len(),
        loaded.macros,
        loaded.lists,
        took.as_millis(),
        loaded.errors.len(),
        loaded.skipped.len(),
        loaded.warnings().count(),
    );
    let start = Instant::now();
    let (rules, set) = loaded.rule_set(tables::syscall());
    println!("compile together: {} ms", start.elapsed().as_millis());
    let mut dice = Dice(11);
    println!("event       rules  tests  values   together   one by one  (ns an event)");
    for kind in ["execve", "openat", "unlinkat", "connect", "ptrace", "futex"] {
        let events: Vec<Event> = (0..EVENTS).map(|_| event(kind, &mut dice)).collect();
        let together = measure(&events, |event| set.matching(event).len());
        let apart = measure(&events, |event| {
            rules.iter().filter(|rule| rule.condition.holds(event)).count()
        });
        let (_, tests, values) = set.size(kind);
        println!(
            "{kind:<10} {:>6} {tests:>6} {values:>7} {together:>10} {apart:>12}",
            set.candidates(kind)
        );
    }
}
