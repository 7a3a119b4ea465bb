//! `Court`: from a workload to a ruling.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use model::{
    ContainerSpec, Decision, DecisionRecord, Digest, Engine, Gate, Reason, Report, Verdict,
    Workload,
};
use policy::{OnMissing, WorkloadVerdict};
use store::{CachedReports, Store, StoredReport};

use super::message::with_contact;
use super::rules::{Held, Holding};
use super::{BreakGlass, Counter, Counters, Covers, Journal, Rules, Scanner, judging};
use crate::AgentError;
use crate::config::AgentConfig;
use crate::limits::REPORTS_CACHED_BYTES;

/// The name under which refusals without a rule of the policy are recorded.
const NO_JUDGEMENT: &str = "fail-closed";

/// A question to the court.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who asks.
    pub gate: Gate,
    /// What is to happen, in the gate's words.
    pub action: String,
    /// What wants to start.
    pub workload: Workload,
    /// What else the first container's image is called. A name can only bring an image under a
    /// rule, so each is judged and the strongest verdict holds.
    pub names: Vec<String>,
    /// What is so already, when only what is added to it counts: a command in a running container.
    pub already: Option<Box<Workload>>,
    /// Why a refusal is not carried out, such as that it runs already; `None` when it is.
    pub spared: Option<&'static str>,
    /// When the gate was asked.
    pub began: Instant,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// What the gate has to do: anything but `Deny` lets the workload in.
    pub decision: Decision,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// Why the decision is other than the verdict; empty when it is not.
    pub because: String,
    /// What the user is told when it is refused; empty when it is not.
    pub message: String,
}

/// Rules, reports and records behind every gate of a machine.
#[derive(Debug)]
pub struct Court {
    holding: Holding,
    reports: CachedReports,
    scanner: Option<Scanner>,
    journal: Journal,
    counters: Arc<Counters>,
}

/// What was found for one question.
struct Judged {
    said: WorkloadVerdict,
    reports: Vec<Option<Digest>>,
    missing: Vec<ContainerSpec>,
}

impl Court {
    /// A court over a store. The configuration and its policy are read; a policy that cannot be
    /// used makes every ruling a refusal until it is reloaded. Without a scanner nothing is
    /// scanned and what the policy says of images without a report holds.
    pub fn open(
        config_file: &Path,
        store: Arc<Store>,
        scanner: Option<Scanner>,
    ) -> Result<Court, AgentError> {
        let counters = Arc::new(Counters::default());
        // A connection of its own: whoever asks for a report does not wait for a record's disk.
        let records = Arc::new(Store::open(store.path())?);
        let holding = Holding::load(config_file)?;
        let keep = holding.now().config.decisions;
        let journal = Journal::start(records, Arc::clone(&counters), keep);
        Ok(Court {
            holding,
            reports: CachedReports::bounded(store, REPORTS_CACHED_BYTES),
            scanner,
            journal,
            counters,
        })
    }

    /// The configuration that holds now.
    pub fn config(&self) -> AgentConfig {
        self.holding.now().config
    }

    /// The rules that hold now, or why there are none.
    pub fn rules(&self) -> Result<Arc<Rules>, String> {
        self.holding.now().rules
    }

    /// Reads configuration and policy again; when either is broken, the old ones go on to hold.
    pub fn reload(&self) -> Result<Arc<Rules>, AgentError> {
        self.holding.reload()
    }

    /// What the gates did so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A start waits for what is written down: old decisions are left to others.
    pub(crate) fn hasten(&self) {
        self.journal.hasten();
    }

    /// Writes down what waits to be written.
    pub fn finish(&self) {
        self.journal.finish();
    }

