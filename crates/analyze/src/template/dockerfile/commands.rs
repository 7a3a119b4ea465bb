//! Commands that have no place in a build, or that make files weaker.

use super::Sink;
use super::shell_text::{Command, ShellText};
use super::state::{State, Step};

/// Programs for machines that somebody sits at.
const USELESS: [&str; 16] = [
    "ssh",
    "vim",
    "vi",
    "nano",
    "emacs",
    "shutdown",
    "reboot",
    "service",
    "ps",
    "free",
    "top",
    "kill",
    "mount",
    "ifconfig",
    "systemctl",
    "htop",
];
/// Options of useradd and adduser that a number follows.
const UID_FLAGS: [&str; 2] = ["-u", "--uid"];
const GID_FLAGS: [&str; 2] = ["-g", "--gid"];
/// Digits of a number from which on useradd's log files grow large.
const HIGH_UID_DIGITS: usize = 6;
/// Folders of the system: nothing is to be mounted or worked in there.
const SYSTEM_FOLDERS: [&str; 12] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/root",
    "/",
];

/// Rules about commands, WORKDIR and VOLUME aside.
pub(super) fn check(step: &Step<'_>, state: &mut State, sink: &mut Sink<'_>) {
    let Some(shell) = &step.shell else { return };
    for command in shell.written_commands() {
        written(step, &command, sink);
    }
    for command in shell.commands() {
        if let Some(mode) = mode_of(&command) {
            modes(step, &command, mode, sink);
        }
        passwords(step, shell, &command, sink);
        users(step, &command, state, sink);
        archive(step, &command, state, sink);
        fetchers(step, &command, state, sink);
    }
}

fn written(step: &Step<'_>, command: &Command<'_>, sink: &mut Sink<'_>) {
    let mut add = |rule, message: String| sink.lines(rule, command.lines, step.subject, message);
    match command.name {
        "sudo" => add("dockerfile-sudo", command.shown()),
        "cd" => add("dockerfile-run-cd", format!("{}: holds for this RUN only", command.shown())),
        "ln" if command.arguments.iter().any(|word| word == "/bin/sh") => {
            add("dockerfile-shell-replaced", command.shown());
        }
        name if USELESS.contains(&name) => {
            add("dockerfile-useless-command", format!("{} has no use in a build", command.shown()));
        }
        _ => {}
    }
}

/// The mode that a command sets.
fn mode_of<'a>(command: &Command<'a>) -> Option<&'a str> {
    match command.name {
        "chmod" => {
            let is_flag = |word: &&String| {
                word.strip_prefix('-').is_some_and(|rest| {
                    rest.starts_with('-') || rest.chars().all(|c| "Rvcf".contains(c))
                })
            };
            command.arguments.iter().find(|word| !is_flag(word)).map(String::as_str)
        }
        "install" | "mkdir" => {
            let at = command.arguments.iter().position(|word| word == "-m" || word == "--mode");
            let next = at.and_then(|at| command.arguments.get(at + 1)).map(String::as_str);
            let joined = command.arguments.iter().find_map(|word| word.strip_prefix("--mode="));
            next.or(joined)
        }
        _ => None,
    }
}

fn modes(step: &Step<'_>, command: &Command<'_>, mode: &str, sink: &mut Sink<'_>) {
    if is_world_writable(mode) {
        let message = format!("{}: everybody in the container may change it", command.shown());
        sink.lines("dockerfile-world-writable", command.lines, step.subject, message);
    }
    if is_setuid(mode) {
        let message = format!("{}: it runs with its owner's rights", command.shown());
        sink.lines("dockerfile-setuid", command.lines, step.subject, message);
    }
}

/// Whether a mode lets everybody write. The sticky bit, as of `/tmp`, makes up for it.
pub(super) fn is_world_writable(mode: &str) -> bool {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o002 != 0 && bits & 0o1000 == 0;
    }
    mode.split(',').any(|part| {
        let Some(at) = part.find(['+', '=']) else { return false };
        let (who, rights) = part.split_at(at);
        (who.contains(['o', 'a'])) && rights.contains('w') && !rights.contains('t')
    }) && !mode.contains("+t")
}

/// Whether a mode lets a program run as its owner or group.
pub(super) fn is_setuid(mode: &str) -> bool {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o6000 != 0;
    }
    mode.split(',').any(|part| {
        part.find(['+', '=']).is_some_and(|at| part.get(at..).is_some_and(|r| r.contains('s')))
    })
}

fn passwords(step: &Step<'_>, shell: &ShellText, command: &Command<'_>, sink: &mut Sink<'_>) {
    let given = match command.name {
        "chpasswd" => true,
        "passwd" => {
            let locks = command.has_flag('l', &["--lock"]);
            !locks && (command.has_flag('d', &["--delete", "--stdin"]) || is_fed(shell, command))
        }
        "useradd" | "usermod" => command.has_flag('p', &["--password"]),
        _ => false,
    };
    if given {
        let message =
            format!("{} sets a password that everybody with the image knows", command.name);
        sink.lines("dockerfile-password-set", command.lines, step.subject, message);
    }
}

/// Whether a command is not the first of its pipeline.
fn is_fed(shell: &ShellText, command: &Command<'_>) -> bool {
    shell.run.iter().any(|pipeline| {
        let names = pipeline.iter().skip(1).filter_map(|command| shell.command(command));
        names.into_iter().any(|other| other.name == command.name && other.lines == command.lines)
    })
}

