//! What sudoers(5) gives away without a password.

use std::path::{Path, PathBuf};

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::super::limits::{CONFIG_FILE_BYTES, DROP_INS_MAX};
use super::super::root::Root;
use super::Look;

const MAIN: &str = "/etc/sudoers";
/// Files that include files that include …
const INCLUDES_MAX: usize = 64;

/// What the lines of sudoers files say, as far as it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SudoRules {
    /// Lines that ask for no password: `NOPASSWD`, `!authenticate`.
    pub without_password: Vec<String>,
    /// Whether commands get a terminal of their own; `None` when nothing is said.
    pub use_pty: Option<bool>,
    /// Whether what is run is logged to a file of its own.
    pub log_file: bool,
    /// Files and folders that are included.
    pub includes: Vec<String>,
}

pub(super) fn look(look: &Look<'_>, out: &mut Observation) {
    let rules = match read(&look.root) {
        Ok(Some(rules)) => rules,
        Ok(None) => return out.lack("sudo", "there is no sudo on this host"),
        Err(why) => return out.miss("sudo", why),
    };
    let mut subject = Subject::new("sudo", "");
    subject.say("sudo.without_password", set(rules.without_password));
    // Since 1.9.14 a terminal of its own is the default.
    subject.say(
        "sudo.use_pty",
        short(match rules.use_pty {
            Some(true) => "true",
            Some(false) => "false",
            None => "unset",
        }),
    );
    subject.say("sudo.log_file", rules.log_file);
    out.add(subject);
}

fn read(root: &Root) -> Result<Option<SudoRules>, String> {
    let mut rules = SudoRules::default();
    let mut waiting = vec![PathBuf::from(MAIN)];
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(path) = waiting.pop() {
        if seen.contains(&path) {
            continue;
        }
        if seen.len() >= INCLUDES_MAX {
            return Err(format!("more than {INCLUDES_MAX} files are included"));
        }
        let text = root.text(&path, CONFIG_FILE_BYTES);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let Some(text) = text else {
            if path == Path::new(MAIN) {
                return Ok(None);
            }
            continue;
        };
        seen.push(path);
        let found = parse(&text);
        rules.without_password.extend(found.without_password);
        rules.use_pty = found.use_pty.or(rules.use_pty);
        rules.log_file |= found.log_file;
        for include in found.includes {
            waiting.extend(included(root, &include)?);
        }
    }
    Ok(Some(rules))
}

fn included(root: &Root, path: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new("/etc").join(path);
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    match root.look(&path).map_err(told)? {
        Some(seen) if seen.is_directory => {
            let names = root.names(&path, DROP_INS_MAX + 1).map_err(told)?;
            if names.len() > DROP_INS_MAX {
                return Err(format!("{} has more than {DROP_INS_MAX} files", path.display()));
            }
            // sudo leaves out what has a dot in its name or ends in a tilde.
            let names =
                names.into_iter().filter(|name| !name.contains('.') && !name.ends_with('~'));
            Ok(names.map(|name| path.join(name)).collect())
        }
        _ => Ok(vec![path]),
    }
}

/// Reads one file.
pub fn parse(text: &str) -> SudoRules {
    let mut rules = SudoRules::default();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if matches!(first, "#include" | "#includedir" | "@include" | "@includedir") {
            rules.includes.extend(words.next().map(|path| path.trim_matches('"').to_owned()));
            continue;
        }
        let line = without_comment(line).trim();
        if first.starts_with("Defaults") {
            defaults(line, &mut rules);
        } else if line.contains("NOPASSWD:") || line.contains("NOPASSWD :") {
            rules.without_password.push(line.to_owned());
        }
    }
    rules
}

/// A line up to its comment. `#1000` is a user's or a group's number, `\#` a character.
fn without_comment(line: &str) -> &str {
    let is_comment = |at: &usize| {
        let (before, after) = (&line[..*at], &line[*at + 1..]);
        let is_number = after.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        !is_number && !before.ends_with('\\')
    };
    let end = line.match_indices('#').map(|(at, _)| at).find(is_comment);
    end.map_or(line, |end| &line[..end])
}

fn defaults(line: &str, rules: &mut SudoRules) {
    let settings = line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    for setting in settings.split(',').map(str::trim) {
        match setting {
            "use_pty" => rules.use_pty = Some(true),
            "!use_pty" => rules.use_pty = Some(false),
            "!authenticate" => rules.without_password.push(line.to_owned()),
            _ if setting.starts_with("logfile") => rules.log_file = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sudoers() {
        let rules = parse(
            "Defaults env_reset, use_pty\nDefaults:ann !authenticate\n# %x ALL=(ALL) NOPASSWD: ALL\nroot ALL=(ALL:ALL) ALL\nben ALL=(ALL) \\\n NOPASSWD: /bin/ls # yes\n#1000 ALL=(ALL) NOPASSWD: ALL\n@includedir /etc/sudoers.d\nDefaults logfile=/var/log/sudo.log\n",
        );
        assert_eq!(rules.without_password.len(), 3, "{:?}", rules.without_password);
        assert_eq!((rules.use_pty, rules.log_file), (Some(true), true));
        assert_eq!(rules.includes, ["/etc/sudoers.d"]);
        assert_eq!(parse(""), SudoRules::default());
        let numbers = "ann ALL=(#0) NOPASSWD: ALL\n%#27 ALL=(#-1:#0) NOPASSWD: ALL # all\n";
        assert_eq!(parse(numbers).without_password.len(), 2);
        assert!(parse("ann ALL=(ALL) ALL # NOPASSWD: ALL").without_password.is_empty());
    }

    #[test]
    fn what_cannot_be_read_whole_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let drop_ins = folder.path().join("etc/sudoers.d");
        std::fs::create_dir_all(&drop_ins).unwrap();
        std::fs::write(folder.path().join("etc/sudoers"), "@includedir sudoers.d\n").unwrap();
        let root = Root::open(folder.path()).unwrap();
        assert_eq!(read(&root), Ok(Some(SudoRules::default())));
        for number in 0..INCLUDES_MAX {
            std::fs::write(drop_ins.join(number.to_string()), "").unwrap();
        }
        assert!(read(&root).is_err());
    }
}
