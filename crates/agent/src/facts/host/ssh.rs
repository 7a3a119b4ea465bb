//! The SSH server's configuration (sshd_config(5)): the first value counts, `Include` stands where
//! it is written, and `Match` blocks may say otherwise for some.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Observation, Subject};

use super::super::docker::set;
use super::super::limits::{CONFIG_FILE_BYTES, DROP_INS_MAX};
use super::super::root::Root;
use super::Look;

const MAIN: &str = "/etc/ssh/sshd_config";
const INCLUDE_DEPTH: usize = 8;
const FILES_MAX: usize = 256;
/// Programs that are an SSH server.
const SERVERS: [&str; 3] = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"];
/// Settings that recommendations speak of, with sshd's defaults.
const SETTINGS: [(&str, &str); 11] = [
    ("permitrootlogin", "prohibit-password"),
    ("passwordauthentication", "yes"),
    ("kbdinteractiveauthentication", "yes"),
    ("usepam", "no"),
    ("permitemptypasswords", "no"),
    ("x11forwarding", "no"),
    ("maxauthtries", "6"),
    ("logingracetime", "120"),
    ("permituserenvironment", "no"),
    ("hostbasedauthentication", "no"),
    ("allowtcpforwarding", "yes"),
];
/// Lists of algorithms; where none is named, sshd's own are strong enough.
const ALGORITHMS: [&str; 3] = ["ciphers", "macs", "kexalgorithms"];
/// Algorithms that are broken or weak, or parts of their names.
const WEAK: [&str; 9] = [
    "3des",
    "arcfour",
    "blowfish",
    "cast128",
    "-cbc",
    "md5",
    "hmac-sha1",
    "umac-64",
    "group1-sha1",
];

/// Characters of patterns besides one star.
const SPECIAL: [char; 4] = ['*', '?', '[', '{'];

/// Settings by name, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshConfig {
    /// The values that hold for everybody.
    pub global: BTreeMap<String, String>,
    /// What `Match` blocks say for some.
    pub matched: Vec<(String, String)>,
    /// Whether there are includes too deep to be read.
    too_deep: bool,
}

pub(super) fn look(look: &Look<'_>, out: &mut Observation) {
    let is_there = |path: &str| look.root.look(Path::new(path)).ok().flatten().is_some();
    if !SERVERS.iter().any(|path| is_there(path)) && !is_there(MAIN) {
        return out.lack("ssh", "there is no SSH server on this host");
    }
    let mut config = SshConfig::default();
    let mut files = 0;
    match text(&look.root, Path::new(MAIN)) {
        Ok(text) => {
            let mut missed = None;
            let mut include = |pattern: &str| {
                includes(&look.root, pattern).unwrap_or_else(|why| {
                    missed.get_or_insert(why);
                    Vec::new()
                })
            };
            config.add(&text, &mut include, (0, &mut files), false);
            if files > FILES_MAX || config.too_deep {
                missed.get_or_insert_with(|| "it includes too many files".to_owned());
            }
            // The first value counts: what is not read may say otherwise.
            if let Some(why) = missed {
                return out.miss("ssh", why);
            }
        }
        Err(why) => return out.miss("ssh", why),
    }
    out.add(subject(&config));
}

fn subject(config: &SshConfig) -> Subject {
    let mut subject = Subject::new("ssh", "");
    for (name, unset) in SETTINGS {
        let global = config.global.get(name).map_or(unset, String::as_str).to_ascii_lowercase();
        let matched = config.matched.iter().filter(|(key, _)| key == name);
        let mut values: Vec<String> =
            matched.map(|(_, value)| value.to_ascii_lowercase()).collect();
        values.push(global);
        let field = format!("ssh.{name}");
        if matches!(name, "maxauthtries" | "logingracetime") {
            let numbers = values.iter().map(|value| seconds(value));
            let largest =
                numbers.collect::<Option<Vec<i64>>>().and_then(|all| all.into_iter().max());
            subject.say_or_miss(&field, largest.ok_or_else(|| format!("{values:?} is no number")));
        } else {
            subject.say(&field, set(values));
        }
    }
    let lists = ALGORITHMS.iter().filter_map(|name| config.global.get(*name));
    let named = lists.filter(|list| !list.starts_with('-')).flat_map(|list| list.split(','));
    let weak = named.map(|name| name.trim().trim_start_matches(['+', '^']).to_ascii_lowercase());
    let weak = weak.filter(|name| WEAK.iter().any(|part| name.contains(part)));
    subject.say("ssh.weak_algorithms", set(weak));
    subject
}

