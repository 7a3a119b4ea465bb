//! Gathering what a trust policy asks of an image: its reference, digests, labels and signatures.
//!
//! Looks for signatures only where the policy demands some of this image. Decides nothing.

use std::path::Path;

use image::signature::{Authorities, SignatureQuery, SignatureSearch, find_signatures, verify_all};
use image::{Options, Target};
use model::{ImageRef, Timestamp};
use policy::trust::{Scope, TrustFacts, TrustPolicy};

use crate::error::ScanError;
use crate::inspect::Inspection;

/// A trust policy, its keys read.
pub struct TrustCheck<'a> {
    /// What is demanded.
    pub policy: &'a TrustPolicy,
    /// The folder that relative paths of keys are meant from.
    pub folder: &'a Path,
    /// How registries are spoken to.
    pub options: &'a Options,
}

impl TrustCheck<'_> {
    /// The facts that the policy asks for, put into the inspection; nothing when no scope speaks of
    /// the image. Errors when a key cannot be read, or the image's reference cannot be followed.
    pub fn gather(
        &self,
        target: &Target,
        inspection: &mut Inspection,
        now: Timestamp,
    ) -> Result<(), ScanError> {
        let reference = reference(target);
        let Some(scope) = self.policy.requirements(reference.as_ref()) else { return Ok(()) };
        let mut facts = TrustFacts {
            name: inspection.source.name.clone(),
            reference,
            manifest: inspection.source.manifest_digest.clone(),
            labels: inspection.image.config.labels.clone(),
            ..TrustFacts::default()
        };
        if scope.wants_signatures() {
            self.signatures(scope, (target, inspection), now, &mut facts)?;
        }
        inspection.trust = Some(facts);
        Ok(())
    }

    fn signatures(
        &self,
        scope: &Scope,
        (target, inspection): (&Target, &Inspection),
        now: Timestamp,
        facts: &mut TrustFacts,
    ) -> Result<(), ScanError> {
        let authorities = Authorities::load(&self.policy.authorities(scope), self.folder)?;
        let query = SignatureQuery {
            target,
            manifest_digest: inspection.source.manifest_digest.as_ref(),
            image_id: inspection.source.image_id.as_ref(),
            lookasides: &self.policy.lookasides,
        };
        let search = match find_signatures(&query, self.options) {
            Ok(search) => search,
            // The registry could not be asked: the demand is not met, and this is why.
            Err(error) => {
                SignatureSearch { unread: vec![error.to_string()], ..SignatureSearch::default() }
            }
        };
        facts.signatures = verify_all(&search, &authorities, now);
        facts.index = search.index;
        facts.manifest = search.manifest.or(facts.manifest.take());
        facts.unread = search.unread;
        Ok(())
    }
}

/// The reference by which an image was asked for. Names inside archives prove nothing.
fn reference(target: &Target) -> Option<ImageRef> {
    match target {
        Target::Registry(reference) => Some(reference.clone()),
        Target::Docker(name)
        | Target::Podman(name)
        | Target::Containerd(name)
        | Target::Any(name) => name.parse().ok(),
        _ => None,
    }
}
