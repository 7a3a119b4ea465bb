//! What was kept and is damaged is put aside, under another name: the node is watched in any case,
//! and the damage is told.

use std::fs;
use std::path::{Path, PathBuf};

use model::{Alert, AlertSource, Priority, Timestamp};
use store::audit::AuditError;

use crate::AgentError;

/// The name under which it is told.
const RULE: &str = "Agent's own files damaged";

/// Something that was put aside.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Aside {
    /// Where it was.
    path: PathBuf,
    /// Where it is now.
    now: PathBuf,
    /// What is wrong with it.
    why: String,
}

/// Opens what is kept at `path`, a file with those beside it or a folder; what of it is damaged is put
/// aside and begun anew.
pub(super) fn or_anew<T>(
    path: &Path,
    asides: &mut Vec<Aside>,
    open: impl Fn() -> Result<T, AgentError>,
) -> Result<T, AgentError> {
    // It ends: each time one more file is out of the way, or the error is given.
    loop {
        let error = match open() {
            Err(error) => error,
            opened => return opened,
        };
        let Some(path) = damaged(&error, path) else { return Err(error) };
        let mut now = path.clone().into_os_string();
        now.push(format!(".damaged-{}", Timestamp::now().as_second()));
        let now = PathBuf::from(now);
        if fs::rename(&path, &now).is_err() {
            return Err(error);
        }
        let why = error.to_string();
        eprintln!("lazaret agent: {why}; it is put aside as {}", now.display());
        asides.push(Aside { path, now, why });
    }
}

/// What is to be put aside: of several files that one which the error names, of a log all of it.
fn damaged(error: &AgentError, kept: &Path) -> Option<PathBuf> {
    match error {
        AgentError::File { path, .. } if path.starts_with(kept) => Some(kept.to_path_buf()),
        AgentError::File { path, .. } if is_beside(path, kept) => Some(path.clone()),
        AgentError::Audit(AuditError::Damaged { .. }) => Some(kept.to_path_buf()),
        _ => None,
    }
}

/// `network.map.json` beside `network.json`.
fn is_beside(path: &Path, kept: &Path) -> bool {
    let (name, stem) = (path.file_name(), kept.file_stem());
    let begins = name
        .zip(stem)
        .is_some_and(|(name, stem)| name.as_encoded_bytes().starts_with(stem.as_encoded_bytes()));
    begins && path.parent() == kept.parent()
}

impl Aside {
    /// An alert of it.
    pub(super) fn alert(&self, node: &str) -> Alert {
        let (path, now) = (self.path.display().to_string(), self.now.display().to_string());
        let text =
            format!("{path} on {node} was damaged and is begun anew: {}; see {now}", self.why);
        Alert {
            time_ns: crate::clock::now_ns(),
            rule: RULE.to_owned(),
            source: AlertSource::Sensor,
            priority: Priority::Critical,
            tags: vec!["lazaret.blind".to_owned()],
            text,
            fields: [("path", path), ("aside", now)]
                .map(|(name, value)| (name.to_owned(), Some(value)))
                .into(),
            initiator: None,
            container: None,
            image: None,
            node: node.to_owned(),
            times: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use store::audit::{AuditLog, AuditOptions};

    use super::*;
    use crate::attribute::Directory;
    use crate::kept::read_kept;
    use crate::respond::{Hands, Reach, ResponseConfig};
    use crate::trail::Trail;

    #[test]
    fn a_damaged_file_is_put_aside_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.json");
        let beside = folder.path().join("network.map.json");
        let open = || {
            let map = read_kept::<Vec<u8>>(&beside)?;
            Ok((map, read_kept::<Vec<u8>>(&path)?))
        };
        let mut asides = Vec::new();
        assert_eq!(or_anew(&path, &mut asides, open).unwrap(), (None, None));
        fs::write(&beside, "[3]").unwrap();
        fs::write(&path, "[1,2").unwrap();
        assert_eq!(or_anew(&path, &mut asides, open).unwrap(), (Some(vec![3]), None));
        let [aside] = &asides[..] else { panic!("{asides:?}") };
        assert_eq!(fs::read(&aside.now).unwrap(), b"[1,2");
        let alert = aside.alert("n1");
        assert!(alert.text.contains("network.json") && alert.priority == Priority::Critical);

        fs::write(&beside, "[").unwrap();
        assert_eq!(or_anew(&path, &mut asides, open).unwrap(), (None, None));
        assert!(asides[1].now.to_string_lossy().contains("network.map.json"), "{asides:?}");
    }

    #[test]
    fn a_damaged_log_is_put_aside_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let open = || AuditLog::open(&path, AuditOptions::default()).map_err(AgentError::from);
        let mut asides = Vec::new();
        drop(or_anew(&path, &mut asides, open).unwrap());
        let manifest = fs::read_dir(&path)
            .unwrap()
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with("manifest"));
        fs::write(manifest.unwrap().path(), "?").unwrap();
        assert_eq!(or_anew(&path, &mut asides, open).unwrap().head().0, 0);
        assert!(asides[0].now.is_dir(), "{asides:?}");
    }

    #[test]
    fn what_the_hands_cannot_read_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("responses");
        let open = || {
            let reach = Reach {
                containers: Directory::default(),
                trail: Trail::open().0,
                engine: folder.path().join("absent"),
                containerd: None,
                state: state.clone(),
                sensor: None,
            };
            Hands::new(ResponseConfig::default(), reach)
        };
        let mut asides = Vec::new();
        drop(or_anew(&state, &mut asides, open).unwrap());
        assert!(asides.is_empty());
        fs::write(state.join("responses.json"), "{").unwrap();
        let hands = or_anew(&state, &mut asides, open).unwrap();
        assert!(hands.in_force().unwrap().is_empty());
        assert_eq!(fs::read(asides[0].now.join("responses.json")).unwrap(), b"{");
    }

    #[test]
    fn another_writer_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let log = AuditLog::open(folder.path(), AuditOptions::default());
            log.map_err(AgentError::from)
        };
        let held = open().unwrap();
        let mut asides = Vec::new();
        assert!(or_anew(folder.path(), &mut asides, open).is_err() && asides.is_empty());
        drop(held);
    }
}
