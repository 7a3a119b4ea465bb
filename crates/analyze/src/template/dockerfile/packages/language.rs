//! pip, npm, yarn, gem, go.

use super::Flaws;
use crate::template::dockerfile::shell_text::Command;
use crate::template::dockerfile::state::State;

const PIP_VALUED: [&str; 34] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-t",
    "--target",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--prefix",
    "--root",
    "--src",
    "--trusted-host",
    "--proxy",
    "--timeout",
    "--retries",
    "--cache-dir",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--no-binary",
    "--only-binary",
    "--progress-bar",
    "--log",
    "--upgrade-strategy",
    "--global-option",
    "--config-settings",
    "--root-user-action",
    "--python",
];
const NPM_VALUED: [&str; 9] = [
    "--prefix",
    "--registry",
    "--cache",
    "--loglevel",
    "-w",
    "--workspace",
    "--tag",
    "--omit",
    "--include",
];

pub(super) fn check(flaws: &mut Flaws<'_, '_, '_>, state: &State) {
    match flaws.command.name {
        "npm" => npm(flaws),
        "yarn" => yarn(flaws),
        "gem" => gem(flaws),
        "go" => go(flaws),
        _ => pip(flaws, state),
    }
}

/// The words after `pip`, `python -m pip` or `uv pip`.
fn pip_words<'a>(command: &Command<'a>) -> Option<&'a [String]> {
    let words = command.arguments;
    let is_pip = |name: &str| {
        let rest = name.strip_prefix("pip");
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    if is_pip(command.name) {
        return Some(words);
    }
    let python = command.name.starts_with("python") || command.name.starts_with("pypy");
    match words {
        [uv, rest @ ..] if command.name == "uv" && uv == "pip" => Some(rest),
        [flags @ .., _] if python => {
            let at = flags.iter().position(|word| word == "-m")?;
            let pip = words.get(at + 1)?;
            if is_pip(pip) { words.get(at + 2..) } else { None }
        }
        _ => None,
    }
}

fn pip(flaws: &mut Flaws<'_, '_, '_>, state: &State) {
    let Some(arguments) = pip_words(&flaws.command) else { return };
    let command = Command { arguments, ..flaws.command };
    let words = command.words(&PIP_VALUED);
    if words.verb() != "install" {
        return;
    }
    let from_list = ["-r", "--requirement", "-c", "--constraint", "--requirements"]
        .iter()
        .any(|flag| arguments.iter().any(|word| word.split('=').next() == Some(flag)));
    let is_pinned = |word: &&str| {
        word.contains(['=', '<', '>', '~', '@', '/', ';'])
            || word.starts_with('.')
            || [".whl", ".zip", ".gz", ".toml"].iter().any(|ending| word.ends_with(ending))
    };
    let unpinned: Vec<&str> = words.named().into_iter().filter(|word| !is_pinned(word)).collect();
    if !from_list {
        flaws.unpinned("dockerfile-pip-unpinned", &unpinned);
    }
    let is_on = |value: &str| {
        !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off")
    };
    let set = state.value("PIP_NO_CACHE_DIR").is_some_and(|value| {
        // pip reads the variable as the flag: any value that is set and not false.
        is_on(value)
    });
    let in_run = flaws
        .shell
        .assignments
        .iter()
        .any(|(name, value, _)| name == "PIP_NO_CACHE_DIR" && is_on(value));
    let cached = flaws.mounts(&["/root/.cache", ".cache/pip", "/pip"])
        || flaws.removes(&[".cache"])
        || command.has("--no-cache-dir")
        || command.has("--no-cache")
        || flaws.shell.runs("pip", &["cache", "purge"]);
    if !set && !in_run && !cached && flaws.command.name != "uv" {
        let message = format!("{} keeps what it fetched in the layer", flaws.command.shown());
        flaws.add("dockerfile-pip-cache", message);
    }
}

fn npm(flaws: &mut Flaws<'_, '_, '_>) {
    let words = flaws.command.words(&NPM_VALUED);
    if !matches!(words.verb(), "install" | "i" | "add") {
        return;
    }
    let is_pinned = |word: &&str| {
        let package = word.strip_prefix('@').unwrap_or(word);
        let by_version =
            package.split_once('@').is_some_and(|(_, v)| !v.is_empty() && v != "latest");
        let is_git = word.starts_with("git") || word.contains("://");
        by_version
            || (is_git && (word.contains('#') || !word.starts_with("git")))
            || word.starts_with(['.', '/', '~'])
            || [".tgz", ".tar.gz", ".tar"].iter().any(|ending| word.ends_with(ending))
    };
    let unpinned: Vec<&str> = words.named().into_iter().filter(|word| !is_pinned(word)).collect();
    flaws.unpinned("dockerfile-npm-unpinned", &unpinned);
}

fn yarn(flaws: &mut Flaws<'_, '_, '_>) {
    let words = flaws.command.words(&["--cwd", "--cache-folder", "--registry", "--mutex"]);
    let asks = flaws.command.has_flag('v', &["--version", "--help"]);
    let installs = words.verb() == "install" || (words.verb().is_empty() && !asks);
    let cleaned = flaws.shell.runs("yarn", &["cache", "clean"])
        || flaws.removes(&[".cache", "yarn-cache"])
        || flaws.mounts(&[".cache", ".yarn", "/yarn"]);
    if installs && !cleaned {
        let message =
            format!("{} keeps what it fetched: no `yarn cache clean`", flaws.command.shown());
        flaws.add("dockerfile-yarn-cache", message);
    }
}

fn gem(flaws: &mut Flaws<'_, '_, '_>) {
    let command = flaws.command;
    let before = command.arguments.iter().position(|word| word == "--");
    let arguments = &command.arguments[..before.unwrap_or(command.arguments.len())];
    let command = Command { arguments, ..command };
    let words = command.words(&[
        "-v",
        "--version",
        "-i",
        "--install-dir",
        "-n",
        "--bindir",
        "--source",
        "-s",
        "-P",
        "--platform",
    ]);
    if !matches!(words.verb(), "install" | "i") || command.has_flag('v', &["--version"]) {
        return;
    }
    let is_pinned = |word: &&str| word.contains(':') || word.ends_with(".gem");
    let unpinned: Vec<&str> = words.named().into_iter().filter(|word| !is_pinned(word)).collect();
    flaws.unpinned("dockerfile-gem-unpinned", &unpinned);
}

fn go(flaws: &mut Flaws<'_, '_, '_>) {
    let words = flaws.command.words(&[
        "-ldflags",
        "-tags",
        "-gcflags",
        "-o",
        "-mod",
        "-C",
        "-p",
        "-asmflags",
        "-modfile",
    ]);
    if !matches!(words.verb(), "install" | "get") {
        return;
    }
    let is_remote = |word: &str| {
        let first = word.split('/').next().unwrap_or_default();
        word.contains('/') && first.contains('.') && !word.starts_with(['.', '/'])
    };
    let is_pinned = |word: &&str| {
        let version = word.split_once('@').map(|(_, version)| version);
        !is_remote(word)
            || version.is_some_and(|version| !matches!(version, "latest" | "master" | "main" | ""))
    };
    let unpinned: Vec<&str> = words.named().into_iter().filter(|word| !is_pinned(word)).collect();
    flaws.unpinned("dockerfile-go-unpinned", &unpinned);
}