fn users(step: &Step<'_>, command: &Command<'_>, state: &mut State, sink: &mut Sink<'_>) {
    let is_user = matches!(command.name, "useradd" | "adduser");
    if !is_user && !matches!(command.name, "groupadd" | "addgroup") {
        return;
    }
    let flags = if is_user { UID_FLAGS } else { GID_FLAGS };
    let number = value_of(command, &flags);
    if command.name == "useradd"
        && number
            .is_some_and(|n| n.len() >= HIGH_UID_DIGITS && n.bytes().all(|b| b.is_ascii_digit()))
        && !command.has_flag('l', &["--no-log-init"])
    {
        let message =
            format!("{} without --no-log-init: a sparse log of many GiB", command.shown());
        sink.lines("dockerfile-useradd-log", command.lines, step.subject, message);
    }
    let shared = command.has_flag('o', &["--non-unique"]);
    let Some(number) = number.filter(|n| n.bytes().all(|b| b.is_ascii_digit())) else { return };
    let key = format!("{}{number}", if is_user { "u" } else { "g" });
    let again = !state.numbers.insert(key);
    if (shared && is_user) || again || (is_user && number == "0") {
        let message =
            format!("{}: the number {number} belongs to somebody already", command.shown());
        sink.lines("dockerfile-uid-duplicate", command.lines, step.subject, message);
    }
}

fn value_of<'a>(command: &Command<'a>, flags: &[&str]) -> Option<&'a str> {
    let words = command.arguments;
    let at = words.iter().position(|word| flags.contains(&word.as_str()));
    let next = at.and_then(|at| words.get(at + 1)).map(String::as_str);
    next.or_else(|| {
        words.iter().find_map(|word| {
            let (flag, value) = word.split_once('=')?;
            flags.contains(&flag).then_some(value)
        })
    })
}

/// ADD unpacks what COPY and tar do in two steps.
fn archive(step: &Step<'_>, command: &Command<'_>, state: &State, sink: &mut Sink<'_>) {
    let unpacks = match command.name {
        "tar" => {
            command.has_flag('x', &["--extract", "--get"])
                || command.arguments.first().is_some_and(|w| !w.starts_with('-') && w.contains('x'))
        }
        "gunzip" | "bunzip2" | "unxz" | "unlzma" | "zcat" => true,
        "gzip" | "xz" | "bzip2" => command.has_flag('d', &["--decompress"]),
        _ => false,
    };
    if !unpacks {
        return;
    }
    for word in command.arguments {
        let base = word.rsplit('/').next().unwrap_or(word);
        let copied = state.archives.iter().find(|(name, _)| name == base);
        if let Some((name, lines)) = copied {
            let message = format!("{name} is copied, and unpacked in line {}", command.lines.0);
            sink.lines("dockerfile-archive-copied", *lines, step.subject, message);
        }
    }
}

fn fetchers(step: &Step<'_>, command: &Command<'_>, state: &mut State, sink: &mut Sink<'_>) {
    match command.name {
        "wget" => {
            let quiet =
                ["--progress", "--quiet", "--no-verbose", "--output-file", "--append-output"];
            let short = ["-nv", "-o", "-a"].iter().any(|flag| command.has(flag));
            let version = command.arguments.iter().all(|word| word.starts_with('-'));
            if !short && !version && !command.has_flag('q', &quiet) {
                let message = format!("{} fills the log with its progress", command.shown());
                sink.lines("dockerfile-wget-progress", command.lines, step.subject, message);
            }
            state.wget.get_or_insert(command.lines);
        }
        "curl" => {
            state.curl.get_or_insert(command.lines);
        }
        _ => return,
    }
    if let (Some(wget), Some(curl)) = (state.wget, state.curl) {
        let (one, other) = if command.name == "wget" { ("wget", curl) } else { ("curl", wget) };
        let message =
            format!("{one} here and the other in line {}: one of them is enough", other.0);
        sink.lines("dockerfile-wget-and-curl", command.lines, step.subject, message);
    }
}

/// Rules about WORKDIR and VOLUME.
pub(super) fn folders(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let instruction = step.instruction;
    let is_workdir = instruction.keyword == "WORKDIR";
    let words = if is_workdir {
        vec![instruction.text().trim_matches(['"', '\'']).to_owned()]
    } else {
        instruction.words()
    };
    for word in words {
        let path = state.expand(&word);
        let text = path.text.as_str();
        let windows = text.get(1..2) == Some(":");
        if is_workdir
            && !path.unknown
            && !text.is_empty()
            && !text.starts_with(['/', '\\'])
            && !windows
        {
            let message = format!("{text} depends on the WORKDIR before it");
            sink.at("dockerfile-workdir-relative", instruction, step.subject, message);
        }
        let is_home = is_workdir && matches!(text.trim_end_matches('/'), "" | "/root" | "/usr");
        if text.starts_with('/') && is_system_folder(text) && !is_home {
            let message = format!("{} {text}: a folder of the system", instruction.keyword);
            sink.at("dockerfile-system-folder", instruction, step.subject, message);
        }
    }
}

/// Whether a folder, or one that it lies in, is the system's.
fn is_system_folder(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    SYSTEM_FOLDERS.contains(&path)
        || ["/proc/", "/sys/", "/dev/", "/boot/"].iter().any(|start| path.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        for mode in ["777", "0777", "666", "a+w", "o+w", "o=rwx", "u=rwx,o+rw", "ugo+w"] {
            assert!(is_world_writable(mode), "{mode}");
        }
        for mode in ["755", "1777", "+x", "g+w", "a+rX", "u+w", "01777", "o-w", "a+rwxt"] {
            assert!(!is_world_writable(mode), "{mode}");
        }
        for mode in ["4755", "2755", "u+s", "g+s", "ug+s", "06755", "+s"] {
            assert!(is_setuid(mode), "{mode}");
        }
        for mode in ["755", "u-s", "a-s", "1777", "a+x"] {
            assert!(!is_setuid(mode), "{mode}");
        }
    }
}
