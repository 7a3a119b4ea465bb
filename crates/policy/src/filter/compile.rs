//! From a syntax tree to a typed tree: fields are looked up, words are read as the field's type
//! means them, lists are put in place of their names, macros in place of theirs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::PolicyError;
use crate::limits::{
    LIST_MAX_ITEMS, PATTERNS_MAX_TOTAL, SHOWN_CHECK_CHARS, TREE_MAX_DEPTH, WORDS_MAX_TOTAL,
};

use super::ast::{Check, Expr, Right, Span, Word};
use super::definitions::{Definitions, Macro};
use super::leaf::Test;
use super::operand::{Operand, Refused};
use super::operator::{Modifier, Operator};
use super::suggest::{nearest, one_of};
use super::tree::{Kind, Tree, asks_for_all};
use super::written::Written;
use super::{FieldTable, FieldType};

/// Most words of a field that a message lists.
const WORDS_MAX_SHOWN: usize = 12;

/// Why a condition cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: PolicyError,
    /// The table has not a field that it names.
    pub(crate) unknown_field: bool,
    /// It is the place that is too deep, not what stands there.
    too_deep: bool,
}

impl Failure {
    pub(crate) fn new(error: PolicyError, unknown_field: bool) -> Self {
        Failure { error, unknown_field, too_deep: false }
    }
}

/// Compiles conditions over one table and one set of definitions; macros are compiled once.
pub(crate) struct Compiler<'a> {
    table: &'a FieldTable,
    definitions: &'a Definitions,
    macros: HashMap<String, State>,
    /// Lists that are put in.
    lists: HashSet<String>,
    /// Words put in so far.
    words: usize,
    /// Patterns compiled so far.
    patterns: usize,
    /// Levels above the place that is compiled, through macros.
    depth: usize,
    /// Checks of fields of the past that never hold.
    past: Vec<PolicyError>,
    /// Values that a field is not known to have.
    doubts: Vec<PolicyError>,
}

enum State {
    Open,
    Done(Result<Arc<Tree>, Failure>),
}

/// A text and what it sees.
struct Scope<'w> {
    written: &'w Written,
    /// Macros defined before this moment are seen.
    sees: u32,
}

