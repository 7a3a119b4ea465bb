//! PKCS #12 (RFC 7292): which well-known password opens it, and which keys and certificates lie
//! in it. Only stores behind a password (not those behind a public key) and of definite lengths.

use ring::{digest, hmac};

use super::certificate;
use super::der::{CONTEXT_0, Der, OCTET_STRING, OID, SEQUENCE, SET};
use super::passwords;
use super::pbe::{self, Budget, Derivation};
use super::private_key;
use super::store::KeyStore;
use crate::limits::{MAX_KEY_STORE_ENTRIES, MAX_KEY_STORE_ITERATIONS};

/// PKCS #7: data, encryptedData.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// Bags (RFC 7292 §4.2), without the last byte.
const BAGS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// The last bytes of bags: keyBag, pkcs8ShroudedKeyBag, certBag, secretBag.
const KEY: u8 = 1;
const SHROUDED_KEY: u8 = 2;
const CERTIFICATE: u8 = 3;
const SECRET: u8 = 5;
/// id-sha1.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// id-sha256 and its siblings, without the last byte.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// What the store in `bytes` holds; `None` when it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<KeyStore> {
    let mut pfx = Der::new(bytes).enter(SEQUENCE)?;
    if pfx.small_integer()? != 3 {
        return None;
    }
    let mut auth_safe = pfx.enter(SEQUENCE)?;
    if auth_safe.expect(OID)? != DATA {
        return None;
    }
    let content = auth_safe.enter(CONTEXT_0)?.expect(OCTET_STRING)?;
    let mut budget = Budget(MAX_KEY_STORE_ITERATIONS);
    let mut store = KeyStore { format: "pkcs12", ..KeyStore::default() };
    let (password, has_mac) = match pfx.enter(SEQUENCE) {
        Some(mac) => (find_password(mac, content, &mut budget), true),
        None => (Some(""), false),
    };
    store.password = password.filter(|_| has_mac);
    let mut parts = Der::new(content).enter(SEQUENCE)?;
    for _ in 0..MAX_KEY_STORE_ENTRIES {
        let Some(part) = parts.enter(SEQUENCE) else { break };
        if read_part(part, password, &mut store, &mut budget).is_none() {
            store.closed = true;
        }
    }
    store.key.format = "pkcs12".to_owned();
    if store.key.public_key.is_empty()
        && let Some(facts) = &store.certificate
    {
        store.key.public_key.clone_from(&facts.public_key);
    }
    Some(store)
}

/// The well-known password with which the integrity check succeeds (RFC 7292 §4, MacData).
fn find_password(mut mac: Der<'_>, content: &[u8], budget: &mut Budget) -> Option<&'static str> {
    let mut info = mac.enter(SEQUENCE)?;
    let oid = info.enter(SEQUENCE)?.expect(OID)?;
    let expected = info.expect(OCTET_STRING)?;
    let salt = mac.expect(OCTET_STRING)?;
    let rounds = if mac.is_empty() { 1 } else { mac.small_integer()? };
    let (hash, keyed) = hashes(oid)?;
    passwords::WELL_KNOWN.into_iter().find(|password| {
        let Some(iterations) = budget.take(rounds) else { return false };
        let password = passwords::utf16_zero(password);
        let from = Derivation { hash, password: &password, salt, iterations };
        let key = pbe::derive(&from, pbe::PURPOSE_MAC, hash.output_len());
        hmac::verify(&hmac::Key::new(keyed, &key), content, expected).is_ok()
    })
}

fn hashes(oid: &[u8]) -> Option<(&'static digest::Algorithm, hmac::Algorithm)> {
    if oid == SHA1 {
        return Some((&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY));
    }
    match oid.strip_prefix(SHA2)? {
        [1] => Some((&digest::SHA256, hmac::HMAC_SHA256)),
        [2] => Some((&digest::SHA384, hmac::HMAC_SHA384)),
        [3] => Some((&digest::SHA512, hmac::HMAC_SHA512)),
        _ => None,
    }
}

/// One `ContentInfo`; `None` when it cannot be looked into.
fn read_part(
    mut part: Der<'_>,
    password: Option<&str>,
    store: &mut KeyStore,
    budget: &mut Budget,
) -> Option<()> {
    match part.expect(OID)? {
        DATA => {
            let content = part.enter(CONTEXT_0)?.expect(OCTET_STRING)?;
            read_bags(content, password, store, budget)
        }
        ENCRYPTED_DATA => {
            let mut data = part.enter(CONTEXT_0)?.enter(SEQUENCE)?;
            data.small_integer()?;
            let mut info = data.enter(SEQUENCE)?;
            info.expect(OID)?;
            let algorithm = info.expect(SEQUENCE)?;
            let secret = info.value()?.content;
            let content = pbe::decrypt(algorithm, secret, password?, budget)?;
            read_bags(&content, password, store, budget)
        }
        _ => None,
    }
}

/// `SafeContents`. Bags within bags are not followed.
fn read_bags(
    content: &[u8],
    password: Option<&str>,
    store: &mut KeyStore,
    budget: &mut Budget,
) -> Option<()> {
    let mut bags = Der::new(content).enter(SEQUENCE)?;
    let mut whole = Some(());
    for _ in 0..MAX_KEY_STORE_ENTRIES {
        let Some(mut bag) = bags.enter(SEQUENCE) else { break };
        let (&kind, prefix) = bag.expect(OID)?.split_last()?;
        let value = bag.expect(CONTEXT_0)?;
        let _attributes = bag.expect(SET);
        if prefix != BAGS || read_bag(kind, value, password, (store, budget)).is_none() {
            whole = None;
        }
    }
    whole
}

fn read_bag(
    kind: u8,
    value: &[u8],
    password: Option<&str>,
    (store, budget): (&mut KeyStore, &mut Budget),
) -> Option<()> {
    match kind {
        KEY => keep_key(value, false, store),
        SHROUDED_KEY => {
            let mut info = Der::new(value).enter(SEQUENCE)?;
            let algorithm = info.expect(SEQUENCE)?;
            let secret = info.expect(OCTET_STRING)?;
            let clear = password.and_then(|p| pbe::decrypt(algorithm, secret, p, budget));
            match clear {
                Some(clear) => keep_key(&clear, false, store),
                None => keep_key(&[], true, store),
            }
        }
        CERTIFICATE => {
            let mut bag = Der::new(value).enter(SEQUENCE)?;
            bag.expect(OID)?;
            let der = bag.enter(CONTEXT_0)?.expect(OCTET_STRING)?;
            store.certificates += 1;
            keep_certificate(der, store);
        }
        SECRET => store.secret_keys += 1,
        _ => return None,
    }
    Some(())
}

fn keep_key(der: &[u8], encrypted: bool, store: &mut KeyStore) {
    store.private_keys += 1;
    if store.private_keys == 1 {
        store.key = private_key::read(der).unwrap_or_default();
        store.key.encrypted = encrypted;
    }
}

/// A key's own certificate is the one that may sign no others, or the only one.
fn keep_certificate(der: &[u8], store: &mut KeyStore) {
    let Some(facts) = certificate::read(der) else { return };
    let better = store.certificate.as_ref().is_none_or(|kept| {
        facts.public_key == store.key.public_key && kept.public_key != facts.public_key
            || kept.is_ca && !facts.is_ca
    });
    if better {
        store.certificate = Some(facts);
    }
}
