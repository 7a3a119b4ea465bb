//! What a program is started with.

use super::Test;
use crate::template::image_name::ImageName;
use crate::template::kubernetes::fields::{Fields, Lines};
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Container;
use crate::template::yaml::{Node, Value};

const PROGRAMS: [&str; 6] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd",
    "kubelet",
    "kube-proxy",
];
/// Fields of the kubelet's and kube-proxy's configuration, by the flags that they stand for.
const FILE_FIELDS: [(&str, &[&str]); 15] = [
    ("--anonymous-auth", &["authentication", "anonymous", "enabled"]),
    ("--authorization-mode", &["authorization", "mode"]),
    ("--client-ca-file", &["authentication", "x509", "clientCAFile"]),
    ("--read-only-port", &["readOnlyPort"]),
    ("--streaming-connection-idle-timeout", &["streamingConnectionIdleTimeout"]),
    ("--make-iptables-util-chains", &["makeIPTablesUtilChains"]),
    ("--protect-kernel-defaults", &["protectKernelDefaults"]),
    ("--event-qps", &["eventRecordQPS"]),
    ("--tls-cert-file", &["tlsCertFile"]),
    ("--tls-private-key-file", &["tlsPrivateKeyFile"]),
    ("--rotate-certificates", &["rotateCertificates"]),
    ("--tls-cipher-suites", &["tlsCipherSuites"]),
    ("--pod-max-pids", &["podPidsLimit"]),
    ("--seccomp-default", &["seccompDefault"]),
    ("--metrics-bind-address", &["metricsBindAddress"]),
];
/// The kubelet's defaults when it reads a configuration file.
const FILE_DEFAULTS: [(&str, &str); 2] =
    [("--anonymous-auth", "false"), ("--authorization-mode", "Webhook")];
/// Longest `--request-timeout` that is sensible, in seconds.
const MAX_TIMEOUT_SECONDS: f64 = 300.0;

/// Flags with their values and places.
#[derive(Debug)]
pub(super) struct Settings<'n> {
    /// The program.
    pub(super) program: &'static str,
    flags: Vec<(&'n str, &'n str, Lines)>,
    lists: Vec<(&'static str, Vec<&'n str>, Lines)>,
    /// Where to point when a flag is missing.
    whole: Lines,
}

