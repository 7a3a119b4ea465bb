//! Judging as whom a container runs: the user word, resolved as the engines resolve it.
//!
//! Docker looks for the word among the names and numbers of `etc/passwd` and takes it as a number
//! when it is not there; containerd takes what reads as a number as one at once. Where the two
//! differ, either being root counts. A word that cannot be resolved counts as root: nothing shows
//! that it is not. Sources: moby/sys/user `GetExecUser`, containerd `oci.WithUser`, kubelet's
//! `runAsNonRoot`.

use model::{Accounts, ContainerRole, ContainerSpec, Reason, Report, User};

use super::{Case, spoken};
use crate::rule::{RootCondition, Rule};

/// The files that decide what a user word means, and what lies above them.
const ACCOUNT_FILES: [&str; 4] = ["/", "/etc", "/etc/passwd", "/etc/group"];

pub(super) fn by_root(rule: &Rule, case: &Case<'_>, wanted: RootCondition) -> Option<Reason> {
    let container = case.container.map(|(_, container)| container);
    if container.is_some_and(|container| is_harmless(container, wanted)) {
        return None;
    }
    let runs_as = RunsAs::of(container, case.report)?;
    let why = runs_as.root().or_else(|| wanted.group.then(|| runs_as.root_group())?)?;
    Some(Reason { message: why, ..spoken(rule) })
}

/// Whether root inside is nobody outside, or nothing runs at all.
fn is_harmless(container: &ContainerSpec, wanted: RootCondition) -> bool {
    let shares = container.host_namespaces.iter().any(|namespace| namespace == "user");
    let mapped = container.user_namespace && !shares && !container.privileged;
    container.role == ContainerRole::ImageVolume || (mapped && !wanted.in_user_namespace)
}

/// Whether a container, or an image by itself, runs as root, all things considered; what cannot be
/// resolved counts as root. `None` when nothing is known.
pub(crate) fn runs_as_root(
    container: Option<&ContainerSpec>,
    report: Option<&Report>,
) -> Option<bool> {
    let usual = RootCondition::default();
    if container.is_some_and(|container| is_harmless(container, usual)) {
        return Some(false);
    }
    RunsAs::of(container, report).map(|runs_as| runs_as.root().is_some())
}

/// As whom a container runs.
struct RunsAs<'a> {
    /// The user word; empty for the default, root.
    user: &'a str,
    /// The group word, if one is given.
    group: Option<&'a str>,
    /// Who gave the user word.
    said_by: &'static str,
    /// The engine itself refuses root.
    refuses_root: bool,
    /// The image's users and groups; `None` when they are not known.
    accounts: Option<&'a Accounts>,
    /// Why they are not known.
    unknown: &'static str,
}

impl<'a> RunsAs<'a> {
    /// `None` when nothing is known of the user: neither the workload says nor a report.
    fn of(container: Option<&'a ContainerSpec>, report: Option<&'a Report>) -> Option<Self> {
        let told = container.and_then(|c| c.user.as_deref()).filter(|user| !user.trim().is_empty());
        let (word, said_by) = match (told, report) {
            (Some(word), _) => (word, "the workload"),
            (None, Some(report)) => (report.image.config.user.as_str(), "the image"),
            (None, None) => return None,
        };
        let (user, group) = match word.trim().split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (word.trim(), None),
        };
        let covered = container.is_some_and(hides_accounts);
        let accounts = report.and_then(|report| report.image.accounts.as_ref());
        Some(RunsAs {
            user,
            group: container.and_then(|c| c.group.as_deref()).or(group),
            said_by,
            refuses_root: container.is_some_and(|container| container.run_as_non_root),
            accounts: accounts.filter(|_| !covered),
            unknown: if covered {
                "a mount hides the image's etc/passwd"
            } else {
                "its report has no etc/passwd: scan it again"
            },
        })
    }

    /// Why it is root; `None` when it is not.
    fn root(&self) -> Option<String> {
        let RunsAs { user, said_by, .. } = self;
        if self.refuses_root {
            return None;
        }
        if user.is_empty() {
            return Some(format!("runs as root: {said_by} names no user"));
        }
        if number(user) == Some(0) {
            return Some(format!("runs as root: user `{user}` (from {said_by})"));
        }
        match (self.entry(), number(user)) {
            (Some(entry), _) if entry.uid == 0 => Some(format!(
                "runs as root: user `{user}` (from {said_by}) is uid 0 in the image's etc/passwd"
            )),
            (Some(_), _) | (None, Some(_)) => None,
            (None, None) => self.unresolved(),
        }
    }

    /// Why a name that is not found counts as root.
    fn unresolved(&self) -> Option<String> {
        let RunsAs { user, said_by, .. } = self;
        match self.accounts {
            _ if *user == "root" => Some(format!("runs as root: user `root` (from {said_by})")),
            Some(accounts) if !accounts.cut => Some(format!(
                "may run as root: user `{user}` (from {said_by}) is not in the image's etc/passwd"
            )),
            _ => Some(format!(
                "may run as root: user `{user}` (from {said_by}) cannot be resolved, {}",
                if self.accounts.is_some() {
                    "etc/passwd was too long to read"
                } else {
                    self.unknown
                }
            )),
        }
    }

    /// Why it is in group 0; `None` when it is not.
    fn root_group(&self) -> Option<String> {
        let RunsAs { user, said_by, .. } = self;
        if let Some(group) = self.group {
            let named = |accounts: &Accounts| {
                accounts
                    .groups
                    .iter()
                    .find(|known| known.name == group)
                    .map(|known| known.gid.into())
            };
            let gid = self.accounts.and_then(named).or(number(group));
            let is_root = gid == Some(0) || (gid.is_none() && group == "root");
            return match gid {
                _ if is_root => Some(format!("runs in group 0: group `{group}`")),
                Some(_) => self.supplementary(),
                None => Some(format!("may run in group 0: group `{group}` cannot be resolved")),
            };
        }
        match self.entry() {
            Some(entry) if entry.gid == 0 => {
                Some(format!("runs in group 0: that of user `{user}` in the image's etc/passwd"))
            }
            Some(_) => self.supplementary(),
            None if self.accounts.is_none() => {
                Some(format!("may run in group 0: the group of user `{user}` is not known"))
            }
            // The engines give group 0 to a number without an entry.
            None => Some(format!(
                "runs in group 0: user `{user}` (from {said_by}) has no entry in etc/passwd, \
                 so its group is 0"
            )),
        }
    }

    /// Group 0 lists the user among its members.
    fn supplementary(&self) -> Option<String> {
        let name = self.entry().map(|entry| entry.name.as_str())?;
        let mut groups = self.accounts?.groups.iter().filter(|group| group.gid == 0);
        let group = groups.find(|group| group.members.iter().any(|member| member == name))?;
        Some(format!("runs in group 0: `{name}` is a member of `{}`", group.name))
    }

    /// The entry of the user word, by name or number, the first in the file.
    fn entry(&self) -> Option<&'a User> {
        let is_it = |entry: &&User| {
            entry.name == self.user || number(self.user) == Some(u64::from(entry.uid))
        };
        self.accounts?.users.iter().find(is_it)
    }
}

/// A number as Go's `strconv.Atoi` reads it, the sign of no matter: `+0` and `00` are 0.
fn number(word: &str) -> Option<u64> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whether a mount lies over the files that say who is who.
fn hides_accounts(container: &ContainerSpec) -> bool {
    container.mounts.iter().any(|mount| {
        let target = crate::paths::normal(&mount.target);
        ACCOUNT_FILES.contains(&target.as_str())
    })
}

#[cfg(test)]
mod tests;
