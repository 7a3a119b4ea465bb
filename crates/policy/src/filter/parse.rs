//! From a condition's text to its syntax tree: recursive descent, bounded in depth.
//!
//! ```text
//! or     = and ('or' and)*
//! and    = not ('and' not)*
//! not    = 'not'* check
//! check  = '(' or ')' | operand condition | macro
//! ```

use crate::limits::{CONDITION_MAX_BYTES, CONDITION_MAX_DEPTH};

use super::ast::{Check, Expr, Operand, Right, Word};
use super::lexer::{Lexer, Mistake};
use super::operator::{Function, Modifier, Operator};
use super::suggest::{nearest, one_of};

/// Words that are no macro.
const RESERVED: [&str; 3] = ["and", "or", "not"];

/// Reads a condition.
pub(crate) fn parse(text: &str) -> Result<Expr, Mistake> {
    if text.len() > CONDITION_MAX_BYTES {
        return Err((0..0, format!("the condition is longer than {CONDITION_MAX_BYTES} bytes")));
    }
    let mut parser = Parser { lexer: Lexer::new(text), depth: 0 };
    if text.trim().is_empty() {
        return Err((0..0, "the condition is empty".to_owned()));
    }
    let expr = parser.or()?;
    parser.lexer.blank();
    if parser.lexer.is_done() { Ok(expr) } else { Err(parser.left_over()) }
}