impl Scope<'_> {
    fn fail<T>(&self, span: &Span, message: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::new(self.written.mistake(span, message), false))
    }

    fn too_deep(&self) -> Failure {
        let message =
            format!("with its macros the condition nests deeper than {TREE_MAX_DEPTH} levels");
        Failure { too_deep: true, ..Failure::new(self.written.mistake(&(0..1), message), false) }
    }

    fn refuse(&self, refused: Refused) -> Failure {
        Failure::new(self.written.mistake(&refused.span, refused.message), refused.unknown)
    }
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(table: &'a FieldTable, definitions: &'a Definitions) -> Self {
        Compiler {
            table,
            definitions,
            macros: HashMap::new(),
            lists: HashSet::new(),
            words: 0,
            patterns: 0,
            depth: 0,
            past: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Names of the lists and macros that have been put in.
    pub(crate) fn used(&self) -> impl Iterator<Item = &str> {
        self.macros.keys().chain(&self.lists).map(String::as_str)
    }

    /// Checks that never hold because their field has always another value, each once.
    pub(crate) fn past(&self) -> &[PolicyError] {
        &self.past
    }

    /// Values that their field is not known to have, each once.
    pub(crate) fn doubts(&self) -> &[PolicyError] {
        &self.doubts
    }

    /// Compiles a condition that sees every macro.
    pub(crate) fn compile(&mut self, written: &Written, expr: &Expr) -> Result<Arc<Tree>, Failure> {
        self.expr(&Scope { written, sees: u32::MAX }, expr)
    }

    fn expr(&mut self, scope: &Scope<'_>, expr: &Expr) -> Result<Arc<Tree>, Failure> {
        self.depth += 1;
        let tree = match expr {
            _ if self.depth > TREE_MAX_DEPTH => Err(scope.too_deep()),
            Expr::Or(parts) => self.exprs(scope, parts).map(|parts| Tree::new(Kind::Or(parts))),
            Expr::And(parts) => self.exprs(scope, parts).map(|parts| Tree::new(Kind::And(parts))),
            Expr::Not(part) => self.expr(scope, part).map(Tree::negated),
            Expr::Macro(name) => self.of_macro(scope, name),
            Expr::Check(check) => self.check(scope, check),
        };
        self.depth -= 1;
        // What is compiled already goes in whole.
        tree.and_then(|tree| match tree.depth + self.depth > 2 * TREE_MAX_DEPTH {
            true => Err(scope.too_deep()),
            false => Ok(tree),
        })
    }

    fn exprs(&mut self, scope: &Scope<'_>, parts: &[Expr]) -> Result<Vec<Arc<Tree>>, Failure> {
        parts.iter().map(|part| self.expr(scope, part)).collect()
    }

    fn of_macro(&mut self, scope: &Scope<'_>, name: &Word) -> Result<Arc<Tree>, Failure> {
        let definitions = self.definitions;
        let Some(found) = definitions.macros.get(&name.text) else {
            return scope.fail(&name.span, self.unknown_macro(&name.text));
        };
        if found.defined_at >= scope.sees {
            let message = format!("the macro `{}` is defined later: move it up", name.text);
            return scope.fail(&name.span, message);
        }
        match self.macros.get(&name.text) {
            Some(State::Done(done)) => return done.clone(),
            Some(State::Open) => {
                let message = format!("the macro `{}` needs itself", name.text);
                return scope.fail(&name.span, message);
            }
            None => {}
        }
        self.macros.insert(name.text.clone(), State::Open);
        let done = self.body(found);
        match &done {
            Err(failure) if failure.too_deep => self.macros.remove(&name.text),
            _ => self.macros.insert(name.text.clone(), State::Done(done.clone())),
        };
        done
    }

    fn body(&mut self, found: &Macro) -> Result<Arc<Tree>, Failure> {
        let scope = Scope { written: &found.written, sees: found.changed_at };
        self.expr(&scope, &found.expr)
    }

    fn unknown_macro(&self, name: &str) -> String {
        let macros = self.definitions.macros.keys().map(String::as_str);
        if self.definitions.broken.contains(name) {
            return format!("the macro `{name}` has a mistake of its own");
        }
        if self.definitions.lists.contains_key(name) {
            return format!("`{name}` is a list, and stands on the right: `field in ({name})`");
        }
        match nearest(name, macros) {
            Some(near) => format!("there is no macro `{name}`: did you mean `{near}`?"),
            None => {
                format!("there is no macro `{name}`; a check is written `field operator value`")
            }
        }
    }

    fn check(&mut self, scope: &Scope<'_>, check: &Check) -> Result<Arc<Tree>, Failure> {
        let operand = Operand::of(&check.left, self.table).map_err(|r| scope.refuse(r))?;
        fits(&operand, check).map_err(|message| {
            Failure::new(scope.written.mistake(&check.operator_at, message), false)
        })?;
        let literal = match &check.right {
            Right::Value(word) => std::slice::from_ref(word),
            Right::List(words) => words.as_slice(),
            Right::Nothing | Right::Operand(_) => &[],
        };
        self.check_words(scope, &operand, check.operator, literal)?;
        let tree = match &check.right {
            Right::Nothing => Tree::leaf(&operand, false, Test::Exists),
            Right::Operand(right) => self.against(scope, &operand, check, right)?,
            Right::Value(word) => {
                let words = self.expand(scope, check.operator, std::slice::from_ref(word))?;
                let [word] = words.as_slice() else {
                    let message = format!(
                        "`{}` takes one value, and the list `{}` has {}",
                        check.operator,
                        word.text,
                        words.len()
                    );
                    return scope.fail(&word.span, message);
                };
                single(scope, &operand, check.operator, word)?
            }
            Right::List(words) => {
                let words = self.expand(scope, check.operator, words)?;
                listed(scope, &operand, check, &words)?
            }
        };
        if let (Some(always), Kind::Const(false)) = (operand.constant(), &tree.kind) {
            let message = format!("this never holds: `{operand}` is always `{always}`");
            let place = check.left.span().start..check.operator_at.end;
            self.past.push(scope.written.mistake(&place, message));
        }
        let mut text = check.to_string();
        if let Some((end, _)) = text.char_indices().nth(SHOWN_CHECK_CHARS) {
            text.truncate(end);
            text.push('…');
        }
        Ok(Tree::new(Kind::Check { text, operand, tree }))
    }

    /// Whether words that are written here can be values of the field. Items of lists are not
    /// asked: a list may serve several fields.
    fn check_words(
        &mut self,
        scope: &Scope<'_>,
        operand: &Operand,
        operator: Operator,
        words: &[Word],
    ) -> Result<(), Failure> {
        use Operator::{Equal, In, Intersects, NotEqual};
        let Some((known, closed)) = operand.words() else { return Ok(()) };
        if !matches!(operator, Equal | NotEqual | In | Intersects) {
            return Ok(());
        }
        let is_list = |word: &Word| !word.quoted && self.definitions.lists.contains_key(&word.text);
        let strange: Vec<&Word> = words
            .iter()
            .filter(|word| !known.contains(&word.text.as_str()) && !is_list(word))
            .collect();
        for word in strange {
            let hint = match nearest(&word.text, known.iter().copied()) {
                Some(near) => format!(": did you mean `{near}`?"),
                None if known.len() <= WORDS_MAX_SHOWN => format!(": expected {}", one_of(known)),
                None => String::new(),
            };
            let message = format!("`{operand}` is never known to be `{}`{hint}", word.text);
            if closed {
                return scope.fail(&word.span, message.replace("is never known to be", "is never"));
            }
            self.doubts.push(scope.written.mistake(&word.span, message));
        }
        Ok(())
    }

    fn against(
        &self,
        scope: &Scope<'_>,
        operand: &Operand,
        check: &Check,
        right: &super::ast::Operand,
    ) -> Result<Arc<Tree>, Failure> {
        let other = Operand::of(right, self.table).map_err(|refused| scope.refuse(refused))?;
        let operator = check.operator;
        let is_pattern =
            matches!(operator, Operator::Glob | Operator::GlobFolded | Operator::Regex);
        if is_pattern {
            let message = format!("`{operator}` takes a pattern that is written here, not a field");
            return scope.fail(&right.span(), message);
        }
        let comparable = operand.kind == other.kind
            || (operand.kind.is_text() && other.kind.is_text())
            || (operand.kind.is_number() && other.kind.is_number())
            || [operand.kind, other.kind].contains(&FieldType::Any);
        if !comparable {
            let message = format!(
                "`{operand}` is {} and `{other}` is {}: they cannot be compared",
                operand.kind, other.kind
            );
            return scope.fail(&right.span(), message);
        }
        let all = operator == Operator::In && asks_for_all(operand);
        let (operator, negated) = match operator {
            Operator::NotEqual => (Operator::Equal, true),
            other => (other, false),
        };
        let tree = Tree::leaf(operand, all, Test::Against(operator, other.clone()));
        // Without a value on either side nothing holds, not even `!=`.
        Ok(match negated {
            false => tree,
            true => Tree::new(Kind::And(vec![
                Tree::leaf(operand, false, Test::Exists),
                Tree::leaf(&other, false, Test::Exists),
                Tree::negated(tree),
            ])),
        })
    }

    /// Puts the items of lists in place of their names.
    fn expand(
        &mut self,
        scope: &Scope<'_>,
        operator: Operator,
        words: &[Word],
    ) -> Result<Vec<Word>, Failure> {
        let mut expanded = Vec::with_capacity(words.len());
        for word in words {
            if word.quoted || !self.definitions.lists.contains_key(&word.text) {
                expanded.push(word.clone());
                continue;
            }
            self.definitions.note_used(&word.text, &mut self.lists);
            let items = self.definitions.items(&word.text).map_err(|message| {
                Failure::new(scope.written.mistake(&word.span, message), false)
            })?;
            expanded.extend(items.into_iter().map(|text| Word {
                text,
                quoted: true,
                span: word.span.clone(),
            }));
            if expanded.len() > LIST_MAX_ITEMS {
                let message = format!("the list comes to more than {LIST_MAX_ITEMS} values");
                return scope.fail(&word.span, message);
            }
        }
        if matches!(operator, Operator::Glob | Operator::GlobFolded | Operator::Regex) {
            self.patterns += expanded.len();
        }
        if self.patterns > PATTERNS_MAX_TOTAL {
            let message = format!("the conditions have more than {PATTERNS_MAX_TOTAL} patterns");
            return scope.fail(&(0..1), message);
        }
        self.words += expanded.len();
        if self.words > WORDS_MAX_TOTAL {
            let message = format!("the conditions come to more than {WORDS_MAX_TOTAL} values");
            return scope.fail(&(0..1), message);
        }
        Ok(expanded)
    }
}

/// Whether a field's type takes an operator; the error says which it takes.
fn fits(operand: &Operand, check: &Check) -> Result<(), String> {
    use Operator::{Equal, Exists, In, Intersects, NotEqual};
    let operator = check.operator;
    let kind = operand.kind;
    let always = matches!(operator, Exists | Equal | NotEqual | In | Intersects);
    if kind == FieldType::Any || always {
        return Ok(());
    }
    let (ok, expected) = match kind {
        FieldType::Bool | FieldType::Ip => (false, "`=`, `!=`, `in`, `intersects` or `exists`"),
        kind if kind.is_number() => {
            (operator.is_order(), "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `intersects` or `exists`")
        }
        _ => (
            !operator.is_order(),
            "`=`, `!=`, `in`, `contains`, `startswith`, `endswith`, `glob`, `regex`, `pmatch` \
             and the like",
        ),
    };
    if ok {
        return Ok(());
    }
    Err(format!("`{operator}` does not fit `{operand}`, which is {kind}: it takes {expected}"))
}

/// The check of one word.
fn single(
    scope: &Scope<'_>,
    operand: &Operand,
    operator: Operator,
    word: &Word,
) -> Result<Arc<Tree>, Failure> {
    let test = Test::of(operator, &word.text, operand.kind)
        .map_err(|message| Failure::new(scope.written.mistake(&word.span, message), false))?;
    let all = operator == Operator::In && asks_for_all(operand);
    let tree = Tree::leaf(operand, all, test);
    if operator != Operator::NotEqual {
        return Ok(tree);
    }
    let exists = Tree::leaf(operand, false, Test::Exists);
    Ok(Tree::new(Kind::And(vec![exists, Tree::negated(tree)])))
}

/// The check of several words.
fn listed(
    scope: &Scope<'_>,
    operand: &Operand,
    check: &Check,
    words: &[Word],
) -> Result<Arc<Tree>, Failure> {
    // Nothing is in an empty list, and no word of it can be met.
    if words.is_empty() {
        return Ok(Tree::constant(false));
    }
    if check.modifier.is_none() {
        return union(scope, operand, check.operator, words);
    }
    let parts = words
        .iter()
        .map(|word| single(scope, operand, check.operator, word))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Tree::new(match check.modifier {
        Some(Modifier::One) => Kind::One(parts),
        Some(Modifier::All) => Kind::And(parts),
        _ => Kind::Or(parts),
    }))
}

/// One test of all words.
fn union(
    scope: &Scope<'_>,
    operand: &Operand,
    operator: Operator,
    words: &[Word],
) -> Result<Arc<Tree>, Failure> {
    let all = operator == Operator::In && asks_for_all(operand);
    let mut joined: Option<Test> = None;
    let mut apart = Vec::new();
    for word in words {
        let test = Test::of(operator, &word.text, operand.kind)
            .map_err(|message| Failure::new(scope.written.mistake(&word.span, message), false))?;
        match &mut joined {
            None => joined = Some(test),
            Some(joined) => apart.extend(joined.join(test)),
        }
    }
    let trees: Vec<Arc<Tree>> =
        joined.into_iter().chain(apart).map(|test| Tree::leaf(operand, all, test)).collect();
    Ok(Tree::new(Kind::Or(trees)))
}
