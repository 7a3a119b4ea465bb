//! Documents that are signed well, by a key of the test's own, and say what they must not.

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;

/// What a SubjectPublicKeyInfo of an Ed25519 key begins with.
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// A key of the test's own, that signs what no tool would.
struct Signer {
    pair: Ed25519KeyPair,
    authorities: Authorities,
}

impl Signer {
    fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let spki = [&ED25519_HEAD[..], pair.public_key().as_ref()].concat();
        let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", spki)).into_bytes();
        let material = Material::Inline(pem);
        let own = Authority { material, ..authority("own", AuthorityKind::Key, "") };
        Signer { pair, authorities: loaded(&[own]) }
    }

    /// Why a well-signed document is refused; `None` when it is not.
    fn simple(&self, payload: &str) -> Option<String> {
        let signature = BASE64_STANDARD.encode(self.pair.sign(payload.as_bytes()));
        let payload = payload.as_bytes().to_vec();
        self.check(SignatureBody::CosignSimple { payload, signature })
    }

    /// The same of a bundle around a statement.
    fn bundle(
        &self,
        payload_type: &str,
        statement: &str,
        change: fn(&mut serde_json::Value),
    ) -> Option<String> {
        let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), statement.len());
        let message = [head.as_bytes(), statement.as_bytes()].concat();
        let mut bundle = serde_json::json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": ""}},
            "dsseEnvelope": {
                "payload": BASE64_STANDARD.encode(statement),
                "payloadType": payload_type,
                "signatures": [{"sig": BASE64_STANDARD.encode(self.pair.sign(&message))}],
            },
        });
        change(&mut bundle);
        self.check(SignatureBody::SigstoreBundle(bundle.to_string().into_bytes()))
    }

    fn check(&self, body: SignatureBody) -> Option<String> {
        let subject = Subject { digest: DIGEST.parse().unwrap(), size_bytes: None };
        let raw = RawSignature { found_at: String::new(), subject, body };
        one(&raw, &self.authorities).failure
    }
}

#[test]
fn well_signed_documents_that_say_something_else_are_refused() {
    let signer = Signer::new();
    let good = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"r.example/a"}},"image":{{"docker-manifest-digest":"{DIGEST}"}},"type":"cosign container image signature"}},"optional":null}}"#
    );
    assert_eq!(signer.simple(&good), None);
    for (from, to, why) in [
        ("cosign container image signature", "atomic container signature", "is of the type"),
        ("cosign container image signature", "cosign attestation", "is of the type"),
        (DIGEST, "sha256:77", "names no digest"),
        ("sha256:7777", "sha256:8777", "not this image"),
        ("\"type\"", "\"more\":1,\"type\"", "unknown field `more`"),
        ("\"docker-manifest-digest\"", "\"more\":1,\"docker-manifest-digest\"", "unknown field"),
        ("\"type\"", "\"type\":\"x\",\"type\"", "duplicate field"),
        ("\"optional\"", "\"optional\":1,\"x\"", "simple-signing document"),
        ("{\"critical\"", "[{\"critical\"", "simple-signing document"),
    ] {
        let found = signer.simple(&good.replacen(from, to, 1)).unwrap_or_default();
        assert!(found.contains(why), "{from} -> {to}: {found}");
    }
}

#[test]
fn well_signed_bundles_that_say_something_else_are_refused() {
    let signer = Signer::new();
    let in_toto = "application/vnd.in-toto+json";
    let hex = &DIGEST[7..];
    let good = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{hex}"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#
    );
    assert_eq!(signer.bundle(in_toto, &good, |_| {}), None);
    let found = signer.bundle("application/json", &good, |_| {}).unwrap();
    assert!(found.contains("is of the type `application/json`"), "{found}");
    let two = format!(r#"[{{"digest":{{"sha256":"{hex}"}}}},"#);
    for (from, to, why) in [
        ("[{", two.as_str(), "cannot be read as one"),
        ("Statement/v1", "Statement/v0.1", "not an in-toto statement v1"),
        ("cosign/sign/v1", "cosign/sign/v2", "does not sign the image"),
        ("sha256", "sha1", "names no digest"),
        (hex, "77", "names no digest"),
        ("\"subject\"", "\"subject\":[],\"subject\"", "duplicate field"),
    ] {
        let changed = match why {
            "cannot be read as one" => good.replacen("[{", &format!("{two}{{"), 1),
            _ => good.replacen(from, to, 1),
        };
        let found = signer.bundle(in_toto, &changed, |_| {}).unwrap_or_default();
        let why = if why == "cannot be read as one" { "about 2 things, not one" } else { why };
        assert!(found.contains(why), "{from} -> {to}: {found}");
    }
    type Change = fn(&mut serde_json::Value);
    let changes: [(Change, &str); 6] = [
        (|b| b["dsseEnvelope"]["payloadType"] = "application/json".into(), "is of the type"),
        (
            |b| b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into(),
            "not supported",
        ),
        (
            |b| b["verificationMaterial"]["certificate"] = serde_json::json!({"rawBytes": ""}),
            "keyless",
        ),
        (
            |b| {
                let signature = b["dsseEnvelope"]["signatures"][0].clone();
                b["dsseEnvelope"]["signatures"] = vec![signature.clone(), signature].into();
            },
            "2 signatures",
        ),
        (|b| b["dsseEnvelope"]["signatures"] = serde_json::json!([]), "0 signatures"),
        (
            |b| {
                b["messageSignature"] = b["dsseEnvelope"]["signatures"][0].clone();
                b.as_object_mut().unwrap().remove("dsseEnvelope");
            },
            "signs a file",
        ),
    ];
    for (change, why) in changes {
        let found = signer.bundle(in_toto, &good, change).unwrap_or_default();
        assert!(found.contains(why), "{why}: {found}");
    }
}
