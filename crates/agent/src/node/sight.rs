//! What the sensor cannot see on this kernel: said as the watch begins, not found out when it is missed.

use model::{Alert, AlertSource, Priority};
use sensor::Reading;

use crate::clock::now_ns;
use crate::watch::Watch;

/// The name under which it is told.
const RULE: &str = "Sensor sees less on this kernel";
/// What each program of the sensor is for, by its name.
const WORDS: [(&str, &str); 4] = [
    ("on_io_uring", "requests of io_uring"),
    ("on_io_uring_sqe", "requests of io_uring"),
    ("on_oom_victim", "processes killed for want of memory"),
    ("on_each_task", "processes that ran before, and healing after a loss"),
];

/// What is not seen, and how the kernel is read.
pub(super) struct Sight {
    missing: Vec<String>,
    reading: Reading,
}

impl Sight {
    pub(super) fn of(watch: &Watch) -> Self {
        Sight { missing: watch.missing().to_vec(), reading: watch.reading() }
    }

    /// In words, for the log and the record of the beginning.
    pub(super) fn text(&self) -> String {
        let reading = match self.reading {
            Reading::Direct => "typed",
            Reading::Probed => "word by word",
        };
        let blind = match self.missing.is_empty() {
            true => "nothing missing".to_owned(),
            false => format!("not seen here: {}", self.words()),
        };
        format!("kernel read {reading}, {blind}")
    }

    /// An alert; `None` where nothing is missing.
    pub(super) fn alert(&self, node: &str) -> Option<Alert> {
        let names = self.missing.join(" ");
        (!self.missing.is_empty()).then(|| Alert {
            time_ns: now_ns(),
            rule: RULE.to_owned(),
            source: AlertSource::Sensor,
            priority: Priority::Notice,
            tags: vec!["lazaret.blind".to_owned()],
            text: format!(
                "The kernel of {node} has no place for all of the sensor; not seen: {}",
                self.words()
            ),
            fields: [("sensor.missing".to_owned(), Some(names))].into(),
            initiator: None,
            container: None,
            image: None,
            node: node.to_owned(),
            times: 1,
        })
    }

    fn words(&self) -> String {
        let word = |name: &String| {
            let known = WORDS.iter().find(|(program, _)| program == name);
            known.map_or_else(|| name.clone(), |(_, words)| (*words).to_owned())
        };
        self.missing.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_words() {
        let names = ["on_io_uring", "on_each_task", "on_new"];
        let missing = names.map(str::to_owned).to_vec();
        let sight = Sight { missing, reading: Reading::Probed };
        let alert = sight.alert("n1").unwrap();
        assert!(alert.text.contains("io_uring") && alert.text.ends_with("on_new"), "{alert:?}");
        assert_eq!(
            alert.fields["sensor.missing"].as_deref(),
            Some("on_io_uring on_each_task on_new")
        );
        assert!(sight.text().starts_with("kernel read word by word, not seen here: requests"));
        let whole = Sight { missing: Vec::new(), reading: Reading::Direct };
        assert!(whole.alert("n1").is_none());
        assert_eq!(whole.text(), "kernel read typed, nothing missing");
    }
}
