//! `Standing`: the standing orders, given for the cgroup of each container in scope as it appears,
//! before the container's first program, and taken back when the cgroup goes.
//!
//! It is told of cgroups at once, by whoever reads the ring: when their events' turn comes, the
//! container may run already. What the engine says later of a container is looked at again.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use model::{AuditOutcome, CgroupName, Container, ContainerRef, Known};
use sensor::KillOrder;

use super::config::ResponseConfig;
use super::orders::{Giver, Orders};
use super::record::told;
use super::target::container_of_process;
use crate::attribute::{Directory, container_of, is_of_user};
use crate::trail::Trail;
use crate::watch::CgroupWitness;

/// Cgroups of containers that are there at once.
const MAX_LIVE: usize = 65_536;
/// Cgroups of containers whose paths are remembered when they have gone.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// The standing orders.
pub(super) struct Standing {
    orders: Arc<Orders>,
    containers: Directory,
    trail: Trail,
    /// The container in which the agent runs.
    own: Option<String>,
    state: Mutex<State>,
}

struct State {
    config: Arc<ResponseConfig>,
    /// The cgroups of containers, by their numbers.
    live: HashMap<u64, Live>,
    /// What holds everywhere.
    everywhere: Vec<Armed>,
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
    armed: Vec<Armed>,
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
        trail: Trail,
    ) -> Self {
        let state = State {
            config,
            live: HashMap::new(),
            everywhere: Vec::new(),
            paths: LruCache::new(REMEMBERED),
            has_told: false,
        };
        let own = container_of_process(std::process::id());
        let standing = Standing { orders, containers, trail, own, state: Mutex::new(state) };
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
        if state.config.never.is_empty() && state.live.values().all(|live| live.armed.is_empty()) {
            return;
        }
        for (cgroup_id, live) in &mut state.live {
            let found = self.containers.find(&live.container.id);
            if let Some(found) = found.filter(|found| found.known >= live.container.known) {
                live.container = found;
            }
            let wanted = self.wanted(&state.config, *cgroup_id, live);
            let refused = self.arm(&mut live.armed, wanted);
            self.tell_refused(&mut state.has_told, refused);
        }
    }

    /// Makes the cgroups what they are now, where events of them were missed.
    pub(super) fn heal(&self, cgroups: impl FnOnce() -> Vec<CgroupName>) {
        let before: Vec<u64> = self.state().live.keys().copied().collect();
        let cgroups = cgroups();
        let there: HashSet<u64> = cgroups.iter().map(|cgroup| cgroup.id).collect();
        for gone in before.into_iter().filter(|id| !there.contains(id)) {
            self.forget(gone);
        }
        for cgroup in &cgroups {
            self.made(cgroup, None);
        }
    }

    /// The path of a cgroup that bears a container's name, also when it has gone.
    pub(super) fn path_of(&self, cgroup_id: u64) -> Option<String> {
        self.state().paths.get(&cgroup_id).cloned()
    }

    fn forget(&self, cgroup_id: u64) {
        let live = self.state().live.remove(&cgroup_id);
        for armed in live.into_iter().flat_map(|live| live.armed) {
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
    fn arm(&self, armed: &mut Vec<Armed>, wanted: Vec<(KillOrder, Giver)>) -> Option<String> {
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
        let mut refused = None;
        for (order, giver) in wanted {
            if armed.iter().any(|it| it.order == order && it.giver == giver) {
                continue;
            }
            match self.orders.give(order.clone(), giver.clone()) {
                Ok(number) => armed.push(Armed { number, order, giver }),
                Err(why) => refused = Some(format!("never `{}`: {why}", giver.rule)),
            }
        }
        refused
    }

    /// Told once: what comes after it has most likely the same cause.
    fn tell_refused(&self, has_told: &mut bool, refused: Option<String>) {
        let Some(why) = refused.filter(|_| !std::mem::replace(has_told, true)) else { return };
        let text = format!("programs that may never begin can begin somewhere: {why}");
        self.trail.record(told("never", AuditOutcome::Failure, text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CgroupWitness for Standing {
    fn made(&self, cgroup: &CgroupName, container: Option<&Container>) {
        let Some(found) = container_of(&cgroup.path) else { return };
        let mut state = self.state();
        let state = &mut *state;
        state.paths.put(cgroup.id, cgroup.path.clone());
        // What lies below a container's own cgroup is meant with it.
        let above = Path::new(&cgroup.path).parent().and_then(Path::to_str).unwrap_or_default();
        let is_inner = container_of(above).is_some_and(|above| above.id == found.id);
        if is_inner || state.live.len() >= MAX_LIVE || state.live.contains_key(&cgroup.id) {
            return;
        }
        let known = container.cloned().map(Arc::new).or_else(|| self.containers.find(&found.id));
        let container =
            known.unwrap_or_else(|| Arc::new(Container { id: found.id, ..Container::default() }));
        let is_users = cgroup.path.split('/').any(is_of_user);
        let mut live = Live { container, is_users, armed: Vec::new() };
        let wanted = self.wanted(&state.config, cgroup.id, &live);
        let refused = self.arm(&mut live.armed, wanted);
        self.tell_refused(&mut state.has_told, refused);
        state.live.insert(cgroup.id, live);
    }

    fn removed(&self, cgroup: &CgroupName) {
        self.forget(cgroup.id);
    }
}

fn giver(rule: &str, is_trial: bool) -> Giver {
    Giver { rule: rule.to_owned(), is_trial, ..Giver::default() }
}
