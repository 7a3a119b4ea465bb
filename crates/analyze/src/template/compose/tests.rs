//! Whole files: layers, included files, places, hostile texts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::template::{Found, Template, TemplateKind, TemplateScanner};

fn scan(files: &[(&str, &str)]) -> Found {
    static SCANNER: LazyLock<TemplateScanner> =
        LazyLock::new(|| TemplateScanner::built_in().unwrap());
    let tree: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let (name, text) = files[0];
    SCANNER.scan(&[Template { name, kind: TemplateKind::Compose, text }], &tree)
}

/// The flaws of a rule, as `file:first-last subject: message`.
fn told(files: &[(&str, &str)], rule: &str) -> Vec<String> {
    let flaws = scan(files).flaws.into_iter().filter(|flaw| flaw.rule == rule);
    flaws
        .map(|flaw| {
            let place = &flaw.place;
            format!(
                "{}:{}-{} {}: {}",
                place.file, place.first_line, place.last_line, flaw.subject, flaw.message
            )
        })
        .collect()
}

#[test]
fn what_is_extended_counts_and_is_told_at_extends() {
    let base = "services:\n  base:\n    image: a:1\n    privileged: true\n    volumes: [/etc:/e]\n";
    let text = "services:\n  web:\n    extends:\n      file: sub/base.yaml\n      service: base\n    volumes:\n      - /root:/r:ro\n";
    let files = [("compose.yaml", text), ("sub/base.yaml", base)];
    assert_eq!(
        told(&files, "compose-privileged"),
        ["compose.yaml:3-3 service web: privileged: true (from base in sub/base.yaml)"]
    );
    assert_eq!(
        told(&files, "compose-sensitive-mount"),
        ["compose.yaml:7-7 service web: /root of the host is read by the container"]
    );
    assert_eq!(told(&files, "compose-sensitive-mount-writable").len(), 1);
}

#[test]
fn included_files_are_looked_at_once() {
    let text =
        "include:\n  - sub/db.yaml\n  - path: [sub/db.yaml]\nservices:\n  web: {image: 'a:1'}\n";
    let db = "include: [../compose.yaml]\nservices:\n  db:\n    image: b\n    privileged: yes\n";
    let files = [("compose.yaml", text), ("sub/db.yaml", db)];
    assert_eq!(
        told(&files, "compose-privileged"),
        ["sub/db.yaml:5-5 service db: privileged: true"]
    );
}

#[test]
fn nothing_outside_is_read() {
    for path in ["../../etc/passwd", "/etc/passwd", "~/x.yaml", "oci://x"] {
        let text = format!("services:\n  web:\n    extends: {{file: '{path}', service: x}}\n");
        let found = scan(&[("a/compose.yaml", &text)]);
        assert_eq!(found.skipped.len(), 1, "{path}");
        let text = format!("include: ['{path}']\n");
        assert_eq!(scan(&[("a/compose.yaml", &text)]).skipped.len(), 1, "{path}");
    }
}

#[test]
fn variables_anchors_and_merges_are_put_in() {
    let text = "x-base: &base\n  privileged: true\nservices:\n  web:\n    <<: *base\n    image: ${REG:-docker.io}/a:${TAG}\n    ports: ['${PORT:-8080}:80']\n    command: echo $$HOME\n";
    let files = [("compose.yaml", text), (".env", "TAG=latest\n")];
    assert_eq!(
        told(&files, "compose-image-latest"),
        ["compose.yaml:6-6 service web: docker.io/a:latest: the tag is moved with every release"]
    );
    assert_eq!(
        told(&files, "compose-privileged"),
        ["compose.yaml:2-2 service web: privileged: true"]
    );
    assert_eq!(told(&files, "compose-port-open").len(), 1);
}

#[test]
fn hostile_texts_are_read_or_skipped() {
    let chain: String = (0..100).map(|n| format!("  s{n}: {{extends: s{}}}\n", n + 1)).collect();
    let texts = [
        "services: 3",
        "services:\n  a: 3\n",
        "services: [a]",
        "include: {a: b}",
        "include: [{path: {}}]",
        "services:\n  a: {extends: a}\n",
        "services:\n  a: {volumes: [{}], ports: [{}], devices: [[]]}\n",
        "services:\n  a: {image: '', environment: [=, '='], user: ':'}\n",
        "[]",
        "\0",
        "a: [",
        "- a",
    ];
    for text in texts {
        let _ = scan(&[("compose.yaml", text)]);
    }
    let found = scan(&[("compose.yaml", &format!("services:\n{chain}"))]);
    assert!(!found.skipped.is_empty());
}

/// Pieces of which texts are made at random.
const PIECES: [&str; 44] = [
    "services:\n",
    "  a:\n",
    "    image: ",
    "x:1\n",
    "    volumes:\n",
    "      - ",
    "/etc:/e\n",
    "\n",
    "    ports: [",
    "'80:80'",
    "]",
    "{",
    "}",
    ", ",
    "target: 1",
    "    extends: ",
    "a\n",
    "{service: b}",
    "  b: &b\n",
    "    <<: *b\n",
    "    privileged: yes\n",
    "$X",
    "${X:-",
    "$$",
    "    environment:\n",
    "      A: ",
    "      PASSWORD: ",
    "include:\n",
    "- base.yaml\n",
    "volumes:\n",
    "    driver_opts: ",
    "o: bind",
    "device: /",
    "#",
    "\t",
    "\"",
    "'",
    "- ",
    ": ",
    "|\n",
    "---\n",
    "null",
    "    user: ",
    "é",
];

proptest::proptest! {
    /// Whatever files are made of, the flaws lie in them.
    #[test]
    fn flaws_lie_in_the_files(
        own in proptest::collection::vec(0..PIECES.len(), 0..60),
        other in proptest::collection::vec(0..PIECES.len(), 0..30),
    ) {
        let text = |places: &[usize]| places.iter().map(|at| PIECES[*at]).collect::<String>();
        let (own, other) = (text(&own), text(&other));
        let files = [("compose.yaml", own.as_str()), ("base.yaml", other.as_str())];
        for flaw in scan(&files).flaws {
            let place = &flaw.place;
            proptest::prop_assert!(place.first_line >= 1 && place.first_line <= place.last_line);
            let text = files.iter().find(|(name, _)| *name == place.file).map(|(_, text)| text);
            let lines = text.map_or(0, |text| text.lines().count() as u32);
            proptest::prop_assert!(place.first_line <= lines + 1, "{:?} of {}", flaw, lines);
        }
    }
}
