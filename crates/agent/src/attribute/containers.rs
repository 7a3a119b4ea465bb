//! `Containers`: which container a cgroup is, from the moment the cgroup is made.
//!
//! A container is gone when its last cgroup is. What is gone is remembered for the events that come
//! late, and forgotten first; one that runs is forgotten only where all that are remembered run.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use model::{CgroupName, Container, Known, Pod};

use super::container_id::{ContainerId, containers_of};

/// Containers that are remembered, running or gone.
const MAX_CONTAINERS: usize = 16_384;
/// Of these, the gone: as many as may go while their last events are on the way.
const MAX_GONE: usize = 1024;
/// Cgroups that are remembered: a container may have several below its own.
const MAX_CGROUPS: usize = 65_536;
/// Cgroups of one container that are remembered: who makes many forgets its own.
const MAX_CGROUPS_OF_ONE: usize = 4096;
/// Containers around one that are remembered.
const MAX_AROUND: usize = 4;

/// The containers of a node, by cgroup and by id.
#[derive(Default)]
pub struct Containers {
    by_cgroup: HashMap<u64, Arc<str>>,
    by_id: HashMap<Arc<str>, Entry>,
    /// Those that run and those that are gone, the oldest first.
    running: BTreeMap<u64, Arc<str>>,
    gone: BTreeMap<u64, Arc<str>>,
    next: u64,
    forgotten: u64,
}

struct Entry {
    container: Arc<Container>,
    /// Its cgroups, the oldest first.
    cgroups: VecDeque<Cgroup>,
    /// The containers that it was begun in, the innermost first.
    around: Vec<String>,
    /// Its number in `running` or `gone`.
    number: u64,
    is_gone: bool,
}

#[derive(Clone, Copy)]
struct Cgroup {
    id: u64,
    is_gone: bool,
}

/// How many containers are remembered and were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerCounts {
    /// Those that run.
    pub running: usize,
    /// Those whose last cgroup is gone.
    pub gone: usize,
    /// Those that were forgotten while they ran, for want of room.
    pub forgotten: u64,
}

impl Containers {
    /// Takes in that a cgroup is there. Gives the container when it is a new one, or one that was
    /// gone and is started again.
    pub fn cgroup_made(&mut self, cgroup: &CgroupName, now_ns: u64) -> Option<Arc<Container>> {
        if self.by_cgroup.contains_key(&cgroup.id) {
            return None;
        }
        let mut around = containers_of(&cgroup.path);
        let found = around.pop()?;
        let id: Arc<str> = found.id.as_str().into();
        self.by_cgroup.insert(cgroup.id, Arc::clone(&id));
        let new = match self.by_id.get(&id) {
            None => {
                let container = Arc::new(first_seen(found, now_ns));
                let around = around.into_iter().rev().map(|one| one.id).take(MAX_AROUND).collect();
                self.insert(&id, Arc::clone(&container), around);
                Some(container)
            }
            Some(entry) if entry.is_gone => Some(self.begin_again(&id, now_ns)),
            Some(_) => None,
        };
        self.add_cgroup(&id, cgroup.id);
        new
    }

    /// Takes in that a cgroup is no longer there. Its last events may come yet: they still have
    /// their container.
    pub fn cgroup_removed(&mut self, cgroup_id: u64) {
        let Some(id) = self.by_cgroup.get(&cgroup_id).cloned() else { return };
        let Some(entry) = self.by_id.get_mut(&id) else { return };
        for cgroup in entry.cgroups.iter_mut().filter(|cgroup| cgroup.id == cgroup_id) {
            cgroup.is_gone = true;
        }
        if entry.is_gone || entry.cgroups.iter().any(|cgroup| !cgroup.is_gone) {
            return;
        }
        entry.is_gone = true;
        self.running.remove(&entry.number);
        self.next += 1;
        entry.number = self.next;
        self.gone.insert(entry.number, id);
        while self.gone.len() > MAX_GONE && self.forget_gone() {}
    }

    /// The container of a cgroup; `None` for the host's own.
    pub fn of_cgroup(&self, cgroup_id: u64) -> Option<&Arc<Container>> {
        let entry = self.by_id.get(self.by_cgroup.get(&cgroup_id)?)?;
        Some(&entry.container)
    }

