//! Scopes: which images and workloads a policy, a rule or an exception speaks of.

use std::collections::BTreeMap;

use model::Scope;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::forms::OneOrMany;
use crate::PolicyError;
use crate::scope::{Block, RuleScope};
use crate::yaml::Source;

/// What is said of a scope that would hold everywhere.
const EMPTY: &str =
    "a scope is empty: give `registry`, `repository`, `namespace`, `node` or `labels`";

/// A scope with what it leaves out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScope {
    registry: Option<Spanned<OneOrMany>>,
    repository: Option<Spanned<OneOrMany>>,
    namespace: Option<Spanned<OneOrMany>>,
    node: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    labels: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<RawBlock>>,
}

/// A scope without anything left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBlock {
    registry: Option<Spanned<OneOrMany>>,
    repository: Option<Spanned<OneOrMany>>,
    namespace: Option<Spanned<OneOrMany>>,
    node: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    labels: BTreeMap<String, Spanned<String>>,
}

/// The scope of a policy or rule.
pub(super) fn scope(source: &Source<'_>, raw: Spanned<RawScope>) -> Result<RuleScope, PolicyError> {
    let at = Spanned::new((), raw.referenced, raw.defined);
    let RawScope { registry, repository, namespace, node, labels, exclude } = raw.value;
    let within = RawBlock { registry, repository, namespace, node, labels };
    let (within, block) = compiled(source, within)?;
    if within.is_empty() && exclude.is_empty() {
        return Err(source.mistake(&at, EMPTY));
    }
    let exclude = exclude.into_iter().map(|raw| Ok(asking(source, raw)?.1));
    Ok(RuleScope::new(block, exclude.collect::<Result<_, PolicyError>>()?))
}

/// The scope of an exception, checked.
pub(super) fn plain(source: &Source<'_>, raw: Spanned<RawBlock>) -> Result<Scope, PolicyError> {
    Ok(asking(source, raw)?.0)
}

/// A scope that asks for something.
fn asking(source: &Source<'_>, raw: Spanned<RawBlock>) -> Result<(Scope, Block), PolicyError> {
    let at = Spanned::new((), raw.referenced, raw.defined);
    let (scope, block) = compiled(source, raw.value)?;
    match scope.is_empty() {
        true => Err(source.mistake(&at, EMPTY)),
        false => Ok((scope, block)),
    }
}

fn compiled(source: &Source<'_>, raw: RawBlock) -> Result<(Scope, Block), PolicyError> {
    let list = |field: Option<Spanned<OneOrMany>>, only: fn(Vec<String>) -> Scope| match field {
        None => Ok(Vec::new()),
        Some(list) if list.value.0.is_empty() => {
            Err(source.mistake(&list, "the list is empty: nothing would be in this scope"))
        }
        Some(list) => {
            let patterns = list.value.0.clone();
            match Block::new(&only(patterns.clone())) {
                Ok(_) => Ok(patterns),
                Err(why) => Err(source.mistake(&list, why)),
            }
        }
    };
    for value in raw.labels.values() {
        crate::trust::LabelGlob::new(&value.value).map_err(|why| source.mistake(value, why))?;
    }
    let scope = Scope {
        registry: list(raw.registry, |registry| Scope { registry, ..Scope::default() })?,
        repository: list(raw.repository, |repository| Scope { repository, ..Scope::default() })?,
        namespace: list(raw.namespace, |namespace| Scope { namespace, ..Scope::default() })?,
        node: list(raw.node, |node| Scope { node, ..Scope::default() })?,
        labels: raw.labels.into_iter().map(|(key, value)| (key, value.value)).collect(),
    };
    let block = Block::new(&scope).map_err(|why| PolicyError::whole(source.file, why))?;
    Ok((scope, block))
}
