//! Admission: the questions of a Kubernetes API server, answered by the judge from stored reports.
//!
//! Where in the flow: `http` brings a parsed review; `asked` tells whether it is judged at all;
//! reports come from the store, by digest; `policy` decides; the decision is written down before
//! the answer goes out. Nothing here asks a registry or reads an image.

mod answer;
mod asked;
mod break_glass;
mod image_review;
mod pinning;
mod review;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use base64::Engine as _;
use model::{Decision, DecisionRecord, Digest, Gate, Timestamp, Workload};
use policy::{Policy, WorkloadVerdict, judge_workload};
use serde_json::Value;
use store::{CachedReports, Store, StoredReport};

pub use asked::BREAK_GLASS;
pub(crate) use break_glass::CONTROLLERS;
pub use image_review::{ImageReview, ImageReviewAnswer, ImageReviewStatus};
pub(crate) use pinning::pinned_digest;
pub use review::{AdmissionRequest, AdmissionResponse, AdmissionReview, ReviewAnswer, UserInfo};

use crate::ServerError;
use crate::limits::{CONTAINERS_MAX, WARNING_MAX_CHARS};
use crate::metrics::{Ending, Metrics};
use answer::one_line;
use asked::{Asked, Subject, asked};
use break_glass::Glass;

/// How admission behaves, apart from the policy.
#[derive(Debug, Clone)]
pub struct AdmissionSettings {
    /// Namespaces, by name, in which nothing is judged.
    pub exempt_namespaces: Vec<String>,
    /// Groups whose members may break the glass.
    pub break_glass_groups: Vec<String>,
    /// Judge a pod's tag by what it meant at its last scan, where nothing pins it to a digest.
    pub judge_tags: bool,
}

/// The gate: policy, reports and the log of decisions. Threads share it.
#[derive(Debug)]
pub struct Admission {
    reports: CachedReports,
    /// A connection of its own, so that looking up never waits for writing down.
    decisions: Store,
    policy: RwLock<Arc<Law>>,
    settings: AdmissionSettings,
    /// What it counts.
    pub metrics: Metrics,
}

/// A policy and its digest.
#[derive(Debug)]
struct Law {
    policy: Policy,
    digest: Digest,
}

/// A question on its way to the judge.
struct Question<'a> {
    gate: Gate,
    action: String,
    workload: Workload,
    /// Whether a name without a digest is looked up by what it last meant.
    by_name: bool,
    is_dry_run: bool,
    glass: &'a Glass,
    begun: Instant,
}

impl Admission {
    /// A gate over the store at this path.
    pub fn new(
        store: &std::path::Path,
        policy: Policy,
        settings: AdmissionSettings,
    ) -> Result<Admission, ServerError> {
        Ok(Admission {
            reports: CachedReports::new(Arc::new(Store::open(store)?)),
            decisions: Store::open(store)?,
            policy: RwLock::new(Arc::new(Law::new(policy))),
            settings,
            metrics: Metrics::default(),
        })
    }

    /// From now on this policy decides.
    pub fn replace_policy(&self, policy: Policy) {
        let law = Arc::new(Law::new(policy));
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = law;
    }

    /// Whether the store answers.
    pub fn check(&self) -> Result<(), ServerError> {
        self.reports.store().latest_reports(1)?;
        self.decisions.latest_decisions(1)?;
        Ok(())
    }

    /// A review was read and not answered in time.
    pub(crate) fn count_unanswered(&self) {
        self.metrics.count(Ending::Failed, crate::limits::DEADLINE);
    }

    /// The store that reports are taken into.
    pub(crate) fn store(&self) -> &Arc<Store> {
        self.reports.store()
    }

    /// Answers the validating webhook.
    pub fn validate(&self, review: &AdmissionReview) -> AdmissionResponse {
        let begun = Instant::now();
        let request = &review.request;
        let (response, ending) = match asked(request, &self.settings.exempt_namespaces) {
            Asked::LetIn(why) => (let_in(why), Ending::Exempt),
            Asked::Judge(subject) => self.validate_subject(request, &subject, begun),
        };
        self.metrics.count(ending, begun.elapsed());
        response
    }

