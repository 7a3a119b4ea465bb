//! The users and groups of the merged image: what the files say that are there in the end.

use model::Accounts;

use super::Placed;
use crate::layer::{LayerAnalysis, path_hash};

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";

/// Who is who. Without a file there are none of its kind; `None` when there is something by the
/// name of `etc/passwd` or `etc/group` that was not read, such as a link.
pub(super) fn accounts(visible: &[Placed<'_>], layers: &[LayerAnalysis]) -> Option<Accounts> {
    let read = |path: &str| {
        let file = visible.iter().rev().find(|file| file.path == path);
        match file.map(|file| file.file.analysis.accounts.as_ref()) {
            Some(found) => found.cloned(),
            // A name that was there once and is gone counts too: better not known than wrong.
            None if layers.iter().any(|layer| layer.names.contains(&path_hash(path))) => None,
            None => Some(Accounts::default()),
        }
    };
    let (users, groups) = (read(PASSWD)?, read(GROUP)?);
    Some(Accounts { users: users.users, groups: groups.groups, cut: users.cut || groups.cut })
}
