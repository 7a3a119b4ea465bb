//! A node's kubelet and proxy as subjects: flags, files and drop-ins merged.

use std::path::{Path, PathBuf};

use model::Subject;
use serde_json::Value;

use super::super::docker::{set, short};
use super::super::limits::{DROP_INS_MAX, TREE_DEPTH_MAX};
use super::super::root::Root;
use super::super::yaml;
use super::component::Component;
use super::kubelet_config::{KubeletConfig, Setting};
use super::manifests::USUAL_FOLDER;
use super::sheet::Kind::{self, Number, Seconds, Switch, Text};
use super::sheet::{self, NONE};

const fn setting(
    flag: &'static str,
    pointer: &'static str,
    bare: &'static str,
    filed: &'static str,
) -> Setting {
    Setting { flag, pointer, bare, filed }
}

/// Settings of the kubelet: the fact, as what it is told, where it comes from.
const KUBELET: [(&str, Kind, Setting); 12] = [
    (
        "anonymous_auth",
        Switch,
        setting("anonymous-auth", "/authentication/anonymous/enabled", "true", "false"),
    ),
    (
        "authorization_mode",
        Text,
        setting("authorization-mode", "/authorization/mode", "AlwaysAllow", "Webhook"),
    ),
    (
        "client_ca_file",
        Text,
        setting("client-ca-file", "/authentication/x509/clientCAFile", "", ""),
    ),
    ("read_only_port", Number, setting("read-only-port", "/readOnlyPort", "10255", "0")),
    (
        "streaming_idle_timeout",
        Seconds,
        setting("streaming-connection-idle-timeout", "/streamingConnectionIdleTimeout", "4h", "4h"),
    ),
    (
        "iptables_util_chains",
        Switch,
        setting("make-iptables-util-chains", "/makeIPTablesUtilChains", "true", "true"),
    ),
    ("event_qps", Number, setting("event-qps", "/eventRecordQPS", "50", "50")),
    ("tls_cert_file", Text, setting("tls-cert-file", "/tlsCertFile", "", "")),
    ("tls_private_key_file", Text, setting("tls-private-key-file", "/tlsPrivateKeyFile", "", "")),
    (
        "rotate_certificates",
        Text,
        setting("rotate-certificates", "/rotateCertificates", "unset", "unset"),
    ),
    ("pod_pids_limit", Number, setting("pod-max-pids", "/podPidsLimit", "-1", "-1")),
    ("seccomp_default", Switch, setting("seccomp-default", "/seccompDefault", "false", "false")),
];
const CIPHERS: Setting = setting("tls-cipher-suites", "/tlsCipherSuites", "", "");
const MIN_VERSION: Setting = setting("tls-min-version", "/tlsMinVersion", "", "");
const STATIC_PODS: Setting = setting("pod-manifest-path", "/staticPodPath", "", "");
const GATE: Setting = setting("feature-gates", "/featureGates", "", "");
const ROTATION_GATE: &str = "RotateKubeletServerCertificate";

/// A kubelet with its configuration.
pub(super) struct Kubelet<'c> {
    pub(super) component: &'c Component,
    /// Its files, the main one first.
    pub(super) files: Vec<PathBuf>,
    pub(super) config: Result<KubeletConfig, String>,
}

