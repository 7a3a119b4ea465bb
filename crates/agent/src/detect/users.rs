//! Names of users and groups, as the host's own files have them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A user as `passwd(5)` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub name: String,
    /// The home.
    pub home: String,
    /// The shell.
    pub shell: String,
}

/// The users and groups of a root filesystem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    users: HashMap<u32, User>,
    groups: HashMap<u32, String>,
}

impl Users {
    /// Reads `etc/passwd` and `etc/group` below a root. What cannot be read has no names.
    pub fn below(root: &Path) -> Self {
        let users = read(&root.join("etc/passwd"));
        let groups = read(&root.join("etc/group"));
        Users {
            users: users.lines().filter_map(user).collect(),
            groups: groups.lines().filter_map(group).collect(),
        }
    }

    /// The user of a number.
    pub fn user(&self, uid: u32) -> Option<&User> {
        self.users.get(&uid)
    }

    /// The name of a group's number.
    pub fn group(&self, gid: u32) -> Option<&str> {
        self.groups.get(&gid).map(String::as_str)
    }
}

fn read(path: &Path) -> String {
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_BYTES);
    let bytes = if small { fs::read(path).unwrap_or_default() } else { Vec::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn user(line: &str) -> Option<(u32, User)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, _, home, shell] = fields.try_into().ok()?;
    let user = User { name: name.to_owned(), home: home.to_owned(), shell: shell.to_owned() };
    Some((uid.parse().ok()?, user))
}

fn group(line: &str) -> Option<(u32, String)> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    Some((fields.nth(1)?.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        let text = "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:33::/var/www:/bin/false\n";
        fs::write(folder.path().join("etc/passwd"), text).unwrap();
        fs::write(folder.path().join("etc/group"), "adm:x:4:root\n").unwrap();
        let users = Users::below(folder.path());
        assert_eq!(users.user(33).unwrap().home, "/var/www");
        assert_eq!((users.group(4), users.group(5)), (Some("adm"), None));
        assert_eq!(users.user(0).unwrap().name, "root");
    }
}
