//! A file as a subject: is it there, whose is it, what may be done with it, is it audited.

use std::path::Path;

use model::Subject;

use super::accounts::HostAccounts;
use super::audit_rules::AuditRules;
use super::root::{Root, Seen};

/// The bits of a mode (inode(7)) by name.
const BITS: [(u32, &str); 12] = [
    (0o4000, "setuid"),
    (0o2000, "setgid"),
    (0o1000, "sticky"),
    (0o400, "owner_read"),
    (0o200, "owner_write"),
    (0o100, "owner_execute"),
    (0o040, "group_read"),
    (0o020, "group_write"),
    (0o010, "group_execute"),
    (0o004, "other_read"),
    (0o002, "other_write"),
    (0o001, "other_execute"),
];

/// What files are looked at with.
pub(crate) struct Files<'a> {
    pub(crate) root: &'a Root,
    pub(crate) accounts: &'a Result<HostAccounts, String>,
    pub(crate) audit: &'a Result<AuditRules, String>,
}

impl Files<'_> {
    /// The file at a path in a role, whether it is there or not.
    pub(crate) fn subject(&self, role: &str, path: &Path) -> Subject {
        let shown = path.display().to_string();
        let mut subject = Subject::new("file", shown.clone());
        subject.say("file.role", role);
        subject.say("file.path", shown);
        match self.root.look(path) {
            Ok(None) => subject.say("file.exists", false),
            Ok(Some(seen)) => {
                subject.say("file.exists", true);
                self.owner_and_mode(&mut subject, &seen);
                self.audit(&mut subject, path, &seen);
            }
            Err(error) => subject.miss("file.exists", error.to_string()),
        }
        subject
    }

    fn owner_and_mode(&self, subject: &mut Subject, seen: &Seen) {
        subject.say("file.uid", seen.uid);
        subject.say("file.gid", seen.gid);
        let name = |name: fn(&HostAccounts, u32) -> String, id| {
            self.accounts.as_ref().map(|accounts| name(accounts, id)).map_err(Clone::clone)
        };
        subject.say_or_miss("file.owner", name(HostAccounts::user, seen.uid));
        subject.say_or_miss("file.group", name(HostAccounts::group, seen.gid));
        subject.say("file.mode", format!("{:04o}", seen.mode));
        subject.say("file.permissions", permissions(seen.mode));
    }

    fn audit(&self, subject: &mut Subject, path: &Path, seen: &Seen) {
        match self.audit {
            Ok(rules) => {
                let covered = rules.coverage(path, &seen.resolved);
                subject.say("file.audit", covered.extent.as_str());
                subject.say("file.audit_evidence", covered.evidence);
            }
            Err(why) => {
                subject.miss("file.audit", why.clone());
                subject.miss("file.audit_evidence", why.clone());
            }
        }
    }
}

/// The names of a mode's bits.
pub(crate) fn permissions(mode: u32) -> Vec<String> {
    let set = BITS.iter().filter(|(bit, _)| mode & bit != 0);
    set.map(|(_, name)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bits() {
        assert_eq!(permissions(0o640), ["owner_read", "owner_write", "group_read"]);
        assert_eq!(permissions(0o4001), ["setuid", "other_execute"]);
        assert!(permissions(0).is_empty());
        assert_eq!(permissions(0o7777).len(), 12);
    }
}
