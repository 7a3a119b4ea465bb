//! The components that run on a node: a process, or a static pod's manifest where no process of it
//! runs. What a component's files hold is read as the component itself sees its filesystem.

use std::fs::File;
use std::path::{Path, PathBuf};

use model::{Observation, Subject};

use super::super::docker::short;
use super::super::limits::CONFIG_FILE_BYTES;
use super::super::process::Processes;
use super::super::root::{Root, bounded};
use super::flags::{Dialect, Flags};
use super::manifests::StaticPod;

/// Programs and the kinds of subjects that they are.
pub(super) const PROGRAMS: [(&str, &str); 6] = [
    ("kube-apiserver", "apiserver"),
    ("kube-controller-manager", "controller_manager"),
    ("kube-scheduler", "scheduler"),
    ("etcd", "etcd"),
    ("kubelet", "kubelet"),
    ("kube-proxy", "proxy"),
];
/// Programs that have several components within one process, where their flags do not show.
const EMBEDDING: [&str; 4] = ["k3s", "k3s-server", "kubelite", "k0s"];
/// Programs that are the node's own only among its own processes: in a container they are another's,
/// as those of a cluster in containers.
const OF_THE_NODE: [&str; 5] = ["kubelet", "k3s", "k3s-server", "kubelite", "k0s"];
/// A program that is any of the components, by its first argument.
const HYPERKUBE: &str = "hyperkube";
/// Most processes of one program that are looked at.
const SAME_MAX: usize = 16;
/// Longest environment that is read, in bytes.
const ENVIRON_BYTES: u64 = 1024 * 1024;

/// A component that was found.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) kind: &'static str,
    /// As reports name it.
    pub(super) name: String,
    pub(super) flags: Flags,
    pub(super) pid: Option<u32>,
    /// When its process began, in seconds since 1970.
    pub(super) started_s: Option<i64>,
    /// Its own root directory, where that could be opened.
    own_root: Option<Root>,
}

/// A file that belongs to a component, and what can be said of it.
pub(super) type Text = Result<Option<String>, String>;

/// All components of a node.
pub(super) fn find(
    processes: &Processes,
    pods: &[StaticPod],
    out: &mut Observation,
) -> Vec<Component> {
    let mut found = Vec::new();
    let names: Vec<&str> = PROGRAMS.iter().map(|(program, _)| *program).collect();
    let wanted: Vec<&str> = names.iter().copied().chain(EMBEDDING).chain([HYPERKUBE]).collect();
    match processes.named_any(&wanted) {
        Ok(all) => found.extend(all.iter().filter_map(|(pid, program)| {
            if OF_THE_NODE.contains(&program.as_str()) && processes.is_apart(*pid) {
                return None;
            }
            let component = running(processes, *pid, program);
            if EMBEDDING.contains(&program.as_str()) {
                let why = format!(
                    "{program} (process {pid}) has it within its own process: its flags do not show"
                );
                PROGRAMS.iter().for_each(|(_, kind)| out.miss(kind, why.clone()));
            }
            component
        })),
        Err(error) => {
            let why = format!("the processes cannot be listed: {error}");
            PROGRAMS.iter().for_each(|(_, kind)| out.miss(kind, why.clone()));
        }
    }
    for pod in pods {
        let kind = PROGRAMS.iter().find(|(program, _)| *program == pod.program);
        let Some((program, kind)) = kind else { continue };
        if !found.iter().any(|component: &Component| component.kind == *kind) {
            found.push(Component {
                kind,
                name: format!("{program} of {}", pod.path.display()),
                flags: Flags::parse(&pod.arguments, dialect(kind)),
                pid: None,
                started_s: None,
                own_root: None,
            });
        }
    }
    name_apart(&mut found);
    found
}

