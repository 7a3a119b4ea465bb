//! `Program`: conditions ready to be asked: nodes in one list, each value fetched and each node
//! decided at most once an asking.

use std::collections::HashMap;
use std::sync::Arc;

use super::arena::{Arena, Node, NodeId};
use super::index::{Index, kind};
use super::leaf::{Leaf, Test};
use super::matcher::Matcher;
use super::operand::{Operand, bytes};
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
    groups: Vec<Group>,
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
enum Ready {
    /// By itself.
    Alone { slot: u32, other: Option<u32>, all: bool, matcher: Arc<Matcher> },
    /// Together with others of its kind and value.
    Grouped(u32),
}

/// Tests of one kind and value, all answered when the first is asked.
#[derive(Debug)]
struct Group {
    slot: u32,
    tests: Vec<u32>,
    index: Index,
}

/// One asking over facts.
pub(crate) struct Asking<'p, 'f> {
    program: &'p Program,
    facts: &'f dyn Facts,
    truths: Vec<Truth>,
    passed: Vec<Truth>,
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
            leaves: Vec::new(),
            slots: HashMap::new(),
        };
        let roots = roots.iter().map(|root| builder.node(*root)).collect();
        builder.finish();
        Program { roots, ..builder.program }
    }

    /// Begins an asking.
    pub(crate) fn ask<'p, 'f>(&'p self, facts: &'f dyn Facts) -> Asking<'p, 'f> {
        Asking {
            program: self,
            facts,
            truths: vec![Truth::Unknown; self.nodes.len()],
            passed: vec![Truth::Unknown; self.tests.len()],
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
    /// The leaf of each test, in their order.
    leaves: Vec<Arc<Leaf>>,
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
        let new = index(self.leaves.len());
        self.leaves.push(leaf);
        self.tests.insert(leaf_id, new);
        Some(new)
    }

    /// Makes the tests ready: those of one value and kind as a group, the others by themselves.
    fn finish(&mut self) {
        let leaves = std::mem::take(&mut self.leaves);
        let mut groups: HashMap<(u32, u8), Vec<u32>> = HashMap::new();
        for (test, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| !leaf.all) {
            if let Some(kind) = kind(&leaf.test) {
                groups.entry((self.slot(&leaf.operand), kind)).or_default().push(index(test));
            }
        }
        let mut groups: Vec<((u32, u8), Vec<u32>)> =
            groups.into_iter().filter(|(_, tests)| tests.len() > 1).collect();
        groups.sort_unstable();
        let mut grouped: HashMap<u32, u32> = HashMap::new();
        for ((slot, _), tests) in groups {
            let of_tests =
                tests.iter().filter_map(|test| Some((*test, &leaves.get(*test as usize)?.test)));
            let Some(built) = Index::new(of_tests) else { continue };
            let group = index(self.program.groups.len());
            grouped.extend(tests.iter().map(|test| (*test, group)));
            self.program.groups.push(Group { slot, tests, index: built });
        }
        for (test, leaf) in leaves.iter().enumerate() {
            let ready = match grouped.get(&index(test)) {
                Some(group) => Ready::Grouped(*group),
                None => self.alone(leaf),
            };
            self.program.tests.push(ready);
        }
    }

    fn alone(&mut self, leaf: &Arc<Leaf>) -> Ready {
        let other = match &leaf.test {
            Test::Against(_, other) => Some(self.slot(other)),
            _ => None,
        };
        let make = || Arc::new(Matcher::new(&leaf.test, leaf.operand.kind));
        let matcher = self.matchers.entry(Arc::clone(leaf)).or_insert_with(make);
        let matcher = Arc::clone(matcher);
        Ready::Alone { slot: self.slot(&leaf.operand), other, all: leaf.all, matcher }
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
        match self.program.tests.get(test as usize) {
            None => false,
            Some(Ready::Grouped(group)) => {
                if self.passed.get(test as usize) == Some(&Truth::Unknown) {
                    self.decide(*group);
                }
                self.passed.get(test as usize) == Some(&Truth::True)
            }
            Some(Ready::Alone { slot, other: None, all, matcher }) => {
                self.fetch(*slot);
                self.value(*slot).is_some_and(|value| passes(matcher, *all, value, None))
            }
            Some(Ready::Alone { slot, other: Some(other), all, matcher }) => {
                self.fetch(*slot);
                self.fetch(*other);
                match (self.value(*slot), self.value(*other)) {
                    (Some(value), Some(other)) => passes(matcher, *all, value, Some(other)),
                    _ => false,
                }
            }
        }
    }

    /// Answers every test of a group.
    fn decide(&mut self, group: u32) {
        let Some(group) = self.program.groups.get(group as usize) else { return };
        self.fetch(group.slot);
        for test in &group.tests {
            if let Some(passed) = self.passed.get_mut(*test as usize) {
                *passed = Truth::False;
            }
        }
        let value = self.values.get(group.slot as usize).and_then(|known| known.as_ref()?.as_ref());
        let passed = &mut self.passed;
        let mut tell = |test: u32| {
            if let Some(passed) = passed.get_mut(test as usize) {
                *passed = Truth::True;
            }
        };
        match value {
            None => {}
            Some(Value::List(values)) => {
                for value in values {
                    group.index.holding(&bytes(value), &mut tell);
                }
            }
            Some(value) => group.index.holding(&bytes(value), &mut tell),
        }
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
