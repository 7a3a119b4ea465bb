//! `Certificates`: the server's own certificate authority and the certificate it serves.
//!
//! Not for clusters with cert-manager: there the server serves what it is given. Everything here is
//! a function of what was there before and of the time; `folder` and `cluster` keep it.
//!
//! Rotation never leaves a moment in which the API server trusts the wrong authority:
//! at two thirds of an authority's life the next one joins the bundle; a day later, when every
//! webhook configuration has had the time to carry both, it begins to sign; the old one stays in
//! the bundle until it expires.

mod folder;
mod issue;
mod secret;

use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

pub use folder::CertificateFolder;
pub(crate) use folder::read_bounded;
pub use secret::{CertificateSecret, Kept};

use crate::ServerError;

/// Life of an authority.
const AUTHORITY_LIFE: Duration = Duration::from_secs(730 * DAY_S);
/// Life of a serving certificate.
const SERVING_LIFE: Duration = Duration::from_secs(90 * DAY_S);
/// How long the next authority is in the bundle before it signs.
const OVERLAP: Duration = Duration::from_secs(DAY_S);
const DAY_S: u64 = 86_400;

/// An authority or two, and a serving certificate. Kept as JSON; holds private keys.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// Signs the serving certificate.
    current: Issued,
    /// Joins the bundle before it signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Issued>,
    /// Signed before, and is trusted until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Issued>,
    /// What clients are shown.
    serving: Issued,
    /// The names and addresses it is valid for.
    names: Vec<String>,
}

/// A certificate with its private key, both PEM, and its life.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Certificates {
    /// A new authority and a certificate of it for these DNS names or addresses.
    pub fn made(names: &[String], now: Timestamp) -> Result<Certificates, ServerError> {
        let current = issue::authority(life(now, AUTHORITY_LIFE))?;
        let serving = serving(&current, names, now)?;
        Ok(Certificates { current, next: None, previous: None, serving, names: names.to_vec() })
    }

    /// What must follow at this time; `None` while everything may stay as it is.
    pub fn renewed(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<Option<Certificates>, ServerError> {
        if self.current.is_over(now) && self.next.as_ref().is_none_or(|next| next.is_over(now)) {
            return Certificates::made(names, now).map(Some);
        }
        let mut new = self.clone();
        new.previous = new.previous.filter(|previous| !previous.is_over(now));
        if new.next.is_none() && new.current.is_ageing(now) {
            new.next = Some(issue::authority(life(now, AUTHORITY_LIFE))?);
        }
        new.promote(now);
        let stale = new.serving.is_ageing(now)
            || new.current.certificate != self.current.certificate
            || new.names != names;
        if stale {
            new.serving = serving(&new.current, names, now)?;
            new.names = names.to_vec();
        }
        Ok((new != *self).then_some(new))
    }

    /// Lets the next authority sign once it has been in the bundle long enough.
    fn promote(&mut self, now: Timestamp) {
        let known = |next: &Issued| passed(next.not_before, OVERLAP, now);
        let due = self.next.as_ref().is_some_and(known) || self.current.is_over(now);
        if due && let Some(next) = self.next.take() {
            let old = std::mem::replace(&mut self.current, next);
            self.previous = Some(old).filter(|old| !old.is_over(now));
        }
    }

    /// Every authority that a client should trust now, PEM: the `caBundle`.
    pub fn bundle(&self) -> String {
        let others = [&self.next, &self.previous].into_iter().flatten();
        std::iter::once(&self.current)
            .chain(others)
            .map(|authority| authority.certificate.as_str())
            .collect()
    }

    /// The serving certificate, PEM.
    pub fn serving_certificate(&self) -> &str {
        &self.serving.certificate
    }

    /// Its private key, PEM (PKCS #8).
    pub fn serving_key(&self) -> &str {
        &self.serving.key
    }

    /// When the serving certificate ends.
    pub fn serving_ends(&self) -> Timestamp {
        self.serving.not_after
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Issued {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.not_after
    }

    /// Two thirds of its life are behind it.
    fn is_ageing(&self, now: Timestamp) -> bool {
        let life = self.not_after.as_second() - self.not_before.as_second();
        now.as_second() - self.not_before.as_second() >= life / 3 * 2
    }
}

fn serving(authority: &Issued, names: &[String], now: Timestamp) -> Result<Issued, ServerError> {
    let (begins, ends) = life(now, SERVING_LIFE);
    issue::serving(authority, names, (begins, ends.min(authority.not_after)))
}

/// From now on, for so long.
fn life(now: Timestamp, length: Duration) -> (Timestamp, Timestamp) {
    (now, now.saturating_add(length).unwrap_or(Timestamp::MAX))
}

fn passed(since: Timestamp, length: Duration, now: Timestamp) -> bool {
    since.saturating_add(length).is_ok_and(|moment| now >= moment)
}

#[cfg(test)]
mod tests;