    fn validate_subject(
        &self,
        request: &AdmissionRequest,
        subject: &Subject,
        begun: Instant,
    ) -> (AdmissionResponse, Ending) {
        let user = &request.user_info;
        let groups = &self.settings.break_glass_groups;
        let glass = break_glass::weigh(subject.break_glass.as_deref(), user, groups);
        if let Glass::Refused(why) = glass {
            return (
                AdmissionResponse::deny(format!("lazaret refuses this: {why}")),
                Ending::Denied,
            );
        }
        let workload = match workload_of(request, subject) {
            Ok(workload) => workload,
            Err(why) => return unjudged(&why),
        };
        let question = Question {
            gate: Gate::Admission,
            action: request.action(),
            workload,
            by_name: self.settings.judge_tags || !subject.is_pod,
            is_dry_run: request.is_dry_run(),
            glass: &glass,
            begun,
        };
        match self.judge(question) {
            Ok((judged, law)) => (answer::answer(&judged, &law.digest), ending_of(&judged, &glass)),
            Err(error) => unjudged(&error.to_string()),
        }
    }

    /// Answers the mutating webhook: tags of new images become digests.
    pub fn mutate(&self, review: &AdmissionReview) -> AdmissionResponse {
        let request = &review.request;
        match asked(request, &self.settings.exempt_namespaces) {
            Asked::Judge(subject) if subject.is_pod => {}
            Asked::Judge(_) => return let_in("only pods are pinned"),
            Asked::LetIn(why) => return let_in(why),
        }
        let known = |reference: &str| self.last_meaning(reference);
        match pinning::patch(request, known) {
            Ok((steps, _)) if steps.is_empty() => AdmissionResponse::allow(),
            Ok((steps, pinned)) => {
                self.metrics.count_pinned(pinned);
                let patch = Value::from(steps).to_string();
                AdmissionResponse {
                    patch: Some(base64::engine::general_purpose::STANDARD.encode(patch)),
                    patch_type: Some("JSONPatch"),
                    ..AdmissionResponse::allow()
                }
            }
            Err(error) => unjudged(&error.to_string()).0,
        }
    }

    /// Answers the ImagePolicyWebhook. It tells neither who asks nor whether it is a dry run, so
    /// the glass cannot be broken here and every question is written down.
    pub fn review_images(&self, review: &ImageReview) -> ImageReviewStatus {
        let begun = Instant::now();
        if self.settings.exempt_namespaces.iter().any(|name| name == review.namespace()) {
            self.metrics.count(Ending::Exempt, begun.elapsed());
            return ImageReviewStatus { allowed: true, ..ImageReviewStatus::default() };
        }
        let question = Question {
            gate: Gate::ImageReview,
            action: "ImageReview".to_owned(),
            workload: review.workload(),
            by_name: true,
            is_dry_run: false,
            glass: &Glass::Whole,
            begun,
        };
        let (status, ending) = match self.judge(question) {
            Ok((judged, law)) => {
                let allowed = judged.enforced != Decision::Deny;
                let reason = if allowed { String::new() } else { judged.message.clone() };
                let audit_annotations = answer::audit(&judged, &law.digest);
                (
                    ImageReviewStatus { allowed, reason, audit_annotations },
                    ending_of(&judged, &Glass::Whole),
                )
            }
            Err(error) => {
                let reason = format!("lazaret cannot judge this: {error}");
                (ImageReviewStatus { reason, ..ImageReviewStatus::default() }, Ending::Failed)
            }
        };
        self.metrics.count(ending, begun.elapsed());
        status
    }