impl<'n> Settings<'n> {
    /// The settings of a container that runs one of the programs.
    pub(super) fn of_container(container: &Container<'n>) -> Option<Self> {
        let words = words(container.node);
        let program = program(&words, container)?;
        let whole = ["command", "args"].into_iter().find(|key| container.node.field(key).is_some());
        let whole = container.node.lines_at(&[whole.unwrap_or("name")]);
        let mut settings = Settings { program, flags: Vec::new(), lists: Vec::new(), whole };
        let mut words = words.into_iter().peekable();
        while let Some((word, lines)) = words.next() {
            if !word.starts_with('-') {
                continue;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, value),
                None => match words.next_if(|(next, _)| !next.starts_with('-')) {
                    Some((value, _)) => (word, value),
                    None => (word, "true"),
                },
            };
            settings.flags.push((name, value, lines));
        }
        if program == "etcd" {
            settings.variables(container.node);
        }
        Some(settings)
    }

    /// `ETCD_CERT_FILE` is `--cert-file`; a flag wins over its variable.
    fn variables(&mut self, container: &'n Node) {
        for variable in container.list("env") {
            let name = variable.text(&["name"]);
            if name.starts_with("ETCD_") {
                self.flags.insert(0, (name, variable.text(&["value"]), variable.lines()));
            }
        }
    }

    /// The settings of a `KubeletConfiguration` or `KubeProxyConfiguration`.
    pub(super) fn of_file(object: &Object<'n>) -> Option<Self> {
        let program = match (object.group(), object.kind) {
            ("kubelet.config.k8s.io", "KubeletConfiguration") => "kubelet",
            ("kubeproxy.config.k8s.io", "KubeProxyConfiguration") => "kube-proxy",
            _ => return None,
        };
        let whole = object.node.lines_at(&["kind"]);
        let mut settings = Settings { program, flags: Vec::new(), lists: Vec::new(), whole };
        settings.flags.extend(FILE_DEFAULTS.map(|(flag, value)| (flag, value, whole)));
        for (flag, path) in FILE_FIELDS {
            let Some(node) = object.node.deep(path) else { continue };
            let lines = object.node.lines_at(path);
            match &node.value {
                Value::List(items) => {
                    let words = items.iter().filter_map(Node::str).collect();
                    settings.lists.push((flag, words, lines));
                }
                _ => settings.flags.push((flag, node.str().unwrap_or_default(), lines)),
            }
        }
        let gates = object.node.field("featureGates").map_or(&[][..], Node::entries);
        for (key, value) in gates {
            if key.text == "RotateKubeletServerCertificate" && value.bool() == Some(false) {
                let word = "RotateKubeletServerCertificate=false";
                let lines = object.node.lines_at(&["featureGates", key.text.as_str()]);
                settings.lists.push(("--feature-gates", vec![word], lines));
            }
        }
        Some(settings)
    }

    fn entry(&self, flag: &str) -> Option<&(&'n str, &'n str, Lines)> {
        let is_flag = |name: &str| {
            name == flag || name.trim_start_matches('-') == flag.trim_start_matches('-')
        };
        let variable = || {
            let name = flag.trim_start_matches('-').to_ascii_uppercase().replace('-', "_");
            format!("ETCD_{name}")
        };
        self.flags.iter().rev().find(|(name, ..)| is_flag(name)).or_else(|| {
            let name = variable();
            self.flags.iter().find(|(known, ..)| *known == name)
        })
    }

    /// The value of a flag.
    pub(super) fn value(&self, flag: &str) -> Option<&'n str> {
        if flag.is_empty() {
            return None;
        }
        self.entry(flag).map(|(_, value, _)| *value)
    }

    /// Where a flag stands, or where it should.
    pub(super) fn lines(&self, flag: &str) -> Lines {
        let of_list = self.lists.iter().find(|(name, ..)| *name == flag).map(|(.., lines)| *lines);
        self.entry(flag).map(|(.., lines)| *lines).or(of_list).unwrap_or(self.whole)
    }

    fn list(&self, flag: &str) -> Option<Vec<&str>> {
        if let Some((_, words, _)) = self.lists.iter().find(|(name, ..)| *name == flag) {
            return Some(words.clone());
        }
        self.value(flag).map(|value| value.split(',').map(str::trim).collect())
    }

    /// The flag that does not hold, and how.
    pub(super) fn violation(&self, test: &Test) -> Option<(&'static str, String)> {
        let shown = |flag: &str| match self.value(flag) {
            Some(value) => format!("{flag}={value}"),
            None => format!("{flag} is not set"),
        };
        let unless = |holds: bool, flag: &'static str| (!holds).then(|| (flag, shown(flag)));
        match *test {
            Test::Present(flags) => {
                let is_set = |flag: &&&'static str| self.value(flag).is_none_or(str::is_empty);
                flags.iter().find(is_set).map(|flag| (*flag, shown(flag)))
            }
            Test::Absent(flag) => unless(self.value(flag).is_none(), flag),
            Test::Is(flag, wanted, absent) => {
                unless(self.value(flag).map_or(absent, |value| same(value, wanted)), flag)
            }
            Test::IsNot(flag, value) => {
                unless(self.value(flag).is_none_or(|set| !same(set, value)), flag)
            }
            Test::ZeroOrAbsent(flag) => unless(self.value(flag).is_none_or(|v| v == "0"), flag),
            Test::Has(flag, word) => {
                unless(self.list(flag).is_some_and(|words| words.contains(&word)), flag)
            }
            Test::Lacks(flag, word, absent) => {
                unless(self.list(flag).map_or(absent, |words| !words.contains(&word)), flag)
            }
            Test::AtLeast(flag, least) => {
                let number = self.value(flag).and_then(|value| value.parse::<i64>().ok());
                unless(number.is_some_and(|number| number >= least), flag)
            }
            Test::ShortTimeout(flag) => {
                let is_short = |value| {
                    seconds(value).is_some_and(|time| time > 0.0 && time <= MAX_TIMEOUT_SECONDS)
                };
                unless(self.value(flag).is_none_or(is_short), flag)
            }
            Test::StrongCiphers(flag) => {
                let words = self.list(flag);
                let weak = words.and_then(|words| {
                    words.into_iter().find(|word| !is_strong(word)).map(str::to_owned)
                });
                weak.map(|word| (flag, format!("{flag} has {word}")))
            }
            Test::Loopback(flag, absent) => {
                unless(self.value(flag).map_or(absent, is_loopback), flag)
            }
        }
    }
}

