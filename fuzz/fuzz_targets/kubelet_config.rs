//! The kubelet's flags, its file and a drop-in, merged: a line of flags, the file, `---`, the drop-in.
#![no_main]

use agent::facts::{Dialect, Flags, KubeletConfig};

const POINTERS: [&str; 4] =
    ["", "/authentication/anonymous/enabled", "/featureGates", "/tlsCipherSuites"];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (file, drop_in) = rest.split_once("\n---\n").unwrap_or((rest, ""));
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for dialect in [Dialect::Pflag, Dialect::Go] {
        let mut flags = Flags::parse(&words, dialect);
        let before: Vec<String> = flags.all().map(|(name, _)| name.to_owned()).collect();
        for name in &before {
            assert!(!name.is_empty() && !name.contains('='), "{name}");
            let _ = (flags.text(name), flags.switch(name), flags.list(name), flags.map(name));
        }
        let known = flags.clone();
        flags.add_etcd_environment(rest.as_bytes());
        for name in &before {
            assert_eq!(flags.text(name), known.text(name), "a flag goes before the environment");
        }
        let Ok(config) = KubeletConfig::merge(known.clone(), Some(file), &[]) else { continue };
        for pointer in POINTERS {
            let _ = config.in_file(pointer);
        }
        let Ok(merged) = KubeletConfig::merge(known, Some(file), &[drop_in.to_owned()]) else {
            continue;
        };
        // A drop-in that says nothing changes nothing.
        if drop_in.trim().is_empty() {
            assert_eq!(config, merged);
        }
        let _ = (merged.gate("RotateKubeletServerCertificate"), merged.in_file("/readOnlyPort"));
    }
});
