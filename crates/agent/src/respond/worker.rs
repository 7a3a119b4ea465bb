//! `Worker`: the thread that acts: one thing after the other, each written down.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use model::{Alert, AuditOutcome, AuditRecord, ContainerRef};
use sensor::{KillOrder, Program};
use sha2::{Digest, Sha256};

use super::act::{Undone, carry_out, end_process, obstacle, plan, stop};
use super::belongs::belongs;
use super::brake::{Brake, Says};
use super::cgroups::{self, Fate};
use super::config::{Action, ResponseConfig, ResponseRule};
use super::deed::Deed;
use super::deny::DenyExec;
use super::engine::EngineHand;
use super::killed::Killed;
use super::ledger::{InForce, Ledger, Means};
use super::orders::{Giver, Orders};
use super::record::{Ended, answered, now_ns, told};
use super::standing::Standing;
use super::teller::Teller;
use super::undo::{outcome, undo_in, undo_means};
use crate::AgentError;
use crate::trail::Trail;

/// How often it is looked what is over.
const TICK: Duration = Duration::from_secs(1);
/// After how many of these looks the cgroups are looked at, in case events of them were missed.
const HEAL_TICKS: u64 = 60;

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Order {
    /// Answer an alert.
    Answer(Box<Asked>),
    /// Undo by id.
    Undo(String, SyncSender<Result<AuditRecord, AgentError>>),
    /// Say when this is reached.
    Settle(SyncSender<()>),
}

/// An alert to answer.
#[derive(Debug)]
pub(super) struct Asked {
    /// The alert.
    pub(super) alert: Alert,
    /// What its event tells beyond it.
    pub(super) deed: Deed,
    /// The rules as they were when it came.
    pub(super) config: Arc<ResponseConfig>,
    /// Those that answer it.
    pub(super) rules: Vec<usize>,
}

/// What the hands have in the kernel, and who tells of it.
#[derive(Clone)]
pub(super) struct Kernel {
    pub(super) orders: Arc<Orders>,
    pub(super) standing: Arc<Standing>,
    pub(super) killed: Arc<Killed>,
    pub(super) teller: Teller,
}

/// The thread that acts.
pub(super) struct Worker {
    trail: Trail,
    engine: EngineHand,
    ledger: Ledger,
    brake: Brake,
    /// The refusals of programs that this process answers for, by the ids of what is in force.
    guards: HashMap<String, DenyExec>,
    kernel: Kernel,
    /// It was told that the ledger cannot be read.
    is_blind: bool,
    number: u64,
    ticks: u64,
}

