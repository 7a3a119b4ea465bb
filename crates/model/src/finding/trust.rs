//! Trust: who answers for an image. Facts from the registry, requirements of the policy, and what
//! came of them.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Decision, Digest, Timestamp};

/// A key or certificate that may answer for images, as a policy names it. Its material is read and
/// understood by the eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its name, unique in the policy.
    pub name: String,
    /// What the material is.
    pub kind: AuthorityKind,
    /// The key or certificates.
    pub material: Material,
    /// The forms of signature that count; empty for every form that its kind can make.
    pub formats: Vec<SignatureFormat>,
    /// For certificates: what the signer's own certificate must be, one of these; empty for any
    /// that the authority issued. A subject, `CN=ci,O=Example`, of which every part must be there,
    /// or an alternative name, `email:a@example.org`, `uri:https://…`, `dns:…`.
    pub identities: Vec<String>,
}

/// What an authority's material is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorityKind {
    /// A public key, PEM: cosign and sigstore bundles.
    Key,
    /// Certificates of authorities, PEM: Notation.
    Certificate,
    /// An OpenPGP key, armoured or binary: GPG simple signing.
    Gpg,
}

/// Where a key or certificate is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A file; what is relative is meant from the policy's folder.
    File(PathBuf),
    /// In the policy itself.
    Inline(Vec<u8>),
}

/// Where detached GPG signatures of repositories lie: a line of `registries.d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookaside {
    /// `registry`, `registry/namespace` or `registry/namespace/repository`; empty for all.
    pub scope: String,
    /// A directory, `file:` or `http(s):` URL below which the repositories lie.
    pub base: String,
}

/// A signature as it was found and checked. A fact: whether it suffices is the policy's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureFact {
    /// Its form.
    pub format: SignatureFormat,
    /// Where it lay: a tag, a referrer's digest, a file.
    pub found_at: String,
    /// The digest that it signs; `None` when it could not be read so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs: Option<Digest>,
    /// The repository or reference that it names, when it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The name of the trusted key or certificate that it verified with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The key or certificate that signed: a certificate's subject, a key's fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// When it says it was made. Not proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// Why it does not hold; `None` when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The form of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureFormat {
    /// cosign's simple signing, in a `.sig` tag.
    CosignSimple,
    /// A sigstore bundle of version 0.3, a referrer of the image.
    SigstoreBundle,
    /// Notation, JSON web signature.
    NotationJws,
    /// Notation, COSE.
    NotationCose,
    /// GPG simple signing, in a lookaside store.
    GpgSimple,
}

impl SignatureFormat {
    /// Every form.
    pub const ALL: [SignatureFormat; 5] = [
        SignatureFormat::CosignSimple,
        SignatureFormat::SigstoreBundle,
        SignatureFormat::NotationJws,
        SignatureFormat::NotationCose,
        SignatureFormat::GpgSimple,
    ];

    /// The word in reports and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            SignatureFormat::CosignSimple => "cosign_simple",
            SignatureFormat::SigstoreBundle => "sigstore_bundle",
            SignatureFormat::NotationJws => "notation_jws",
            SignatureFormat::NotationCose => "notation_cose",
            SignatureFormat::GpgSimple => "gpg_simple",
        }
    }
}

impl AuthorityKind {
    /// The forms of signature that an authority of this kind makes.
    pub fn formats(self) -> &'static [SignatureFormat] {
        match self {
            AuthorityKind::Key => &[SignatureFormat::CosignSimple, SignatureFormat::SigstoreBundle],
            AuthorityKind::Certificate => {
                &[SignatureFormat::NotationJws, SignatureFormat::NotationCose]
            }
            AuthorityKind::Gpg => &[SignatureFormat::GpgSimple],
        }
    }
}

impl fmt::Display for SignatureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What came of the trust requirements of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustResult {
    /// The scope of the policy that applied: the most specific one that fits the reference.
    pub scope: String,
    /// The reference as asked, normalised.
    pub reference: String,
    /// The digest that it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What an unmet requirement decides at most: `warn` where the scope only warns.
    #[serde(default)]
    pub mode: Decision,
    /// Every requirement, met or not.
    pub requirements: Vec<TrustRequirement>,
    /// Every signature that was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureFact>,
}

/// One requirement and whether it is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRequirement {
    /// What is demanded: `registry`, `digest`, `label`, `signature`.
    pub kind: String,
    /// The demand in words.
    pub demand: String,
    /// Whether it is met.
    pub met: bool,
    /// By what it is met, or why not.
    pub reason: String,
}

/// An unmet requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distrust {
    /// The scope that demands it.
    pub scope: String,
    /// The image as asked.
    pub reference: String,
    /// What is demanded: `registry`, `digest`, `label`, `signature`.
    pub requirement: String,
    /// The demand in words.
    pub demand: String,
    /// Why it is not met.
    pub reason: String,
}
