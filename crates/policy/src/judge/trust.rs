//! Judging trust at a gate: the policy's demands on what is about to run.
//!
//! The report was made under some name, and the container is asked for under another: each name's
//! scope must be content. A demand on the name itself is met only by a name that stands for the
//! digest; the signatures are those that the scan found and checked.

use std::collections::BTreeSet;

use model::{Decision, Distrust, Finding, FindingKind, ImageRef, Report, TrustResult};

use crate::scope::Names;
use crate::trust::{TrustFacts, TrustPolicy, distrust, judge_trust};

/// The demands of a trust policy that are not met.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Demands {
    /// A finding for each.
    pub(crate) unmet: Vec<Finding>,
    /// What they decide at most.
    pub(crate) mode: Decision,
}

/// The kinds of requirement that can be decided before an image was looked at.
const OF_THE_NAME: [&str; 3] = ["registry", "digest", "refused"];

/// Asks what a trust policy demands of a container's image.
pub(super) fn demands(policy: &TrustPolicy, names: &Names, subject: &Subject<'_>) -> Demands {
    let mut demands = Demands::default();
    let proven = names.proven.iter().map(|name| (Some(name), true));
    let claimed = names.claimed.iter().filter(|name| !names.proven.contains(name));
    let mut asked: Vec<(Option<&ImageRef>, bool)> =
        proven.chain(claimed.map(|name| (Some(name), false))).collect();
    if asked.is_empty() {
        asked.push((None, false));
    }
    for (name, is_proven) in asked {
        let Some(scope) = policy.requirements(name) else { continue };
        let mut result = judge_trust(scope, &subject.facts(name));
        if !is_proven {
            doubt_the_name(&mut result);
        }
        if subject.report.is_none() {
            result.requirements.retain(|r| OF_THE_NAME.contains(&r.kind.as_str()));
        }
        let unmet = distrust(scope, &result);
        if !unmet.is_empty() {
            demands.mode = demands.mode.max(result.mode);
            demands.unmet.extend(unmet);
        }
    }
    tell_each_once(&mut demands.unmet);
    demands
}

/// One demand that two names of an image do not meet is one demand.
fn tell_each_once(unmet: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    unmet.retain(|finding| match &finding.kind {
        FindingKind::Trust(distrust) => {
            let Distrust { scope, requirement, demand, .. } = &**distrust;
            told.insert((scope.clone(), requirement.clone(), demand.clone()))
        }
        _ => true,
    });
}

/// What is asked about.
pub(super) struct Subject<'a> {
    pub(super) image: &'a model::ImageIdentity,
    pub(super) report: Option<&'a Report>,
}

impl Subject<'_> {
    fn facts(&self, name: Option<&ImageRef>) -> TrustFacts {
        let trust = self.report.and_then(|report| report.trust.as_ref());
        let mut facts = TrustFacts {
            name: self.image.reference.clone(),
            reference: name.cloned(),
            manifest: self.image.manifest_digest.clone(),
            ..TrustFacts::default()
        };
        if let Some(report) = self.report {
            facts.manifest = report.source.manifest_digest.clone().or(facts.manifest);
            facts.labels = report.image.config.labels.clone();
        }
        match trust {
            Some(trust) => {
                facts.index = trust.digest.clone();
                facts.signatures = trust.signatures.clone();
            }
            None => facts.unread.push(
                "its report was made without a trust policy: scan it with this one".to_owned(),
            ),
        }
        facts
    }
}

/// A demand on the name is not met by a name that anybody could have given.
fn doubt_the_name(result: &mut TrustResult) {
    for requirement in result.requirements.iter_mut().filter(|r| r.kind == "registry" && r.met) {
        requirement.met = false;
        requirement.reason = "the name is only a tag on this host: scan the image from its \
                              registry, so that its digest is known to come from there"
            .to_owned();
    }
}
