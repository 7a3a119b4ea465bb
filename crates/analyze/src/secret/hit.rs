//! A hit: what a detector found in a text, before it becomes a `Secret`.

use std::borrow::Cow;
use std::ops::Range;

use model::{
    CertificateFacts, Confidence, KeyFacts, LayerIndex, Secret, SecretCategory, SecretPlace, Span,
};

use super::redact::{self, Hidden};

/// What a detector found. Of two hits on the same bytes the higher rank stays.
#[derive(Debug, Clone)]
pub(crate) struct Hit<'r> {
    pub(crate) rule: &'r str,
    pub(crate) title: Cow<'r, str>,
    pub(crate) category: SecretCategory,
    pub(crate) confidence: Confidence,
    /// Where the secret lies.
    pub(crate) secret: Range<usize>,
    /// Bytes of its beginning that everybody knows.
    pub(crate) shown: usize,
    pub(crate) rank: Rank,
    /// What is known of a key or certificate.
    pub(crate) facts: Option<Box<Facts>>,
}

/// How specific a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A name that says secret, and a value that can be one.
    Generic,
    /// The place says what it is: a format's own field.
    Field,
    /// A token or address of a known form.
    Form,
    /// Parsed.
    Parsed,
}

/// What is known of a key or certificate, and how it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) key: Option<KeyFacts>,
    pub(crate) certificate: Option<CertificateFacts>,
    /// What to fingerprint: the key itself, however it is written.
    pub(crate) material: Vec<u8>,
    /// What to show.
    pub(crate) excerpt: String,
}

impl Hit<'_> {
    /// What to hide of it: of a certificate nothing.
    pub(crate) fn hidden(&self) -> Hidden {
        Hidden { span: self.secret.clone(), shown: self.shown }
    }

    /// The noun. `base` is where `text` begins in its file.
    pub(crate) fn into_secret(
        self,
        text: &[u8],
        hidden: &[Hidden],
        (place, line, base): (SecretPlace, u32, u64),
    ) -> Secret {
        let bytes = text.get(self.secret.clone()).unwrap_or_default();
        let facts = self.facts.map(|facts| *facts).unwrap_or_default();
        let material = if facts.material.is_empty() { bytes } else { &facts.material };
        let excerpt = if facts.excerpt.is_empty() {
            redact::excerpt(text, &self.secret, hidden)
        } else {
            facts.excerpt
        };
        Secret {
            layer: LayerIndex(0),
            place,
            rule: self.rule.to_owned(),
            title: self.title.into_owned(),
            category: self.category,
            confidence: self.confidence,
            line,
            span: Some(Span {
                offset: base.saturating_add(self.secret.start as u64),
                length: self.secret.len() as u64,
            }),
            excerpt,
            fingerprint: redact::fingerprint(material),
            key: facts.key,
            certificate: facts.certificate,
            owned_by: None,
            deleted_by: None,
        }
    }
}

/// Puts hits in order of place and drops those that lie within a better one.
pub(crate) fn settle(hits: &mut Vec<Hit<'_>>) {
    hits.sort_by(|a, b| {
        (a.secret.start, std::cmp::Reverse(a.rank), std::cmp::Reverse(a.secret.end)).cmp(&(
            b.secret.start,
            std::cmp::Reverse(b.rank),
            std::cmp::Reverse(b.secret.end),
        ))
    });
    let mut kept: Vec<Hit<'_>> = Vec::with_capacity(hits.len());
    for hit in hits.drain(..) {
        match kept.last_mut() {
            Some(last) if hit.secret.start < last.secret.end => {
                if (hit.rank, hit.confidence) > (last.rank, last.confidence) {
                    *last = hit;
                }
            }
            _ => kept.push(hit),
        }
    }
    *hits = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(secret: Range<usize>, rank: Rank, rule: &'static str) -> Hit<'static> {
        Hit {
            rule,
            title: Cow::Borrowed(""),
            category: SecretCategory::Token,
            confidence: Confidence::Likely,
            secret,
            shown: 0,
            rank,
            facts: None,
        }
    }

    #[test]
    fn of_overlapping_hits_the_most_specific_stays() {
        let mut hits = vec![
            hit(20..30, Rank::Generic, "generic"),
            hit(2..10, Rank::Generic, "outer"),
            hit(4..8, Rank::Form, "form"),
            hit(20..30, Rank::Form, "same place"),
            hit(30..31, Rank::Generic, "next"),
        ];
        settle(&mut hits);
        let rules: Vec<_> = hits.iter().map(|hit| hit.rule).collect();
        assert_eq!(rules, ["form", "same place", "next"]);
    }
}
