//! Signatures of images: found where the tools put them, checked offline.
//!
//! [`find_signatures`] looks in every place (a `.sig` tag, the referrers, their fallback tag, a
//! layout, lookaside directories) and gives [`RawSignature`]s; [`verify`] is pure and says of each
//! which authority it holds with, or why with none. Whether that is enough is the judge's to say.
//! Nothing here asks a transparency log, a timestamp authority or a revocation list.

mod authority;
mod bundle;
mod collect;
mod crypto;
mod find;
mod gpg;
mod lookaside;
mod notation;
mod openpgp;
mod simple;
mod store;
mod verify;
mod x509;

use model::{Digest, ImageRef, SignatureFormat};

pub use authority::Authorities;
pub use find::{SignatureQuery, find_signatures};
pub use verify::{verify, verify_all};

pub(crate) use store::{ArtifactStore, Attached};

/// What was found of an image's signatures.
#[derive(Debug, Clone, Default)]
pub struct SignatureSearch {
    /// The reference that the image goes by, if it has one.
    pub reference: Option<ImageRef>,
    /// The digest of the index that the reference stands for; `None` when it stands for a manifest.
    pub index: Option<Digest>,
    /// The digest of the manifest for the platform.
    pub manifest: Option<Digest>,
    /// The signatures, not checked.
    pub signatures: Vec<RawSignature>,
    /// Places that could not be read, each with the reason, in a line.
    pub unread: Vec<String>,
}

/// A signature as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSignature {
    /// Where it lay: a tag, a referrer's digest, a file.
    pub found_at: String,
    /// What it must sign: the manifest or index that it was found for.
    pub subject: Subject,
    /// The signature itself.
    pub body: SignatureBody,
}

/// A manifest or index that can be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes, when its bytes have been seen.
    pub size_bytes: Option<u64>,
}

/// The bytes of a signature, in the form of the tool that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureBody {
    /// cosign's simple signing: a document and a signature over its bytes.
    CosignSimple {
        /// The document, JSON.
        payload: Vec<u8>,
        /// The signature in base64, from the layer's annotation.
        signature: String,
    },
    /// A sigstore bundle, JSON.
    SigstoreBundle(Vec<u8>),
    /// Notation's JWS envelope, JSON.
    NotationJws(Vec<u8>),
    /// Notation's COSE envelope.
    NotationCose(Vec<u8>),
    /// An OpenPGP message that holds a document and its signature.
    GpgSimple(Vec<u8>),
}

impl RawSignature {
    /// Its form.
    pub fn format(&self) -> SignatureFormat {
        match &self.body {
            SignatureBody::CosignSimple { .. } => SignatureFormat::CosignSimple,
            SignatureBody::SigstoreBundle(_) => SignatureFormat::SigstoreBundle,
            SignatureBody::NotationJws(_) => SignatureFormat::NotationJws,
            SignatureBody::NotationCose(_) => SignatureFormat::NotationCose,
            SignatureBody::GpgSimple(_) => SignatureFormat::GpgSimple,
        }
    }
}

#[cfg(test)]
mod tests;
