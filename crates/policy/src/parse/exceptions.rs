//! Exceptions, checked: what they name must be readable, or they would silently never hold.

use model::Exception;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::rule::purl;
use super::scope::{RawBlock, plain};
use crate::PolicyError;
use crate::day::Day;
use crate::glob::Glob;
use crate::judge::ON_MISSING;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::{Source, either};

/// [`Exception`] with places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawException {
    id: Option<Spanned<String>>,
    rule: Option<Spanned<String>>,
    scope: Option<Spanned<RawBlock>>,
    package: Option<Spanned<String>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Option<Spanned<String>>,
}

/// The exceptions of an ignore file. It is kept beside the code and knows no policy, so its
/// entries name findings alone.
pub(crate) fn exceptions(
    source: &Source<'_>,
    raw: Vec<Spanned<RawException>>,
) -> Result<Vec<Exception>, PolicyError> {
    for raw in &raw {
        let message = "only an exception in a policy names a rule or a scope: here, name an `id`";
        if let Some(rule) = &raw.value.rule {
            return Err(source.mistake(rule, message));
        }
        if let Some(scope) = &raw.value.scope {
            return Err(source.mistake(scope, message));
        }
    }
    read(source, raw)
}

/// The exceptions of a policy with these rules.
pub(super) fn of_rules(
    source: &Source<'_>,
    raw: Vec<Spanned<RawException>>,
    rules: &[&str],
) -> Result<Vec<Exception>, PolicyError> {
    for rule in raw.iter().filter_map(|raw| raw.value.rule.as_ref()) {
        let name = rule.value.trim();
        if !rules.contains(&name) && name != ON_MISSING {
            let message = match rules.len() {
                0..=12 => format!("no rule is named `{name}`: expected {}", either(rules)),
                _ => format!("no rule is named `{name}`"),
            };
            return Err(source.mistake(rule, message));
        }
    }
    read(source, raw)
}

fn read(
    source: &Source<'_>,
    raw: Vec<Spanned<RawException>>,
) -> Result<Vec<Exception>, PolicyError> {
    if raw.len() > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} exceptions");
        return Err(PolicyError::whole(source.file, message));
    }
    raw.into_iter().map(|raw| exception(source, raw)).collect()
}

fn exception(source: &Source<'_>, raw: Spanned<RawException>) -> Result<Exception, PolicyError> {
    let at = Spanned::new((), raw.referenced, raw.defined);
    let raw = raw.value;
    let texts = [
        ("id", raw.id.as_ref()),
        ("rule", raw.rule.as_ref()),
        ("owner", Some(&raw.owner)),
        ("reason", Some(&raw.reason)),
    ];
    for (what, value) in texts {
        if let Some(value) = value.filter(|value| value.value.trim().is_empty()) {
            return Err(source.mistake(value, format!("`{what}` is empty")));
        }
    }
    if raw.id.is_none() && raw.rule.is_none() {
        let message = "the exception names nothing: give an `id`, a `rule`, or both";
        return Err(source.mistake(&at, message));
    }
    if let Some(package) = &raw.package {
        purl(source, package)?;
    }
    for path in &raw.paths {
        Glob::new(&path.value).map_err(|why| source.mistake(path, why))?;
    }
    if let Some(expires) = &raw.expires
        && Day::parse(&expires.value).is_none()
    {
        let message = format!("`{}` is not a day: expected YYYY-MM-DD", expires.value);
        return Err(source.mistake(expires, message));
    }
    let scope = raw.scope.map(|scope| plain(source, scope)).transpose()?;
    Ok(Exception {
        id: raw.id.map(|id| id.value).unwrap_or_default(),
        rule: raw.rule.map(|rule| rule.value.trim().to_owned()).unwrap_or_default(),
        scope: scope.unwrap_or_default(),
        package: raw.package.map(|package| package.value).unwrap_or_default(),
        paths: raw.paths.into_iter().map(|path| path.value).collect(),
        owner: raw.owner.value,
        reason: raw.reason.value,
        expires: raw.expires.map(|expires| expires.value),
    })
}
