//! `Standing`: the standing orders, given for the cgroup of each container in scope as it appears,
//! before the container's first program, and taken back when the cgroup goes.
//!
//! It is told of cgroups at once, by whoever reads the ring: when their events' turn comes, the
//! container may run already. What the engine says later of a container is looked at again.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use model::{AuditOutcome, CgroupName, Container, ContainerRef, Known};
use sensor::KillOrder;

use super::config::ResponseConfig;
use super::orders::{Giver, Orders};
use super::record::told;
use super::target::container_of_process;
use super::teller::Teller;
use crate::attribute::{Directory, container_of, is_of_user};
use crate::watch::CgroupWitness;

/// Cgroups of containers that are there at once.
const MAX_LIVE: usize = 65_536;
/// Cgroups of containers whose paths are remembered when they have gone.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// The standing orders.
pub(super) struct Standing {
    orders: Arc<Orders>,
    containers: Directory,
    teller: Teller,
    /// Orders that could not be given so far.
    refused: AtomicU64,
    /// How many cgroups of containers there may be at once.
    room: usize,
    /// The container in which the agent runs.
    own: Option<String>,
    state: Mutex<State>,
}

struct State {
    config: Arc<ResponseConfig>,
    /// The cgroups of containers, by their numbers.
    live: HashMap<u64, Live>,
    /// What holds everywhere.
    everywhere: Given,
    /// Cgroups of containers for which there is no room.
    left_out: usize,
    /// The paths of cgroups that bear a container's name, those that have gone too.
    paths: LruCache<u64, String>,
    /// It was told that an order is not given.
    has_told: bool,
}

/// A container's cgroup.
struct Live {
    /// What is known of it.
    container: Arc<Container>,
    /// It lies where users make cgroups, who name them as they like.
    is_users: bool,
    /// The cgroup's path.
    path: String,
    given: Given,
}

/// What is given of what is to be ordered.
#[derive(Default)]
struct Given {
    armed: Vec<Armed>,
    /// How many orders are not given.
    missing: usize,
}

/// An order that is given.
struct Armed {
    number: u32,
    order: KillOrder,
    giver: Giver,
}

impl Standing {
    pub(super) fn new(
        config: Arc<ResponseConfig>,
        orders: Arc<Orders>,
        containers: Directory,
        teller: Teller,
    ) -> Self {
        let state = State {
            config,
            live: HashMap::new(),
            everywhere: Given::default(),
            left_out: 0,
            paths: LruCache::new(REMEMBERED),
            has_told: false,
        };
        let own = container_of_process(std::process::id());
        let (refused, state) = (AtomicU64::new(0), Mutex::new(state));
        let standing = Standing { orders, containers, teller, refused, room: MAX_LIVE, own, state };
        standing.everywhere(&mut standing.state());
        standing
    }

    /// From now on these rules hold: what is given by others is taken back.
    pub(super) fn replace(&self, config: Arc<ResponseConfig>) {
        let mut state = self.state();
        (state.config, state.has_told) = (config, false);
        self.everywhere(&mut state);
        drop(state);
        self.look();
    }

    /// Looks again at every container: more may be known of it now.
    pub(super) fn look(&self) {
        let mut state = self.state();
        let state = &mut *state;
        let is_idle = |live: &Live| live.given.armed.is_empty() && live.given.missing == 0;
        if state.config.never.is_empty() && state.live.values().all(is_idle) {
            return;
        }
        self.everywhere(state);
        for (cgroup_id, live) in &mut state.live {
            let found = self.containers.find(&live.container.id);
            if let Some(found) = found.filter(|found| found.known >= live.container.known) {
                live.container = found;
            }
            let wanted = self.wanted(&state.config, *cgroup_id, live);
            let refused = self.arm(&mut live.given, wanted);
            self.tell_refused(&mut state.has_told, refused);
        }
        let missing = |live: &Live| live.given.missing > 0;
        if !state.live.values().any(missing) && state.everywhere.missing + state.left_out == 0 {
            // What cannot be given from now on has another cause.
            state.has_told = false;
        }
    }

