//! `Forest`: the processes of a tree while they are put together.

use std::collections::HashMap;

use model::{Ancestor, AuditRecord, ProcessId};

use super::Process;
use crate::audit::search::Numbered;
use crate::limits::TREE_DEPTH;

/// Processes while they are put together.
#[derive(Default)]
pub(super) struct Forest {
    pub(super) processes: Vec<Process>,
    places: HashMap<ProcessId, usize>,
    parents: HashMap<ProcessId, ProcessId>,
}

impl Forest {
    /// Those above a record, by what it says of them, the farthest first.
    pub(super) fn put_above(&mut self, record: &AuditRecord) {
        for one in record.initiator.ancestors.iter().rev() {
            self.know(one);
        }
        self.parents_of(record);
    }

    fn know(&mut self, one: &Ancestor) -> Option<usize> {
        if one.process == ProcessId::default() {
            return None;
        }
        let place = self.place(one.process);
        let process = self.processes.get_mut(place)?;
        if process.exe.is_empty() {
            process.exe.clone_from(&one.exe);
            process.command.clone_from(&one.command);
        }
        Some(place)
    }

    fn place(&mut self, process: ProcessId) -> usize {
        *self.places.entry(process).or_insert_with(|| {
            self.processes.push(Process { process, ..Process::default() });
            self.processes.len() - 1
        })
    }

    /// Who started whom, as a record says.
    fn parents_of(&mut self, record: &AuditRecord) {
        let by = &record.initiator;
        let first = by.ancestors.first().map(|one| one.process);
        let parent = if by.parent == ProcessId::default() { first } else { Some(by.parent) };
        let mut child = by.process;
        let above = by.ancestors.iter().map(|one| one.process).filter(|one| Some(*one) != parent);
        for one in parent.into_iter().chain(above) {
            if one == ProcessId::default() || child == ProcessId::default() {
                break;
            }
            self.parents.entry(child).or_insert(one);
            child = one;
        }
    }

    pub(super) fn put(&mut self, found: Numbered) {
        self.parents_of(&found.record);
        for one in found.record.initiator.ancestors.iter().rev() {
            self.know(one);
        }
        let by = &found.record.initiator;
        let place = self.place(by.process);
        let Some(process) = self.processes.get_mut(place) else { return };
        for (known, told) in [
            (&mut process.exe, &by.exe),
            (&mut process.command, &by.command),
            (&mut process.user, &by.user),
        ] {
            if !told.is_empty() {
                known.clone_from(told);
            }
        }
        if let Some(container) = &found.record.container {
            let name = if container.name.is_empty() { &container.id } else { &container.name };
            process.container.clone_from(name);
        }
        process.records.push(found);
    }

    /// Turns who started whom into places; a circle, which only a broken record makes, is opened.
    pub(super) fn link(&mut self) {
        for place in 0..self.processes.len() {
            let Some(process) = self.processes.get(place).map(|one| one.process) else { continue };
            let parent = self.parents.get(&process).and_then(|one| self.places.get(one)).copied();
            let parent = parent.filter(|parent| self.way_up(*parent).all(|above| above != place));
            if let Some(process) = self.processes.get_mut(place) {
                process.parent = parent;
            }
        }
    }

    /// A place and those above it.
    fn way_up(&self, place: usize) -> impl Iterator<Item = usize> {
        let above = |place: &usize| self.processes.get(*place).and_then(|one| one.parent);
        std::iter::successors(Some(place), above).take(TREE_DEPTH)
    }

    /// Marks the way to the process, and what descends from it.
    pub(super) fn mark(&mut self, process: ProcessId) {
        let Some(center) = self.places.get(&process).copied() else { return };
        let way: Vec<usize> = self.way_up(center).collect();
        for place in way {
            if let Some(process) = self.processes.get_mut(place) {
                process.leads_here = true;
            }
        }
        for place in 0..self.processes.len() {
            let descends = self.way_up(place).any(|above| above == center);
            if let Some(process) = self.processes.get_mut(place) {
                process.descends = descends;
            }
        }
    }
}