/// Reads one operand, as it stands in brackets of an output line.
pub(crate) fn parse_operand(text: &str) -> Result<(Operand, usize), Mistake> {
    let mut parser = Parser { lexer: Lexer::new(text), depth: 0 };
    match parser.operand()? {
        Some(operand) => Ok((operand, parser.lexer.at())),
        None => Err((0..text.len().min(1), "expected a field such as `proc.name`".to_owned())),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, Mistake> {
        self.deeper()?;
        let mut parts = vec![self.and()?];
        while self.joined("or")? {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expr::Or(parts) })
    }

    fn and(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.not()?];
        while self.joined("and")? {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expr::And(parts) })
    }

    fn not(&mut self) -> Result<Expr, Mistake> {
        let mut negated = false;
        loop {
            self.lexer.blank();
            let at = self.lexer.at();
            if self.lexer.literal("not")
                && (self.lexer.blank() || self.lexer.rest().starts_with('('))
            {
                negated = !negated;
            } else {
                self.lexer.back_to(at);
                break;
            }
        }
        let check = self.check()?;
        Ok(if negated { Expr::Not(Box::new(check)) } else { check })
    }

    fn check(&mut self) -> Result<Expr, Mistake> {
        let start = self.lexer.at();
        if self.lexer.literal("(") {
            let inner = self.or()?;
            self.lexer.blank();
            if self.lexer.literal(")") {
                return Ok(inner);
            }
            if self.lexer.is_done() {
                return Err((start..start + 1, "this `(` is never closed: add a `)`".to_owned()));
            }
            return Err(self.left_over());
        }
        if let Some(left) = self.operand()? {
            return self.condition(left).map(|check| Expr::Check(Box::new(check)));
        }
        match self.lexer.identifier() {
            Some(name) if !RESERVED.contains(&name.text.as_str()) => Ok(Expr::Macro(name)),
            Some(name) => Err((
                name.span,
                format!("expected a check, a macro or `(` here, not `{}`", name.text),
            )),
            None => Err(self.no_check()),
        }
    }

    /// `or` and `and`: after them a blank or a parenthesis.
    fn joined(&mut self, word: &str) -> Result<bool, Mistake> {
        self.lexer.blank();
        let at = self.lexer.at();
        if !self.lexer.literal(word) {
            return Ok(false);
        }
        let end = self.lexer.at();
        if self.lexer.blank() || self.lexer.rest().starts_with('(') {
            return Ok(true);
        }
        if self.lexer.is_done() {
            return Err((at..end, format!("a check is missing after `{word}`")));
        }
        self.lexer.back_to(at);
        let (span, shown) = self.lexer.shown();
        Err((span, format!("`{shown}` is no word of the language: expected `{word}` and a blank")))
    }

    /// A field or a call; `None` when something else stands here.
    fn operand(&mut self) -> Result<Option<Operand>, Mistake> {
        if let Some(name) = self.lexer.field_name() {
            let argument = self.argument()?;
            return Ok(Some(Operand::Field { name, argument }));
        }
        let start = self.lexer.at();
        let Some(name) = self.lexer.identifier() else { return Ok(None) };
        let Some(function) = Function::of(&name.text).filter(|_| self.lexer.literal("(")) else {
            if self.lexer.rest().starts_with('(') && !RESERVED.contains(&name.text.as_str()) {
                return Err((name.span.clone(), unknown_function(&name.text)));
            }
            self.lexer.back_to(start);
            return Ok(None);
        };
        self.deeper()?;
        let arguments = self.arguments(function, start)?;
        self.depth -= 1;
        Ok(Some(Operand::Call { function, arguments, span: start..self.lexer.at() }))
    }

    /// What stands in the brackets of a field.
    fn argument(&mut self) -> Result<Option<Word>, Mistake> {
        let start = self.lexer.at();
        if !self.lexer.literal("[") {
            return Ok(None);
        }
        let word = match self.lexer.quoted()? {
            Some(word) => Some(word),
            None => self.lexer.bare_argument(),
        };
        match word {
            Some(mut word) if self.lexer.literal("]") => {
                word.span = start..self.lexer.at();
                Ok(Some(word))
            }
            Some(_) => Err((start..start + 1, "the closing `]` is missing".to_owned())),
            None => Err((
                start..start + 1,
                "expected an argument in the brackets, such as `[1]` or `[\"a key\"]`".to_owned(),
            )),
        }
    }

    /// The arguments of a call, to its closing parenthesis.
    fn arguments(&mut self, function: Function, start: usize) -> Result<Vec<Operand>, Mistake> {
        let mut arguments = Vec::new();
        loop {
            self.lexer.blank();
            let argument = match self.lexer.quoted()? {
                Some(word) => Some(Operand::Text(word)),
                None => self.operand()?,
            };
            arguments.push(argument.ok_or_else(|| {
                let (span, _) = self.lexer.shown();
                (span, format!("expected a field inside `{}(…)`", function.as_str()))
            })?);
            self.lexer.blank();
            if self.lexer.literal(",") {
                continue;
            }
            if self.lexer.literal(")") {
                return Ok(arguments);
            }
            return Err((
                start..self.lexer.at(),
                format!("the `)` that closes `{}(` is missing", function.as_str()),
            ));
        }
    }

    /// The operator and what is on its right.
    fn condition(&mut self, left: Operand) -> Result<Check, Mistake> {
        self.lexer.blank();
        let at = self.lexer.at();
        let operator = self.operator(&left)?;
        let operator_at = at..self.lexer.at();
        let modifier = if operator.takes_modifier() { self.modifier() } else { None };
        self.lexer.blank();
        let right = match operator {
            Operator::Exists => Right::Nothing,
            _ if modifier.is_some() || operator.takes_list() => self.list(operator)?,
            _ => self.value(operator)?,
        };
        Ok(Check { left, operator, operator_at, modifier, right })
    }

    fn operator(&mut self, left: &Operand) -> Result<Operator, Mistake> {
        if let Some((symbol, operator)) = Operator::symbol(self.lexer.rest()) {
            self.lexer.literal(symbol);
            return Ok(operator);
        }
        match self.lexer.identifier() {
            Some(word) => Operator::of(&word.text).ok_or_else(|| {
                let known: Vec<&str> = Operator::words().collect();
                (word.span, format!("`{}` is no operator{}", word.text, hint(&word.text, &known)))
            }),
            None => {
                let span = left.span();
                let known: Vec<&str> = Operator::words().collect();
                Err((
                    span,
                    format!("an operator is missing after `{left}`: expected {}", one_of(&known)),
                ))
            }
        }
    }

    /// `oneof`, `anyof` or `allof`, when a list follows.
    fn modifier(&mut self) -> Option<Modifier> {
        let at = self.lexer.at();
        if self.lexer.blank()
            && let Some(modifier) =
                self.lexer.identifier().and_then(|word| Modifier::of(&word.text))
        {
            self.lexer.blank();
            if self.lexer.rest().starts_with('(') {
                return Some(modifier);
            }
        }
        self.lexer.back_to(at);
        None
    }

    fn value(&mut self, operator: Operator) -> Result<Right, Mistake> {
        if let Some(operand) = self.right_operand()? {
            return Ok(Right::Operand(operand));
        }
        match self.single()? {
            Some(word) => Ok(Right::Value(word)),
            None if self.lexer.rest().starts_with('(') => {
                let (span, _) = self.lexer.shown();
                Err((
                    span,
                    format!(
                        "`{operator}` takes one value: write `{operator} anyof (…)` for a list{}",
                        if operator == Operator::Equal { ", or use `in`" } else { "" }
                    ),
                ))
            }
            None => {
                let (span, _) = self.lexer.shown();
                Err((span, format!("a value is missing after `{operator}`")))
            }
        }
    }

    fn list(&mut self, operator: Operator) -> Result<Right, Mistake> {
        let start = self.lexer.at();
        if !self.lexer.literal("(") {
            if let Some(operand) = self.right_operand()? {
                return Ok(Right::Operand(operand));
            }
            // The name of a list may stand without parentheses.
            return match self.single()? {
                Some(word) if !word.quoted => Ok(Right::List(vec![word])),
                Some(word) => {
                    Err((word.span.clone(), format!("`{operator}` takes a list: write `({word})`")))
                }
                None => {
                    let (span, _) = self.lexer.shown();
                    Err((span, format!("`{operator}` takes a list in parentheses: `(a, b)`")))
                }
            };
        }
        let mut words = Vec::new();
        self.lexer.blank();
        if self.lexer.literal(")") {
            return Ok(Right::List(words));
        }
        loop {
            self.lexer.blank();
            let Some(word) = self.single()? else {
                let (span, _) = self.lexer.shown();
                return Err((span, "expected a value of the list here".to_owned()));
            };
            words.push(word);
            self.lexer.blank();
            if self.lexer.literal(")") {
                return Ok(Right::List(words));
            }
            if !self.lexer.literal(",") {
                return Err(self.broken_list(start));
            }
        }
    }

    /// A word or a quoted text.
    fn single(&mut self) -> Result<Option<Word>, Mistake> {
        match self.lexer.quoted()? {
            Some(word) => Ok(Some(word)),
            None => Ok(self.lexer.bare()),
        }
    }

    /// `val(field)` or another call on the right of an operator.
    fn right_operand(&mut self) -> Result<Option<Operand>, Mistake> {
        let at = self.lexer.at();
        let is_call =
            self.lexer.identifier().is_some_and(|word| Function::of(&word.text).is_some())
                && self.lexer.rest().starts_with('(');
        self.lexer.back_to(at);
        if is_call { self.operand() } else { Ok(None) }
    }

    fn deeper(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > CONDITION_MAX_DEPTH {
            let at = self.lexer.at();
            return Err((
                at..at + 1,
                format!("the condition nests deeper than {CONDITION_MAX_DEPTH} parentheses"),
            ));
        }
        Ok(())
    }

    fn broken_list(&self, start: usize) -> Mistake {
        if self.lexer.is_done() {
            return (start..start + 1, "this list is never closed: add a `)`".to_owned());
        }
        let (span, shown) = self.lexer.shown();
        (span, format!("expected `,` or `)` in the list, not `{shown}`: quote values with blanks"))
    }

    fn no_check(&self) -> Mistake {
        let (span, shown) = self.lexer.shown();
        if shown.is_empty() {
            return (span, "the condition ends where a check is expected".to_owned());
        }
        (span, format!("expected a check, a macro or `(` here, not `{shown}`"))
    }

    fn left_over(&self) -> Mistake {
        let (span, shown) = self.lexer.shown();
        let message = match shown {
            ")" => "this `)` was never opened".to_owned(),
            "=" | "!=" | "<" | ">" | "<=" | ">=" => {
                format!("`{shown}` has no field before it: fields have a dot, as `proc.name`")
            }
            _ => format!("expected `and` or `or` before `{shown}`{}", hint(shown, &["and", "or"])),
        };
        (span, message)
    }
}

fn unknown_function(name: &str) -> String {
    let known: Vec<&str> = Function::words().collect();
    match nearest(name, RESERVED) {
        Some(near) => format!("`{name}` is no word of the language: did you mean `{near}`?"),
        None => format!("`{name}` is no function{}", hint(name, &known)),
    }
}

/// `: did you mean …?`, or what there is.
fn hint(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if known.len() > 2 => format!(": expected {}", one_of(known)),
        None => String::new(),
    }
}
