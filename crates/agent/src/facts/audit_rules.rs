//! Audit rules: what the kernel is told to write down about files (audit.rules(7), auditctl(8)).
//!
//! Reads the files that `augenrules` loads, and answers whether a path is covered. What the kernel
//! itself lists comes from [`super::audit_kernel`] in the same shape. First match wins, as in the
//! kernel, so a `never` rule in front takes a path out.

use std::path::{Path, PathBuf};

use super::limits::AUDIT_RULES_MAX;
use super::root::Root;

/// Writing and changing attributes: what a change of a file needs.
const CHANGES: [char; 2] = ['w', 'a'];

/// The rules about files, in the order they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRules {
    /// Where they were read.
    pub(crate) origin: String,
    /// Whether the kernel writes at all.
    pub(crate) enabled: bool,
    pub(crate) rules: Vec<FileRule>,
}

/// A rule that speaks of a file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRule {
    /// As it is written.
    pub(crate) text: String,
    pub(crate) path: PathBuf,
    /// Whether what lies below is meant too.
    pub(crate) below: bool,
    /// `always` or `never`.
    pub(crate) writes: bool,
    /// `r`, `w`, `x`, `a`; `None` when every access is meant.
    pub(crate) access: Option<String>,
    /// Whether other fields or single system calls leave accesses out.
    pub(crate) narrowed: bool,
}

/// How far rules cover a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Full,
    Partial,
    None,
}

/// How far, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) extent: Extent,
    pub(crate) evidence: String,
}

impl Extent {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Extent::Full => "full",
            Extent::Partial => "partial",
            Extent::None => "none",
        }
    }
}

impl AuditRules {
    /// The rules that are loaded at the start of the host: `/etc/audit/audit.rules`, which
    /// `augenrules` makes, or else the files of `/etc/audit/rules.d` in their order.
    pub(crate) fn from_files(root: &Root) -> Result<AuditRules, String> {
        let max_bytes = super::limits::CONFIG_FILE_BYTES;
        let read = |path: &Path| {
            root.text(path, max_bytes).map_err(|error| format!("{}: {error}", path.display()))
        };
        let whole = Path::new("/etc/audit/audit.rules");
        if let Some(text) = read(whole)?.filter(|text| text.lines().any(|l| words(l).is_some())) {
            return Ok(AuditRules::parse(&whole.display().to_string(), &text));
        }
        let folder = Path::new("/etc/audit/rules.d");
        let names = root.names(folder, AUDIT_RULES_MAX).map_err(|error| error.to_string())?;
        let mut all = String::new();
        for name in names.iter().filter(|name| name.ends_with(".rules")) {
            all.push_str(&read(&folder.join(name))?.unwrap_or_default());
            all.push('\n');
        }
        Ok(AuditRules::parse("/etc/audit/rules.d", &all))
    }

    /// Reads rules one after the other, as auditctl does: `-D` takes all back, `-e 0` switches
    /// writing off. Lines that cannot be read load nothing.
    pub fn parse(origin: &str, text: &str) -> AuditRules {
        let mut rules =
            AuditRules { origin: origin.to_owned(), enabled: true, ..AuditRules::default() };
        for line in text.lines() {
            if let Some(words) = words(line) {
                rules.load(line.trim(), &words);
            }
        }
        rules.rules.truncate(AUDIT_RULES_MAX);
        rules
    }

    fn load(&mut self, line: &str, words: &[&str]) {
        match words {
            ["-D", ..] => self.rules.clear(),
            ["-e", switch] => self.enabled = *switch != "0",
            ["-W", path, ..] => self.rules.retain(|rule| rule.path != trimmed(path)),
            ["-w", path, options @ ..] => self.rules.push(FileRule {
                text: line.to_owned(),
                path: trimmed(path),
                below: true,
                writes: true,
                access: value_after(options, "-p").map(str::to_owned),
                narrowed: false,
            }),
            ["-a", list, fields @ ..] => self.rules.extend(syscall_rule(line, list, fields)),
            ["-A", list, fields @ ..] => {
                if let Some(rule) = syscall_rule(line, list, fields) {
                    self.rules.insert(0, rule);
                }
            }
            ["-d", list, fields @ ..] => {
                if let Some(gone) = syscall_rule(line, list, fields) {
                    self.rules.retain(|rule| rule.path != gone.path);
                }
            }
            _ => {}
        }
    }

    /// Whether every change of a path is written down.
    pub fn covers(&self, path: &Path) -> bool {
        self.coverage(path, path).extent == Extent::Full
    }

    /// How far changes of a path are written down; `resolved` is where it really is.
    pub(crate) fn coverage(&self, path: &Path, resolved: &Path) -> Coverage {
        let covered = |extent, evidence: String| Coverage { extent, evidence };
        if !self.enabled {
            return covered(Extent::None, format!("auditing is switched off ({})", self.origin));
        }
        let mut partial = None;
        for rule in self.rules.iter().filter(|rule| rule.names(path) || rule.names(resolved)) {
            let evidence = format!("`{}` ({})", rule.text, self.origin);
            match (rule.writes, rule.is_whole()) {
                (true, true) => return covered(Extent::Full, evidence),
                (false, true) => break,
                (_, false) => partial = partial.or(Some(evidence)),
            }
        }
        match partial {
            Some(evidence) => covered(Extent::Partial, evidence),
            None => covered(Extent::None, format!("no audit rule speaks of it ({})", self.origin)),
        }
    }
}

