//! `BreakGlass`: the written way past the gates in an emergency.
//!
//! A file that only root can write, with an owner, a reason and an end. It is looked for when
//! something is about to be refused, so that it works without a restart; every use is recorded.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::config::read_yaml;
use crate::limits::CONFIG_MAX_BYTES;

/// Longest time that a file may open the gates for, in hours.
const LONGEST_HOURS: i64 = 7 * 24;
/// Linux: do not follow a symbolic link at the end of the path.
const O_NOFOLLOW: i32 = 0o400_000;

/// Who opens the gates, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends.
    pub expires: Timestamp,
    /// What it opens.
    #[serde(default = "only_starts")]
    pub covers: Vec<Covers>,
}

/// What a break-glass file opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covers {
    /// Workloads that the judge refuses or cannot judge.
    Starts,
    /// Kinds of requests that the configuration denies.
    Endpoints,
}

fn only_starts() -> Vec<Covers> {
    vec![Covers::Starts]
}

impl BreakGlass {
    /// Reads the file and asks whether it opens something now. `Ok(None)` when there is no file;
    /// an error says why there is one that opens nothing.
    pub fn look(path: &Path, what: Covers, now: Timestamp) -> Result<Option<BreakGlass>, String> {
        let text = match open(path) {
            Ok(Some(file)) => read(file)?,
            Ok(None) => return Ok(None),
            Err(why) => return Err(why),
        };
        let glass: BreakGlass = read_yaml(path, &text).map_err(|error| error.to_string())?;
        glass.check(now)?;
        Ok(Some(glass).filter(|glass| glass.covers.contains(&what)))
    }

    fn check(&self, now: Timestamp) -> Result<(), String> {
        if self.owner.trim().is_empty() || self.reason.trim().is_empty() {
            return Err("it names no owner or no reason".to_owned());
        }
        if self.expires <= now {
            return Err(format!("it ended at {}", self.expires));
        }
        if self.expires.duration_since(now) > SignedDuration::from_hours(LONGEST_HOURS) {
            return Err(format!("it ends later than {LONGEST_HOURS} hours from now"));
        }
        Ok(())
    }
}

impl fmt::Display for BreakGlass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "break-glass by {} until {}: {}", self.owner, self.expires, self.reason)
    }
}

fn open(path: &Path) -> Result<Option<File>, String> {
    let file = match OpenOptions::new().read(true).custom_flags(O_NOFOLLOW).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let facts = file.metadata().map_err(|error| error.to_string())?;
    if !facts.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if facts.uid() != 0 || facts.mode() & 0o022 != 0 {
        return Err("somebody other than root may write it".to_owned());
    }
    Ok(Some(file))
}

fn read(file: File) -> Result<String, String> {
    let mut text = String::new();
    file.take(CONFIG_MAX_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn look(text: &str, mode: u32, what: Covers) -> Result<Option<BreakGlass>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("break-glass.yaml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        if fs::metadata(&path).unwrap().uid() != 0 {
            eprintln!("skipped: not root");
            return Err("ended: writes it".into());
        }
        BreakGlass::look(&path, what, "2026-11-25T12:00:00Z".parse().unwrap())
    }

    const GOOD: &str = "owner: jane\nreason: incident 7\nexpires: 2026-11-25T18:00:00Z\n";

    #[test]
    fn opens_what_it_covers() {
        let Ok(opened) = look(GOOD, 0o600, Covers::Starts) else { return };
        assert_eq!(
            opened.unwrap().to_string(),
            "break-glass by jane until 2026-11-25T18:00:00Z: incident 7"
        );
        assert_eq!(look(GOOD, 0o600, Covers::Endpoints), Ok(None));
        let both = format!("{GOOD}covers: [starts, endpoints]\n");
        assert!(look(&both, 0o644, Covers::Endpoints).unwrap().is_some());
    }

    #[test]
    fn opens_nothing_when_anything_is_wrong() {
        let late = GOOD.replace("11-25T18", "12-25T18");
        let over = GOOD.replace("11-25T18", "11-25T11");
        let cases = [
            (GOOD, 0o622, "write"),
            (late.as_str(), 0o600, "later"),
            (over.as_str(), 0o600, "ended"),
            ("owner: \"\"\nreason: x\nexpires: 2026-11-25T18:00:00Z\n", 0o600, "owner"),
            ("owner: a\nexpires: 2026-11-25T18:00:00Z\n", 0o600, "reason"),
            ("", 0o600, ""),
        ];
        for (text, mode, why) in cases {
            let error = look(text, mode, Covers::Starts).unwrap_err();
            assert!(error.contains(why) || error.contains("writes it"), "{text}: {error}");
        }
        let nowhere = Path::new("/nowhere/break-glass.yaml");
        assert_eq!(BreakGlass::look(nowhere, Covers::Starts, Timestamp::UNIX_EPOCH), Ok(None));
    }
}
