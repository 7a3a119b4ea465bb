//! What a build takes in unseen: checks of certificates and signatures that are switched off,
//! scripts that are run as they come from the network, and rights that a RUN is given.

use super::Sink;
use super::shell_text::{Command, ShellText};
use super::state::{State, Step};
use crate::history::shell::is_interpreter;

/// Tools that fetch.
const FETCHERS: [&str; 5] = ["curl", "wget", "fetch", "aria2c", "http"];
/// Tools that only pass on what they read.
const PASSING: [&str; 10] =
    ["tee", "cat", "gunzip", "zcat", "gzip", "base64", "sed", "tr", "awk", "envsubst"];

/// Variables that switch a check off: the rule, the name, whether the value does it.
type Switch = (&'static str, &'static str, fn(&str) -> bool);

const SWITCHES: [Switch; 12] = [
    ("dockerfile-tls-python", "PYTHONHTTPSVERIFY", is_off),
    ("dockerfile-tls-node", "NODE_TLS_REJECT_UNAUTHORIZED", is_off),
    ("dockerfile-tls-npm", "NPM_CONFIG_STRICT_SSL", is_off),
    ("dockerfile-tls-npm", "npm_config_strict_ssl", is_off),
    ("dockerfile-tls-npm", "YARN_ENABLE_STRICT_SSL", is_off),
    ("dockerfile-tls-git", "GIT_SSL_NO_VERIFY", is_set),
    ("dockerfile-tls-pip", "PIP_TRUSTED_HOST", is_set),
    ("dockerfile-content-trust", "DOCKER_CONTENT_TRUST", is_off),
    ("dockerfile-tls-git", "GIT_SSL_VERIFY", is_off),
    ("dockerfile-tls-go", "GOINSECURE", is_set),
    ("dockerfile-tls-go", "GONOSUMDB", is_everything),
    ("dockerfile-tls-go", "GOFLAGS", |value| value.contains("-insecure")),
];

/// Rules about what is taken in.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let instruction = step.instruction;
    match instruction.keyword.as_str() {
        "ENV" | "ARG" => {
            for (name, value) in instruction.pairs() {
                let value = state.expand(&value.unwrap_or_default());
                let lines = (instruction.first_line, instruction.last_line);
                switch(step, (&name, &value.text), lines, sink);
            }
        }
        "RUN" => {
            rights(step, sink);
            let Some(shell) = &step.shell else { return };
            for (name, value, lines) in &shell.assignments {
                switch(step, (name, value), *lines, sink);
            }
            for command in shell.commands() {
                for (rule, message) in
                    certificates(&command).into_iter().chain(signatures(&command))
                {
                    sink.lines(rule, command.lines, step.subject, message);
                }
            }
            piped(step, shell, sink);
        }
        _ => {}
    }
}

fn switch(step: &Step<'_>, (name, value): (&str, &str), lines: (u32, u32), sink: &mut Sink<'_>) {
    for (rule, known, does) in SWITCHES {
        if known == name && does(value) {
            let message = format!("{name}={value}");
            sink.lines(rule, lines, step.subject, message);
        }
    }
}

fn is_off(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off" | "n")
}

fn is_set(value: &str) -> bool {
    !value.trim().is_empty() && !is_off(value)
}

fn is_everything(value: &str) -> bool {
    matches!(value.trim(), "*" | "all")
}

/// `--security=insecure` and `--network=host`: the build has the rights of the host's root.
fn rights(step: &Step<'_>, sink: &mut Sink<'_>) {
    let run = step.instruction;
    if run.flag("security") == Some("insecure") {
        let message = "the command runs with every right over the build host".to_owned();
        sink.at("dockerfile-run-insecure", run, step.subject, message);
    }
    if run.flag("network") == Some("host") {
        let message = "the command sees the build host's network and what listens there".to_owned();
        sink.at("dockerfile-run-host-network", run, step.subject, message);
    }
}

/// A command that does not ask who it speaks with.
fn certificates(command: &Command<'_>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add = |rule, what: &str| found.push((rule, format!("{} {what}", command.name)));
    let config = |parts: &[&str]| command.has_all(parts);
    match command.name {
        "curl" if command.has_flag('k', &["--insecure", "--proxy-insecure", "--doh-insecure"]) => {
            add("dockerfile-tls-curl", "--insecure");
        }
        "wget" if command.has_flag('\0', &["--no-check-certificate"]) => {
            add("dockerfile-tls-wget", "--no-check-certificate");
        }
        "npm" | "pnpm" => {
            let off = config(&["strict-ssl", "false"]) || command.has("strict-ssl=false");
            if off || command.has("--strict-ssl=false") || command.has("--no-strict-ssl") {
                add("dockerfile-tls-npm", "strict-ssl=false");
            }
        }
        "yarn" => {
            let off = config(&["strict-ssl", "false"]) || config(&["enableStrictSsl", "false"]);
            if off {
                add("dockerfile-tls-npm", "strict-ssl false");
            }
        }
        "git" => {
            let words = command.arguments.join(" ").to_ascii_lowercase();
            if words.contains("http.sslverify false") || words.contains("http.sslverify=false") {
                add("dockerfile-tls-git", "http.sslVerify=false");
            }
        }
        "yum" | "dnf" | "microdnf" | "yum-config-manager" | "tdnf" => {
            let is_off = |word: &String| {
                word.split_once("sslverify=").is_some_and(|(_, value)| is_off(value))
            };
            if command.arguments.iter().any(is_off) {
                add("dockerfile-tls-yum", "sslverify=false");
            }
        }
        name if is_pip(name, command) => {
            if command.has_flag('\0', &["--trusted-host"]) {
                add("dockerfile-tls-pip", "--trusted-host");
            }
            if config(&["config", "set", "global.trusted-host"]) {
                add("dockerfile-tls-pip", "global.trusted-host");
            }
        }
        _ => {}
    }
    if let Some(word) = command.arguments.iter().find(|word| word.contains("sslverify="))
        && matches!(command.name, "echo" | "printf" | "sed")
        && word.split("sslverify=").nth(1).is_some_and(|value| {
            is_off(&value[..value.find(|c: char| !c.is_alphanumeric()).unwrap_or(value.len())])
        })
    {
        found.push(("dockerfile-tls-yum", format!("{} writes sslverify off", command.name)));
    }
    found
}