    /// How many orders could not be given so far, each counted once.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Makes the cgroups what they are now, where events of them were missed. One that is not among
    /// them may be there all the same: it is forgotten where a look at its path says that it has gone.
    pub(super) fn heal(
        &self,
        cgroups: impl FnOnce() -> Vec<CgroupName>,
        has_gone: impl Fn(&str, u64) -> bool,
    ) {
        let state = self.state();
        let before: Vec<(u64, String)> =
            state.live.iter().map(|(id, live)| (*id, live.path.clone())).collect();
        drop(state);
        let cgroups = cgroups();
        let there: HashSet<u64> = cgroups.iter().map(|cgroup| cgroup.id).collect();
        for (id, path) in before.into_iter().filter(|(id, _)| !there.contains(id)) {
            if has_gone(&path, id) {
                self.forget(id);
            }
        }
        // Those that were left out and are so still count once.
        let before = std::mem::take(&mut self.state().left_out);
        for cgroup in &cgroups {
            self.take_in(cgroup, None);
        }
        let now = self.state().left_out;
        self.count_refused(now.saturating_sub(before));
    }

    /// The path of a cgroup that bears a container's name, also when it has gone.
    pub(super) fn path_of(&self, cgroup_id: u64) -> Option<String> {
        self.state().paths.get(&cgroup_id).cloned()
    }

    /// Takes in a cgroup. Gives whether it is one of a container for which there is no room.
    fn take_in(&self, cgroup: &CgroupName, container: Option<&Container>) -> bool {
        let Some(found) = container_of(&cgroup.path) else { return false };
        let mut state = self.state();
        let state = &mut *state;
        state.paths.put(cgroup.id, cgroup.path.clone());
        // What lies below a container's own cgroup is meant with it.
        let above = Path::new(&cgroup.path).parent().and_then(Path::to_str).unwrap_or_default();
        let is_inner = container_of(above).is_some_and(|above| above.id == found.id);
        if is_inner || state.live.contains_key(&cgroup.id) {
            return false;
        }
        if state.live.len() >= self.room {
            let is_left_out = !state.config.never.is_empty();
            if is_left_out {
                state.left_out += 1;
                let why = format!("{} containers are there already", self.room);
                self.tell_refused(&mut state.has_told, Some(why));
            }
            return is_left_out;
        }
        let known = container.cloned().map(Arc::new).or_else(|| self.containers.find(&found.id));
        let container =
            known.unwrap_or_else(|| Arc::new(Container { id: found.id, ..Container::default() }));
        let is_users = cgroup.path.split('/').any(is_of_user);
        let (path, given) = (cgroup.path.clone(), Given::default());
        let mut live = Live { container, is_users, path, given };
        let wanted = self.wanted(&state.config, cgroup.id, &live);
        let refused = self.arm(&mut live.given, wanted);
        self.tell_refused(&mut state.has_told, refused);
        state.live.insert(cgroup.id, live);
        false
    }

    fn forget(&self, cgroup_id: u64) {
        let live = self.state().live.remove(&cgroup_id);
        for armed in live.into_iter().flat_map(|live| live.given.armed) {
            self.orders.end(armed.number);
        }
    }

    fn everywhere(&self, state: &mut State) {
        let rules = state.config.never.iter().filter(|rule| rule.host && state.config.allow_host);
        let wanted = rules.flat_map(|rule| {
            let giver = giver(&rule.name, rule.dry_run || state.config.dry_run);
            let order = |program| KillOrder { program, cgroup_id: None };
            rule.programs().map(move |program| (order(program), giver.clone()))
        });
        let wanted = wanted.collect();
        let refused = self.arm(&mut state.everywhere, wanted);
        self.tell_refused(&mut state.has_told, refused);
    }

    /// What is to be ordered for a container.
    fn wanted(
        &self,
        config: &ResponseConfig,
        cgroup_id: u64,
        live: &Live,
    ) -> Vec<(KillOrder, Giver)> {
        let container = &*live.container;
        let is_strangers = live.is_users && container.known == Known::Id;
        if is_strangers || self.own.as_ref() == Some(&container.id) {
            return Vec::new();
        }
        let named = ContainerRef::from(container);
        let rules = config.never.iter().filter(|rule| !rule.host);
        let rules = rules.filter(|rule| rule.scope.holds(Some(&named), Some(container)));
        let orders = rules.flat_map(|rule| {
            let giver = giver(&rule.name, rule.dry_run || config.dry_run);
            let order = move |program| KillOrder { program, cgroup_id: Some(cgroup_id) };
            rule.programs().map(move |program| (order(program), giver.clone()))
        });
        orders.collect()
    }

