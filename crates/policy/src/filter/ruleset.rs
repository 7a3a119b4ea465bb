//! `RuleSet`: hundreds of conditions asked at once. Where the table says by which field, a program
//! is made for each of its values: conditions that cannot hold there are not in it, and what the
//! value decides is decided.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use crate::limits::SORTING_MAX_NODES;

use super::arena::{Arena, Known, Node, NodeId};
use super::condition::Condition;
use super::leaf::Test;
use super::matcher::Fnv;
use super::operand::{Operand, bytes};
use super::program::{Matchers, Program};
use super::tree::Tree;
use super::{Facts, FieldTable, Value};

/// The values of the sorting field for which a condition can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sorts {
    /// Any of them, also ones that no condition names: the condition does not ask, or asks by
    /// exclusion only.
    All,
    /// These and no others.
    Only(BTreeSet<String>),
}

/// Conditions asked at once.
#[derive(Debug)]
pub struct RuleSet {
    sorting: Option<Operand>,
    /// By each value that a condition names.
    sorted: HashMap<Box<[u8]>, Sorted, BuildHasherDefault<Fnv>>,
    /// For every other value.
    others: Sorted,
    /// For facts without one.
    without: Sorted,
    sorts: Vec<Sorts>,
}

/// The conditions that can hold, and their program.
#[derive(Debug, Default)]
struct Sorted {
    /// The place of each root's condition in the set.
    members: Vec<usize>,
    program: Program,
}

/// Conditions in one arena, and their tops when the sorting field has one of the values that they
/// name, or another one.
struct Sorting {
    arena: Arena,
    roots: Vec<NodeId>,
    operand: Option<Operand>,
    by_name: Vec<(Vec<u8>, Vec<NodeId>)>,
    strangers: Vec<NodeId>,
}

/// The values of the table's sorting field for which each condition can hold.
pub(crate) fn sorts<'c>(
    table: &FieldTable,
    conditions: impl IntoIterator<Item = &'c Condition>,
) -> Vec<Sorts> {
    Sorting::new(table, conditions).sorts()
}

impl Sorting {
    fn new<'c>(table: &FieldTable, conditions: impl IntoIterator<Item = &'c Condition>) -> Self {
        let mut arena = Arena::default();
        let mut seen: HashMap<*const Tree, NodeId> = HashMap::new();
        // Trees are kept alive by the conditions, so their addresses stay their own.
        let roots: Vec<NodeId> = conditions
            .into_iter()
            .map(|condition| arena.take_in(condition.tree(), &mut seen))
            .collect();
        let operand = table.index.and_then(|name| sorting_operand(name, table));
        let mut sorting =
            Sorting { arena, roots, operand, by_name: Vec::new(), strangers: Vec::new() };
        if let Some(operand) = sorting.operand.clone() {
            let names = named(&sorting.arena, &sorting.roots, &operand);
            if names.len().saturating_mul(sorting.arena.len()) > SORTING_MAX_NODES {
                sorting.operand = None;
                return sorting;
            }
            for name in names {
                let known = sorting.know(&operand, Some(&Value::from(name.as_slice())));
                sorting.by_name.push((name, known));
            }
            sorting.strangers = sorting.know(&operand, None);
        }
        sorting
    }

    /// The tops when the value is known, or known to be none that is named.
    fn know(&mut self, operand: &Operand, value: Option<&Value<'_>>) -> Vec<NodeId> {
        let mut seen = HashMap::new();
        let known = Known { operand, value };
        self.roots.iter().map(|root| self.arena.knowing(*root, &known, &mut seen)).collect()
    }

    fn can_hold(&self, id: NodeId) -> bool {
        !matches!(self.arena.node(id), Node::Const(false))
    }

    fn sorts(&self) -> Vec<Sorts> {
        let by_place = |place: usize| {
            if self.strangers.get(place).is_none_or(|stranger| self.can_hold(*stranger)) {
                return Sorts::All;
            }
            let names = self
                .by_name
                .iter()
                .filter(|(_, known)| known.get(place).is_some_and(|id| self.can_hold(*id)));
            Sorts::Only(names.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect())
        };
        (0..self.roots.len()).map(by_place).collect()
    }
}

