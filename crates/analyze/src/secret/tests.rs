//! The rules against their own examples, and the scanner as a whole.

mod expand;
mod labelled;

use expand::expand;

use super::*;
use crate::testing::Paged;
use model::{Confidence, FileKind, HistoryStep, SecretCategory, SecretPlace};

pub(super) fn entry(path: &str, size: usize) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes: size as u64,
        mode: 0o644,
        uid: 0,
        gid: 0,
    }
}

pub(super) fn scan(path: &str, bytes: &[u8]) -> Vec<Secret> {
    let scanner = SecretScanner::built_in().unwrap();
    scanner.scan_file(&entry(path, bytes.len()), &bytes).secrets
}

/// The rules that fire in `text`, with their confidence.
pub(super) fn fired(path: &str, text: &str) -> Vec<(String, Confidence)> {
    scan(path, text.as_bytes()).into_iter().map(|s| (s.rule, s.confidence)).collect()
}

#[test]
fn every_rule_compiles_and_has_its_own_id() {
    let (rules, _) = rules::built_in().unwrap();
    rules::check(&rules).unwrap();
    let mut ids: Vec<_> = rules.iter().map(|rule| rule.id.as_str()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice");
    assert!(count >= 200, "{count} rules");
}

#[test]
fn every_rule_finds_its_examples_and_passes_its_near_misses() {
    let (rules, _) = rules::built_in().unwrap();
    let mut wrong = Vec::new();
    for rule in &rules {
        assert!(!rule.examples.is_empty(), "{} has no example", rule.id);
        for (seed, example) in rule.examples.iter().enumerate() {
            let text = format!("first line\n{}\n", expand(example, seed as u64));
            let found = fired("etc/app.conf", &text);
            if !found.iter().any(|(id, worth)| *id == rule.id && *worth == rule.confidence) {
                wrong.push(format!("{} misses {text:?}: {found:?}", rule.id));
            }
        }
        for (seed, near) in rule.near_misses.iter().enumerate() {
            let text = format!("first line\n{}\n", expand(near, seed as u64));
            let found = fired("etc/app.conf", &text);
            if found.iter().any(|(id, worth)| *id == rule.id && *worth > Confidence::Placeholder) {
                wrong.push(format!("{} takes {text:?}: {found:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_output_shows_a_secret() {
    let (rules, _) = rules::built_in().unwrap();
    for rule in &rules {
        let text = expand(&rule.examples[0], 7);
        for secret in scan("etc/app.conf", text.as_bytes()) {
            let span = secret.span.unwrap();
            let clear = &text[span.offset as usize..(span.offset + span.length) as usize];
            let tail = &clear[clear.len().min(4)..];
            if tail.len() >= 8 && secret.category != SecretCategory::Certificate {
                let json = serde_json::to_string(&secret).unwrap();
                let told = tail.contains("AES256"); // the header of an encrypted file is no secret
                assert!(told || !json.contains(tail), "{}: {json}", rule.id);
            }
        }
        let masked = SecretScanner::built_in().unwrap().mask(&text);
        assert_eq!(masked, SecretScanner::built_in().unwrap().mask(&masked), "{}", rule.id);
    }
}

#[test]
fn own_rules_join_the_built_in_ones() {
    let rules = "rules:\n  - id: corp-token\n    title: t\n    keywords: [corp_]\n    token: 'corp_[a-z]{8}'\n";
    let scanner = SecretScanner::with_rules(rules).unwrap();
    assert_ne!(scanner.version(), SecretScanner::built_in().unwrap().version());
    assert_eq!(scanner.rule_count(), SecretScanner::built_in().unwrap().rule_count() + 1);
    let text = b"x corp_qzkwvjxp y".as_slice();
    let found = scanner.scan_file(&entry("a", text.len()), &text).secrets;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule.as_str(), found[0].excerpt.as_str()),
        ("corp-token", "x corp******** y")
    );
    for (text, message) in [
        ("rules: 3", "secret rules: "),
        ("rules:\n  - {id: a, title: t, keywords: [abc], token: '('}\n", "secret rule a: "),
        ("rules:\n  - {id: a, title: t, keywords: [abc]}\n", "secret rule a: give exactly one"),
        (
            "rules:\n  - {id: a, title: t, keywords: [ab], token: x}\n",
            "secret rule a: give keywords",
        ),
        (
            "rules:\n  - {id: a, title: t, keywords: [abc], token: x, colour: red}\n",
            "secret rules: ",
        ),
    ] {
        let error = SecretScanner::with_rules(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(message) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn lines_spans_and_pieces_agree() {
    let token = expand("ghp_{rand:36:alnum}", 3);
    let filler = "nothing here\n".repeat(crate::limits::SECRET_WINDOW_BYTES * 2 / 13 + 7);
    let text = format!("{filler}x = {token}\n{filler}y = {token}\n");
    let scanner = SecretScanner::built_in().unwrap();
    let entry = entry("big.txt", text.len());
    let whole = scanner.scan_file(&entry, &text.as_bytes());
    let pieces = scanner.scan_file(&entry, &Paged(text.as_bytes()));
    assert_eq!(whole, pieces);
    assert_eq!(whole.secrets.len(), 2);
    let span = whole.secrets[0].span.unwrap();
    assert_eq!(span.offset as usize, filler.len() + 4);
    assert_eq!(whole.secrets[0].line as usize, filler.lines().count() + 1);
    assert_eq!(whole.secrets[0].fingerprint, whole.secrets[1].fingerprint);
}

#[test]
fn configuration_is_searched_by_value_and_by_name() {
    let token = expand("npm_{rand:36:alnum}", 5);
    let config = ImageConfig {
        env: vec![
            "PATH=/usr/bin".to_owned(),
            "DB_PASSWORD=w1nterIsC0ming".to_owned(),
            "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305".to_owned(),
            format!("HARMLESS={token}"),
        ],
        labels: [("build.token".to_owned(), token.clone())].into(),
        history: vec![
            HistoryStep {
                created_by: "/bin/sh -c #(nop) CMD [\"sh\"]".to_owned(),
                ..HistoryStep::default()
            },
            HistoryStep {
                created_by: format!("|2 NPM_TOKEN={token} VERSION=3 /bin/sh -c npm ci # buildkit"),
                ..HistoryStep::default()
            },
        ],
        ..ImageConfig::default()
    };
    let scanner = SecretScanner::built_in().unwrap();
    let found = scanner.scan_config(&config);
    let places: Vec<_> = found.iter().map(|s| (s.place.clone(), s.rule.as_str())).collect();
    assert_eq!(
        places,
        [
            (SecretPlace::Environment("DB_PASSWORD".into()), "generic-password"),
            (SecretPlace::Environment("HARMLESS".into()), "npm-token"),
            (SecretPlace::Label("build.token".into()), "npm-token"),
            (SecretPlace::History(1), "npm-token"),
        ]
    );
    let shown = serde_json::to_string(&scanner.mask_config(&config)).unwrap();
    assert!(!shown.contains(&token) && !shown.contains("w1nterIsC0ming"), "{shown}");
    assert!(shown.contains("PATH=/usr/bin") && shown.contains("VERSION=3"), "{shown}");
}

#[test]
fn utf16_and_binaries_are_searched() {
    let token = expand("glpat-{rand:20:alnum}", 1);
    let mut wide = vec![0xff, 0xfe];
    wide.extend(format!("k={token}\r\n").encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(scan("a.txt", &wide)[0].rule, "gitlab-token");
    let binary = [b"\x7fELF\0\0\0".as_slice(), token.as_bytes(), b"\0\0"].concat();
    let found = scan("usr/bin/tool", &binary);
    assert_eq!((found[0].rule.as_str(), found[0].line), ("gitlab-token", 0));
    let packed = [b"\x1f\x8b\x08".as_slice(), token.as_bytes()].concat();
    assert!(scan("a.gz", &packed).is_empty());
}

#[test]
fn hostile_texts_are_bounded() {
    let many = format!("{}\n", expand("ghp_{rand:36:alnum}", 2)).repeat(20_000);
    let scanner = SecretScanner::built_in().unwrap();
    let found = scanner.scan_file(&entry("a", many.len()), &many.as_bytes());
    assert_eq!(found.secrets.len(), crate::limits::MAX_SECRETS_PER_FILE);
    assert!(!found.skipped.is_empty());
    assert!(found.skipped.iter().all(|skip| skip.reason == model::SkipReason::TooMany));
    for unit in [
        "password=",
        "-----BEGIN ",
        "://a:",
        "eyJ.",
        "AAAA",
        "secret_key:\"",
        "$6$",
        "-----BEGIN A-----",
    ] {
        let text = unit.repeat((4 << 20) / unit.len());
        assert!(scan("x.conf", text.as_bytes()).len() <= 200, "{unit}");
    }
    let huge = entry("a", usize::MAX >> 1);
    struct Huge;
    impl Content for Huge {
        fn size_bytes(&self) -> u64 {
            u64::MAX >> 1
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("read")
        }
        fn bytes(&self) -> Option<&[u8]> {
            None
        }
    }
    assert!(scanner.wants(&huge));
    assert_eq!(scanner.scan_file(&huge, &Huge).skipped.len(), 1);
}

/// A single line of 100 MiB costs a second, not a minute, and no excerpt of its size.
#[test]
fn one_line_of_a_hundred_megabytes() {
    let mut line = "function(a,b){return a.token=b}".repeat((100 << 20) / 31);
    line.push_str(&expand("k='ghp_{rand:36:alnum}'", 2));
    let found = scan("bundle.min.js", line.as_bytes());
    assert_eq!(found.len(), 1);
    assert!(found[0].excerpt.len() < 300);
}
