//! What the protected part of an envelope may say.

use super::super::crypto::{Hash, KeyKind, Scheme};
use super::super::tests::now;
use super::*;

fn good() -> Protected {
    Protected {
        content_type: CONTENT_TYPE.into(),
        signing_scheme: "notary.x509".into(),
        signed_at: Some(now()),
        expires: None,
        critical: vec![SIGNING_SCHEME.into()],
    }
}

#[test]
fn what_is_protected_must_be_known_and_agree() {
    assert_eq!(good().check(now()), Ok(()));
    let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    type Change = fn(&mut Protected);
    let changes: [(Change, &str); 7] = [
        (|p| p.content_type = "application/json".into(), "is of the type `application/json`"),
        (|p| p.signing_scheme = "notary.none".into(), "`notary.none` is not known"),
        (|p| p.critical.push("io.cncf.notary.verificationPlugin".into()), "verificationPlugin"),
        (|p| p.critical.push("b64".into()), "demands `b64`"),
        (|p| p.critical.clear(), "not critical, as it must be"),
        (|p| p.critical.push(EXPIRY.into()), "do not agree"),
        (|p| p.signed_at = None, "does not say when"),
    ];
    for (change, why) in changes {
        let mut protected = good();
        change(&mut protected);
        let found = protected.check(now()).unwrap_err();
        assert!(found.contains(why), "{found}");
    }
    let mut expiring = good();
    expiring.expires = Some(later);
    assert!(expiring.check(now()).unwrap_err().contains("do not agree"));
    expiring.critical.push(EXPIRY.into());
    assert_eq!(expiring.check(now()), Ok(()));
    assert_eq!(expiring.check(later).unwrap_err(), "the signature expired on 2027-01-01");
}

#[test]
fn algorithms_belong_to_keys() {
    use Algorithm::{Ecdsa, Pss};
    for (algorithm, key, expected) in [
        (Pss(Hash::Sha256), KeyKind::Rsa, Some(Scheme::RsaPss(Hash::Sha256))),
        (Ecdsa(Hash::Sha256), KeyKind::P256, Some(Scheme::EcdsaFixed(Hash::Sha256))),
        (Ecdsa(Hash::Sha384), KeyKind::P384, Some(Scheme::EcdsaFixed(Hash::Sha384))),
        (Ecdsa(Hash::Sha384), KeyKind::P256, None),
        (Ecdsa(Hash::Sha256), KeyKind::Rsa, None),
        (Pss(Hash::Sha256), KeyKind::P256, None),
        (Pss(Hash::Sha512), KeyKind::Ed25519, None),
    ] {
        assert_eq!(algorithm.scheme(key), expected, "{algorithm:?} {key:?}");
    }
}