impl Worker {
    pub(super) fn new(trail: Trail, engine: EngineHand, ledger: Ledger, kernel: Kernel) -> Self {
        let brake = Brake::new(0);
        let (guards, is_blind, number, ticks) = (HashMap::new(), false, 0, 0);
        Worker { trail, engine, ledger, brake, guards, kernel, is_blind, number, ticks }
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>, lost: &AtomicU64) {
        self.take_up();
        let mut next = Instant::now();
        loop {
            if Instant::now() >= next {
                self.tick(lost);
                next = Instant::now() + TICK;
            }
            match orders.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Order::Answer(asked)) => self.answer(&asked),
                Ok(Order::Undo(id, say)) => {
                    let _ = say.send(self.undo(&id, "by hand").and_then(outcome));
                }
                Ok(Order::Settle(say)) => {
                    let _ = say.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Whoever tells ends before what waits is told.
        self.guards.clear();
        self.kernel.killed.flush(true);
        self.kernel.teller.finish();
    }

    fn answer(&mut self, asked: &Asked) {
        self.brake.limit(asked.config.actions_per_hour);
        for rule in asked.rules.iter().filter_map(|at| asked.config.rules.get(*at)) {
            if let Some(ended) = self.act(asked, rule) {
                self.trail.record(answered(&asked.alert, rule, ended));
            }
        }
    }

    /// Does what a rule says, unless something holds it back. `None`: held back, and told before.
    fn act(&mut self, asked: &Asked, rule: &ResponseRule) -> Option<Ended> {
        let Asked { alert, config, .. } = asked;
        let container = alert.container.as_ref();
        let id = container.map(|container| container.id.clone()).unwrap_or_default();
        if self.is_in_force(asked, rule.action, &id) {
            return None;
        }
        let key = format!("{}\0{}", rule.name, target_key(asked, rule, &id));
        let now = Instant::now();
        let may_act = rule.action != Action::Kill && !self.brake.is_cooling(&key, now);
        let standing = &self.kernel.standing;
        let stranger =
            || may_act.then(|| belongs(asked, &id, &self.engine, standing).err()).flatten();
        if let Some(why) = obstacle(alert, rule).or_else(stranger) {
            // What is refused neither counts nor cools down what may be done.
            let told = self.brake.ask(&format!("{key}\0refused"), rule.cool_down(), false, now);
            return matches!(told, Says::Go(_)).then(|| Ended::Held("protected", why));
        }
        let trial = rule.dry_run || config.dry_run;
        let held_back = match self.brake.ask(&key, rule.cool_down(), !trial, now) {
            Says::Go(held_back) => held_back,
            Says::CoolingDown { first: true } => {
                let why =
                    format!("`{}` acted on it less than {:?} ago", rule.name, rule.cool_down());
                return Some(Ended::Held("cool_down", why));
            }
            Says::CoolingDown { first: false } => return None,
            Says::TooMany => {
                let why = format!("{} actions within an hour", config.actions_per_hour);
                return Some(Ended::Held("limit", why));
            }
        };
        if trial {
            return Some(Ended::Trial);
        }
        let done = match (rule.action, container) {
            (Action::Kill, _) => end_process(alert, rule, config.allow_host),
            (Action::Stop, _) => stop(&id, &self.engine),
            (_, Some(container)) => self.put_in_force(asked, rule, container),
            (_, None) => Err("the alert is of no container".to_owned()),
        };
        Some(match done {
            Ok(mut told) => {
                if held_back > 0 {
                    told.push(("held_back_before", held_back.to_string()));
                }
                Ended::Done(told)
            }
            Err(why) => Ended::Failed(why),
        })
    }

    fn put_in_force(
        &mut self,
        asked: &Asked,
        rule: &ResponseRule,
        container: &ContainerRef,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let means = plan(asked, rule.action, &container.id, &self.engine)?;
        let since_ns = now_ns();
        let for_ns = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000_000_000)).ok();
        let entry = InForce {
            id: self.new_id(&container.id, since_ns),
            action: rule.action,
            rule: rule.name.clone(),
            alert: asked.alert.rule.clone(),
            container: container.clone(),
            since_ns,
            until_ns: rule
                .undo_after_seconds
                .and_then(for_ns)
                .map(|ns| since_ns.saturating_add(ns)),
            means,
            cgroup: cgroups::now(&container.id),
        };
        self.ledger.add(entry.clone()).map_err(|why| why.to_string())?;
        let done = carry_out(&entry, &self.engine).and_then(|()| {
            // Nothing else is in force beside what this process does itself.
            self.begin(&entry).map_err(|why| Undone { why, stays: Vec::new() })
        });
        let open_mounts = match done {
            Ok(open_mounts) => open_mounts,
            Err(Undone { why, stays }) if stays.is_empty() => {
                let _ = self.ledger.remove(&entry.id);
                return Err(why);
            }
            Err(Undone { why, stays }) => {
                let _ = self.ledger.replace(&InForce { means: stays, ..entry });
                return Err(why);
            }
        };
        let mut told = vec![("id", entry.id.clone()), ("by", by(&entry.means))];
        if let Some(seconds) = rule.undo_after_seconds {
            told.push(("undo_after_seconds", seconds.to_string()));
        }
        if let Some(program) = entry.program() {
            told.push(("program", program.to_owned()));
        }
        if !open_mounts.is_empty() {
            told.push(("mounts_left_open", open_mounts.join(",")));
        }
        Ok(told)
    }

    /// Begins what this process itself does, where that is what is in force. Gives the mounts that
    /// stay open.
    fn begin(&mut self, entry: &InForce) -> Result<Vec<String>, String> {
        for means in &entry.means {
            match means {
                Means::Agent => return self.begin_guard(entry),
                Means::Kill { device, inode, .. } => self.forbid(entry, *device, *inode)?,
                _ => {}
            }
        }
        Ok(Vec::new())
    }

    /// Orders that a program is killed as it begins, in the cgroup that the container has.
    fn forbid(&self, entry: &InForce, device: u32, inode: u64) -> Result<(), String> {
        let cgroup = entry.cgroup.as_ref().ok_or("the container has ended")?;
        let program = Program::File { device, inode };
        let giver = Giver {
            id: entry.id.clone(),
            rule: entry.rule.clone(),
            alert: entry.alert.clone(),
            is_trial: false,
        };
        let order = KillOrder { program, cgroup_id: Some(cgroup.inode) };
        self.kernel.orders.give(order, giver).map(|_| ())
    }

    /// Begins to answer for the programs of a container.
    fn begin_guard(&mut self, entry: &InForce) -> Result<Vec<String>, String> {
        let (teller, of) = (self.kernel.teller.clone(), entry.clone());
        let guard = DenyExec::begin(&entry.container.id, move |refused| {
            let text = format!(
                "program {} refused in container {}: it is not in the image",
                refused.path, of.container.id
            );
            let mut record = told("refuse_program", AuditOutcome::Denied, text);
            record.container = Some(of.container.clone());
            record.target = refused.path;
            record.rule = of.alert.clone();
            record.details = [
                ("id".to_owned(), of.id.clone()),
                ("response".to_owned(), of.rule.clone()),
                ("pid".to_owned(), refused.pid.to_string()),
                ("times".to_owned(), refused.times.to_string()),
            ]
            .into();
            teller.tell(record);
        })?;
        let open_mounts = guard.open_mounts.clone();
        self.guards.insert(entry.id.clone(), guard);
        Ok(open_mounts)
    }

    /// Whether this is in force. What ended with its cgroup is told and is so no longer.
    fn is_in_force(&mut self, asked: &Asked, action: Action, container: &str) -> bool {
        if !action.lasts() {
            return false;
        }
        let mut in_force = self.ledger.in_force().unwrap_or_default();
        in_force.retain(|it| it.action == action && it.container.id == container);
        if action == Action::ForbidExec && !in_force.is_empty() {
            let program = asked.deed.program_of(&asked.alert, container).ok();
            let program =
                program.map(|it| Means::Kill { device: it.device, inode: it.inode, path: it.path });
            in_force.retain(|it| program.as_ref().is_some_and(|program| it.is_by(program)));
        }
        let mut is_there = false;
        for entry in in_force {
            match cgroups::fate(&entry) {
                Fate::There => is_there = true,
                fate => self.end(&entry, fate),
            }
        }
        is_there
    }

    /// Ends what this process itself does for a response.
    fn let_go(&mut self, id: &str) {
        self.guards.remove(id);
        self.kernel.orders.end_of(id);
    }

    fn undo(&mut self, id: &str, by: &str) -> Result<AuditRecord, AgentError> {
        let record = undo_in(&self.ledger, &self.engine, id, by)?;
        if record.outcome == AuditOutcome::Success {
            self.let_go(id);
        }
        self.trail.record(record.clone());
        Ok(record)
    }

    /// After a start: what needs this process to be in force is taken up again.
    fn take_up(&mut self) {
        let in_force = match self.ledger.in_force() {
            Ok(in_force) => in_force,
            Err(why) => {
                self.trail.record(told("take_up", AuditOutcome::Failure, why.to_string()));
                return;
            }
        };
        for entry in in_force.iter().filter(|entry| cgroups::fate(entry) == Fate::There) {
            if let Err(why) = self.begin(entry) {
                let text =
                    format!("{} of {} is not taken up: {why}", entry.action.as_str(), entry.id);
                self.trail.record(told("take_up", AuditOutcome::Failure, text));
            }
        }
    }

    fn tick(&mut self, lost: &AtomicU64) {
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} alerts found no room and were not answered");
            self.trail.record(told("answer", AuditOutcome::Failure, text));
        }
        self.kernel.standing.look();
        self.kernel.killed.flush(false);
        self.kernel.teller.pass_on();
        self.ticks += 1;
        if self.ticks.is_multiple_of(HEAL_TICKS) {
            self.kernel.standing.heal(cgroups::every, cgroups::has_gone);
        }
        for record in self.ledger.take_untold().unwrap_or_default() {
            self.trail.record(record);
        }
        let in_force = match self.ledger.in_force() {
            Ok(in_force) => in_force,
            // What is in force stays so until it can be read.
            Err(why) => {
                if !std::mem::replace(&mut self.is_blind, true) {
                    let text = format!("what is in force cannot be read: {why}");
                    self.trail.record(told("look", AuditOutcome::Failure, text));
                }
                return;
            }
        };
        self.is_blind = false;
        let is_in_force = |id: &str| in_force.iter().any(|entry| entry.id == id);
        self.guards.retain(|id, _| is_in_force(id));
        let ended = self.kernel.orders.responses().into_iter().filter(|id| !is_in_force(id));
        ended.for_each(|id| self.kernel.orders.end_of(&id));
        let now = now_ns();
        for entry in in_force {
            let fate = cgroups::fate(&entry);
            if fate != Fate::There {
                self.end(&entry, fate);
            } else if entry.until_ns.is_some_and(|until| until <= now) {
                self.undo_in_time(entry, now);
            }
        }
    }

    /// What cannot be undone is tried again a minute later.
    fn undo_in_time(&mut self, mut entry: InForce, now: i64) {
        let undone = self.undo(&entry.id, "its time is over");
        if !undone.is_ok_and(|record| record.outcome == AuditOutcome::Success) {
            entry.until_ns = Some(now.saturating_add(60_000_000_000));
            let _ = self.ledger.replace(&entry);
        }
    }

    /// The container has ended or was started again, and what was in force went with its cgroup.
    fn end(&mut self, entry: &InForce, fate: Fate) {
        let _ = undo_means(entry, &self.engine);
        self.let_go(&entry.id);
        let _ = self.ledger.remove(&entry.id);
        let action = entry.action.as_str();
        let how = if fate == Fate::Another { ": it was started again" } else { " with it" };
        let text = format!("{action} of container {} ended{how}", entry.container.id);
        let mut record = told(&format!("undo_{action}"), AuditOutcome::Success, text);
        record.container = Some(entry.container.clone());
        record.details = [("id".to_owned(), entry.id.clone())].into();
        self.trail.record(record);
    }

    /// A short name that no other response has.
    fn new_id(&mut self, container: &str, now: i64) -> String {
        self.number += 1;
        let named = format!("{container} {now} {} {}", std::process::id(), self.number);
        let hash = Sha256::digest(named.as_bytes());
        hash.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What cools down: the container, or in it the process or the program.
fn target_key(asked: &Asked, rule: &ResponseRule, container: &str) -> String {
    let initiator = asked.alert.initiator.as_ref();
    if rule.action == Action::ForbidExec {
        let program = asked.deed.program_of(&asked.alert, container);
        return match program {
            Ok(program) => format!("{container}\0{} {}", program.device, program.inode),
            Err(_) => format!("{container}\0"),
        };
    }
    match initiator {
        Some(initiator) if rule.action == Action::Kill => {
            format!("{container}\0{}\0{}", initiator.exe, initiator.process)
        }
        _ => container.to_owned(),
    }
}

fn by(means: &[Means]) -> String {
    let words: Vec<&str> = means
        .iter()
        .map(|means| match means {
            Means::Engine => "engine",
            Means::Freezer(_) => "freezer",
            Means::Programs(_) => "programs at its cgroup",
            Means::Link(..) => "its link",
            Means::Agent => "fanotify",
            Means::Kill { .. } => "the kernel, as it begins",
        })
        .collect();
    words.join(", ")
}