    /// Decides, and records the decision. Never fails: what cannot be decided is refused.
    pub async fn rule(self: &Arc<Self>, ask: Ask) -> Ruling {
        self.counters.count(Counter::Judged);
        let held = self.holding.now();
        let judged = match &held.rules {
            Ok(rules) => self.judged(&ask, rules).await,
            Err(why) => Err(format!("there is no policy to judge by: {why}")),
        };
        let judged = judged.unwrap_or_else(|why| {
            self.counters.count(Counter::Failed);
            refuse_blindly(&ask.workload, &why)
        });
        self.conclude(ask, &held, judged)
    }

    /// Refuses without judging, such as when the engine does not answer; the break-glass file can
    /// turn that too.
    pub fn refuse(&self, ask: Ask, why: &str) -> Ruling {
        self.counters.count(Counter::Failed);
        let judged = refuse_blindly(&ask.workload, why);
        self.conclude(ask, &self.holding.now(), judged)
    }

    /// Looks whether the break-glass file opens something; a use is counted and told.
    pub fn broken_glass(&self, what: Covers, action: &str) -> Option<BreakGlass> {
        let path = self.holding.now().config.break_glass;
        match BreakGlass::look(&path, what, Timestamp::now()) {
            Ok(Some(glass)) => {
                self.counters.count(Counter::BrokenGlass);
                eprintln!("lazaret agent: {action} is let through: {glass}");
                Some(glass)
            }
            Ok(None) => None,
            Err(why) => {
                eprintln!("lazaret agent: {} opens nothing: {why}", path.display());
                None
            }
        }
    }

    async fn judged(self: &Arc<Self>, ask: &Ask, rules: &Arc<Rules>) -> Result<Judged, String> {
        let judged = self.judge_aside(ask, rules).await?;
        let OnMissing::ScanNow { deadline_ms, .. } = rules.policy.on_missing else {
            return Ok(judged);
        };
        let Some(scanner) = self.scanner.as_ref().filter(|_| !judged.missing.is_empty()) else {
            return Ok(judged);
        };
        let deadline = Instant::now() + Duration::from_millis(deadline_ms);
        let mut told = Vec::new();
        for container in &judged.missing {
            let Some(image) = scan_word(ask.workload.engine, container) else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            if let Err(why) = scanner.scan(&image, left, &self.counters).await {
                eprintln!("lazaret agent: scan of {image}: {why}");
                told.push(why);
            }
        }
        let mut judged = self.judge_aside(ask, rules).await?;
        if let Some(why) = told.first() {
            judging::tell_of_scan(&mut judged.said, why);
        }
        Ok(judged)
    }

    /// Judges on a thread that may wait for the disk.
    async fn judge_aside(
        self: &Arc<Self>,
        ask: &Ask,
        rules: &Arc<Rules>,
    ) -> Result<Judged, String> {
        let (court, ask, rules) = (Arc::clone(self), ask.clone(), Arc::clone(rules));
        let judged = tokio::task::spawn_blocking(move || court.judge(&ask, &rules)).await;
        judged.map_err(|error| format!("the judge failed: {error}"))?
    }

    fn judge(&self, ask: &Ask, rules: &Rules) -> Result<Judged, String> {
        let containers = &ask.workload.containers;
        let reports: Vec<Option<Arc<StoredReport>>> =
            containers.iter().map(|container| self.report(container)).collect::<Result<_, _>>()?;
        let facts: Vec<Option<&Report>> =
            reports.iter().map(|stored| stored.as_deref().map(|stored| &stored.report)).collect();
        let said = judging::strongest(ask, &facts, &rules.policy, &today());
        let missing = containers.iter().zip(&reports).filter(|(_, report)| report.is_none());
        Ok(Judged {
            said,
            missing: missing.map(|(container, _)| container.clone()).collect(),
            reports: reports.iter().map(|r| r.as_ref().map(|r| r.digest.clone())).collect(),
        })
    }