impl RuleSet {
    /// Compiles conditions of one table together. Their order is the order of [`Self::matching`].
    pub fn new<'c>(
        table: &FieldTable,
        conditions: impl IntoIterator<Item = &'c Condition>,
    ) -> Self {
        let sorting = Sorting::new(table, conditions);
        let mut matchers = Matchers::new();
        let mut ready = |roots: &[NodeId]| Sorted::new(&sorting.arena, roots, &mut matchers);
        RuleSet {
            sorted: sorting
                .by_name
                .iter()
                .map(|(name, known)| (name.as_slice().into(), ready(known)))
                .collect(),
            others: ready(&sorting.strangers),
            without: ready(&sorting.roots),
            sorts: sorting.sorts(),
            sorting: sorting.operand,
        }
    }

    /// The conditions that hold, by their place in the set, in order.
    pub fn matching(&self, facts: &dyn Facts) -> Vec<usize> {
        let sorted = match self.sorting.as_ref().and_then(|sorting| sorting.value(facts)) {
            None => &self.without,
            Some(value) => self.sorted.get(bytes(&value).as_ref()).unwrap_or(&self.others),
        };
        if sorted.members.is_empty() {
            return Vec::new();
        }
        let mut asking = sorted.program.ask(facts);
        sorted
            .program
            .roots
            .iter()
            .zip(&sorted.members)
            .filter(|(root, _)| asking.holds(**root))
            .map(|(_, member)| *member)
            .collect()
    }

    /// For which values of the sorting field a condition can hold; `None` when there is no
    /// condition at that place.
    pub fn sorts(&self, condition: usize) -> Option<&Sorts> {
        self.sorts.get(condition)
    }

    /// How many conditions can hold for a value of the sorting field.
    pub fn candidates(&self, value: &str) -> usize {
        self.sorted.get(value.as_bytes()).unwrap_or(&self.others).members.len()
    }

    /// Nodes, tests and values of the program for a value of the sorting field.
    pub fn size(&self, value: &str) -> (usize, usize, usize) {
        self.sorted.get(value.as_bytes()).unwrap_or(&self.others).program.size()
    }
}

impl Sorted {
    fn new(arena: &Arena, roots: &[NodeId], matchers: &mut Matchers) -> Self {
        let members: Vec<usize> = roots
            .iter()
            .enumerate()
            .filter(|(_, root)| !matches!(arena.node(**root), Node::Const(false)))
            .map(|(place, _)| place)
            .collect();
        let kept: Vec<NodeId> =
            members.iter().filter_map(|member| roots.get(*member)).copied().collect();
        Sorted { members, program: Program::new(arena, &kept, matchers) }
    }
}

fn sorting_operand(name: &str, table: &FieldTable) -> Option<Operand> {
    let (operand, _) = super::parse::parse_operand(name).ok()?;
    Operand::of(&operand, table).ok()
}

/// The values of the sorting field that conditions name as a whole.
fn named(arena: &Arena, roots: &[NodeId], sorting: &Operand) -> BTreeSet<Vec<u8>> {
    let mut names = BTreeSet::new();
    let mut todo: Vec<NodeId> = roots.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        match arena.node(id) {
            Node::Const(_) => {}
            Node::Not(inner) => todo.push(*inner),
            Node::And(parts) | Node::Or(parts) | Node::One(parts) => todo.extend(parts),
            Node::Leaf(leaf) => {
                if let Some(leaf) = arena.leaf(*leaf)
                    && leaf.operand == *sorting
                    && let Test::Texts(texts) = &leaf.test
                {
                    names.extend(texts.iter().cloned());
                }
            }
        }
    }
    names
}
