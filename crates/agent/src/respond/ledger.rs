//! `Ledger`: what is in force, in a small file, so that it can be listed and undone after the agent
//! was killed, and by another process than the one that did it.
//!
//! Every change reads the file, changes it and puts it in place of the old one, under a lock.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::{AuditRecord, ContainerRef};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::config::Action;
use crate::AgentError;
use crate::config::read_text;

/// The file in the state folder.
const FILE: &str = "responses.json";
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Responses in force at once.
const MAX_IN_FORCE: usize = 1024;
/// Records that wait for the agent to tell them.
const MAX_UNTOLD: usize = 1024;

/// A response that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Its name for `undo`.
    pub id: String,
    /// What is done.
    pub action: Action,
    /// The response rule that said so.
    pub rule: String,
    /// The alert's rule.
    pub alert: String,
    /// To whom.
    pub container: ContainerRef,
    /// Since when, in nanoseconds since 1970.
    pub since_ns: i64,
    /// When it is undone by itself, in nanoseconds since 1970.
    pub until_ns: Option<i64>,
    /// By what it is done and is to be undone: `engine`, or files of the kernel.
    pub means: Vec<Means>,
    /// The container's cgroup when it began; `None` where an older agent wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<CgroupFolder>,
}

/// The folder of a cgroup. A container that is started again has another one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CgroupFolder {
    /// Where it is.
    pub path: PathBuf,
    /// Its inode's number.
    pub inode: u64,
}

/// By what a response is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The engine was asked.
    Engine,
    /// The freezer of a cgroup: its folder.
    Freezer(PathBuf),
    /// Programs at a cgroup: its folder.
    Programs(PathBuf),
    /// The host's end of a network interface, by number and name.
    Link(u32, String),
    /// The running agent answers for each program that is started.
    Agent,
    /// The running agent's programs in the kernel kill a program as it begins.
    Kill {
        /// The file's device, major << 20 | minor.
        device: u32,
        /// The file's inode.
        inode: u64,
        /// Its path in the container.
        path: String,
    },
}

impl InForce {
    /// Whether it is done by this; a program is the same whatever its path is.
    pub(super) fn is_by(&self, means: &Means) -> bool {
        let file = |means: &Means| match means {
            Means::Kill { device, inode, .. } => Some((*device, *inode)),
            _ => None,
        };
        let same =
            |own: &Means| own == means || file(own).is_some_and(|it| file(means) == Some(it));
        self.means.iter().any(same)
    }

    /// The program that may not begin, where it is about one: its path in the container.
    pub fn program(&self) -> Option<&str> {
        self.means.iter().find_map(|means| match means {
            Means::Kill { path, .. } => Some(path.as_str()),
            _ => None,
        })
    }
}

/// The file's content.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    in_force: Vec<InForce>,
    /// What another process did and the agent has still to tell.
    untold: Vec<AuditRecord>,
}

/// The file of what is in force.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    folder: PathBuf,
}

