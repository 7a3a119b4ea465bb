//! Digests of bytes as they pass.

use model::Digest;
use sha2::{Digest as _, Sha256, Sha512};

/// Computes the digest of a stream in the algorithm of the digest it will be compared with.
pub(crate) enum Hashing {
    /// The algorithm every tool writes.
    Sha256(Sha256),
    /// The other one the OCI image specification registers.
    Sha512(Box<Sha512>),
}

impl Hashing {
    /// SHA-256.
    pub(crate) fn sha256() -> Self {
        Hashing::Sha256(Sha256::new())
    }

    /// The algorithm of `digest`.
    pub(crate) fn like(digest: &Digest) -> Self {
        match digest.algorithm() {
            "sha512" => Hashing::Sha512(Box::new(Sha512::new())),
            _ => Hashing::sha256(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hashing::Sha256(hash) => hash.update(bytes),
            Hashing::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    pub(crate) fn finish(self) -> Digest {
        match self {
            Hashing::Sha256(hash) => Digest::sha256(&hash.finalize().into()),
            Hashing::Sha512(hash) => sha512_digest(&hash.finalize()),
        }
    }
}

/// The digest of `bytes` in the algorithm of `named`.
pub(crate) fn digest_like(named: &Digest, bytes: &[u8]) -> Digest {
    let mut hashing = Hashing::like(named);
    hashing.update(bytes);
    hashing.finish()
}

fn sha512_digest(bytes: &[u8]) -> Digest {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // 64 bytes always make a valid digest; the other arm only keeps this free of panics.
    format!("sha512:{hex}").parse().unwrap_or_else(|_| Digest::sha256(&[0; 32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_algorithms_give_the_published_digests_of_abc() {
        let sha256: Digest =
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                .parse()
                .unwrap();
        let sha512: Digest =
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
                .parse()
                .unwrap();
        assert_eq!(digest_like(&sha256, b"abc"), sha256);
        assert_eq!(digest_like(&sha512, b"abc"), sha512);
    }
}
