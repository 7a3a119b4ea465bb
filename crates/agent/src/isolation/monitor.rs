//! `Monitor`: looks at every container, and tells what begins and what ends.

mod kills;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::{Alert, Priority};

use super::Now;
use super::alerts::About;
use super::busiest::InImage;
use super::cgroups::Hierarchies;
use super::conditions::{Condition, LIMIT_MISSING};
use super::config::{IsolationConfig, LimitKind};
use super::host::Host;
use super::kept::text_of;
use super::latch::Change;
use super::normal::Normals;
use super::notes::Notes;
use super::oom::{Gone, OomLog, Unexplained};
use super::view::{NS_PER_S, View};
use super::watched::{Suspicion, Watched};
use super::words::{Words, begun};
use crate::AgentError;
use crate::attribute::Directory;
use kills::Kills;

/// Containers that are looked at.
const MAX_CONTAINERS: usize = 16_384;
/// Files that stay open for one container.
const FILES_OF_CONTAINER: usize = 11;
/// Files of writable layers that are added up in one look, all layers together.
const FILES_ADDED_UP: usize = 10_000;
/// Looks after which missing limits are told: what lives for a moment is let be.
const SETTLED_LOOKS: u64 = 3;
/// How often what was learnt is kept.
const SAVE_EVERY: Duration = Duration::from_secs(300);
/// How soon the end is noticed.
const NAP: Duration = Duration::from_millis(100);

/// Where the kernel's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Where control groups are mounted.
    pub cgroup: PathBuf,
    /// The process filesystem.
    pub proc: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Places { cgroup: "/sys/fs/cgroup".into(), proc: "/proc".into() }
    }
}

/// Looks at every container of a node.
pub struct Monitor {
    config: IsolationConfig,
    directory: Directory,
    node: String,
    places: Places,
    hierarchies: Hierarchies,
    host: Host,
    watched: HashMap<String, Watched>,
    notes: Notes,
    normals: Normals,
    oom: OomLog,
    unexplained: Unexplained,
    gone: Gone,
    forks_until_ns: u64,
    in_image: Option<InImage>,
    most_kept: usize,
    has_looked: bool,
    buffer: Vec<u8>,
}

impl Monitor {
    /// A monitor of this machine. What was learnt before is read; a file that cannot be is told.
    pub fn new(
        config: IsolationConfig,
        directory: Directory,
        node: String,
    ) -> Result<Self, AgentError> {
        Monitor::below(Places::default(), config, directory, node)
    }

    /// The same, of files that lie elsewhere.
    pub fn below(
        places: Places,
        config: IsolationConfig,
        directory: Directory,
        node: String,
    ) -> Result<Self, AgentError> {
        let keeps = config.normal.enabled && !config.state.as_os_str().is_empty();
        let normals = if keeps { Normals::load(&config.state)? } else { Normals::default() };
        Ok(Monitor {
            hierarchies: Hierarchies::below(&places.cgroup),
            host: Host::below(&places.proc),
            most_kept: most_open_files() / 2 / FILES_OF_CONTAINER,
            config,
            directory,
            node,
            places,
            watched: HashMap::new(),
            notes: Notes::default(),
            normals,
            oom: OomLog::default(),
            unexplained: Unexplained::default(),
            gone: Gone::default(),
            forks_until_ns: 0,
            in_image: None,
            has_looked: false,
            buffer: Vec::new(),
        })
    }

    /// Whom to ask whether a program is in a container's image. Without, its layers are looked at.
    pub fn ask_images(&mut self, in_image: InImage) {
        self.in_image = Some(in_image);
    }

    /// Where the watch counts forks and kills for the monitor.
    pub fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// How many containers are looked at.
    pub fn containers(&self) -> usize {
        self.watched.len()
    }

