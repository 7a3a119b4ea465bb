//! The baseline of a workload: on what it listens and whom it speaks with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::AgentError;
use crate::kept::read_kept;

/// Workloads that are remembered; the one not seen for longest goes first.
const MAX_WORKLOADS: usize = 4096;
/// The first port that the kernel gives to who does not ask for one.
const EPHEMERAL_FROM: u16 = 32_768;
/// Ports above 1023 from which on a workload is taken to use any.
const WIDE_PORTS: usize = 64;
/// The first port that anybody may listen on.
const HIGH_FROM: u16 = 1024;
/// The longest pause that counts as activity learnt, in nanoseconds.
const LONGEST_PAUSE_NS: u64 = 3_600_000_000_000;

/// Ports. Those that the kernel gives out are one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Ports {
    ports: BTreeSet<u16>,
    /// Any that needs no privilege.
    any_high: bool,
}

/// With whom a workload speaks at one port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Peers {
    /// Networks and workloads, by name.
    peers: BTreeSet<String>,
    /// How many of them are of the internet.
    public: usize,
    /// The whole internet.
    any_public: bool,
}

/// What is usual of a workload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Usual {
    learnt_ns: u64,
    /// When it was last seen, in seconds since 1970.
    last_s: i64,
    #[serde(skip)]
    last_ns: Option<u64>,
    listens: Ports,
    speaks: BTreeMap<u16, Peers>,
    /// It speaks at any high port.
    any_high: bool,
}

/// Somebody spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerName<'a> {
    /// The network or workload.
    pub name: &'a str,
    pub is_public: bool,
    pub port: u16,
}

/// Every workload's baseline.
#[derive(Debug, Default)]
pub(super) struct Baselines {
    workloads: HashMap<String, Usual>,
    learn_ns: u64,
    wide_networks: usize,
}

impl Ports {
    fn has(&self, port: u16) -> bool {
        self.ports.contains(&group(port)) || (self.any_high && port >= HIGH_FROM)
    }

    fn learn(&mut self, port: u16) {
        self.ports.insert(group(port));
        if self.ports.range(HIGH_FROM..).count() > WIDE_PORTS {
            self.any_high = true;
            self.ports.retain(|port| *port < HIGH_FROM);
        }
    }
}

fn group(port: u16) -> u16 {
    port.min(EPHEMERAL_FROM)
}

impl Baselines {
    /// Reads what was kept.
    pub(super) fn load(
        path: &Path,
        learn_hours: f64,
        wide_networks: usize,
    ) -> Result<Self, AgentError> {
        let kept = if path.as_os_str().is_empty() { None } else { read_kept(path)? };
        let learn_ns = (learn_hours * 3600e9) as u64;
        Ok(Baselines { workloads: kept.unwrap_or_default(), learn_ns, wide_networks })
    }

