//! The engine: one pass of a keyword automaton over the whole text, then each rule only where its
//! keyword stands. A text without keywords costs no allocation and no regular expression.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::SecretRuleError;
use super::address;
use super::generic;
use super::hit::Hit;
use super::keys;
use super::matching;
use super::rules::Rule;
use super::syntax::Syntax;
use crate::limits::{
    MAX_SECRET_HITS, MAX_SECRET_WORK_BYTES, MAX_SECRET_WORK_RATIO, MIN_SECRET_WORK_BYTES,
};

/// What reading an assignment or an address is charged with, in bytes.
const ASSIGNMENT_COST_BYTES: usize = 64;

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

    /// Every hit in the text, unsettled.
    pub(crate) fn hits<'r>(&'r self, text: Text<'_>) -> Found<'r> {
        let mut run = Run::new(text.bytes.len());
        for keyword in self.automaton.find_overlapping_iter(text.bytes) {
            let Some(actions) = self.actions.get(keyword.pattern().as_usize()) else { continue };
            for &action in actions {
                self.act(action, text, keyword.range(), &mut run);
            }
            if run.hits.len() > MAX_SECRET_HITS || run.budget == 0 {
                return Found { hits: run.hits, exhausted: true };
            }
        }
        Found { hits: run.hits, exhausted: false }
    }

    fn act<'r>(&'r self, action: Action, text: Text<'_>, at: Range<usize>, run: &mut Run<'r>) {
        match action {
            Action::Rule(index) => {
                if let Some(rule) = self.rules.get(index)
                    && run.may_try(index, self.rules.len(), rule, at.start)
                {
                    let tried = matching::try_rule(rule, text, &at, &mut run.hits);
                    run.passed(index, tried);
                }
            }
            Action::Generic(_) if text.binary => {}
            Action::Generic(kind) => {
                run.charge(ASSIGNMENT_COST_BYTES);
                run.hits.extend(generic::hit(text, at, kind, &mut run.seen));
            }
            Action::Address => {
                run.charge(ASSIGNMENT_COST_BYTES);
                run.hits.extend(address::hit(text, at));
            }
            Action::Key(mark) => keys::hits(text, at, mark, &mut run.hits),
        }
    }
}

/// What one text holds.
#[derive(Debug)]
pub(crate) struct Found<'r> {
    pub(crate) hits: Vec<Hit<'r>>,
    /// Whether the search stopped before the end: too many hits, or too much work.
    pub(crate) exhausted: bool,
}

/// The state of one pass. Holds no memory before something is found or tried.
struct Run<'r> {
    hits: Vec<Hit<'r>>,
    seen: generic::Seen,
    /// Bytes that expressions may still look at: hostile texts make keywords of everything.
    budget: u64,
    /// Up to where each rule has looked.
    done: Vec<usize>,
}

impl<'r> Run<'r> {
    fn new(length: usize) -> Self {
        let budget = (length as u64).saturating_mul(MAX_SECRET_WORK_RATIO);
        Run {
            hits: Vec::new(),
            seen: generic::Seen::default(),
            budget: budget.saturating_add(MIN_SECRET_WORK_BYTES).min(MAX_SECRET_WORK_BYTES),
            done: Vec::new(),
        }
    }

    fn charge(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes as u64);
    }

    /// Whether the rule has not looked here yet; charges for the look.
    fn may_try(&mut self, index: usize, count: usize, rule: &Rule, start: usize) -> bool {
        if self.done.is_empty() {
            self.done.resize(count, 0);
        }
        let fresh = self.done.get(index).is_some_and(|&done| start >= done);
        if fresh {
            self.charge(rule.window_bytes / 4);
        }
        fresh
    }

    fn passed(&mut self, index: usize, until: usize) {
        if let Some(done) = self.done.get_mut(index) {
            *done = (*done).max(until);
        }
    }
}
