//! Secrets, private keys and certificates: in files, in the configuration of an image and in its
//! build history. Pure, as the whole room: bytes in, nouns out. Nothing found is ever given in
//! clear: an excerpt is masked, and a secret is named by a keyed hash.
//!
//! `scan` asks [`SecretScanner::wants`] for each file of a layer, hands over its content, fills in
//! layer, owner and deletion, and joins keys with certificates by [`match_keys`].

mod address;
mod assignment;
mod check;
mod config;
mod engine;
mod fields;
mod file;
mod generic;
mod hit;
mod keys;
mod letters;
mod matching;
mod plausible;
mod redact;
mod rules;
mod syntax;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use model::{Content, FileEntry, FileKind, ImageConfig, Secret, Skip};

use engine::{Engine, Text};
use syntax::Syntax;

/// Raised whenever the code would find something else in the same bytes.
const CODE_VERSION: u32 = 2;
/// Hex digits of the version.
const VERSION_DIGITS: usize = 16;

/// What one file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretScan {
    /// The secrets, in order of their place in the file. Layer, owner and deletion are not set.
    pub secrets: Vec<Secret>,
    /// What was not looked at: the file is too large, or holds more than is told one by one.
    pub skipped: Vec<Skip>,
}

/// The rules are not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretRuleError {
    /// The text is not YAML, or not of the shape of a rule file.
    #[error("secret rules: {0}")]
    Malformed(String),
    /// A rule cannot be used.
    #[error("secret rule {rule}: {detail}")]
    Expression {
        /// The rule's id.
        rule: String,
        /// What is wrong.
        detail: String,
    },
}

/// Looks for secrets by rules. Cheap to share; hold one for a whole run.
pub struct SecretScanner {
    engine: Engine,
    version: String,
}

impl SecretScanner {
    /// The scanner with the rules that are built in.
    pub fn built_in() -> Result<&'static SecretScanner, SecretRuleError> {
        static BUILT_IN: LazyLock<Result<SecretScanner, SecretRuleError>> = LazyLock::new(|| {
            let (rules, text) = rules::built_in()?;
            SecretScanner::new(rules, &text)
        });
        BUILT_IN.as_ref().map_err(Clone::clone)
    }

    /// The built-in rules and those of `text`, a rule file as in `rules/secrets/`; a rule with
    /// the id of a built-in one replaces it.
    pub fn with_rules(text: &str) -> Result<SecretScanner, SecretRuleError> {
        let (mut rules, built_in) = rules::built_in()?;
        let added = rules::read(text)?;
        rules::check(&added)?;
        rules.retain(|rule| added.iter().all(|new| new.id != rule.id));
        rules.extend(added);
        SecretScanner::new(rules, &[&built_in, text].concat())
    }

    fn new(rules: Vec<rules::Rule>, text: &str) -> Result<SecretScanner, SecretRuleError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&CODE_VERSION.to_le_bytes());
        hasher.update(text.as_bytes());
        hasher.update(keys::KNOWN_KEYS.as_bytes());
        let hex = hasher.finalize().to_hex();
        let version = hex.get(..VERSION_DIGITS).unwrap_or_default().to_owned();
        Ok(SecretScanner { engine: Engine::new(rules)?, version })
    }

    /// Digest of rules, lists and code: part of the layer cache's key. 16 hex digits.
    pub fn version(&self) -> String {
        self.version.clone()
    }

    /// The number of rules in rule files.
    pub fn rule_count(&self) -> usize {
        self.engine.rules.len()
    }

    /// Whether a file is worth a look: any regular file with content, wherever it lies. One that
    /// is too large is wanted too, so that its skip is told.
    pub fn wants(&self, entry: &FileEntry) -> bool {
        entry.kind == FileKind::Regular && entry.size_bytes > 0
    }

    /// Looks through one file.
    pub fn scan_file(&self, entry: &FileEntry, content: &dyn Content) -> SecretScan {
        file::scan(&self.engine, entry, content)
    }

    /// Looks through environment, labels and build steps, by value and by name.
    pub fn scan_config(&self, config: &ImageConfig) -> Vec<Secret> {
        config::scan(&self.engine, config)
    }

    /// Where secrets stand in a text, as of a build step, in bytes and in order.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let hits = self.hits(text, Syntax::Step);
        hit::hidden(text.as_bytes(), &hits).into_iter().map(|hidden| hidden.span).collect()
    }

    /// The text, as of a build step, with every secret in it masked.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text, Syntax::Step)
    }

    /// The configuration with every secret in it masked: what a report may show.
    pub fn mask_config(&self, config: &ImageConfig) -> ImageConfig {
        let mut masked = config.clone();
        for variable in &mut masked.env {
            *variable = self.masked(variable, Syntax::Variable);
        }
        for (key, value) in &mut masked.labels {
            let pair = self.masked(&format!("{key}={value}"), Syntax::Variable);
            *value = pair.get(key.len() + 1..).unwrap_or_default().to_owned();
        }
        for step in &mut masked.history {
            step.created_by = self.mask(&step.created_by);
            step.comment = self.mask(&step.comment);
        }
        for word in masked.entrypoint.iter_mut().chain(&mut masked.cmd) {
            *word = self.mask(word);
        }
        masked
    }

    fn masked(&self, text: &str, syntax: Syntax) -> String {
        let hidden = hit::hidden(text.as_bytes(), &self.hits(text, syntax));
        let masked = redact::masked(text.as_bytes(), 0..text.len(), &hidden);
        String::from_utf8_lossy(&masked).into_owned()
    }

    fn hits(&self, text: &str, syntax: Syntax) -> Vec<hit::Hit<'_>> {
        let view = Text { bytes: text.as_bytes(), syntax, binary: false };
        let mut hits = self.engine.hits(view).hits;
        hits.retain(|hit| hit.category != model::SecretCategory::Certificate);
        hit::settle(&mut hits);
        hits
    }
}

/// Tells each private key the place of the certificate that holds its public key, when one is
/// among the secrets of the same image.
pub fn match_keys(secrets: &mut [Secret]) {
    // A certificate of its own before one in a key store.
    let of = |store: bool| secrets.iter().filter(move |secret| secret.key.is_some() == store);
    let places: HashMap<String, String> = of(true)
        .chain(of(false))
        .filter_map(|secret| {
            let facts = secret.certificate.as_ref()?;
            Some((facts.public_key.clone(), secret.place.describe()))
        })
        .collect();
    for secret in secrets {
        if let Some(key) = &mut secret.key
            && let Some(place) = places.get(&key.public_key)
        {
            key.certificate = Some(place.clone());
        }
    }
}
