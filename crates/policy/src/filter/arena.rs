//! `Arena`: the nodes of all conditions that are compiled together. Equal parts are one node;
//! tests of one value that stand side by side are joined; cheap parts come first. All of this
//! keeps the truth: facts are pure, and each part is either true or false.

use std::collections::HashMap;
use std::sync::Arc;

use super::Value;
use super::leaf::{Leaf, Test};
use super::matcher::Matcher;
use super::operand::Operand;
use super::tree::{Kind, Tree, passes};

/// Most parts of an `or` in an `or` that are taken up into the outer one: larger ones are kept
/// whole, so that their truth is remembered for all who share them.
const TAKEN_UP_MAX: usize = 8;

/// A node's number in its arena.
pub(crate) type NodeId = u32;

/// What is known of facts before they are asked.
pub(crate) struct Known<'a> {
    /// Of what.
    pub(crate) operand: &'a Operand,
    /// Its value; `None` for one that is there and that no set of texts names.
    pub(crate) value: Option<&'a Value<'a>>,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Const(bool),
    /// A test, by its number.
    Leaf(u32),
    Not(NodeId),
    And(Vec<NodeId>),
    Or(Vec<NodeId>),
    One(Vec<NodeId>),
}

/// Nodes, each different from every other.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    nodes: Vec<Node>,
    costs: Vec<u32>,
    ids: HashMap<Node, NodeId>,
    leaves: Vec<Arc<Leaf>>,
    leaf_ids: HashMap<Arc<Leaf>, u32>,
}

