//! systemd units: where a unit comes from and what its drop-ins make of it (systemd.unit(5),
//! systemd.syntax(7)).

use std::path::{Path, PathBuf};

use super::limits::{CONFIG_FILE_BYTES, DROP_INS_MAX};
use super::root::Root;

/// Where units are looked for, the first that has one wins.
const SEARCH: [&str; 8] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// A unit with its drop-ins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// The unit's own file.
    pub(crate) fragment: PathBuf,
    /// Its drop-ins, in the order they apply.
    pub(crate) drop_ins: Vec<PathBuf>,
    /// Section, key, value, in the order they apply.
    pub(crate) settings: Vec<(String, String, String)>,
}

impl Unit {
    /// Finds a unit; `None` when there is none, or it is masked.
    pub(crate) fn find(root: &Root, name: &str) -> Result<Option<Unit>, String> {
        let read = |path: &Path| {
            let text = root.text(path, CONFIG_FILE_BYTES);
            text.map_err(|error| format!("{}: {error}", path.display()))
        };
        let mut found = None;
        for folder in SEARCH {
            let path = Path::new(folder).join(name);
            let seen = root.look(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            match seen {
                Some(seen) if seen.resolved == Path::new("/dev/null") => return Ok(None),
                Some(_) => found = Some(path),
                None => continue,
            }
            break;
        }
        let Some(fragment) = found else { return Ok(None) };
        let mut unit = Unit { settings: Vec::new(), drop_ins: drop_ins(root, name)?, fragment };
        unit.add(&read(&unit.fragment)?.unwrap_or_default());
        for path in unit.drop_ins.clone() {
            unit.add(&read(&path)?.unwrap_or_default());
        }
        Ok(Some(unit))
    }

    /// Reads a unit from its text alone.
    pub fn parse(text: &str) -> Unit {
        let mut unit = Unit::default();
        unit.add(text);
        unit
    }

    /// The values of a key that is a list, such as `ListenStream`: an empty value takes back what
    /// was said before it.
    pub fn list(&self, section: &str, key: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for (in_section, name, value) in &self.settings {
            match (in_section == section && name == key, value.as_str()) {
                (true, "") => values.clear(),
                (true, value) => values.push(value),
                (false, _) => {}
            }
        }
        values
    }

    fn add(&mut self, text: &str) {
        let mut section = String::new();
        let mut held = String::new();
        for line in text.lines() {
            let trimmed = line.trim();
            // A comment between continued lines does not end them.
            if trimmed.starts_with(['#', ';']) || (held.is_empty() && trimmed.is_empty()) {
                continue;
            }
            if let Some(part) = trimmed.strip_suffix('\\') {
                held.push_str(part);
                held.push(' ');
                continue;
            }
            held.push_str(trimmed);
            let whole = std::mem::take(&mut held);
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some((key, value)) = whole.split_once('=') {
                let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
                self.settings.push((section.clone(), key, value));
            }
        }
    }
}

/// The drop-ins of a unit by name: of two files of one name the one in the first folder counts.
fn drop_ins(root: &Root, unit: &str) -> Result<Vec<PathBuf>, String> {
    let kind = unit.rsplit('.').next().unwrap_or_default();
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for owner in [unit, kind] {
        for folder in SEARCH {
            let folder = Path::new(folder).join(format!("{owner}.d"));
            let names = root.names(&folder, DROP_INS_MAX).map_err(|error| error.to_string())?;
            for name in names.into_iter().filter(|name| name.ends_with(".conf")) {
                if !files.iter().any(|(known, _)| *known == name) {
                    files.push((name.clone(), folder.join(name)));
                }
            }
        }
    }
    files.sort();
    let mut paths = Vec::new();
    for (_, path) in files.into_iter().take(DROP_INS_MAX) {
        let seen = root.look(&path).map_err(|error| error.to_string())?;
        if seen.is_some_and(|seen| seen.is_regular) {
            paths.push(path);
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn syntax() {
        let unit = Unit::parse(
            "[Unit]\n# c\n[Socket]\nListenStream=/run/docker.sock\n ListenStream = 1 \\\n# c\n  2\n; c\nListenStream=\nListenStream=/a\nbroken\n[Other]\nListenStream=/b\n",
        );
        assert_eq!(unit.list("Socket", "ListenStream"), ["/a"]);
        assert_eq!(unit.list("Other", "ListenStream"), ["/b"]);
        assert!(unit.list("Socket", "None").is_empty());
        let joined = Unit::parse("[S]\nA=x \\\n y\n");
        assert_eq!(joined.list("S", "A"), ["x  y"]);
    }

    #[test]
    fn resolution() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("usr/lib/systemd/system/docker.socket", "[Socket]\nListenStream=/usr\n");
        write("usr/lib/systemd/system/docker.socket.d/10.conf", "[Socket]\nListenStream=/ten\n");
        write("etc/systemd/system/docker.socket.d/10.conf", "[Socket]\nListenStream=/etc-ten\n");
        write("etc/systemd/system/socket.d/05.conf", "[Socket]\nListenStream=/five\n");
        write("etc/systemd/system/docker.socket.d/note.txt", "[Socket]\nListenStream=/x\n");
        let root = Root::open(folder.path()).unwrap();
        let unit = Unit::find(&root, "docker.socket").unwrap().unwrap();
        assert_eq!(unit.fragment, Path::new("/usr/lib/systemd/system/docker.socket"));
        assert_eq!(unit.list("Socket", "ListenStream"), ["/usr", "/five", "/etc-ten"]);
        write("etc/systemd/system/docker.socket", "[Socket]\nListenStream=/etc\n");
        let unit = Unit::find(&root, "docker.socket").unwrap().unwrap();
        assert_eq!(unit.fragment, Path::new("/etc/systemd/system/docker.socket"));
        fs::create_dir_all(folder.path().join("dev")).unwrap();
        write("dev/null", "");
        symlink("/dev/null", folder.path().join("etc/systemd/system/other.socket")).unwrap();
        assert_eq!(Unit::find(&root, "other.socket").unwrap(), None);
        assert_eq!(Unit::find(&root, "absent.service").unwrap(), None);
    }
}
