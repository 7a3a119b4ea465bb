//! `Patterns`: which paths are key files. Pure but for the making, which follows the links of the
//! folders that patterns name.

use std::path::{Path, PathBuf};

use super::built_in::{BUILT_IN, PROGRAM_FOLDERS, PROGRAMS, Purpose};
use super::config::KeyFilesConfig;

/// What is said of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) purpose: Purpose,
    pub(super) critical: bool,
    pub(super) reads: bool,
}

/// One pattern below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Everything before the first star: what a path must begin with.
    beginning: String,
    rest: Option<String>,
    /// Everything below.
    pub(super) folder: bool,
    pub(super) rule: Rule,
}

/// Which paths are key files; the first pattern that fits counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    pub(super) all: Vec<Pattern>,
    left_out: Vec<Pattern>,
}

impl Patterns {
    /// The patterns of a configuration, and the agent's own folder.
    pub(super) fn of(config: &KeyFilesConfig, own: &Path) -> Self {
        let mut patterns = Patterns::default();
        let root = &config.root;
        for added in &config.more {
            let rule =
                Rule { purpose: Purpose::Added, critical: added.critical, reads: added.reads };
            patterns.add(root, &added.path, rule);
        }
        if config.built_in {
            for (purpose, critical, reads, paths) in BUILT_IN {
                let rule = Rule { purpose: *purpose, critical: *critical, reads: *reads };
                paths.iter().for_each(|path| patterns.add(root, path, rule));
            }
            let rule = Rule { purpose: Purpose::Runtime, critical: true, reads: false };
            for folder in PROGRAM_FOLDERS {
                for program in PROGRAMS {
                    patterns.add(root, &format!("{folder}/{program}"), rule);
                }
            }
            let rule = Rule { purpose: Purpose::Own, critical: true, reads: false };
            patterns.all.push(Pattern::new(&format!("{}/", own.display()), rule));
        }
        let leave = |path: &String| Pattern::new(&below(root, path), Rule::default());
        patterns.left_out = config.leave_out.iter().map(leave).collect();
        patterns
    }

    /// Adds a pattern, and what its folder really is where that is a link.
    fn add(&mut self, root: &Path, path: &str, rule: Rule) {
        let whole = below(root, path);
        self.all.push(Pattern::new(&whole, rule));
        let (folder, name) = whole.rsplit_once('/').unwrap_or((&whole, ""));
        if let Ok(real) = Path::new(folder).canonicalize()
            && real != Path::new(folder)
        {
            self.all.push(Pattern::new(&format!("{}/{name}", real.display()), rule));
        }
    }

    /// What is said of a path.
    pub(super) fn rule(&self, path: &str) -> Option<Rule> {
        let fits = |pattern: &&Pattern| pattern.fits(path);
        let found = self.all.iter().find(fits)?;
        self.left_out.iter().find(fits).is_none().then_some(found.rule)
    }
}

impl Pattern {
    fn new(path: &str, rule: Rule) -> Self {
        let folder = path.ends_with('/');
        match path.split_once('*') {
            Some((beginning, rest)) => Pattern {
                beginning: beginning.to_owned(),
                rest: Some(rest.to_owned()),
                folder,
                rule,
            },
            None => Pattern { beginning: path.to_owned(), rest: None, folder, rule },
        }
    }

    /// Where its files lie: the folder before the first star, or the file itself.
    pub(super) fn place(&self) -> PathBuf {
        match (&self.rest, self.folder) {
            (None, _) => PathBuf::from(&self.beginning),
            (Some(_), _) => {
                PathBuf::from(self.beginning.rsplit_once('/').map_or("/", |(folder, _)| folder))
            }
        }
    }

    /// How many folders deep its files may lie below its place.
    pub(super) fn depth(&self) -> usize {
        const FOLDER_DEPTH: usize = 6;
        match &self.rest {
            Some(rest) => 1 + rest.matches('/').count(),
            None if self.folder => FOLDER_DEPTH,
            None => 0,
        }
    }

    pub(super) fn fits(&self, path: &str) -> bool {
        let Some(left) = path.strip_prefix(&self.beginning) else { return false };
        match &self.rest {
            None => self.folder || left.is_empty(),
            Some(rest) => star(rest, left, self.folder),
        }
    }
}

/// Whether what stands after a star fits; a star stays within a name.
fn star(rest: &str, left: &str, folder: bool) -> bool {
    let (until, after) = match rest.split_once('*') {
        Some((until, after)) => (until, Some(after)),
        None => (rest, None),
    };
    let name_end = left.find('/').unwrap_or(left.len());
    (0..=name_end).filter(|at| left.is_char_boundary(*at)).any(|at| {
        let Some(beyond) = left.get(at..).and_then(|left| left.strip_prefix(until)) else {
            return false;
        };
        match after {
            Some(after) => star(after, beyond, folder),
            None => beyond.is_empty() || (folder && until.ends_with('/')),
        }
    })
}

fn below(root: &Path, path: &str) -> String {
    let root = root.to_string_lossy();
    format!("{}/{}", root.trim_end_matches('/'), path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_files_folders_and_stars() {
        let config = KeyFilesConfig {
            leave_out: vec!["/etc/docker/key.json".to_owned()],
            more: vec![super::super::KeyFile {
                path: "/srv/*/keys/".to_owned(),
                ..Default::default()
            }],
            ..KeyFilesConfig::default()
        };
        let patterns = Patterns::of(&config, Path::new("/var/lib/lazaret"));
        let check = |path: &str, expected: Option<(Purpose, bool)>| {
            let found = patterns.rule(path).map(|rule| (rule.purpose, rule.reads));
            assert_eq!(found, expected, "{path}");
        };
        check("/etc/passwd", Some((Purpose::Accounts, false)));
        check("/etc/passwd-", None);
        check("/etc/shadow", Some((Purpose::Accounts, true)));
        check("/etc/docker/daemon.json", Some((Purpose::Engine, false)));
        check("/etc/docker/key.json", None);
        check("/usr/bin/containerd-shim-runc-v2", Some((Purpose::Runtime, false)));
        check("/usr/bin/containerd-x", None);
        check("/home/anna/.ssh/authorized_keys", Some((Purpose::Ssh, false)));
        check("/home/anna/x/.ssh/authorized_keys", None);
        check("/etc/ssh/ssh_host_rsa_key", Some((Purpose::Ssh, true)));
        check("/etc/ssh/sshd_config", Some((Purpose::Ssh, false)));
        check("/srv/shop/keys/a/b", Some((Purpose::Added, false)));
        check("/srv/shop/other", None);
        check("/var/lib/lazaret/audit/1", Some((Purpose::Own, false)));
        check("/etc/hostname", None);
    }
}
