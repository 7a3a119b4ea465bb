//! `NeverRule`: programs that may never begin in the containers in scope, whatever any alert says.

use sensor::{KillOrder, Program};
use serde::Deserialize;

use super::config::Scope;
use super::target::is_protected_name;

/// What such a rule is called in records when it is not said.
const NAME: &str = "never";
/// The kernel's name of a program has this many bytes at most.
const NAME_BYTES: usize = 15;

/// Programs that may never begin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeverRule {
    /// What it is called in records.
    #[serde(default = "name")]
    pub name: String,
    /// Programs by the last part of the path that they are started by; at most 15 bytes.
    #[serde(default)]
    pub names: Vec<String>,
    /// Programs by the absolute path of their file, in the container, without symbolic links.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Where; in every container when nothing is said.
    #[serde(default)]
    pub scope: Scope,
    /// On the host and in every container, whatever they are.
    #[serde(default)]
    pub host: bool,
    /// Nothing is killed, only written down.
    #[serde(default)]
    pub dry_run: bool,
}

fn name() -> String {
    NAME.to_owned()
}

impl NeverRule {
    /// The programs, as the sensor takes them.
    pub(super) fn programs(&self) -> impl Iterator<Item = Program> {
        let names = self.names.iter().cloned().map(Program::Name);
        names.chain(self.paths.iter().cloned().map(Program::Path))
    }

    /// What is wrong with it, in one line.
    pub(super) fn mistake(&self, allow_host: bool) -> Option<String> {
        let wrong = |why: &str| Some(format!("response, never `{}`: {why}", self.name));
        if self.names.is_empty() && self.paths.is_empty() {
            return wrong("say `names` or `paths` of the programs");
        }
        if self.host && !allow_host {
            return wrong("`host` needs `allow_host: true`");
        }
        if self.host && self.scope != Scope::default() {
            return wrong("`host` takes no `scope`: it holds everywhere");
        }
        for name in &self.names {
            if name.len() > NAME_BYTES || name.contains('/') {
                return wrong(&format!(
                    "`{name}` is no name of at most 15 bytes, which is all that the kernel keeps; \
                     say `paths`"
                ));
            }
        }
        let patterned = self.names.iter().chain(&self.paths).find(|it| it.contains(['*', '?']));
        if let Some(pattern) = patterned {
            return wrong(&format!("`{pattern}`: the kernel compares whole words, no patterns"));
        }
        let leaf = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut leaves = self.names.iter().cloned().chain(self.paths.iter().map(leaf));
        if let Some(name) = leaves.find(|name| is_protected_name(name)) {
            return wrong(&format!("`{name}` is protected: containers do not run without it"));
        }
        self.programs().find_map(|program| {
            let why = KillOrder { program, cgroup_id: None }.check().err()?;
            wrong(&why.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_cannot_hold_exactly_is_refused() {
        let check = |text: &str, allow_host: bool, expected: Option<&str>| {
            let rule: NeverRule = serde_saphyr::from_str(text).unwrap();
            let mistake = rule.mistake(allow_host);
            assert_eq!(mistake.is_some(), expected.is_some(), "{text}: {mistake:?}");
            assert!(mistake.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
        };
        check("{names: [xmrig], paths: [/tmp/kdevtmpfsi]}", false, None);
        check("{names: [xmrig], scope: {images: ['shop/*']}}", false, None);
        check("{names: [xmrig], host: true}", true, None);
        check("{names: [xmrig], host: true}", false, Some("allow_host"));
        check("{names: [xmrig], host: true, scope: {names: [a]}}", true, Some("everywhere"));
        check("{name: empty}", false, Some("say `names`"));
        check("{names: [sixteen-bytes-or]}", false, Some("15 bytes"));
        check("{names: ['']}", false, Some("no name"));
        check("{names: ['xm*']}", false, Some("no patterns"));
        check("{paths: ['/tmp/*']}", false, Some("no patterns"));
        check("{paths: [tmp/x]}", false, Some("absolute"));
        check("{paths: [/tmp/../x]}", false, Some("`..`"));
        check("{names: [runc]}", false, Some("protected"));
        check("{paths: [/usr/bin/containerd-shim-runc-v2]}", true, Some("protected"));
        assert!(serde_saphyr::from_str::<NeverRule>("{name: x, program: y}").is_err());
    }
}
