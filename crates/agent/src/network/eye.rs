//! `Network`: takes the watch's events in, keeps the map, learns, and tells what is not usual.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use lru::LruCache;
use model::{Alert, Container, EventKind, Known};

use super::addresses::Addresses;
use super::baseline::{Baselines, PeerName};
use super::config::NetworkConfig;
use super::flow::{Act, Flow, is_public, network_of};
use super::known;
use super::map::{ConnectionMap, Edge, EdgeKey, kept_map, place_beside};
use super::scan::{Scan, Scans};
use super::told::Told;
use super::words::{Notice, alert};
use crate::AgentError;
use crate::attribute::workload_of;
use crate::detect::Observed;
use crate::kept::{write_kept, write_kept_bytes};
use crate::watch::Seen;

/// Containers whose workloads are remembered by name.
const MAX_CONTAINERS: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");
/// How often map and baselines are kept, in nanoseconds.
const SAVE_EVERY_NS: u64 = 60_000_000_000;
const DNS_PORT: u16 = 53;
/// Unusual connections that are told of one container within the window of a scan.
const UNUSUAL_TOLD: usize = 5;

/// What a container is one of, as far as it is known.
#[derive(Clone)]
struct Member {
    workload: Arc<str>,
    known: Known,
    ignored: bool,
}

/// The eye on the network.
pub struct Network {
    config: NetworkConfig,
    members: LruCache<String, Member>,
    addresses: Addresses,
    map: ConnectionMap,
    baselines: Baselines,
    scans: Scans,
    told: Told,
    saved_ns: Option<u64>,
    saving: Option<JoinHandle<Result<(), AgentError>>>,
}

/// What is written to the data folder.
struct ToKeep {
    state: PathBuf,
    edges: Vec<Edge>,
    baselines: Vec<u8>,
}

impl ToKeep {
    fn write(&self) -> Result<(), AgentError> {
        write_kept(&place_beside(&self.state), &self.edges)?;
        write_kept_bytes(&self.state, &self.baselines)
    }
}

/// A flow and whose it is.
struct Whose<'a> {
    seen: &'a Observed<'a>,
    container: &'a Container,
    member: Member,
    flow: Flow<'a>,
    now_ns: u64,
    wall_ns: i64,
}

impl Network {
    /// An eye that knows what was learnt before. A file that cannot be read is told.
    pub fn new(config: NetworkConfig) -> Result<Self, AgentError> {
        let (hours, wide) = (config.learn_hours, config.wide_networks);
        let is_kept = !config.state.as_os_str().is_empty();
        let before = if is_kept { kept_map(&config.state)? } else { Vec::new() };
        Ok(Network {
            baselines: Baselines::load(&config.state, hours, wide)?,
            members: LruCache::new(MAX_CONTAINERS),
            addresses: Addresses::default(),
            map: ConnectionMap::new(config.map_edges, before),
            scans: Scans::new(config.scan.clone()),
            told: Told::new(config.repeat_hours),
            saved_ns: None,
            saving: None,
            config,
        })
    }

    /// Takes an event in; gives what there is to tell. Events of the host itself are let pass.
    pub fn observe(&mut self, seen: &Seen<'_>) -> Vec<Alert> {
        self.take(&seen.observed)
    }

    /// Who speaks with whom, in the order of names.
    pub fn map(&self) -> Vec<Edge> {
        self.map.edges()
    }

    /// Keeps the map and what was learnt.
    pub fn save(&mut self) -> Result<(), AgentError> {
        self.wait_until_saved();
        if self.config.state.as_os_str().is_empty() {
            return Ok(());
        }
        self.to_keep().write()
    }

    fn to_keep(&self) -> ToKeep {
        ToKeep {
            state: self.config.state.clone(),
            edges: self.map.edges(),
            baselines: self.baselines.to_json(),
        }
    }

