//! Where signatures are looked for, and the traps of the places.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::collect::collect;
use super::super::store::ArtifactStore;
use super::*;
use crate::hashing::digest_like;
use crate::manifest::Descriptor;
use crate::{ImageError, Options, Target};

/// A repository in memory: tags, blobs, and what it says of referrers.
#[derive(Default)]
struct Memory {
    tags: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    referrers: Vec<Digest>,
    fails: bool,
}

fn digest_of(bytes: &[u8]) -> Digest {
    digest_like(&DIGEST.parse().unwrap(), bytes)
}

impl Memory {
    fn put(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = digest_of(&bytes);
        self.blobs.insert(digest.clone(), bytes);
        digest
    }

    /// A manifest with one layer, as a tool would attach it.
    fn attach(
        &mut self,
        kind: &str,
        blob: &[u8],
        subject: &Digest,
        change: fn(&mut Value),
    ) -> Digest {
        let layer = self.put(blob.to_vec());
        let mut manifest = json!({
            "schemaVersion": 2,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": DIGEST, "size": 2},
            "layers": [{"mediaType": kind, "digest": layer.to_string(), "size": blob.len()}],
            "subject": {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": subject.to_string(), "size": 1},
        });
        change(&mut manifest);
        self.put(manifest.to_string().into_bytes())
    }

    fn index(&self, digests: &[&Digest]) -> Vec<u8> {
        let entry = |digest: &&Digest| {
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.to_string(),
                   "size": 1, "artifactType": "application/vnd.oci.empty.v1+json"})
        };
        let entries: Vec<Value> = digests.iter().map(entry).collect();
        json!({"schemaVersion": 2, "manifests": entries}).to_string().into_bytes()
    }

    fn collect(&self) -> SignatureSearch {
        let mut search = SignatureSearch::default();
        collect(self, &subject(), &mut search);
        search
    }
}

impl ArtifactStore for Memory {
    fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let blob = reference.parse().ok().and_then(|digest: Digest| self.blobs.get(&digest));
        Ok(self.tags.get(reference).or(blob).cloned())
    }

    fn referrers(&self, _: &Digest) -> Result<Vec<Digest>, ImageError> {
        match self.fails {
            true => Err(ImageError::Broken { image: "r/a".into(), detail: "500".into() }),
            false => Ok(self.referrers.clone()),
        }
    }

    fn blob(&self, blob: &Descriptor, _: u64) -> Result<Vec<u8>, ImageError> {
        Ok(self.blobs.get(&blob.digest).cloned().unwrap_or_default())
    }
}

fn subject() -> Subject {
    Subject { digest: DIGEST.parse().unwrap(), size_bytes: None }
}

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const FALLBACK: &str = "sha256-7777777777777777777777777777777777777777777777777777777777777777";

#[test]
fn lists_that_call_bundles_empty_are_not_believed() {
    let mut store = Memory::default();
    let digest = store.attach(BUNDLE, b"{}", &subject().digest, |_| {});
    store.tags.insert(FALLBACK.into(), store.index(&[&digest]));
    let found = store.collect();
    assert_eq!(found.signatures.len(), 1);
    assert_eq!(found.signatures[0].body, SignatureBody::SigstoreBundle(b"{}".to_vec()));
    assert_eq!(found.signatures[0].found_at, format!("referrer {digest}"));
    assert_eq!(found.unread, Vec::<String>::new());
}

#[test]
fn every_place_is_looked_at() {
    let mut store = Memory::default();
    let listed = store.attach(BUNDLE, b"{\"a\":1}", &subject().digest, |_| {});
    let tagged = store.attach(BUNDLE, b"{\"b\":1}", &subject().digest, |_| {});
    let simple = store.put(b"payload".to_vec());
    store.referrers = vec![listed.clone()];
    // What both places list is taken once.
    store.tags.insert(FALLBACK.into(), store.index(&[&listed, &tagged]));
    let manifest = json!({"layers": [{
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
        "digest": simple.to_string(), "size": 7,
        "annotations": {"dev.cosignproject.cosign/signature": "AAAA"}
    }]});
    store.tags.insert(format!("{FALLBACK}.sig"), manifest.to_string().into_bytes());
    let found = store.collect();
    let forms: Vec<SignatureFormat> = found.signatures.iter().map(RawSignature::format).collect();
    use SignatureFormat::{CosignSimple, SigstoreBundle};
    assert_eq!(forms, [CosignSimple, SigstoreBundle, SigstoreBundle]);
    // A place that fails does not end the search, and is said.
    store.fails = true;
    let found = store.collect();
    assert_eq!((found.signatures.len(), found.unread.len()), (3, 1));
    assert!(found.unread[0].contains("the list of referrers"), "{:?}", found.unread);
}

