//! What a key store holds, whatever its format.

use model::{CertificateFacts, KeyFacts};

/// What is known of a key store.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyStore {
    /// `pkcs12`, `jks`, `jceks`.
    pub(crate) format: &'static str,
    /// Private keys, seen or known to be there.
    pub(crate) private_keys: usize,
    /// Secret (symmetric) keys.
    pub(crate) secret_keys: usize,
    /// Certificates.
    pub(crate) certificates: usize,
    /// The well-known password that opens it.
    pub(crate) password: Option<&'static str>,
    /// Whether parts of it could not be looked into.
    pub(crate) closed: bool,
    /// The first private key.
    pub(crate) key: KeyFacts,
    /// The certificate of the first private key.
    pub(crate) certificate: Option<CertificateFacts>,
}

impl KeyStore {
    /// Whether it holds, or may hold, something to keep: a store of certificates alone does not.
    pub(crate) fn is_secret(&self) -> bool {
        self.private_keys > 0 || self.secret_keys > 0 || self.closed
    }

    /// What it holds, in a line.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "{}: {} private keys, {} certificates",
            self.format, self.private_keys, self.certificates
        );
        if self.secret_keys > 0 {
            text.push_str(&format!(", {} secret keys", self.secret_keys));
        }
        match self.password {
            Some("") => text.push_str("; opens with the empty password"),
            Some(password) => {
                text.push_str(&format!("; opens with the well-known password {password}"))
            }
            None if self.closed => {
                text.push_str("; behind a password that is not a well-known one")
            }
            None => {}
        }
        text
    }
}
