//! Commands: which programs that were started become records, on the host and in containers, and
//! the sessions that they belong to.
//!
//! ```text
//! watch ─exec, exit, failed exec→ Sessions: whose work → Fold: ×N, Budget: a rate → Trail
//! the terminal's lines ─line→ the same session
//! ```
//!
//! What is left out for its number is counted and told.

mod budget;
mod config;
mod fold;
mod sessions;

use std::collections::BTreeMap;

use model::{
    AuditKind, AuditOutcome, AuditRecord, Call, Container, EventKind, Exec, Initiator, ProcessId,
};

use crate::detect::Observed;
use crate::lifecycle::{Callers, Deed, Execs, PodExec, Whose};
use crate::trail::Trail;
use crate::watch::{Seen, command_line, record, wall_ns};
use budget::Budget;
pub use config::{CommandsConfig, Which};
pub(crate) use fold::Fold;
use sessions::{Place, Session, SessionKind, Sessions, exit_code, id_of, is_runtime};

/// The system calls that the sensor is to tell of where it knows them: programs that could not be
/// started. Those that were are told anyway.
pub const CALLS: [&str; 2] = ["execve", "execveat"];
/// Programs that are shells by their names.
const SHELLS: [&str; 9] = ["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "rbash", "tcsh"];

/// Turns the programs that the watch tells of into records.
pub struct Commands {
    config: CommandsConfig,
    trail: Trail,
    callers: Callers,
    execs: Execs,
    sessions: Sessions,
    fold: Fold<(String, u32, String)>,
    budget: Budget,
}

/// A line that somebody typed, whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TypedLine {
    /// When it was finished, in nanoseconds since 1970.
    pub time_ns: i64,
    /// What was typed.
    pub text: String,
    /// The shell that read it.
    pub initiator: Initiator,
    /// The container that the shell runs in.
    pub container: Option<model::ContainerRef>,
    /// The node.
    pub node: String,
}

impl Commands {
    /// Nothing is known yet. `callers` and `execs` tell who asked for sessions in containers; they
    /// are the life cycle's.
    pub fn new(config: CommandsConfig, trail: Trail, callers: Callers, execs: Execs) -> Self {
        let fold = Fold::of_seconds(config.fold_s);
        let budget = Budget::new(config.rate, config.burst);
        let sessions = Sessions::default();
        Commands { config, trail, callers, execs, sessions, fold, budget }
    }

    /// Takes in what the watch tells.
    pub fn observe(&mut self, seen: &Seen<'_>) {
        let seen = &seen.observed;
        self.sessions.follow(seen.event);
        match &seen.event.kind {
            EventKind::Exec(exec) if !is_runtime(seen.process) => self.started(seen, exec),
            EventKind::Exit { status } => self.ended(seen, *status),
            EventKind::ExecKilled(killed) if killed.error == 0 && !killed.trial => {
                self.refused(seen, killed.exe.as_ref().map(|exe| exe.path.as_str()));
            }
            EventKind::Call(call)
                if call.ret < 0 && matches!(&*call.name, "execve" | "execveat") =>
            {
                self.failed(seen, call);
            }
            _ => {}
        }
    }

    /// Takes in a line that somebody typed.
    pub fn line(&mut self, line: TypedLine) {
        let mut record = AuditRecord {
            time_ns: line.time_ns,
            kind: AuditKind::Line,
            action: "line".to_owned(),
            target: line.initiator.exe.clone(),
            text: line.text,
            container: line.container,
            node: line.node,
            ..AuditRecord::default()
        };
        let above = line.initiator.ancestors.iter().map(|ancestor| ancestor.process);
        let own = std::iter::once(line.initiator.process);
        for id in own.chain(above).collect::<Vec<ProcessId>>() {
            if let Some(session) = self.sessions.find(id) {
                session.lines += 1;
                note_session(&mut record.details, session);
                break;
            }
        }
        record.initiator = line.initiator;
        self.trail.record(record);
    }

    /// Tells what is still only counted; at the end.
    pub fn finish(&mut self) {
        for record in self.fold.rest().into_iter().chain(self.budget.rest()) {
            self.trail.record(record);
        }
    }

    fn started(&mut self, seen: &Observed<'_>, exec: &Exec) {
        let place = self.sessions.place(seen);
        let first = match place {
            Place::Begins(kind, first) => {
                self.begin(seen, kind, first);
                Some(first)
            }
            Place::Known(first) => Some(first),
            Place::Own => None,
        };
        if !self.is_wanted(seen, first.is_some()) {
            return;
        }
        let mut record = record(seen, AuditKind::Command, "exec");
        record.target = exec.exe.as_ref().map(|exe| exe.path.clone()).unwrap_or_default();
        record.text.clone_from(&record.initiator.command);
        for (name, value) in [
            ("claimed", &exec.claimed),
            ("interpreter", &exec.interpreter),
            ("arguments_tail", &exec.arguments_tail),
        ] {
            if !value.is_empty() && *value != record.target {
                record.details.insert(name.to_owned(), value.clone());
            }
        }
        if seen.event.task.euid != seen.event.task.uid {
            let euid = seen.event.task.euid.to_string();
            record.details.insert("effective_uid".to_owned(), euid);
        }
        self.hand_in(record, first);
    }