#[test]
fn notation_is_told_by_the_manifest_itself() {
    let mut store = Memory::default();
    let jws = "application/jose+json";
    let by_type = store.attach(jws, b"{\"t\":1}", &subject().digest, |manifest| {
        manifest["artifactType"] = "application/vnd.cncf.notary.signature".into();
    });
    let by_config = store.attach("application/cose", b"c", &subject().digest, |manifest| {
        manifest["config"]["mediaType"] = "application/vnd.cncf.notary.signature".into();
    });
    let neither = store.attach(jws, b"{\"n\":1}", &subject().digest, |_| {});
    store.referrers = vec![by_type, by_config, neither];
    let forms: Vec<SignatureFormat> =
        store.collect().signatures.iter().map(RawSignature::format).collect();
    assert_eq!(forms, [SignatureFormat::NotationJws, SignatureFormat::NotationCose]);
}

#[test]
fn what_is_not_what_it_is_named_by_is_said() {
    let mut store = Memory::default();
    let good = store.attach(BUNDLE, b"{}", &subject().digest, |_| {});
    let other: Digest = format!("sha256:{}", "1".repeat(64)).parse().unwrap();
    let of_another = store.attach(BUNDLE, b"{\"o\":1}", &other, |_| {});
    let large = store.attach(BUNDLE, b"{\"l\":1}", &subject().digest, |manifest| {
        manifest["layers"][0]["size"] = (2_u64 << 20).into();
    });
    let forged = store.attach(BUNDLE, b"{\"f\":1}", &subject().digest, |_| {});
    store.blobs.insert(forged.clone(), b"{}".to_vec());
    let blob = store.attach(BUNDLE, b"{\"g\":1}", &subject().digest, |_| {});
    store.blobs.insert(digest_of(b"{\"g\":1}"), b"{\"h\":1}".to_vec());
    store.referrers = vec![other, of_another, large, forged, blob, good];
    let found = store.collect();
    // That it is attached to another says nothing: what it signs does.
    assert_eq!(found.signatures.len(), 2);
    assert!(found.signatures.iter().all(|raw| raw.subject == subject()));
    let whys = found.unread.join("\n");
    for why in ["listed but not there", "the limit is 1048576", "damaged or forged"] {
        assert!(whys.contains(why), "{whys}");
    }
    assert_eq!(found.unread.len(), 4, "{whys}");
}

#[test]
fn many_referrers_are_counted() {
    let mut store = Memory::default();
    for number in 0..200_u32 {
        let bundle = number.to_string();
        let digest = store.attach(BUNDLE, bundle.as_bytes(), &subject().digest, |_| {});
        store.referrers.push(digest);
    }
    let found = store.collect();
    assert_eq!((found.signatures.len(), found.unread.len()), (128, 1));
}

#[test]
fn a_layout_holds_what_is_attached() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Memory::default();
    let empty = store.put(b"{}".to_vec());
    let config = store.put(
        json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
            .to_string()
            .into_bytes(),
    );
    let descriptor = |digest: &Digest, kind: &str| json!({"mediaType": format!("application/vnd.oci.image.{kind}.v1+json"), "digest": digest.to_string(), "size": 1});
    let manifest =
        json!({"schemaVersion": 2, "config": descriptor(&config, "config"), "layers": []});
    let manifest = store.put(manifest.to_string().into_bytes());
    let list = json!({"schemaVersion": 2, "manifests": [descriptor(&manifest, "manifest")]});
    let index = store.put(list.to_string().into_bytes());
    let of_index = store.attach(BUNDLE, b"{\"i\":1}", &index, |_| {});
    let of_manifest = store.attach(BUNDLE, b"{\"m\":1}", &manifest, |_| {});
    let mut entries = vec![descriptor(&index, "index")];
    entries[0]["annotations"] = json!({"org.opencontainers.image.ref.name": "1.0"});
    for attached in [&of_index, &of_manifest, &empty] {
        let mut entry = descriptor(attached, "manifest");
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": attached.to_string()});
        entries.push(entry);
    }
    let top = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    std::fs::write(directory.path().join("index.json"), top).unwrap();
    std::fs::write(directory.path().join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}")
        .unwrap();
    let blobs = directory.path().join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    for (digest, bytes) in &store.blobs {
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
    }
    let target = Target::OciLayout(directory.path().to_owned());
    let target = match target {
        Target::OciLayout(path) => Target::OciLayout(format!("{}:1.0", path.display()).into()),
        other => other,
    };
    let query =
        SignatureQuery { target: &target, manifest_digest: None, image_id: None, lookasides: &[] };
    let options = Options { platform: Some("linux/amd64".parse().unwrap()), ..Options::default() };
    let found = find_signatures(&query, &options).unwrap();
    assert_eq!((found.index.as_ref(), found.manifest.as_ref()), (Some(&index), Some(&manifest)));
    assert_eq!(found.reference, None, "a name in a file proves nothing");
    let subjects: Vec<&Digest> = found.signatures.iter().map(|raw| &raw.subject.digest).collect();
    assert_eq!(subjects, [&index, &manifest]);
    assert_eq!(found.unread, Vec::<String>::new());
}
