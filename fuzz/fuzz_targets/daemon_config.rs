//! dockerd's flags and its daemon.json, merged: a line of flags, then the file.
#![no_main]

use agent::facts::{DaemonConfig, daemon_flags};

const KEYS: [&str; 9] = [
    "hosts",
    "icc",
    "log-level",
    "tlsverify",
    "storage-opts",
    "default-ulimits",
    "runtimes",
    "debug",
    "data-root",
];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (line, file) = text.split_once('\n').unwrap_or((text, ""));
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let flags = daemon_flags(&words);
    let alone = DaemonConfig::merge(flags.clone(), "").expect("flags alone are a configuration");
    let Ok(config) = DaemonConfig::merge(flags, file) else { return };
    for conflict in &config.conflicts {
        assert!(!config.is_from_file(conflict) && alone.is_flag(conflict), "{conflict}");
        assert_eq!(config.text(conflict), alone.text(conflict), "the flag is what runs");
        assert_eq!(config.list(conflict), alone.list(conflict));
    }
    for key in KEYS {
        assert!(config.text(key).is_none_or(|text| !text.is_empty()));
        let _ = (config.flag(key), config.list(key), config.names(key), config.is_flag(key));
    }
    let _ = config.ulimits();
});
