//! The files of a node, each in its role: manifests, kubeconfigs, units, keys, CNI.

use std::path::{Path, PathBuf};

use model::{Observation, Subject};

use super::super::docker::{set, short};
use super::super::file::Files;
use super::super::limits::{CONFIG_FILE_BYTES, TREE_DEPTH_MAX, TREE_ENTRIES_MAX};
use super::super::root::Root;
use super::super::unit_file::Unit;
use super::super::yaml;
use super::Node;
use super::component::Component;
use super::kubeconfig::{Kubeconfig, Material, identity};
use super::node::proxy_kubeconfig;

/// Where kubeadm keeps certificates and keys.
const PKI: &str = "/etc/kubernetes/pki";
/// Kubeconfigs of administrators, as kubeadm and its kin write them.
const ADMINISTRATORS: [&str; 2] =
    ["/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"];
pub(super) const CNI_FOLDER: &str = "/etc/cni/net.d";
pub(super) const CNI_ADDRESSES: &str = "/var/lib/cni/networks";
/// Flags of the API server that name certificates and keys.
const CERTIFICATES: [&str; 6] = [
    "client-ca-file",
    "etcd-cafile",
    "etcd-certfile",
    "kubelet-client-certificate",
    "tls-cert-file",
    "proxy-client-cert-file",
];
const KEYS: [&str; 6] = [
    "etcd-keyfile",
    "kubelet-client-key",
    "service-account-signing-key-file",
    "tls-private-key-file",
    "proxy-client-key-file",
    "service-account-private-key-file",
];
/// Kubeconfigs of components: the kind, the role, the usual place.
const KUBECONFIGS: [(&str, &str, &str); 3] = [
    ("scheduler", "scheduler_kubeconfig", "/etc/kubernetes/scheduler.conf"),
    (
        "controller_manager",
        "controller_manager_kubeconfig",
        "/etc/kubernetes/controller-manager.conf",
    ),
    ("kubelet", "kubelet_kubeconfig", "/etc/kubernetes/kubelet.conf"),
];

/// Adds every file that a recommendation speaks of.
pub(super) fn look(node: &Node<'_>, files: &Files<'_>, out: &mut Observation) {
    for pod in &node.pods {
        let role =
            format!("{}_manifest", pod.program.trim_start_matches("kube-").replace('-', "_"));
        out.add(files.subject(&role, &pod.path));
    }
    // Not every way of setting a cluster up leaves both.
    let there = |path: &Path| !matches!(node.root.look(path), Ok(None));
    for path in ADMINISTRATORS.iter().map(Path::new).filter(|path| there(path)) {
        out.add(files.subject("admin_kubeconfig", path));
    }
    let mut kubeconfigs: Vec<PathBuf> = ADMINISTRATORS.iter().map(PathBuf::from).collect();
    for (kind, role, usual) in KUBECONFIGS {
        let components = node.of(kind);
        let mut paths: Vec<(PathBuf, Option<&Component>)> =
            components.filter_map(|one| Some((one.path("kubeconfig")?, Some(one)))).collect();
        if paths.is_empty() {
            paths.push((PathBuf::from(usual), None));
        }
        for (path, component) in paths {
            out.add(seen_by(files, component, &node.root, (role, &path)));
            kubeconfigs.push(path);
        }
    }
    etcd_data(node, files, out);
    pki(node, files, out);
    for path in tree(&node.root, Path::new(CNI_FOLDER))
        .into_iter()
        .chain(tree(&node.root, Path::new(CNI_ADDRESSES)))
    {
        out.add(files.subject("cni", &path));
    }
    node_files(node, files, out);
    identities(node, kubeconfigs, out);
    out.add(cni(node));
}

/// A file as the component that names it sees it.
fn seen_by(
    files: &Files<'_>,
    component: Option<&Component>,
    host: &Root,
    (role, path): (&str, &Path),
) -> Subject {
    let root = component.map_or(host, |component| component.root(host));
    Files { root, accounts: files.accounts, audit: files.audit }.subject(role, path)
}

fn etcd_data(node: &Node<'_>, files: &Files<'_>, out: &mut Observation) {
    for etcd in node.of("etcd") {
        let named = etcd.named_text(&node.root, "config-file").ok().flatten();
        let file = named.and_then(|text| yaml::document(&text).ok()).unwrap_or_default();
        let told = Some(yaml::text(&file, "/data-dir")).filter(|path| !path.is_empty());
        let name = etcd.flags.text("name").unwrap_or("default");
        let told = told.or_else(|| etcd.flags.text("data-dir")).map(str::to_owned);
        let path = told.unwrap_or_else(|| format!("{name}.etcd"));
        let mut path = PathBuf::from(path);
        if path.is_relative() {
            let cwd =
                etcd.pid.and_then(|pid| std::fs::read_link(node.processes.path(pid, "cwd")).ok());
            path = cwd.unwrap_or_else(|| PathBuf::from("/")).join(path);
        }
        out.add(seen_by(files, Some(etcd), &node.root, ("etcd_data", &path)));
    }
}