impl Arena {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Const(false))
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn leaf(&self, id: u32) -> Option<&Arc<Leaf>> {
        self.leaves.get(id as usize)
    }

    /// Takes a tree in. `seen` remembers the shared parts of trees that live on.
    pub(crate) fn take_in(
        &mut self,
        tree: &Arc<Tree>,
        seen: &mut HashMap<*const Tree, NodeId>,
    ) -> NodeId {
        let key = Arc::as_ptr(tree);
        if let Some(id) = seen.get(&key) {
            return *id;
        }
        let mut all = |arena: &mut Self, trees: &[Arc<Tree>]| -> Vec<NodeId> {
            trees.iter().map(|tree| arena.take_in(tree, seen)).collect()
        };
        let id = match &tree.kind {
            Kind::Const(truth) => self.constant(*truth),
            Kind::Leaf(leaf, _) => self.test(leaf.as_ref().clone()),
            Kind::Check { tree, .. } => self.take_in(tree, seen),
            Kind::Not(tree) => {
                let inner = self.take_in(tree, seen);
                self.not(inner)
            }
            Kind::And(trees) => {
                let parts = all(self, trees);
                self.and(parts)
            }
            Kind::Or(trees) => {
                let parts = all(self, trees);
                self.or(parts)
            }
            Kind::One(trees) => {
                let parts = all(self, trees);
                self.one(parts)
            }
        };
        seen.insert(key, id);
        id
    }

    /// The node for facts of which something is known.
    pub(crate) fn knowing(
        &mut self,
        id: NodeId,
        known_fact: &Known<'_>,
        seen: &mut HashMap<NodeId, NodeId>,
    ) -> NodeId {
        if let Some(known) = seen.get(&id) {
            return *known;
        }
        let mut all = |arena: &mut Self, parts: &[NodeId]| -> Vec<NodeId> {
            parts.iter().map(|part| arena.knowing(*part, known_fact, seen)).collect()
        };
        let known = match self.node(id).clone() {
            Node::Const(_) => id,
            Node::Leaf(leaf) => self.known_leaf(id, leaf, known_fact),
            Node::Not(inner) => {
                let inner = self.knowing(inner, known_fact, seen);
                self.not(inner)
            }
            Node::And(parts) => {
                let parts = all(self, &parts);
                self.and(parts)
            }
            Node::Or(parts) => {
                let parts = all(self, &parts);
                self.or(parts)
            }
            Node::One(parts) => {
                let parts = all(self, &parts);
                self.one(parts)
            }
        };
        seen.insert(id, known);
        known
    }

    fn known_leaf(&mut self, id: NodeId, leaf: u32, fact: &Known<'_>) -> NodeId {
        let Some(leaf) = self.leaf(leaf).cloned().filter(|leaf| leaf.operand == *fact.operand)
        else {
            return id;
        };
        match (&leaf.test, fact.value) {
            (Test::Against(..), _) => id,
            (test, Some(value)) => {
                let matcher = Matcher::new(test, fact.operand.kind);
                self.constant(passes(&matcher, leaf.all, value, None))
            }
            (Test::Exists, None) => self.constant(true),
            (Test::Texts(_), None) => self.constant(false),
            _ => id,
        }
    }

    pub(crate) fn constant(&mut self, truth: bool) -> NodeId {
        self.put(Node::Const(truth), 0)
    }

    fn test(&mut self, leaf: Leaf) -> NodeId {
        let cost = leaf.test.cost();
        let leaf = Arc::new(leaf);
        let next = u32::try_from(self.leaves.len()).unwrap_or(u32::MAX);
        let id = *self.leaf_ids.entry(Arc::clone(&leaf)).or_insert(next);
        if id == next {
            self.leaves.push(leaf);
        }
        self.put(Node::Leaf(id), cost)
    }

    fn not(&mut self, inner: NodeId) -> NodeId {
        match *self.node(inner) {
            Node::Const(truth) => self.constant(!truth),
            Node::Not(twice) => twice,
            _ => {
                let cost = self.cost(inner);
                self.put(Node::Not(inner), cost)
            }
        }
    }

    fn or(&mut self, parts: Vec<NodeId>) -> NodeId {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match self.node(part) {
                Node::Or(inner) if inner.len() <= TAKEN_UP_MAX => flat.extend(inner),
                Node::Const(false) => {}
                Node::Const(true) => return self.constant(true),
                _ => flat.push(part),
            }
        }
        let flat = self.joined(flat);
        if flat.iter().any(|part| matches!(self.node(*part), Node::Not(n) if flat.contains(n))) {
            return self.constant(true);
        }
        self.of_parts(flat, false, Node::Or)
    }

    fn and(&mut self, parts: Vec<NodeId>) -> NodeId {
        let mut flat = Vec::with_capacity(parts.len());
        let mut negated = Vec::new();
        for part in parts {
            let inner = match self.node(part) {
                Node::And(inner) => inner.clone(),
                _ => vec![part],
            };
            for part in inner {
                match self.node(part) {
                    Node::Const(true) => {}
                    Node::Const(false) => return self.constant(false),
                    // None of them: one test of all, by De Morgan.
                    Node::Not(inner) if self.is_joinable(*inner) => negated.push(*inner),
                    _ => flat.push(part),
                }
            }
        }
        for part in self.joined(negated) {
            let part = self.not(part);
            flat.push(part);
        }
        flat.sort_unstable();
        flat.dedup();
        if flat.iter().any(|part| matches!(self.node(*part), Node::Not(n) if flat.contains(n))) {
            return self.constant(false);
        }
        self.of_parts(flat, true, Node::And)
    }

    fn one(&mut self, parts: Vec<NodeId>) -> NodeId {
        if let [only] = parts.as_slice() {
            return *only;
        }
        let cost = self.cost_of(&parts);
        self.put(Node::One(parts), cost)
    }

    fn of_parts(
        &mut self,
        mut parts: Vec<NodeId>,
        empty: bool,
        node: fn(Vec<NodeId>) -> Node,
    ) -> NodeId {
        match parts.as_slice() {
            [] => self.constant(empty),
            [only] => *only,
            _ => {
                parts.sort_by_key(|part| (self.cost(*part), *part));
                let cost = self.cost_of(&parts);
                self.put(node(parts), cost)
            }
        }
    }

    fn is_joinable(&self, id: NodeId) -> bool {
        matches!(self.node(id), Node::Leaf(leaf)
            if self.leaf(*leaf).is_some_and(|leaf| !leaf.all && leaf.test.family().is_some()))
    }

    /// Parts of an `or`, each once, with tests of one value and kind made one.
    fn joined(&mut self, mut parts: Vec<NodeId>) -> Vec<NodeId> {
        parts.sort_unstable();
        parts.dedup();
        let mut groups: Vec<(Operand, u8, Vec<NodeId>)> = Vec::new();
        let mut places: HashMap<(Operand, u8), usize> = HashMap::new();
        let mut apart = Vec::new();
        for part in parts {
            let Node::Leaf(leaf) = self.node(part) else {
                apart.push(part);
                continue;
            };
            let leaf = self.leaf(*leaf).filter(|leaf| !leaf.all);
            match leaf.and_then(|leaf| Some((leaf.operand.clone(), leaf.test.family()?))) {
                None => apart.push(part),
                Some((operand, family)) => {
                    let place = *places.entry((operand.clone(), family)).or_insert(groups.len());
                    match groups.get_mut(place) {
                        Some((.., members)) => members.push(part),
                        None => groups.push((operand, family, vec![part])),
                    }
                }
            }
        }
        for (operand, _, members) in groups {
            let joined = self.join_leaves(&operand, &members);
            apart.extend(joined);
        }
        apart
    }

    fn join_leaves(&mut self, operand: &Operand, members: &[NodeId]) -> Vec<NodeId> {
        if let [only] = members {
            return vec![*only];
        }
        let tests: Vec<Test> = members
            .iter()
            .filter_map(|member| match self.node(*member) {
                Node::Leaf(leaf) => self.leaf(*leaf).map(|leaf| leaf.test.clone()),
                _ => None,
            })
            .collect();
        let mut joined: Option<Test> = None;
        for test in tests {
            match &mut joined {
                None => joined = Some(test),
                // Tests of one family always join.
                Some(joined) => drop(joined.join(test)),
            }
        }
        joined
            .map(|test| self.test(Leaf { operand: operand.clone(), all: false, test }))
            .into_iter()
            .collect()
    }

    fn put(&mut self, node: Node, cost: u32) -> NodeId {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(node.clone());
        self.costs.push(cost);
        self.ids.insert(node, id);
        id
    }

    fn cost(&self, id: NodeId) -> u32 {
        self.costs.get(id as usize).copied().unwrap_or(0)
    }

    fn cost_of(&self, parts: &[NodeId]) -> u32 {
        parts.iter().fold(1_u32, |sum, part| sum.saturating_add(self.cost(*part)))
    }
}
