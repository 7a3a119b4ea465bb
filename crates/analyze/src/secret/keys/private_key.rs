//! Private keys in DER: PKCS #1 (RFC 8017), PKCS #8 clear and encrypted (RFC 5958), SEC 1
//! (RFC 5915) and the DSA form of OpenSSL.

use ring::signature::{Ed25519KeyPair, KeyPair};

use model::KeyFacts;

use super::der::{
    BIT_STRING, CONTEXT_0, CONTEXT_1, Der, INTEGER, OCTET_STRING, OID, SEQUENCE, bits,
};
use super::public_key::{self, PublicKey};

/// Fewest bits of a modulus that is believed.
const MIN_MODULUS_BITS: u32 = 256;
/// PKCS #5 and PKCS #12 password-based encryption: how their identifiers begin.
const PASSWORD_BASED: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01],
];
/// Sun's key protections in Java key stores (JKS, JCEKS): how their identifiers begin.
const JAVA_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02];

/// The facts of a private key in any of these forms; `None` when it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<KeyFacts> {
    pkcs8(bytes)
        .map(|key| facts(key, "pkcs8"))
        .or_else(|| encrypted_pkcs8(bytes))
        .or_else(|| pkcs1(bytes).map(|key| facts(key, "pkcs1")))
        .or_else(|| sec1(bytes, None).map(|key| facts(key, "sec1")))
        .or_else(|| dsa(bytes).map(|key| facts(key, "pkcs1")))
}

/// The facts of a clear key.
pub(crate) fn facts(key: PublicKey, format: &str) -> KeyFacts {
    KeyFacts {
        algorithm: key.algorithm.to_owned(),
        bits: key.bits,
        format: format.to_owned(),
        encrypted: false,
        public_key: key.digest,
        certificate: None,
    }
}

/// `RSAPrivateKey`.
fn pkcs1(bytes: &[u8]) -> Option<PublicKey> {
    let mut key = Der::new(bytes).enter(SEQUENCE)?;
    if key.small_integer()? > 1 {
        return None;
    }
    let (modulus, exponent) = (key.expect(INTEGER)?, key.expect(INTEGER)?);
    for _ in 0..6 {
        key.expect(INTEGER)?;
    }
    (bits(modulus) >= MIN_MODULUS_BITS).then(|| public_key::rsa(modulus, exponent))
}

/// OpenSSL's form of a DSA key: version, p, q, g, public, private.
fn dsa(bytes: &[u8]) -> Option<PublicKey> {
    let mut key = Der::new(bytes).enter(SEQUENCE)?;
    if key.small_integer()? != 0 {
        return None;
    }
    let (p, q, g) = (key.expect(INTEGER)?, key.expect(INTEGER)?, key.expect(INTEGER)?);
    let public = key.expect(INTEGER)?;
    key.expect(INTEGER)?;
    let fits = key.is_empty() && bits(p) >= MIN_MODULUS_BITS && bits(q) >= 128;
    fits.then(|| public_key::dsa([p, q, g], public))
}

/// `ECPrivateKey`; the curve may be told from outside (PKCS #8).
fn sec1(bytes: &[u8], outer_parameters: Option<&[u8]>) -> Option<PublicKey> {
    let mut key = Der::new(bytes).enter(SEQUENCE)?;
    if key.small_integer()? != 1 {
        return None;
    }
    let scalar = key.expect(OCTET_STRING)?;
    let mut parameters = outer_parameters;
    if key.peek() == Some(CONTEXT_0) {
        let own = key.expect(CONTEXT_0)?;
        parameters = parameters.or(Some(own));
    }
    let mut point: &[u8] = &[];
    if key.peek() == Some(CONTEXT_1) {
        let string = key.enter(CONTEXT_1)?.expect(BIT_STRING)?;
        point = string.get(1..)?;
    }
    let parameters = parameters?;
    let named = Der::new(parameters).expect(OID).map_or(0, public_key::curve_bits);
    let from_scalar = u32::try_from(scalar.len()).ok()?.checked_mul(8)?;
    let plausible = (14..=128).contains(&scalar.len());
    plausible
        .then(|| public_key::ec(parameters, if named > 0 { named } else { from_scalar }, point))
}

/// `PrivateKeyInfo` and `OneAsymmetricKey`.
fn pkcs8(bytes: &[u8]) -> Option<PublicKey> {
    let mut outer = Der::new(bytes).enter(SEQUENCE)?;
    if outer.small_integer()? > 1 {
        return None;
    }
    let mut algorithm = outer.enter(SEQUENCE)?;
    let oid = algorithm.expect(OID)?;
    let parameters = algorithm.value();
    let inner = outer.expect(OCTET_STRING)?;
    match public_key::algorithm_name(oid)? {
        "rsa" => pkcs1(inner),
        "ec" => sec1(inner, parameters.map(|value| value.raw)),
        "dsa" => pkcs8_dsa(parameters?.content, inner),
        "dh" => Some(PublicKey { algorithm: "dh", ..PublicKey::default() }),
        _ => edwards(public_key::edwards_oid(oid)?, inner, outer),
    }
}

/// DSA in PKCS #8 has no public number; it is not computed, so such a key is not matched.
fn pkcs8_dsa(parameters: &[u8], inner: &[u8]) -> Option<PublicKey> {
    let p = Der::new(parameters).expect(INTEGER)?;
    Der::new(inner).expect(INTEGER)?;
    Some(PublicKey { algorithm: "dsa", bits: bits(p), digest: String::new() })
}

/// RFC 8410: the public part is optional; Ed25519's is computed from the seed.
fn edwards(oid: &'static [u8], inner: &[u8], mut rest: Der<'_>) -> Option<PublicKey> {
    let seed = Der::new(inner).expect(OCTET_STRING)?;
    let mut public = Vec::new();
    while let Some(value) = rest.value() {
        if value.tag == 0x81 || value.tag == CONTEXT_1 {
            public = value.content.get(1..)?.to_vec();
        }
    }
    if oid == public_key::ED25519 {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        public = pair.public_key().as_ref().to_vec();
    }
    public_key::edwards(oid, &public)
}

/// `EncryptedPrivateKeyInfo`.
fn encrypted_pkcs8(bytes: &[u8]) -> Option<KeyFacts> {
    let mut outer = Der::new(bytes).enter(SEQUENCE)?;
    let oid = outer.enter(SEQUENCE)?.expect(OID)?;
    let data = outer.expect(OCTET_STRING)?;
    let known =
        oid.starts_with(JAVA_PROTECTION) || PASSWORD_BASED.iter().any(|p| oid.starts_with(p));
    (known && data.len() >= 16 && outer.is_empty()).then(|| KeyFacts {
        format: "pkcs8".to_owned(),
        encrypted: true,
        ..KeyFacts::default()
    })
}
