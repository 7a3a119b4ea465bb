//! `Containers`: which container a cgroup is, from the moment the cgroup is made.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use model::{CgroupName, Container, Known, Pod};

use super::container_id::{ContainerId, container_of};

/// Containers that are remembered, running or gone.
const MAX_CONTAINERS: usize = 16_384;
/// Cgroups that are remembered: a container may have several below its own.
const MAX_CGROUPS: usize = 65_536;

/// The containers of a node, by cgroup and by id.
#[derive(Default)]
pub struct Containers {
    by_cgroup: HashMap<u64, Arc<str>>,
    cgroups_in_order: VecDeque<u64>,
    by_id: HashMap<Arc<str>, Arc<Container>>,
    ids_in_order: VecDeque<Arc<str>>,
}

impl Containers {
    /// Takes in that a cgroup is there. Gives the container when it is a new one.
    pub fn cgroup_made(&mut self, cgroup: &CgroupName, now_ns: u64) -> Option<Arc<Container>> {
        let found = container_of(&cgroup.path)?;
        let id: Arc<str> = found.id.as_str().into();
        if self.by_cgroup.insert(cgroup.id, Arc::clone(&id)).is_none() {
            self.cgroups_in_order.push_back(cgroup.id);
        }
        while self.cgroups_in_order.len() > MAX_CGROUPS {
            let oldest = self.cgroups_in_order.pop_front();
            oldest.map(|oldest| self.by_cgroup.remove(&oldest));
        }
        if self.by_id.contains_key(&id) {
            return None;
        }
        let container = Arc::new(first_seen(found, now_ns));
        self.by_id.insert(Arc::clone(&id), Arc::clone(&container));
        self.ids_in_order.push_back(id);
        while self.ids_in_order.len() > MAX_CONTAINERS {
            let oldest = self.ids_in_order.pop_front();
            oldest.map(|oldest| self.by_id.remove(&oldest));
        }
        Some(container)
    }

    /// The container of a cgroup; `None` for the host's own.
    pub fn of_cgroup(&self, cgroup_id: u64) -> Option<&Arc<Container>> {
        self.by_id.get(self.by_cgroup.get(&cgroup_id)?)
    }

    /// A container by its id, or by the first digits of it.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Container>> {
        self.by_id.get(id).or_else(|| {
            self.by_id.iter().find(|(whole, _)| whole.starts_with(id)).map(|(_, found)| found)
        })
    }

    /// Takes in what the bundle or the engine says. What is known better already stays.
    pub fn learn(&mut self, id: &str, learn: impl FnOnce(&mut Container)) {
        let Some(container) = self.by_id.get_mut(id) else { return };
        let known = container.known;
        let mut better = Container::clone(container);
        learn(&mut better);
        better.known = better.known.max(known);
        *container = Arc::new(better);
    }

    /// Puts in a container as somebody else knows it.
    pub fn put(&mut self, container: Container) {
        let id: Arc<str> = container.id.as_str().into();
        if self.by_id.insert(Arc::clone(&id), Arc::new(container)).is_none() {
            self.ids_in_order.push_back(id);
        }
    }

    /// Every container that is remembered.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Container>> {
        self.by_id.values()
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// The containers of a node, for every part of the agent that wants to know them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Directory(Arc<RwLock<Containers>>);

impl Directory {
    /// Looks something up.
    pub fn read<T>(&self, look: impl FnOnce(&Containers) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes something in.
    pub fn write<T>(&self, take: impl FnOnce(&mut Containers) -> T) -> T {
        take(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// A container by its id, or by the first digits of it.
    pub fn find(&self, id: &str) -> Option<Arc<Container>> {
        self.read(|containers| containers.by_id(id).cloned())
    }

    /// The container of a cgroup; `None` for the host's own.
    pub fn of_cgroup(&self, cgroup_id: u64) -> Option<Arc<Container>> {
        self.read(|containers| containers.of_cgroup(cgroup_id).cloned())
    }
}

fn first_seen(found: ContainerId, now_ns: u64) -> Container {
    let pod = found.pod_uid.map(|uid| Pod { uid, ..Pod::default() });
    Container {
        id: found.id,
        engine: found.engine,
        pod,
        known: Known::Id,
        since_ns: now_ns,
        ..Container::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cgroup(id: u64, path: &str) -> CgroupName {
        CgroupName { id, hierarchy: 0, path: path.to_owned() }
    }

    #[test]
    fn a_cgroup_below_a_containers_is_the_containers() {
        let mut containers = Containers::default();
        let id = "ab".repeat(32);
        assert!(containers.cgroup_made(&cgroup(7, &format!("/docker/{id}")), 1).is_some());
        let below = cgroup(8, &format!("/docker/{id}/init.scope"));
        assert!(containers.cgroup_made(&below, 2).is_none());
        assert!(containers.cgroup_made(&cgroup(9, "/user.slice"), 3).is_none());
        containers.learn(&id, |container| container.name = "web".to_owned());
        assert_eq!(containers.of_cgroup(8).unwrap().name, "web");
        assert_eq!(containers.by_id("abab").unwrap().id, id);
        assert!(containers.of_cgroup(9).is_none());
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut containers = Containers::default();
        for number in 0..MAX_CONTAINERS as u64 + 10 {
            containers.cgroup_made(&cgroup(number, &format!("/docker/{number:064x}")), number);
        }
        assert_eq!(containers.len(), MAX_CONTAINERS);
        assert!(containers.of_cgroup(0).is_none());
        assert!(containers.of_cgroup(MAX_CONTAINERS as u64).is_some());
    }
}
