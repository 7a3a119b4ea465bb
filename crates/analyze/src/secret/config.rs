//! The configuration of an image: environment, labels and build steps. A name that says secret
//! counts as well as a value that has a secret's form.

use std::collections::HashSet;

use model::{ImageConfig, Secret, SecretCategory, SecretPlace};

use super::engine::{Engine, Text};
use super::hit;
use super::syntax::Syntax;
use crate::limits::{MAX_CONFIG_TEXT_BYTES, MAX_SECRETS_PER_FILE};

/// Looks through environment, labels and build steps.
pub(crate) fn scan(engine: &Engine, config: &ImageConfig) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for variable in &config.env {
        let name = variable.split_once('=').map_or(variable.as_str(), |(name, _)| name);
        let place = SecretPlace::Environment(name.to_owned());
        look(engine, variable, (Syntax::Variable, &place), &mut secrets);
    }
    for (key, value) in &config.labels {
        let text = format!("{key}={value}");
        look(engine, &text, (Syntax::Variable, &SecretPlace::Label(key.clone())), &mut secrets);
    }
    for (step, history) in config.history.iter().enumerate() {
        let place = SecretPlace::History(u32::try_from(step).unwrap_or(u32::MAX));
        let text = [history.created_by.as_str(), "\n", history.comment.as_str()].concat();
        look(engine, &text, (Syntax::Step, &place), &mut secrets);
    }
    secrets
}

fn look(
    engine: &Engine,
    text: &str,
    (syntax, place): (Syntax, &SecretPlace),
    secrets: &mut Vec<Secret>,
) {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..bytes.len().min(MAX_CONFIG_TEXT_BYTES)).unwrap_or_default();
    let mut hits = engine.hits(Text { bytes, syntax, binary: false }).hits;
    hits.retain(|hit| hit.category != SecretCategory::Certificate);
    hit::settle(&mut hits);
    let hidden = hit::hidden(bytes, &hits);
    let room = MAX_SECRETS_PER_FILE.saturating_sub(secrets.len());
    let mut seen = HashSet::new();
    let found = hits.into_iter().map(|hit| hit.into_secret(bytes, &hidden, (place.clone(), 0, 0)));
    secrets.extend(found.filter(|secret| seen.insert(secret.fingerprint.clone())).take(room));
}
