//! Secrets by their names: variables, arguments, commands, mounts. Values that are secrets by
//! their shape are found by the secret rules, wherever they stand; no value is shown here.

use super::Sink;
use super::shell_text::ShellText;
use super::state::{State, Step};

/// Parts of names that say secret, between `_` or at an end.
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "auth",
    "key",
    "pat",
    "secrets",
    "pass",
];
/// Names, or their ends, that only sound like one.
const HARMLESS_ENDS: [&str; 18] = [
    "_file",
    "_path",
    "_dir",
    "_url",
    "_uri",
    "_name",
    "_id",
    "_user",
    "_type",
    "_length",
    "_ttl",
    "_host",
    "_enabled",
    "_timeout",
    "_algorithm",
    "_expiry",
    "_keyserver",
    "_fingerprint",
];
/// Before `KEY`, what makes it a secret one; alone it may be anything.
const SECRET_KEYS: [&str; 10] = [
    "api",
    "access",
    "private",
    "secret",
    "encryption",
    "signing",
    "master",
    "ssh",
    "account",
    "license",
];
/// Options of commands whose value is a secret.
const SECRET_OPTIONS: [&str; 8] = [
    "--password",
    "--passwd",
    "--token",
    "--secret",
    "--api-key",
    "--apikey",
    "--auth-token",
    "--access-token",
];

/// Rules about secrets.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    documents(step, sink);
    match step.instruction.keyword.as_str() {
        "ENV" | "ARG" => variables(step, state, sink),
        "RUN" => {
            if let Some(shell) = &step.shell {
                commands(step, shell, sink);
            }
            mounts(step, sink);
        }
        _ => {}
    }
}

fn variables(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let keyword = &step.instruction.keyword;
    for (name, value) in step.instruction.pairs() {
        if !is_secret_name(&name) {
            continue;
        }
        let value = value.map(|value| state.expand(&value));
        let literal = value.filter(|v| !v.unknown && is_value(&v.text));
        if literal.is_some() {
            let message = format!("{keyword} {name} has its value in the file and in the image");
            sink.at("dockerfile-secret-value", step.instruction, step.subject, message);
        } else {
            let message = format!("{keyword} {name}: its value is kept in the image's history");
            sink.at("dockerfile-secret-variable", step.instruction, step.subject, message);
        }
    }
}

/// Whether a variable holds a secret by its name.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase().replace('-', "_");
    if HARMLESS_ENDS.iter().any(|end| lower.ends_with(end)) || lower.contains("public") {
        return false;
    }
    let parts: Vec<&str> = lower.split('_').collect();
    parts.iter().enumerate().any(|(at, part)| match *part {
        "key" => {
            let before = at.checked_sub(1).and_then(|at| parts.get(at));
            before.is_some_and(|before| SECRET_KEYS.contains(before))
        }
        // `PWD` alone is a folder, `PASS` and `PAT` need company.
        "pwd" | "pass" | "pat" | "auth" => parts.len() > 1 && at + 1 == parts.len(),
        part => SECRET_WORDS.contains(&part),
    }) || ["password", "passwd", "apikey", "secretkey", "accesstoken"]
        .iter()
        .any(|word| lower.ends_with(word))
}

/// Whether a text is a value rather than nothing, a switch or a place to fill in.
pub(crate) fn is_value(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let empty = ["", "true", "false", "0", "1", "none", "null", "no", "yes", "\"\"", "''"];
    let to_fill_in = lower.starts_with('<') && lower.ends_with('>');
    let elsewhere = lower.starts_with('$') || lower.starts_with("/run/secrets/");
    !empty.contains(&lower.as_str()) && !to_fill_in && !elsewhere
}