    fn failed(&mut self, seen: &Observed<'_>, call: &Call) {
        let first = self.sessions.first_of(seen);
        if !self.is_wanted(seen, first.is_some()) {
            return;
        }
        let mut record = record(seen, AuditKind::Command, "exec");
        record.outcome = AuditOutcome::Failure;
        record.target.clone_from(&call.claimed);
        record.text.clone_from(&call.claimed);
        record.details.insert("error".to_owned(), (-call.ret).to_string());
        self.hand_in(record, first);
    }

    /// A program that was killed as it began, because it may not run.
    fn refused(&mut self, seen: &Observed<'_>, exe: Option<&str>) {
        let mut record = record(seen, AuditKind::Command, "exec");
        record.outcome = AuditOutcome::Denied;
        record.target = exe.unwrap_or(&record.initiator.exe).to_owned();
        record.text.clone_from(&record.initiator.command);
        let first = self.sessions.first_of(seen);
        self.hand_in(record, first);
    }

    /// Folds, keeps to the rate, and hands in.
    fn hand_in(&mut self, mut record: AuditRecord, first: Option<ProcessId>) {
        let session = first.and_then(|first| self.sessions.find(first));
        let place = match (&session, &record.container) {
            (Some(session), _) => session.id.clone(),
            (None, Some(container)) => container.id.clone(),
            (None, None) => String::new(),
        };
        if let Some(session) = session {
            session.programs += 1;
            note_session(&mut record.details, session);
        }
        let uid = record.initiator.uid.unwrap_or_default();
        let key = (place.clone(), uid, record.text.clone());
        for record in self.fold.take(key, record) {
            for told in self.budget.pass(&place, record) {
                self.trail.record(told);
            }
        }
    }

    fn is_wanted(&self, seen: &Observed<'_>, in_session: bool) -> bool {
        let which =
            if seen.container.is_some() { self.config.containers } else { self.config.host };
        match which {
            Which::All => true,
            Which::Interactive => in_session || seen.event.task.tty != 0 || below_a_shell(seen),
            Which::None => false,
        }
    }

    fn begin(&mut self, seen: &Observed<'_>, kind: SessionKind, first: ProcessId) {
        let exec = self.sessions.exec_id(first);
        let id = id_of(exec.clone(), first, seen.container);
        let process = seen.processes.find(first).unwrap_or(seen.process);
        let command = process.arguments.join(" ");
        let is_check = |container: &Container| self.execs.is_health_check(&container.id, &command);
        let kind = match seen.container {
            Some(container) if is_check(container) => SessionKind::HealthCheck,
            _ => kind,
        };
        let mut session = Session {
            id,
            kind,
            began_ns: wall_ns(seen),
            command: command_line(process),
            ..Session::default()
        };
        let mut record = record(seen, AuditKind::Command, "session_start");
        record.target.clone_from(&session.id);
        if kind == SessionKind::HealthCheck {
            self.sessions.begin(first, session);
            return;
        }
        if kind == SessionKind::Exec {
            self.name_asker(seen, exec.as_deref(), &mut session, &mut record);
        }
        record.text = match (kind, &session.asked_by) {
            (SessionKind::Login, _) => format!("login session begins with {}", session.command),
            (_, None) => format!("session begins with {}", session.command),
            (_, Some(by)) => {
                let who = if by.user.is_empty() { &by.command } else { &by.user };
                format!("session begins with {}, asked for by {who}", session.command)
            }
        };
        note_session(&mut record.details, &session);
        let tty = seen.event.task.tty != 0;
        record.details.insert("terminal".to_owned(), tty.to_string());
        self.sessions.begin(first, session);
        self.trail.record(record);
    }

    /// Who asked the engine, or Kubernetes, for a session.
    fn name_asker(
        &self,
        seen: &Observed<'_>,
        exec: Option<&str>,
        session: &mut Session,
        record: &mut AuditRecord,
    ) {
        let Some(container) = seen.container else { return };
        if let Some(asked) = self.asked_in_pod(container, session) {
            session.asked_by = Some(Box::new(by_user(&asked)));
            record.details.insert("user".to_owned(), asked.user);
            record.details.insert("addresses".to_owned(), asked.addresses);
            record.details.insert("audit_id".to_owned(), asked.audit_id);
            return;
        }
        let names = [container.id.as_str(), &container.name, exec.unwrap_or_default()];
        let whose = self.callers.whose(&Deed {
            // Whichever engine it was.
            socket: "",
            time_ns: session.began_ns,
            action: "exec_start",
            names: &names,
            spontaneous: true,
        });
        match whose {
            Whose::One(caller) => {
                note_asker(&mut record.details, &caller.initiator);
                session.asked_by = Some(Box::new(caller.initiator));
            }
            Whose::Several(lines) => {
                let (name, value) = ("asked_by".to_owned(), "unknown: several fit".to_owned());
                record.details.insert(name, value);
                record.details.insert("candidates".to_owned(), lines.join(" | "));
            }
            Whose::Nobody => {
                record.details.insert("asked_by".to_owned(), "unknown".to_owned());
            }
        }
    }

