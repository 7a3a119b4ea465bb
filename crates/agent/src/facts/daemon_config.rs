//! The daemon's effective configuration: the flags it was started with and daemon.json, merged as
//! dockerd merges them (dockerd(8), docs.docker.com "Docker daemon configuration file").
//!
//! dockerd refuses to start or reload when a directive is in both; such conflicts are told.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Flags that take no value unless it is behind `=`.
const SWITCHES: [&str; 24] = [
    "allow-direct-routing",
    "debug",
    "disable-legacy-registry",
    "experimental",
    "help",
    "icc",
    "init",
    "ip-forward",
    "ip-forward-no-drop",
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "live-restore",
    "no-new-privileges",
    "raw-logs",
    "rootless",
    "selinux-enabled",
    "tls",
    "tlsverify",
    "userland-proxy",
    "validate",
    "version",
    "cri-containerd",
];
/// Flags that may be given more than once: the flag, the key of daemon.json.
const LISTS: [(&str, &str); 14] = [
    ("allow-nondistributable-artifacts", "allow-nondistributable-artifacts"),
    ("authorization-plugin", "authorization-plugins"),
    ("cdi-spec-dir", "cdi-spec-dirs"),
    ("default-address-pool", "default-address-pools"),
    ("dns", "dns"),
    ("dns-opt", "dns-opts"),
    ("dns-search", "dns-search"),
    ("exec-opt", "exec-opts"),
    ("host", "hosts"),
    ("insecure-registry", "insecure-registries"),
    ("label", "labels"),
    ("node-generic-resource", "node-generic-resources"),
    ("registry-mirror", "registry-mirrors"),
    ("storage-opt", "storage-opts"),
];
/// Flags of the form `name=value` that make a map.
const MAPS: [(&str, &str); 3] =
    [("add-runtime", "runtimes"), ("default-ulimit", "default-ulimits"), ("log-opt", "log-opts")];
/// Letters for flags, and names of the past.
const SHORT: [(char, &str); 9] = [
    ('D', "debug"),
    ('H', "host"),
    ('l', "log-level"),
    ('b', "bridge"),
    ('s', "storage-driver"),
    ('G', "group"),
    ('g', "data-root"),
    ('p', "pidfile"),
    ('v', "version"),
];
/// Directives that may be in both places.
const MERGED: [&str; 1] = ["runtimes"];

/// The directives in force, by their names in daemon.json.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DaemonConfig {
    values: BTreeMap<String, Value>,
    from_file: Vec<String>,
    /// Directives that are both a flag and in the file.
    pub conflicts: Vec<String>,
}

/// The directives that flags give, by their names in daemon.json. `arguments` leaves the program
/// out.
pub fn flags(arguments: &[String]) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    let mut rest = arguments.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        if word == "--" {
            break;
        }
        let Some((name, value)) = flag(word) else { continue };
        let value = match value {
            Some(value) => value,
            None if SWITCHES.contains(&name.as_str()) => "true".to_owned(),
            None => match rest.next_if(|next| !next.starts_with('-') || *next == "-") {
                Some(next) => next.to_owned(),
                None => continue,
            },
        };
        put(&mut values, &name, value);
    }
    values
}

/// The flag of a word, and the value that is written to it.
fn flag(word: &str) -> Option<(String, Option<String>)> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let name = if name == "graph" { "data-root" } else { name };
        return Some((name.to_owned(), value));
    }
    let short = word.strip_prefix('-')?;
    let first = short.chars().next()?;
    let (_, name) = SHORT.iter().find(|(letter, _)| *letter == first)?;
    let rest = short.get(first.len_utf8()..).unwrap_or_default();
    let value = rest.strip_prefix('=').unwrap_or(rest);
    Some(((*name).to_owned(), (!rest.is_empty()).then(|| value.to_owned())))
}

fn put(values: &mut BTreeMap<String, Value>, name: &str, value: String) {
    if let Some((_, key)) = LISTS.iter().find(|(flag, _)| *flag == name) {
        if let Value::Array(list) =
            values.entry((*key).to_owned()).or_insert_with(|| Value::Array(Vec::new()))
        {
            list.push(Value::String(value));
        }
    } else if let Some((_, key)) = MAPS.iter().find(|(flag, _)| *flag == name) {
        let (entry, rest) = value.split_once('=').unwrap_or((&value, ""));
        if let Value::Object(map) =
            values.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new()))
        {
            map.insert(entry.to_owned(), Value::String(rest.to_owned()));
        }
    } else if SWITCHES.contains(&name) {
        values.insert(name.to_owned(), Value::Bool(truth(&value).unwrap_or(true)));
    } else {
        values.insert(name.to_owned(), Value::String(value));
    }
}

/// What Go's `strconv.ParseBool` takes.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