fn is_pip(name: &str, command: &Command<'_>) -> bool {
    name.starts_with("pip")
        || (name.starts_with("python") && command.arguments.first().is_some_and(|w| w == "-m"))
        || (name == "uv" && command.has("pip"))
}

/// A package manager that is told not to check signatures.
fn signatures(command: &Command<'_>) -> Vec<(&'static str, String)> {
    const APT: [&str; 4] = [
        "--allow-unauthenticated",
        "--force-yes",
        "--allow-insecure-repositories",
        "--no-allow-secure",
    ];
    const RPM: [&str; 5] =
        ["--nodigest", "--nosignature", "--noverify", "--nofiledigest", "--nogpg"];
    let flags: &[&str] = match command.name {
        "apk" => &["--allow-untrusted"],
        "apt-get" | "apt" | "aptitude" => &APT,
        "yum" | "dnf" | "microdnf" | "tdnf" => &["--nogpgcheck", "--no-gpgchecks"],
        "zypper" => &["--no-gpg-checks", "--gpg-auto-import-keys", "--allow-unsigned-rpm"],
        "rpm" => &RPM,
        _ => &[],
    };
    let rule = match command.name {
        "apk" => "dockerfile-unsigned-apk",
        "apt-get" | "apt" | "aptitude" => "dockerfile-unsigned-apt",
        "rpm" => "dockerfile-unsigned-rpm",
        _ => "dockerfile-unsigned-yum",
    };
    let mut found = Vec::new();
    for flag in flags {
        if command.has(flag) {
            found.push((rule, format!("{} {flag}", command.name)));
        }
    }
    let joined = || command.arguments.join(" ");
    if matches!(command.name, "echo" | "printf") && joined().contains("[trusted=yes") {
        found.push(("dockerfile-unsigned-apt", "a package source with trusted=yes".to_owned()));
    }
    if matches!(command.name, "yum" | "dnf" | "yum-config-manager" | "sed" | "echo")
        && command.arguments.iter().any(|word| word.contains("gpgcheck=0"))
        && !command.arguments.iter().any(|word| word.contains("gpgcheck=0/gpgcheck=1"))
    {
        found.push(("dockerfile-unsigned-yum", format!("{} gpgcheck=0", command.name)));
    }
    found
}

/// What comes from the network goes straight into an interpreter.
fn piped(step: &Step<'_>, shell: &ShellText, sink: &mut Sink<'_>) {
    for pipeline in &shell.run {
        let commands: Vec<Command<'_>> =
            pipeline.iter().filter_map(|command| shell.command(command)).collect();
        let Some(fetches) = commands.iter().position(|c| FETCHERS.contains(&c.name)) else {
            continue;
        };
        let after = commands.iter().skip(fetches + 1);
        let runs = after.clone().find(|command| takes_input(command));
        let between = after.take_while(|command| !takes_input(command));
        let passed = between.clone().all(|command| PASSING.contains(&command.name));
        if let (Some(runs), Some(fetch), true) = (runs, commands.get(fetches), passed) {
            let what = fetch.arguments.iter().find(|word| word.contains("://"));
            let what = what.map_or("what it fetches", String::as_str);
            let message = format!("{} gives {what} straight to {}", fetch.name, runs.name);
            let lines = (fetch.lines.0.min(runs.lines.0), fetch.lines.1.max(runs.lines.1));
            sink.lines("dockerfile-pipe-to-shell", lines, step.subject, message);
        }
    }
}

/// An interpreter that runs what it reads: without a script of its own.
fn takes_input(command: &Command<'_>) -> bool {
    if !is_interpreter(command.name) {
        return false;
    }
    let words = command.arguments;
    let own_code = ["-c", "-e", "-m", "-ne", "-pe", "-r"];
    let substituted = words.iter().any(|word| word.contains("$(") || word.contains("<("));
    let script = words.iter().find(|word| !word.starts_with('-') && *word != "/dev/stdin");
    let reads = words.iter().any(|word| word == "-s" || word == "-" || word == "/dev/stdin");
    let is_shell = !own_code.iter().any(|code| command.has(code));
    substituted || reads || (is_shell && script.is_none())
}
