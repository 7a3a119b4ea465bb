//! One rule at one keyword: where its secret lies, and how much the value proves.

use std::borrow::Cow;
use std::ops::Range;

use model::{Confidence, SecretCategory};

use super::assignment;
use super::check;
use super::engine::Text;
use super::hit::{Hit, Rank};
use super::plausible::{self, Worth};
use super::redact::MAX_SHOWN_BYTES;
use super::rules::{Rule, Shape};
use super::syntax::Syntax;
use crate::limits::MAX_SECRET_TOKEN_BYTES;

/// Shortest keyword of a token rule that is looked for in binaries.
const MIN_BINARY_KEYWORD_BYTES: usize = 4;

/// Adds what the rule finds at the keyword to `hits`; gives the place up to which it need not look
/// again.
pub(crate) fn try_rule<'r>(
    rule: &'r Rule,
    text: Text<'_>,
    keyword: &Range<usize>,
    hits: &mut Vec<Hit<'r>>,
) -> usize {
    let in_binaries = rule.binaries && keyword.len() >= MIN_BINARY_KEYWORD_BYTES;
    let in_prose = matches!(text.syntax, Syntax::Source | Syntax::Prose);
    if text.binary && !in_binaries || rule.settings_only && in_prose {
        return 0;
    }
    match rule.shape {
        Shape::Token => {
            let Some(secret) = token(rule, text, keyword.start) else { return 0 };
            let end = secret.end;
            let shown = if secret.start == keyword.start { keyword.len() } else { 0 };
            hits.extend(hit(rule, text, secret, shown.min(MAX_SHOWN_BYTES)));
            end
        }
        Shape::Assigned => {
            let secret = assigned(rule, text, keyword.clone());
            hits.extend(secret.and_then(|secret| hit(rule, text, secret, 0)));
            0
        }
        Shape::Search => searched(rule, text, keyword, hits),
    }
}

fn hit<'r>(rule: &'r Rule, text: Text<'_>, secret: Range<usize>, shown: usize) -> Option<Hit<'r>> {
    let confidence = judge(rule, text.bytes.get(secret.clone())?)?;
    let prose = text.syntax == Syntax::Prose;
    if prose && rule.category != SecretCategory::Token && confidence == Confidence::Placeholder {
        return None;
    }
    // Prose shows examples: there only a form that nothing else has is believed.
    let confidence = match confidence {
        Confidence::Likely if prose => Confidence::Placeholder,
        confidence => confidence,
    };
    Some(Hit {
        rule: &rule.id,
        title: Cow::Borrowed(&rule.title),
        category: rule.category,
        confidence,
        secret,
        shown,
        rank: if rule.shape == Shape::Assigned { Rank::Field } else { Rank::Form },
        facts: None,
    })
}

/// How much a value of the rule's shape proves; `None` when it cannot be a secret.
fn judge(rule: &Rule, value: &[u8]) -> Option<Confidence> {
    if let Some(check) = rule.check {
        return check::passes(check, value).map(|worth| worth.min(rule.confidence));
    }
    if rule.category == SecretCategory::Token || rule.shape == Shape::Token {
        if rule.shape == Shape::Assigned && plausible::is_reference(value) {
            return None;
        }
        if plausible::is_example(value) {
            return Some(Confidence::Placeholder).filter(|_| rule.shape == Shape::Token);
        }
        return (plausible::entropy(value) >= rule.entropy).then_some(rule.confidence);
    }
    match plausible::worth(value) {
        Worth::Nothing => None,
        Worth::Placeholder => Some(Confidence::Placeholder),
        _ if plausible::entropy(value) < rule.entropy => None,
        Worth::Words if rule.entropy > 0.0 => Some(Confidence::Placeholder),
        _ => Some(rule.confidence),
    }
}

/// The secret that begins at the keyword.
fn token(rule: &Rule, text: Text<'_>, start: usize) -> Option<Range<usize>> {
    if !begins_word(text.bytes, start) {
        return None;
    }
    let end = text.bytes.len().min(start.saturating_add(rule.window_bytes));
    let window = text.bytes.get(start..end)?;
    let mut secret = group(rule, window)?;
    if secret.end == window.len() {
        // What goes on beyond the window belongs to it, and must be masked with it.
        let rest = text.bytes.get(end..text.bytes.len().min(end + MAX_SECRET_TOKEN_BYTES))?;
        secret.end +=
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_+/=.".contains(b)).count();
    } else if window.get(secret.end).is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    Some(start + secret.start..start + secret.end)
}

/// Whether no word goes on across `at`: the byte before is no letter or digit, or belongs to an
/// escape (`\n`, `%3D`).
fn begins_word(text: &[u8], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).and_then(|i| text.get(i)).copied();
    let Some(last) = before(1) else { return true };
    if !last.is_ascii_alphanumeric() {
        return true;
    }
    let escape = matches!(last, b'n' | b't' | b'r') && before(2) == Some(b'\\');
    let percent = last.is_ascii_hexdigit() && before(3) == Some(b'%');
    escape || percent
}

/// The value that is assigned to the name around the keyword.
fn assigned(rule: &Rule, text: Text<'_>, keyword: Range<usize>) -> Option<Range<usize>> {
    let found = assignment::at(text.bytes, keyword, text.syntax)?;
    if !rule.accepts_name(text.bytes.get(found.name)?) {
        return None;
    }
    let inside = group(rule, text.bytes.get(found.value.clone())?)?;
    Some(found.value.start + inside.start..found.value.start + inside.end)
}

/// Everything that the rule's expression finds around the keyword, and that does not end before
/// it. Windows of near keywords overlap by half, so that a text is searched four times at most.
fn searched<'r>(
    rule: &'r Rule,
    text: Text<'_>,
    keyword: &Range<usize>,
    hits: &mut Vec<Hit<'r>>,
) -> usize {
    let start = keyword.start.saturating_sub(rule.window_bytes);
    let end = text.bytes.len().min(keyword.end.saturating_add(rule.window_bytes));
    let (Some(window), Some(regex)) = (text.bytes.get(start..end), rule.regex()) else { return 0 };
    for captures in regex.captures_iter(window) {
        let Some(whole) = captures.get(0) else { continue };
        let inside = captures.get(1).unwrap_or(whole).range();
        if start + whole.end() > keyword.start {
            hits.extend(hit(rule, text, start + inside.start..start + inside.end, 0));
        }
    }
    keyword.start + rule.window_bytes / 2
}

/// The first group of the rule's expression, or the whole match.
fn group(rule: &Rule, window: &[u8]) -> Option<Range<usize>> {
    let captures = rule.regex()?.captures(window)?;
    captures.get(1).or_else(|| captures.get(0)).map(|found| found.range())
}
