//! Package managers: versions that are named, caches that are left behind, questions that nobody
//! answers in a build.

mod apk;
mod apt;
mod language;
mod rpm;

use super::Sink;
use super::shell_text::{Command, ShellText};
use super::state::{State, Step};

/// Names shown in one message.
const SHOWN_NAMES: usize = 6;

/// Rules about package managers.
pub(super) fn check(step: &Step<'_>, state: &State, sink: &mut Sink<'_>) {
    let Some(shell) = &step.shell else { return };
    for command in shell.commands() {
        let mut flaws = Flaws { step, shell, sink, command };
        apt::check(&mut flaws);
        apk::check(&mut flaws);
        rpm::check(&mut flaws);
        language::check(&mut flaws, state);
    }
}

/// Where the flaws of one command go.
struct Flaws<'f, 'a, 's> {
    step: &'f Step<'a>,
    shell: &'f ShellText,
    sink: &'f mut Sink<'s>,
    command: Command<'f>,
}

impl Flaws<'_, '_, '_> {
    fn add(&mut self, rule: &'static str, message: String) {
        self.sink.lines(rule, self.command.lines, self.step.subject, message);
    }

    /// A flaw of packages without a version.
    fn unpinned(&mut self, rule: &'static str, names: &[&str]) {
        if let Some(message) = without_version(names) {
            self.add(rule, message);
        }
    }

    /// Whether a folder is a cache that the builder mounts: what lies there is in no layer.
    fn mounts(&self, folders: &[&str]) -> bool {
        let mut mounts = self.step.instruction.flags("mount");
        mounts.any(|mount| {
            let cached = mount.contains("type=cache") || mount.contains("type=tmpfs");
            cached
                && mount.split(',').any(|field| {
                    let target = field
                        .split_once('=')
                        .filter(|(key, _)| matches!(*key, "target" | "dst" | "destination"));
                    target.is_some_and(|(_, path)| {
                        folders.iter().any(|folder| path.trim_end_matches('/').contains(folder))
                    })
                })
        })
    }

    /// Whether the same RUN removes something below a folder.
    fn removes(&self, folders: &[&str]) -> bool {
        self.shell.commands().any(|command| {
            command.name == "rm"
                && command
                    .arguments
                    .iter()
                    .any(|word| folders.iter().any(|folder| word.contains(folder)))
        })
    }
}

fn without_version(names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let mut shown = names.iter().take(SHOWN_NAMES).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_NAMES {
        shown.push_str(&format!(" and {} more", names.len() - SHOWN_NAMES));
    }
    Some(format!("no version is named for {shown}"))
}
