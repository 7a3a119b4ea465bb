//! `Fold`: alerts that wait to be told in one.

use std::collections::BTreeSet;

use model::Alert;

use super::identity::target;

/// Different names that are kept of what was folded.
const NAMES: usize = 8;
/// The field that names the containers of folded alerts, when there are several.
const CONTAINERS: &str = "folded.containers";
/// The field that names their programs, when there are several.
const PROGRAMS: &str = "folded.programs";

/// The field that names what they were done to, or the command lines, when there are several.
const TARGETS: &str = "folded.targets";
/// Bytes of one target that are kept.
const TARGET_BYTES: usize = 256;

/// Alerts that wait to be told in one: the first of them, and how many.
#[derive(Debug, Default)]
pub(super) struct Fold {
    first: Option<Box<Alert>>,
    times: u64,
    containers: Names,
    programs: Names,
    targets: Names,
}

/// Some names, and whether there were more.
#[derive(Debug, Default)]
struct Names {
    names: BTreeSet<String>,
    more: bool,
}

impl Names {
    fn add(&mut self, name: String) {
        if self.names.len() < NAMES {
            self.names.insert(name);
        } else if !self.names.contains(&name) {
            self.more = true;
        }
    }

    /// All of them in one line; `None` when there is one only.
    fn told(&self, between: &str) -> Option<String> {
        if self.names.len() < 2 {
            return None;
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let more = if self.more { " …" } else { "" };
        Some(format!("{}{more}", names.join(between)))
    }
}

impl Fold {
    /// Puts one more in.
    pub(super) fn add(&mut self, alert: Alert) {
        self.times += alert.times.max(1);
        let container = alert.container.as_ref();
        let named = container.map(|one| if one.name.is_empty() { &one.id } else { &one.name });
        self.containers.add(named.cloned().unwrap_or_else(|| "host".to_owned()));
        self.programs.add(program(&alert).to_owned());
        self.targets.add(done_to(&alert));
        if self.first.is_none() {
            self.first = Some(Box::new(alert));
        }
    }

    /// The one alert that tells all; `None` when there is none to tell of.
    pub(super) fn tell(self) -> Option<Alert> {
        let mut alert = *self.first?;
        alert.times = self.times;
        let all = [
            (CONTAINERS, &self.containers, " "),
            (PROGRAMS, &self.programs, " "),
            (TARGETS, &self.targets, " | "),
        ];
        for (field, names, between) in all {
            if let Some(told) = names.told(between) {
                alert.fields.insert(field.to_owned(), Some(told));
            }
        }
        Some(alert)
    }
}

/// What it was done to; where no rule says, the command line.
fn done_to(alert: &Alert) -> String {
    let command = || alert.initiator.as_ref().map(|one| one.command.as_str()).unwrap_or_default();
    let told = Some(target(alert)).filter(|told| !told.is_empty()).unwrap_or_else(command);
    told.get(..told.floor_char_boundary(TARGET_BYTES)).unwrap_or_default().to_owned()
}

/// The program of an alert; empty when no process did it.
pub(super) fn program(alert: &Alert) -> &str {
    alert.initiator.as_ref().map(|initiator| initiator.exe.as_str()).unwrap_or_default()
}
