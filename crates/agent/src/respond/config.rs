//! `ResponseConfig`: which alerts are answered, and how. Nothing is, until it is said here.

use std::time::Duration;

use model::{Alert, Container, ContainerRef, Priority};
use serde::Deserialize;

use super::never::NeverRule;
use super::pattern::Pattern;

/// Actions an hour, unless said otherwise.
const ACTIONS_PER_HOUR: u32 = 30;
/// Seconds until the same rule acts on the same target again, unless said otherwise.
const COOL_DOWN_SECONDS: u64 = 60;

/// The section `response` of `agent.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResponseConfig {
    /// Nothing is done, only written down, whatever the rules below say.
    pub dry_run: bool,
    /// Whether processes of the host itself may be killed.
    pub allow_host: bool,
    /// Actions within an hour, all rules together. What comes on top is written down and not done.
    pub actions_per_hour: u32,
    /// The rules. All that match an alert act.
    pub rules: Vec<ResponseRule>,
    /// Programs that may never begin, whatever any alert says.
    pub never: Vec<NeverRule>,
}

impl Default for ResponseConfig {
    fn default() -> Self {
        ResponseConfig {
            dry_run: false,
            allow_host: false,
            actions_per_hour: ACTIONS_PER_HOUR,
            rules: Vec::new(),
            never: Vec::new(),
        }
    }
}

/// An answer to some alerts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// What it is called in records.
    pub name: String,
    /// Which alerts; all that is said must hold.
    pub when: When,
    /// Which containers; every one when nothing is said.
    #[serde(default)]
    pub scope: Scope,
    /// What is done.
    pub action: Action,
    /// `kill`: the descendants too.
    #[serde(default)]
    pub tree: bool,
    /// Nothing is done, only written down.
    #[serde(default)]
    pub dry_run: bool,
    /// Seconds until it acts on the same target again.
    #[serde(default = "cool_down_seconds")]
    pub cool_down_seconds: u64,
    /// Seconds after which it is undone by itself; never when not said.
    #[serde(default)]
    pub undo_after_seconds: Option<u64>,
}

fn cool_down_seconds() -> u64 {
    COOL_DOWN_SECONDS
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// End the process.
    Kill,
    /// Freeze the container.
    Pause,
    /// Stop the container.
    Stop,
    /// Cut the container's network.
    BlockNetwork,
    /// Let the container start no program that is not in its image.
    DenyExec,
    /// Kill the program whenever it begins again in the container.
    ForbidExec,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Kill => "kill",
            Action::Pause => "pause",
            Action::Stop => "stop",
            Action::BlockNetwork => "block_network",
            Action::DenyExec => "deny_exec",
            Action::ForbidExec => "forbid_exec",
        }
    }

    /// Whether it stays in force until it is undone.
    pub fn lasts(self) -> bool {
        !matches!(self, Action::Kill | Action::Stop)
    }
}

/// Which alerts are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Names of rules, with `*` and `?`; one must match.
    pub rules: Vec<Pattern>,
    /// Tags, with `*` and `?`; one must be there.
    pub tags: Vec<Pattern>,
    /// The least priority.
    pub priority: Option<Priority>,
}

/// Which containers are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Images, by the name that they were asked for.
    pub images: Vec<Pattern>,
    /// Names.
    pub names: Vec<Pattern>,
    /// Labels, `name=value`.
    pub labels: Vec<Pattern>,
    /// Namespaces of Kubernetes.
    pub namespaces: Vec<Pattern>,
    /// Images and names that are never touched.
    pub except: Vec<Pattern>,
}

impl ResponseConfig {
    /// What is wrong with it, in one line.
    pub fn mistake(&self) -> Option<String> {
        let never = || self.never.iter().find_map(|rule| rule.mistake(self.allow_host));
        self.mistake_of_rules().or_else(never)
    }

    fn mistake_of_rules(&self) -> Option<String> {
        self.rules.iter().find_map(|rule| {
            let when = &rule.when;
            if when.rules.is_empty() && when.tags.is_empty() && when.priority.is_none() {
                return Some(format!(
                    "response rule `{}` would answer every alert: say `rules`, `tags` or \
                     `priority` below `when`",
                    rule.name
                ));
            }
            if rule.undo_after_seconds.is_some() && !rule.action.lasts() {
                let action = rule.action.as_str();
                return Some(format!(
                    "response rule `{}`: `{action}` cannot be undone; leave `undo_after_seconds` \
                     out",
                    rule.name
                ));
            }
            if rule.tree && rule.action != Action::Kill {
                return Some(format!(
                    "response rule `{}`: `tree` belongs to the action `kill` only",
                    rule.name
                ));
            }
            None
        })
    }
}

impl ResponseRule {
    /// Whether it answers an alert. `container` is what more is known of the alert's container.
    pub fn answers(&self, alert: &Alert, container: Option<&Container>) -> bool {
        self.when.holds(alert) && self.scope.holds(alert.container.as_ref(), container)
    }

    /// See [`ResponseRule::cool_down_seconds`].
    pub fn cool_down(&self) -> Duration {
        Duration::from_secs(self.cool_down_seconds)
    }
}

impl When {
    fn holds(&self, alert: &Alert) -> bool {
        (self.rules.is_empty() || any(&self.rules, &alert.rule))
            && (self.tags.is_empty() || alert.tags.iter().any(|tag| any(&self.tags, tag)))
            && self.priority.is_none_or(|least| alert.priority >= least)
    }
}

