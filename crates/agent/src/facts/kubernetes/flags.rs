//! Command lines of Kubernetes' components, read as the components read them: pflag for those of
//! Kubernetes, Go's own `flag` for etcd. The last of several values counts; lists add up.

use std::collections::BTreeMap;

/// Flags of the components that take no value unless it stands behind `=`.
const SWITCHES: &[&str] = &[
    "add-dir-header",
    "address-sharing",
    "allocate-node-cidrs",
    "allow-privileged",
    "alsologtostderr",
    "anonymous-auth",
    "audit-log-compress",
    "audit-log-truncate-enabled",
    "audit-log-batch-throttle-enable",
    "audit-webhook-batch-throttle-enable",
    "audit-webhook-truncate-enabled",
    "authentication-skip-lookup",
    "authentication-token-webhook",
    "authentication-tolerate-lookup-failure",
    "auto-tls",
    "bind-address-hard-fail",
    "cgroups-per-qos",
    "cleanup",
    "client-cert-auth",
    "configure-cloud-routes",
    "contention-profiling",
    "cpu-cfs-quota",
    "debug",
    "disable-attach-detach-reconcile-sync",
    "emulation-version-forward-compatible",
    "enable-aggregator-routing",
    "enable-bootstrap-token-auth",
    "enable-cadvisor-json-endpoints",
    "enable-controller-attach-detach",
    "enable-debugging-handlers",
    "enable-dynamic-provisioning",
    "enable-garbage-collector",
    "enable-grpc-gateway",
    "enable-hostpath-provisioner",
    "enable-leader-migration",
    "enable-load-reader",
    "enable-logs-handler",
    "enable-pprof",
    "enable-priority-and-fairness",
    "enable-server",
    "enable-swagger-ui",
    "enable-taint-manager",
    "enable-v2",
    "exit-on-lock-contention",
    "experimental-allocatable-ignore-eviction",
    "experimental-cluster-signing-duration-strict",
    "experimental-corrupt-check-enabled",
    "experimental-initial-corrupt-check",
    "fail-swap-on",
    "force-new-cluster",
    "help",
    "insecure-skip-tls-verify",
    "ipvs-strict-arp",
    "keep-terminated-pod-volumes",
    "kernel-memcg-notification",
    "kubelet-https",
    "leader-elect",
    "local-storage-capacity-isolation",
    "log-flush-on-exit",
    "logtostderr",
    "make-iptables-util-chains",
    "masquerade-all",
    "nodeport-hard-fail",
    "one-output",
    "parallel-decompression",
    "peer-auto-tls",
    "peer-client-cert-auth",
    "permit-address-sharing",
    "permit-port-sharing",
    "pre-vote",
    "profiling",
    "protect-kernel-defaults",
    "quiet",
    "really-crash-for-testing",
    "redirect-container-streaming",
    "register-node",
    "register-schedulable",
    "rotate-certificates",
    "rotate-server-certificates",
    "runonce",
    "seccomp-default",
    "serialize-image-pulls",
    "service-account-extend-token-expiration",
    "service-account-lookup",
    "skip-headers",
    "skip-log-headers",
    "socket-reuse-address",
    "socket-reuse-port",
    "strict-reconfig-check",
    "use-service-account-credentials",
    "version",
    "watch-cache",
];
/// What stands before an environment variable that means a flag of etcd.
const ETCD_PREFIX: &str = "ETCD_";

/// Whose way of reading flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `--name=value`, `--name value`; `_` in a name is `-`; letters with one dash.
    Pflag,
    /// `-name=value` and `--name=value`; ends at the first word that is no flag.
    Go,
}

/// The flags of a command line, each with its values in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    values: BTreeMap<String, Vec<String>>,
}

impl Flags {
    /// Reads arguments, the program's own name left out.
    pub fn parse(arguments: &[String], dialect: Dialect) -> Flags {
        let mut flags = Flags::default();
        let mut rest = arguments.iter().map(String::as_str).peekable();
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            let Some((name, value)) = flag(word, dialect) else {
                if dialect == Dialect::Go {
                    break;
                }
                continue;
            };
            let value = match value {
                Some(value) => value,
                None if SWITCHES.contains(&name.as_str()) => "true".to_owned(),
                // A flag that is not known here: what looks like a flag is not its value.
                None => match rest.next_if(|next| !next.starts_with("--")) {
                    Some(next) => next.to_owned(),
                    None => "true".to_owned(),
                },
            };
            flags.values.entry(name).or_default().push(value);
        }
        flags
    }

    /// Adds what etcd's environment says of flags that the command line leaves out. `environ` is
    /// the text of `/proc/<pid>/environ`.
    pub fn add_etcd_environment(&mut self, environ: &[u8]) {
        for entry in environ.split(|&byte| byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let pair = entry.strip_prefix(ETCD_PREFIX).and_then(|entry| entry.split_once('='));
            if let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) {
                let name = name.to_ascii_lowercase().replace('_', "-");
                self.values.entry(name).or_insert_with(|| vec![value.to_owned()]);
            }
        }
    }

    /// Puts a value in the place of all that a flag has.
    pub(crate) fn replace(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), vec![value]);
    }

    /// Whether a flag is given.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The value in force; `None` when the flag is not given or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.last().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A switch; `None` when it is not given, an error when its value is none.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, String> {
        let Some(text) = self.values.get(name).and_then(|values| values.last()) else {
            return Ok(None);
        };
        truth(text).map(Some).ok_or_else(|| format!("--{name}: `{text}` is neither true nor false"))
    }

    /// A list of texts with commas between, over all that is given.
    pub fn list(&self, name: &str) -> Vec<String> {
        let all = self.values.get(name).into_iter().flatten();
        let items = all.flat_map(|text| text.split(',')).map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// The entries of a `name=value` list, the last of one name: `--feature-gates`.
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        let pairs = self.list(name);
        let pairs = pairs.iter().filter_map(|entry| entry.split_once('='));
        pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
    }

    /// Flags and their values, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

