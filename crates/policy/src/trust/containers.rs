//! `containers-policy.json`: what podman, skopeo and CRI-O are told to trust.
//!
//! Source: containers-image, `docs/containers-policy.json.5.md`.

use std::collections::BTreeMap;

use model::{Authority, AuthorityKind, Decision, Material, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Demand, Pattern, Quorum, ReferenceMatch, Scope, TrustPolicy};
use crate::PolicyError;
use crate::limits::POLICY_MAX_ENTRIES;
use crate::yaml::Source;

/// The transport whose scopes are about images of registries.
const TRANSPORT: &str = "docker";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    default: Requirements,
    #[serde(default)]
    transports: BTreeMap<String, BTreeMap<String, Requirements>>,
}

type Requirements = Spanned<Vec<Spanned<RawRequirement>>>;

/// A requirement of any type, with the fields of all; which belong together is checked below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawRequirement {
    r#type: String,
    key_type: Option<String>,
    key_path: Option<String>,
    key_paths: Option<Vec<String>>,
    key_data: Option<String>,
    key_datas: Option<Vec<String>>,
    fulcio: Option<serde::de::IgnoredAny>,
    pki: Option<serde::de::IgnoredAny>,
    rekor_public_key_path: Option<serde::de::IgnoredAny>,
    rekor_public_key_paths: Option<serde::de::IgnoredAny>,
    rekor_public_key_data: Option<serde::de::IgnoredAny>,
    rekor_public_key_datas: Option<serde::de::IgnoredAny>,
    signed_identity: Option<RawIdentity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawIdentity {
    r#type: String,
    docker_reference: Option<String>,
    docker_repository: Option<String>,
    prefix: Option<String>,
    signed_prefix: Option<String>,
}

/// Reads the file.
pub(super) fn read(file: &str, text: &str) -> Result<TrustPolicy, PolicyError> {
    let source = Source { file, text };
    let raw: RawPolicy = source.read()?;
    let mut import = Import { source, policy: TrustPolicy::default() };
    import.scope("*", Pattern::Any, &raw.default)?;
    for (name, requirements) in raw.transports.get(TRANSPORT).into_iter().flatten() {
        let pattern = match name.as_str() {
            // The default of the transport goes before the default of all.
            "" => {
                import.policy.scopes.retain(|scope| scope.pattern != Pattern::Any);
                Pattern::Any
            }
            name => Pattern::of_containers(name)
                .map_err(|why| import.source.mistake(requirements, why))?,
        };
        let shown = if name.is_empty() { "*" } else { name };
        import.scope(shown, pattern, requirements)?;
    }
    let mut policy = import.policy;
    if policy.scopes.len() > POLICY_MAX_ENTRIES {
        return Err(PolicyError::whole(file, format!("more than {POLICY_MAX_ENTRIES} scopes")));
    }
    policy.scopes.sort_by_key(|scope| std::cmp::Reverse(scope.pattern.specificity()));
    Ok(policy)
}

/// The policy in the making.
struct Import<'a> {
    source: Source<'a>,
    policy: TrustPolicy,
}

impl Import<'_> {
    fn scope(
        &mut self,
        name: &str,
        pattern: Pattern,
        requirements: &Requirements,
    ) -> Result<(), PolicyError> {
        if requirements.value.is_empty() {
            let message = format!("scope `{name}` has no requirement: write one, such as `reject`");
            return Err(self.source.mistake(requirements, message));
        }
        let mut demands = Vec::new();
        for requirement in &requirements.value {
            demands.extend(self.demand(name, requirement)?);
        }
        let (mode, severity) = (Decision::Deny, Severity::High);
        let name = name.to_owned();
        self.policy.scopes.push(Scope { name, pattern, mode, severity, demands });
        Ok(())
    }

    fn demand(
        &mut self,
        scope: &str,
        at: &Spanned<RawRequirement>,
    ) -> Result<Option<Demand>, PolicyError> {
        let raw = &at.value;
        let kind = match raw.r#type.as_str() {
            "insecureAcceptAnything" => return Ok(None),
            "reject" => return Ok(Some(Demand::Never("the policy rejects them".to_owned()))),
            "signedBy" => AuthorityKind::Gpg,
            "sigstoreSigned" => AuthorityKind::Key,
            other => {
                let message = format!(
                    "`{other}` is no requirement: expected `insecureAcceptAnything`, `reject`, \
                     `signedBy` or `sigstoreSigned`"
                );
                return Err(self.source.mistake(at, message));
            }
        };
        if let Some(why) = unverifiable(raw) {
            return Ok(Some(Demand::Never(why.to_owned())));
        }
        let materials = materials(raw, kind).map_err(|why| self.source.mistake(at, why))?;
        let reference = match &raw.signed_identity {
            None => ReferenceMatch::ExactOrDigest,
            Some(identity) => {
                signed_identity(identity).map_err(|why| self.source.mistake(at, why))?
            }
        };
        let authorities =
            materials.into_iter().map(|material| self.authority(scope, kind, material)).collect();
        Ok(Some(Demand::Signature { quorum: Quorum::Any, authorities, reference }))
    }

    /// The name of the authority with this material, which may be known already.
    fn authority(&mut self, scope: &str, kind: AuthorityKind, material: Material) -> String {
        let known = &mut self.policy.authorities;
        if let Some(same) = known.iter().find(|a| a.kind == kind && a.material == material) {
            return same.name.clone();
        }
        let name = match &material {
            Material::File(path) => path.display().to_string(),
            Material::Inline(_) => format!("key {} of {scope}", known.len() + 1),
        };
        let (formats, identities) = (Vec::new(), Vec::new());
        known.push(Authority { name: name.clone(), kind, material, formats, identities });
        name
    }
}

