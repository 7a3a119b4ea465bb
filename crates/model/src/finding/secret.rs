//! `Secret`: something in an image that should not travel with it. Never in clear: what is kept is
//! a redacted excerpt and a fingerprint.

use serde::{Deserialize, Serialize};

use crate::{LayerIndex, Span, Timestamp};

/// A secret, key or certificate in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The layer it lies in; for the configuration, the highest one.
    pub layer: LayerIndex,
    /// Where.
    pub place: SecretPlace,
    /// The rule that found it.
    pub rule: String,
    /// What it is, in a few words.
    pub title: String,
    /// What kind of thing it is.
    pub category: SecretCategory,
    /// How much it proves: a placeholder or a published test key is worth a line, no alarm.
    pub confidence: Confidence,
    /// The line from 1 in a text; 0 when it has none.
    #[serde(default)]
    pub line: u32,
    /// Where in the file or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The line with the secret itself masked.
    pub excerpt: String,
    /// A salted hash of the secret: the same secret has the same fingerprint in every place.
    pub fingerprint: String,
    /// What is known of a private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyFacts>,
    /// What is known of a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
    /// The operating system package whose file it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
    /// The layer that deletes or replaces its file: in the image, but not in its containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<LayerIndex>,
}

/// Where a secret lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPlace {
    /// In a file; parts inside archives follow `!/`.
    File(String),
    /// In an environment variable of the image's configuration, by its name.
    Environment(String),
    /// In a label of the image's configuration, by its key.
    Label(String),
    /// In the text of a build step, counted from 0.
    History(u32),
}

impl SecretPlace {
    /// The path, when it is a file.
    pub fn path(&self) -> Option<&str> {
        match self {
            SecretPlace::File(path) => Some(path),
            _ => None,
        }
    }

    /// The place in words.
    pub fn describe(&self) -> String {
        match self {
            SecretPlace::File(path) => path.clone(),
            SecretPlace::Environment(name) => format!("environment variable {name}"),
            SecretPlace::Label(key) => format!("label {key}"),
            SecretPlace::History(step) => format!("build step {step}"),
        }
    }
}

/// What kind of secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretCategory {
    /// A private key.
    PrivateKey,
    /// A store of keys behind a password: PKCS#12, JKS.
    KeyStore,
    /// A certificate.
    Certificate,
    /// A token or key of a cloud or service.
    Token,
    /// A password, in clear or as a hash.
    Password,
    /// A connection address with a password in it.
    ConnectionString,
}

impl SecretCategory {
    /// Every category, in the order of reports.
    pub const ALL: [SecretCategory; 6] = [
        SecretCategory::PrivateKey,
        SecretCategory::KeyStore,
        SecretCategory::Certificate,
        SecretCategory::Token,
        SecretCategory::Password,
        SecretCategory::ConnectionString,
    ];

    /// The word in reports and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretCategory::PrivateKey => "private_key",
            SecretCategory::KeyStore => "key_store",
            SecretCategory::Certificate => "certificate",
            SecretCategory::Token => "token",
            SecretCategory::Password => "password",
            SecretCategory::ConnectionString => "connection_string",
        }
    }
}

/// How much a finding proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// An example, a placeholder, or a key published with somebody's test suite.
    Placeholder,
    /// Has the shape of one.
    Likely,
    /// Parsed, or of a shape that nothing else has.
    Certain,
}

/// What is known of a private key. Nothing of the private part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// `rsa`, `ec`, `ed25519`, `dsa` …; empty when an encrypted form does not tell.
    pub algorithm: String,
    /// Bits of the key; 0 when not known.
    pub bits: u32,
    /// The form: `pkcs1`, `pkcs8`, `sec1`, `openssh`, `pgp`, `putty`, `pkcs12`, `jks`.
    pub format: String,
    /// Whether it is encrypted with a password.
    pub encrypted: bool,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), hex; empty when not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_key: String,
    /// The certificate of this key in the same image, by its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// What a certificate says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Serial number, hex.
    pub serial: String,
    /// From when it is valid.
    pub not_before: Option<Timestamp>,
    /// Until when.
    pub not_after: Option<Timestamp>,
    /// Whether it is signed by its own key.
    pub self_signed: bool,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), hex.
    pub public_key: String,
}
