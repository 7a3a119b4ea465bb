//! Signatures: foreign bodies of every form against the authorities of real ones.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use image::signature::{Authorities, RawSignature, SignatureBody, Subject, verify};
use model::{Authority, AuthorityKind, Material, SignatureFact, Timestamp};

/// The authorities that made the seeds, by their files.
const AUTHORITIES: [(AuthorityKind, &str); 11] = [
    (AuthorityKind::Key, "p256.pub"),
    (AuthorityKind::Key, "p384.pub"),
    (AuthorityKind::Key, "rsa.pub"),
    (AuthorityKind::Key, "ed25519.pub"),
    (AuthorityKind::Certificate, "rsa2048-ca.pem"),
    (AuthorityKind::Certificate, "rsa3072-ca.pem"),
    (AuthorityKind::Certificate, "ec256-ca.pem"),
    (AuthorityKind::Certificate, "ec384-ca.pem"),
    (AuthorityKind::Gpg, "gpg-rsa3072.asc"),
    (AuthorityKind::Gpg, "gpg-ed25519.asc"),
    (AuthorityKind::Gpg, "gpg-nistp256.asc"),
];

/// A signature that a real tool made, and what is known of it.
struct Case {
    raw: RawSignature,
    facts: Vec<SignatureFact>,
}

/// The real signatures and the authorities that they hold with.
static REAL: LazyLock<(Authorities, Vec<Case>)> = LazyLock::new(|| {
    let authorities = AUTHORITIES.map(|(kind, file)| {
        let material = Material::File(format!("keys/{file}").into());
        authority(kind, file, material)
    });
    let all = Authorities::load(&authorities, &folder()).unwrap_or_else(|e| panic!("{e}"));
    let lines = String::from_utf8(read("cases")).unwrap_or_else(|e| panic!("{e}"));
    let cases = lines.lines().map(|line| {
        let raw = case(line);
        Case { facts: verify(&raw, &all, now()), raw }
    });
    let cases: Vec<Case> = cases.collect();
    assert!(cases.iter().filter(|case| case.facts[0].failure.is_none()).count() >= 20);
    (all, cases)
});

/// Reads the input as a signature or as a key: its first byte says of which form, the second for
/// the image of which real signature. Law: what holds says what a real signature says.
pub fn check(input: &[u8]) {
    let [form, number, body @ ..] = input else { return };
    let (all, cases) = &*REAL;
    let case = &cases[usize::from(number.wrapping_sub(b'!')) % cases.len()];
    match usize::from(form.wrapping_sub(b'!')) % 8 {
        form @ 0..5 => {
            let raw = RawSignature { body: self::body(form, body), ..case.raw.clone() };
            check_facts(&verify(&raw, all, now()), true);
            let nobody = verify(&raw, &Authorities::default(), now());
            assert!(nobody.iter().all(|fact| fact.failure.is_some()), "{nobody:?}");
        }
        5 => check_key(AuthorityKind::Key, body),
        6 => check_key(AuthorityKind::Certificate, body),
        _ => check_key(AuthorityKind::Gpg, body),
    }
}

/// Foreign bytes as an authority's material.
fn check_key(kind: AuthorityKind, bytes: &[u8]) {
    let foreign = authority(kind, "foreign", Material::Inline(bytes.to_vec()));
    match Authorities::load(&[foreign], Path::new("/")) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(foreign) => {
            for case in &REAL.1 {
                check_facts(&verify(&case.raw, &foreign, now()), false);
            }
        }
    }
}

/// Every fact says why it does not hold, or is one that a real signature gave.
fn check_facts(facts: &[SignatureFact], named: bool) {
    assert!(!facts.is_empty());
    for fact in facts.iter().filter(|fact| fact.failure.is_none()) {
        let same = |real: &SignatureFact| {
            let real = SignatureFact { found_at: fact.found_at.clone(), ..real.clone() };
            let real = match named {
                true => real,
                // A key may be written in several ways, and goes by the one it was written in.
                false => {
                    let (identity, signer) = (fact.identity.clone(), fact.signer.clone());
                    SignatureFact { identity, signer, ..real }
                }
            };
            real == *fact
        };
        let real = REAL.1.iter().flat_map(|case| &case.facts).any(same);
        assert!(real && fact.identity.is_some(), "{fact:?}");
    }
}

fn body(form: usize, bytes: &[u8]) -> SignatureBody {
    match form {
        0 => {
            let at = bytes.iter().position(|&byte| byte == 0xff).unwrap_or(bytes.len());
            let signature = String::from_utf8_lossy(bytes.get(at + 1..).unwrap_or_default());
            let payload = bytes[..at].to_vec();
            SignatureBody::CosignSimple { payload, signature: signature.into_owned() }
        }
        1 => SignatureBody::SigstoreBundle(bytes.to_vec()),
        2 => SignatureBody::NotationJws(bytes.to_vec()),
        3 => SignatureBody::NotationCose(bytes.to_vec()),
        _ => SignatureBody::GpgSimple(bytes.to_vec()),
    }
}

/// A line of `cases`: name, digest, size.
fn case(line: &str) -> RawSignature {
    let parts: Vec<&str> = line.split(' ').collect();
    let digest = parts[1].parse().unwrap_or_else(|e| panic!("{line}: {e}"));
    let subject = Subject { digest, size_bytes: parts[2].parse().ok() };
    let name = parts[0];
    let body = match name.split('-').next() {
        Some("cosign2") => SignatureBody::CosignSimple {
            payload: read(&format!("{name}.payload")),
            signature: String::from_utf8_lossy(&read(&format!("{name}.signature"))).into_owned(),
        },
        Some("gpg") => body(4, &read(&format!("{name}.gpg"))),
        Some("notation") if name.contains("cose") => body(3, &read(&format!("{name}.cose"))),
        Some("notation") => body(2, &read(&format!("{name}.json"))),
        _ => body(1, &read(&format!("{name}.json"))),
    };
    RawSignature { found_at: name.to_owned(), subject, body }
}

fn authority(kind: AuthorityKind, name: &str, material: Material) -> Authority {
    Authority { name: name.into(), kind, material, formats: Vec::new(), identities: Vec::new() }
}

/// A week after the signatures were made.
fn now() -> Timestamp {
    "2026-12-02T00:00:00Z".parse().unwrap_or_else(|e| panic!("{e}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/image/testdata/signatures")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
