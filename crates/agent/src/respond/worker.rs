//! `Worker`: the thread that acts: one thing after the other, each written down.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use model::{Alert, AuditOutcome, AuditRecord, ContainerRef};
use sha2::{Digest, Sha256};

use super::act::{Undone, carry_out, end_process, obstacle, plan, stop};
use super::belongs::belongs;
use super::brake::{Brake, Says};
use super::cgroups::{self, Fate};
use super::config::{Action, ResponseConfig, ResponseRule};
use super::deny::DenyExec;
use super::engine::EngineHand;
use super::ledger::{InForce, Ledger, Means};
use super::record::{Ended, answered, now_ns, told};
use super::undo::{outcome, undo_in, undo_means};
use crate::AgentError;
use crate::trail::Trail;

/// How often it is looked what is over.
const TICK: Duration = Duration::from_secs(1);

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Order {
    /// Answer an alert by these rules.
    Answer(Box<Alert>, Vec<usize>),
    /// Undo by id.
    Undo(String, SyncSender<Result<AuditRecord, AgentError>>),
    /// Say when this is reached.
    Settle(SyncSender<()>),
}

/// The thread that acts.
pub(super) struct Worker {
    config: Arc<ResponseConfig>,
    trail: Trail,
    engine: EngineHand,
    ledger: Ledger,
    brake: Brake,
    /// The refusals of programs that this process answers for, by the ids of what is in force.
    guards: HashMap<String, DenyExec>,
    /// It was told that the ledger cannot be read.
    is_blind: bool,
    number: u64,
}

impl Worker {
    pub(super) fn new(
        config: Arc<ResponseConfig>,
        trail: Trail,
        engine: &Path,
        ledger: Ledger,
    ) -> Result<Self, AgentError> {
        let brake = Brake::new(config.actions_per_hour);
        let engine = EngineHand::new(engine)?;
        let (guards, is_blind, number) = (HashMap::new(), false, 0);
        Ok(Worker { config, trail, engine, ledger, brake, guards, is_blind, number })
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
                Ok(Order::Answer(alert, rules)) => self.answer(&alert, &rules),
                Ok(Order::Undo(id, say)) => {
                    let _ = say.send(self.undo(&id, "by hand").and_then(outcome));
                }
                Ok(Order::Settle(say)) => {
                    let _ = say.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn answer(&mut self, alert: &Alert, rules: &[usize]) {
        let config = Arc::clone(&self.config);
        for rule in rules.iter().filter_map(|at| config.rules.get(*at)) {
            if let Some(ended) = self.act(alert, rule) {
                self.trail.record(answered(alert, rule, ended));
            }
        }
    }

    /// Does what a rule says, unless something holds it back. `None`: held back, and told before.
    fn act(&mut self, alert: &Alert, rule: &ResponseRule) -> Option<Ended> {
        let container = alert.container.as_ref();
        let id = container.map(|container| container.id.clone()).unwrap_or_default();
        if self.is_in_force(rule.action, &id) {
            return None;
        }
        let key = format!("{}\0{}", rule.name, target_key(alert, rule, &id));
        let now = Instant::now();
        let may_act = rule.action != Action::Kill && !self.brake.is_cooling(&key, now);
        let stranger = || may_act.then(|| belongs(alert, &id, &self.engine).err()).flatten();
        if let Some(why) = obstacle(alert, rule).or_else(stranger) {
            // What is refused neither counts nor cools down what may be done.
            let told = self.brake.ask(&format!("{key}\0refused"), rule.cool_down(), false, now);
            return matches!(told, Says::Go(_)).then(|| Ended::Held("protected", why));
        }
        let trial = rule.dry_run || self.config.dry_run;
        let held_back = match self.brake.ask(&key, rule.cool_down(), !trial, now) {
            Says::Go(held_back) => held_back,
            Says::CoolingDown { first: true } => {
                let why =
                    format!("`{}` acted on it less than {:?} ago", rule.name, rule.cool_down());
                return Some(Ended::Held("cool_down", why));
            }
            Says::CoolingDown { first: false } => return None,
            Says::TooMany => {
                let why = format!("{} actions within an hour", self.config.actions_per_hour);
                return Some(Ended::Held("limit", why));
            }
        };
        if trial {
            return Some(Ended::Trial);
        }
        let done = match (rule.action, container) {
            (Action::Kill, _) => end_process(alert, rule, self.config.allow_host),
            (Action::Stop, _) => stop(&id, &self.engine),
            (_, Some(container)) => self.put_in_force(alert, rule, container),
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
        alert: &Alert,
        rule: &ResponseRule,
        container: &ContainerRef,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let means = plan(rule.action, &container.id, &self.engine)?;
        let since_ns = now_ns();
        let for_ns = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000_000_000)).ok();
        let entry = InForce {
            id: self.new_id(&container.id, since_ns),
            action: rule.action,
            rule: rule.name.clone(),
            alert: alert.rule.clone(),
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
            // Nothing else is in force beside a guard.
            self.begin_guard(&entry).map_err(|why| Undone { why, stays: Vec::new() })
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
        if !open_mounts.is_empty() {
            told.push(("mounts_left_open", open_mounts.join(",")));
        }
        Ok(told)
    }

    /// Begins to answer for the programs of a container, where that is what is in force. Gives the
    /// mounts that stay open.
    fn begin_guard(&mut self, entry: &InForce) -> Result<Vec<String>, String> {
        if !entry.means.contains(&Means::Agent) {
            return Ok(Vec::new());
        }
        let (trail, of) = (self.trail.clone(), entry.clone());
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
            trail.record(record);
        })?;
        let open_mounts = guard.open_mounts.clone();
        self.guards.insert(entry.id.clone(), guard);
        Ok(open_mounts)
    }

    /// Whether this is in force. What ended with its cgroup is told and is so no longer.
    fn is_in_force(&mut self, action: Action, container: &str) -> bool {
        if !action.lasts() {
            return false;
        }
        let mut in_force = self.ledger.in_force().unwrap_or_default();
        in_force.retain(|it| it.action == action && it.container.id == container);
        let mut is_there = false;
        for entry in in_force {
            match cgroups::fate(&entry) {
                Fate::There => is_there = true,
                fate => self.end(&entry, fate),
            }
        }
        is_there
    }

    fn undo(&mut self, id: &str, by: &str) -> Result<AuditRecord, AgentError> {
        let record = undo_in(&self.ledger, &self.engine, id, by)?;
        if record.outcome == AuditOutcome::Success {
            self.guards.remove(id);
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
            if let Err(why) = self.begin_guard(entry) {
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
        self.guards.retain(|id, _| in_force.iter().any(|entry| entry.id == *id));
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
        self.guards.remove(&entry.id);
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

/// What cools down: the container, or on the host the program.
fn target_key(alert: &Alert, rule: &ResponseRule, container: &str) -> String {
    let initiator = alert.initiator.as_ref();
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
        })
        .collect();
    words.join(", ")
}