impl DaemonConfig {
    /// Merges flags and the text of daemon.json; an empty text is an empty file.
    ///
    /// # Errors
    /// The file is no JSON object: dockerd would not start with it.
    pub fn merge(flags: BTreeMap<String, Value>, file: &str) -> Result<DaemonConfig, String> {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file).trim();
        let file: Map<String, Value> = match file {
            "" => Map::new(),
            text => serde_json::from_str(text).map_err(|error| format!("daemon.json: {error}"))?,
        };
        let mut config = DaemonConfig { values: flags, ..DaemonConfig::default() };
        // In the order of the names, whatever order the file has.
        let file: BTreeMap<String, Value> = file.into_iter().collect();
        for (key, value) in file.into_iter().filter(|(_, value)| !value.is_null()) {
            let key = if key == "graph" { "data-root".to_owned() } else { key };
            if config.values.contains_key(&key) && !MERGED.contains(&key.as_str()) {
                config.conflicts.push(key);
                continue;
            }
            config.from_file.push(key.clone());
            match (config.values.get_mut(&key), value) {
                (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                (_, value) => {
                    config.values.insert(key, value);
                }
            }
        }
        Ok(config)
    }

    /// Whether a directive stands in daemon.json.
    pub fn is_from_file(&self, key: &str) -> bool {
        self.from_file.iter().any(|known| known == key)
    }

    /// Whether a directive was given as a flag.
    pub fn is_flag(&self, key: &str) -> bool {
        self.values.contains_key(key) && !self.is_from_file(key)
    }

    /// A directive that is a text; `None` when it is not set, or empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A directive that is true or false; `None` when it is not set.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.values.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => truth(text),
            _ => None,
        }
    }

    /// A directive that is a list of texts; empty when it is not set.
    pub fn list(&self, key: &str) -> Vec<String> {
        let list = self.values.get(key).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The default limits as `name=soft:hard`; empty when none is set.
    pub fn ulimits(&self) -> Vec<String> {
        let map = self.values.get("default-ulimits").and_then(Value::as_object);
        let limits = map.into_iter().flatten().filter_map(|(name, limit)| match limit {
            // A flag: `soft`, or `soft:hard`.
            Value::String(soft) if !soft.contains(':') => Some(format!("{name}={soft}:{soft}")),
            Value::String(both) => Some(format!("{name}={both}")),
            Value::Object(both) => {
                let number = |key| both.get(key).and_then(Value::as_i64).unwrap_or_default();
                Some(format!("{name}={}:{}", number("Soft"), number("Hard")))
            }
            _ => None,
        });
        limits.collect()
    }

    /// The names of a directive that is a map; empty when it is not set.
    pub fn names(&self, key: &str) -> Vec<String> {
        let map = self.values.get(key).and_then(Value::as_object);
        map.into_iter().flat_map(Map::keys).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(arguments: &str, file: &str) -> DaemonConfig {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        DaemonConfig::merge(flags(&arguments), file).unwrap()
    }

    #[test]
    fn flags_and_file() {
        let config = merged(
            "-H fd:// -Hunix:///a --host=tcp://[::1]:2376 --icc=false -D --log-level debug --storage-opt dm.basesize=20G --default-ulimit nofile=10:20 --tlsverify -s=overlay2 --unknown x",
            r#"{"live-restore": true, "labels": ["a=b"], "log-driver": "", "features": {"x": true}}"#,
        );
        assert_eq!(config.list("hosts"), ["fd://", "unix:///a", "tcp://[::1]:2376"]);
        assert_eq!(config.flag("icc"), Some(false));
        assert_eq!(config.flag("debug"), Some(true));
        assert_eq!(config.flag("tlsverify"), Some(true));
        assert_eq!(config.flag("live-restore"), Some(true));
        assert_eq!(config.text("log-level"), Some("debug"));
        assert_eq!(config.text("storage-driver"), Some("overlay2"));
        assert_eq!(config.text("log-driver"), None);
        assert_eq!(config.list("storage-opts"), ["dm.basesize=20G"]);
        assert_eq!(config.ulimits(), ["nofile=10:20"]);
        let in_file = r#"{"default-ulimits": {"core": {"Name": "core", "Soft": 0, "Hard": -1}}}"#;
        assert_eq!(merged("", in_file).ulimits(), ["core=0:-1"]);
        assert_eq!(merged("--default-ulimit core=7", "").ulimits(), ["core=7:7"]);
        assert!(config.is_from_file("live-restore") && !config.is_from_file("icc"));
        assert!(config.conflicts.is_empty());
    }

    #[test]
    fn conflicts_and_broken_files() {
        let config = merged("--icc=false -H fd://", r#"{"icc": true, "hosts": ["unix:///a"]}"#);
        assert_eq!(config.conflicts, ["hosts", "icc"]);
        assert_eq!(config.flag("icc"), Some(false));
        let runtimes = merged("--add-runtime a=/a", r#"{"runtimes": {"b": {"path": "/b"}}}"#);
        assert_eq!(runtimes.names("runtimes"), ["a", "b"]);
        assert!(runtimes.conflicts.is_empty());
        for broken in ["[]", "{", "{} x", "1"] {
            assert!(DaemonConfig::merge(BTreeMap::new(), broken).is_err(), "{broken}");
        }
        assert_eq!(merged("", "\u{feff}{}"), DaemonConfig::default());
        assert_eq!(merged("--log-level", ""), DaemonConfig::default());
        let last = merged("--icc=true --icc=0 -l info -l warn", "");
        assert_eq!((last.flag("icc"), last.text("log-level")), (Some(false), Some("warn")));
    }
}
