//! OpenPGP, as much of it as signed messages and public keys need: no encryption, no web of trust.
//!
//! Source: RFC 9580 and, for what GnuPG writes today, RFC 4880 and `draft-koch-librepgp`: version 4
//! keys and signatures; RSA, ECDSA (P-256, P-384), EdDSA (Ed25519); SHA-256, 384 and 512. Refused:
//! SHA-1 and older, DSA, versions 3 and 6, bzip2, texts with canonical line ends.

mod armor;
mod certificate;
mod message;
mod packet;
mod signature;

pub(crate) use certificate::Certificate;
#[cfg(test)]
pub(crate) use certificate::SigningKey;
pub(crate) use message::SignedMessage;

#[cfg(test)]
mod tests;
