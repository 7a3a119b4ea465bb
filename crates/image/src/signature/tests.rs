//! Signatures that the real tools made (`testdata/signatures/README.md`), and what is done to them.

mod collecting;
mod own;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::{Authority, AuthorityKind, Material, SignatureFact, Timestamp};
use proptest::prelude::*;

use super::*;

/// The digest of an image that is not there.
const DIGEST: &str = "sha256:7777777777777777777777777777777777777777777777777777777777777777";
/// A week after the vectors were made.
const NOW: &str = "2026-12-02T00:00:00Z";

pub(super) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/signatures")
}

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(vectors().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A vector: what the tool made, and the manifest or index that it signed.
pub(super) fn vector(case: &str) -> RawSignature {
    let cases = String::from_utf8(read("cases")).unwrap();
    let line = cases.lines().find(|line| line.split(' ').next() == Some(case)).unwrap();
    let parts: Vec<&str> = line.split(' ').collect();
    let subject =
        Subject { digest: parts[1].parse().unwrap(), size_bytes: Some(parts[2].parse().unwrap()) };
    let body = match case.split('-').next().unwrap() {
        "cosign2" => SignatureBody::CosignSimple {
            payload: read(&format!("{case}.payload")),
            signature: String::from_utf8(read(&format!("{case}.signature"))).unwrap(),
        },
        "gpg" => SignatureBody::GpgSimple(read(&format!("{case}.gpg"))),
        "notation" if case.contains("cose") => {
            SignatureBody::NotationCose(read(&format!("{case}.cose")))
        }
        "notation" => SignatureBody::NotationJws(read(&format!("{case}.json"))),
        _ => SignatureBody::SigstoreBundle(read(&format!("{case}.json"))),
    };
    RawSignature { found_at: case.to_owned(), subject, body }
}

fn authority(name: &str, kind: AuthorityKind, file: &str) -> Authority {
    let material = Material::File(format!("keys/{file}").into());
    Authority { name: name.into(), kind, material, formats: Vec::new(), identities: Vec::new() }
}

/// Every authority of the vectors, by the end of the cases' names.
fn everybody() -> Vec<Authority> {
    use AuthorityKind::{Certificate, Gpg, Key};
    vec![
        authority("p256", Key, "p256.pub"),
        authority("p384", Key, "p384.pub"),
        authority("rsa", Key, "rsa.pub"),
        authority("ed25519", Key, "ed25519.pub"),
        authority("rsa2048", Certificate, "rsa2048-ca.pem"),
        authority("rsa3072", Certificate, "rsa3072-ca.pem"),
        authority("ec256", Certificate, "ec256-ca.pem"),
        authority("ec384", Certificate, "ec384-ca.pem"),
        authority("gpg-rsa3072", Gpg, "gpg-rsa3072.asc"),
        authority("gpg-ed25519", Gpg, "gpg-ed25519.asc"),
        authority("gpg-nistp256", Gpg, "gpg-nistp256.asc"),
    ]
}

pub(super) fn loaded(authorities: &[Authority]) -> Authorities {
    Authorities::load(authorities, &vectors()).unwrap_or_else(|error| panic!("{error}"))
}

/// The one fact of a signature.
fn one(raw: &RawSignature, authorities: &Authorities) -> SignatureFact {
    let facts = verify(raw, authorities, now());
    assert_eq!(facts.len(), 1);
    facts.into_iter().next().unwrap()
}

/// Each case and the authority that made it.
const CASES: [(&str, &str); 20] = [
    ("cosign2-p256", "p256"),
    ("cosign2-p384", "p384"),
    ("cosign2-rsa", "rsa"),
    ("cosign2-ed25519", "ed25519"),
    ("cosign2-manifest", "p256"),
    ("cosign3-p256", "p256"),
    ("cosign3-p384", "p384"),
    ("cosign3-rsa", "rsa"),
    ("cosign3-ed25519", "ed25519"),
    ("notation-jws-rsa2048", "rsa2048"),
    ("notation-cose-rsa2048", "rsa2048"),
    ("notation-jws-rsa3072", "rsa3072"),
    ("notation-cose-rsa3072", "rsa3072"),
    ("notation-jws-ec256", "ec256"),
    ("notation-cose-ec256", "ec256"),
    ("notation-jws-ec384", "ec384"),
    ("notation-cose-ec384", "ec384"),
    ("gpg-rsa3072", "gpg-rsa3072"),
    ("gpg-ed25519", "gpg-ed25519"),
    ("gpg-nistp256", "gpg-nistp256"),
];

#[test]
fn what_the_real_tools_signed_holds_with_whom_it_should() {
    let all = loaded(&everybody());
    for (case, by) in CASES {
        let raw = vector(case);
        let fact = one(&raw, &all);
        assert_eq!(fact.failure, None, "{case}");
        assert_eq!(fact.identity.as_deref(), Some(by), "{case}");
        assert_eq!(fact.signs.as_ref(), Some(&raw.subject.digest), "{case}");
        assert!(fact.signer.is_some_and(|signer| !signer.is_empty()), "{case}");
        let names = case.starts_with("cosign2") || case.starts_with("gpg");
        assert_eq!(fact.reference.is_some(), names, "{case}: {:?}", fact.reference);
        let dated = case.starts_with("notation") || case.starts_with("gpg");
        assert_eq!(fact.signed_at.is_some(), dated, "{case}");
    }
}

#[test]
fn nothing_holds_with_anybody_else() {
    for (case, by) in CASES {
        let others: Vec<Authority> =
            everybody().into_iter().filter(|authority| authority.name != by).collect();
        let raw = vector(case);
        let fact = one(&raw, &loaded(&others));
        let why = fact.failure.unwrap_or_else(|| panic!("{case} holds with {:?}", fact.identity));
        assert!(why.contains("another key") || why.contains("is not trusted"), "{case}: {why}");
        assert_eq!(fact.signs, Some(raw.subject.digest), "{case}");
        let nobody = one(&vector(case), &Authorities::default());
        assert!(nobody.failure.unwrap().contains("no authority"), "{case}");
    }
}

#[test]
fn a_signature_of_another_image_is_none_of_this_one() {
    let all = loaded(&everybody());
    for (case, _) in CASES {
        let mut raw = vector(case);
        let signs = raw.subject.digest.clone();
        raw.subject.digest = format!("sha256:{}", "5".repeat(64)).parse().unwrap();
        let why = one(&raw, &all).failure.expect(case);
        assert_eq!(why, format!("it signs {signs}, not this image"));
    }
    let mut raw = vector("notation-jws-ec256");
    raw.subject.size_bytes = Some(492);
    assert!(one(&raw, &all).failure.unwrap().contains("491 bytes"));
}

#[test]
fn what_is_not_a_signature_of_the_image_says_so() {
    let all = loaded(&everybody());
    let attested = one(&vector("attested"), &all);
    assert!(attested.failure.unwrap().contains("it does not sign the image"));
    let expired = one(&vector("notation-expiring"), &all);
    assert_eq!(expired.failure.as_deref(), Some("the signature expired on 2026-11-26"));
    let in_time =
        verify(&vector("notation-expiring"), &all, "2026-11-26T00:00:00Z".parse().unwrap());
    assert_eq!(in_time[0].failure, None);
    let before =
        verify(&vector("notation-jws-rsa2048"), &all, "2020-01-01T00:00:00Z".parse().unwrap());
    assert!(before[0].failure.as_ref().unwrap().contains("is not valid before 2026-11-25"));
    let after =
        verify(&vector("notation-jws-rsa2048"), &all, "2050-01-01T00:00:00Z".parse().unwrap());
    assert!(after[0].failure.as_ref().unwrap().contains("expired on 2046-"));
}

#[test]
fn identities_and_formats_narrow_an_authority() {
    let with = |identities: &[&str]| {
        let mut ca = authority("ca", AuthorityKind::Certificate, "ec256-ca.pem");
        ca.identities = identities.iter().map(|text| (*text).to_owned()).collect();
        one(&vector("notation-cose-ec256"), &loaded(&[ca])).failure
    };
    for fits in [
        "CN=ec256 signer",
        "O=Lazaret Lab, CN=ec256 signer,ST=Lab",
        "email:ci@lab.example",
        "uri:https://lab.example/ci",
    ] {
        assert_eq!(with(&["CN=nobody", fits]), None, "{fits}");
    }
    for not in [
        "CN=ec256",
        "CN=ec256 signer,OU=x",
        "CN=ec256 signer,CN=ec256 signer",
        "email:ci@lab.example.org",
        "dns:lab.example",
        "CN=ec256 signer,oops",
    ] {
        assert!(with(&[not]).is_some_and(|why| why.contains("not by")), "{not}");
    }
    let mut key = authority("key", AuthorityKind::Key, "p256.pub");
    key.formats = vec![SignatureFormat::SigstoreBundle];
    let key = loaded(&[key]);
    assert!(one(&vector("cosign2-p256"), &key).failure.is_some());
    assert_eq!(one(&vector("cosign3-p256"), &key).failure, None);
}

#[test]
fn one_signature_can_hold_with_two_authorities() {
    let two = loaded(&[
        authority("a", AuthorityKind::Key, "p256.pub"),
        authority("b", AuthorityKind::Key, "p256.pub"),
    ]);
    let facts = verify(&vector("cosign2-p256"), &two, now());
    let names: Vec<&str> = facts.iter().filter_map(|fact| fact.identity.as_deref()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn authorities_that_cannot_be_used_are_errors() {
    let load = |kind, material: &str| {
        let material = Material::Inline(material.as_bytes().to_vec());
        let authority = Authority { material, ..authority("it", kind, "x") };
        Authorities::load(&[authority], Path::new("/")).unwrap_err().to_string()
    };
    use AuthorityKind::{Certificate, Gpg, Key};
    let pem = |file: &str| String::from_utf8(read(&format!("keys/{file}"))).unwrap();
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (kind, material, why) in [
        (Key, "nothing".to_owned(), "no PEM block"),
        (Key, pem("ec256-ca.pem"), "it is a certificate"),
        (Key, private.to_owned(), "private key, which has no place here"),
        (Key, pem("p256.pub").replace("MFkw", "MFkx"), "no public key"),
        (Certificate, pem("p256.pub"), "expected `CERTIFICATE`"),
        (Gpg, pem("p256.pub"), "no OpenPGP public key"),
        (Gpg, pem("gpg-ed25519.asc").replace("-----END", "----"), "does not end"),
    ] {
        let error = load(kind, &material);
        assert!(error.contains("`it`") && error.contains(why), "{error}");
    }
    let missing = Authorities::load(&[authority("x", Key, "none.pub")], &vectors()).unwrap_err();
    assert!(missing.to_string().contains("keys/none.pub does not exist"));
    let binary = authority("gpg-rsa3072", Gpg, "gpg-rsa3072.gpg");
    assert_eq!(one(&vector("gpg-rsa3072"), &loaded(&[binary])).failure, None);
}

/// A signature with other bytes.
fn with_body(raw: &RawSignature, change: impl Fn(&mut Vec<u8>)) -> RawSignature {
    let mut raw = raw.clone();
    match &mut raw.body {
        SignatureBody::CosignSimple { payload, .. } => change(payload),
        SignatureBody::SigstoreBundle(bytes)
        | SignatureBody::NotationJws(bytes)
        | SignatureBody::NotationCose(bytes)
        | SignatureBody::GpgSimple(bytes) => change(bytes),
    }
    raw
}

fn body_len(raw: &RawSignature) -> usize {
    let length = std::cell::Cell::new(0);
    with_body(raw, |bytes| length.set(bytes.len()));
    length.get()
}

/// What a flipped bit leaves standing says what it said before: only parts that nobody signs and
/// nobody reads may change.
#[test]
fn no_flipped_bit_changes_what_holds() {
    let all = loaded(&everybody());
    for (case, _) in CASES {
        let raw = vector(case);
        let before = one(&raw, &all);
        let mut held = 0;
        for place in 0..body_len(&raw) {
            let bit = 1 << (place % 7);
            let flipped = with_body(&raw, |bytes| bytes[place] ^= bit);
            for fact in verify(&flipped, &all, now()) {
                if fact.failure.is_none() {
                    held += 1;
                    assert_eq!(fact, before, "{case}, byte {place}");
                }
            }
        }
        if case.starts_with("cosign2") {
            assert_eq!(held, 0, "{case}: the whole document is signed");
        }
    }
}

#[test]
fn no_other_signature_fits_a_document() {
    let all = loaded(&everybody());
    for case in ["cosign2-p256", "cosign2-p384", "cosign2-rsa", "cosign2-ed25519"] {
        let raw = vector(case);
        let SignatureBody::CosignSimple { payload, signature } = &raw.body else { panic!() };
        let bytes = BASE64_STANDARD.decode(signature).unwrap();
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0x10;
            let signature = BASE64_STANDARD.encode(flipped);
            let body = SignatureBody::CosignSimple { payload: payload.clone(), signature };
            let fact = one(&RawSignature { body, ..raw.clone() }, &all);
            assert!(fact.failure.is_some(), "{case}, byte {place}");
        }
        for signature in ["", "!", "AAAA"] {
            let body = SignatureBody::CosignSimple {
                payload: payload.clone(),
                signature: signature.into(),
            };
            assert!(one(&RawSignature { body, ..raw.clone() }, &all).failure.is_some());
        }
    }
}

proptest! {
    /// No bytes make a reader panic, and none are a signature.
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let all = loaded(&everybody());
        let subject = Subject { digest: DIGEST.parse().unwrap(), size_bytes: None };
        for body in [
            SignatureBody::CosignSimple { payload: bytes.clone(), signature: "AAAA".into() },
            SignatureBody::SigstoreBundle(bytes.clone()),
            SignatureBody::NotationJws(bytes.clone()),
            SignatureBody::NotationCose(bytes.clone()),
            SignatureBody::GpgSimple(bytes.clone()),
        ] {
            let raw = RawSignature { found_at: String::new(), subject: subject.clone(), body };
            prop_assert!(verify(&raw, &all, now()).iter().all(|fact| fact.failure.is_some()));
        }
    }

    /// The same of vectors with a piece cut out, doubled or put elsewhere.
    #[test]
    fn damaged_vectors_say_nothing_new(
        case in prop::sample::select(CASES.to_vec()),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        length in 1_usize..40,
    ) {
        let all = loaded(&everybody());
        let raw = vector(case.0);
        let before = one(&raw, &all);
        let damaged = with_body(&raw, |bytes| {
            let start = from.index(bytes.len());
            let piece: Vec<u8> = bytes.drain(start..(start + length).min(bytes.len())).collect();
            let place = to.index(bytes.len() + 1);
            bytes.splice(place..place, piece);
        });
        for fact in verify(&damaged, &all, now()) {
            prop_assert!(fact.failure.is_some() || fact == before);
        }
    }
}
