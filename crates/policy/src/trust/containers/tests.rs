//! Import of `containers-policy.json`: what it demands is demanded here, or more.

use model::ImageRef;

use super::*;

const POLICY: &str = r#"{
  "default": [{"type": "reject"}],
  "transports": {
    "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]},
    "docker": {
      "docker.io/library/alpine": [{"type": "insecureAcceptAnything"}],
      "r.example": [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/pki/a.gpg"},
        {"type": "signedBy", "keyType": "GPGKeys", "keyPaths": ["/etc/pki/a.gpg", "/etc/pki/b.gpg"],
         "signedIdentity": {"type": "matchExact"}}
      ],
      "r.example/team": [
        {"type": "sigstoreSigned", "keyData": "LS0tLS1CRUdJTg==",
         "signedIdentity": {"type": "matchRepository"}}
      ],
      "r.example/keyless": [
        {"type": "sigstoreSigned", "fulcio": {"caPath": "/x", "oidcIssuer": "i", "subjectEmail": "e"},
         "rekorPublicKeyPath": "/y"}
      ],
      "r.example/logged": [
        {"type": "sigstoreSigned", "keyPath": "/k", "rekorPublicKeyPath": "/y"}
      ],
      "mirror.example/x": [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/pki/a.gpg",
         "signedIdentity": {"type": "remapIdentity", "prefix": "mirror.example/x",
                            "signedPrefix": "r.example"}}
      ]
    }
  }
}"#;

fn demands(image: &str) -> Vec<Demand> {
    let policy = TrustPolicy::parse("policy.json", POLICY).unwrap();
    let image: ImageRef = image.parse().unwrap();
    policy.requirements(Some(&image)).unwrap().demands.clone()
}

fn signed(authorities: &[&str], reference: ReferenceMatch) -> Demand {
    let authorities = authorities.iter().map(|name| (*name).to_owned()).collect();
    Demand::Signature { quorum: Quorum::Any, authorities, reference }
}

#[test]
fn imports_scopes_and_requirements() {
    assert_eq!(demands("alpine:3"), []);
    assert!(matches!(demands("debian:12")[..], [Demand::Never(_)]));
    assert_eq!(
        demands("r.example/other:1"),
        [
            signed(&["/etc/pki/a.gpg"], ReferenceMatch::ExactOrDigest),
            signed(&["/etc/pki/a.gpg", "/etc/pki/b.gpg"], ReferenceMatch::Exact),
        ]
    );
    for image in ["r.example/team:1", "r.example/team/app:1"] {
        let [Demand::Signature { authorities, reference, .. }] = &demands(image)[..] else {
            panic!("one signature")
        };
        assert_eq!(*reference, ReferenceMatch::Repository);
        let policy = TrustPolicy::parse("policy.json", POLICY).unwrap();
        let authority = policy.authorities.iter().find(|a| a.name == authorities[0]).unwrap();
        assert_eq!(authority.material, Material::Inline(b"-----BEGIN".to_vec()));
    }
    for image in ["r.example/keyless:1", "r.example/logged:1"] {
        assert!(matches!(&demands(image)[..], [Demand::Never(why)] if why.contains("offline")));
    }
    let remap = ReferenceMatch::Remap {
        prefix: "mirror.example/x".into(),
        signed_prefix: "r.example".into(),
    };
    assert_eq!(demands("mirror.example/x/y:1"), [signed(&["/etc/pki/a.gpg"], remap)]);
}

#[test]
fn refuses_what_podman_refuses() {
    for (name, text) in [
        ("no_default", r#"{"transports": {}}"#),
        ("empty", r#"{"default": []}"#),
        ("unknown_type", r#"{"default": [{"type": "signed"}]}"#),
        ("no_key", r#"{"default": [{"type": "sigstoreSigned"}]}"#),
        (
            "two_keys",
            r#"{"default": [{"type": "sigstoreSigned", "keyPath": "a", "keyData": "b"}]}"#,
        ),
        ("no_key_type", r#"{"default": [{"type": "signedBy", "keyPath": "a"}]}"#),
        ("unknown_field", r#"{"default": [{"type": "reject", "keypath": "a"}]}"#),
        (
            "identity",
            r#"{"default": [{"type": "sigstoreSigned", "keyPath": "a",
                "signedIdentity": {"type": "matchAll"}}]}"#,
        ),
        (
            "scope",
            r#"{"default": [{"type": "reject"}], "transports": {"docker": {"a/*": [{"type": "reject"}]}}}"#,
        ),
    ] {
        let error = TrustPolicy::parse("policy.json", text).unwrap_err();
        insta::assert_snapshot!(name, error.to_string());
    }
}