    /// What is to be kept, as JSON.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.workloads).unwrap_or_default()
    }

    /// Time passes for a workload that is active; whether it is learnt.
    pub(super) fn active(&mut self, workload: &str, now_ns: u64, wall_ns: i64) -> bool {
        if !self.workloads.contains_key(workload) {
            if self.workloads.len() >= MAX_WORKLOADS {
                let oldest = self.workloads.iter().min_by_key(|(_, usual)| usual.last_s);
                let oldest = oldest.map(|(name, _)| name.clone());
                oldest.and_then(|name| self.workloads.remove(&name));
            }
            self.workloads.insert(workload.to_owned(), Usual::default());
        }
        let Some(usual) = self.workloads.get_mut(workload) else { return false };
        let passed = usual.last_ns.map_or(0, |last| now_ns.saturating_sub(last));
        usual.learnt_ns = usual.learnt_ns.saturating_add(passed.min(LONGEST_PAUSE_NS));
        usual.last_ns = Some(now_ns);
        usual.last_s = wall_ns / 1_000_000_000;
        usual.learnt_ns >= self.learn_ns
    }

    pub(super) fn listens(&self, workload: &str, port: u16) -> bool {
        self.workloads.get(workload).is_some_and(|usual| usual.listens.has(port))
    }

    pub(super) fn speaks(&self, workload: &str, peer: PeerName<'_>) -> bool {
        let Some(usual) = self.workloads.get(workload) else { return false };
        if usual.any_high && peer.port >= HIGH_FROM {
            return true;
        }
        usual.speaks.get(&group(peer.port)).is_some_and(|peers| {
            peers.peers.contains(peer.name) || (peers.any_public && peer.is_public)
        })
    }

    /// Whether the workload speaks with many at this port as a matter of course.
    pub(super) fn speaks_widely(&self, workload: &str, port: u16) -> bool {
        let peers = self.workloads.get(workload).and_then(|usual| usual.speaks.get(&group(port)));
        peers.is_some_and(|peers| peers.any_public || peers.peers.len() > self.wide_networks)
    }

    pub(super) fn learn_listen(&mut self, workload: &str, port: u16) {
        if let Some(usual) = self.workloads.get_mut(workload) {
            usual.listens.learn(port);
        }
    }

    pub(super) fn learn_peer(&mut self, workload: &str, peer: PeerName<'_>) {
        /// Peers of one port that are kept by name.
        const MAX_PEERS: usize = 1024;
        /// Peers of one workload, at all ports.
        const MAX_PEERS_OF_ALL: usize = 4096;
        let Some(usual) = self.workloads.get_mut(workload) else { return };
        if usual.any_high && peer.port >= HIGH_FROM {
            return;
        }
        if usual.speaks.values().map(|peers| peers.peers.len()).sum::<usize>() >= MAX_PEERS_OF_ALL {
            return;
        }
        let peers = usual.speaks.entry(group(peer.port)).or_default();
        if (peers.any_public && peer.is_public) || peers.peers.len() >= MAX_PEERS {
            return;
        }
        let is_new = peers.peers.insert(peer.name.to_owned());
        peers.public += usize::from(is_new && peer.is_public);
        if peers.public > self.wide_networks {
            peers.any_public = true;
        }
        if usual.speaks.range(HIGH_FROM..).count() > WIDE_PORTS {
            usual.any_high = true;
            usual.speaks.retain(|port, _| *port < HIGH_FROM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;

    fn peer(name: &str, port: u16) -> PeerName<'_> {
        PeerName { name, is_public: !name.starts_with("10."), port }
    }

    fn none() -> Baselines {
        Baselines::load(Path::new(""), 2.0, 3).unwrap()
    }

    #[test]
    fn a_workload_is_learnt_by_its_activity_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.json");
        let mut baselines = none();
        assert!(!baselines.active("web", 0, 0));
        assert!(!baselines.active("web", HOUR, 0));
        baselines.learn_listen("web", 80);
        baselines.learn_peer("web", peer("10.0.0.0/24", 5432));
        std::fs::write(&path, baselines.to_json()).unwrap();
        let mut again = Baselines::load(&path, 2.0, 3).unwrap();
        assert!(!again.active("web", 10, 0));
        // A pause of ten hours counts for one.
        assert!(again.active("web", 10 * HOUR, 0));
        assert!(again.listens("web", 80) && !again.listens("web", 81));
        assert!(again.speaks("web", peer("10.0.0.0/24", 5432)));
        assert!(!again.speaks("web", peer("10.0.0.0/24", 5433)));
        assert!(!again.speaks("web", peer("10.0.1.0/24", 5432)));
    }

    #[test]
    fn whoever_speaks_with_many_speaks_with_all() {
        let mut baselines = none();
        baselines.active("web", 0, 0);
        for number in 1..=3 {
            baselines.learn_peer("web", peer(&format!("8.8.{number}.0/24"), 443));
        }
        assert!(!baselines.speaks("web", peer("8.8.9.0/24", 443)));
        baselines.learn_peer("web", peer("8.8.4.0/24", 443));
        assert!(baselines.speaks("web", peer("8.8.9.0/24", 443)));
        assert!(!baselines.speaks("web", peer("10.8.9.0/24", 443)));
        assert!(!baselines.speaks("web", peer("8.8.9.0/24", 444)));
        assert!(baselines.speaks_widely("web", 443) && !baselines.speaks_widely("web", 22));
    }

    #[test]
    fn peers_of_the_own_networks_say_nothing_of_the_internet() {
        let mut baselines = none();
        baselines.active("web", 0, 0);
        for number in 1..=9 {
            baselines.learn_peer("web", peer(&format!("10.8.{number}.0/24"), 443));
        }
        baselines.learn_peer("web", peer("8.8.1.0/24", 443));
        assert!(baselines.speaks("web", peer("8.8.1.0/24", 443)));
        assert!(!baselines.speaks("web", peer("8.8.9.0/24", 443)));
    }

    #[test]
    fn a_workload_has_so_many_peers_at_most() {
        let mut baselines = none();
        baselines.active("web", 0, 0);
        for port in 1..=6 {
            for number in 0..1000 {
                baselines.learn_peer("web", peer(&format!("10.{number}"), port));
            }
        }
        assert!(baselines.speaks("web", peer("10.0", 5)));
        assert!(!baselines.speaks("web", peer("10.0", 6)));
    }

    #[test]
    fn ports_that_the_kernel_gives_out_are_one() {
        let mut baselines = none();
        baselines.active("ftp", 0, 0);
        baselines.learn_listen("ftp", 40_000);
        assert!(baselines.listens("ftp", 50_000) && !baselines.listens("ftp", 30_000));
        for port in 2000..2070 {
            baselines.learn_listen("ftp", port);
        }
        assert!(baselines.listens("ftp", 30_000) && !baselines.listens("ftp", 25));
    }
}
