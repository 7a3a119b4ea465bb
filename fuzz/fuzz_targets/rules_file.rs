//! Rules files in Falco's format, one or several: every mistake has words and a place, every rule
//! that loads can be asked and prints its output.
#![no_main]

use lazaret_fuzz::texts::texts;
use policy::filter::{FactMap, tables};
use policy::rules::{RulesFile, load};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let texts: Vec<String> = texts(input).map(|text| text.into_owned()).collect();
    let names: Vec<String> = (0..texts.len()).map(|at| format!("file {at}")).collect();
    let files: Vec<RulesFile<'_>> =
        names.iter().zip(&texts).map(|(name, text)| RulesFile { name, text }).collect();
    let loaded = load(&files, &[tables::syscall(), tables::k8s_audit()]);
    let reasons = loaded.skipped.iter().map(|skipped| &skipped.reason);
    let notes = loaded.notes.iter().map(|note| &note.text);
    for error in loaded.errors.iter().chain(reasons).chain(notes) {
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
        let lines = texts.iter().map(|text| text.lines().count()).max().unwrap_or(0);
        assert!(error.line <= lines + 1, "{error}");
    }
    let facts: FactMap =
        [("evt.type", "openat"), ("proc.name", "sh"), ("fd.name", "/etc/x")].into_iter().collect();
    for table in [tables::syscall(), tables::k8s_audit()] {
        let (rules, set) = loaded.rule_set(table);
        let apart: Vec<usize> =
            (0..rules.len()).filter(|place| rules[*place].condition.holds(&facts)).collect();
        assert_eq!(set.matching(&facts), apart);
        for rule in rules {
            rule.output.render(&facts);
        }
    }
});
