//! The labelled set: lines of our own making, each with or without a secret, in the syntax of the
//! file they are said to lie in. Prints precision and recall; `docs/secrets.md` quotes them.
//!
//! A line of `testdata/secrets/*.txt`: a path, `|`, a template. Positives also take every example
//! of every rule, in the layouts below.

use model::Confidence;

use super::expand::expand;
use super::{fired, rules};
use crate::testing::testdata;

/// Files and layouts in which a bare token is put.
const LAYOUTS: [(&str, &str, &str); 5] = [
    ("app/.env", "KEY_A=", ""),
    ("src/main.py", "client = Client(\"", "\")"),
    ("conf/app.yaml", "  value: \"", "\"  # set by ops"),
    ("web/app.min.js", "var a=1;function b(){return fetch('/x',{h:'", "'})};b();"),
    ("build/settings.json", "{\"name\": \"x\", \"v\": \"", "\"}"),
];

fn lines(file: &str) -> Vec<(String, String)> {
    let text = String::from_utf8(testdata(file)).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .enumerate()
        .map(|(seed, line)| {
            let (path, template) = line.split_once('|').unwrap_or_else(|| panic!("{line}"));
            (path.to_owned(), expand(template, seed as u64 + 1))
        })
        .collect()
}

/// Every rule's example: a bare token in every layout, other examples as they are.
fn examples() -> Vec<(String, String)> {
    let (rules, _) = rules::built_in().unwrap();
    let mut lines = Vec::new();
    for rule in rules.iter().filter(|rule| rule.confidence > Confidence::Placeholder) {
        for (seed, example) in rule.examples.iter().enumerate() {
            if rule.shape != rules::Shape::Token || rule.settings_only {
                lines.push(("etc/app.conf".to_owned(), expand(example, seed as u64 + 40)));
                continue;
            }
            for (path, before, after) in LAYOUTS {
                let token = expand(example, path.len() as u64);
                lines.push((path.to_owned(), format!("{before}{token}{after}")));
            }
        }
    }
    lines
}

fn is_found(path: &str, text: &str) -> bool {
    fired(path, &format!("{text}\n")).iter().any(|(_, worth)| *worth >= Confidence::Likely)
}

#[test]
fn precision_and_recall_on_the_labelled_set() {
    let mut positives = examples();
    positives.extend(lines("secrets/positives.txt"));
    let negatives = lines("secrets/negatives.txt");
    let missed: Vec<_> = positives.iter().filter(|(path, text)| !is_found(path, text)).collect();
    let wrong: Vec<_> = negatives.iter().filter(|(path, text)| is_found(path, text)).collect();
    for (path, text) in &missed {
        println!("missed: {path}: {text}");
    }
    for (path, text) in &wrong {
        println!("wrong: {path}: {text} {:?}", fired(path, text));
    }
    let found = positives.len() - missed.len();
    let precision = found as f64 / (found + wrong.len()) as f64;
    let recall = found as f64 / positives.len() as f64;
    println!(
        "{} positive and {} negative lines: precision {precision:.3}, recall {recall:.3}",
        positives.len(),
        negatives.len()
    );
    assert!(positives.len() >= 200 && negatives.len() >= 150);
    assert!(precision >= 0.98 && recall >= 0.97, "precision {precision:.3}, recall {recall:.3}");
}
