//! Judging: a scope's demands and what is known of an image to a result and findings.

use std::collections::BTreeMap;

use model::{
    Digest, Distrust, Finding, FindingId, FindingKind, ImageRef, SignatureFact, TrustRequirement,
    TrustResult,
};

use super::scope::{Demand, Quorum, Scope};
use super::{Pattern, ReferenceMatch};
use crate::limits::NAMED_IN_REASON;

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrustFacts {
    /// The image as asked, for the report.
    pub name: String,
    /// The reference, if the image has one.
    pub reference: Option<ImageRef>,
    /// The digest of the index that the reference stands for; `None` when it stands for a manifest.
    pub index: Option<Digest>,
    /// The digest of the manifest that was looked at, the one that would run.
    pub manifest: Option<Digest>,
    /// The labels of the image.
    pub labels: BTreeMap<String, String>,
    /// The signatures, checked against the scope's authorities.
    pub signatures: Vec<SignatureFact>,
    /// Places where signatures may lie and that could not be read, with the reason.
    pub unread: Vec<String>,
}

/// Compares what is demanded with what is known.
pub fn judge_trust(scope: &Scope, facts: &TrustFacts) -> TrustResult {
    let reference = facts.reference.as_ref();
    TrustResult {
        scope: scope.name.clone(),
        reference: reference.map_or_else(|| facts.name.clone(), ToString::to_string),
        digest: facts.index.clone().or_else(|| facts.manifest.clone()),
        mode: scope.mode,
        requirements: scope.demands.iter().flat_map(|demand| ask(demand, facts)).collect(),
        signatures: facts.signatures.clone(),
    }
}

/// A finding for each requirement that is not met.
pub fn distrust(scope: &Scope, result: &TrustResult) -> Vec<Finding> {
    let unmet = result.requirements.iter().filter(|requirement| !requirement.met);
    unmet
        .map(|TrustRequirement { kind, demand, reason, .. }| {
            let parts = ["trust", &result.scope, &result.reference, kind, demand];
            let distrust = Distrust {
                scope: result.scope.clone(),
                reference: result.reference.clone(),
                requirement: kind.clone(),
                demand: demand.clone(),
                reason: reason.clone(),
            };
            Finding {
                id: FindingId::of(&parts),
                severity: scope.severity,
                base: false,
                kind: FindingKind::Trust(Box::new(distrust)),
            }
        })
        .collect()
}

/// The requirements that a demand comes to.
fn ask(demand: &Demand, facts: &TrustFacts) -> Vec<TrustRequirement> {
    match demand {
        Demand::Registry(allowed) => {
            let registry = facts.reference.as_ref().map(|image| image.registry.as_str());
            vec![place(allowed, facts, "an allowed registry", registry)]
        }
        Demand::Repository(allowed) => {
            let name = facts.reference.as_ref().map(super::pattern::name_of);
            vec![place(allowed, facts, "an allowed repository", name.as_deref())]
        }
        Demand::Pinned => vec![pinned(facts)],
        Demand::Digest(pins) => vec![one_of(pins, facts)],
        Demand::Label { key, value } => {
            let demand = format!("label {key} is `{}`", value.as_str());
            let (met, reason) = match facts.labels.get(key) {
                None => (false, "the image has no such label".to_owned()),
                Some(found) => (value.matches(found), format!("it is `{}`", shortened(found))),
            };
            vec![requirement("label", demand, met, reason)]
        }
        Demand::Signature { .. } => signatures(demand, facts),
        Demand::Never(why) => {
            vec![requirement("refused", "images of this scope are refused".to_owned(), false, why)]
        }
    }
}

fn requirement(
    kind: &str,
    demand: String,
    met: bool,
    reason: impl Into<String>,
) -> TrustRequirement {
    TrustRequirement { kind: kind.to_owned(), demand, met, reason: reason.into() }
}

fn place(
    allowed: &[Pattern],
    facts: &TrustFacts,
    what: &str,
    found: Option<&str>,
) -> TrustRequirement {
    let image = facts.reference.as_ref();
    let met = image.is_some() && allowed.iter().any(|pattern| pattern.fits(image));
    let reason = found.map_or("the image has no reference".to_owned(), |found| match met {
        true => format!("it comes from {found}"),
        false => format!("it comes from {found}, which is not on the list"),
    });
    requirement("registry", format!("from {what}"), met, reason)
}

