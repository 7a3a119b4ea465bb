//! `Tree`: a condition that has been understood: typed checks, macros and lists put in, shared
//! where a macro is used more than once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::limits::WITNESSES_MAX;

use super::condition::Check;
use super::leaf::{Leaf, Test};
use super::matcher::Matcher;
use super::operand::Operand;
use super::{Facts, Plurality, Value};

/// A condition that has been understood.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) kind: Kind,
    /// Levels below, this one counted.
    pub(crate) depth: usize,
}

/// What a tree is at its top.
#[derive(Debug)]
pub(crate) enum Kind {
    Const(bool),
    /// A test; compiled when somebody asks why.
    Leaf(Box<Leaf>, OnceLock<Matcher>),
    Not(Arc<Tree>),
    And(Vec<Arc<Tree>>),
    Or(Vec<Arc<Tree>>),
    /// Exactly one of them holds.
    One(Vec<Arc<Tree>>),
    /// What one written check comes to.
    Check {
        text: String,
        operand: Operand,
        tree: Arc<Tree>,
    },
}

impl Tree {
    pub(crate) fn new(kind: Kind) -> Arc<Tree> {
        let below = match &kind {
            Kind::Const(_) | Kind::Leaf(..) => 0,
            Kind::Not(tree) | Kind::Check { tree, .. } => tree.depth,
            Kind::And(trees) | Kind::Or(trees) | Kind::One(trees) => {
                trees.iter().map(|tree| tree.depth).max().unwrap_or(0)
            }
        };
        Arc::new(Tree { kind, depth: below + 1 })
    }

    pub(crate) fn constant(truth: bool) -> Arc<Tree> {
        Tree::new(Kind::Const(truth))
    }

    pub(crate) fn leaf(operand: &Operand, all: bool, test: Test) -> Arc<Tree> {
        let leaf = Leaf { operand: operand.clone(), all, test };
        match leaf.constant() {
            Some(truth) => Tree::constant(truth),
            None => Tree::new(Kind::Leaf(Box::new(leaf), OnceLock::new())),
        }
    }

    pub(crate) fn negated(tree: Arc<Tree>) -> Arc<Tree> {
        Tree::new(Kind::Not(tree))
    }
}

/// Whether a value passes a matcher: one of a list, or each of it.
pub(crate) fn passes(
    matcher: &Matcher,
    all: bool,
    value: &Value<'_>,
    other: Option<&Value<'_>>,
) -> bool {
    match value {
        Value::List(values) if all => {
            !values.is_empty() && values.iter().all(|value| matcher.matches(value, other))
        }
        Value::List(values) => values.iter().any(|value| matcher.matches(value, other)),
        value => matcher.matches(value, other),
    }
}

/// Whether `in` asks for every value of a field.
pub(crate) fn asks_for_all(operand: &Operand) -> bool {
    operand.plurality == Plurality::Set
}

/// The checks that decided, asked of the tree as it is written.
pub(crate) fn why(tree: &Tree, facts: &dyn Facts) -> (bool, Vec<Check>) {
    let mut asked = Asked { facts, known: HashMap::new() };
    let holds = asked.truth(tree);
    let mut checks = Vec::new();
    asked.collect(tree, &mut checks);
    (holds, checks)
}

/// One asking: the truth of each part is found once, however often it is shared.
struct Asked<'f> {
    facts: &'f dyn Facts,
    known: HashMap<*const Tree, bool>,
}

impl Asked<'_> {
    fn truth(&mut self, tree: &Tree) -> bool {
        let key: *const Tree = tree;
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let truth = match &tree.kind {
            Kind::Const(truth) => *truth,
            Kind::Leaf(leaf, matcher) => self.leaf(leaf, matcher),
            Kind::Not(tree) => !self.truth(tree),
            Kind::And(trees) => trees.iter().all(|tree| self.truth(tree)),
            Kind::Or(trees) => trees.iter().any(|tree| self.truth(tree)),
            Kind::One(trees) => trees.iter().filter(|tree| self.truth(tree)).count() == 1,
            Kind::Check { tree, .. } => self.truth(tree),
        };
        self.known.insert(key, truth);
        truth
    }

    fn leaf(&self, leaf: &Leaf, matcher: &OnceLock<Matcher>) -> bool {
        let Some(value) = leaf.operand.value(self.facts) else { return false };
        let matcher = matcher.get_or_init(|| Matcher::new(&leaf.test, leaf.operand.kind));
        match &leaf.test {
            Test::Against(_, other) => other
                .value(self.facts)
                .is_some_and(|other| passes(matcher, leaf.all, &value, Some(&other))),
            _ => passes(matcher, leaf.all, &value, None),
        }
    }

    /// The checks without which the tree would have another truth: all that hold of an `and`
    /// that holds, the first that fails of one that does not.
    fn collect(&mut self, tree: &Tree, checks: &mut Vec<Check>) {
        if checks.len() >= WITNESSES_MAX {
            return;
        }
        let truth = self.truth(tree);
        match &tree.kind {
            Kind::Const(_) | Kind::Leaf(..) => {}
            Kind::Not(tree) => self.collect(tree, checks),
            Kind::And(trees) | Kind::Or(trees) => {
                let decided_by_one = matches!(tree.kind, Kind::Or(_)) == truth;
                let decided: Vec<&Arc<Tree>> =
                    trees.iter().filter(|part| self.truth(part) == truth).collect();
                let count = if decided_by_one { 1 } else { decided.len() };
                for part in decided.into_iter().take(count) {
                    self.collect(part, checks);
                }
            }
            Kind::One(trees) => {
                for part in trees {
                    self.collect(part, checks);
                }
            }
            Kind::Check { text, operand, .. } => {
                let value = operand.value(self.facts).map(|value| value.render());
                let check = Check { check: text.clone(), holds: truth, value };
                if !checks.contains(&check) {
                    checks.push(check);
                }
            }
        }
    }
}
