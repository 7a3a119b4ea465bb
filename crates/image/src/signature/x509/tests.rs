//! Chains that hold and chains that must not.

use super::super::tests::{now, vectors};
use super::*;

fn certificate(name: &str) -> Vec<u8> {
    let text = std::fs::read(vectors().join(format!("x509/{name}.pem"))).unwrap();
    pem::parse(text).unwrap().into_contents()
}

fn check(chain: &[&str], store: &[&str], now: Timestamp) -> Result<String, String> {
    let chain: Vec<Vec<u8>> = chain.iter().map(|name| certificate(name)).collect();
    let store: Vec<StoredCertificate> =
        store.iter().map(|name| StoredCertificate::read(certificate(name)).unwrap()).collect();
    follow(&chain, &store, &[], (Some(now), now)).map(|signer| signer.subject)
}

#[test]
fn chains_that_hold() {
    for (chain, store) in [
        (&["leaf", "root"][..], &["root"][..]),
        (&["leaf"], &["root"]),
        (&["leaf"], &["other", "twin", "root"]),
        (&["leaf"], &["leaf"]),
        (&["of_middle", "middle", "root"], &["root"]),
        (&["of_middle", "middle"], &["root"]),
        (&["of_middle"], &["middle"]),
        (&["of_low", "low"], &["low"]),
    ] {
        check(chain, store, now()).unwrap_or_else(|why| panic!("{chain:?}: {why}"));
    }
    assert_eq!(check(&["leaf"], &["root"], now()).unwrap(), "CN=signer,OU=ci,O=Lab");
}

#[test]
fn chains_that_do_not() {
    for (chain, store, why) in [
        (&["leaf", "root"][..], &["other"][..], "which is not trusted"),
        // Another authority of the same name: its key did not sign.
        (&["leaf"], &["twin"], "which is not trusted"),
        (&["leaf", "twin"], &["twin"], "is not issued by CN=root"),
        (&["leaf", "other"], &["other"], "is not issued by CN=other"),
        (&["leaf"], &[], "which is not trusted"),
        (&[], &["root"], "0 certificates"),
        (&["leaf"; 9], &["root"], "9 certificates"),
        (&["server"], &["root"], "not for signing code"),
        (&["no_usage"], &["root"], "not for signatures"),
        (&["unknown"], &["root"], "demands 1.3.6.1.4.1.99999.1"),
        (&["weak"], &["root"], "which is not trusted"),
        (&["below_leaf", "leaf", "root"], &["root"], "may not issue certificates"),
        (&["below_leaf"], &["leaf"], "may not issue certificates"),
        (&["of_low", "low", "middle", "root"], &["root"], "may not issue to so many"),
        (&["root"], &["root"], "is an authority's"),
        (&["middle"], &["root"], "is an authority's"),
    ] {
        let found = check(chain, store, now()).expect_err(&format!("{chain:?} {store:?}"));
        assert!(found.contains(why), "{chain:?} {store:?}: {found}");
    }
    for (day, why) in [("2020-01-01", "not valid before 20"), ("2045-01-01", "expired on 2036")] {
        let day: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        assert!(check(&["leaf"], &["root"], day).unwrap_err().contains(why));
    }
}

#[test]
fn what_was_signed_outside_of_the_certificate_s_life_does_not_hold() {
    let chain = [certificate("leaf")];
    let store = [StoredCertificate::read(certificate("root")).unwrap()];
    let early: Timestamp = "2021-01-01T00:00:00Z".parse().unwrap();
    let found = follow(&chain, &store, &[], (Some(early), now())).err().unwrap();
    assert!(found.contains("was not valid when it was signed"), "{found}");
}

#[test]
fn no_flipped_bit_makes_a_certificate() {
    let store = [StoredCertificate::read(certificate("root")).unwrap()];
    let leaf = certificate("leaf");
    // The certificate's own content lies behind the head of the whole; what follows is its
    // signature, where a loose reader may pass over a bit that changes nothing.
    let content = 4..4 + parse(&leaf).unwrap().tbs_certificate.as_ref().len();
    for place in 0..leaf.len() {
        let mut flipped = leaf.clone();
        flipped[place] ^= 1 << (place % 8);
        match follow(&[flipped], &store, &[], (None, now())) {
            Err(_) => {}
            Ok(signer) => {
                assert!(!content.contains(&place), "byte {place}");
                assert_eq!(signer.subject, "CN=signer,OU=ci,O=Lab");
            }
        }
    }
}

#[test]
fn subjects_are_split_at_commas() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(split_subject("cn=a\\, b, O = c=d"), [pair("CN", "a, b"), pair("O", "c=d")]);
    for bad in ["", "a", "CN=a,,O=b", "CN=a,"] {
        assert!(split_subject(bad).is_empty(), "{bad}");
    }
}
