//! Passwords that keep nobody out: the ones key tools and their manuals suggest. A key store that
//! opens with one is as good as clear.

/// Tried in this order.
pub(crate) const WELL_KNOWN: [&str; 6] =
    ["changeit", "", "changeme", "password", "secret", "123456"];

/// The password in the form of PKCS #12 (RFC 7292 appendix B.1): UTF-16, big-endian, with a zero.
pub(crate) fn utf16_zero(password: &str) -> Vec<u8> {
    let mut bytes = utf16(password);
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// The password in UTF-16, big-endian, as Java hashes it.
pub(crate) fn utf16(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