    fn report(&self, container: &ContainerSpec) -> Result<Option<Arc<StoredReport>>, String> {
        let image = &container.image;
        let mut found = None;
        if let Some(id) = &image.image_id {
            found = self.reports.by_image(id).map_err(|error| error.to_string())?;
        }
        // A containerd image store calls an image by its manifest.
        for digest in [&image.manifest_digest, &image.image_id].into_iter().flatten() {
            if found.is_none() {
                found = self.reports.by_manifest(digest).map_err(|error| error.to_string())?;
            }
        }
        Ok(found)
    }

    fn conclude(&self, ask: Ask, held: &Held, judged: Judged) -> Ruling {
        let Judged { said, reports, .. } = judged;
        let WorkloadVerdict { verdict, mut enforced, mut because, message, .. } = said;
        if enforced == Decision::Deny
            && let Some(why) = ask.spared
        {
            enforced = Decision::Allow;
            because = why.to_owned();
        }
        if enforced == Decision::Deny
            && ask.gate != Gate::Reconcile
            && let Some(glass) = self.broken_glass(Covers::Starts, &ask.action)
        {
            enforced = Decision::Allow;
            because = glass.to_string();
        }
        let message = match enforced {
            Decision::Deny => with_contact(&message, &held.config.contact),
            Decision::Allow | Decision::Warn => String::new(),
        };
        if enforced == Decision::Deny {
            self.counters.count(Counter::Refused);
            tell(&ask, &verdict);
        }
        let no_policy = || Digest::sha256(&[0; 32]);
        self.journal.record(DecisionRecord {
            at: Timestamp::now(),
            gate: ask.gate,
            action: ask.action,
            workload: ask.workload,
            reports,
            policy: held.rules.as_ref().map_or_else(|_| no_policy(), |rules| rules.digest.clone()),
            verdict: verdict.clone(),
            enforced,
            because: because.clone(),
            duration_us: u64::try_from(ask.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
        Ruling { decision: enforced, verdict, because, message }
    }
}

/// A refusal in the log, on one line.
fn tell(ask: &Ask, verdict: &Verdict) {
    let images = ask.workload.containers.iter().map(|container| &container.image.reference);
    let images: Vec<String> = images.map(|image| format!("{image:?}")).collect();
    let rules: Vec<&str> = verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    let (images, rules) = (images.join(", "), rules.join(", "));
    eprintln!("lazaret agent: {} of {images} is refused by {rules}", ask.action);
}

/// Today's date in UTC, as the judge reads it.
fn today() -> String {
    Timestamp::now().to_string().chars().take(10).collect()
}

/// The image as the command line's `scan` takes it.
fn scan_word(engine: Engine, container: &ContainerSpec) -> Option<String> {
    let prefix = match engine {
        Engine::Docker => "docker",
        Engine::Podman => "podman",
        Engine::Containerd => "containerd",
        Engine::CriO | Engine::Kubernetes | Engine::Unknown => return None,
    };
    // containerd finds an image by its name only. When that stands for another by now, the report
    // that is made speaks for that one.
    let by_name = engine == Engine::Containerd && !container.image.reference.is_empty();
    let digest = container.image.image_id.as_ref().filter(|_| !by_name);
    let image = digest.map_or(container.image.reference.as_str(), |digest| digest.as_str());
    (!image.is_empty()).then(|| format!("{prefix}:{image}"))
}

/// The refusal when there is no judgement.
fn refuse_blindly(workload: &Workload, why: &str) -> Judged {
    let reason = Reason {
        rule: NO_JUDGEMENT.to_owned(),
        decision: Decision::Deny,
        message: format!("it cannot be judged: {why}"),
        findings: Vec::new(),
    };
    let message = judging::refused(workload, &[&reason]);
    let verdict = Verdict { decision: Decision::Deny, reasons: vec![reason] };
    let said = WorkloadVerdict {
        verdict,
        enforced: Decision::Deny,
        message,
        ..WorkloadVerdict::default()
    };
    Judged { said, reports: vec![None; workload.containers.len()], missing: Vec::new() }
}