    /// Whether a cgroup is a container's, or that of a container that was begun in it.
    pub fn is_within(&self, cgroup_id: u64, id: &str) -> bool {
        let owner = self.by_cgroup.get(&cgroup_id).and_then(|owner| self.by_id.get(owner));
        owner.is_some_and(|owner| {
            owner.container.id == id || owner.around.iter().any(|around| around == id)
        })
    }

    /// A container by its id, or by the first digits of it.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Container>> {
        let entry = self.by_id.get(id).or_else(|| {
            self.by_id.iter().find(|(whole, _)| whole.starts_with(id)).map(|(_, found)| found)
        })?;
        Some(&entry.container)
    }

    /// Takes in what the bundle or the engine says. What is known better already stays.
    pub fn learn(&mut self, id: &str, learn: impl FnOnce(&mut Container)) {
        let Some(Entry { container, .. }) = self.by_id.get_mut(id) else { return };
        let known = container.known;
        let mut better = Container::clone(container);
        learn(&mut better);
        better.known = better.known.max(known);
        *container = Arc::new(better);
    }

    /// Puts in a container as somebody else knows it.
    pub fn put(&mut self, container: Container) {
        let id: Arc<str> = container.id.as_str().into();
        let container = Arc::new(container);
        match self.by_id.get_mut(&id) {
            Some(entry) => entry.container = container,
            None => self.insert(&id, container, Vec::new()),
        }
    }

    /// Every container that is remembered.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Container>> {
        self.by_id.values().map(|entry| &entry.container)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many run, are gone, and were forgotten while they ran.
    pub fn counts(&self) -> ContainerCounts {
        let (running, gone) = (self.running.len(), self.gone.len());
        ContainerCounts { running, gone, forgotten: self.forgotten }
    }

    fn insert(&mut self, id: &Arc<str>, container: Arc<Container>, around: Vec<String>) {
        self.next += 1;
        let (cgroups, number) = (VecDeque::new(), self.next);
        let entry = Entry { container, cgroups, around, number, is_gone: false };
        self.by_id.insert(Arc::clone(id), entry);
        self.running.insert(self.next, Arc::clone(id));
        while self.by_id.len() > MAX_CONTAINERS && self.forget_one() {}
    }

    /// One that was gone is started again: what it may do and what its first program has are to be
    /// learnt anew.
    fn begin_again(&mut self, id: &Arc<str>, now_ns: u64) -> Arc<Container> {
        self.next += 1;
        let Some(entry) = self.by_id.get_mut(id) else { return Arc::default() };
        let mut container = Container::clone(&entry.container);
        (container.start, container.since_ns) = (None, now_ns);
        entry.container = Arc::new(container);
        entry.is_gone = false;
        self.gone.remove(&entry.number);
        entry.number = self.next;
        self.running.insert(entry.number, Arc::clone(id));
        Arc::clone(&entry.container)
    }

    fn add_cgroup(&mut self, id: &Arc<str>, cgroup_id: u64) {
        while self.by_cgroup.len() > MAX_CGROUPS && self.forget_gone() {}
        let is_full = self.by_cgroup.len() > MAX_CGROUPS;
        let Some(entry) = self.by_id.get_mut(id) else { return };
        entry.cgroups.push_back(Cgroup { id: cgroup_id, is_gone: false });
        if entry.cgroups.len() > MAX_CGROUPS_OF_ONE || (is_full && entry.cgroups.len() > 2) {
            // Its own first one stays: that is where its programs are, unless it moves them.
            let gone = entry.cgroups.iter().skip(1).position(|cgroup| cgroup.is_gone);
            let forgotten = entry.cgroups.remove(gone.map_or(1, |at| at + 1));
            forgotten.map(|cgroup| self.by_cgroup.remove(&cgroup.id));
        }
    }

    /// Forgets one that is gone, else the oldest that runs; whether there was one.
    fn forget_one(&mut self) -> bool {
        if self.forget_gone() {
            return true;
        }
        let Some((_, id)) = self.running.pop_first() else { return false };
        self.forgotten += 1;
        self.forget(&id);
        true
    }

    fn forget_gone(&mut self) -> bool {
        let Some((_, id)) = self.gone.pop_first() else { return false };
        self.forget(&id);
        true
    }

    fn forget(&mut self, id: &str) {
        for cgroup in self.by_id.remove(id).into_iter().flat_map(|entry| entry.cgroups) {
            self.by_cgroup.remove(&cgroup.id);
        }
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
    use model::Start;

    use super::*;

    fn cgroup(id: u64, path: &str) -> CgroupName {
        CgroupName { id, hierarchy: 0, path: path.to_owned() }
    }

    /// The cgroup of a container by its number.
    fn of(number: u64) -> CgroupName {
        cgroup(number, &format!("/docker/{number:064x}"))
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
    fn a_container_in_a_container_is_its_own_and_within_the_other() {
        let mut containers = Containers::default();
        let (outer, inner) = (format!("{:064x}", 1), format!("{:064x}", 2));
        containers.cgroup_made(&of(1), 1);
        containers.cgroup_made(&cgroup(2, &format!("/docker/{outer}/docker/{inner}")), 1);
        containers.cgroup_made(&of(3), 1);
        assert_eq!(containers.of_cgroup(2).unwrap().id, inner);
        assert!(containers.is_within(2, &outer) && containers.is_within(2, &inner));
        assert!(containers.is_within(1, &outer) && !containers.is_within(1, &inner));
        assert!(!containers.is_within(3, &outer) && !containers.is_within(4, &outer));
    }

    #[test]
    fn the_gone_go_before_those_that_run() {
        let mut containers = Containers::default();
        let max = MAX_CONTAINERS as u64;
        // The oldest of all runs on; short-lived ones come and go.
        containers.cgroup_made(&of(0), 0);
        for number in 1..max * 2 {
            containers.cgroup_made(&of(number), number);
            containers.cgroup_removed(number);
        }
        assert!(containers.of_cgroup(0).is_some(), "one that runs was forgotten");
        assert!(containers.of_cgroup(1).is_none() && containers.of_cgroup(max * 2 - 1).is_some());
        assert_eq!(containers.by_cgroup.len(), 1 + MAX_GONE);
        let counts = ContainerCounts { running: 1, gone: MAX_GONE, forgotten: 0 };
        assert_eq!(containers.counts(), counts);
        // Only where all run one that runs goes, the oldest, and is counted.
        for number in max * 2..max * 3 {
            containers.cgroup_made(&of(number), number);
        }
        let counts = ContainerCounts { running: MAX_CONTAINERS, gone: 0, forgotten: 1 };
        assert_eq!(containers.counts(), counts);
        assert!(containers.of_cgroup(0).is_none());
    }

    #[test]
    fn a_container_is_gone_with_its_last_cgroup_and_may_begin_again() {
        let mut containers = Containers::default();
        let id = format!("{:064x}", 5);
        containers.cgroup_made(&of(5), 1);
        containers.cgroup_made(&cgroup(6, &format!("/docker/{id}/init.scope")), 2);
        containers.learn(&id, |container| container.start = Some(Start::default()));
        containers.cgroup_removed(6);
        assert_eq!(containers.counts().running, 1);
        containers.cgroup_removed(5);
        assert_eq!(containers.counts().gone, 1);
        // A late exec names the cgroup once more: that is no new beginning.
        assert!(containers.cgroup_made(&of(5), 3).is_none());
        assert!(containers.of_cgroup(5).unwrap().start.is_some());
        let again = cgroup(9, &format!("/docker/{id}"));
        let again = containers.cgroup_made(&again, 7).unwrap();
        assert_eq!((again.start, again.since_ns), (None, 7));
        assert_eq!(containers.counts(), ContainerCounts { running: 1, ..Default::default() });
    }

    #[test]
    fn who_makes_many_cgroups_forgets_its_own() {
        let mut containers = Containers::default();
        containers.cgroup_made(&of(1), 1);
        containers.cgroup_made(&of(2), 1);
        let id = format!("{:064x}", 2);
        for number in 10..10 + MAX_CGROUPS as u64 {
            containers.cgroup_made(&cgroup(number, &format!("/docker/{id}/{number}")), 2);
        }
        assert_eq!(containers.by_cgroup.len(), MAX_CGROUPS_OF_ONE + 1);
        let last = 9 + MAX_CGROUPS as u64;
        assert!([1, 2, last].into_iter().all(|id| containers.of_cgroup(id).is_some()));
    }
}
