//! A hit: what a detector found in a text, before it becomes a `Secret`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use aho_corasick::{AhoCorasick, MatchKind};
use model::{
    CertificateFacts, Confidence, KeyFacts, LayerIndex, Secret, SecretCategory, SecretPlace, Span,
};

use super::redact::{self, Hidden};

/// Bytes of a secret that is looked for elsewhere in its text: shorter ones stand in other words by
/// chance, longer ones do not fit into an excerpt.
const REPEATED_BYTES: RangeInclusive<usize> = 9..=256;
/// Most secrets of one text that are looked for elsewhere in it.
const MAX_REPEATED: usize = 1_000;

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
    /// The part of a text by which it is known again elsewhere.
    fn repeated<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let value = text.get(self.secret.clone())?.trim_ascii();
        let told = self.confidence >= Confidence::Likely;
        (told && REPEATED_BYTES.contains(&value.len())).then_some(value)
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

/// What to hide of a text, in order of its beginnings: every hit, of certificates none, and every
/// other place where the same secret stands without a name that gives it away.
pub(crate) fn hidden(text: &[u8], hits: &[Hit<'_>]) -> Vec<Hidden> {
    let hits = hits.iter().filter(|hit| hit.category != SecretCategory::Certificate);
    let mut hidden: Vec<Hidden> =
        hits.clone().map(|hit| Hidden { span: hit.secret.clone(), shown: hit.shown }).collect();
    let values: BTreeSet<&[u8]> =
        hits.filter_map(|hit| hit.repeated(text)).take(MAX_REPEATED).collect();
    let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values);
    if let Ok(searcher) = searcher
        && searcher.patterns_len() > 0
    {
        let again = searcher.find_iter(text).map(|found| found.range());
        hidden.extend(again.map(|span| Hidden { span, shown: 0 }));
        hidden.sort_by_key(|stretch| stretch.span.start);
    }
    hidden
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
    fn the_same_secret_is_hidden_wherever_it_stands() {
        let text = b"-p Wq7vTz3kPx9 x password=Wq7vTz3kPx9 Wq7vTz3kP";
        let hits = [hit(26..37, Rank::Generic, "generic")];
        let spans: Vec<_> = hidden(text, &hits).into_iter().map(|one| one.span).collect();
        assert_eq!(spans, [3..14, 26..37, 26..37]);
        let excerpt = redact::excerpt(text, &(26..37), &hidden(text, &hits));
        assert_eq!(excerpt, "-p ******** x password=******** Wq7vTz3kP");
        let placeholder = Hit { confidence: Confidence::Placeholder, ..hits[0].clone() };
        assert_eq!(hidden(text, &[placeholder]).len(), 1);
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