impl FileRule {
    fn names(&self, path: &Path) -> bool {
        if self.below { path.starts_with(&self.path) } else { path == self.path }
    }

    /// Whether every change of the file is meant.
    fn is_whole(&self) -> bool {
        let changes = |access: &String| CHANGES.iter().all(|c| access.contains(*c));
        !self.narrowed && self.access.as_ref().is_none_or(changes)
    }
}

/// The words of a line; `None` for comments and empty lines.
fn words(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    Some(line.split_whitespace().collect())
}

/// A rule of system calls, where it speaks of a file.
fn syscall_rule(line: &str, list: &str, options: &[&str]) -> Option<FileRule> {
    let (mut exit, mut writes) = (false, true);
    for word in list.split(',') {
        match word {
            "exit" => exit = true,
            "always" => {}
            "never" => writes = false,
            _ => return None,
        }
    }
    let mut rule = FileRule {
        text: line.to_owned(),
        path: PathBuf::new(),
        below: false,
        writes,
        access: None,
        narrowed: false,
    };
    let (mut some_calls, mut options) = (false, options.iter());
    while let Some(option) = options.next() {
        match *option {
            "-F" => rule.field(options.next()?),
            "-S" => some_calls |= *options.next()? != "all",
            "-C" => rule.narrowed = options.next().is_some(),
            _ => {}
        }
    }
    // With `perm` the kernel picks the system calls by itself, and -S can only leave some out.
    rule.narrowed |= some_calls;
    (exit && !rule.path.as_os_str().is_empty()).then_some(rule)
}

impl FileRule {
    /// Takes in a `-F` field: `name`, an operator, a value.
    pub(crate) fn field(&mut self, field: &str) {
        let at = field.find(['=', '!', '<', '>', '&']).unwrap_or(field.len());
        let (name, rest) = field.split_at(at);
        let value = rest.trim_start_matches(['=', '!', '<', '>', '&']);
        let operator = &rest[..rest.len() - value.len()];
        match (name, operator) {
            ("path", "=") => self.path = PathBuf::from(value),
            ("dir", "=") => (self.path, self.below) = (trimmed(value), true),
            ("perm", "=") => self.access = Some(value.to_owned()),
            ("arch" | "key", _) => {}
            // Everybody who has logged in: what people do, not what daemons do.
            ("auid", ">=" | "!=") => {}
            _ => self.narrowed = true,
        }
    }
}

fn value_after<'w>(words: &[&'w str], option: &str) -> Option<&'w str> {
    let at = words.iter().position(|word| *word == option)?;
    words.get(at + 1).copied()
}

fn trimmed(path: &str) -> PathBuf {
    match path.trim_end_matches('/') {
        "" => PathBuf::from("/"),
        path => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &str, path: &str, expect: &str) {
        let rules = AuditRules::parse("test", rules);
        let found = rules.coverage(Path::new(path), Path::new(path));
        assert_eq!(found.extent.as_str(), expect, "{path}: {}", found.evidence);
    }

    #[test]
    fn watches_and_syscall_rules() {
        check("-w /usr/bin/dockerd -k docker", "/usr/bin/dockerd", "full");
        check("-w /usr/bin/dockerd -p wa", "/usr/bin/dockerd", "full");
        check("-w /usr/bin/dockerd -p r", "/usr/bin/dockerd", "partial");
        check("-w /usr/bin/dockerd-old", "/usr/bin/dockerd", "none");
        check("# -w /usr/bin/dockerd", "/usr/bin/dockerd", "none");
        check("-w /etc/docker/ -p rwxa", "/etc/docker/daemon.json", "full");
        check("-w /etc/docker", "/etc/docker2/daemon.json", "none");
        check("-a always,exit -F path=/usr/bin/runc -F perm=wa -k c", "/usr/bin/runc", "full");
        check("-a exit,always -F path=/usr/bin/runc", "/usr/bin/runc", "full");
        check("-a always,exit -F dir=/run/containerd/ -F perm=wa", "/run/containerd/x", "full");
        check("-a always,exit -F path=/etc/docker -F perm=wa", "/etc/docker/x", "none");
        check("-a always,exit -S openat -F path=/a", "/a", "partial");
        check("-a always,exit -S all -F path=/a", "/a", "full");
        check("-a always,exit -F arch=b64 -F auid>=1000 -F auid!=unset -F path=/a", "/a", "full");
        check("-a always,exit -F uid=33 -F path=/a", "/a", "partial");
        check("-a always,task -F path=/a", "/a", "none");
        check("-a always,exit -F path!=/a", "/a", "none");
    }

    #[test]
    fn order_counts() {
        check("-a never,exit -F path=/a\n-w /a", "/a", "none");
        check("-w /a\n-a never,exit -F path=/a", "/a", "full");
        check("-w /a\n-A never,exit -F path=/a", "/a", "none");
        check("-w /a\n-D", "/a", "none");
        check("-w /a\n-W /a", "/a", "none");
        check("-w /a\n-e 0", "/a", "none");
        check("-w /a\n-e 2", "/a", "full");
        check("-a", "/a", "none");
        check("-a always,exit -F", "/a", "none");
    }
}
