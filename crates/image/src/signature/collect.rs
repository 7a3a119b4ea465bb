//! Collecting what is attached to a digest: every place is looked at, whatever the others hold.
//!
//! Sources: OCI distribution-spec, "Listing Referrers" and "Referrers Tag Schema"; cosign
//! `specs/SIGNATURE_SPEC.md`. Lists of referrers may call an entry what they like (cosign 3 calls
//! bundles empty): each is fetched and asked itself.

use std::collections::BTreeSet;

use model::Digest;

use super::store::{ArtifactStore, Attached};
use super::{RawSignature, SignatureBody, SignatureSearch, Subject};
use crate::ImageError;
use crate::archive::verify;
use crate::manifest::Descriptor;

/// Most manifests that refer to one digest and are looked at.
const MAX_REFERRERS: usize = 128;
/// Most signatures of one digest.
const MAX_SIGNATURES: usize = 256;
/// Most bytes of one signature.
const SIGNATURE_MAX_BYTES: u64 = 1 << 20;

/// Media types of layers that are signatures.
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGSTORE_BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const JWS: &str = "application/jose+json";
const COSE: &str = "application/cose";
/// The artifact type of Notation's manifests; also their configuration's.
const NOTATION: &str = "application/vnd.cncf.notary.signature";
/// The annotation that holds a simple-signing layer's signature.
const COSIGN_SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Adds every signature that is attached to `subject`.
pub(super) fn collect(store: &dyn ArtifactStore, subject: &Subject, search: &mut SignatureSearch) {
    let mut collecting = Collecting { store, subject, search, seen: BTreeSet::new(), count: 0 };
    let tag = format!("{}-{}", subject.digest.algorithm(), subject.digest.hex());
    collecting.tag(&format!("{tag}.sig"));
    collecting.referrers();
    collecting.tag(&tag);
}

struct Collecting<'a> {
    store: &'a dyn ArtifactStore,
    subject: &'a Subject,
    search: &'a mut SignatureSearch,
    /// Manifests that have been looked at.
    seen: BTreeSet<Digest>,
    count: usize,
}

impl Collecting<'_> {
    /// What could not be read is said: "no signature" must not stand for "not looked".
    fn unread(&mut self, place: &str, why: &dyn std::fmt::Display) {
        self.search.unread.push(format!("{place} could not be read: {why}"));
    }

    /// A tag made of the digest: a manifest of signatures, or an index of referrers.
    fn tag(&mut self, tag: &str) {
        let place = format!("tag {tag}");
        match self.store.manifest(tag) {
            Ok(None) => {}
            Ok(Some(bytes)) => match serde_json::from_slice::<Attached>(&bytes) {
                Ok(Attached { manifests: Some(entries), .. }) => {
                    self.each(entries.into_iter().map(|entry| entry.digest).collect());
                }
                Ok(manifest) => self.manifest(&manifest, &place),
                Err(error) => self.unread(&place, &error),
            },
            Err(error) => self.unread(&place, &error),
        }
    }

    fn referrers(&mut self) {
        match self.store.referrers(&self.subject.digest) {
            Ok(digests) => self.each(digests),
            Err(error) => {
                let place = format!("the list of referrers of {}", self.subject.digest);
                self.unread(&place, &error);
            }
        }
    }

    /// Looks at manifests by digest.
    fn each(&mut self, digests: Vec<Digest>) {
        for digest in digests {
            if self.seen.len() >= MAX_REFERRERS {
                let over = format!("only {MAX_REFERRERS} are looked at");
                self.unread("one of many referrers", &over);
                return;
            }
            if !self.seen.insert(digest.clone()) {
                continue;
            }
            let place = format!("referrer {digest}");
            match self.attached(&digest) {
                Ok(manifest) => self.manifest(&manifest, &place),
                Err(error) => self.unread(&place, &error),
            }
        }
    }

    fn attached(&self, digest: &Digest) -> Result<Attached, String> {
        let bytes = self.store.manifest(digest.as_str()).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("it is listed but not there")?;
        verify(digest, &bytes, "the registry").map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// Takes the signatures out of a manifest; none when it holds something else. What it says of
    /// its subject is not believed: the signature says what it signs.
    fn manifest(&mut self, manifest: &Attached, place: &str) {
        let config = manifest.config.as_ref().map(|config| config.media_type.as_str());
        let notation = [manifest.artifact_type.as_deref(), config].contains(&Some(NOTATION));
        for layer in &manifest.layers {
            let Some(make) = form(layer, notation) else { continue };
            if self.count >= MAX_SIGNATURES {
                let over = format!("only {MAX_SIGNATURES} signatures are looked at");
                self.unread(place, &over);
                return;
            }
            self.count += 1;
            match self.blob(layer) {
                Ok(bytes) => self.search.signatures.push(RawSignature {
                    found_at: place.to_owned(),
                    subject: self.subject.clone(),
                    body: make(bytes, layer),
                }),
                Err(error) => self.unread(place, &error),
            }
        }
    }

    fn blob(&self, layer: &Descriptor) -> Result<Vec<u8>, ImageError> {
        let place = "a signature";
        let over = |size: u64| ImageError::OverLimit {
            place: place.to_owned(),
            detail: format!("{size} bytes or more; the limit is {SIGNATURE_MAX_BYTES}"),
        };
        if layer.size > SIGNATURE_MAX_BYTES {
            return Err(over(layer.size));
        }
        let bytes = self.store.blob(layer, SIGNATURE_MAX_BYTES + 1)?;
        if bytes.len() as u64 > SIGNATURE_MAX_BYTES {
            return Err(over(SIGNATURE_MAX_BYTES));
        }
        verify(&layer.digest, &bytes, place)?;
        Ok(bytes)
    }
}

/// How a layer's bytes become a signature; `None` when it is none.
fn form(layer: &Descriptor, notation: bool) -> Option<fn(Vec<u8>, &Descriptor) -> SignatureBody> {
    match layer.media_type.as_str() {
        SIMPLE_SIGNING => Some(|payload, layer| {
            let signature = layer.annotations.get(COSIGN_SIGNATURE).cloned().unwrap_or_default();
            SignatureBody::CosignSimple { payload, signature }
        }),
        bundle if bundle.starts_with(SIGSTORE_BUNDLE) => {
            Some(|bytes, _| SignatureBody::SigstoreBundle(bytes))
        }
        JWS if notation => Some(|bytes, _| SignatureBody::NotationJws(bytes)),
        COSE if notation => Some(|bytes, _| SignatureBody::NotationCose(bytes)),
        _ => None,
    }
}
