//! Where the control groups are: cgroup v1, hybrid or v2, and which of them are containers'.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::attribute::{ContainerId, container_of};

/// Folders that one scan looks into.
const MAX_FOLDERS: usize = 65_536;
/// Folders within one another that are followed.
const MAX_DEPTH: usize = 12;

/// The mounted hierarchies. On v2 all controllers are in the unified one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hierarchies {
    /// The unified hierarchy: all of v2, of a hybrid host without controllers.
    pub unified: Option<PathBuf>,
    /// Whether the unified hierarchy has the controllers.
    pub is_v2: bool,
    pub cpu: Option<PathBuf>,
    pub cpuacct: Option<PathBuf>,
    pub cpuset: Option<PathBuf>,
    pub memory: Option<PathBuf>,
    pub pids: Option<PathBuf>,
    pub blkio: Option<PathBuf>,
}

impl Hierarchies {
    /// Looks below the mount point, usually `/sys/fs/cgroup`.
    pub(super) fn below(root: &Path) -> Self {
        if root.join("cgroup.controllers").exists() {
            let own = Some(root.to_path_buf());
            return Hierarchies { unified: own, is_v2: true, ..Hierarchies::default() };
        }
        let at = |names: &[&str]| {
            names.iter().map(|name| root.join(name)).find(|path| path.join("cgroup.procs").exists())
        };
        Hierarchies {
            unified: at(&["unified"]),
            is_v2: false,
            cpu: at(&["cpu", "cpu,cpuacct", "cpuacct,cpu"]),
            cpuacct: at(&["cpuacct", "cpu,cpuacct", "cpuacct,cpu"]),
            cpuset: at(&["cpuset"]),
            memory: at(&["memory"]),
            pids: at(&["pids"]),
            blkio: at(&["blkio"]),
        }
    }

    /// The hierarchy whose folders tell which containers there are.
    fn telling(&self) -> Option<&PathBuf> {
        let old = [&self.pids, &self.memory, &self.cpu, &self.cpuacct];
        let old = old.into_iter().find_map(Option::as_ref);
        if self.is_v2 { self.unified.as_ref() } else { old.or(self.unified.as_ref()) }
    }

    /// Every container's cgroup, by the container's id: the path below the hierarchy's root.
    pub(super) fn containers(&self) -> HashMap<String, Place> {
        let mut found = HashMap::new();
        let Some(root) = self.telling() else { return found };
        let mut folders = vec![(root.clone(), 0_usize)];
        let mut looked_into = 0;
        while let Some((folder, depth)) = folders.pop() {
            looked_into += 1;
            if looked_into > MAX_FOLDERS || depth > MAX_DEPTH {
                continue;
            }
            for below in folders_in(&folder) {
                let path = below.strip_prefix(root).unwrap_or(&below).to_path_buf();
                match container_of(&format!("/{}", path.to_string_lossy())) {
                    // What is below a container's cgroup counts to it already.
                    Some(container) => {
                        found.entry(container.id.clone()).or_insert(Place { path, container });
                    }
                    None => folders.push((below, depth + 1)),
                }
            }
        }
        found
    }
}

/// A container's cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Below the root of each hierarchy.
    pub path: PathBuf,
    /// What the path says.
    pub container: ContainerId,
}

impl Place {
    /// The folder of the pod above, whose limits hold too.
    pub(super) fn pod(&self) -> Option<PathBuf> {
        self.container.pod_uid.as_ref()?;
        let parent = self.path.parent()?;
        let name = parent.file_name()?.to_str()?;
        (name.starts_with("pod") || name.contains("-pod")).then(|| parent.to_path_buf())
    }
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_known_by_its_files() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        let id = "ab".repeat(32);
        let uid = "2f5a3c1e-1111-4222-8333-0123456789ab";
        make("cpu,cpuacct/cgroup.procs");
        make("memory/cgroup.procs");
        make(&format!("memory/kubepods/burstable/pod{uid}/{id}/nested/cgroup.procs"));
        let old = Hierarchies::below(root.path());
        assert_eq!(old.cpu, Some(root.path().join("cpu,cpuacct")));
        assert_eq!(old.cpuacct, old.cpu);
        assert!(!old.is_v2 && old.pids.is_none());
        let found = old.containers();
        let place = &found[&id];
        assert_eq!(place.path, Path::new(&format!("kubepods/burstable/pod{uid}/{id}")));
        assert_eq!(place.pod().unwrap(), Path::new(&format!("kubepods/burstable/pod{uid}")));

        make("cgroup.controllers");
        make(&format!("docker/{id}/cgroup.procs"));
        let new = Hierarchies::below(root.path());
        assert!(new.is_v2 && new.memory.is_none());
        assert!(new.containers().contains_key(&id));
    }
}
