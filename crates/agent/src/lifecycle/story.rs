//! `Stories`: what became of each container so far, so that an end has a reason and whoever asked
//! for it: a container dies because somebody killed it, it ran out of memory, or its program ended.

use std::num::NonZeroUsize;

use lru::LruCache;
use model::AuditRecord;

use super::callers::{Caller, Whose};
use super::docker_event::DockerEvent;

/// Containers whose stories are remembered.
const CONTAINERS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// How long a kill may take to end a container.
const KILL_NS: i64 = 60_000_000_000;

/// What became of each container.
pub(super) struct Stories(LruCache<String, Story>);

#[derive(Debug, Clone, Default)]
struct Story {
    creator: Option<Box<Caller>>,
    auto_remove: bool,
    out_of_memory: bool,
    killed: Option<Killed>,
}

#[derive(Debug, Clone)]
struct Killed {
    by: Option<Box<Caller>>,
    signal: String,
    time_ns: i64,
}

impl Default for Stories {
    fn default() -> Self {
        Stories(LruCache::new(CONTAINERS))
    }
}

impl Stories {
    /// Takes in what the engine says of a container that it has.
    pub(super) fn configured(&mut self, id: &str, auto_remove: bool) {
        self.of(id).auto_remove = auto_remove;
    }

    /// Completes a record with what is known of the container, and remembers the event. Gives who
    /// is to be named.
    pub(super) fn tell(
        &mut self,
        event: &DockerEvent,
        whose: Whose,
        record: &mut AuditRecord,
    ) -> Whose {
        let Some(id) = event.container_id().filter(|_| event.kind == "container") else {
            return whose;
        };
        let time_ns = event.time_ns();
        let story = self.of(id);
        let one = match &whose {
            Whose::One(caller) => Some(caller.clone()),
            _ => None,
        };
        let (cause, by) = match event.verb() {
            "create" => {
                story.creator = one;
                return whose;
            }
            "start" | "restart" => {
                story.killed = None;
                story.out_of_memory = false;
                return whose;
            }
            "oom" => {
                story.out_of_memory = true;
                return whose;
            }
            "kill" | "stop" => {
                let signal = event.attribute("signal").to_owned();
                if story.killed.is_none() || event.verb() == "kill" {
                    story.killed = Some(Killed { by: one, signal, time_ns });
                }
                return whose;
            }
            "die" | "died" => story.of_death(time_ns),
            "destroy" | "remove" if story.auto_remove => {
                ("auto-remove".to_owned(), story.creator.clone())
            }
            _ => return whose,
        };
        record.details.insert("cause".to_owned(), cause);
        match (whose, by) {
            (Whose::One(caller), _) if event.verb() == "destroy" => Whose::One(caller),
            (_, Some(by)) => Whose::One(by),
            (_, None) if event.verb() == "die" => Whose::Nobody,
            (whose, None) => whose,
        }
    }

    fn of(&mut self, id: &str) -> &mut Story {
        self.0.get_or_insert_mut(id.to_owned(), Story::default)
    }
}

impl Story {
    fn of_death(&self, time_ns: i64) -> (String, Option<Box<Caller>>) {
        if let Some(killed) = &self.killed
            && time_ns - killed.time_ns < KILL_NS
        {
            return (format!("signal {}", killed.signal), killed.by.clone());
        }
        let why = if self.out_of_memory { "out of memory" } else { "its program ended" };
        (why.to_owned(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(verb: &str, time: i64) -> DockerEvent {
        let text = format!(
            r#"{{"Type":"container","Action":"{verb}","Actor":{{"ID":"abc","Attributes":{{"signal":"9"}}}},"time":{time}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn somebody(name: &str) -> Whose {
        let mut caller = Caller::default();
        caller.initiator.command = name.to_owned();
        Whose::One(Box::new(caller))
    }

    #[test]
    fn an_end_has_a_reason() {
        let mut stories = Stories::default();
        let mut tell = |verb: &str, time: i64, whose: Whose| {
            let mut record = AuditRecord::default();
            let told = stories.tell(&event(verb, time), whose, &mut record);
            let name = match told {
                Whose::One(caller) => caller.initiator.command.clone(),
                _ => "nobody".to_owned(),
            };
            (record.details.get("cause").cloned().unwrap_or_default(), name)
        };
        tell("create", 1, somebody("run"));
        tell("start", 1, somebody("run"));
        assert_eq!(tell("die", 2, somebody("run")), ("its program ended".into(), "nobody".into()));
        tell("start", 3, Whose::Nobody);
        tell("kill", 4, somebody("kill"));
        assert_eq!(tell("die", 5, Whose::Nobody), ("signal 9".into(), "kill".into()));
        tell("start", 6, Whose::Nobody);
        tell("oom", 7, Whose::Nobody);
        assert_eq!(tell("die", 8, Whose::Nobody), ("out of memory".into(), "nobody".into()));
        assert_eq!(tell("destroy", 9, somebody("rm")).1, "rm");
    }

    #[test]
    fn what_removes_itself_is_its_makers() {
        let mut stories = Stories::default();
        stories.tell(&event("create", 1), somebody("run --rm"), &mut AuditRecord::default());
        stories.configured("abc", true);
        let mut record = AuditRecord::default();
        let told = stories.tell(&event("destroy", 3), Whose::Nobody, &mut record);
        assert_eq!(told, somebody("run --rm"));
        assert_eq!(record.details["cause"], "auto-remove");
    }
}
