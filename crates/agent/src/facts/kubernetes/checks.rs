//! Answers to checks that people bring along: what their audits look at, seen with the node's own
//! eyes; a shell only where it is allowed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use policy::checks::{Answer, Answers, Check, Probe, probe, substitute};

use super::super::accounts::HostAccounts;
use super::super::limits::{CONFIG_FILE_BYTES, LOOK_TIMEOUT};
use super::super::root::{Root, Seen};
use super::super::unit_file::Unit;
use super::super::yaml;
use super::component::{Component, PROGRAMS};
use super::control_plane::encryption_provider;
use super::files::{CNI_ADDRESSES, CNI_FOLDER, tree};
use super::node::{Kubelet, proxy_kubeconfig};
use super::{Node, shell};

/// Names of programs in checks' files.
const BINARIES: [(&str, &str); 6] = [
    ("apiserverbin", "kube-apiserver"),
    ("controllermanagerbin", "kube-controller-manager"),
    ("schedulerbin", "kube-scheduler"),
    ("etcdbin", "etcd"),
    ("kubeletbin", "kubelet"),
    ("proxybin", "kube-proxy"),
];
/// Names of static pods' manifests in checks' files.
const MANIFESTS: [(&str, &str); 4] = [
    ("apiserverconf", "kube-apiserver"),
    ("controllermanagerconf", "kube-controller-manager"),
    ("schedulerconf", "kube-scheduler"),
    ("etcdconf", "etcd"),
];
/// Names of files, with where they usually are.
const FILES: [(&str, &[&str]); 9] = [
    ("schedulerkubeconfig", &["/etc/kubernetes/scheduler.conf"]),
    ("controllermanagerkubeconfig", &["/etc/kubernetes/controller-manager.conf"]),
    ("kubeletkubeconfig", &["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/kubeconfig"]),
    ("kubeletconf", &["/var/lib/kubelet/config.yaml", "/etc/kubernetes/kubelet-config.yaml"]),
    ("kubeletcafile", &["/etc/kubernetes/pki/ca.crt"]),
    ("kubeletdefaultconf", &["/var/lib/kubelet/config.yaml"]),
    ("proxykubeconfig", &["/var/lib/kube-proxy/kubeconfig.conf", "/etc/kubernetes/proxy.conf"]),
    ("proxyconf", &["/var/lib/kube-proxy/config.conf"]),
    ("etcddatadir", &["/var/lib/etcd", "/var/lib/etcd/default.etcd"]),
];

/// What a check's audits found for one object; the object is empty for the whole node.
pub(super) type Found = (String, Answers);

/// Everything that answers are made of.
struct Desk<'a> {
    node: &'a Node<'a>,
    accounts: Result<HostAccounts, String>,
    words: BTreeMap<&'static str, String>,
    /// Whether a shell may be asked, and until when.
    shell: bool,
    until: Instant,
}

/// Answers each check.
pub(super) fn answer(node: &Node<'_>, checks: &[&Check], shell: bool) -> Vec<Vec<Found>> {
    let desk = Desk {
        node,
        accounts: HostAccounts::read(&node.root),
        words: words(node),
        shell,
        until: Instant::now() + LOOK_TIMEOUT,
    };
    checks.iter().map(|check| desk.answers(check)).collect()
}

