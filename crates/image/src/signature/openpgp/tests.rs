//! Messages and keys that GnuPG made, and those that must not hold.

use super::super::tests::{now, vectors};
use super::*;
use model::Timestamp;

fn read(name: &str) -> Vec<u8> {
    std::fs::read(vectors().join("openpgp").join(name)).unwrap()
}

fn check(message: &str, key: &str, now: Timestamp) -> Result<String, String> {
    let message = SignedMessage::read(&read(message))?;
    let certificates = Certificate::read_all(&read(key))?;
    let signer = message.signer(&certificates[0], now)?;
    Ok(signer.fingerprint())
}

#[test]
fn subkeys_and_forms_of_packing() {
    for message in ["subkey.gpg", "zlib.gpg", "plain.gpg"] {
        let found = check(message, "subkey.asc", now());
        assert!(found.is_ok(), "{message}: {found:?}");
    }
    let text = read("subkey.asc");
    let certificate = &Certificate::read_all(&text).unwrap()[0];
    assert_eq!(certificate.user_id().as_deref(), Some("subkey@lab.example"));
    let (keys, refused) = certificate.signing_keys(now());
    // The primary key only certifies.
    assert_eq!((keys.len(), refused.len()), (1, 0));
}

#[test]
fn other_kinds_of_messages_are_refused() {
    for (message, why) in [
        ("detached.gpg", "not a message with one signature"),
        ("clear.gpg", "packet cannot be read"),
        ("text.gpg", "not a signature over a binary document"),
        ("two.gpg", "not a message with one signature"),
    ] {
        let found = check(message, "subkey.asc", now()).unwrap_err();
        assert!(found.contains(why), "{message}: {found}");
    }
    assert!(check("subkey.gpg", "expiring.asc", now()).unwrap_err().contains("another key"));
}

#[test]
fn keys_expire_and_are_revoked() {
    assert!(check("expiring.gpg", "expiring.asc", now()).is_ok());
    let later: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
    let found = check("expiring.gpg", "expiring.asc", later).unwrap_err();
    assert!(found.contains("expired on 2026-12-2"), "{found}");
    assert!(check("revoked.gpg", "revoked.asc", now()).is_ok());
    let found = check("revoked.gpg", "revoked-after.asc", now()).unwrap_err();
    assert!(found.contains("is revoked"), "{found}");
    let before: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    assert!(check("subkey.gpg", "subkey.asc", before).unwrap_err().contains("in the future"));
}

/// A key whose own signatures are damaged is no key of anybody.
#[test]
fn a_flipped_bit_in_a_key_gives_no_other_rights() {
    use base64::Engine;
    let text = String::from_utf8(read("subkey.asc")).unwrap();
    let body: String =
        text.lines().filter(|line| !line.starts_with(['-', '=']) && !line.is_empty()).collect();
    let bytes = base64::prelude::BASE64_STANDARD.decode(body).unwrap();
    let message = SignedMessage::read(&read("subkey.gpg")).unwrap();
    let name = |key: &SigningKey| key.fingerprint();
    let original = Certificate::read_all(&bytes).unwrap();
    let expected = message.signer(&original[0], now()).map(name).unwrap();
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        for certificate in Certificate::read_all(&flipped).unwrap_or_default() {
            if let Ok(key) = message.signer(&certificate, now()) {
                assert_eq!(name(key), expected, "byte {place}");
            }
        }
    }
}