fn flag(word: &str, dialect: Dialect) -> Option<(String, Option<String>)> {
    let long = match dialect {
        Dialect::Pflag => word.strip_prefix("--"),
        Dialect::Go => word.strip_prefix("--").or_else(|| word.strip_prefix('-')),
    };
    let Some(long) = long else { return letter(word) };
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (long, None),
    };
    let is_name = !name.is_empty() && !name.starts_with(['-', '=']);
    is_name.then(|| (name.replace('_', "-"), value))
}

/// `-v=2`, `-v2`, `-v 2`.
fn letter(word: &str) -> Option<(String, Option<String>)> {
    let rest = word.strip_prefix('-')?;
    let first = rest.chars().next().filter(|first| *first != '=')?;
    let value = rest.get(first.len_utf8()..).unwrap_or_default();
    let value = value.strip_prefix('=').unwrap_or(value);
    Some((first.to_string(), (!value.is_empty()).then(|| value.to_owned())))
}

/// What Go's `strconv.ParseBool` takes.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Whole seconds of a span of time as Go writes it: `1m30s`, `4h0m0s`, `500ms`, `0`.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let mut total = 0.0_f64;
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_end)?;
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    (total.is_finite() && total < 9e15).then_some(total as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, dialect: Dialect) -> Flags {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&words, dialect)
    }

    #[test]
    fn reads_as_pflag() {
        let flags = parse(
            "--profiling --anonymous_auth=false --audit-log-path /a --authorization-mode=Node --authorization-mode RBAC,Node \
             -v=2 --tls-cert-file=/x --tls-cert-file=/y --unknown --feature-gates=A=true,B=false --feature-gates B=true \
             --empty= stray --service-account-lookup=0 -- --token-auth-file=/t",
            Dialect::Pflag,
        );
        assert_eq!(flags.switch("profiling"), Ok(Some(true)));
        assert_eq!(flags.switch("anonymous-auth"), Ok(Some(false)));
        assert_eq!(flags.switch("service-account-lookup"), Ok(Some(false)));
        assert_eq!(flags.text("audit-log-path"), Some("/a"));
        assert_eq!(flags.list("authorization-mode"), ["Node", "RBAC", "Node"]);
        assert_eq!(flags.text("tls-cert-file"), Some("/y"), "the last counts");
        assert_eq!(flags.map("feature-gates")["B"], "true");
        assert!(flags.is_set("empty") && flags.text("empty").is_none());
        assert!(!flags.is_set("token-auth-file"), "behind `--` there are no flags");
        assert_eq!(flags.text("v"), Some("2"));
        assert!(parse("--profiling=maybe", Dialect::Pflag).switch("profiling").is_err());
        for nameless in ["--=x", "-=x", "---x", "-"] {
            assert_eq!(parse(nameless, Dialect::Pflag), Flags::default(), "{nameless}");
        }
        // A word within another flag's value is no flag.
        let decoy = parse("--audit-log-path=/x--anonymous-auth=false", Dialect::Pflag);
        assert!(!decoy.is_set("anonymous-auth"));
    }

    #[test]
    fn reads_as_etcd() {
        let mut flags =
            parse("-cert-file=/c --client-cert-auth -data-dir /d x -auto-tls", Dialect::Go);
        flags.add_etcd_environment(b"ETCD_CERT_FILE=/no\0ETCD_PEER_AUTO_TLS=true\0HOME=/\0");
        assert_eq!(flags.text("cert-file"), Some("/c"), "a flag goes before the environment");
        assert_eq!(flags.switch("client-cert-auth"), Ok(Some(true)));
        assert_eq!(flags.switch("peer-auto-tls"), Ok(Some(true)));
        assert_eq!(flags.text("data-dir"), Some("/d"));
        assert!(!flags.is_set("auto-tls"), "flags end at the first word that is none");
    }

    #[test]
    fn spans_of_time() {
        for (text, expect) in [
            ("4h0m0s", Some(14_400)),
            ("1m0s", Some(60)),
            ("90s", Some(90)),
            ("500ms", Some(0)),
            ("0", Some(0)),
            ("1.5h", Some(5400)),
            ("5", None),
            ("", None),
            ("s", None),
            ("1d", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(seconds(text), expect, "{text}");
        }
    }
}