    fn take(&mut self, seen: &Observed<'_>) -> Vec<Alert> {
        let EventKind::Call(call) = &seen.event.kind else { return Vec::new() };
        let Some(container) = seen.container.filter(|_| self.config.enabled) else {
            return Vec::new();
        };
        let Some(flow) = Flow::of(call) else { return Vec::new() };
        let now_ns = seen.event.time_ns;
        let wall_ns = seen.boot_ns.saturating_add(i64::try_from(now_ns).unwrap_or(i64::MAX));
        let member = self.member(container);
        let whose = Whose { seen, container, member, flow, now_ns, wall_ns };
        self.learn_address(&whose);
        let alerts = match flow.act {
            Act::Out => self.out(&whose),
            Act::Say => self.says(&whose),
            Act::In => self.came_in(&whose),
            Act::Listen => self.listen(&whose),
        };
        self.save_when_due(now_ns);
        alerts
    }

    fn member(&mut self, container: &Container) -> Member {
        let known = self.members.get(container.id.as_str());
        if let Some(member) = known.filter(|member| member.known >= container.known) {
            return member.clone();
        }
        let workload: Arc<str> = workload_of(container).into();
        let ignored = self.config.ignores(&container.name, &workload);
        let member = Member { workload, known: container.known, ignored };
        self.members.put(container.id.clone(), member.clone());
        member
    }

    /// The address of a container's socket is the container's, unless it is the host's network.
    fn learn_address(&mut self, whose: &Whose<'_>) {
        let network = whose.seen.event.task.namespaces.net;
        let own = network != 0 && network != whose.seen.host_namespaces.net;
        if let Some((ip, _)) = whose.flow.local.filter(|_| own) {
            self.addresses.learn(ip, &whose.member.workload);
        }
    }

    fn out(&mut self, whose: &Whose<'_>) -> Vec<Alert> {
        let Some(remote) = whose.flow.remote else { return Vec::new() };
        let mut notices = Vec::new();
        let (ip, port) = remote;
        let workload = &whose.member.workload;
        let peer = self.addresses.of(ip);
        let edge = peer.clone().unwrap_or_else(|| ip.to_string().into());
        let key = EdgeKey { from: workload.clone(), to: edge, port, protocol: whose.flow.protocol };
        self.map.add(key, whose.wall_ns, true, whose.flow.failed());
        if whose.flow.never_left() {
            return Vec::new();
        }
        let group: Arc<str> = peer.unwrap_or_else(|| network_of(ip).into());
        let name = PeerName { name: &group, is_public: is_public(ip), port };
        let learnt = self.is_learnt(whose);
        let usual = self.baselines.speaks(workload, name);
        if let Some(scan) = self.scans.take(&whose.container.id, remote, whose.now_ns) {
            let wide = matches!(scan, Scan::Hosts(port, _) if self.baselines.speaks_widely(workload, port));
            notices.extend((!(wide && learnt)).then_some(Notice::Scan(scan)));
        }
        if let Some(of) = known::metadata_of(ip, port) {
            notices.push(Notice::Metadata(ip, of));
        }
        let asked = known::asked_name(whose.flow.payload).filter(|_| port == DNS_PORT);
        if let Some(asked) = asked.as_deref().filter(|asked| known::is_pool(asked)) {
            notices.push(Notice::PoolName(asked));
        }
        if let Some(word) = known::stratum_word(whose.flow.payload) {
            notices.push(Notice::Stratum(word));
        }
        if is_public(ip) && known::is_pool_port(port) && !usual {
            notices.push(Notice::PoolPort(remote));
        }
        let unusual = self.unusual(whose, name, usual, learnt);
        let mut alerts = self.tell(whose, &notices, &group);
        // The first few within seconds are enough: of many more the scan tells.
        let id = &whose.container.id;
        if let Some(unusual) = unusual.filter(|_| self.scans.unusual_told(id) < UNUSUAL_TOLD) {
            let told = self.tell(whose, &[unusual], &group);
            self.scans.add_unusual(id, told.len());
            alerts.extend(told);
        }
        alerts
    }

