//! The catalogue as data: every rule speaks in its examples and is silent in its near misses.

use std::collections::BTreeMap;

use super::*;
use crate::template::{Template, TemplateScanner, classify};

/// The rules that speak in an example.
fn spoken(scanner: &TemplateScanner, kind: TemplateKind, example: &Example) -> Vec<String> {
    let files = match example {
        Example::One(text) => {
            let name = match kind {
                TemplateKind::Dockerfile => "Dockerfile",
                TemplateKind::Compose => "compose.yaml",
                TemplateKind::Kubernetes => "app.yaml",
            };
            BTreeMap::from([(name.to_owned(), text.clone())])
        }
        Example::Files(files) => files.clone(),
    };
    let templates: Vec<Template<'_>> = files
        .iter()
        .filter_map(|(name, text)| {
            Some(Template { name, kind: classify(name, text.as_bytes())?, text })
        })
        .collect();
    let found = scanner.scan(&templates, &files);
    assert!(found.skipped.is_empty(), "{example:?}: {:?}", found.skipped);
    let flaws = found.flaws.iter().filter(|flaw| flaw.ignored.is_none());
    flaws.map(|flaw| flaw.rule.to_owned()).collect()
}

#[test]
fn every_rule_speaks_in_its_examples_only() {
    let mut wrong = Vec::new();
    let mut catalogue = Catalogue::built_in().unwrap();
    for (_, rule) in &mut catalogue.rules {
        rule.enabled = true;
    }
    let scanner = TemplateScanner::new(catalogue.clone());
    for (kind, rule) in &catalogue.rules {
        for (examples, wanted) in [(&rule.examples, true), (&rule.near_misses, false)] {
            // What `scan` alone can tell has its tests there.
            let elsewhere = rule.id.ends_with("-denied");
            assert_eq!(examples.is_empty(), elsewhere, "{}: an example and a near miss", rule.id);
            for example in examples {
                let spoken = spoken(&scanner, *kind, example);
                if spoken.contains(&rule.id) != wanted {
                    wrong.push(format!("{} wanted {wanted}: {example:?}: {spoken:?}", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ids_aliases_and_texts_are_of_one_form() {
    let catalogue = Catalogue::built_in().unwrap();
    for (kind, rule) in &catalogue.rules {
        let start = format!("{}-", kind.as_str());
        assert!(rule.id.starts_with(&start), "{}", rule.id);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.id.chars().all(plain), "{}", rule.id);
        assert!(rule.reference.is_empty() || rule.reference.starts_with("https://"), "{}", rule.id);
        assert!(!rule.title.ends_with('.') && rule.fix.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn names_of_other_tools_are_compared_in_any_of_their_spellings() {
    for (a, b) in [("AVD-DS-0002", "DS002"), ("ds-0002", "DS-0002"), ("dl3008", "DL3008")] {
        assert_eq!(plain_name(a), plain_name(b));
    }
    assert_ne!(plain_name("CKV_DOCKER_1"), plain_name("CKV_DOCKER_10"));
}

#[test]
fn settings_change_rules_and_name_their_mistakes() {
    let mut catalogue = Catalogue::built_in().unwrap();
    let id = catalogue.rules.first().unwrap().1.id.clone();
    catalogue.set(&format!("rules: {{ {id}: {{ enabled: false, severity: low }} }}")).unwrap();
    assert!(!catalogue.is_enabled(&id));
    assert_eq!(catalogue.rule(&id).unwrap().severity, Severity::Low);
    let error = catalogue.set("rules: { nothing: { enabled: true } }").unwrap_err();
    assert_eq!(error, TemplateRuleError::Unknown("nothing".to_owned()));
    assert!(catalogue.set("rules: 3").is_err());
}
