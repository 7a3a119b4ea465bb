//! The engine: one pass of a keyword automaton over the whole text, then each rule only where its
//! keyword stands. A text without keywords costs no allocation and no regular expression.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use model::{Confidence, SecretCategory};

use super::SecretRuleError;
use super::address;
use super::assignment;
use super::check;
use super::generic;
use super::hit::{Hit, Rank};
use super::keys;
use super::plausible;
use super::redact::MAX_SHOWN_BYTES;
use super::rules::{Rule, Shape};
use super::syntax::Syntax;
use crate::limits::{MAX_SECRET_HITS, MAX_SECRET_TOKEN_BYTES};

/// Shortest keyword of a token rule that is looked for in binaries.
const MIN_BINARY_KEYWORD_BYTES: usize = 4;

/// Rules and the automaton over their keywords.
pub(crate) struct Engine {
    pub(crate) rules: Vec<Rule>,
    automaton: AhoCorasick,
    /// What to do at each keyword, by its pattern number.
    actions: Vec<Vec<Action>>,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    /// Try this rule.
    Rule(usize),
    /// Read an assignment and judge its value by the name's kind.
    Generic(generic::NameKind),
    /// Read an armoured block or key file.
    Key(keys::Mark),
    /// Read an address with a password.
    Address,
}

/// A text and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'t> {
    pub(crate) bytes: &'t [u8],
    pub(crate) syntax: Syntax,
    /// Whether it is no text at all, but a program or a database.
    pub(crate) binary: bool,
}

impl Engine {
    /// An engine over `rules`.
    pub(crate) fn new(rules: Vec<Rule>) -> Result<Engine, SecretRuleError> {
        let mut keywords: Vec<String> = Vec::new();
        let mut actions: Vec<Vec<Action>> = Vec::new();
        let mut add = |keyword: &str, action: Action| {
            let keyword = keyword.to_ascii_lowercase();
            match keywords.iter().position(|known| *known == keyword) {
                Some(at) => actions[at].push(action),
                None => {
                    keywords.push(keyword);
                    actions.push(vec![action]);
                }
            }
        };
        for (index, rule) in rules.iter().enumerate() {
            rule.keywords.iter().for_each(|keyword| add(keyword, Action::Rule(index)));
        }
        for (keyword, kind) in generic::KEYWORDS {
            add(keyword, Action::Generic(kind));
        }
        for (keyword, mark) in keys::MARKS {
            add(keyword, Action::Key(mark));
        }
        add(address::KEYWORD, Action::Address);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&keywords)
            .map_err(|error| SecretRuleError::Malformed(error.to_string()))?;
        Ok(Engine { rules, automaton, actions })
    }

    /// Every hit in the text, unsettled; at most `MAX_SECRET_HITS`.
    pub(crate) fn hits<'r>(&'r self, text: Text<'_>) -> Vec<Hit<'r>> {
        let mut hits = Vec::new();
        let mut seen = generic::Seen::default();
        for found in self.automaton.find_overlapping_iter(text.bytes) {
            let Some(actions) = self.actions.get(found.pattern().as_usize()) else { continue };
            for &action in actions {
                match action {
                    Action::Rule(index) => {
                        let rule = self.rules.get(index);
                        hits.extend(rule.and_then(|rule| try_rule(rule, text, found.range())));
                    }
                    Action::Generic(_) if text.binary => {}
                    Action::Generic(kind) => {
                        hits.extend(generic::hit(text, found.range(), kind, &mut seen));
                    }
                    Action::Address => hits.extend(address::hit(text, found.range())),
                    Action::Key(mark) => keys::hits(text, found.range(), mark, &mut hits),
                }
            }
            if hits.len() > MAX_SECRET_HITS {
                break;
            }
        }
        hits
    }
}

fn try_rule<'r>(rule: &'r Rule, text: Text<'_>, keyword: Range<usize>) -> Option<Hit<'r>> {
    if text.binary && !(rule.binaries && keyword.len() >= MIN_BINARY_KEYWORD_BYTES) {
        return None;
    }
    if rule.settings_only && matches!(text.syntax, Syntax::Source | Syntax::Prose) {
        return None;
    }
    let secret = match rule.shape {
        Shape::Token => token(rule, text, keyword.start)?,
        Shape::Assigned => assigned(rule, text, keyword.clone())?,
        Shape::Search => searched(rule, text, &keyword)?,
    };
    let value = text.bytes.get(secret.clone())?;
    let worth = judge(rule, value)?;
    let shown = if rule.shape == Shape::Token && secret.start == keyword.start {
        keyword.len().min(MAX_SHOWN_BYTES)
    } else {
        0
    };
    Some(Hit {
        rule: &rule.id,
        title: Cow::Borrowed(&rule.title),
        category: rule.category,
        confidence: worth,
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
        plausible::Worth::Nothing => None,
        plausible::Worth::Placeholder => Some(Confidence::Placeholder),
        _ if plausible::entropy(value) < rule.entropy => None,
        plausible::Worth::Words if rule.entropy > 0.0 => Some(Confidence::Placeholder),
        _ => Some(rule.confidence),
    }
}

/// The secret that begins at the keyword.
fn token(rule: &Rule, text: Text<'_>, start: usize) -> Option<Range<usize>> {
    if !begins_word(text.bytes, start) {
        return None;
    }
    let end = text.bytes.len().min(start.saturating_add(MAX_SECRET_TOKEN_BYTES));
    let window = text.bytes.get(start..end)?;
    let secret = group(rule, window)?;
    let after = window.get(secret.end);
    let ends = !after.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
    ends.then_some(start + secret.start..start + secret.end)
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

/// What the rule's expression finds around the keyword, and that covers or follows it.
fn searched(rule: &Rule, text: Text<'_>, keyword: &Range<usize>) -> Option<Range<usize>> {
    let start = keyword.start.saturating_sub(rule.window_bytes);
    let end = text.bytes.len().min(keyword.end.saturating_add(rule.window_bytes));
    let window = text.bytes.get(start..end)?;
    let captures = rule.regex()?.captures_iter(window).find(|captures| {
        captures.get(0).is_some_and(|whole| start + whole.end() > keyword.start)
    })?;
    let inside = captures.get(1).or_else(|| captures.get(0))?.range();
    Some(start + inside.start..start + inside.end)
}

/// The first group of the rule's expression, or the whole match.
fn group(rule: &Rule, window: &[u8]) -> Option<Range<usize>> {
    let captures = rule.regex()?.captures(window)?;
    captures.get(1).or_else(|| captures.get(0)).map(|found| found.range())
}