impl<'c> Kubelet<'c> {
    /// Reads what a kubelet's flags name.
    pub(super) fn read(component: &'c Component, host: &Root) -> Kubelet<'c> {
        let main = component.path("config");
        let mut files: Vec<PathBuf> = main.clone().into_iter().collect();
        if let Some(folder) = component.path("config-dir") {
            files.extend(drop_ins(component.root(host), &folder));
        }
        let config = merge(component, host, main.as_deref(), &files);
        Kubelet { component, files, config }
    }

    /// The folder of static pods; the usual one where the kubelet cannot say.
    pub(super) fn static_pods(&self) -> PathBuf {
        let told = self.config.as_ref().map(|config| config.text(&STATIC_PODS));
        told.ok()
            .filter(|path| !path.is_empty())
            .map_or_else(|| PathBuf::from(USUAL_FOLDER), PathBuf::from)
    }

    /// The certificates that clients are known by.
    pub(super) fn client_ca(&self) -> Option<PathBuf> {
        let setting = &KUBELET.iter().find(|(name, ..)| *name == "client_ca_file")?.2;
        let path = self.config.as_ref().ok()?.text(setting);
        (!path.is_empty()).then(|| PathBuf::from(path))
    }

    /// What the kubelet does. What only a file says is not known when the file is younger than the
    /// process.
    pub(super) fn subject(&self, host: &Root) -> Subject {
        let mut subject = self.component.subject();
        let files = self.files.iter().map(|path| path.display().to_string());
        subject.say("kubelet.config_files", set(files));
        let hostname = self.component.flags.text("hostname-override").unwrap_or(NONE);
        subject.say("kubelet.hostname_override", short(hostname));
        let stale = self.files.iter().find(|path| self.component.is_newer(host, path));
        let known = |setting: &Setting| -> Result<&KubeletConfig, String> {
            let config = self.config.as_ref().map_err(Clone::clone)?;
            match stale {
                Some(path) if !config.is_flag(setting) => Err(format!(
                    "{} was changed after the kubelet began; restart it, then look again",
                    path.display()
                )),
                _ => Ok(config),
            }
        };
        for (name, kind, setting) in &KUBELET {
            let field = format!("kubelet.{name}");
            match known(setting) {
                Ok(config) => sheet::say_value(&mut subject, &field, *kind, &config.text(setting)),
                Err(why) => subject.miss(&field, why),
            }
        }
        let ciphers = known(&CIPHERS).map(|config| set(config.list(&CIPHERS)));
        subject.say_or_miss("kubelet.tls_cipher_suites", ciphers);
        let least = known(&MIN_VERSION).map(|config| config.text(&MIN_VERSION));
        let least = least.map(|text| if text.is_empty() { NONE.to_owned() } else { short(&text) });
        subject.say_or_miss("kubelet.tls_min_version", least);
        let gate = known(&GATE).map(|config| config.gate(ROTATION_GATE).unwrap_or(true));
        subject.say_or_miss("kubelet.rotate_server_certificates_gate", gate);
        subject
    }
}

fn merge(
    component: &Component,
    host: &Root,
    main: Option<&Path>,
    files: &[PathBuf],
) -> Result<KubeletConfig, String> {
    let mut texts = Vec::new();
    for path in files {
        texts.push(component.text(host, path)?);
    }
    let mut texts = texts.into_iter();
    let first = if main.is_some() { texts.next() } else { None };
    let drop_ins: Vec<String> = texts.collect();
    KubeletConfig::merge(component.flags.clone(), first.as_deref(), &drop_ins)
}

/// The drop-ins of a folder: whatever ends in `.conf`, in the order of a walk by name.
fn drop_ins(root: &Root, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root, folder, 0, &mut found);
    found
}

fn walk(root: &Root, folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for name in root.names(folder, DROP_INS_MAX).unwrap_or_default() {
        let path = folder.join(&name);
        match root.look(&path) {
            Ok(Some(seen)) if seen.is_directory && depth < TREE_DEPTH_MAX => {
                walk(root, &path, depth + 1, found);
            }
            Ok(Some(seen))
                if seen.is_regular && name.ends_with(".conf") && found.len() < DROP_INS_MAX =>
            {
                found.push(path);
            }
            _ => {}
        }
    }
}

/// What a proxy does.
pub(super) fn proxy(component: &Component, host: &Root) -> Subject {
    const ADDRESS: &str = "proxy.metrics_bind_address";
    let mut subject = component.subject();
    match proxy_file(component, host) {
        Ok(file) => {
            let in_file = yaml::text(&file, "/metricsBindAddress").to_owned();
            // With a file the proxy reads no other flag.
            let flag = component.flags.text("metrics-bind-address").unwrap_or_default();
            let told = if file.is_null() { flag.to_owned() } else { in_file };
            subject.say(ADDRESS, short(if told.is_empty() { "127.0.0.1:10249" } else { &told }));
        }
        Err(why) => subject.miss(ADDRESS, why),
    }
    subject
}

/// The proxy's kubeconfig, if it has one.
pub(super) fn proxy_kubeconfig(component: &Component, host: &Root) -> Option<PathBuf> {
    let in_file = proxy_file(component, host).ok()?;
    let in_file = yaml::text(&in_file, "/clientConnection/kubeconfig");
    let path = if in_file.is_empty() { component.flags.text("kubeconfig")? } else { in_file };
    Some(PathBuf::from(path))
}

fn proxy_file(component: &Component, host: &Root) -> Result<Value, String> {
    match component.named_text(host, "config")? {
        Some(text) => yaml::document(&text),
        None => Ok(Value::Null),
    }
}
