//! `DockerAuthz`: the plugin itself. From a message of the daemon to yes or no.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{ContainerSpec, Decision, Engine, Gate, Workload};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::asked::{Asked, Unclear};
use super::endpoints::Group;
use super::engine::EngineApi;
use super::facts::{Facts, NoFact};
use super::json::Fields;
use super::protocol::{AuthzAnswer, AuthzRequest};
use super::route::Act;
use super::spec;
use super::starts::Starts;
use super::workloads::Found;
use crate::AgentError;
use crate::gate::{Ask, Counter, Court, Covers, Rules, Ruling, not_allowed};
use crate::limits::{DECISION_TIMEOUT_MS, DECISIONS_AT_ONCE, DECISIONS_WAITING};

/// Why an unpausing is let through that the policy would refuse.
const PAUSED: &str = "it runs already, paused";

/// The docker authorization plugin of one daemon.
#[derive(Debug)]
pub struct DockerAuthz {
    court: Arc<Court>,
    facts: Facts,
    starts: Starts,
    in_flight: Semaphore,
    turns: Semaphore,
    changed: Notify,
}

/// What becomes of a request before the court is asked.
enum Case {
    /// Nothing in it needs a judge.
    Allowed,
    /// The daemon knows no such thing.
    Absent(&'static str),
    /// The court decides.
    Judge(Box<Found>, Option<Box<Workload>>),
}

impl DockerAuthz {
    /// A plugin that judges by a court and asks a daemon.
    pub fn new(court: Arc<Court>, engine: Arc<EngineApi>) -> Self {
        DockerAuthz {
            court,
            facts: Facts::new(engine),
            starts: Starts::default(),
            in_flight: Semaphore::new(DECISIONS_AT_ONCE + DECISIONS_WAITING),
            turns: Semaphore::new(DECISIONS_AT_ONCE),
            changed: Notify::new(),
        }
    }

    /// The court behind it.
    pub fn court(&self) -> &Arc<Court> {
        &self.court
    }

    /// Reads configuration and policy again, and holds them against what runs. When either is
    /// broken, the old ones go on to hold.
    pub fn reload(&self) -> Result<Arc<Rules>, AgentError> {
        let rules = self.court.reload()?;
        self.changed.notify_one();
        Ok(rules)
    }

    /// Waits until the policy was changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// Answers `AuthZPlugin.AuthZReq`. Never fails: what cannot be decided is refused.
    pub async fn answer(&self, message: &[u8]) -> AuthzAnswer {
        let began = Instant::now();
        self.court.counters().count(Counter::Requests);
        let request = match serde_json::from_slice::<AuthzRequest>(message) {
            Ok(request) => request,
            Err(error) => {
                return self.reject(&format!("the daemon's message does not read: {error}"));
            }
        };
        let asked = match Asked::read(&request) {
            Ok(asked) => asked,
            Err(unclear) => return self.reject_unclear(&unclear),
        };
        if asked.act == Act::Free {
            return AuthzAnswer::allow();
        }
        if let Some(refusal) = self.refused_group(&asked, asked.group) {
            return refusal;
        }
        let address = request.request_uri.as_str();
        match asked.act {
            Act::Free | Act::Grouped | Act::Volume => AuthzAnswer::allow(),
            Act::Rename => match self.starts.begin_rename(address) {
                Ok(()) => AuthzAnswer::allow(),
                Err(_) => self.reject("a start by name is under way; try again"),
            },
            Act::Start | Act::Restart => self.start(&asked, address, began).await,
            _ => self.decide(&asked, began).await.0,
        }
    }

    /// Answers `AuthZPlugin.AuthZRes`: it is done, so there is nothing to refuse.
    pub fn answer_done(&self, message: &[u8]) -> AuthzAnswer {
        if let Ok(request) = serde_json::from_slice::<AuthzRequest>(message)
            && request.request_method == "POST"
        {
            self.starts.end(&request.request_uri);
        }
        AuthzAnswer::allow()
    }

