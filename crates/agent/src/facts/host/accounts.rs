//! Accounts: who is root, whose password is weak or empty, who may become root (passwd(5),
//! shadow(5), group(5)).

use std::path::Path;

use model::{Observation, Subject};

use super::super::accounts::HostAccounts;
use super::super::docker::set;
use super::super::limits::ACCOUNTS_FILE_BYTES;
use super::Look;

/// Groups whose members are root for whoever asks.
const GROUPS_OF_ROOT: [&str; 8] =
    ["sudo", "wheel", "admin", "docker", "lxd", "libvirt", "disk", "incus-admin"];
/// Programs that let nobody in.
const NO_SHELLS: [&str; 6] = ["nologin", "false", "true", "sync", "shutdown", "halt"];
/// The first number of people's accounts (login.defs(5)).
const FIRST_PERSON: u32 = 1000;
/// Hashes that take long to try: yescrypt, gost-yescrypt, scrypt, bcrypt, SHA-512, SHA-256.
const SLOW: [&str; 8] = ["$y$", "$gy$", "$7$", "$2b$", "$2y$", "$2a$", "$6$", "$5$"];

pub(super) fn look(look: &Look<'_>, out: &mut Observation) {
    let mut subject = Subject::new("account", "");
    match text(look, "/etc/passwd") {
        Ok(passwd) => {
            subject.say("account.roots", set(roots(&passwd)));
            subject.say("account.system_shells", set(system_shells(&passwd)));
            subject.say("account.unshadowed", set(unshadowed(&passwd)));
        }
        Err(why) => {
            for field in ["roots", "system_shells", "unshadowed"] {
                subject.miss(&format!("account.{field}"), why.clone());
            }
        }
    }
    let shadow = text(look, "/etc/shadow");
    subject.say_or_miss("account.empty_passwords", shadow.clone().map(|text| set(empty(&text))));
    subject.say_or_miss("account.weak_passwords", shadow.map(|text| set(weak(&text))));
    let names = HostAccounts::read(&look.root);
    let members = names.map(|names| {
        let of = |group: &&str| {
            let members = names.members(group).unwrap_or_default();
            members.into_iter().map(|member| format!("{member} ({group})")).collect::<Vec<_>>()
        };
        set(GROUPS_OF_ROOT.iter().flat_map(of).filter(|member| !member.starts_with("root (")))
    });
    subject.say_or_miss("account.may_become_root", members);
    out.add(subject);
}

fn text(look: &Look<'_>, path: &str) -> Result<String, String> {
    let text = look.root.text(Path::new(path), ACCOUNTS_FILE_BYTES);
    let text = text.map_err(|error| format!("{path}: {error}"))?;
    text.ok_or_else(|| format!("{path} is not there"))
}

fn fields(line: &str) -> Option<Vec<&str>> {
    let fields: Vec<&str> = line.split(':').collect();
    (fields.len() >= 2 && !line.starts_with(['#', '+', '-'])).then_some(fields)
}

fn roots(passwd: &str) -> Vec<&str> {
    let is_root =
        |fields: &Vec<&str>| fields.get(2).is_some_and(|uid| uid.trim().parse() == Ok(0_u32));
    passwd.lines().filter_map(fields).filter(is_root).filter_map(|f| f.first().copied()).collect()
}

fn system_shells(passwd: &str) -> Vec<&str> {
    let lets_in = |fields: &Vec<&str>| {
        let uid: Option<u32> = fields.get(2).and_then(|uid| uid.trim().parse().ok());
        let shell = fields.get(6).copied().unwrap_or_default();
        let program = Path::new(shell).file_name().and_then(|name| name.to_str());
        uid.is_some_and(|uid| uid > 0 && uid < FIRST_PERSON)
            && !program.is_some_and(|name| NO_SHELLS.contains(&name))
    };
    passwd.lines().filter_map(fields).filter(lets_in).filter_map(|f| f.first().copied()).collect()
}

/// Whose password stands in a file that everybody reads, or who has none there.
fn unshadowed(passwd: &str) -> Vec<&str> {
    let is = |fields: &Vec<&str>| {
        fields.get(1).is_some_and(|word| !matches!(*word, "x" | "*" | "!" | "!!"))
    };
    passwd.lines().filter_map(fields).filter(is).filter_map(|f| f.first().copied()).collect()
}

fn empty(shadow: &str) -> Vec<&str> {
    let is = |fields: &Vec<&str>| fields.get(1).is_some_and(|hash| hash.is_empty());
    shadow.lines().filter_map(fields).filter(is).filter_map(|f| f.first().copied()).collect()
}

fn weak(shadow: &str) -> Vec<&str> {
    let is = |fields: &Vec<&str>| {
        let hash = fields.get(1).copied().unwrap_or_default();
        let locked = hash.starts_with(['!', '*']);
        !hash.is_empty() && !locked && !SLOW.iter().any(|kind| hash.starts_with(kind))
    };
    shadow.lines().filter_map(fields).filter(is).filter_map(|f| f.first().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_accounts_apart() {
        let passwd = "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\nsync:x:4:4::/:/bin/sync\nsvc:x:99:99::/:/bin/sh\nold:aB3:1000:1000::/:/bin/sh\nann:x:1001:1001::/:/bin/sh\nbare:x:98:98::/:\nbroken\n";
        assert_eq!(roots(passwd), ["root", "toor"]);
        assert_eq!(system_shells(passwd), ["svc", "bare"], "no shell means /bin/sh");
        assert_eq!(unshadowed(passwd), ["old"]);
        let shadow = "root:*:1::::::\na::1::::::\nb:$1$x$y:1::::::\nc:$y$j9T$x:1::::::\nd:!$1$x:1::::::\ne:aB3:1::::::\n";
        assert_eq!(empty(shadow), ["a"]);
        assert_eq!(weak(shadow), ["b", "e"]);
    }
}
