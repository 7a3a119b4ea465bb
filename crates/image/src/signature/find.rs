//! `find_signatures`: from what was scanned to the digests that may be signed, and to the places
//! where their signatures lie.

use model::{Digest, ImageRef, Lookaside};

use super::collect::collect;
use super::store::ArtifactStore;
use super::{SignatureSearch, Subject, lookaside};
use crate::archive::{LayoutStore, verify};
use crate::hashing::digest_like;
use crate::manifest::{Document, Manifest};
use crate::{ImageError, Options, Target};

/// Most indexes between a reference and a manifest.
const MAX_INDEX_DEPTH: usize = 4;

/// Whose signatures are looked for.
#[derive(Debug, Clone, Copy)]
pub struct SignatureQuery<'a> {
    /// What was scanned.
    pub target: &'a Target,
    /// The digest of the manifest that was scanned, if known: what the name stands for by now may
    /// be another image.
    pub manifest_digest: Option<&'a Digest>,
    /// The digest of the configuration that was scanned, if known.
    pub image_id: Option<&'a Digest>,
    /// Where GPG signatures lie.
    pub lookasides: &'a [Lookaside],
}

/// Finds every signature of an image and of the index that its reference stands for. Nothing is
/// checked but that they are what they are named by.
///
/// An image of a daemon is looked for in the registry that its name says; it is taken for the same
/// when its manifest or configuration is. Archives and layouts have no reference, for the names in
/// them prove nothing; layouts may hold signatures. Errors when the image itself cannot be had;
/// places that cannot be read are listed in the result.
pub fn find_signatures(
    query: &SignatureQuery<'_>,
    options: &Options,
) -> Result<SignatureSearch, ImageError> {
    match query.target {
        Target::Registry(image) => in_registry(image, query, options),
        Target::Docker(name)
        | Target::Podman(name)
        | Target::Containerd(name)
        | Target::Any(name) => match name.parse::<ImageRef>() {
            Ok(image) => in_registry(&image, query, options),
            Err(_) => Ok(nothing(query, "the image has no reference to look for signatures by")),
        },
        Target::OciLayout(_) | Target::OciArchive(_) => in_layout(query, options),
        Target::DockerArchive(_) | Target::Rootfs(_) | Target::Sbom(_) => {
            Ok(nothing(query, "what was scanned can hold no signatures"))
        }
    }
}

fn nothing(query: &SignatureQuery<'_>, why: &str) -> SignatureSearch {
    let manifest = query.manifest_digest.cloned();
    SignatureSearch { manifest, unread: vec![why.to_owned()], ..SignatureSearch::default() }
}

fn in_registry(
    image: &ImageRef,
    query: &SignatureQuery<'_>,
    options: &Options,
) -> Result<SignatureSearch, ImageError> {
    let (store, bytes) = crate::remote::attached(image, options)?;
    let place = image.to_string();
    if let Some(pinned) = &image.digest {
        verify(pinned, &bytes, &place)?;
    }
    let found = Found::follow(store.as_ref(), image.digest.as_ref(), bytes, (&place, options))?;
    let mut search =
        SignatureSearch { reference: Some(image.clone()), ..SignatureSearch::default() };
    let subjects = found.subjects(image, query, &mut search);
    for subject in &subjects {
        collect(store.as_ref(), subject, &mut search);
        lookaside::collect(image, query.lookasides, subject, &mut search);
    }
    Ok(search)
}

/// What a reference stands for.
struct Found {
    index: Option<Subject>,
    manifest: Subject,
    config: Digest,
}

impl Found {
    /// Follows indexes to the manifest for the platform.
    fn follow(
        store: &dyn ArtifactStore,
        pinned: Option<&Digest>,
        bytes: Vec<u8>,
        (place, options): (&str, &Options),
    ) -> Result<Self, ImageError> {
        let digest = pinned.cloned().unwrap_or_else(|| sha256_of(&bytes));
        let (mut subject, mut bytes) = (Subject::of(digest, &bytes), bytes);
        let mut index = None;
        for _ in 0..=MAX_INDEX_DEPTH {
            match Document::parse(&bytes, place)? {
                Document::Manifest(Manifest { config, .. }) => {
                    let config = config.digest;
                    return Ok(Found { index, manifest: subject, config });
                }
                Document::Index(list) => {
                    index = index.or(Some(subject));
                    let digest = &list.choose(options.platform.as_ref(), place)?.digest;
                    let found = store.manifest(digest.as_str())?;
                    bytes = found.ok_or_else(|| ImageError::MissingBlob {
                        place: place.to_owned(),
                        blob: digest.to_string(),
                    })?;
                    verify(digest, &bytes, place)?;
                    subject = Subject::of(digest.clone(), &bytes);
                }
            }
        }
        let detail = format!("more than {MAX_INDEX_DEPTH} indexes within each other");
        Err(ImageError::OverLimit { place: place.to_owned(), detail })
    }

    /// What may be signed, if this is the image that was scanned; else that one alone.
    fn subjects(
        self,
        image: &ImageRef,
        query: &SignatureQuery<'_>,
        search: &mut SignatureSearch,
    ) -> Vec<Subject> {
        let named = matches!(query.target, Target::Registry(_));
        let same = match (query.manifest_digest, query.image_id) {
            (Some(scanned), _) if *scanned == self.manifest.digest => true,
            (_, Some(scanned)) => *scanned == self.config,
            (Some(_), None) => false,
            (None, None) => named,
        };
        if same {
            search.index = self.index.as_ref().map(|index| index.digest.clone());
            search.manifest = Some(self.manifest.digest.clone());
            return self.index.into_iter().chain([self.manifest]).collect();
        }
        search.unread.push(format!(
            "{image} in the registry is {}, which is not the image that was scanned",
            self.manifest.digest
        ));
        let scanned = query.manifest_digest.cloned();
        search.manifest = scanned.clone();
        scanned.map(|digest| Subject { digest, size_bytes: None }).into_iter().collect()
    }
}

impl Subject {
    fn of(digest: Digest, bytes: &[u8]) -> Self {
        Subject { digest, size_bytes: Some(bytes.len() as u64) }
    }
}

fn in_layout(query: &SignatureQuery<'_>, options: &Options) -> Result<SignatureSearch, ImageError> {
    let manifest = match query.manifest_digest {
        Some(digest) => Some(digest.clone()),
        None => crate::open(query.target, options)?.describe()?.and_then(|d| d.manifest_digest),
    };
    let Some(manifest) = manifest else {
        return Ok(nothing(query, "the digest of its manifest is not known"));
    };
    let Some(store) = LayoutStore::open(query.target, options)? else {
        return Ok(nothing(query, "a compressed archive is not searched for signatures"));
    };
    let index = store.index_of(&manifest)?;
    let mut search = SignatureSearch {
        index: index.clone(),
        manifest: Some(manifest.clone()),
        ..SignatureSearch::default()
    };
    for digest in index.into_iter().chain([manifest]) {
        let bytes = store.manifest(digest.as_str())?.unwrap_or_default();
        verify(&digest, &bytes, "the layout")?;
        collect(&store, &Subject::of(digest, &bytes), &mut search);
    }
    Ok(search)
}

fn sha256_of(bytes: &[u8]) -> Digest {
    digest_like(&Digest::sha256(&[0; 32]), bytes)
}