    /// What is said over a connection: it was counted and held against the baseline as it began.
    fn says(&mut self, whose: &Whose<'_>) -> Vec<Alert> {
        let Some((ip, _)) = whose.flow.remote else { return Vec::new() };
        let Some(word) = known::stratum_word(whose.flow.payload) else { return Vec::new() };
        let group: Arc<str> = self.addresses.of(ip).unwrap_or_else(|| network_of(ip).into());
        self.tell(whose, &[Notice::Stratum(word)], &group)
    }

    /// Learns a peer, or tells that it is not usual.
    fn unusual<'n>(
        &mut self,
        whose: &Whose<'_>,
        peer: PeerName<'_>,
        usual: bool,
        learnt: bool,
    ) -> Option<Notice<'n>> {
        let remote = whose.flow.remote?;
        if usual || remote.0.is_loopback() || !self.is_known(whose) {
            return None;
        }
        if learnt {
            return Some(Notice::Egress(remote));
        }
        self.baselines.learn_peer(&whose.member.workload, peer);
        None
    }

    fn came_in(&mut self, whose: &Whose<'_>) -> Vec<Alert> {
        let (Some((ip, _)), Some((_, port))) = (whose.flow.remote, whose.flow.local) else {
            return Vec::new();
        };
        let known = self.addresses.of(ip);
        // The one who called has counted it already, where both are on this node.
        let counts = known.is_none();
        let from = known.unwrap_or_else(|| network_of(ip).into());
        let to = whose.member.workload.clone();
        let key = EdgeKey { from, to, port, protocol: whose.flow.protocol };
        self.map.add(key, whose.wall_ns, counts, false);
        Vec::new()
    }

    fn listen(&mut self, whose: &Whose<'_>) -> Vec<Alert> {
        let Some((_, port)) = whose.flow.local else { return Vec::new() };
        let workload = &whose.member.workload;
        let learnt = self.is_learnt(whose);
        if !self.is_known(whose) || self.baselines.listens(workload, port) {
            return Vec::new();
        }
        if learnt {
            return self.tell(whose, &[Notice::Listener(port)], "");
        }
        self.baselines.learn_listen(workload, port);
        Vec::new()
    }

    /// Whether enough is known of the container for its workload to have a baseline.
    fn is_known(&self, whose: &Whose<'_>) -> bool {
        !whose.member.workload.starts_with("container:")
    }

    fn is_learnt(&mut self, whose: &Whose<'_>) -> bool {
        self.is_known(whose)
            && self.baselines.active(&whose.member.workload, whose.now_ns, whose.wall_ns)
    }

    fn tell(&mut self, whose: &Whose<'_>, notices: &[Notice<'_>], peer: &str) -> Vec<Alert> {
        let workload = &whose.member.workload;
        let mut alerts = Vec::new();
        for notice in notices.iter().filter(|_| !whose.member.ignored) {
            let key = format!("{workload} {}", notice.key(peer));
            if self.told.is_news(key, whose.now_ns) {
                alerts.push(alert(whose.seen, &whose.flow, notice, workload, peer));
            }
        }
        alerts
    }

    /// Keeps map and baselines from time to time, on a thread of its own: events do not wait for disks.
    fn save_when_due(&mut self, now_ns: u64) {
        let saved = *self.saved_ns.get_or_insert(now_ns);
        if now_ns.saturating_sub(saved) < SAVE_EVERY_NS || self.config.state.as_os_str().is_empty()
        {
            return;
        }
        // A disk that is slow keeps nobody waiting: what is to be kept is kept the next time.
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            return;
        }
        self.saved_ns = Some(now_ns);
        let to_keep = self.to_keep();
        self.wait_until_saved();
        self.saving = Some(std::thread::spawn(move || to_keep.write()));
    }

    /// One that failed is tried again the next time, and at the end.
    fn wait_until_saved(&mut self) {
        if let Some(saving) = self.saving.take() {
            let _ = saving.join();
        }
    }
}
