//! `Program`: conditions ready to be asked: nodes in one list, each value fetched and each node
//! decided at most once an asking.

use std::collections::HashMap;
use std::sync::Arc;

use super::arena::{Arena, Node, NodeId};
use super::leaf::{Leaf, Test};
use super::matcher::Matcher;
use super::operand::Operand;
use super::tree::passes;
use super::{Facts, Value};

/// Tests that are compiled, by what they test: shared between programs.
pub(crate) type Matchers = HashMap<Arc<Leaf>, Arc<Matcher>>;

/// Conditions ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Program {
    nodes: Vec<Step>,
    /// Children of all nodes, one after the other.
    children: Vec<NodeId>,
    tests: Vec<Ready>,
    /// What values are fetched from.
    slots: Vec<Operand>,
    /// The top of each condition.
    pub(crate) roots: Vec<NodeId>,
}

/// A node, with the place of its children.
#[derive(Debug, Clone, Copy)]
enum Step {
    Const(bool),
    Leaf(u32),
    Not(NodeId),
    And(u32, u32),
    Or(u32, u32),
    One(u32, u32),
}

/// A test ready to be asked.
#[derive(Debug)]
struct Ready {
    slot: u32,
    other: Option<u32>,
    all: bool,
    matcher: Arc<Matcher>,
}

/// One asking over facts.
pub(crate) struct Asking<'p, 'f> {
    program: &'p Program,
    facts: &'f dyn Facts,
    truths: Vec<Truth>,
    values: Vec<Option<Option<Value<'f>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Unknown,
    False,
    True,
}

impl Program {
    /// The program of some conditions of an arena.
    pub(crate) fn new(arena: &Arena, roots: &[NodeId], matchers: &mut Matchers) -> Self {
        let mut builder = Builder {
            arena,
            matchers,
            program: Program::default(),
            ids: HashMap::new(),
            tests: HashMap::new(),
            slots: HashMap::new(),
        };
        let roots = roots.iter().map(|root| builder.node(*root)).collect();
        Program { roots, ..builder.program }
    }

    /// Begins an asking.
    pub(crate) fn ask<'p, 'f>(&'p self, facts: &'f dyn Facts) -> Asking<'p, 'f> {
        Asking {
            program: self,
            facts,
            truths: vec![Truth::Unknown; self.nodes.len()],
            values: vec![None; self.slots.len()],
        }
    }

    /// Names of the fields that values are fetched from, each once.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.slots.iter().flat_map(Operand::fields).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Nodes, tests and fetched values, for figures.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        (self.nodes.len(), self.tests.len(), self.slots.len())
    }
}

struct Builder<'a> {
    arena: &'a Arena,
    matchers: &'a mut Matchers,
    program: Program,
    ids: HashMap<NodeId, NodeId>,
    tests: HashMap<u32, u32>,
    slots: HashMap<Operand, u32>,
}

impl Builder<'_> {
    fn node(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.ids.get(&id) {
            return *known;
        }
        let arena = self.arena;
        let step = match arena.node(id) {
            Node::Const(truth) => Step::Const(*truth),
            Node::Leaf(leaf) => match self.test(*leaf) {
                Some(test) => Step::Leaf(test),
                None => Step::Const(false),
            },
            Node::Not(inner) => Step::Not(self.node(*inner)),
            Node::And(parts) => {
                let (start, end) = self.parts(parts);
                Step::And(start, end)
            }
            Node::Or(parts) => {
                let (start, end) = self.parts(parts);
                Step::Or(start, end)
            }
            Node::One(parts) => {
                let (start, end) = self.parts(parts);
                Step::One(start, end)
            }
        };
        let new = index(self.program.nodes.len());
        self.program.nodes.push(step);
        self.ids.insert(id, new);
        new
    }

    fn parts(&mut self, parts: &[NodeId]) -> (u32, u32) {
        let parts: Vec<NodeId> = parts.iter().map(|part| self.node(*part)).collect();
        let start = index(self.program.children.len());
        self.program.children.extend(parts);
        (start, index(self.program.children.len()))
    }

    fn test(&mut self, leaf_id: u32) -> Option<u32> {
        if let Some(known) = self.tests.get(&leaf_id) {
            return Some(*known);
        }
        let leaf = Arc::clone(self.arena.leaf(leaf_id)?);
        let other = match &leaf.test {
            Test::Against(_, other) => Some(self.slot(other)),
            _ => None,
        };
        let ready = Ready {
            slot: self.slot(&leaf.operand),
            other,
            all: leaf.all,
            matcher: Arc::clone(
                self.matchers
                    .entry(Arc::clone(&leaf))
                    .or_insert_with(|| Arc::new(Matcher::new(&leaf.test, leaf.operand.kind))),
            ),
        };
        let new = index(self.program.tests.len());
        self.program.tests.push(ready);
        self.tests.insert(leaf_id, new);
        Some(new)
    }

    fn slot(&mut self, operand: &Operand) -> u32 {
        if let Some(known) = self.slots.get(operand) {
            return *known;
        }
        let new = index(self.program.slots.len());
        self.program.slots.push(operand.clone());
        self.slots.insert(operand.clone(), new);
        new
    }
}

/// Limits of the compiler keep every list far below this.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Asking<'_, '_> {
    /// Whether a node holds.
    pub(crate) fn holds(&mut self, id: NodeId) -> bool {
        match self.truths.get(id as usize) {
            Some(Truth::True) => return true,
            Some(Truth::False) => return false,
            Some(Truth::Unknown) | None => {}
        }
        let program = self.program;
        let truth = match program.nodes.get(id as usize) {
            None => false,
            Some(Step::Const(truth)) => *truth,
            Some(Step::Leaf(test)) => self.passes(*test),
            Some(Step::Not(inner)) => !self.holds(*inner),
            Some(Step::And(start, end)) => {
                children(program, *start, *end).iter().all(|part| self.holds(*part))
            }
            Some(Step::Or(start, end)) => {
                children(program, *start, *end).iter().any(|part| self.holds(*part))
            }
            Some(Step::One(start, end)) => {
                let parts = children(program, *start, *end);
                parts.iter().filter(|part| self.holds(**part)).take(2).count() == 1
            }
        };
        if let Some(known) = self.truths.get_mut(id as usize) {
            *known = if truth { Truth::True } else { Truth::False };
        }
        truth
    }

    fn passes(&mut self, test: u32) -> bool {
        let Some(ready) = self.program.tests.get(test as usize) else { return false };
        self.fetch(ready.slot);
        if let Some(other) = ready.other {
            self.fetch(other);
            return match (self.value(ready.slot), self.value(other)) {
                (Some(value), Some(other)) => passes(&ready.matcher, ready.all, value, Some(other)),
                _ => false,
            };
        }
        self.value(ready.slot).is_some_and(|value| passes(&ready.matcher, ready.all, value, None))
    }

    fn fetch(&mut self, slot: u32) {
        let slot = slot as usize;
        if let (Some(known @ None), Some(operand)) =
            (self.values.get_mut(slot), self.program.slots.get(slot))
        {
            *known = Some(operand.value(self.facts));
        }
    }

    fn value(&self, slot: u32) -> Option<&Value<'_>> {
        self.values.get(slot as usize)?.as_ref()?.as_ref()
    }
}

fn children(program: &Program, start: u32, end: u32) -> &[NodeId] {
    program.children.get(start as usize..end as usize).unwrap_or_default()
}