fn running(processes: &Processes, pid: u32, program: &str) -> Option<Component> {
    let mut arguments = processes.arguments(pid).ok()?;
    let first = if arguments.is_empty() { return None } else { arguments.remove(0) };
    let mut program = program.to_owned();
    if program == HYPERKUBE {
        program = first_component(&first).or_else(|| first_component(arguments.first()?))?;
    }
    let (_, kind) = PROGRAMS.iter().find(|(name, _)| *name == program)?;
    let mut flags = Flags::parse(&arguments, dialect(kind));
    let own_root = processes.root(pid).ok();
    if *kind == "etcd" {
        let environ = processes.open(pid, "environ").and_then(|file| bounded(file, ENVIRON_BYTES));
        flags.add_etcd_environment(&environ.unwrap_or_default());
    }
    let started_s = processes.started_s(pid);
    Some(Component { kind, name: program, flags, pid: Some(pid), started_s, own_root })
}

fn first_component(word: &str) -> Option<String> {
    let name = Path::new(word).file_name()?.to_str()?;
    PROGRAMS.iter().any(|(program, _)| *program == name).then(|| name.to_owned())
}

fn dialect(kind: &str) -> Dialect {
    if kind == "etcd" { Dialect::Go } else { Dialect::Pflag }
}

/// Several processes of one program are told apart by their numbers.
fn name_apart(found: &mut Vec<Component>) {
    for (program, kind) in PROGRAMS {
        let same = found.iter().filter(|component| component.kind == kind).count();
        let mut seen = 0;
        found.retain(|component| {
            seen += usize::from(component.kind == kind);
            component.kind != kind || seen <= SAME_MAX
        });
        for component in found.iter_mut().filter(|c| c.kind == kind && same > 1) {
            if let Some(pid) = component.pid {
                component.name = format!("{program}, process {pid}");
            }
        }
    }
}

impl Component {
    /// A file as the component sees it; as the host has it where the component's root cannot be
    /// opened, as for a pod that does not run.
    pub(super) fn root<'r>(&'r self, host: &'r Root) -> &'r Root {
        self.own_root.as_ref().unwrap_or(host)
    }

    /// The text of a file that a flag names; `None` when there is no such flag.
    pub(super) fn named_text(&self, host: &Root, flag: &str) -> Text {
        let Some(path) = self.flags.text(flag) else { return Ok(None) };
        self.text(host, Path::new(path)).map(Some)
    }

    /// The text of a file of the component's.
    pub(super) fn text(&self, host: &Root, path: &Path) -> Result<String, String> {
        let shown = path.display();
        let text = self.root(host).text(path, CONFIG_FILE_BYTES);
        text.map_err(|error| format!("{shown}: {error}"))?
            .ok_or_else(|| format!("{shown} is not there"))
    }

    /// Whether a file was changed after the process began, which does not know of it then.
    pub(super) fn is_newer(&self, host: &Root, path: &Path) -> bool {
        let seen = self.root(host).look(path).ok().flatten();
        let times = self.started_s.zip(seen);
        times.is_some_and(|(began_s, seen)| seen.modified_s > began_s + 1)
    }

    /// The path that a flag gives.
    pub(super) fn path(&self, flag: &str) -> Option<PathBuf> {
        self.flags.text(flag).map(PathBuf::from)
    }

    /// A subject with its name.
    pub(super) fn subject(&self) -> Subject {
        Subject::new(self.kind, short(&self.name))
    }
}

impl Processes {
    /// A process's root directory.
    fn root(&self, pid: u32) -> std::io::Result<Root> {
        Root::open(&self.path(pid, "root"))
    }

    /// Whether a process is known to have a process namespace other than that of the first process.
    fn is_apart(&self, pid: u32) -> bool {
        let namespace = |pid| std::fs::read_link(self.path(pid, "ns/pid")).ok();
        namespace(pid).zip(namespace(1)).is_some_and(|(own, first)| own != first)
    }

    fn open(&self, pid: u32, name: &str) -> std::io::Result<File> {
        File::open(self.path(pid, name))
    }
}
