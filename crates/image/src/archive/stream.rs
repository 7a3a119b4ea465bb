//! An archive as a stream, in one pass: layers are walked as they come by, documents are kept, and
//! at the end the manifest says which of the layers make the image.

use std::collections::HashMap;
use std::io::{self, Read};
use std::thread::{Builder, scope};

use model::{Digest, NoProgress, Progress, SkipReason};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::resolve::{Documents, Resolved, Wanted, digest_of_path, resolve};
use super::{DOCKER_MANIFEST, MAX_LINKS, MAX_MEMBERS, OCI_INDEX};
use crate::compression::{Compression, Decompressor, Transport};
use crate::input::{BLOCK_BYTES, Chunks, Input, pipe};
use crate::layer::{Claims, SequentialLayer};
use crate::recognise::{Shape, shape};
use crate::source::LayerVisitor;
use crate::stop::Stop;
use crate::tar::{MemberKind, TarReader, clean_path, looks_like_tar, padding};
use crate::{Description, ImageError, Limits};

/// Documents kept in all, in units of `Limits::document_bytes`.
const KEPT_DOCUMENTS: u64 = 4;

/// Reads an archive from its first byte to its last, compressed or not, handing every layer to
/// `visitor` (which layers belong to the image is known only afterwards). `progress` is told of
/// the bytes as they come. Gives the description of the image that is wanted.
///
/// Errors when the archive is no image, is truncated, lacks what its manifest names, holds several
/// images and `wanted` names none, or when a layer has another digest than the configuration says.
pub(crate) fn read_stream<'a>(
    reader: Box<dyn Read + Send + 'a>,
    wanted: &Wanted,
    visitor: &dyn LayerVisitor,
    progress: &'a dyn Progress,
) -> Result<Description, ImageError> {
    let transport = Transport::new(reader, progress);
    let (feed, mut chunks) = pipe();
    let place = wanted.name.as_str();
    let found = scope(|threads| {
        let feeding = Builder::new().name("archive-read".into()).spawn_scoped(threads, move || {
            match Decompressor::new(transport, None, &wanted.limits) {
                Ok(mut stream) => drop(feed.fill(&mut stream, u64::MAX)),
                Err(stop) => feed.stop(stop),
            }
        });
        feeding.map_err(|error| ImageError::reading(place.as_ref(), error))?;
        let mut pass = Pass::new(wanted, visitor);
        let ended = recognised(&mut chunks, place)
            .and_then(|()| pass.run(&mut chunks).map_err(|stop| ImageError::stopped(place, stop)));
        drop(chunks); // Ends the other thread, should it still be at work.
        ended.map(|()| pass.found)
    })?;
    let resolved = resolve(&found, wanted)?;
    found.check(&resolved, wanted)?;
    Ok(resolved.description)
}

/// Makes sure that the stream is a tar, as far as its first bytes tell.
fn recognised(input: &mut Chunks, place: &str) -> Result<(), ImageError> {
    let head = input.fill().map_err(|stop| ImageError::stopped(place, stop))?;
    let cut_header = head.len() < BLOCK_BYTES && head.contains(&0);
    let zeros = head.iter().take(BLOCK_BYTES).all(|&byte| byte == 0);
    let looks_like = match shape(head) {
        Shape::Tar => return Ok(()),
        _ if cut_header || zeros => return Ok(()),
        Shape::Compressed => "data that is compressed twice".to_owned(),
        Shape::Sbom => "a compressed bill of materials".to_owned(),
        Shape::Other(looks_like) => looks_like,
    };
    Err(ImageError::NotAnImage { place: place.to_owned(), looks_like })
}

/// What came by.
#[derive(Default)]
struct Found {
    documents: HashMap<String, Vec<u8>>,
    document_bytes: u64,
    /// The digests the layers really have; `None` when not read to the end.
    layers: HashMap<String, Option<Digest>>,
    links: HashMap<String, String>,
    members: usize,
}