impl Scope {
    fn is_everything(&self) -> bool {
        let said = [&self.images, &self.names, &self.labels, &self.namespaces];
        said.iter().all(|patterns| patterns.is_empty())
    }

    /// Whether a container is in scope; `known` is what more is known of it. The host, `None`, is
    /// only where no container is asked for. One of which it is not known yet whether it is excepted
    /// is not in scope.
    pub(super) fn holds(
        &self,
        container: Option<&ContainerRef>,
        known: Option<&Container>,
    ) -> bool {
        let Some(container) = container else { return self.is_everything() };
        let is_untold = container.image.is_empty() || container.name.is_empty();
        if is_untold && !self.except.is_empty() {
            return false;
        }
        let excepted = any(&self.except, &container.image) || any(&self.except, &container.name);
        let labelled = || {
            let labels = known.map(|known| &known.labels).into_iter().flatten();
            labels.map(|(name, value)| format!("{name}={value}")).any(|it| any(&self.labels, &it))
        };
        !excepted
            && (self.images.is_empty() || any(&self.images, &container.image))
            && (self.names.is_empty() || any(&self.names, &container.name))
            && (self.namespaces.is_empty() || any(&self.namespaces, &container.namespace))
            && (self.labels.is_empty() || labelled())
    }
}

fn any(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use model::ContainerRef;

    use super::*;
    use crate::respond::alert;

    fn read(text: &str) -> Result<ResponseConfig, String> {
        crate::config::read_yaml(Path::new("agent.yaml"), text).map_err(|error| error.to_string())
    }

    fn rule(text: &str) -> ResponseRule {
        let text = format!("rules: [{{name: r, action: pause, {text}}}]");
        read(&text).unwrap().rules.remove(0)
    }

    #[test]
    fn nothing_is_answered_until_it_is_said() {
        let config = read("{}").unwrap();
        assert_eq!(config, ResponseConfig::default());
        assert!(config.rules.is_empty() && !config.allow_host && config.actions_per_hour > 0);
    }

    #[test]
    fn an_alert_is_answered_when_all_holds() {
        let shop = Container {
            labels: [("tier".to_owned(), "web".to_owned())].into(),
            ..Container::default()
        };
        for (text, expected) in [
            ("when: {rules: ['Shell on*']}", true),
            ("when: {rules: ['Shell']}", false),
            ("when: {tags: [T1059.*]}", true),
            ("when: {tags: [T1611]}", false),
            ("when: {priority: critical}", true),
            ("when: {priority: alert}", false),
            ("when: {rules: ['*'], tags: [T1611]}", false),
            ("when: {priority: debug}, scope: {images: ['shop:*']}", true),
            ("when: {priority: debug}, scope: {images: [bank]}", false),
            ("when: {priority: debug}, scope: {names: [web-?], namespaces: [prod]}", true),
            ("when: {priority: debug}, scope: {names: [web-?], namespaces: [test]}", false),
            ("when: {priority: debug}, scope: {labels: ['tier=w*']}", true),
            ("when: {priority: debug}, scope: {labels: ['tier=db']}", false),
            ("when: {priority: debug}, scope: {except: [web-*]}", false),
        ] {
            let told = rule(text).answers(&alert(), Some(&shop));
            assert_eq!(told, expected, "{text}");
        }
        let host = Alert { container: None, ..alert() };
        assert!(rule("when: {priority: debug}").answers(&host, None));
        assert!(!rule("when: {priority: debug}, scope: {images: ['*']}").answers(&host, None));
        let unnamed = Alert { container: Some(ContainerRef::default()), ..alert() };
        assert!(!rule("when: {priority: debug}, scope: {names: [web]}").answers(&unnamed, None));
    }

    #[test]
    fn what_may_be_excepted_is_not_touched_before_it_is_known() {
        let (excepting, plain) = (
            rule("when: {priority: debug}, scope: {except: [bank]}"),
            rule("when: {priority: debug}"),
        );
        let named = |name: &str, image: &str| {
            let (name, image) = (name.to_owned(), image.to_owned());
            let container = ContainerRef { id: "ab".repeat(32), name, image, ..Default::default() };
            Alert { container: Some(container), ..alert() }
        };
        for (name, image, expected) in [
            ("", "", false),
            ("", "shop:1.2", false),
            ("web-1", "", false),
            ("bank", "shop:1.2", false),
            ("web-1", "shop:1.2", true),
        ] {
            let alert = named(name, image);
            assert_eq!(excepting.answers(&alert, None), expected, "{name:?} {image:?}");
            assert!(plain.answers(&alert, None));
        }
    }

    #[test]
    fn what_would_do_harm_is_refused() {
        for (text, expected) in [
            ("rules: [{name: r, when: {}, action: pause}]", "every alert"),
            (
                "rules: [{name: r, when: {tags: [x]}, action: kill, undo_after_seconds: 5}]",
                "cannot be undone",
            ),
            ("rules: [{name: r, when: {tags: [x]}, action: pause, tree: true}]", "only"),
        ] {
            let mistake = read(text).unwrap().mistake().unwrap();
            assert!(mistake.contains(expected), "{mistake}");
        }
        assert!(read("rules: [{name: r, action: pause}]").is_err());
        assert!(read("rules: [{name: r, when: {tag: [x]}, action: pause}]").is_err());
        assert!(read("rules: [{name: r, when: {tags: [x]}, action: reboot}]").is_err());
    }
}