/// What the variables of checks' files stand for on this node.
fn words(node: &Node<'_>) -> BTreeMap<&'static str, String> {
    let there = |path: &Path| node.root.look(path).ok().flatten().is_some();
    let mut words: BTreeMap<&'static str, String> = BTreeMap::new();
    words.extend(BINARIES.map(|(name, program)| (name, program.to_owned())));
    for (name, program) in MANIFESTS {
        let pod = node.pods.iter().find(|pod| pod.program == program);
        words.extend(pod.map(|pod| (name, pod.path.display().to_string())));
    }
    for (name, paths) in FILES {
        let found = paths.iter().find(|path| there(Path::new(path)));
        words.extend(found.map(|path| (name, (*path).to_owned())));
    }
    if let Ok(Some(unit)) = Unit::find(&node.root, "kubelet.service") {
        let files = std::iter::once(&unit.fragment).chain(&unit.drop_ins);
        let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
        words.insert("kubeletsvc", files.join(" "));
    }
    // What the components themselves name goes before what is usual.
    for (name, kind, flag) in [
        ("schedulerkubeconfig", "scheduler", "kubeconfig"),
        ("controllermanagerkubeconfig", "controller_manager", "kubeconfig"),
        ("kubeletkubeconfig", "kubelet", "kubeconfig"),
        ("kubeletconf", "kubelet", "config"),
        ("proxyconf", "proxy", "config"),
        ("etcddatadir", "etcd", "data-dir"),
    ] {
        let told = node.of(kind).find_map(|component| component.flags.text(flag));
        words.extend(told.map(|path| (name, path.to_owned())));
    }
    let authority = node.kubelets().iter().find_map(Kubelet::client_ca);
    words.extend(authority.map(|path| ("kubeletcafile", path.display().to_string())));
    let proxy = node.of("proxy").find_map(|proxy| proxy_kubeconfig(proxy, &node.root));
    words.extend(proxy.map(|path| ("proxykubeconfig", path.display().to_string())));
    words
}

impl Desk<'_> {
    fn answers(&self, check: &Check) -> Vec<Found> {
        if check.skipped || check.manual {
            return vec![(String::new(), Answers::default())];
        }
        let (command, probe) = self.probe(&check.audit);
        let config = |component: Option<&Component>| {
            let (command, probe) = self.probe(&check.audit_config);
            self.config(&probe, &command, component)
        };
        let Probe::Process(program) = &probe else {
            let audit = self.seen(&probe, &command);
            return vec![(
                String::new(),
                Answers { audit, config: config(None), ..Answers::default() },
            )];
        };
        let kind = PROGRAMS.iter().find(|(name, _)| name == program).map(|(_, kind)| *kind);
        let found: Vec<Found> = kind
            .into_iter()
            .flat_map(|kind| self.node.of(kind))
            .map(|component| {
                let flags = component.flags.all();
                let flags =
                    flags.map(|(name, values)| (name.to_owned(), values.to_vec())).collect();
                let audit = Some(Answer::Flags(flags));
                let config = config(Some(component));
                (component.name.clone(), Answers { audit, config, ..Answers::default() })
            })
            .collect();
        match (found.is_empty(), kind) {
            (false, _) => found,
            (true, Some(_)) => {
                let audit = Some(Answer::Absent(format!("no {program} runs here")));
                vec![(String::new(), Answers { audit, ..Answers::default() })]
            }
            // Another program than those that are known here.
            (true, None) => {
                let audit = Some(self.in_shell(&command));
                vec![(String::new(), Answers { audit, config: config(None), ..Answers::default() })]
            }
        }
    }

    /// The command with its variables replaced, and what it looks at.
    fn probe(&self, audit: &str) -> (String, Probe) {
        match substitute(audit, |name| self.words.get(name).map(String::as_str)) {
            Ok(command) => {
                let probe = probe(&command);
                (command, probe)
            }
            Err(name) => (String::new(), Probe::Missing(name)),
        }
    }

    fn seen(&self, probe: &Probe, command: &str) -> Option<Answer> {
        Some(match probe {
            Probe::Nothing => return None,
            Probe::Missing(name) => {
                Answer::Absent(format!("there is nothing here that ${name} stands for"))
            }
            Probe::Stat { format, paths } => {
                let files = paths.iter().map(PathBuf::from).collect();
                self.rows(format, &self.node.root, files)
            }
            Probe::Tree { format, folder, suffix, files_only } => {
                let mut files = tree(&self.node.root, Path::new(folder));
                files.retain(|path| path.to_string_lossy().ends_with(suffix.as_str()));
                if !files_only && suffix.is_empty() {
                    files.insert(0, PathBuf::from(folder));
                }
                self.rows(format, &self.node.root, files)
            }
            Probe::Networks(format) => {
                let folders = [CNI_FOLDER, CNI_ADDRESSES];
                let files =
                    folders.iter().flat_map(|folder| tree(&self.node.root, Path::new(folder)));
                self.rows(format, &self.node.root, files.collect())
            }
            Probe::Named { format, program, flag } => self.named(format, program, flag),
            Probe::Encryption => self.encryption(),
            Probe::Read(path) => self.document(Path::new(path), None),
            Probe::Process(_) | Probe::Shell => self.in_shell(command),
        })
    }

    fn config(
        &self,
        probe: &Probe,
        command: &str,
        component: Option<&Component>,
    ) -> Option<Answer> {
        match probe {
            Probe::Nothing => None,
            Probe::Read(path) => Some(self.document(Path::new(path), component)),
            _ => self.seen(probe, command),
        }
    }

    /// A configuration file; the kubelet's with its drop-ins.
    fn document(&self, path: &Path, component: Option<&Component>) -> Answer {
        let host = &self.node.root;
        let kubelet =
            component.filter(|one| one.kind == "kubelet").map(|one| Kubelet::read(one, host));
        if let Some(kubelet) =
            kubelet.filter(|kubelet| kubelet.files.first().is_some_and(|f| f == path))
        {
            return match kubelet.config {
                Ok(config) => Answer::Document(config.in_file("").cloned().unwrap_or_default()),
                Err(why) => Answer::Unknown(why),
            };
        }
        let root = component.map_or(host, |component| component.root(host));
        match root.text(path, CONFIG_FILE_BYTES) {
            Ok(None) => Answer::Absent(format!("{} is not there", path.display())),
            Err(error) => Answer::Unknown(format!("{}: {error}", path.display())),
            Ok(Some(text)) => match yaml::document(&text) {
                Ok(value) if value.is_object() => Answer::Document(value),
                _ => Answer::Rows(text.lines().map(str::to_owned).collect()),
            },
        }
    }

    fn named(&self, format: &str, program: &str, flag: &str) -> Answer {
        let kind = PROGRAMS.iter().find(|(name, _)| *name == program).map_or("", |(_, kind)| *kind);
        let component = self.node.of(kind).find(|component| component.flags.is_set(flag));
        let host = &self.node.root;
        if let Some((component, path)) = component.and_then(|one| Some((one, one.path(flag)?))) {
            return self.rows(format, component.root(host), vec![path]);
        }
        let usual = if flag == "data-dir" { "etcddatadir" } else { "kubeletcafile" };
        match self.words.get(usual) {
            Some(path) => self.rows(format, host, vec![PathBuf::from(path)]),
            None => Answer::Absent(format!("no {program} names a {flag} here")),
        }
    }

    fn encryption(&self) -> Answer {
        let Some(server) = self.node.of("apiserver").next() else {
            return Answer::Absent("no kube-apiserver runs here".to_owned());
        };
        match server.named_text(&self.node.root, "encryption-provider-config") {
            Ok(None) => Answer::Rows(vec![String::new()]),
            Ok(Some(text)) => match yaml::document(&text) {
                Ok(file) => Answer::Rows(vec![format!("provider={}", encryption_provider(&file))]),
                Err(why) => Answer::Unknown(why),
            },
            Err(why) => Answer::Unknown(why),
        }
    }

    /// A line for each file that is there, as `stat` prints it.
    fn rows(&self, format: &str, root: &Root, files: Vec<PathBuf>) -> Answer {
        let mut rows = Vec::new();
        for path in &files {
            match root.look(path) {
                Ok(None) => {}
                Ok(Some(seen)) => match self.row(format, path, &seen) {
                    Ok(row) => rows.push(row),
                    Err(why) => return Answer::Unknown(why),
                },
                Err(error) => return Answer::Unknown(format!("{}: {error}", path.display())),
            }
        }
        if rows.is_empty() {
            let first =
                files.first().map_or_else(String::new, |path| format!(": {}", path.display()));
            return Answer::Absent(format!("no such file here{first}"));
        }
        Answer::Rows(rows)
    }

    fn row(&self, format: &str, path: &Path, seen: &Seen) -> Result<String, String> {
        let accounts = || self.accounts.as_ref().map_err(Clone::clone);
        let mut row = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                row.push(letter);
                continue;
            }
            match letters.next() {
                Some('a') => row.push_str(&format!("{:o}", seen.mode)),
                Some('U') => row.push_str(&accounts()?.user(seen.uid)),
                Some('G') => row.push_str(&accounts()?.group(seen.gid)),
                Some('u') => row.push_str(&seen.uid.to_string()),
                Some('g') => row.push_str(&seen.gid.to_string()),
                Some('n') => row.push_str(&path.display().to_string()),
                _ => return Err(format!("`{format}` asks for more than mode, owner and name")),
            }
        }
        Ok(row)
    }

    fn in_shell(&self, command: &str) -> Answer {
        if !self.shell {
            let shown: String = command.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown: String = shown.chars().take(160).collect();
            return Answer::Unknown(format!("needs --allow-shell to run `{shown}`"));
        }
        match shell::run(command, self.until) {
            Ok(text) => {
                let rows: Vec<String> = text
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .map(str::to_owned)
                    .collect();
                Answer::Rows(if rows.is_empty() { vec![String::new()] } else { rows })
            }
            Err(why) => Answer::Unknown(why),
        }
    }
}
