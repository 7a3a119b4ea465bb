//! A Kubernetes node and its cluster: one look, subject by subject.
//!
//! Which components run here says what applies: a worker has no API server, a managed cluster's
//! control plane is nowhere to be seen.

mod api;
mod audit_policy;
mod checks;
mod cluster;
mod component;
mod control_plane;
mod files;
mod flags;
mod kubeconfig;
mod kubelet_config;
mod manifests;
mod node;
mod objects;
mod pods;
mod rbac;
mod sheet;
mod shell;

use std::path::{Path, PathBuf};

use model::Observation;
use policy::checks::{Answer, Answers, Check};

use super::accounts::HostAccounts;
use super::audit_rules::AuditRules;
use super::docker::settle;
use super::file::Files;
use super::process::Processes;
use super::root::Root;

use component::Component;
use manifests::{StaticPod, USUAL_FOLDER};
use node::Kubelet;

pub use api::ClusterAccess;
pub use flags::{Dialect, Flags};
pub use kubelet_config::KubeletConfig;

/// Kinds of subjects that a node tells of.
const OF_THE_NODE: [&str; 9] = [
    "apiserver",
    "controller_manager",
    "scheduler",
    "etcd",
    "kubelet",
    "proxy",
    "file",
    "kubeconfig",
    "cni",
];
/// Why nothing is known of the API.
const NO_ACCESS: &str = "no way to the API was given: name one with --kubeconfig, or run in a pod with a service account";

/// Where a node and its cluster are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesPlaces {
    /// The node's root directory: `/`, or where it is mounted.
    pub root: PathBuf,
    /// The node's process filesystem.
    pub proc: PathBuf,
    /// How the API is reached; `None` to look at the node alone.
    pub access: Option<ClusterAccess>,
}

/// What one look has in hand.
struct Node<'a> {
    root: Root,
    processes: &'a Processes,
    components: Vec<Component>,
    pods: Vec<StaticPod>,
}

impl Node<'_> {
    fn of(&self, kind: &str) -> impl Iterator<Item = &Component> {
        let kind = kind.to_owned();
        self.components.iter().filter(move |component| component.kind == kind)
    }

    fn kubelets(&self) -> Vec<Kubelet<'_>> {
        self.of("kubelet").map(|component| Kubelet::read(component, &self.root)).collect()
    }
}

/// What is seen of a Kubernetes node and, where there is a way to its API, of its cluster.
///
/// Blocks for about 50 s at most, whatever the cluster's size.
pub(super) fn look(places: &KubernetesPlaces) -> Observation {
    let mut observation = Observation::default();
    match Root::open(&places.root) {
        Ok(root) => look_at_node(root, &Processes::new(&places.proc), &mut observation),
        Err(error) => {
            let why = format!("{}: {error}", places.root.display());
            OF_THE_NODE.iter().for_each(|kind| observation.miss(kind, why.clone()));
        }
    }
    match &places.access {
        Some(access) => cluster::look(access, &mut observation),
        None => cluster::miss_all(&mut observation, NO_ACCESS),
    }
    settle(&mut observation);
    observation
}

/// What the audits of checks find on a node.
pub(super) fn answer_checks(
    places: &KubernetesPlaces,
    checks: &[&Check],
    shell: bool,
) -> Vec<Vec<(String, Answers)>> {
    let processes = Processes::new(&places.proc);
    match Root::open(&places.root) {
        Ok(root) => {
            // Components that are hidden in another program are none here.
            let node = Node::find(root, &processes, &mut Observation::default());
            checks::answer(&node, checks, shell)
        }
        Err(error) => {
            let why = format!("{}: {error}", places.root.display());
            let unknown = Answers { audit: Some(Answer::Unknown(why)), ..Answers::default() };
            checks.iter().map(|_| vec![(String::new(), unknown.clone())]).collect()
        }
    }
}

fn look_at_node(root: Root, processes: &Processes, out: &mut Observation) {
    let node = Node::find(root, processes, out);
    let host = &node.root;
    let apiserver = node.of("apiserver").next();
    for component in &node.components {
        out.add(match component.kind {
            "apiserver" => control_plane::api_server(component, host),
            "controller_manager" => control_plane::controller_manager(component),
            "scheduler" => control_plane::scheduler(component),
            "etcd" => control_plane::etcd(component, host, apiserver),
            "proxy" => node::proxy(component, host),
            _ => Kubelet::read(component, host).subject(host),
        });
    }
    let accounts = HostAccounts::read(host);
    // Nobody asks how files are audited here.
    let audit = Ok(AuditRules::default());
    files::look(&node, &Files { root: host, accounts: &accounts, audit: &audit }, out);
    say_what_is_absent(&node, out);
}

impl<'a> Node<'a> {
    /// The components, by processes first: these tell the kubelet's folder of static pods.
    fn find(root: Root, processes: &'a Processes, out: &mut Observation) -> Node<'a> {
        let running = component::find(processes, &[], out);
        let mut node = Node { root, processes, components: running, pods: Vec::new() };
        let mut folders: Vec<PathBuf> = node.kubelets().iter().map(Kubelet::static_pods).collect();
        if folders.is_empty() {
            folders.push(PathBuf::from(USUAL_FOLDER));
        }
        folders.dedup();
        node.pods = folders
            .iter()
            .flat_map(|folder| manifests::find(&node.root, Path::new(folder)))
            .collect();
        node.components = component::find(processes, &node.pods, out);
        node
    }
}

/// Why there is nothing of a kind here, by the node's part in its cluster.
fn say_what_is_absent(node: &Node<'_>, out: &mut Observation) {
    let has = |kind: &str| node.of(kind).next().is_some();
    let part = match (has("apiserver"), has("kubelet"), has("etcd")) {
        (true, ..) => "this node has a control plane",
        (false, _, true) => "this node keeps etcd and has no API server",
        (false, true, _) => {
            "this node is a worker: its control plane is elsewhere or kept by a provider"
        }
        (false, false, false) => "no component of Kubernetes runs here",
    };
    for (program, kind) in component::PROGRAMS {
        out.lack(kind, format!("no {program} runs here; {part}"));
    }
}
