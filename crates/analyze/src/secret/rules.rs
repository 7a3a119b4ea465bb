//! The rules: what a rule file says, read and made ready for the engine. The files lie in
//! `rules/secrets/`; `docs/secrets.md` describes their fields.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use model::{Confidence, SecretCategory};

use super::SecretRuleError;
use crate::limits::{MAX_SECRET_REGEX_BYTES, MAX_SECRET_RULES, MAX_SECRET_TOKEN_BYTES};

/// The rule files that are built in.
const BUILT_IN: [&str; 4] = [
    include_str!("../../../../rules/secrets/cloud.yaml"),
    include_str!("../../../../rules/secrets/development.yaml"),
    include_str!("../../../../rules/secrets/services.yaml"),
    include_str!("../../../../rules/secrets/connections.yaml"),
];

/// Bytes that a rule looks at, from or around its keyword, when it does not say.
const DEFAULT_WINDOW_BYTES: usize = 320;

/// One rule, ready.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) category: SecretCategory,
    pub(crate) confidence: Confidence,
    pub(crate) shape: Shape,
    pub(crate) keywords: Vec<String>,
    pub(crate) entropy: f32,
    pub(crate) window_bytes: usize,
    pub(crate) binaries: bool,
    /// Whether it is believed only where settings stand, not in code and prose.
    pub(crate) settings_only: bool,
    pub(crate) check: Option<Check>,
    expression: Expression,
    name: Option<Expression>,
    #[cfg(test)]
    pub(crate) examples: Vec<String>,
    #[cfg(test)]
    pub(crate) near_misses: Vec<String>,
}

/// How a rule's expression is held against the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The keyword begins the secret: the expression is anchored there.
    Token,
    /// The keyword stands in a name to which the secret is assigned: the expression is the value.
    Assigned,
    /// The expression is looked for in a window around the keyword.
    Search,
}

/// What a value must be beside its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Check {
    /// Base64 of `user:password` (RFC 7617).
    Basic,
    /// Made by chance.
    Random,
    /// A JSON Web Token (RFC 7519) with an algorithm.
    Jwt,
    /// A JSON Web Token of a Kubernetes service account.
    KubernetesJwt,
}

/// An expression, compiled when first needed: a run uses few of them.
#[derive(Debug)]
struct Expression {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rules: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    title: String,
    #[serde(default = "token")]
    category: SecretCategory,
    #[serde(default = "likely")]
    confidence: Confidence,
    keywords: Vec<String>,
    token: Option<String>,
    assigned: Option<String>,
    search: Option<String>,
    name: Option<String>,
    #[serde(default)]
    entropy: f32,
    window: Option<usize>,
    check: Option<Check>,
    #[serde(default)]
    settings_only: bool,
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))]
    examples: Vec<String>,
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))]
    near_misses: Vec<String>,
}

fn token() -> SecretCategory {
    SecretCategory::Token
}

fn likely() -> Confidence {
    Confidence::Likely
}

impl Rule {
    /// The compiled expression; `None` only for a text that [`check`] would have refused.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.expression.regex()
    }

    /// Whether the name to which a value is assigned suits.
    pub(crate) fn accepts_name(&self, name: &[u8]) -> bool {
        match &self.name {
            None => true,
            Some(expression) => expression.regex().is_some_and(|regex| regex.is_match(name)),
        }
    }
}

impl Expression {
    fn new(text: String) -> Self {
        Expression { text, compiled: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

/// Bytes, not characters: classes are ASCII, and compiling takes a fraction of the time.
fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).size_limit(MAX_SECRET_REGEX_BYTES).build()
}

/// The built-in rules, and their text for a digest.
pub(crate) fn built_in() -> Result<(Vec<Rule>, String), SecretRuleError> {
    let mut rules = Vec::new();
    for text in BUILT_IN {
        rules.extend(read(text)?);
    }
    Ok((rules, BUILT_IN.concat()))
}

/// Reads one rule file. Expressions are not compiled yet.
pub(crate) fn read(text: &str) -> Result<Vec<Rule>, SecretRuleError> {
    let file: RuleFile =
        crate::text::yaml(text).map_err(|error| SecretRuleError::Malformed(error.to_string()))?;
    if file.rules.len() > MAX_SECRET_RULES {
        let detail = format!("{} rules, more than {MAX_SECRET_RULES}", file.rules.len());
        return Err(SecretRuleError::Malformed(detail));
    }
    file.rules.into_iter().map(make).collect()
}

/// Compiles every expression, so that a mistake is told when rules are loaded.
pub(crate) fn check(rules: &[Rule]) -> Result<(), SecretRuleError> {
    for rule in rules {
        for expression in [Some(&rule.expression), rule.name.as_ref()].into_iter().flatten() {
            compile(&expression.text).map_err(|error| {
                let detail = error.to_string().replace('\n', " ");
                SecretRuleError::Expression { rule: rule.id.clone(), detail }
            })?;
        }
    }
    Ok(())
}

fn make(text: RuleText) -> Result<Rule, SecretRuleError> {
    let wrong = |detail: &str| SecretRuleError::Expression {
        rule: text.id.clone(),
        detail: detail.to_owned(),
    };
    let (shape, expression) = match (&text.token, &text.assigned, &text.search) {
        (Some(token), None, None) => (Shape::Token, format!("^(?:{token})")),
        (None, Some(value), None) => (Shape::Assigned, format!("^(?:{value})$")),
        (None, None, Some(search)) => (Shape::Search, search.clone()),
        _ => return Err(wrong("give exactly one of token, assigned and search")),
    };
    if text.keywords.is_empty() || text.keywords.iter().any(|keyword| keyword.len() < 3) {
        return Err(wrong("give keywords of three bytes or more"));
    }
    Ok(Rule {
        shape,
        expression: Expression::new(expression),
        name: text.name.map(|name| Expression::new(format!("(?i){name}"))),
        binaries: shape == Shape::Token
            && text.confidence == Confidence::Certain
            && text.category == SecretCategory::Token,
        check: text.check,
        settings_only: text.settings_only,
        window_bytes: text.window.unwrap_or(DEFAULT_WINDOW_BYTES).min(MAX_SECRET_TOKEN_BYTES),
        id: text.id,
        title: text.title,
        category: text.category,
        confidence: text.confidence,
        keywords: text.keywords,
        entropy: text.entropy,
        #[cfg(test)]
        examples: text.examples,
        #[cfg(test)]
        near_misses: text.near_misses,
    })
}