impl Ledger {
    /// The ledger of a state folder, which is made when it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, AgentError> {
        let mut made = std::fs::DirBuilder::new();
        made.recursive(true).mode(0o700).create(folder).map_err(|why| fault(folder, why))?;
        Ok(Ledger { folder: folder.to_path_buf() })
    }

    /// Whether it can be read. No lock is asked for: a file is put in place whole, and a lock that
    /// cannot be had is no damage.
    pub(super) fn check(&self) -> Result<(), AgentError> {
        self.read().map(drop)
    }

    /// What is in force.
    pub(super) fn in_force(&self) -> Result<Vec<InForce>, AgentError> {
        let _lock = self.lock()?;
        Ok(self.read()?.in_force)
    }

    /// Writes down that something is about to be in force.
    pub(super) fn add(&self, entry: InForce) -> Result<(), AgentError> {
        self.change(|content| {
            if content.in_force.len() >= MAX_IN_FORCE {
                let why = format!("{MAX_IN_FORCE} responses are in force; undo some");
                return Err(AgentError::System { what: "no further response", why });
            }
            content.in_force.push(entry);
            Ok(())
        })
    }

    /// Puts what is now known in place of what was written.
    pub(super) fn replace(&self, entry: &InForce) -> Result<(), AgentError> {
        self.change(|content| {
            let old = content.in_force.iter_mut().find(|old| old.id == entry.id);
            if let Some(old) = old {
                old.clone_from(entry);
            }
            Ok(())
        })
    }

    /// Takes out what is in force no longer.
    pub(super) fn remove(&self, id: &str) -> Result<(), AgentError> {
        self.change(|content| {
            content.in_force.retain(|entry| entry.id != id);
            Ok(())
        })
    }

    /// Leaves a record for the agent to tell.
    pub(super) fn leave(&self, record: AuditRecord) -> Result<(), AgentError> {
        self.change(|content| {
            if content.untold.len() < MAX_UNTOLD {
                content.untold.push(record);
            }
            Ok(())
        })
    }

    /// Takes the records that others left.
    pub(super) fn take_untold(&self) -> Result<Vec<AuditRecord>, AgentError> {
        {
            let _lock = self.lock()?;
            if self.read()?.untold.is_empty() {
                return Ok(Vec::new());
            }
        }
        self.change(|content| Ok(std::mem::take(&mut content.untold)))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Content) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        let _lock = self.lock()?;
        let mut content = self.read()?;
        let given = change(&mut content)?;
        self.write(&content)?;
        Ok(given)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn lock(&self) -> Result<File, AgentError> {
        let path = self.folder.join(format!("{FILE}.lock"));
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let file = options.open(&path).map_err(|why| fault(&path, why))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|why| fault(&path, why))?;
        Ok(file)
    }

    fn read(&self) -> Result<Content, AgentError> {
        let path = self.path();
        let Some(text) = read_text(&path, MAX_BYTES)? else { return Ok(Content::default()) };
        serde_json::from_str(&text).map_err(|why| fault(&path, why))
    }

    fn write(&self, content: &Content) -> Result<(), AgentError> {
        let (path, new) = (self.path(), self.folder.join(format!("{FILE}.new")));
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            options.create(true).write(true).truncate(true).mode(0o600);
            let mut file = options.open(&new)?;
            file.write_all(&serde_json::to_vec_pretty(content)?)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|why| fault(&path, why))
    }
}

fn fault(path: &Path, why: impl ToString) -> AgentError {
    AgentError::File { path: path.to_path_buf(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> InForce {
        InForce {
            id: id.to_owned(),
            action: Action::Pause,
            rule: "r".to_owned(),
            alert: "a".to_owned(),
            container: ContainerRef::default(),
            since_ns: 1,
            until_ns: None,
            means: vec![Means::Freezer("/f".into())],
            cgroup: None,
        }
    }

    #[test]
    fn what_one_wrote_another_reads_and_takes_out() {
        let folder = tempfile::tempdir().unwrap();
        let one = Ledger::open(&folder.path().join("state")).unwrap();
        let other = Ledger::open(&folder.path().join("state")).unwrap();
        one.add(entry("a")).unwrap();
        one.add(entry("b")).unwrap();
        one.replace(&InForce { means: vec![Means::Engine], ..entry("b") }).unwrap();
        assert_eq!(other.in_force().unwrap()[1].means, [Means::Engine]);
        other.remove("a").unwrap();
        other.leave(AuditRecord { target: "t".to_owned(), ..AuditRecord::default() }).unwrap();
        let with = InForce {
            cgroup: Some(CgroupFolder { path: "/c".into(), inode: u64::MAX }),
            ..entry("b")
        };
        one.replace(&with).unwrap();
        assert_eq!(other.in_force().unwrap(), [with]);
        assert_eq!(one.take_untold().unwrap()[0].target, "t");
        assert!(one.take_untold().unwrap().is_empty());
    }

    #[test]
    fn it_is_bounded_and_says_when_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let full = Content { in_force: vec![entry("x"); MAX_IN_FORCE], untold: Vec::new() };
        ledger.write(&full).unwrap();
        assert!(ledger.add(entry("y")).is_err());
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(ledger.in_force().unwrap_err().to_string().contains(FILE));
    }
}
