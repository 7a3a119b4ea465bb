//! Public keys: algorithm, size, and the digest of the `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7),
//! by which a private key, in whatever form, is matched with a certificate.

use ring::digest::{SHA256, digest};

use super::der::{self, BIT_STRING, NULL, OID, SEQUENCE};

/// RFC 8017: rsaEncryption.
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// RFC 4055: id-RSASSA-PSS.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// RFC 5480: id-ecPublicKey.
pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// RFC 3279: id-dsa.
pub(crate) const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
/// PKCS #3: dhKeyAgreement.
const DH: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01];
/// RFC 8410: id-Ed25519.
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// RFC 8410: id-Ed448, id-X25519, id-X448.
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const X448: &[u8] = &[0x2b, 0x65, 0x6f];

/// Named curves (RFC 5480, SEC 2, RFC 5639): object identifier, OpenSSH's name, bits.
const CURVES: [(&[u8], &str, u32); 9] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "nistp256", 256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "nistp384", 384),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "nistp521", 521),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "", 256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "", 224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01], "", 192),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07], "", 256),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b], "", 384),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d], "", 512),
];

/// What is known of a public key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// `rsa`, `ec`, `ed25519` …
    pub(crate) algorithm: &'static str,
    /// Bits; 0 when not known.
    pub(crate) bits: u32,
    /// SHA-256 of the `SubjectPublicKeyInfo`, hex; empty when the public part is not there.
    pub(crate) digest: String,
}

/// The word for the algorithm with this identifier.
pub(crate) fn algorithm_name(oid: &[u8]) -> Option<&'static str> {
    [
        (RSA, "rsa"),
        (RSA_PSS, "rsa"),
        (EC, "ec"),
        (DSA, "dsa"),
        (DH, "dh"),
        (ED25519, "ed25519"),
        (ED448, "ed448"),
        (X25519, "x25519"),
        (X448, "x448"),
    ]
    .into_iter()
    .find(|(known, _)| *known == oid)
    .map(|(_, name)| name)
}

/// Bits of a named curve.
pub(crate) fn curve_bits(oid: &[u8]) -> u32 {
    CURVES.iter().find(|(known, ..)| *known == oid).map_or(0, |(.., bits)| *bits)
}

/// The identifier of a curve that OpenSSH names.
pub(crate) fn ssh_curve(name: &[u8]) -> Option<(&'static [u8], u32)> {
    CURVES
        .iter()
        .find(|(_, known, _)| !known.is_empty() && known.as_bytes() == name)
        .map(|(oid, _, bits)| (*oid, *bits))
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An RSA key of this modulus and exponent.
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> PublicKey {
    let key = [der::write_integer(modulus), der::write_integer(exponent)].concat();
    PublicKey {
        algorithm: "rsa",
        bits: der::bits(modulus),
        digest: digest_of(RSA, &der::write(NULL, &[]), &der::write(SEQUENCE, &key)),
    }
}

/// A DSA key.
pub(crate) fn dsa(parameters: [&[u8]; 3], public: &[u8]) -> PublicKey {
    let numbers: Vec<u8> = parameters.iter().flat_map(|n| der::write_integer(n)).collect();
    PublicKey {
        algorithm: "dsa",
        bits: der::bits(parameters[0]),
        digest: digest_of(DSA, &der::write(SEQUENCE, &numbers), &der::write_integer(public)),
    }
}

/// A key on the curve that `parameters` (a value with tag and length) names or describes.
pub(crate) fn ec(parameters: &[u8], bits: u32, point: &[u8]) -> PublicKey {
    let digest = if point.is_empty() { String::new() } else { digest_of(EC, parameters, point) };
    PublicKey { algorithm: "ec", bits, digest }
}

/// A key of RFC 8410: the identifier says everything.
pub(crate) fn edwards(oid: &'static [u8], public: &[u8]) -> Option<PublicKey> {
    let algorithm = algorithm_name(oid)?;
    let bits = if oid == ED448 || oid == X448 { 448 } else { 256 };
    let digest = if public.is_empty() { String::new() } else { digest_of(oid, &[], public) };
    Some(PublicKey { algorithm, bits, digest })
}

/// An algorithm of RFC 8410 by its identifier.
pub(crate) fn edwards_oid(oid: &[u8]) -> Option<&'static [u8]> {
    [ED25519, ED448, X25519, X448].into_iter().find(|known| *known == oid)
}

fn digest_of(oid: &[u8], parameters: &[u8], key: &[u8]) -> String {
    let algorithm = [der::write(OID, oid), parameters.to_vec()].concat();
    let bits = [&[0], key].concat();
    let parts = [der::write(SEQUENCE, &algorithm), der::write(BIT_STRING, &bits)].concat();
    sha256_hex(&der::write(SEQUENCE, &parts))
}