/// One pass over the archive.
struct Pass<'a> {
    limits: &'a Limits,
    visitor: &'a dyn LayerVisitor,
    found: Found,
}

impl<'a> Pass<'a> {
    fn new(wanted: &'a Wanted, visitor: &'a dyn LayerVisitor) -> Self {
        Pass { limits: &wanted.limits, visitor, found: Found::default() }
    }

    fn run(&mut self, input: &mut Chunks) -> Result<(), Stop> {
        let mut reader = TarReader::new(self.limits);
        while reader.next(input)?.is_some() {
            self.found.members += 1;
            if self.found.members > MAX_MEMBERS {
                let detail = format!("more than {MAX_MEMBERS} members");
                return Err(Stop::new(SkipReason::TooMany, detail));
            }
            let member = reader.member();
            let mut path = String::new();
            let start = input.position();
            let named = clean_path(&member.name, self.limits, &mut path).is_ok();
            match member.kind {
                MemberKind::Regular if named && member.sparse.is_none() => {
                    self.take(input, path, member.stored_bytes)?;
                }
                MemberKind::Symlink | MemberKind::HardLink if named => {
                    let symbolic = member.kind == MemberKind::Symlink;
                    if let Some(target) = link_target(&path, &member.link, symbolic, self.limits) {
                        self.found.links.insert(path, target);
                    }
                }
                _ => {}
            }
            let left = member.stored_bytes.saturating_sub(input.position() - start);
            if input.skip(left)? < left {
                return Err(Stop::truncated(format!(
                    "it ends within its member {}",
                    crate::tar::shown(&member.name)
                )));
            }
            input.skip(padding(member.stored_bytes))?;
        }
        TarReader::tail(input)?;
        Ok(())
    }

    /// Takes what a file of the archive is good for.
    fn take(&mut self, input: &mut Chunks, path: String, size: u64) -> Result<(), Stop> {
        let head = input.fill()?;
        let head = head.get(..head.len().min(usize::try_from(size).unwrap_or(usize::MAX)));
        let head = head.unwrap_or_default();
        if is_layer(head, &path) {
            return self.layer(input, path, size);
        }
        let always = path == DOCKER_MANIFEST || path == OCI_INDEX;
        let json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
        if !always && (!json || size > self.limits.document_bytes) {
            return Ok(());
        }
        self.document(input, path, size)
    }

    fn layer(&mut self, input: &mut Chunks, path: String, size: u64) -> Result<(), Stop> {
        let blob = digest_of_path(&path);
        let plain = Compression::sniff(input.fill()?) == Compression::Plain;
        // The digest of a plain tar is its diff id.
        let claimed = blob.clone().filter(|_| plain);
        let named = claimed.clone().or_else(|| diff_id_of_name(&path));
        if !self.visitor.wants(named.as_ref()) {
            // Nothing is read, but the configuration has to agree with the name.
            self.found.layers.insert(path, named);
            return Ok(());
        }
        let reader = Box::new(MemberReader { input, left_bytes: size });
        let claims = Claims { diff_id: None, blob };
        let mut layer = SequentialLayer::new(reader, claims, self.limits, &NoProgress);
        self.visitor.visit(claimed.as_ref(), &mut layer);
        let diff_id = layer.diff_id().cloned();
        self.found.layers.insert(path, diff_id);
        Ok(())
    }

    fn document(&mut self, input: &mut Chunks, path: String, size: u64) -> Result<(), Stop> {
        if size > self.limits.document_bytes {
            let most = self.limits.document_bytes;
            let detail = format!("{path} has {size} bytes; the limit is {most}");
            return Err(Stop::new(SkipReason::TooLarge, detail));
        }
        // Bounded by `Limits::document_bytes` just above.
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        if (input.read(&mut bytes)? as u64) < size {
            return Err(Stop::truncated(format!("it ends within its member {path}")));
        }
        if path != DOCKER_MANIFEST && path != OCI_INDEX && !is_needed(&bytes) {
            return Ok(());
        }
        self.found.document_bytes += size;
        let most = self.limits.document_bytes.saturating_mul(KEPT_DOCUMENTS);
        if self.found.document_bytes > most {
            let detail = format!("manifests and configurations of more than {most} bytes");
            return Err(Stop::new(SkipReason::TooLarge, detail));
        }
        self.found.documents.insert(path, bytes);
        Ok(())
    }
}

