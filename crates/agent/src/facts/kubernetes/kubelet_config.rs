//! The kubelet's effective configuration: flags over its file with drop-ins over defaults, as the
//! kubelet itself merges them (kubernetes.io "Set Kubelet parameters via a config file").

use serde_json::Value;

use super::super::yaml;
use super::flags::{Flags, truth};

/// The configuration in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KubeletConfig {
    flags: Flags,
    file: Value,
    has_file: bool,
}

/// One setting: its flag, its place in the file, and its defaults without and with a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) flag: &'static str,
    pub(super) pointer: &'static str,
    /// Before configuration files, flags had looser defaults; they still hold without a file.
    pub(super) bare: &'static str,
    pub(super) filed: &'static str,
}

impl KubeletConfig {
    /// Merges flags, the file's text, and its drop-ins' texts in their order. In a drop-in maps are
    /// merged and everything else is replaced. `None` when the kubelet has no file.
    ///
    /// # Errors
    /// A text is no YAML map: the kubelet would not start with it.
    pub fn merge(
        flags: Flags,
        file: Option<&str>,
        drop_ins: &[String],
    ) -> Result<KubeletConfig, String> {
        let mut config = KubeletConfig { flags, has_file: file.is_some(), file: Value::Null };
        for text in file.into_iter().chain(drop_ins.iter().map(String::as_str)) {
            let value = yaml::document(text)?;
            if !value.is_object() && !value.is_null() {
                return Err("it is no map of settings".to_owned());
            }
            put_over(&mut config.file, value);
        }
        config.has_file |= !drop_ins.is_empty();
        Ok(config)
    }

    /// A setting as text; empty when it has no value and no default.
    pub(super) fn text(&self, setting: &Setting) -> String {
        if let Some(text) = self.flags.text(setting.flag) {
            return text.to_owned();
        }
        match self.file.pointer(setting.pointer) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            _ if self.has_file => setting.filed.to_owned(),
            _ => setting.bare.to_owned(),
        }
    }

    /// A setting that is a list of texts.
    pub(super) fn list(&self, setting: &Setting) -> Vec<String> {
        let given = self.flags.list(setting.flag);
        if given.is_empty() { yaml::texts(&self.file, setting.pointer) } else { given }
    }

    /// A feature gate; `None` when nobody has set it.
    pub fn gate(&self, name: &str) -> Option<bool> {
        if let Some(text) = self.flags.map("feature-gates").get(name) {
            return truth(text);
        }
        self.file.get("featureGates")?.get(name)?.as_bool()
    }

    /// The value at a JSON pointer of the merged file, flags left out.
    pub fn in_file(&self, pointer: &str) -> Option<&Value> {
        self.file.pointer(pointer)
    }

    /// Whether a flag decides a setting.
    pub(super) fn is_flag(&self, setting: &Setting) -> bool {
        self.flags.is_set(setting.flag)
    }
}

fn put_over(below: &mut Value, over: Value) {
    match (below, over) {
        (Value::Object(known), Value::Object(more)) => {
            for (key, value) in more {
                put_over(known.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (below, over) => *below = over,
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags::Dialect;
    use super::*;

    const ANONYMOUS: Setting = Setting {
        flag: "anonymous-auth",
        pointer: "/authentication/anonymous/enabled",
        bare: "true",
        filed: "false",
    };
    const CIPHERS: Setting =
        Setting { flag: "tls-cipher-suites", pointer: "/tlsCipherSuites", bare: "", filed: "" };

    fn config(flags: &str, file: Option<&str>, drop_ins: &[&str]) -> KubeletConfig {
        let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        let drop_ins: Vec<String> = drop_ins.iter().map(|text| (*text).to_owned()).collect();
        KubeletConfig::merge(Flags::parse(&flags, Dialect::Pflag), file, &drop_ins).unwrap()
    }

    #[test]
    fn flags_over_files_over_defaults() {
        assert_eq!(config("", None, &[]).text(&ANONYMOUS), "true", "the loose default of flags");
        assert_eq!(config("", Some("kind: KubeletConfiguration"), &[]).text(&ANONYMOUS), "false");
        let file = "authentication:\n  anonymous: {enabled: true}\n  webhook: {enabled: true}\ntlsCipherSuites: [A, B]\nfeatureGates: {X: true, Y: false}\n";
        let drop_in = "authentication: {anonymous: {enabled: false}}\ntlsCipherSuites: [C]\nfeatureGates: {Y: true}\n";
        assert_eq!(config("", Some(file), &[]).text(&ANONYMOUS), "true");
        let merged = config("", Some(file), &[drop_in]);
        assert_eq!(merged.text(&ANONYMOUS), "false");
        assert_eq!(merged.list(&CIPHERS), ["C"]);
        assert_eq!(
            (merged.gate("X"), merged.gate("Y"), merged.gate("Z")),
            (Some(true), Some(true), None)
        );
        assert_eq!(merged.in_file("/authentication/webhook/enabled"), Some(&Value::Bool(true)));
        let flagged = config("--anonymous-auth --feature-gates=Y=false", Some(file), &[drop_in]);
        assert_eq!(flagged.text(&ANONYMOUS), "true");
        assert_eq!(flagged.gate("Y"), Some(false));
        let json = r#"{"authentication": {"anonymous": {"enabled": true}}}"#;
        assert_eq!(config("", Some(json), &[]).text(&ANONYMOUS), "true");
        for broken in ["- a", "{", "a: [", "text"] {
            assert!(KubeletConfig::merge(Flags::default(), Some(broken), &[]).is_err(), "{broken}");
        }
    }
}
