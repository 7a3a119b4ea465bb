//! What an engine asks its runtime to do: the command line of runc, which crun and youki share.

use std::ffi::OsString;
use std::path::PathBuf;

/// Options before the command that take a value of their own.
const WITH_VALUE: [&str; 6] =
    ["--root", "--log", "--log-format", "--log-level", "--criu", "--cgroup-manager"];
/// Commands that make a container.
const MAKING: [&str; 3] = ["create", "run", "restore"];
/// Options of those that take a value of their own.
const MAKING_WITH_VALUE: [&str; 16] = [
    "--bundle",
    "-b",
    "--console-socket",
    "--pid-file",
    "--preserve-fds",
    "--image-path",
    "--work-path",
    "--parent-path",
    "--manage-cgroups-mode",
    "--empty-ns",
    "--lsm-profile",
    "--lsm-mount-context",
    "--status-fd",
    "--pidfd-socket",
    "--config",
    "-f",
];

/// What an engine asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Where it reads why a command failed.
    pub log: Option<PathBuf>,
    /// Whether it reads JSON there.
    pub log_is_json: bool,
    /// The container to be made; `None` for every other command.
    pub making: Option<Making>,
    command: String,
}

/// A container that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// Its id; empty when none is told.
    pub id: String,
    /// The bundle's folder.
    pub bundle: PathBuf,
}

impl Asked {
    /// Reads a command line without the program's name. What cannot be read is the runtime's to
    /// refuse.
    pub fn read(words: &[OsString]) -> Asked {
        let mut asked = Asked { log_is_json: false, ..Asked::default() };
        let words: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') {
                asked.command.clone_from(word);
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None if takes_value(word, &WITH_VALUE) => (word.as_str(), rest.next().cloned()),
                None => (word.as_str(), None),
            };
            match (name.trim_start_matches('-'), value) {
                ("log", Some(value)) => asked.log = Some(PathBuf::from(value)),
                ("log-format", Some(value)) => asked.log_is_json = value == "json",
                _ => {}
            }
        }
        if MAKING.contains(&asked.command.as_str()) {
            asked.making = Some(making(rest.map(String::as_str)));
        }
        asked
    }

    /// What is to happen, for the records.
    pub fn action(&self) -> String {
        match &self.making {
            Some(making) => format!("{} {}", self.command, making.id),
            None => self.command.clone(),
        }
    }
}

/// One dash or two, as Go's and C's readers both take them.
fn takes_value(word: &str, known: &[&str]) -> bool {
    let bare = word.trim_start_matches('-');
    known.iter().any(|known| known.trim_start_matches('-') == bare)
}

fn making<'a>(mut words: impl Iterator<Item = &'a str>) -> Making {
    let mut making = Making { id: String::new(), bundle: PathBuf::from(".") };
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            word.clone_into(&mut making.id);
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if takes_value(word, &MAKING_WITH_VALUE) => (word, words.next()),
            None => (word, None),
        };
        if matches!(name.trim_start_matches('-'), "bundle" | "b")
            && let Some(value) = value
        {
            making.bundle = PathBuf::from(value);
        }
    }
    making
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Asked {
        Asked::read(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn check(line: &str, expected: Option<(&str, &str)>) {
        let making = read(line).making;
        let expected = expected
            .map(|(id, bundle)| Making { id: id.to_owned(), bundle: PathBuf::from(bundle) });
        assert_eq!(making, expected, "{line}");
    }

    #[test]
    fn every_engine_asks_in_its_way() {
        check(
            "--root /r/moby --log /b/log.json --log-format json create --bundle /b --pid-file /b/init.pid c1",
            Some(("c1", "/b")),
        );
        check("--systemd-cgroup create --bundle=/b c1", Some(("c1", "/b")));
        check("--cgroup-manager systemd create -b /b --console-socket /s c1", Some(("c1", "/b")));
        check("run c1", Some(("c1", ".")));
        check("run --keep c1 -b /b", Some(("c1", "/b")));
        check("restore --image-path /i --bundle /b c1", Some(("c1", "/b")));
        check("--root create delete c1", None);
        check("start c1", None);
        check("--version", None);
        check("", None);
    }

    #[test]
    fn the_log_is_where_the_engine_reads() {
        let asked = read("--log=/l --log-format=json create c");
        assert_eq!((asked.log, asked.log_is_json), (Some(PathBuf::from("/l")), true));
        assert!(!read("--log /l start c").log_is_json);
    }
}