impl Found {
    /// Follows links from a path to the path of a member.
    fn target<'p>(&'p self, path: &'p str) -> &'p str {
        let mut path = path;
        for _ in 0..MAX_LINKS {
            match self.links.get(path) {
                Some(target) => path = target,
                None => break,
            }
        }
        path
    }

    /// Checks that every layer of the image came by and has the digest it should have.
    fn check(&self, image: &Resolved, wanted: &Wanted) -> Result<(), ImageError> {
        for layer in &image.layers {
            let place = wanted.name.clone();
            let Some(actual) = self.layers.get(self.target(&layer.path)) else {
                return Err(ImageError::MissingBlob { place, blob: layer.path.clone() });
            };
            match (actual, &layer.claims.diff_id) {
                (Some(actual), Some(claimed))
                    if actual != claimed && actual.algorithm() == claimed.algorithm() =>
                {
                    let (blob, actual) = (format!("the layer {claimed}"), actual.to_string());
                    return Err(ImageError::DigestMismatch { place, blob, actual });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Documents for Found {
    fn document(&self, path: &str) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(self.documents.get(self.target(path)).cloned())
    }
}

/// Whether a file of an archive is a layer, by its first bytes.
fn is_layer(head: &[u8], path: &str) -> bool {
    let empty_tar = head.len() >= BLOCK_BYTES && head.iter().take(BLOCK_BYTES).all(|&b| b == 0);
    Compression::sniff(head) != Compression::Plain
        || looks_like_tar(head)
        || empty_tar
        || path.ends_with("layer.tar")
}

/// The diff id by which podman and skopeo name a layer of a docker archive: `<hex>.tar`. A custom of
/// theirs, so it is good for asking whether the layer is known, and for nothing else.
fn diff_id_of_name(path: &str) -> Option<Digest> {
    format!("sha256:{}", path.strip_suffix(".tar")?).parse().ok()
}

/// Whether a JSON document is an index, a manifest or a configuration, and not one of the many
/// others (attestations, signatures, bills of materials).
fn is_needed(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        manifests: Option<IgnoredAny>,
        layers: Option<IgnoredAny>,
        rootfs: Option<IgnoredAny>,
        fs_layers: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Probe>(bytes).is_ok_and(|probe| {
        probe.manifests.is_some()
            || probe.layers.is_some()
            || probe.rootfs.is_some()
            || probe.fs_layers.is_some()
    })
}

/// The member a link leads to; a symbolic one counts from its own directory.
pub(super) fn link_target(
    path: &str,
    link: &[u8],
    symbolic: bool,
    limits: &Limits,
) -> Option<String> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut raw = Vec::new();
    if symbolic && !link.starts_with(b"/") {
        raw.extend_from_slice(directory.as_bytes());
        raw.push(b'/');
    }
    raw.extend_from_slice(link);
    let mut target = String::new();
    clean_path(&raw, limits, &mut target).ok()?;
    Some(target)
}

/// The content of the member that is next in the input, as a reader.
struct MemberReader<'i> {
    input: &'i mut Chunks,
    left_bytes: u64,
}

impl Read for MemberReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(buffer.len());
        let Some(target) = buffer.get_mut(..most) else { return Ok(0) };
        let got = self.input.read(target).map_err(io::Error::from)?;
        if got == 0 && most > 0 {
            return Err(Stop::truncated("the archive ends within the layer").into());
        }
        self.left_bytes -= got as u64;
        Ok(got)
    }
}