/// The words that a container is started with; what a shell is given is divided at blanks.
fn words(container: &Node) -> Vec<(&str, Lines)> {
    let nodes = container.list("command").iter().chain(container.list("args"));
    let mut words = Vec::new();
    for node in nodes {
        let Some(text) = node.str() else { continue };
        if words.last().is_some_and(|(before, _)| *before == "-c") {
            let script = text.split_whitespace().filter(|word| *word != "\\");
            words.extend(script.map(|word| (word, node.lines())));
        } else {
            words.push((text, node.lines()));
        }
    }
    words
}

fn program(words: &[(&str, Lines)], container: &Container<'_>) -> Option<&'static str> {
    let named = |name: &str| PROGRAMS.into_iter().find(|program| *program == name);
    let base = |path: &str| path.rsplit('/').next().map(str::to_owned).unwrap_or_default();
    let before_flags = words.iter().take_while(|(word, _)| !word.starts_with("--"));
    let by_word = before_flags.filter_map(|(word, _)| named(&base(word))).last();
    by_word.or_else(|| {
        let has_command = container.node.field("command").is_some();
        let image = ImageName::parse(container.node.text(&["image"])).repository;
        named(&base(image))
            .filter(|_| !has_command && words.iter().any(|(w, _)| w.starts_with("--")))
    })
}

/// Whether two values are one; booleans as Go reads them.
fn same(value: &str, wanted: &str) -> bool {
    let truth = |text: &str| match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    };
    let is_truth = matches!(wanted, "true" | "false");
    let is_zero_time = wanted == "0" && seconds(value) == Some(0.0);
    value == wanted
        || is_zero_time
        || (is_truth && truth(value).is_some() && truth(value) == truth(wanted))
}

/// A duration as Go writes it: `1m30s`, `300ms`, `0`.
fn seconds(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match rest.get(..end)? {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                "us" | "µs" => 0.000_001,
                "ns" => 0.000_000_001,
                _ => return None,
            };
        rest = rest.get(end..)?;
    }
    (!text.is_empty()).then_some(total)
}

/// AEAD suites, with forward secrecy.
fn is_strong(suite: &str) -> bool {
    let is_forward = suite.starts_with("TLS_ECDHE_")
        || suite.starts_with("TLS_AES_")
        || suite.starts_with("TLS_CHACHA20_");
    is_forward && (suite.contains("_GCM_") || suite.contains("CHACHA20_POLY1305"))
}

fn is_loopback(address: &str) -> bool {
    let host = address.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let host = host.unwrap_or_else(|| match address.matches(':').count() {
        1 => address.split(':').next().unwrap_or_default(),
        _ => address,
    });
    host.starts_with("127.") || host == "::1" || host == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_programs_read_them() {
        for (text, expect) in [
            ("1m30s", Some(90.0)),
            ("300ms", Some(0.3)),
            ("0", Some(0.0)),
            ("x", None),
            ("", None),
            ("5", None),
        ] {
            assert_eq!(seconds(text), expect, "{text}");
        }
        assert!(same("False", "false") && same("0", "false") && !same("no", "false"));
        assert!(same("0s", "0") && !same("4h", "0"));
        assert!(is_loopback("127.0.0.1:10249") && is_loopback("::1") && is_loopback("[::1]:1"));
        assert!(!is_loopback("0.0.0.0") && !is_loopback("[::]:10249") && !is_loopback(""));
        assert!(
            is_strong("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
                && is_strong("TLS_AES_128_GCM_SHA256")
        );
        assert!(
            !is_strong("TLS_RSA_WITH_AES_128_CBC_SHA")
                && !is_strong("TLS_RSA_WITH_AES_128_GCM_SHA256")
        );
    }
}
