//! Kills for want of memory: told by a container's own files, by the watch that counts them, or by the
//! host while a container went; and the loops that they are part of.

use std::path::PathBuf;

use model::{Alert, Container, Priority};

use super::super::Now;
use super::super::alerts::About;
use super::super::cgroups::{Hierarchies, Place};
use super::super::conditions::{Condition, OUT_OF_MEMORY};
use super::super::latch::Change;
use super::super::notes::Note;
use super::super::view::NS_PER_S;
use super::super::watched::Watched;
use super::super::words::{Words, bytes, oom_loop};
use super::{Monitor, about};
use crate::attribute::ContainerId;

/// Kills for want of memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kills {
    /// As counted.
    Counted(u64),
    /// One that the host counts, while this container went.
    Likely,
}

impl Monitor {
    pub(super) fn new_kills(&mut self, one: &mut Watched, note: Option<Note>) -> u64 {
        let counted = one.sample.oom_kills.unwrap_or_default();
        if one.looks == 1 && !self.has_looked {
            // It ran before the monitor did: what was then is not told now.
            one.oom_kills_told = counted;
        }
        let all = counted.max(note.map(|note| note.oom_kills).unwrap_or_default());
        let new = all.saturating_sub(one.oom_kills_told);
        one.oom_kills_told = one.oom_kills_told.max(all);
        new
    }

    pub(super) fn tell_kills(&mut self, one: &Watched, now: Now, kills: Kills) -> Alert {
        let (kills, is_likely) = match kills {
            Kills::Counted(kills) => (kills, false),
            Kills::Likely => (1, true),
        };
        self.oom.add(&one.workload, &one.reference, kills, now.steady_ns);
        let limit = one.limits.memory_bytes;
        let of = limit.map(|limit| format!(" (limit {})", bytes(limit as f64)));
        let of = of.unwrap_or_default();
        let what = if is_likely {
            format!("the kernel killed a process for want of memory{of}, probably this container's")
        } else {
            format!("the kernel killed {kills} of its processes for want of memory{of}")
        };
        let advice = "raise the limit or find the leak";
        let mut fields = vec![("oom_kills", kills.to_string())];
        fields.extend(limit.map(|limit| ("limit_bytes", limit.to_string())));
        let words = Words { what, advice, fields };
        let mut alert = about(&self.node, one).alert(now, OUT_OF_MEMORY, Priority::Error, words);
        alert.tags.push("T1499".to_owned());
        // Where alike ones are folded their numbers are added up.
        alert.times = kills;
        alert
    }

    /// Workloads that are killed again and again, whichever of their containers it was.
    pub(super) fn tell_loops(&mut self, now: Now, alerts: &mut Vec<Alert>) {
        let within_ns = self.config.oom_loop_s * NS_PER_S;
        for one in self.oom.loops(now.steady_ns, self.config.oom_loop_kills, within_ns) {
            let who =
                About { node: &self.node, container: &one.container, workload: &one.workload };
            match one.change {
                Change::None => {}
                Change::Began => {
                    let words = oom_loop(one.kills, within_ns);
                    alerts.push(who.begun(now, Condition::OomLoop, words, None));
                }
                Change::Ended { lasted_ns, peak } => {
                    alerts.push(who.ended(now, Condition::OomLoop, (lasted_ns, peak)));
                }
            }
        }
    }

    /// Containers that are not looked at (any more), and in which the watch counted kills.
    pub(super) fn told_by_notes(&mut self, now: Now, alerts: &mut Vec<Alert>) {
        let watched = &self.watched;
        let others = self.notes.of_others(|id| watched.contains_key(id));
        for (id, note) in others {
            let kills = self.gone.new_kills(&id, note.oom_kills, now.steady_ns);
            let container = if kills > 0 { self.directory.find(&id) } else { None };
            let Some(container) = container else { continue };
            let mut one = Watched::new(&Hierarchies::default(), &place_of(&container), false);
            one.refresh(&self.directory, &mut self.buffer);
            one.limits.memory_bytes = container.spec.memory_limit_bytes;
            alerts.push(self.tell_kills(&one, now, Kills::Counted(kills)));
        }
        self.gone.forget_old(now.steady_ns);
        let (watched, gone) = (&self.watched, &self.gone);
        self.notes.retain(|id| watched.contains_key(id) || gone.has(id));
    }
}

fn place_of(container: &Container) -> Place {
    let (id, engine) = (container.id.clone(), container.engine);
    Place { path: PathBuf::new(), container: ContainerId { id, engine, pod_uid: None } }
}
