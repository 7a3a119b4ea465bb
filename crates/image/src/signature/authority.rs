//! `Authorities`: the keys and certificates of a policy, read and understood.

use std::path::{Path, PathBuf};

use model::{Authority, AuthorityKind, Material, SignatureFormat};

use super::crypto::PublicKey;
use super::openpgp::Certificate;
use super::x509::StoredCertificate;
use crate::ImageError;

/// Most bytes of a key or certificate file.
const MATERIAL_MAX_BYTES: u64 = 4 << 20;
/// Most keys or certificates of one authority.
const MATERIAL_MAX_ENTRIES: usize = 1_000;
/// What begins the DER inside a PEM block of a public key.
const PUBLIC_KEY: &str = "PUBLIC KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// The authorities that signatures are checked with.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    pub(super) list: Vec<Trusted>,
}

/// One authority, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted {
    pub(super) name: String,
    pub(super) formats: Vec<SignatureFormat>,
    pub(super) keys: Vec<PublicKey>,
    pub(super) certificates: Vec<StoredCertificate>,
    pub(super) identities: Vec<String>,
    pub(super) openpgp: Vec<Certificate>,
}

impl Authorities {
    /// Reads the material of authorities; relative paths are meant from `folder`, the policy's.
    ///
    /// Errors when a file cannot be read, or holds no key or certificate that can be used: trust
    /// must not silently come to nobody.
    pub fn load(authorities: &[Authority], folder: &Path) -> Result<Self, ImageError> {
        let list = authorities.iter().map(|authority| load(authority, folder));
        Ok(Authorities { list: list.collect::<Result<_, _>>()? })
    }
}

impl Trusted {
    /// An authority that nothing holds with.
    pub(super) fn nobody() -> Self {
        Trusted::default()
    }

    /// The key that made a signature over a message.
    pub(super) fn key_that_signed(&self, message: &[u8], signature: &[u8]) -> Option<&PublicKey> {
        self.keys.iter().find(|key| {
            key.usual_schemes().iter().any(|scheme| key.verifies(*scheme, message, signature))
        })
    }
}

fn load(authority: &Authority, folder: &Path) -> Result<Trusted, ImageError> {
    let (bytes, place) = match &authority.material {
        Material::Inline(bytes) => (bytes.clone(), "the policy".to_owned()),
        Material::File(path) => {
            let path = folder.join(path);
            (read(&path)?, path.display().to_string())
        }
    };
    let unusable = |why: String| ImageError::UnusableAuthority {
        name: authority.name.clone(),
        place: place.clone(),
        why,
    };
    let formats = match authority.formats.is_empty() {
        true => authority.kind.formats().to_vec(),
        false => authority.formats.clone(),
    };
    let (name, identities) = (authority.name.clone(), authority.identities.clone());
    let mut trusted = Trusted { name, formats, identities, ..Trusted::default() };
    match authority.kind {
        AuthorityKind::Key => trusted.keys = keys(&bytes).map_err(unusable)?,
        AuthorityKind::Certificate => {
            trusted.certificates = certificates(&bytes).map_err(unusable)?;
        }
        AuthorityKind::Gpg => {
            trusted.openpgp = Certificate::read_all(&bytes).map_err(unusable)?;
        }
    }
    Ok(trusted)
}

fn read(path: &PathBuf) -> Result<Vec<u8>, ImageError> {
    let failed = |error| ImageError::reading(path, error);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MATERIAL_MAX_BYTES {
        let detail = format!("{size} bytes; the limit for keys is {MATERIAL_MAX_BYTES}");
        return Err(ImageError::OverLimit { place: path.display().to_string(), detail });
    }
    std::fs::read(path).map_err(failed)
}

/// The PEM blocks of a file.
fn blocks(bytes: &[u8]) -> Result<Vec<pem::Pem>, String> {
    let blocks = pem::parse_many(bytes).map_err(|error| format!("it is not PEM: {error}"))?;
    match blocks.len() {
        0 => Err("it holds no PEM block".to_owned()),
        count if count > MATERIAL_MAX_ENTRIES => {
            Err(format!("it holds more than {MATERIAL_MAX_ENTRIES} blocks"))
        }
        _ => Ok(blocks),
    }
}

fn keys(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let one = |block: pem::Pem| match block.tag() {
        PUBLIC_KEY => PublicKey::from_spki(block.contents()),
        CERTIFICATE => Err("it is a certificate: name it under `certificate`".to_owned()),
        tag if tag.contains("PRIVATE") => {
            Err("it is a private key, which has no place here: name the public one".to_owned())
        }
        tag => Err(format!("a block of the type `{tag}`: expected `{PUBLIC_KEY}`")),
    };
    blocks(bytes)?.into_iter().map(one).collect()
}

fn certificates(bytes: &[u8]) -> Result<Vec<StoredCertificate>, String> {
    let one = |block: pem::Pem| match block.tag() {
        CERTIFICATE => StoredCertificate::read(block.into_contents()),
        tag => Err(format!("a block of the type `{tag}`: expected `{CERTIFICATE}`")),
    };
    blocks(bytes)?.into_iter().map(one).collect()
}
