//! Objects of the documents: lists opened, pods found wherever a kind keeps them.

use std::cell::RefCell;
use std::collections::HashMap;

use super::annotations;
use super::documents::Document;
use super::fields::{Fields, Lines};
use super::pod::Pod;
use crate::limits::{MAX_MANIFEST_OBJECTS, MAX_YAML_DEPTH};
use crate::template::yaml::Node;
use crate::template::{Catalogue, IgnoreComment};

/// An object with what it says of itself.
#[derive(Debug)]
pub(super) struct Object<'n> {
    /// The file.
    pub(super) file: &'n str,
    /// The chart's file that `helm template` names for it; empty when none.
    pub(super) origin: &'n str,
    /// The whole.
    pub(super) node: &'n Node,
    /// `apiVersion`.
    pub(super) api_version: &'n str,
    /// `kind`.
    pub(super) kind: &'n str,
    /// `metadata.name`, or `metadata.generateName`.
    pub(super) name: &'n str,
    /// `metadata.namespace`; empty when it does not say.
    pub(super) own_namespace: &'n str,
    /// The pod that it is, or makes.
    pub(super) pod: Option<Pod<'n>>,
    excuses: Vec<IgnoreComment>,
    /// What was found in them, by rule.
    excused: RefCell<HashMap<&'static str, Option<IgnoreComment>>>,
}

impl<'n> Object<'n> {
    fn new(file: &'n str, origin: &'n str, node: &'n Node) -> Option<Self> {
        let kind = node.text(&["kind"]);
        let api_version = node.text(&["apiVersion"]);
        if kind.is_empty() || api_version.is_empty() {
            return None;
        }
        let name = match node.text(&["metadata", "name"]) {
            "" => node.text(&["metadata", "generateName"]),
            name => name,
        };
        let own_namespace = node.text(&["metadata", "namespace"]);
        let pod = Pod::of(kind, api_version, node);
        let excuses = annotations::excuses(node, pod.as_ref());
        let excused = RefCell::default();
        Some(Object {
            file,
            origin,
            node,
            api_version,
            kind,
            name,
            own_namespace,
            pod,
            excuses,
            excused,
        })
    }

    /// The annotation that takes a rule out of judgement.
    pub(super) fn excuse(
        &self,
        rule: &'static str,
        catalogue: &Catalogue,
    ) -> Option<IgnoreComment> {
        if self.excuses.is_empty() {
            return None;
        }
        let mut excused = self.excused.borrow_mut();
        let excuse = || annotations::of_rule(&self.excuses, rule, catalogue);
        excused.entry(rule).or_insert_with(excuse).clone()
    }

    /// The API group; empty for the core.
    pub(super) fn group(&self) -> &'n str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// The namespace it lands in when nobody says otherwise.
    pub(super) fn namespace(&self) -> &'n str {
        if self.own_namespace.is_empty() { "default" } else { self.own_namespace }
    }

    /// Whether it is this kind of the core or of a group.
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group() == group
    }

    /// `Deployment/web`.
    pub(super) fn subject(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// Its labels.
    pub(super) fn labels(&self) -> Option<&'n Node> {
        self.node.deep(&["metadata", "labels"])
    }

    /// An annotation; empty when it has none of this key.
    pub(super) fn annotation(&self, key: &str) -> &'n str {
        self.node.text(&["metadata", "annotations", key])
    }

    /// The lines of its head: `kind` or, when it has one, its name.
    pub(super) fn head_lines(&self) -> Lines {
        match self.node.entry("metadata") {
            Some((_, metadata)) if metadata.field("name").is_some() => metadata.lines_at(&["name"]),
            _ => self.node.lines_at(&["kind"]),
        }
    }
}

/// Adds the objects of a document; of a list those in it. False when there are too many.
pub(super) fn collect<'n>(
    (file, origin): (&'n str, &'n str),
    document: &'n Document,
    objects: &mut Vec<Object<'n>>,
) -> bool {
    let mut open = vec![(&document.root, 0)];
    while let Some((node, depth)) = open.pop() {
        if objects.len() >= MAX_MANIFEST_OBJECTS {
            return false;
        }
        let is_list = node.text(&["kind"]).ends_with("List") && node.field("items").is_some();
        if is_list && depth < MAX_YAML_DEPTH {
            open.extend(node.list("items").iter().rev().map(|item| (item, depth + 1)));
        } else {
            objects.extend(Object::new(file, origin, node));
        }
    }
    true
}
