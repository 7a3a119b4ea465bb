//! Names of users and groups: passwd(5) and group(5) of the host.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::limits::ACCOUNTS_FILE_BYTES;
use super::root::Root;

/// The host's users and groups.
#[derive(Debug, Default)]
pub(crate) struct HostAccounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
    members: HashMap<String, BTreeSet<String>>,
}

impl HostAccounts {
    /// Reads the host's files; the error says which one cannot be read.
    pub(crate) fn read(root: &Root) -> Result<HostAccounts, String> {
        let text = |path: &str| {
            let text = root.text(Path::new(path), ACCOUNTS_FILE_BYTES);
            text.map(Option::unwrap_or_default).map_err(|error| format!("{path}: {error}"))
        };
        Ok(HostAccounts::parse(&text("/etc/passwd")?, &text("/etc/group")?))
    }

    /// Of two entries with one number the first names it.
    pub(crate) fn parse(passwd: &str, group: &str) -> HostAccounts {
        let mut accounts = HostAccounts::default();
        for (name, gid, members) in group.lines().filter_map(group_line) {
            accounts.groups.entry(gid).or_insert_with(|| name.to_owned());
            let known = accounts.members.entry(name.to_owned()).or_default();
            known.extend(members.split(',').filter(|m| !m.is_empty()).map(str::to_owned));
        }
        for (name, uid, gid) in passwd.lines().filter_map(passwd_line) {
            accounts.users.entry(uid).or_insert_with(|| name.to_owned());
            if let Some(group) = accounts.groups.get(&gid) {
                accounts.members.entry(group.clone()).or_default().insert(name.to_owned());
            }
        }
        accounts
    }

    /// A user's name, or the number where it has none.
    pub(crate) fn user(&self, uid: u32) -> String {
        self.users.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }

    /// A group's name, or the number where it has none.
    pub(crate) fn group(&self, gid: u32) -> String {
        self.groups.get(&gid).cloned().unwrap_or_else(|| gid.to_string())
    }

    /// Who is in a group, by its line or as primary group; `None` when there is no such group.
    pub(crate) fn members(&self, group: &str) -> Option<Vec<String>> {
        self.members.get(group).map(|members| members.iter().cloned().collect())
    }
}

fn group_line(line: &str) -> Option<(&str, u32, &str)> {
    let mut parts = line.split(':');
    let (name, _, gid) = (parts.next()?, parts.next()?, parts.next()?);
    Some((name, gid.trim().parse().ok()?, parts.next().unwrap_or_default()))
}

fn passwd_line(line: &str) -> Option<(&str, u32, u32)> {
    let mut parts = line.split(':');
    let (name, _, uid, gid) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((name, uid.trim().parse().ok()?, gid.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_members() {
        let passwd =
            "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nann:x:1000:106::/:/bin/sh\nbad\n";
        let group = "root:x:0:\ndocker:x:106:ben,eve\nodd:x:many:ben\n";
        let accounts = HostAccounts::parse(passwd, group);
        assert_eq!(accounts.user(0), "root");
        assert_eq!(accounts.user(7), "7");
        assert_eq!(accounts.group(106), "docker");
        assert_eq!(accounts.members("docker").unwrap(), ["ann", "ben", "eve"]);
        assert_eq!(accounts.members("wheel"), None);
    }
}
