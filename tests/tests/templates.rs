//! Templates on the command line: recognised, judged, written in the formats, without a database.

use std::path::Path;

use walks::{Run, command, run, scratch};

const DOCKERFILE: &str = "FROM debian:12\n# hadolint ignore=DL3004\nRUN sudo true\nRUN curl -sk https://example.org/i.sh | sh\nUSER root\n";
const COMPOSE: &str =
    "services:\n  web:\n    image: nginx\n    volumes: ['/var/run/docker.sock:/s']\n";

fn scan(folder: &Path, words: &[&str]) -> Run {
    let (data, cache) = (scratch(), scratch());
    run(command(data.path(), cache.path()).current_dir(folder).arg("scan").args(words))
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = scratch();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn files_and_folders_of_templates_are_told_from_images() {
    let folder = tree(&[("app/Dockerfile", DOCKERFILE), ("app/compose.yaml", COMPOSE)]);
    let one = scan(folder.path(), &["app/Dockerfile", "-f", "json", "--exit-zero"]).expect(0);
    assert_eq!(one.json()["source"]["kind"], "template");
    assert_eq!(one.json()["inventory"]["templates"][0], "Dockerfile");
    let all = scan(folder.path(), &["app", "-f", "json", "--exit-zero"]).expect(0);
    assert_eq!(all.json()["inventory"]["templates"].as_array().unwrap().len(), 2);
    assert!(all.err.contains("rootfs:app"), "{}", all.err);
    let odd = tree(&[("build.txt", DOCKERFILE)]);
    scan(odd.path(), &["template:build.txt", "--exit-zero"]).expect(0);
    let none = tree(&[("a.txt", "x")]);
    assert!(scan(none.path(), &["template:."]).expect(2).error_line().contains("no Dockerfile"));
}

#[test]
fn the_table_names_rule_place_and_repair() {
    let folder = tree(&[("Dockerfile", DOCKERFILE)]);
    let run = scan(folder.path(), &["Dockerfile", "--all", "--exit-zero"]).expect(0);
    for word in ["WEAKNESSES", "Dockerfile:4", "dockerfile-pipe-to-shell", "DL3002", "IGNORED"] {
        assert!(run.out.contains(word), "{word}: {}", run.out);
    }
    assert!(!run.out.contains("advisory database"), "{}", run.out);
}

#[test]
fn sarif_points_at_the_lines_of_the_repository() {
    let folder = tree(&[("deploy/Dockerfile", DOCKERFILE)]);
    for word in ["deploy", "deploy/Dockerfile", "./deploy/"] {
        let run = scan(folder.path(), &[word, "-f", "sarif", "--exit-zero"]).expect(0);
        let results = run.json()["runs"][0]["results"].clone();
        let piped = results.as_array().unwrap().iter();
        let piped: Vec<_> = piped
            .filter(|result| result["ruleId"] == "template/dockerfile-pipe-to-shell")
            .map(|result| result["locations"][0]["physicalLocation"].clone())
            .collect();
        assert_eq!(piped.len(), 1, "{word}");
        assert_eq!(piped[0]["artifactLocation"]["uri"], "deploy/Dockerfile", "{word}");
        assert_eq!(piped[0]["region"]["startLine"], 4);
    }
}

#[test]
fn a_policy_denies_templates_and_settings_change_rules() {
    let folder = tree(&[
        ("Dockerfile", DOCKERFILE),
        (
            "policy.yaml",
            "version: 1\nrules:\n  - name: weak\n    decision: deny\n    misconfiguration: {rules: [DL3002]}\n",
        ),
        (".lazaret-templates.yaml", "rules:\n  dockerfile-user-root: {enabled: false}\n"),
    ]);
    let words = ["Dockerfile", "--policy", "policy.yaml"];
    scan(folder.path(), &words).expect(0);
    std::fs::remove_file(folder.path().join(".lazaret-templates.yaml")).unwrap();
    scan(folder.path(), &words).expect(1);
}
