//! `Execs`: commands that Kubernetes let somebody run in a pod, and the sessions that began there.
//!
//! The API server's log tells the user and not the process; the watch tells the process and not the
//! user. Whichever comes second finds the other here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Sessions and requests that wait for the other.
const WAITING: usize = 512;
/// Containers with health checks that are remembered.
const CHECKED: usize = 4096;
/// How far apart the two may be.
const APART_NS: i64 = 30_000_000_000;

/// Requests and sessions that wait for one another. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Execs(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    asked: VecDeque<PodExec>,
    began: VecDeque<(String, PodExec)>,
    /// The commands of health checks, by container.
    checks: HashMap<String, Vec<String>>,
}

/// Somebody asked Kubernetes to run a command in a pod, or to attach to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodExec {
    /// The pod's namespace and name.
    pub pod: (String, String),
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The user, in the platform's words.
    pub user: String,
    /// From which addresses.
    pub addresses: String,
    /// The request's own id in the log.
    pub audit_id: String,
}

impl Execs {
    /// An engine runs these commands in a container to see whether it is well.
    pub(super) fn checked(&self, container: &str, commands: &[String]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.checks.len() > CHECKED {
            waiting.checks.clear();
        }
        waiting.checks.insert(container.to_owned(), commands.to_vec());
    }

    /// Whether a command is a container's health check.
    pub fn is_health_check(&self, container: &str, command: &str) -> bool {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let checks = waiting.checks.get(container);
        checks.is_some_and(|checks| checks.iter().any(|check| check.trim() == command.trim()))
    }

    /// A request was let in. Gives the session that waited for it.
    pub(super) fn asked(&self, asked: PodExec) -> Option<String> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.began.iter().position(|(_, began)| belong(began, &asked));
        if let Some(at) = at {
            return waiting.began.remove(at).map(|(session, _)| session);
        }
        waiting.asked.push_back(asked);
        if waiting.asked.len() > WAITING {
            waiting.asked.pop_front();
        }
        None
    }

    /// A session began in a pod. Gives the request that waited for it.
    pub fn began(&self, session: &str, pod: (&str, &str), time_ns: i64) -> Option<PodExec> {
        let pod = (pod.0.to_owned(), pod.1.to_owned());
        let began = PodExec { pod, time_ns, ..PodExec::default() };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = waiting.asked.iter().position(|asked| belong(&began, asked)) {
            return waiting.asked.remove(at);
        }
        waiting.began.push_back((session.to_owned(), began));
        if waiting.began.len() > WAITING {
            waiting.began.pop_front();
        }
        None
    }
}

fn belong(began: &PodExec, asked: &PodExec) -> bool {
    began.pod == asked.pod && began.time_ns.abs_diff(asked.time_ns) < APART_NS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pod: &str, seconds: i64) -> PodExec {
        PodExec {
            pod: ("shop".to_owned(), pod.to_owned()),
            time_ns: seconds * 1_000_000_000,
            user: "anna".to_owned(),
            ..PodExec::default()
        }
    }

    #[test]
    fn whichever_comes_second_finds_the_other() {
        let execs = Execs::default();
        assert_eq!(execs.asked(asked("web-1", 100)), None);
        assert_eq!(execs.began("s1", ("shop", "web-2"), 100_000_000_000), None);
        let found = execs.began("s2", ("shop", "web-1"), 101_000_000_000);
        assert_eq!(found.map(|found| found.user), Some("anna".to_owned()));
        assert_eq!(execs.asked(asked("web-2", 200)), None);
        assert_eq!(execs.asked(asked("web-2", 110)), Some("s1".to_owned()));
    }
}
