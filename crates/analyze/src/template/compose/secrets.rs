//! Secrets by their names: in the environment, build arguments, env files and commands.

use super::Sink;
use super::project::env_lines;
use crate::template::dockerfile::{is_literal_secret, is_secret_name};

/// Options of commands whose value is a secret.
const OPTIONS: [&str; 6] =
    ["--password", "--passwd", "--token", "--secret", "--api-key", "--requirepass"];

pub(super) fn check(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    for (path, what) in
        [(&["environment"][..], "environment"), (&["build", "args"], "build argument")]
    {
        for (name, value, lines) in service.pairs(path) {
            let Some(value) = value.filter(|value| !value.unknown) else { continue };
            if is_secret_name(&name) && is_literal_secret(&value.text) {
                let message = format!("{what} {name} has its value in the file");
                sink.at("compose-secret-value", lines, message);
            }
        }
    }
    env_files(sink);
    for key in ["command", "entrypoint"] {
        let texts = service.texts(key);
        let words: Vec<(&str, &super::service::Lines)> = texts
            .iter()
            .flat_map(|(text, lines)| text.split_whitespace().map(move |word| (word, lines)))
            .collect();
        for (at, (word, lines)) in words.iter().enumerate() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (*word, words.get(at + 1).map(|(next, _)| *next)),
            };
            let literal = value
                .is_some_and(|v| is_literal_secret(v) && !v.starts_with('-') && !v.contains('$'));
            if OPTIONS.contains(&option) && literal {
                let message = format!("{key}: {option} is given in clear");
                sink.at("compose-secret-command", (*lines).clone(), message);
            }
        }
    }
}

fn env_files(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    let mut files = service.texts("env_file");
    for held in service.all("env_file") {
        for item in held.node.items() {
            if let Some(path) = item.get("path").and_then(|node| service.project.text(node)) {
                files.push((path.text, held.inside(item)));
            }
        }
    }
    for (file, lines) in files {
        let Ok(path) = service.project.beside(&file) else { continue };
        let Some(text) = service.project.tree.text(&path) else { continue };
        let names: Vec<String> = env_lines(&text)
            .into_iter()
            .filter(|(name, value, _)| is_secret_name(name) && is_literal_secret(value))
            .map(|(name, ..)| name)
            .collect();
        if let Some(first) = names.first() {
            let more = if names.len() > 1 {
                format!(" and {} more", names.len() - 1)
            } else {
                String::new()
            };
            let message = format!("{path}, beside the compose file, holds {first}{more}");
            sink.at("compose-env-file-secret", lines, message);
        }
    }
}