/// Passwords and tokens among the words of commands.
fn commands(step: &Step<'_>, shell: &ShellText, sink: &mut Sink<'_>) {
    let mut told = Vec::new();
    for (name, value, lines) in &shell.assignments {
        if is_secret_name(name) && is_literal(value) {
            told.push((*lines, format!("{name} has its value in the command")));
        }
    }
    for command in shell.commands() {
        let mut words = command.arguments.iter().peekable();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (word.as_str(), words.peek().map(|next| next.as_str())),
            };
            let is_user = command.name == "curl" && matches!(option, "-u" | "--user");
            let has_password =
                |value: &str| value.split_once(':').is_some_and(|(_, p)| is_literal(p));
            let is_secret = match value {
                Some(value) if is_user => has_password(value),
                Some(value) => SECRET_OPTIONS.contains(&option) && is_literal(value),
                None => false,
            };
            if is_secret || (command.name == "sshpass" && word.starts_with("-p") && word.len() > 2)
            {
                told.push((command.lines, format!("{} is given {option} in clear", command.name)));
            }
        }
    }
    for (lines, message) in told {
        sink.lines("dockerfile-secret-command", lines, step.subject, message);
    }
}

/// Lines of here-documents that give a secret its value.
fn documents(step: &Step<'_>, sink: &mut Sink<'_>) {
    for heredoc in &step.instruction.heredocs {
        for (start, line) in &heredoc.body.lines {
            let row = heredoc.body.text.get(*start..).unwrap_or_default();
            let row = row.lines().next().unwrap_or_default().trim_start();
            let row = row.strip_prefix("export ").unwrap_or(row);
            let Some((name, value)) = row.split_once(['=', ':']) else { continue };
            let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
            if plain && is_secret_name(name) && is_literal(value) {
                let message = format!("the here-document gives {name} its value");
                let lines = (*line, *line);
                sink.lines("dockerfile-secret-command", lines, step.subject, message);
            }
        }
    }
}

fn is_literal(value: &str) -> bool {
    is_value(value) && !value.contains(['$', '`']) && !value.starts_with('-')
}

/// Secrets that BuildKit mounts stay out of the image, unless the command copies or prints them.
fn mounts(step: &Step<'_>, sink: &mut Sink<'_>) {
    let mut targets = Vec::new();
    let mut names = Vec::new();
    for mount in step.instruction.flags("mount") {
        let fields: Vec<(&str, &str)> =
            mount.split(',').map(|field| field.split_once('=').unwrap_or((field, ""))).collect();
        if !fields.contains(&("type", "secret")) {
            continue;
        }
        let value = |keys: &[&str]| fields.iter().find(|(key, _)| keys.contains(key)).map(|f| f.1);
        let id = value(&["id"]);
        let target = value(&["target", "dst", "destination"]).map(str::to_owned);
        names.extend(value(&["env"]).map(str::to_owned));
        targets.push(target.unwrap_or_else(|| format!("/run/secrets/{}", id.unwrap_or_default())));
    }
    let Some(shell) = step.shell.as_ref().filter(|_| !targets.is_empty()) else { return };
    for pipeline in &shell.run {
        let first = pipeline.first().and_then(|first| shell.command(first));
        let Some(command) = first else { continue };
        let of_secret = |word: &String| {
            targets.iter().any(|target| word.contains(target.as_str()))
                || names.iter().any(|name| word.contains(&format!("${name}")))
        };
        let copies = matches!(command.name, "cp" | "mv" | "install" | "ln" | "rsync");
        let prints = matches!(command.name, "cat" | "echo" | "printf" | "tee" | "head" | "tail");
        let sunk = pipeline.len() > 1;
        if command.arguments.iter().any(of_secret) && (copies || (prints && !sunk)) {
            let message =
                format!("{} takes the mounted secret into the image or the log", command.name);
            sink.lines("dockerfile-secret-mount-kept", command.lines, step.subject, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_their_kin() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "API_KEY",
            "APIKEY",
            "NPM_TOKEN",
            "MYSQL_ROOT_PASSWORD",
            "db-password",
            "SSH_KEY",
            "GH_PAT",
            "PGPASSWORD",
            "BASIC_AUTH",
            "SECRET",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "PUBLIC_KEY",
            "KEY",
            "GPG_KEY",
            "TOKEN_URL",
            "PWD",
            "OLDPWD",
            "PATH",
            "SECRET_NAME",
            "KEYBOARD",
            "MONKEY",
            "AUTH",
            "TOKENIZERS_PARALLELISM",
            "COMPASS",
            "AWS_ACCESS_KEY_ID",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
