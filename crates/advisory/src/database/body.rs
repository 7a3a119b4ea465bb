//! `Body`: what a statement says of one package's versions, apart from which package and which
//! advisory. Many statements share one body ("all versions, not fixed"), so each is kept once.
//!
//! Strings are numbers while a segment is built and texts when it is read: `S` is either.

use model::{FixState, NameOf, Severity};

use super::bytes::{Damage, Read, Reader, put_varint};
use super::codes;

const FIX_STATE_MASK: u8 = 0b0000_0111;
const NAME_OF_SOURCE: u8 = 1 << 3;
const NOTICE: u8 = 1 << 4;
const HAS_SEVERITY: u8 = 1 << 5;
const HAS_MODULE: u8 = 1 << 6;
const HAS_SCOPE: u8 = 1 << 7;

/// What a statement says of one package's versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body<S> {
    /// Whether the name is a source or a binary package's.
    pub(crate) name_of: NameOf,
    /// What the vendor says of the repair.
    pub(crate) fix_state: FixState,
    /// Said in a notice that covers other vulnerabilities (`Advisory::covers`).
    pub(crate) notice: bool,
    /// The rating for this package, when it differs from the advisory's.
    pub(crate) severity: Option<Severity>,
    /// The rpm module stream.
    pub(crate) module: Option<S>,
    /// Architectures it is limited to; empty for all.
    pub(crate) arches: Vec<S>,
    /// Products it is limited to; empty for all.
    pub(crate) cpes: Vec<S>,
    /// Spans of affected versions.
    pub(crate) spans: Vec<Span<S>>,
    /// Affected versions named one by one.
    pub(crate) versions: Vec<S>,
}

/// A span of affected versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span<S> {
    /// First affected version; `None` from the beginning.
    pub(crate) introduced: Option<S>,
    /// Where it ends.
    pub(crate) end: SpanEnd<S>,
}

/// Where a span of affected versions ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanEnd<S> {
    /// The first version that is repaired.
    Fixed(S),
    /// The last version that is affected.
    LastAffected(S),
    /// Nowhere.
    Open,
}

impl<S> Body<S> {
    /// Writes the body; `number` gives the number of a string.
    pub(super) fn encode(&self, out: &mut Vec<u8>, mut number: impl FnMut(&S) -> u32) {
        out.push(self.flags());
        if let Some(severity) = self.severity {
            out.push(codes::severity_code(severity));
        }
        if let Some(module) = &self.module {
            put_varint(out, u64::from(number(module)));
        }
        if self.has_scope() {
            put_numbers(out, &self.arches, &mut number);
            put_numbers(out, &self.cpes, &mut number);
        }
        put_varint(out, self.spans.len() as u64);
        for span in &self.spans {
            let introduced = span.introduced.as_ref().map_or(0, |text| u64::from(number(text)) + 1);
            put_varint(out, introduced);
            let end = match &span.end {
                SpanEnd::Open => 0,
                SpanEnd::Fixed(text) => 1 + 2 * u64::from(number(text)),
                SpanEnd::LastAffected(text) => 2 + 2 * u64::from(number(text)),
            };
            put_varint(out, end);
        }
        put_numbers(out, &self.versions, &mut number);
    }

    /// Reads a body; `text` gives the string of a number.
    pub(super) fn decode(
        reader: &mut Reader<'_>,
        mut text: impl FnMut(u32) -> Read<S>,
    ) -> Read<Body<S>> {
        let flags = reader.byte()?;
        let severity = match flags & HAS_SEVERITY {
            0 => None,
            _ => Some(codes::severity(reader.byte()?)?),
        };
        let module = match flags & HAS_MODULE {
            0 => None,
            _ => Some(text(reader.varint_u32()?)?),
        };
        let (mut arches, mut cpes) = (Vec::new(), Vec::new());
        if flags & HAS_SCOPE != 0 {
            arches = texts(reader, &mut text)?;
            cpes = texts(reader, &mut text)?;
        }
        let count = reader.count()?;
        let spans = (0..count).map(|_| span(reader, &mut text)).collect::<Read<_>>()?;
        Ok(Body {
            name_of: if flags & NAME_OF_SOURCE == 0 { NameOf::Binary } else { NameOf::Source },
            fix_state: codes::fix_state(flags & FIX_STATE_MASK)?,
            notice: flags & NOTICE != 0,
            severity,
            module,
            arches,
            cpes,
            spans,
            versions: texts(reader, &mut text)?,
        })
    }

    fn has_scope(&self) -> bool {
        !self.arches.is_empty() || !self.cpes.is_empty()
    }

    fn flags(&self) -> u8 {
        let mut flags = codes::fix_state_code(self.fix_state) & FIX_STATE_MASK;
        let set = [
            (self.name_of == NameOf::Source, NAME_OF_SOURCE),
            (self.notice, NOTICE),
            (self.severity.is_some(), HAS_SEVERITY),
            (self.module.is_some(), HAS_MODULE),
            (self.has_scope(), HAS_SCOPE),
        ];
        for (_, bit) in set.iter().filter(|(is_set, _)| *is_set) {
            flags |= bit;
        }
        flags
    }
}

fn put_numbers<S>(out: &mut Vec<u8>, texts: &[S], number: &mut impl FnMut(&S) -> u32) {
    put_varint(out, texts.len() as u64);
    for text in texts {
        put_varint(out, u64::from(number(text)));
    }
}

fn texts<S>(reader: &mut Reader<'_>, text: &mut impl FnMut(u32) -> Read<S>) -> Read<Vec<S>> {
    let count = reader.count()?;
    (0..count).map(|_| text(reader.varint_u32()?)).collect()
}

fn span<S>(reader: &mut Reader<'_>, text: &mut impl FnMut(u32) -> Read<S>) -> Read<Span<S>> {
    let introduced = match reader.varint()? {
        0 => None,
        number => Some(text(narrow(number - 1)?)?),
    };
    let end = match reader.varint()? {
        0 => SpanEnd::Open,
        number if number % 2 == 1 => SpanEnd::Fixed(text(narrow((number - 1) / 2)?)?),
        number => SpanEnd::LastAffected(text(narrow((number - 2) / 2)?)?),
    };
    Ok(Span { introduced, end })
}

fn narrow(number: u64) -> Read<u32> {
    u32::try_from(number).map_err(|_| Damage("a string's number is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back() {
        let span = |introduced, end| Span { introduced, end };
        let full = Body {
            name_of: NameOf::Source,
            fix_state: FixState::Fixed,
            notice: true,
            severity: Some(Severity::High),
            module: Some(7),
            arches: vec![1, 2],
            cpes: vec![],
            spans: vec![
                span(None, SpanEnd::Fixed(300)),
                span(Some(0), SpanEnd::LastAffected(4)),
                span(Some(9), SpanEnd::Open),
            ],
            versions: vec![5, 6],
        };
        let empty = Body { module: None, severity: None, arches: vec![], ..full.clone() };
        for body in [full, empty] {
            let mut out = Vec::new();
            body.encode(&mut out, |number| *number);
            let mut reader = Reader::new(&out);
            assert_eq!(Body::decode(&mut reader, Ok), Ok(body));
            assert!(reader.is_empty());
        }
    }
}
