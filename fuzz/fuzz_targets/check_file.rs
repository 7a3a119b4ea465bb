//! Files of checks in the form of kube-bench's: an answer, a line, then the file.
#![no_main]

use std::collections::BTreeMap;

use model::Outcome;
use policy::checks::{Answer, Answers, CheckFile, Probe, probe, substitute};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (line, text) = text.split_once('\n').unwrap_or(("", text));
    let file = match CheckFile::parse("checks.yaml", text) {
        Ok(file) => file,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let flags: BTreeMap<String, Vec<String>> = line
        .split(' ')
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
        .collect();
    let answers = [
        None,
        Some(Answer::Absent("absent".to_owned())),
        Some(Answer::Unknown("unknown".to_owned())),
        Some(Answer::Flags(flags)),
        Some(Answer::Rows(Vec::new())),
        Some(Answer::Rows(vec![line.to_owned(), String::new()])),
        Some(Answer::Document(serde_json::from_str(line).unwrap_or_default())),
    ];
    for check in &file.checks {
        for audit in [&check.audit, &check.audit_config, &check.audit_env] {
            let Ok(command) = substitute(audit, |name| (name == "kubeletconf").then_some("/k"))
            else {
                continue;
            };
            if let Probe::Stat { paths, .. } = probe(&command) {
                assert!(paths.iter().all(|path| path.starts_with('/')), "{command}");
            }
        }
        for audit in &answers {
            let asked = Answers { audit: audit.clone(), ..Answers::default() };
            let (outcome, _) = check.judge(&asked);
            let passes = outcome == Outcome::Pass;
            let nothing = matches!(audit, Some(Answer::Absent(_) | Answer::Unknown(_)));
            assert!(!(passes && (nothing || check.manual || check.skipped)), "{}", check.id);
        }
    }
});
