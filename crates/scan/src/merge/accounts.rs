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

#[cfg(test)]
mod tests {
    use analyze::Analysis;
    use model::{Group, User};

    use super::*;
    use crate::layer::AnalyzedFile;
    use crate::merge::merge;

    /// A layer with `etc/passwd` naming these users.
    fn passwd(users: &[&str]) -> LayerAnalysis {
        let user = |name: &&str| User { name: (*name).to_owned(), uid: 1, gid: 1 };
        with(PASSWD, Accounts { users: users.iter().map(user).collect(), ..Accounts::default() })
    }

    fn with(path: &str, accounts: Accounts) -> LayerAnalysis {
        let analysis = Analysis { accounts: Some(accounts), ..Analysis::default() };
        let file = AnalyzedFile { path: path.into(), analysis, ..AnalyzedFile::default() };
        let names = [path_hash(path)].into_iter().collect();
        LayerAnalysis { files: vec![file], names, ..LayerAnalysis::default() }
    }

    fn names(layers: &[LayerAnalysis]) -> Option<Vec<String>> {
        let accounts = merge(layers).accounts?;
        Some(accounts.users.into_iter().map(|user| user.name).collect())
    }

    fn some(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_top_layer_says_who_is_who() {
        assert_eq!(names(&[passwd(&["a"]), passwd(&["b", "c"])]), some(&["b", "c"]));
        assert_eq!(names(&[passwd(&["a"]), LayerAnalysis::default()]), some(&["a"]));
        assert_eq!(names(&[LayerAnalysis::default()]), some(&[]));
        let group = Group { name: "g".into(), gid: 5, members: Vec::new() };
        let groups = with(GROUP, Accounts { groups: vec![group], ..Accounts::default() });
        let both = merge(&[passwd(&["a"]), groups]).accounts.unwrap();
        assert_eq!((both.users.len(), both.groups.len()), (1, 1));
    }

    #[test]
    fn what_cannot_be_told_is_not_said() {
        // A link, or a file that somebody deletes: there is a name and nothing to read.
        let names_only = [path_hash(PASSWD)].into_iter().collect();
        let link = LayerAnalysis { names: names_only, ..LayerAnalysis::default() };
        assert_eq!(names(&[passwd(&["a"]), link]), None);
        let gone = [path_hash(PASSWD)].into_iter().collect();
        let deleted = LayerAnalysis { whiteouts: gone, ..LayerAnalysis::default() };
        assert_eq!(names(&[passwd(&["a"]), deleted]), None);
    }
}
