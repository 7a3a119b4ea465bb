//! The users and groups of an image: `etc/passwd` (passwd(5)) and `etc/group` (group(5)).
//!
//! Read as the container engines read them (moby/sys/user): fields between colons, in the order of
//! the file, lines that are short or whose numbers are none left out. Never passwords.

use model::{Accounts, Content, FileEntry, Group, User};

use super::bytes::{lines, whole};
use crate::limits::{MAX_ACCOUNTS, MAX_ACCOUNTS_BYTES, MAX_FIELD_BYTES, MAX_GROUP_MEMBERS};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";

/// Reads who is who.
pub(crate) struct AccountFiles;

impl Analyzer for AccountFiles {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Path(PASSWD), Pattern::Path(GROUP)]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let bytes = whole(content)?;
        let read = bytes.get(..MAX_ACCOUNTS_BYTES).unwrap_or(&bytes);
        let mut accounts = Accounts { cut: read.len() < bytes.len(), ..Accounts::default() };
        for line in lines(read) {
            if accounts.users.len().max(accounts.groups.len()) >= MAX_ACCOUNTS {
                accounts.cut = true;
                break;
            }
            match entry.path.as_str() {
                PASSWD => accounts.users.extend(user(line)),
                _ => accounts.groups.extend(group(line, &mut accounts.cut)),
            }
        }
        found.accounts = Some(accounts);
        Ok(())
    }
}

/// `name:password:uid:gid:…`
fn user(line: &[u8]) -> Option<User> {
    let mut fields = line.split(|byte| *byte == b':');
    let name = text(fields.next()?)?;
    let uid = number(fields.nth(1)?)?;
    let gid = number(fields.next()?)?;
    Some(User { name, uid, gid })
}

/// `name:password:gid:member,member`
fn group(line: &[u8], cut: &mut bool) -> Option<Group> {
    let mut fields = line.split(|byte| *byte == b':');
    let name = text(fields.next()?)?;
    let gid = number(fields.nth(1)?)?;
    let mut members = fields.next().unwrap_or_default().split(|byte| *byte == b',');
    let kept = members.by_ref().take(MAX_GROUP_MEMBERS).filter_map(text).collect();
    *cut |= members.next().is_some();
    Some(Group { name, gid, members: kept })
}

fn text(field: &[u8]) -> Option<String> {
    let field = field.trim_ascii();
    let fits = !field.is_empty() && field.len() <= MAX_FIELD_BYTES;
    fits.then(|| String::from_utf8_lossy(field).into_owned())
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::try_analyze;

    fn accounts(path: &str, text: &[u8]) -> Accounts {
        let (found, errors) = try_analyze(path, text);
        assert!(errors.is_empty());
        found.accounts.unwrap()
    }

    #[test]
    fn reads_users() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n\n#comment\n app :x:1000:100::/:\r\n\
                     short:x:1\nbad:x:one:1::\nlarge:x:99999999999:1::\ntoor::0:0::/:/bin/sh\n";
        let users: Vec<(String, u32, u32)> = accounts(PASSWD, text)
            .users
            .into_iter()
            .map(|user| (user.name, user.uid, user.gid))
            .collect();
        let expected = [("root", 0, 0), ("app", 1000, 100), ("toor", 0, 0)];
        assert_eq!(users, expected.map(|(name, uid, gid)| (name.to_owned(), uid, gid)));
    }

    #[test]
    fn reads_groups() {
        let found = accounts(GROUP, b"root:x:0:\nwheel:x:10:app,ops\nodd\nnone:x:11\n");
        let groups: Vec<(&str, u32, usize)> =
            found.groups.iter().map(|g| (g.name.as_str(), g.gid, g.members.len())).collect();
        assert_eq!(groups, [("root", 0, 0), ("wheel", 10, 2), ("none", 11, 0)]);
        assert!(!found.cut && found.users.is_empty());
    }

    #[test]
    fn keeps_within_bounds() {
        let many = "u:x:1:1::/:\n".repeat(MAX_ACCOUNTS + 1);
        let found = accounts(PASSWD, many.as_bytes());
        assert!(found.cut && found.users.len() == MAX_ACCOUNTS);
        let long = "#".repeat(MAX_ACCOUNTS_BYTES + 1);
        assert!(accounts(PASSWD, long.as_bytes()).cut);
        assert!(!accounts(PASSWD, b"").cut);
    }
}