/// Why a requirement cannot be checked here; `None` when it can.
fn unverifiable(raw: &RawRequirement) -> Option<&'static str> {
    let rekor = [
        &raw.rekor_public_key_path,
        &raw.rekor_public_key_paths,
        &raw.rekor_public_key_data,
        &raw.rekor_public_key_datas,
    ];
    if raw.fulcio.is_some() {
        Some("the policy demands a Fulcio certificate, which is not checked offline")
    } else if raw.pki.is_some() {
        Some("the policy demands a certificate (`pki`) in a cosign signature, which is not checked")
    } else if rekor.iter().any(|key| key.is_some()) {
        Some("the policy demands an entry in a Rekor log, which is not checked offline")
    } else if raw.key_type.as_deref().is_some_and(|kind| kind != "GPGKeys") {
        Some("the policy demands a type of key other than GPGKeys")
    } else {
        None
    }
}

/// The keys of a requirement, which gives them in one of four ways.
fn materials(raw: &RawRequirement, kind: AuthorityKind) -> Result<Vec<Material>, String> {
    if kind == AuthorityKind::Gpg && raw.key_type.is_none() {
        return Err("`signedBy` needs `keyType`: expected `GPGKeys`".to_owned());
    }
    let inline = |text: &String| {
        let bytes = crate::base64::decode(text).ok_or("`keyData` is not base64")?;
        Ok::<_, String>(Material::Inline(bytes))
    };
    let file = |path: &String| Material::File(path.into());
    let given = (&raw.key_path, &raw.key_paths, &raw.key_data, &raw.key_datas);
    let materials = match given {
        (Some(path), None, None, None) => vec![file(path)],
        (None, Some(paths), None, None) => paths.iter().map(file).collect(),
        (None, None, Some(text), None) => vec![inline(text)?],
        (None, None, None, Some(texts)) => texts.iter().map(inline).collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    if materials.is_empty() {
        return Err(format!(
            "`{}` needs one of `keyPath`, `keyPaths`, `keyData` and `keyDatas`",
            raw.r#type
        ));
    }
    Ok(materials)
}

fn signed_identity(raw: &RawIdentity) -> Result<ReferenceMatch, String> {
    let needs = |field: &Option<String>, name: &str| {
        field.clone().ok_or_else(|| format!("`{}` needs `{name}`", raw.r#type))
    };
    Ok(match raw.r#type.as_str() {
        "matchExact" => ReferenceMatch::Exact,
        "matchRepoDigestOrExact" => ReferenceMatch::ExactOrDigest,
        "matchRepository" => ReferenceMatch::Repository,
        "exactReference" => {
            ReferenceMatch::ExactReference(needs(&raw.docker_reference, "dockerReference")?)
        }
        "exactRepository" => {
            ReferenceMatch::ExactRepository(needs(&raw.docker_repository, "dockerRepository")?)
        }
        "remapIdentity" => ReferenceMatch::Remap {
            prefix: needs(&raw.prefix, "prefix")?,
            signed_prefix: needs(&raw.signed_prefix, "signedPrefix")?,
        },
        other => {
            return Err(format!("`{other}` is no `signedIdentity`: see containers-policy.json"));
        }
    })
}

#[cfg(test)]
mod tests;