/// Certificates and keys: what lies in the usual folder, and what the components name elsewhere.
fn pki(node: &Node<'_>, files: &Files<'_>, out: &mut Observation) {
    if node.root.look(Path::new(PKI)).ok().flatten().is_some() {
        out.add(files.subject("pki_folder", Path::new(PKI)));
    }
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in tree(&node.root, Path::new(PKI)) {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let role = match extension {
            Some("key") => "pki_key",
            Some("crt" | "pem" | "cert") => "pki_certificate",
            _ => "pki_other",
        };
        out.add(files.subject(role, &path));
        seen.push(path);
    }
    let servers = node.of("apiserver").chain(node.of("controller_manager"));
    for component in servers.collect::<Vec<_>>() {
        for (role, flags) in [("pki_certificate", CERTIFICATES), ("pki_key", KEYS)] {
            for path in flags.iter().filter_map(|flag| component.path(flag)) {
                if !seen.contains(&path) {
                    out.add(seen_by(files, Some(component), &node.root, (role, &path)));
                    seen.push(path);
                }
            }
        }
    }
}

/// The kubelet's and the proxy's files.
fn node_files(node: &Node<'_>, files: &Files<'_>, out: &mut Observation) {
    match Unit::find(&node.root, "kubelet.service") {
        Ok(unit) => {
            for path in
                unit.iter().flat_map(|unit| std::iter::once(&unit.fragment).chain(&unit.drop_ins))
            {
                out.add(files.subject("kubelet_unit", path));
            }
        }
        Err(why) => {
            let mut subject = Subject::new("file", "kubelet.service");
            subject.say("file.role", "kubelet_unit");
            subject.miss("file.exists", why);
            out.add(subject);
        }
    }
    for proxy in node.of("proxy") {
        if let Some(path) = proxy_kubeconfig(proxy, &node.root) {
            out.add(seen_by(files, Some(proxy), &node.root, ("proxy_kubeconfig", &path)));
        }
    }
    for kubelet in node.kubelets() {
        let component = Some(kubelet.component);
        for path in &kubelet.files {
            out.add(seen_by(files, component, &node.root, ("kubelet_config", path)));
        }
        if let Some(path) = kubelet.client_ca() {
            out.add(seen_by(files, component, &node.root, ("kubelet_client_ca", &path)));
        }
    }
}

/// As whom the kubeconfigs of a node speak, where a certificate says it.
fn identities(node: &Node<'_>, paths: Vec<PathBuf>, out: &mut Observation) {
    for path in paths {
        let text = match node.root.text(&path, CONFIG_FILE_BYTES) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(error) => {
                out.miss("kubeconfig", format!("{}: {error}", path.display()));
                continue;
            }
        };
        let mut subject = Subject::new("kubeconfig", path.display().to_string());
        subject.say("kubeconfig.path", path.display().to_string());
        let who = Kubeconfig::parse(&text).and_then(|config| match config.certificate {
            Material::Absent => Ok((String::new(), Vec::new())),
            Material::Inline(pem) => identity(&pem),
            Material::File(file) => {
                let pem = node.root.read(Path::new(&file), CONFIG_FILE_BYTES);
                let pem = pem.map_err(|error| format!("{file}: {error}"))?;
                identity(&pem.ok_or_else(|| format!("{file} is not there"))?)
            }
        });
        subject.say_or_miss(
            "kubeconfig.user",
            who.as_ref().map(|(user, _)| short(user)).map_err(Clone::clone),
        );
        subject.say_or_miss("kubeconfig.groups", who.map(|(_, groups)| set(groups)));
        out.add(subject);
    }
}

/// The network plugins that the node's CNI configuration names.
fn cni(node: &Node<'_>) -> Subject {
    let mut subject = Subject::new("cni", "");
    let mut plugins = Vec::new();
    for path in tree(&node.root, Path::new(CNI_FOLDER)) {
        let text = node.root.text(&path, CONFIG_FILE_BYTES).ok().flatten().unwrap_or_default();
        let Ok(file) = yaml::document(&text) else { continue };
        plugins
            .extend(yaml::items(&file, "/plugins").map(|one| yaml::text(one, "/type").to_owned()));
        plugins.push(yaml::text(&file, "/type").to_owned());
    }
    plugins.retain(|plugin| !plugin.is_empty());
    subject.say("cni.plugins", set(plugins));
    subject
}

/// The files below a folder, sorted.
pub(super) fn tree(root: &Root, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for name in root.names(&folder, TREE_ENTRIES_MAX).unwrap_or_default() {
            let path = folder.join(name);
            match root.look(&path) {
                Ok(Some(seen)) if seen.is_directory => {
                    folders.extend((depth < TREE_DEPTH_MAX).then_some((path, depth + 1)));
                }
                Ok(Some(_)) if found.len() < TREE_ENTRIES_MAX => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
