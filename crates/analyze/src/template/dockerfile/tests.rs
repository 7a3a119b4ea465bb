//! Whole files: places, scopes, hostile texts. Rules one by one are tested by their examples.

use std::sync::LazyLock;

use crate::template::{Found, NoTree, Template, TemplateKind, TemplateScanner};

fn scan(text: &str) -> Found {
    static SCANNER: LazyLock<TemplateScanner> =
        LazyLock::new(|| TemplateScanner::built_in().unwrap());
    let kind = TemplateKind::Dockerfile;
    SCANNER.scan(&[Template { name: "Dockerfile", kind, text }], &NoTree)
}

/// The flaws of some rules, as `rule:first-last subject`.
fn told(text: &str, rules: &[&str]) -> Vec<String> {
    let flaws = scan(text).flaws.into_iter().filter(|flaw| rules.contains(&flaw.rule));
    flaws
        .map(|flaw| {
            let place = &flaw.place;
            let short = flaw.rule.trim_start_matches("dockerfile-");
            format!("{short}:{}-{} {}", place.first_line, place.last_line, flaw.subject)
        })
        .collect()
}

#[test]
fn flaws_stand_at_their_lines() {
    let text =
        "# syntax=docker/dockerfile:1\nFROM a:1 AS x\nRUN a \\\n  # why\n  && sudo b \\\n  c\n";
    assert_eq!(
        told(text, &["dockerfile-sudo", "dockerfile-frontend-unpinned"]),
        ["frontend-unpinned:1-1 ", "sudo:5-6 stage x"]
    );
}

#[test]
fn here_documents_are_read_as_shell() {
    let text = "FROM a:1\nRUN <<EOF\nset -e\ncurl -k https://x |\\\n  sh\nEOF\nRUN <<'P' python3\nsudo\nP\n";
    assert_eq!(
        told(text, &["dockerfile-tls-curl", "dockerfile-pipe-to-shell", "dockerfile-sudo"]),
        ["tls-curl:4-4 ", "pipe-to-shell:4-5 "]
    );
}

#[test]
fn the_last_stage_is_what_runs() {
    let rules =
        ["dockerfile-user-missing", "dockerfile-user-root", "dockerfile-healthcheck-missing"];
    let text = "FROM a:1 AS base\nUSER 10\nHEALTHCHECK NONE\nFROM b:1 AS build\nRUN make\nFROM base\nRUN x\n";
    assert!(told(text, &rules).is_empty());
    let text = "FROM a:1 AS base\nUSER 0\nFROM base\n";
    assert_eq!(
        told(text, &rules),
        ["user-root:2-2 stage 1", "user-root:2-2 stage base", "healthcheck-missing:3-3 stage 1"]
    );
}

#[test]
fn images_are_told_with_their_variables_put_in() {
    let text = "ARG V=12\nARG W\nFROM debian:$V AS a\nFROM b:$W\nFROM a\nCOPY --from=c:1 /x /y\nCOPY --from=a /x /y\nFROM scratch\n";
    let found = scan(text);
    let images: Vec<_> = found.images.iter().map(|image| image.image.as_str()).collect();
    assert_eq!(images, ["debian:12", "c:1"]);
}

#[test]
fn comments_take_flaws_out() {
    let text = "FROM a:1\n# hadolint ignore=DL3004\nRUN sudo a\nRUN sudo b\n";
    let found = scan(text);
    let sudo: Vec<bool> = found
        .flaws
        .iter()
        .filter(|flaw| flaw.rule == "dockerfile-sudo")
        .map(|flaw| flaw.ignored.is_some())
        .collect();
    assert_eq!(sudo, [true, false]);
}

#[test]
fn hostile_texts_are_read_or_skipped() {
    let nested = format!("FROM a\nRUN {}", "$(".repeat(100_000));
    let variables = format!("FROM {}{}", "${a:-".repeat(5_000), "}".repeat(5_000));
    let doubling = format!("FROM a\nENV A=aaaaaaaaaaaaaaaa\n{}", "ENV A=$A$A\n".repeat(40));
    let heredocs = format!("FROM a\n{}", "RUN <<E\n".repeat(30_000));
    let many = (0..19_000).map(|n| format!("RUN <<E{n}\n")).collect::<String>();
    let flags = format!("FROM a\nRUN {}x", "--a=b ".repeat(200_000));
    let stages = (0..5_000).map(|n| format!("FROM s{} AS s{n}\n", n - 1)).collect::<String>();
    let quotes = format!("FROM a\nRUN {}", "'\"`".repeat(50_000));
    let long = format!("FROM a\nRUN {}\n", "a ".repeat(1_500_000));
    let texts = [
        &nested,
        &variables,
        &doubling,
        &heredocs,
        &many,
        &flags,
        &stages,
        &quotes,
        &long,
        "ONBUILD",
        "FROM",
        "RUN",
        "\\",
        "#",
        "# =",
        "FROM a\nENV",
        "FROM a\nCOPY",
        "FROM a AS",
        "FROM a\nHEALTHCHECK",
        "FROM a\nSHELL",
        "FROM a\nRUN [",
        "FROM a\nUSER",
        "é",
        "FROM é\nRUN é\\",
        "FROM a\nRUN <<",
        "FROM a\nEXPOSE -",
        "FROM a\nLABEL =",
        "FROM a\nADD x",
        "FROM a\nRUN --",
    ];
    for text in texts {
        let _ = scan(text);
    }
    let found = scan("this is\nno dockerfile\n");
    assert_eq!(found.skipped.len(), 1);
    assert!(found.flaws.is_empty());
}

/// Pieces of which texts are made at random.
const PIECES: [&str; 56] = [
    "FROM ",
    "a:1",
    " AS b",
    "\n",
    "\\\n",
    "RUN ",
    "COPY ",
    "ADD ",
    "--from=",
    "--mount=type=secret,",
    "ENV ",
    "ARG ",
    "A=",
    "$A",
    "${A",
    "${A:-",
    "}",
    "\"",
    "'",
    "`",
    "<<EOF",
    "<<-'E'",
    "\nEOF\n",
    "\nE\n",
    "[\"a\", ",
    "]",
    "#",
    "# escape=`\n",
    "# syntax=x\n",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "USER ",
    "root",
    "EXPOSE ",
    "99999",
    "WORKDIR ",
    "LABEL ",
    "SHELL ",
    "| sh",
    "curl -k ",
    "&&",
    ";",
    "$(",
    ")",
    "apt-get install ",
    "pip install ",
    " -y ",
    "é",
    "\r\n",
    "\t",
    "\0",
    "chmod 777 ",
    "= ",
    "# hadolint ignore=DL3008\n",
    "rm -rf $A/",
];

proptest::proptest! {
    /// Whatever a text is made of, its flaws lie in it.
    #[test]
    fn flaws_lie_in_the_text(places in proptest::collection::vec(0..PIECES.len(), 0..80)) {
        let text: String = places.iter().map(|at| PIECES[*at]).collect();
        let lines = text.lines().count() as u32;
        for flaw in scan(&text).flaws {
            let place = &flaw.place;
            proptest::prop_assert!(place.first_line >= 1 && place.first_line <= place.last_line);
            proptest::prop_assert!(place.last_line <= lines.max(1), "{:?} of {}", flaw, lines);
        }
    }
}