    /// Makes what is given what is wanted. Gives why one could not be given.
    fn arm(&self, given: &mut Given, wanted: Vec<(KillOrder, Giver)>) -> Option<String> {
        let armed = &mut given.armed;
        let is_wanted = |it: &Armed| {
            wanted.iter().any(|(order, giver)| *order == it.order && *giver == it.giver)
        };
        armed.retain(|it| {
            let stays = is_wanted(it);
            if !stays {
                self.orders.end(it.number);
            }
            stays
        });
        let (mut refused, mut missing) = (None, 0_usize);
        for (order, giver) in wanted {
            if armed.iter().any(|it| it.order == order && it.giver == giver) {
                continue;
            }
            match self.orders.give(order.clone(), giver.clone()) {
                Ok(number) => armed.push(Armed { number, order, giver }),
                Err(why) => {
                    refused = Some(format!("never `{}`: {why}", giver.rule));
                    missing += 1;
                }
            }
        }
        // What is asked again and refused again is counted once.
        self.count_refused(missing.saturating_sub(given.missing));
        given.missing = missing;
        refused
    }

    fn count_refused(&self, more: usize) {
        self.refused.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// Told once: what comes after it has most likely the same cause.
    fn tell_refused(&self, has_told: &mut bool, refused: Option<String>) {
        let Some(why) = refused.filter(|_| !std::mem::replace(has_told, true)) else { return };
        let text = format!("programs that may never begin can begin somewhere: {why}");
        self.teller.tell(told("never", AuditOutcome::Failure, text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CgroupWitness for Standing {
    fn made(&self, cgroup: &CgroupName, container: Option<&Container>) {
        let is_left_out = self.take_in(cgroup, container);
        self.count_refused(usize::from(is_left_out));
    }

    fn removed(&self, cgroup: &CgroupName) {
        self.forget(cgroup.id);
    }
}

fn giver(rule: &str, is_trial: bool) -> Giver {
    Giver { rule: rule.to_owned(), is_trial, ..Giver::default() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trail::{Entries, Trail};

    const NEVER: &str = "never: [{names: [a, b]}, {names: [c], scope: {except: [twin]}}]";

    /// Without a sensor every order is refused.
    fn standing(room: usize) -> (Standing, Entries) {
        let (trail, entries) = Trail::open();
        let config = Arc::new(serde_saphyr::from_str(NEVER).unwrap());
        let (orders, teller) = (Arc::new(Orders::new(None)), Teller::new(trail));
        let standing = Standing::new(config, orders, Directory::default(), teller);
        (Standing { room, own: None, ..standing }, entries)
    }

    fn cgroup(id: u64) -> CgroupName {
        let path = format!("/system.slice/docker-{}.scope", format!("{id:02x}").repeat(32));
        CgroupName { id, hierarchy: 0, path }
    }

    fn told(entries: &Entries) -> usize {
        entries.next(Duration::ZERO).unwrap().len()
    }

    #[test]
    fn an_order_that_is_not_given_is_counted_once_and_told_once() {
        let (standing, entries) = standing(2);
        standing.made(&cgroup(1), None);
        assert_eq!(standing.refused(), 2, "it is not known whether the third is excepted");
        standing.look();
        standing.look();
        standing.made(&cgroup(2), None);
        assert_eq!((standing.refused(), told(&entries)), (4, 1));
        // For a third there is no room.
        standing.made(&cgroup(3), None);
        let all = || (1..=3).map(cgroup).collect();
        standing.heal(all, |_, _| true);
        standing.heal(all, |_, _| true);
        assert_eq!((standing.refused(), told(&entries)), (5, 0));
        // When all is given, what is refused later is told again.
        standing.replace(Arc::default());
        assert!(!standing.state().has_told);
        standing.replace(Arc::new(serde_saphyr::from_str(NEVER).unwrap()));
        assert_eq!(told(&entries), 1);
        standing.heal(|| vec![cgroup(1)], |_, _| true);
        standing.removed(&cgroup(1));
        standing.look();
        assert!(!standing.state().has_told);
    }

    #[test]
    fn a_cgroup_that_is_not_listed_is_forgotten_only_when_it_has_gone() {
        let (standing, _entries) = standing(8);
        standing.made(&cgroup(1), None);
        standing.made(&cgroup(2), None);
        let path = cgroup(2).path;
        standing.heal(Vec::new, |gone, id| gone == path && id == 2);
        assert!(standing.state().live.keys().eq(&[1]));
    }
}