fn pinned(facts: &TrustFacts) -> TrustRequirement {
    let digest = facts.reference.as_ref().and_then(|image| image.digest.as_ref());
    let reason = match digest {
        Some(digest) => format!("the reference names {digest}"),
        None => "the reference names no digest: it may mean another image tomorrow".to_owned(),
    };
    requirement("digest", "pinned by digest".to_owned(), digest.is_some(), reason)
}

fn one_of(pins: &[Digest], facts: &TrustFacts) -> TrustRequirement {
    let found = [&facts.index, &facts.manifest].into_iter().flatten();
    let met = found.clone().find(|digest| pins.contains(digest));
    let reason = match (met, found.clone().next()) {
        (Some(digest), _) => format!("it is {digest}"),
        (None, Some(digest)) => format!("it is {digest}, which is not on the list"),
        (None, None) => "the digest of its manifest is not known".to_owned(),
    };
    requirement("digest", "one of the allowed digests".to_owned(), met.is_some(), reason)
}

fn signatures(demand: &Demand, facts: &TrustFacts) -> Vec<TrustRequirement> {
    let Demand::Signature { quorum, authorities, reference, .. } = demand else {
        return Vec::new();
    };
    let one = |names: &[String]| {
        let demand_in_words = format!("signed by {}{}", names.join(" or "), reference.in_words());
        let fit = |fact: &&SignatureFact| refusal(fact, names, demand, facts).is_none();
        match facts.signatures.iter().find(fit) {
            Some(fact) => requirement("signature", demand_in_words, true, holds(fact, facts)),
            None => {
                let reason = why_none(names, demand, facts);
                requirement("signature", demand_in_words, false, reason)
            }
        }
    };
    match quorum {
        Quorum::Any => vec![one(authorities)],
        Quorum::All => authorities.iter().map(|name| one(std::slice::from_ref(name))).collect(),
    }
}

/// Why a signature does not count; `None` when it does.
fn refusal(
    fact: &SignatureFact,
    names: &[String],
    demand: &Demand,
    facts: &TrustFacts,
) -> Option<String> {
    if let Some(failure) = &fact.failure {
        return Some(failure.clone());
    }
    let Demand::Signature { reference, .. } = demand else { return None };
    let by = fact.identity.as_ref();
    if !by.is_some_and(|by| names.contains(by)) {
        let by = by.map_or("nobody known", String::as_str);
        return Some(format!("it is by {by}"));
    }
    match &fact.signs {
        None => return Some("it signs no digest".to_owned()),
        Some(signed) if which(signed, facts).is_none() => {
            return Some(format!("it signs {signed}, not this image"));
        }
        Some(_) => {}
    }
    ReferenceMatch::check(reference, facts.reference.as_ref(), fact.reference.as_deref()).err()
}

/// What a digest is of this image; `None` when it is of another.
fn which(digest: &Digest, facts: &TrustFacts) -> Option<&'static str> {
    if facts.index.as_ref() == Some(digest) {
        Some("the index that the reference stands for")
    } else if facts.manifest.as_ref() == Some(digest) {
        Some("the manifest that was looked at")
    } else {
        None
    }
}

fn holds(fact: &SignatureFact, facts: &TrustFacts) -> String {
    let by = fact.identity.as_deref().unwrap_or_default();
    let signer = fact.signer.as_ref().map_or(String::new(), |signer| format!(" ({signer})"));
    let signed = fact.signs.as_ref();
    let what = signed.and_then(|digest| which(digest, facts)).unwrap_or_default();
    let digest = signed.map(ToString::to_string).unwrap_or_default();
    format!("{by}{signer} signed {digest}, {what}; {} at {}", fact.format, fact.found_at)
}

fn why_none(names: &[String], demand: &Demand, facts: &TrustFacts) -> String {
    let mut whys: Vec<String> = facts
        .signatures
        .iter()
        .take(NAMED_IN_REASON)
        .map(|fact| {
            let why = refusal(fact, names, demand, facts).unwrap_or_default();
            format!("{} at {}: {why}", fact.format, fact.found_at)
        })
        .collect();
    let more = facts.signatures.len().saturating_sub(NAMED_IN_REASON);
    if more > 0 {
        whys.push(format!("and {more} more"));
    }
    if whys.is_empty() {
        whys.push("no signature was found".to_owned());
    }
    whys.extend(facts.unread.iter().take(NAMED_IN_REASON).cloned());
    whys.join("; ")
}

fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 100;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
