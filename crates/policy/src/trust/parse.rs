//! From the `trust:` section of a policy to scopes and authorities.

use std::collections::BTreeMap;

use model::{
    Authority, AuthorityKind, Decision, Digest, Lookaside, Material, Severity, SignatureFormat,
};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Demand, LabelGlob, Pattern, Quorum, ReferenceMatch, Scope, TrustPolicy};
use crate::PolicyError;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::{Source, either};

/// The only version of the file so far.
const VERSION: u32 = 1;
/// What begins a key or certificate that is written into the policy itself.
const ARMOUR: &str = "-----BEGIN ";
const DEMANDS: [&str; 8] = [
    "registries",
    "repositories",
    "digest",
    "pins",
    "labels",
    "signatures",
    "accept: true",
    "refuse: REASON",
];
const REFERENCES: [(&str, ReferenceMatch); 4] = [
    ("any", ReferenceMatch::Any),
    ("exact", ReferenceMatch::Exact),
    ("exact_or_digest", ReferenceMatch::ExactOrDigest),
    ("repository", ReferenceMatch::Repository),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Standalone {
    version: Option<Spanned<u32>>,
    trust: RawTrust,
}

/// The `trust:` section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTrust {
    #[serde(default)]
    authorities: Vec<Spanned<RawAuthority>>,
    #[serde(default)]
    lookaside: Vec<RawLookaside>,
    scopes: Spanned<Vec<Spanned<RawScope>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuthority {
    name: Spanned<String>,
    key: Option<Spanned<String>>,
    certificate: Option<Spanned<String>>,
    gpg: Option<Spanned<String>>,
    #[serde(default)]
    identities: Vec<Spanned<String>>,
    #[serde(default)]
    formats: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLookaside {
    #[serde(default)]
    scope: String,
    at: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScope {
    scope: Spanned<String>,
    mode: Option<Spanned<String>>,
    severity: Option<Spanned<String>>,
    registries: Option<Spanned<Vec<Spanned<String>>>>,
    repositories: Option<Spanned<Vec<Spanned<String>>>>,
    digest: Option<Spanned<String>>,
    pins: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    labels: BTreeMap<String, Spanned<String>>,
    signatures: Option<Spanned<RawSignatures>>,
    accept: Option<Spanned<bool>>,
    refuse: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignatures {
    any: Option<Spanned<Vec<Spanned<String>>>>,
    all: Option<Spanned<Vec<Spanned<String>>>>,
    reference: Option<Spanned<String>>,
    signed_as: Option<Spanned<String>>,
    remap: Option<Spanned<RawRemap>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRemap {
    from: String,
    to: String,
}

/// Reads a file with a `trust:` section alone.
pub(super) fn standalone(file: &str, text: &str) -> Result<TrustPolicy, PolicyError> {
    let source = Source { file, text };
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        return Err(PolicyError::whole(file, "it is empty: a trust policy needs `trust`"));
    }
    let raw: Standalone = source.read()?;
    if let Some(version) = raw.version.filter(|version| version.value != VERSION) {
        let message = format!("version {} is not known: expected {VERSION}", version.value);
        return Err(source.mistake(&version, message));
    }
    trust(&source, raw.trust)
}

/// Checks a `trust:` section.
pub(crate) fn trust(source: &Source<'_>, raw: RawTrust) -> Result<TrustPolicy, PolicyError> {
    if raw.authorities.len().max(raw.scopes.value.len()) > POLICY_MAX_ENTRIES {
        let message = format!("it has more than {POLICY_MAX_ENTRIES} authorities or scopes");
        return Err(source.mistake(&raw.scopes, message));
    }
    let mut authorities: Vec<Authority> = Vec::with_capacity(raw.authorities.len());
    for raw in &raw.authorities {
        let name = &raw.value.name;
        if authorities.iter().any(|authority| authority.name == name.value) {
            let message = format!("another authority is already named `{}`", name.value);
            return Err(source.mistake(name, message));
        }
        authorities.push(authority(source, raw)?);
    }
    if raw.scopes.value.is_empty() {
        return Err(source.mistake(&raw.scopes, "the list is empty: nothing would be demanded"));
    }
    let mut scopes: Vec<Scope> = Vec::with_capacity(raw.scopes.value.len());
    for raw in &raw.scopes.value {
        let made = scope(source, raw, &authorities)?;
        if let Some(other) = scopes.iter().find(|other| other.pattern == made.pattern) {
            let message = format!("`{}` is about the same images", other.name);
            return Err(source.mistake(&raw.value.scope, message));
        }
        scopes.push(made);
    }
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.pattern.specificity()));
    let lookasides =
        raw.lookaside.into_iter().map(|raw| lookaside(source, raw)).collect::<Result<_, _>>()?;
    Ok(TrustPolicy { authorities, lookasides, scopes })
}

fn lookaside(source: &Source<'_>, raw: RawLookaside) -> Result<Lookaside, PolicyError> {
    if !["/", "file://", "http://", "https://"].iter().any(|start| raw.at.value.starts_with(start))
    {
        let message = "expected an absolute path, or a `file:`, `http:` or `https:` URL";
        return Err(source.mistake(&raw.at, message));
    }
    Ok(Lookaside { scope: raw.scope.trim_end_matches(['/', '*']).to_owned(), base: raw.at.value })
}

fn authority(source: &Source<'_>, at: &Spanned<RawAuthority>) -> Result<Authority, PolicyError> {
    let raw = &at.value;
    if raw.name.value.trim().is_empty() {
        return Err(source.mistake(&raw.name, "`name` is empty"));
    }
    let materials = [
        (AuthorityKind::Key, &raw.key),
        (AuthorityKind::Certificate, &raw.certificate),
        (AuthorityKind::Gpg, &raw.gpg),
    ];
    let mut given = materials.iter().filter_map(|(kind, text)| Some((*kind, text.as_ref()?)));
    let (Some((kind, text)), None) = (given.next(), given.next()) else {
        let message =
            format!("authority `{}` needs one of `key`, `certificate` or `gpg`", raw.name.value);
        return Err(source.mistake(at, message));
    };
    if text.value.trim().is_empty() {
        return Err(source.mistake(text, "expected the path of a file, or its text"));
    }
    let material = match text.value.contains(ARMOUR) {
        true => Material::Inline(text.value.clone().into_bytes()),
        false => Material::File(text.value.clone().into()),
    };
    if kind != AuthorityKind::Certificate
        && let Some(identity) = raw.identities.first()
    {
        return Err(source.mistake(identity, "identities are of certificates only"));
    }
    let identities: Parsed<_> = raw.identities.iter().map(|i| identity(source, i)).collect();
    let formats: Parsed<_> = raw.formats.iter().map(|text| format(source, text, kind)).collect();
    let name = raw.name.value.clone();
    Ok(Authority { name, kind, material, formats: formats?, identities: identities? })
}

type Parsed<T> = Result<T, PolicyError>;

fn identity(source: &Source<'_>, text: &Spanned<String>) -> Parsed<String> {
    let value = text.value.trim();
    let alternative = ["email:", "uri:", "dns:"].iter().any(|kind| value.starts_with(kind));
    if alternative || value.contains('=') {
        return Ok(value.to_owned());
    }
    let message = format!(
        "`{value}` is no identity: expected a subject (`CN=ci,O=Example`), `email:…`, `uri:…` or \
         `dns:…`"
    );
    Err(source.mistake(text, message))
}

fn format(
    source: &Source<'_>,
    text: &Spanned<String>,
    kind: AuthorityKind,
) -> Parsed<SignatureFormat> {
    let possible = kind.formats();
    possible.iter().find(|format| format.as_str() == text.value).copied().ok_or_else(|| {
        let words: Vec<&str> = possible.iter().map(|format| format.as_str()).collect();
        let message = format!("`{}` is no format here: expected {}", text.value, either(&words));
        source.mistake(text, message)
    })
}

fn scope(source: &Source<'_>, at: &Spanned<RawScope>, known: &[Authority]) -> Parsed<Scope> {
    let raw = &at.value;
    let name = raw.scope.value.trim().to_owned();
    let pattern = Pattern::parse(&name).map_err(|why| source.mistake(&raw.scope, why))?;
    let mode = match raw.mode.as_ref().map(|mode| mode.value.as_str()) {
        None | Some("deny") => Decision::Deny,
        Some("warn") => Decision::Warn,
        Some(other) => {
            let message = format!("`{other}` is not a mode: expected `warn` or `deny`");
            return Err(source.mistake(raw.mode.as_ref().unwrap_or(&raw.scope), message));
        }
    };
    let severity = match &raw.severity {
        None => Severity::High,
        Some(text) => text.value.parse().map_err(|why: String| source.mistake(text, why))?,
    };
    let demands = demands(source, raw, known)?;
    let accepts = match &raw.accept {
        Some(accept) if !accept.value => {
            return Err(source.mistake(accept, "write `true`, or demand something"));
        }
        accept => accept.is_some(),
    };
    if demands.is_empty() != accepts {
        let message = match accepts {
            true => format!("scope `{name}` accepts everything and demands something"),
            false => format!("scope `{name}` demands nothing: add {}", either(&DEMANDS)),
        };
        return Err(source.mistake(&raw.scope, message));
    }
    Ok(Scope { name, pattern, mode, severity, demands })
}

fn demands(source: &Source<'_>, raw: &RawScope, known: &[Authority]) -> Parsed<Vec<Demand>> {
    let mut demands = Vec::new();
    if let Some(why) = &raw.refuse {
        let why = Some(why.value.trim()).filter(|why| !why.is_empty());
        demands.push(Demand::Never(why.unwrap_or("no reason is given").to_owned()));
    }
    if let Some(list) = &raw.registries {
        demands.push(Demand::Registry(each(source, list, Pattern::registry)?));
    }
    if let Some(list) = &raw.repositories {
        demands.push(Demand::Repository(each(source, list, Pattern::parse)?));
    }
    if let Some(word) = &raw.digest {
        if word.value != "required" {
            let message = format!(
                "`{}` is not known here: expected `required`; allowed digests are listed in `pins`",
                word.value
            );
            return Err(source.mistake(word, message));
        }
        demands.push(Demand::Pinned);
    }
    if let Some(list) = &raw.pins {
        demands.push(Demand::Digest(each(source, list, |text| {
            text.parse::<Digest>().map_err(|error| error.to_string())
        })?));
    }
    for (key, value) in &raw.labels {
        let value = LabelGlob::new(&value.value).map_err(|why| source.mistake(value, why))?;
        demands.push(Demand::Label { key: key.clone(), value });
    }
    if let Some(raw) = &raw.signatures {
        demands.push(signatures(source, raw, known)?);
    }
    Ok(demands)
}

fn each<T>(
    source: &Source<'_>,
    list: &Spanned<Vec<Spanned<String>>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Parsed<Vec<T>> {
    if list.value.is_empty() {
        return Err(source.mistake(list, "the list is empty: the demand could never be met"));
    }
    list.value
        .iter()
        .map(|item| read(item.value.trim()).map_err(|why| source.mistake(item, why)))
        .collect()
}

fn signatures(
    source: &Source<'_>,
    at: &Spanned<RawSignatures>,
    known: &[Authority],
) -> Parsed<Demand> {
    let raw = &at.value;
    let (quorum, list) = match (&raw.any, &raw.all) {
        (Some(list), None) => (Quorum::Any, list),
        (None, Some(list)) => (Quorum::All, list),
        _ => {
            let message = "signatures need either `any` or `all`, a list of authorities";
            return Err(source.mistake(at, message));
        }
    };
    let authorities = each(source, list, |name| {
        if known.iter().any(|authority| authority.name == name) {
            return Ok(name.to_owned());
        }
        let names: Vec<&str> = known.iter().map(|authority| authority.name.as_str()).collect();
        Err(format!("`{name}` is no authority: expected {}", either(&names)))
    })?;
    let reference = reference(source, at)?;
    Ok(Demand::Signature { quorum, authorities, reference })
}

fn reference(source: &Source<'_>, at: &Spanned<RawSignatures>) -> Parsed<ReferenceMatch> {
    match (&at.value.reference, &at.value.signed_as, &at.value.remap) {
        (None, None, None) => Ok(ReferenceMatch::Any),
        (Some(word), None, None) => {
            let known = REFERENCES.iter().find(|(known, _)| *known == word.value);
            known.map(|(_, reference)| reference.clone()).ok_or_else(|| {
                let words: Vec<&str> = REFERENCES.iter().map(|(word, _)| *word).collect();
                let message = format!("`{}` is not known: expected {}", word.value, either(&words));
                source.mistake(word, message)
            })
        }
        (None, Some(name), None) => match Pattern::parse(name.value.trim()) {
            Ok(Pattern::Repository(name)) => Ok(ReferenceMatch::ExactRepository(name)),
            Ok(Pattern::Tag(name, tag)) => {
                Ok(ReferenceMatch::ExactReference(format!("{name}:{tag}")))
            }
            _ => Err(source.mistake(name, "expected a repository, or one with a tag")),
        },
        (None, None, Some(remap)) => {
            let prefix = remap.value.from.trim_end_matches('/').to_owned();
            let signed_prefix = remap.value.to.trim_end_matches('/').to_owned();
            if prefix.is_empty() || signed_prefix.is_empty() {
                return Err(source.mistake(remap, "`from` and `to` need text"));
            }
            Ok(ReferenceMatch::Remap { prefix, signed_prefix })
        }
        _ => {
            let message = "only one of `reference`, `signed_as` and `remap` can hold";
            Err(source.mistake(at, message))
        }
    }
}

#[cfg(test)]
mod tests;
