//! Conditions and lines of output of the rule language: what reads prints back, and asks the same
//! of facts by itself, in a set, and printed. The texts after the first are facts and a list.
#![no_main]

use lazaret_fuzz::texts::texts;
use policy::filter::{
    Condition, Definitions, FactMap, FieldTable, RuleSet, Template, Value, tables,
};

/// Fields that the texts are facts of, in their order.
const FACTS: [&str; 8] = [
    "evt.type",
    "proc.name",
    "fd.name",
    "proc.aname[2]",
    "evt.arg.flags",
    "image.repository",
    "vuln.severity",
    "container.user",
];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let texts: Vec<String> = texts(input).map(|text| text.into_owned()).collect();
    let Some((text, rest)) = texts.split_first() else { return };
    let facts = facts(rest);
    let mut definitions = Definitions::new();
    definitions.list("words", rest.iter().cloned());
    for (at, text) in rest.iter().enumerate() {
        let _ = definitions.define("input", format!("m{at}"), text);
    }
    for table in [tables::syscall(), tables::deploy()] {
        condition(text, table, &definitions, &facts);
        match Template::compile("input", text, table) {
            Ok(template) => assert!(template.values(&facts).len() <= text.len()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});

fn condition(text: &str, table: &FieldTable, definitions: &Definitions, facts: &FactMap) {
    let condition = match Condition::compile("input", text, table, definitions) {
        Ok(condition) => condition,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let holds = condition.holds(facts);
    let set = RuleSet::new(table, [&condition]);
    assert_eq!(set.matching(facts).len(), usize::from(holds), "in a set: {text}");
    let printed = Condition::compile("printed", condition.text(), table, definitions)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(printed.text(), condition.text());
    assert_eq!(printed.holds(facts), holds, "printed: {text}");
    condition.why(facts);
}

fn facts(texts: &[String]) -> FactMap {
    let mut facts: FactMap = FACTS.into_iter().zip(texts.iter().cloned()).collect();
    facts.insert("proc.aname", texts.to_vec());
    facts.insert("proc.pid", i64::try_from(texts.len()).unwrap_or(0));
    facts.insert("evt.is_open_write", texts.len() % 2 == 0);
    facts.insert("fd.sip", Value::Ip([10, 0, 0, 1].into()));
    facts
}