    fn asked_in_pod(&self, container: &Container, session: &Session) -> Option<PodExec> {
        let pod = container.pod.as_ref().filter(|pod| !pod.name.is_empty())?;
        self.execs.began(&session.id, (&pod.namespace, &pod.name), session.began_ns)
    }

    fn ended(&mut self, seen: &Observed<'_>, status: u32) {
        let Some(session) = self.sessions.ended(seen.event) else { return };
        if let Some(left_out) = self.budget.end(&session.id) {
            self.trail.record(left_out);
        }
        if session.kind == SessionKind::HealthCheck {
            return;
        }
        let mut record = record(seen, AuditKind::Command, "session_end");
        record.target.clone_from(&session.id);
        let code = exit_code(status);
        let duration_ms = (record.time_ns - session.began_ns).max(0) / 1_000_000;
        record.text = format!(
            "session that began with {} ends with exit code {code} after {}.{:03} s",
            session.command,
            duration_ms / 1000,
            duration_ms % 1000
        );
        note_session(&mut record.details, &session);
        for (name, value) in [
            ("exit_code", u64::from(code)),
            ("duration_ms", duration_ms.unsigned_abs()),
            ("programs", session.programs),
            ("lines", session.lines),
        ] {
            record.details.insert(name.to_owned(), value.to_string());
        }
        self.trail.record(record);
    }
}

fn note_session(details: &mut BTreeMap<String, String>, session: &Session) {
    details.insert("session".to_owned(), session.id.clone());
    let kind = match session.kind {
        SessionKind::Exec => "exec",
        SessionKind::HealthCheck => "health_check",
        SessionKind::Login => "login",
    };
    details.insert("session_kind".to_owned(), kind.to_owned());
}

fn note_asker(details: &mut BTreeMap<String, String>, by: &Initiator) {
    details.insert("asked_by".to_owned(), by.command.clone());
    details.insert("asked_by_process".to_owned(), by.process.to_string());
    for (name, value) in [
        ("asked_by_uid", by.uid.map(|uid| uid.to_string())),
        ("asked_by_user", Some(by.user.clone()).filter(|user| !user.is_empty())),
        ("asked_by_login_uid", by.login_uid.map(|uid| uid.to_string())),
        ("asked_by_tty", (by.tty != 0).then(|| by.tty.to_string())),
    ] {
        details.extend(value.map(|value| (name.to_owned(), value)));
    }
}

fn by_user(asked: &PodExec) -> Initiator {
    Initiator { user: asked.user.clone(), ..Initiator::default() }
}

/// Whether a shell at a terminal, or of somebody who logged in, is among the ancestors.
fn below_a_shell(seen: &Observed<'_>) -> bool {
    if seen.event.task.login_uid.is_none() {
        return false;
    }
    let is_shell = |process: &crate::attribute::Process| {
        let program = process.arguments.first().map(String::as_str).unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default().trim_start_matches('-');
        SHELLS.contains(&name)
    };
    seen.processes.ancestors(seen.event.task.process).any(is_shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_line_belongs_to_the_session_of_its_shell() {
        let (trail, entries) = Trail::open();
        let callers = Callers::of([]);
        let mut commands =
            Commands::new(CommandsConfig::default(), trail, callers, Execs::default());
        let first = ProcessId { pid: 7, start_ns: 1 };
        let session = Session { id: "s1".to_owned(), ..Session::default() };
        commands.sessions.begin(first, session);
        let mut line = TypedLine { text: "rm -rf /tmp/x".to_owned(), ..TypedLine::default() };
        line.initiator.process = ProcessId { pid: 9, start_ns: 3 };
        commands.line(line.clone());
        line.initiator.ancestors =
            vec![model::Ancestor { process: first, ..model::Ancestor::default() }];
        commands.line(line);
        let told = entries.next(std::time::Duration::from_secs(1)).unwrap();
        let told: Vec<AuditRecord> = told.iter().map(crate::trail::Entry::to_record).collect();
        assert_eq!(told.len(), 2);
        assert!(!told[0].details.contains_key("session"));
        assert_eq!((told[1].kind, told[1].details["session"].as_str()), (AuditKind::Line, "s1"));
        assert_eq!(commands.sessions.find(first).map(|session| session.lines), Some(1));
    }
}