    /// A start by name trusts the name until the daemon has found the container by it.
    async fn start(&self, asked: &Asked, address: &str, began: Instant) -> AuthzAnswer {
        let is_whole_id =
            asked.name.len() == 64 && asked.name.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_whole_id && self.starts.begin_named(address).is_err() {
            return self.reject("a container is being renamed; try again");
        }
        let (answer, id) = self.decide(asked, began).await;
        if answer.allow {
            self.starts.expect(&id);
        } else {
            self.starts.end(address);
        }
        answer
    }

    /// The answer, and the id of the container that it is about.
    async fn decide(&self, asked: &Asked, began: Instant) -> (AuthzAnswer, String) {
        let Ok(_place) = self.in_flight.try_acquire() else {
            self.court.counters().count(Counter::Overloaded);
            return (self.reject("too many requests wait to be judged; try again"), String::new());
        };
        let gathered = async {
            let _turn = self.turns.acquire().await;
            self.gather(asked).await
        };
        let gathered = timeout(Duration::from_millis(DECISION_TIMEOUT_MS), gathered).await;
        let case = match gathered {
            Ok(Ok(case)) => case,
            Ok(Err(why)) => return (self.refuse(asked, began, &why.to_string()), String::new()),
            Err(_) => {
                let why = "the engine took too long to answer";
                return (self.refuse(asked, began, why), String::new());
            }
        };
        match case {
            Case::Allowed => (AuthzAnswer::allow(), String::new()),
            Case::Absent(what) => {
                (self.reject(&format!("no such {what}: {}", asked.name)), String::new())
            }
            Case::Judge(found, already) => {
                let id = found.id.clone();
                let ask = self.ask(asked, *found, already, began);
                (answer_of(self.court.rule(ask).await), id)
            }
        }
    }

    fn ask(
        &self,
        asked: &Asked,
        found: Found,
        already: Option<Box<Workload>>,
        began: Instant,
    ) -> Ask {
        let spares = asked.act == Act::Unpause && !self.court.config().docker.stop_refused;
        Ask {
            gate: Gate::DockerAuthz,
            action: asked.action.clone(),
            workload: found.workload,
            names: found.names,
            already,
            spared: spares.then_some(PAUSED),
            began,
        }
    }

    /// Looks up what the request is about.
    async fn gather(&self, asked: &Asked) -> Result<Case, NoFact> {
        match asked.act {
            Act::Create => {
                // Without the image the daemon says so, and the client pulls it and asks again.
                let found = self.facts.asked_container(asked).await?;
                Ok(found.map_or(Case::Allowed, |found| Case::Judge(Box::new(found), None)))
            }
            Act::ExecCreate => {
                let body = asked.fields()?;
                let (user, privileged) = (body.text("User")?, body.flag("Privileged")?);
                self.command(asked, &asked.name, user, privileged).await
            }
            Act::ExecStart => self.prepared_command(asked).await,
            Act::Update => self.update(asked).await,
            _ => Ok(match self.facts.existing(&asked.name, &asked.user).await? {
                Some(found) => Case::Judge(Box::new(found), None),
                None => Case::Absent("container"),
            }),
        }
    }

    async fn prepared_command(&self, asked: &Asked) -> Result<Case, NoFact> {
        let Some(node) = self.facts.exec(&asked.name).await? else {
            return Ok(Case::Absent("command"));
        };
        let exec = Fields::of("the command", &node)?;
        let process = exec.fields("ProcessConfig")?;
        let (user, privileged) = (process.text("user")?, process.flag("privileged")?);
        self.command(asked, exec.text("ContainerID")?, user, privileged).await
    }

    /// A command in a running container: judged for what it may beyond the container itself.
    async fn command(
        &self,
        asked: &Asked,
        container: &str,
        user: &str,
        privileged: bool,
    ) -> Result<Case, NoFact> {
        if user.is_empty() && !privileged {
            return Ok(Case::Allowed);
        }
        let Some(found) = self.facts.existing(container, &asked.user).await? else {
            return Ok(Case::Absent("container"));
        };
        let mut workload = found.with(|spec| {
            spec.privileged |= privileged;
            if !user.is_empty() {
                spec.user = Some(user.to_owned());
            }
        });
        "command in container".clone_into(&mut workload.kind);
        let already = Some(Box::new(found.workload.clone()));
        Ok(Case::Judge(Box::new(Found { workload, ..found }), already))
    }

