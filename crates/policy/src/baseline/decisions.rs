//! What people have decided about a baseline: exceptions to live with, and attestations of what no
//! program can see.

use model::{BaselineResult, Outcome};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::PolicyError;
use crate::day::Day;
use crate::glob::Glob;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::Source;

/// Exceptions and attestations, as a team keeps them beside its rules.
#[derive(Debug, Clone, Default)]
pub struct BaselineDecisions {
    exceptions: Vec<Decided>,
    attestations: Vec<Decided>,
}

/// One decision: about what, by whom, why, until when.
#[derive(Debug, Clone)]
pub struct Decided {
    /// A recommendation's number, or its alias such as `1.6:2.7`.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Why; for an attestation, what was found.
    pub reason: String,
    /// The last day it holds, `YYYY-MM-DD`; `None` for no end.
    pub expires: Option<String>,
    objects: Vec<Glob>,
}

/// What became of the decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuledOut {
    /// One line for each decision that has expired or speaks of nothing.
    pub stale: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDecisions {
    #[serde(default)]
    exceptions: Vec<RawDecided>,
    #[serde(default)]
    attestations: Vec<RawDecided>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDecided {
    id: Spanned<String>,
    #[serde(default)]
    objects: Vec<Spanned<String>>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Option<Spanned<String>>,
}

impl BaselineDecisions {
    /// Reads a file of `exceptions` and `attestations`. `file` is what diagnostics call it.
    ///
    /// # Errors
    /// It is no such file, or a decision names no owner, no reason or no day.
    pub fn parse(file: &str, text: &str) -> Result<BaselineDecisions, PolicyError> {
        let source = Source { file, text };
        let raw: RawDecisions = source.read()?;
        let all = |raw: Vec<RawDecided>| {
            if raw.len() > POLICY_MAX_ENTRIES {
                let message = format!("it has more than {POLICY_MAX_ENTRIES} entries");
                return Err(PolicyError::whole(file, message));
            }
            raw.into_iter().map(|raw| decided(&source, raw)).collect()
        };
        Ok(BaselineDecisions {
            exceptions: all(raw.exceptions)?,
            attestations: all(raw.attestations)?,
        })
    }

    /// Marks the results that an exception covers, and lets those pass that are left to a human
    /// and that somebody attests. `today` is `YYYY-MM-DD`; what is no day counts as later than
    /// every day. What failed stays failed: no attestation talks a fact away.
    pub fn apply(&self, results: &mut [BaselineResult], today: &str) -> RuledOut {
        let today = Day::parse(today).unwrap_or(Day::LAST);
        let mut ruled_out = RuledOut::default();
        for attestation in &self.attestations {
            let attest = |result: &mut BaselineResult| {
                result.outcome = Outcome::Pass;
                result.evidence =
                    format!("attested by {}: {}", attestation.owner, attestation.reason);
                result.remediation.clear();
            };
            let waits = |outcome| outcome == Outcome::NeedsHuman;
            ruled_out.stale.extend(attestation.rule(results, today, waits, attest));
        }
        for exception in &self.exceptions {
            let until = exception.expires.as_deref().unwrap_or("no end");
            let except = |result: &mut BaselineResult| {
                result.excepted =
                    format!("{} (owner {}, until {until})", exception.reason, exception.owner);
            };
            let open =
                |outcome| matches!(outcome, Outcome::Fail | Outcome::NeedsHuman | Outcome::Error);
            ruled_out.stale.extend(exception.rule(results, today, open, except));
        }
        ruled_out
    }
}

impl Decided {
    /// Changes the results it speaks of; a line when it is stale.
    fn rule(
        &self,
        results: &mut [BaselineResult],
        today: Day,
        takes: impl Fn(Outcome) -> bool,
        change: impl Fn(&mut BaselineResult),
    ) -> Option<String> {
        let expired = self
            .expires
            .as_deref()
            .is_some_and(|last| Day::parse(last).is_none_or(|last| today > last));
        let mut used = false;
        for result in results.iter_mut().filter(|r| takes(r.outcome) && self.names(r)) {
            used = true;
            if !expired {
                change(result);
            }
        }
        let why = match &self.expires {
            Some(last) if expired => format!("expired on {last}"),
            _ if used => return None,
            _ => "speaks of nothing".to_owned(),
        };
        Some(format!("{} (owner {}): {why}", self.id, self.owner))
    }

    fn names(&self, result: &BaselineResult) -> bool {
        let named = result.id == self.id || result.aliases.contains(&self.id);
        named
            && (self.objects.is_empty()
                || self.objects.iter().any(|glob| glob.matches(&result.object)))
    }
}

fn decided(source: &Source<'_>, raw: RawDecided) -> Result<Decided, PolicyError> {
    for (what, value) in [("id", &raw.id), ("owner", &raw.owner), ("reason", &raw.reason)] {
        if value.value.trim().is_empty() {
            return Err(source.mistake(value, format!("`{what}` is empty")));
        }
    }
    if let Some(expires) = raw.expires.as_ref().filter(|day| Day::parse(&day.value).is_none()) {
        let message = format!("`{}` is not a day: expected YYYY-MM-DD", expires.value);
        return Err(source.mistake(expires, message));
    }
    let glob = |object: &Spanned<String>| {
        Glob::new(&object.value).map_err(|why| source.mistake(object, why))
    };
    Ok(Decided {
        objects: raw.objects.iter().map(glob).collect::<Result<_, _>>()?,
        id: raw.id.value,
        owner: raw.owner.value,
        reason: raw.reason.value,
        expires: raw.expires.map(|day| day.value),
    })
}