/// A number, or a time such as `2m`.
fn seconds(text: &str) -> Option<i64> {
    let (digits, factor) = match text.chars().last()? {
        's' => (text.strip_suffix('s')?, 1),
        'm' => (text.strip_suffix('m')?, 60),
        'h' => (text.strip_suffix('h')?, 3600),
        _ => (text, 1),
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

fn text(root: &Root, path: &Path) -> Result<String, String> {
    let text = root.text(path, CONFIG_FILE_BYTES);
    Ok(text.map_err(|error| format!("{}: {error}", path.display()))?.unwrap_or_default())
}

/// The texts of files that a pattern names; a star may stand in the last part.
fn includes(root: &Root, pattern: &str) -> Result<Vec<String>, String> {
    let path = Path::new("/etc/ssh").join(pattern);
    let Some((before, after)) =
        path.file_name().and_then(|n| n.to_str()).and_then(|n| n.split_once('*'))
    else {
        return if pattern.contains(SPECIAL) {
            Err(format!("the pattern {pattern} is not understood"))
        } else {
            Ok(vec![text(root, &path)?])
        };
    };
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    if [before, after].iter().any(|part| part.contains(SPECIAL))
        || folder.to_string_lossy().contains(SPECIAL)
    {
        return Err(format!("the pattern {pattern} is not understood"));
    }
    let names = root.names(&folder, DROP_INS_MAX + 1);
    let names = names.map_err(|error| format!("{}: {error}", folder.display()))?;
    if names.len() > DROP_INS_MAX {
        return Err(format!("{} has more than {DROP_INS_MAX} files", folder.display()));
    }
    let fits =
        |name: &String| name.starts_with(before) && name.ends_with(after) && !name.starts_with('.');
    names.iter().filter(|name| fits(name)).map(|name| text(root, &folder.join(name))).collect()
}

impl SshConfig {
    /// Reads a text that includes nothing.
    pub fn parse(text: &str) -> SshConfig {
        let mut config = SshConfig::default();
        config.add(text, &mut |_| Vec::new(), (0, &mut 0), false);
        config
    }

    /// Adds a file; `in_match` when it is included from within a `Match` block.
    fn add(
        &mut self,
        text: &str,
        include: &mut dyn FnMut(&str) -> Vec<String>,
        (depth, files): (usize, &mut usize),
        in_match: bool,
    ) {
        let mut in_match = in_match;
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once(|c: char| c.is_whitespace() || c == '=')
            else {
                continue;
            };
            let key = match key.to_ascii_lowercase().as_str() {
                "challengeresponseauthentication" | "skeyauthentication" => {
                    "kbdinteractiveauthentication".to_owned()
                }
                key => key.to_owned(),
            };
            let value =
                value.trim_matches(|c: char| c.is_whitespace() || c == '=').trim_matches('"');
            match key.as_str() {
                "match" => in_match = !value.eq_ignore_ascii_case("all"),
                "include" if depth < INCLUDE_DEPTH => {
                    let texts: Vec<String> =
                        value.split_whitespace().flat_map(&mut *include).collect();
                    let room = FILES_MAX.saturating_sub(*files);
                    *files += texts.len();
                    for text in texts.iter().take(room) {
                        self.add(text, include, (depth + 1, files), in_match);
                    }
                }
                "include" => self.too_deep = true,
                _ if in_match => self.matched.push((key, value.to_owned())),
                _ => {
                    self.global.entry(key).or_insert_with(|| value.to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts_and_matches_are_told() {
        let text = "PermitRootLogin no\npermitrootlogin yes\n#PasswordAuthentication no\nMaxAuthTries=3\nCiphers aes128-cbc,aes256-gcm@openssh.com\nMatch User ann\n PermitRootLogin yes\nMatch all\nX11Forwarding \"yes\"\n";
        let config = SshConfig::parse(text);
        let subject = subject(&config);
        assert_eq!(subject.facts["ssh.permitrootlogin"], set(["no", "yes"]).into());
        assert_eq!(subject.facts["ssh.passwordauthentication"], set(["yes"]).into());
        assert_eq!(subject.facts["ssh.maxauthtries"], 3_i64.into());
        assert_eq!(subject.facts["ssh.x11forwarding"], set(["yes"]).into());
        assert_eq!(subject.facts["ssh.weak_algorithms"], set(["aes128-cbc"]).into());
        assert_eq!(subject.facts["ssh.kbdinteractiveauthentication"], set(["yes"]).into());
        let old = SshConfig::parse("ChallengeResponseAuthentication no\nUsePAM yes\n");
        let old = super::subject(&old);
        assert_eq!(old.facts["ssh.kbdinteractiveauthentication"], set(["no"]).into());
        assert_eq!(old.facts["ssh.usepam"], set(["yes"]).into());
        assert_eq!(seconds("2m"), Some(120));
        assert_eq!(seconds("x"), None);
    }

    #[test]
    fn patterns_that_are_not_understood_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let drop_ins = folder.path().join("etc/ssh/sshd_config.d");
        std::fs::create_dir_all(&drop_ins).unwrap();
        std::fs::write(drop_ins.join("a.conf"), "UsePAM no\n").unwrap();
        let root = Root::open(folder.path()).unwrap();
        assert_eq!(includes(&root, "sshd_config.d/*.conf").unwrap(), ["UsePAM no\n"]);
        assert!(includes(&root, "none.d/*.conf").unwrap().is_empty());
        for pattern in ["sshd_config.d/?.conf", "*/a.conf", "sshd_config.d/*.c*", "[a]"] {
            assert!(includes(&root, pattern).is_err(), "{pattern}");
        }
        std::fs::create_dir(drop_ins.join("b.conf")).unwrap();
        assert!(includes(&root, "sshd_config.d/*.conf").is_err());
    }

    #[test]
    fn includes_stand_where_they_are_written() {
        let mut config = SshConfig::default();
        let mut include =
            |_: &str| vec!["PermitRootLogin no\n".to_owned(), "Include again\n".to_owned()];
        let mut files = 0;
        config.add("Include x\nPermitRootLogin yes\n", &mut include, (0, &mut files), false);
        assert_eq!(config.global["permitrootlogin"], "no");
    }
}
