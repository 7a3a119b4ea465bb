//! All objects that are looked at together, found by kind and namespace, and what selects what.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::fields::Fields;
use super::object::Object;
use crate::limits::MAX_SELECTOR_TESTS;
use crate::template::yaml::Node;

/// The objects.
#[derive(Debug)]
pub(super) struct Cluster<'n> {
    /// In the order of the files.
    pub(super) objects: Vec<Object<'n>>,
    by_kind: HashMap<&'n str, Vec<usize>>,
    by_place: HashMap<(&'n str, &'n str), Vec<usize>>,
    by_name: HashMap<(&'n str, &'n str, &'n str), usize>,
    by_bare_name: HashMap<(&'n str, &'n str), usize>,
    pods: HashMap<&'n str, Vec<usize>>,
    /// Directories that have a kustomization.
    kustomized: HashSet<&'n str>,
    tests_left: Cell<usize>,
}

impl<'n> Cluster<'n> {
    /// Puts the objects in order.
    pub(super) fn new(objects: Vec<Object<'n>>) -> Self {
        let mut by_kind: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_place: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        let mut by_name = HashMap::new();
        let mut by_bare_name = HashMap::new();
        let mut pods: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut kustomized = HashSet::new();
        for (at, object) in objects.iter().enumerate() {
            by_kind.entry(object.kind).or_default().push(at);
            by_place.entry((object.kind, object.namespace())).or_default().push(at);
            by_name.entry((object.kind, object.namespace(), object.name)).or_insert(at);
            by_bare_name.entry((object.kind, object.name)).or_insert(at);
            if object.kind == "Kustomization" {
                kustomized.insert(directory(object.file));
            }
            if object.pod.is_some() {
                pods.entry(object.namespace()).or_default().push(at);
            }
        }
        let tests_left = Cell::new(MAX_SELECTOR_TESTS);
        Cluster { objects, by_kind, by_place, by_name, by_bare_name, pods, kustomized, tests_left }
    }

    /// The objects of a kind.
    pub(super) fn of(&self, kind: &str) -> impl Iterator<Item = &Object<'n>> {
        self.at(self.by_kind.get(kind))
    }

    /// The objects of a kind in a namespace.
    pub(super) fn within(
        &self,
        kind: &'n str,
        namespace: &'n str,
    ) -> impl Iterator<Item = &Object<'n>> {
        self.at(self.by_place.get(&(kind, namespace)))
    }

    /// The object of a kind in a namespace with a name; the first of several.
    pub(super) fn named(
        &self,
        (kind, namespace): (&'n str, &'n str),
        name: &str,
    ) -> Option<&Object<'n>> {
        self.by_name.get(&(kind, namespace, name)).and_then(|at| self.objects.get(*at))
    }

    /// The object of a kind that is in no namespace; the first of several.
    pub(super) fn global(&self, kind: &str, name: &str) -> Option<&Object<'n>> {
        self.by_bare_name.get(&(kind, name)).and_then(|at| self.objects.get(*at))
    }

    /// Whether a file is beside or below a kustomization.
    pub(super) fn is_kustomized(&self, file: &str) -> bool {
        let own = directory(file);
        let parents = own.match_indices('/').filter_map(|(at, _)| own.get(..at));
        !self.kustomized.is_empty()
            && std::iter::once(own).chain(parents).chain([""]).any(|d| self.kustomized.contains(d))
    }

    /// The objects of a namespace that are or make pods.
    pub(super) fn pods(&self, namespace: &str) -> impl Iterator<Item = &Object<'n>> {
        self.at(self.pods.get(namespace))
    }

    fn at<'c>(&'c self, places: Option<&'c Vec<usize>>) -> impl Iterator<Item = &'c Object<'n>> {
        places.into_iter().flatten().filter_map(|at| self.objects.get(*at))
    }

    /// Whether a label selector takes an object with these labels: `matchLabels` and
    /// `matchExpressions`. An empty one takes all. When too much has been asked, yes.
    pub(super) fn takes(&self, selector: &Node, labels: Option<&Node>) -> bool {
        let expressions = selector.list("matchExpressions");
        self.takes_all(selector.field("matchLabels"), labels)
            && expressions.iter().all(|expression| self.expression(expression, labels))
    }

    /// Whether the labels have all these pairs. When too much has been asked, yes.
    pub(super) fn takes_all(&self, pairs: Option<&Node>, labels: Option<&Node>) -> bool {
        let mut pairs = pairs.map_or(&[][..], Node::entries).iter();
        pairs.all(|(key, value)| {
            !self.spend()
                || labels.is_some_and(|labels| {
                    labels.field(&key.text).and_then(Node::str) == value.str()
                })
        })
    }

    fn expression(&self, expression: &Node, labels: Option<&Node>) -> bool {
        if !self.spend() {
            return true;
        }
        let key = expression.text(&["key"]);
        let value = labels.and_then(|labels| labels.field(key)).and_then(Node::str);
        let listed = || {
            value.is_some_and(|value| {
                expression.list("values").iter().any(|node| node.str() == Some(value))
            })
        };
        match expression.text(&["operator"]) {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    }

    fn spend(&self) -> bool {
        let left = self.tests_left.get();
        self.tests_left.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether selectors were asked more than [`MAX_SELECTOR_TESTS`] times.
    pub(super) fn is_exhausted(&self) -> bool {
        self.tests_left.get() == 0
    }
}

/// The directory of a file; empty for the topmost.
pub(super) fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}