    /// New limits: judged for what they loosen.
    async fn update(&self, asked: &Asked) -> Result<Case, NoFact> {
        let Some(found) = self.facts.existing(&asked.name, &asked.user).await? else {
            return Ok(Case::Absent("container"));
        };
        let body = asked.fields()?;
        let new = spec::read(
            &Fields::of("", &super::json::Node::Null)?,
            &body,
            &self.facts.defaults().await?,
        )?;
        let lifts_pids = body.integer("PidsLimit")?.is_some();
        let lifts_cpu = body.integer("CpuQuota")?.is_some_and(|quota| quota < 0);
        let workload = found.with(|spec| loosen(spec, new, lifts_pids, lifts_cpu));
        let already = Some(Box::new(found.workload.clone()));
        Ok(Case::Judge(Box::new(Found { workload, ..found }), already))
    }

    /// The refusal of a kind of request that is not allowed; `None` when it is.
    fn refused_group(&self, asked: &Asked, group: Group) -> Option<AuthzAnswer> {
        let privileged = matches!(asked.act, Act::ExecCreate)
            && asked.fields().and_then(|body| body.flag("Privileged")).unwrap_or(true);
        let group = if privileged { Group::ExecPrivileged } else { group };
        let config = self.court.config();
        if config.docker.endpoints.allows(group, &asked.user)
            || self.court.broken_glass(Covers::Endpoints, &asked.action).is_some()
        {
            return None;
        }
        let how = format!("To allow it: `{group}: allow` below docker.endpoints in agent.yaml");
        let how =
            if config.contact.is_empty() { how } else { format!("{how}\n{}", config.contact) };
        let what = format!("`{}` ({group})", asked.action);
        self.court.counters().count(Counter::Rejected);
        eprintln!("lazaret agent: {what} by {:?} is refused", asked.user);
        Some(AuthzAnswer::deny(not_allowed(&what, group.danger(), &how)))
    }

    fn reject_unclear(&self, unclear: &Unclear) -> AuthzAnswer {
        if let Unclear::Route(what) = unclear
            && self.court.broken_glass(Covers::Endpoints, what).is_some()
        {
            return AuthzAnswer::allow();
        }
        self.reject(&unclear.to_string())
    }

    fn reject(&self, why: &str) -> AuthzAnswer {
        self.court.counters().count(Counter::Rejected);
        eprintln!("lazaret agent: a request is refused: {}", one_line(why));
        AuthzAnswer::deny(not_allowed("this request", why, ""))
    }

    /// A refusal for want of facts: recorded like a judgement.
    fn refuse(&self, asked: &Asked, began: Instant, why: &str) -> AuthzAnswer {
        let workload = Workload {
            engine: Engine::Docker,
            kind: "container".to_owned(),
            name: asked.name.clone(),
            containers: vec![ContainerSpec::default()],
            ..Workload::default()
        };
        let found = Found { workload, ..Found::default() };
        answer_of(self.court.refuse(self.ask(asked, found, None, began), why))
    }
}

/// A text of a client in the log: no line but its own.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn loosen(spec: &mut ContainerSpec, new: ContainerSpec, lifts_pids: bool, lifts_cpu: bool) {
    spec.memory_limit_bytes = new.memory_limit_bytes.or(spec.memory_limit_bytes);
    if new.cpu_limit_millicores.is_some() || lifts_cpu {
        spec.cpu_limit_millicores = new.cpu_limit_millicores;
    }
    if lifts_pids {
        spec.pids_limit = new.pids_limit;
    }
    spec.devices.extend(new.devices);
}

fn answer_of(ruling: Ruling) -> AuthzAnswer {
    match ruling.decision {
        Decision::Allow | Decision::Warn => AuthzAnswer::allow(),
        Decision::Deny => AuthzAnswer::deny(ruling.message),
    }
}