    /// Asks the judge, and writes down what was decided. An error means that nothing may start.
    fn judge(&self, question: Question<'_>) -> Result<(WorkloadVerdict, Arc<Law>), ServerError> {
        let law = self.policy.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reports = self.reports_of(&question.workload, question.by_name)?;
        let spoken: Vec<_> = reports.iter().map(|r| r.as_deref().map(|r| &r.report)).collect();
        let now = Timestamp::now();
        let today = now.strftime("%Y-%m-%d").to_string();
        let mut judged = judge_workload(&question.workload, &spoken, &law.policy, &today);
        if let (Glass::Broken(why), Decision::Deny) = (question.glass, judged.enforced) {
            judged.enforced = Decision::Warn;
            judged.because = format!("break-glass: {}", one_line(why, WARNING_MAX_CHARS));
        }
        if !question.is_dry_run {
            let duration = question.begun.elapsed().as_micros();
            self.decisions.append_decision(&DecisionRecord {
                at: now,
                gate: question.gate,
                action: question.action,
                workload: question.workload,
                reports: reports.iter().map(|r| r.as_ref().map(|r| r.digest.clone())).collect(),
                policy: law.digest.clone(),
                verdict: judged.verdict.clone(),
                enforced: judged.enforced,
                because: judged.because.clone(),
                duration_us: u64::try_from(duration).unwrap_or(u64::MAX),
            })?;
        }
        Ok((judged, law))
    }

    fn reports_of(
        &self,
        workload: &Workload,
        by_name: bool,
    ) -> Result<Vec<Option<Arc<StoredReport>>>, ServerError> {
        let report = |container: &model::ContainerSpec| {
            let image = &container.image;
            if let Some(digest) = &image.manifest_digest
                && let Some(report) = self.reports.by_manifest(digest)?
            {
                return Ok(Some(report));
            }
            // The digest of an index is known only by the scan that was given it; a tag is what
            // it last meant.
            if image.manifest_digest.is_none() && !by_name {
                return Ok(None);
            }
            match self.last_meaning(&image.reference)? {
                Some(digest) => Ok(self.reports.by_manifest(&digest)?),
                None => Ok(None),
            }
        };
        workload.containers.iter().map(report).collect()
    }

    /// The manifest that a reference stood for at its newest scan from a registry.
    fn last_meaning(&self, reference: &str) -> Result<Option<Digest>, ServerError> {
        let mut newest: Option<store::Pin> = None;
        for name in pinning::spellings(reference) {
            let found = self.reports.store().pin(&name)?;
            newest = match (newest, found) {
                (Some(old), Some(new)) if new.scanned_at > old.scanned_at => Some(new),
                (old, new) => old.or(new),
            };
        }
        Ok(newest.map(|pin| pin.manifest))
    }
}

impl Law {
    fn new(policy: Policy) -> Law {
        let digest = policy.digest();
        Law { policy, digest }
    }
}

/// What wants to start, with who asks. An error says why it cannot be read.
fn workload_of(request: &AdmissionRequest, subject: &Subject) -> Result<Workload, String> {
    if !subject.pod["spec"].is_object() {
        return Err(format!("the {} has no pod to read", subject.kind));
    }
    let mut workload =
        policy::workload::from_pod(&subject.pod).map_err(|error| error.to_string())?;
    workload.kind.clone_from(&subject.kind);
    workload.namespace.clone_from(&request.namespace);
    let name = request.subject();
    workload.name = name.rsplit_once('/').map_or(name.clone(), |(_, name)| name.to_owned());
    workload.actor = Some(model::Actor {
        user: request.user_info.username.clone(),
        groups: request.user_info.groups.clone(),
    });
    match workload.containers.len() {
        0..=CONTAINERS_MAX => Ok(workload),
        count => Err(format!("{count} containers, {CONTAINERS_MAX} at most")),
    }
}

fn let_in(why: &str) -> AdmissionResponse {
    let audit_annotations = [("unjudged".to_owned(), why.to_owned())].into();
    AdmissionResponse { audit_annotations, ..AdmissionResponse::allow() }
}

fn unjudged(why: &str) -> (AdmissionResponse, Ending) {
    let message = format!("lazaret cannot judge this, so it may not start: {why}");
    (AdmissionResponse::unjudged(message), Ending::Failed)
}

fn ending_of(judged: &WorkloadVerdict, glass: &Glass) -> Ending {
    match (judged.enforced, judged.verdict.decision) {
        (Decision::Deny, _) => Ending::Denied,
        (_, Decision::Deny) if matches!(glass, Glass::Broken(_)) => Ending::BreakGlass,
        (_, Decision::Deny) => Ending::Observed,
        (_, Decision::Warn) => Ending::Warned,
        (_, Decision::Allow) => Ending::Allowed,
    }
}