    /// Looks until `stop` says so, and tells what there is.
    pub fn run(mut self, stop: &AtomicBool, tell: impl Fn(Alert)) {
        if !self.config.enabled {
            return;
        }
        let every = Duration::from_millis(self.config.poll_ms.max(100));
        let mut saved = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            self.look(Now::read()).into_iter().for_each(&tell);
            if saved.elapsed() >= SAVE_EVERY {
                // The next time, or the end, tries again.
                let _ = self.save();
                saved = Instant::now();
            }
            while begun.elapsed() < every && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(NAP.min(every.saturating_sub(begun.elapsed())));
            }
        }
        let _ = self.save();
    }

    /// Keeps what was learnt.
    pub fn save(&mut self) -> Result<(), AgentError> {
        if !self.config.normal.enabled || self.config.state.as_os_str().is_empty() {
            return Ok(());
        }
        self.normals.save(&self.config.state)
    }

    /// Looks once at every container. What begins or ends is told.
    pub fn look(&mut self, now: Now) -> Vec<Alert> {
        let window_ns = self.config.window_s.max(1) * NS_PER_S;
        self.host.look(now.steady_ns, window_ns, &mut self.buffer);
        self.look_out_for_forks(now);
        let mut alerts = Vec::new();
        let gone = self.find_containers();
        let mut watched = std::mem::take(&mut self.watched);
        let (mut explained, mut budget) = (0, FILES_ADDED_UP);
        for one in watched.values_mut() {
            explained += self.look_at(one, now, &mut budget, &mut alerts);
        }
        self.watched = watched;
        self.unexplained.take(self.host.now().use_.oom_kills, explained, now.steady_ns);
        for one in gone {
            self.let_go(one, now, &mut alerts);
        }
        self.told_by_notes(now, &mut alerts);
        self.tell_loops(now, &mut alerts);
        self.has_looked = true;
        let ignores = |alert: &Alert| {
            let name = alert.container.as_ref().map(|one| one.name.as_str()).unwrap_or_default();
            let workload = alert.fields.get("workload").cloned().flatten().unwrap_or_default();
            self.config.ignores(name, &workload)
        };
        alerts.retain(|alert| !ignores(alert));
        alerts
    }

    /// Only while the whole host begins many processes can one container: until then it costs
    /// nothing to know who.
    fn look_out_for_forks(&mut self, now: Now) {
        if self.host.now().forks_per_s >= self.config.forks_per_s / 2.0 {
            let window_ns = self.config.forks_window_s.max(1) * NS_PER_S;
            self.forks_until_ns = now.steady_ns + 2 * window_ns;
        }
    }

    /// Takes in new containers and gives those that are gone.
    fn find_containers(&mut self) -> Vec<Watched> {
        let places = self.hierarchies.containers();
        let gone = self.watched.extract_if(|id, _| !places.contains_key(id));
        let gone = gone.map(|(_, watched)| watched).collect();
        for (id, place) in places {
            if self.watched.len() >= MAX_CONTAINERS || self.watched.contains_key(&id) {
                continue;
            }
            let keep = self.watched.len() < self.most_kept;
            self.gone.came(&id);
            self.watched.insert(id, Watched::new(&self.hierarchies, &place, keep));
        }
        gone
    }

    /// Looks at one container; gives how many new kills its own files tell.
    fn look_at(
        &mut self,
        one: &mut Watched,
        now: Now,
        budget: &mut usize,
        alerts: &mut Vec<Alert>,
    ) -> u64 {
        one.refresh(&self.directory, &mut self.buffer);
        one.find_process(&self.places.proc, &self.config);
        let note = self.notes.of(&one.reference.id);
        let wanted = note.is_none() && now.steady_ns < self.forks_until_ns;
        one.count_forks(wanted, &self.places.proc, &mut self.buffer);
        if !one.measure(note.map(|note| note.forks), &mut self.buffer) {
            return 0;
        }
        one.keep(now.steady_ns, &self.config);
        let kills = self.new_kills(one, note);
        if kills > 0 {
            alerts.push(self.tell_kills(one, now, Kills::Counted(kills)));
        }
        if let Some(layer) = one.layer.as_mut().filter(|_| self.config.disk.enabled) {
            layer.look(now.steady_ns, self.config.disk.look_s * NS_PER_S, budget);
        }
        self.look_for_suspects(one, now);
        self.tell_missing_limits(one, now, alerts);
        self.judge(one, now, alerts);
        kills
    }

    fn look_for_suspects(&self, one: &mut Watched, now: Now) {
        if !self.config.mining.enabled {
            return;
        }
        let usable = one.limits.usable_millicores(self.host.now().processors) as f64;
        let busy = one.used.millicores.unwrap_or_default() * 100.0 / usable;
        let question = Suspicion {
            proc: &self.places.proc,
            config: &self.config,
            in_image: self.in_image.as_ref(),
        };
        one.suspect(now.steady_ns, busy >= self.config.mining.cpu_percent, &question);
    }

    fn tell_missing_limits(&self, one: &mut Watched, now: Now, alerts: &mut Vec<Alert>) {
        if one.limits_told || one.looks < SETTLED_LOOKS {
            return;
        }
        one.limits_told = true;
        let has = |kind: &LimitKind| match kind {
            LimitKind::Memory => one.limits.memory_bytes.is_some(),
            LimitKind::Cpu => one.limits.cpu_millicores.is_some(),
            LimitKind::Pids => one.limits.pids.is_some(),
        };
        let missing = self.config.limits_wanted.iter().filter(|kind| !has(kind));
        let missing: Vec<&str> = missing.map(|kind| kind_word(*kind)).collect();
        if missing.is_empty() {
            return;
        }
        let what = format!("it may use as much as there is: no limit of {}", missing.join(", "));
        let advice = "start it with --memory, --cpus and --pids-limit, or resources.limits";
        let words = Words { what, advice, fields: vec![("missing", missing.join(","))] };
        alerts.push(about(&self.node, one).alert(now, LIMIT_MISSING, Priority::Notice, words));
    }

    /// Holds the container against every condition, and learns what is normal of it.
    fn judge(&mut self, one: &mut Watched, now: Now, alerts: &mut Vec<Alert>) {
        let config = &self.config;
        let window_ns = config.window_s.max(1) * NS_PER_S;
        let forks_ns = config.forks_window_s.max(1) * NS_PER_S;
        let learn_ns = (config.normal.learn_hours * 3600.0 * NS_PER_S as f64) as u64;
        let learns = config.normal.enabled && one.has_workload();
        let normal = if learns { self.normals.most(&one.workload, learn_ns) } else { None };
        let forks = one.forks.span(now.steady_ns, &one.sample, forks_ns);
        let few = one.sample.forks.is_none() && now.steady_ns >= self.forks_until_ns;
        let forks_per_s = if few { Some(0.0) } else { forks.and_then(|span| span.forks()) };
        let view = View {
            config,
            now_ns: now.steady_ns,
            sample: &one.sample,
            limits: &one.limits,
            host: self.host.now(),
            span: one.window.span(now.steady_ns, &one.sample, window_ns),
            host_span: self.host.span(now.steady_ns, window_ns),
            forks_per_s,
            normal: normal.as_ref(),
            used: &one.used,
            layer: one.layer.as_ref().filter(|_| config.disk.enabled),
            suspect: one.suspect.as_ref(),
        };
        let who = About { node: &self.node, container: &one.reference, workload: &one.workload };
        let mut above_normal = false;
        for (condition, reading) in view.readings() {
            above_normal |=
                view.against_normal(condition).is_some() && reading.value >= reading.raise;
            match one.latches[condition as usize].take(now.steady_ns, reading) {
                Change::None => {}
                Change::Began => {
                    let words = begun(condition, &view, reading.value);
                    let suspect = view.suspect.filter(|_| condition == Condition::Mining);
                    let initiator = suspect.map(|suspect| suspect.initiator.clone());
                    alerts.push(who.begun(now, condition, words, initiator));
                }
                Change::Ended { lasted_ns, peak } => {
                    alerts.push(who.ended(now, condition, (lasted_ns, peak)));
                }
            }
        }
        // What is too much must not become the normal.
        let quiet = !above_normal && !one.latches[Condition::Mining as usize].is_on();
        let measured = one.used.millicores.is_some();
        if learns && quiet && measured && self.normals.wants(&one.workload, now.steady_ns) {
            self.normals.learn(&one.workload, &one.used, now);
        }
    }

    /// Ends what a container that is gone has begun.
    fn let_go(&mut self, mut one: Watched, now: Now, alerts: &mut Vec<Alert>) {
        let nobody_counts = self.notes.of(&one.reference.id).is_none();
        let limited = one.limits.memory_bytes.is_some();
        if nobody_counts && limited && self.unexplained.explain_one() {
            alerts.push(self.tell_kills(&one, now, Kills::Likely));
        }
        let mut latches = std::mem::take(&mut one.latches);
        for condition in Condition::ALL {
            if let Change::Ended { lasted_ns, peak } =
                latches[condition as usize].end(now.steady_ns)
            {
                let who = about(&self.node, &one);
                alerts.push(who.ended(now, condition, (lasted_ns, peak)));
            }
        }
        self.gone.went(&one.reference.id, one.oom_kills_told, now.steady_ns);
    }
}

fn about<'a>(node: &'a str, one: &'a Watched) -> About<'a> {
    About { node, container: &one.reference, workload: &one.workload }
}

fn kind_word(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::Memory => "memory",
        LimitKind::Cpu => "processors",
        LimitKind::Pids => "processes",
    }
}

/// How many files this process may have open.
fn most_open_files() -> usize {
    let mut buffer = Vec::new();
    let limits = text_of(std::path::Path::new("/proc/self/limits"), &mut buffer);
    let line = limits.and_then(|text| text.lines().find(|line| line.starts_with("Max open files")));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    soft.unwrap_or(1024)
}
