//! Alerts out of conditions.

use std::collections::BTreeMap;

use model::{Alert, AlertSource, ContainerRef, Initiator, Priority};

use super::Now;
use super::conditions::Condition;
use super::words::{Words, lasting};

/// Whom an alert is about.
pub(super) struct About<'a> {
    pub node: &'a str,
    pub container: &'a ContainerRef,
    pub workload: &'a str,
}

impl About<'_> {
    /// The container in a text: its name, or the begin of its id, and the image.
    fn label(&self) -> String {
        let container = self.container;
        let id: String = container.id.chars().take(12).collect();
        let name = if container.name.is_empty() { &id } else { &container.name };
        if container.image.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", container.image)
        }
    }

    /// A condition begins.
    pub(super) fn begun(
        &self,
        now: Now,
        condition: Condition,
        words: Words,
        initiator: Option<Initiator>,
    ) -> Alert {
        let mut alert = self.alert(now, condition.rule(), condition.priority(), words);
        alert.tags = condition.tags().iter().map(ToString::to_string).collect();
        alert.fields.insert("state".to_owned(), Some("began".to_owned()));
        alert.initiator = initiator;
        alert
    }

    /// A condition ends.
    pub(super) fn ended(&self, now: Now, condition: Condition, lasted: (u64, f64)) -> Alert {
        let (lasted_ns, peak) = lasted;
        let fields = vec![
            ("lasted_s", (lasted_ns / 1_000_000_000).to_string()),
            ("peak", format!("{peak:.0}")),
        ];
        let what = format!("ended after {}", lasting(lasted_ns));
        let words = Words { what, advice: "", fields };
        let mut alert = self.alert(now, condition.rule(), Priority::Informational, words);
        alert.tags = condition.tags().iter().map(ToString::to_string).collect();
        alert.tags.push("ended".to_owned());
        alert.fields.insert("state".to_owned(), Some("ended".to_owned()));
        alert
    }

    /// Something that is told once.
    pub(super) fn alert(&self, now: Now, rule: &str, priority: Priority, words: Words) -> Alert {
        let Words { what, advice, fields } = words;
        let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), Some(value)));
        let mut fields: BTreeMap<String, Option<String>> = fields.collect();
        fields.insert("workload".to_owned(), Some(self.workload.to_owned()));
        fields.insert("container.id".to_owned(), Some(self.container.id.clone()));
        fields.insert("container.name".to_owned(), Some(self.container.name.clone()));
        Alert {
            time_ns: now.wall_ns,
            rule: rule.to_owned(),
            source: AlertSource::Isolation,
            priority,
            tags: vec!["container".to_owned(), "isolation".to_owned()],
            text: format!("{rule}: {}: {what}{advice}", self.label()),
            fields,
            initiator: None,
            container: Some(self.container.clone()),
            image: None,
            node: self.node.to_owned(),
            times: 1,
        }
    }
}
