//! Java key stores: JKS and JCEKS (`sun.security.provider.JavaKeyStore`, `JceKeyStore` of
//! OpenJDK: magic, version, count, entries, and a SHA-1 over password, a constant and all of it).

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::certificate;
use super::passwords;
use super::private_key;
use super::store::KeyStore;
use crate::limits::MAX_KEY_STORE_ENTRIES;

/// How they begin.
pub(crate) const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
pub(crate) const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
/// What is hashed between password and content.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// Bytes of the hash at the end.
const HASH_BYTES: usize = 20;

/// Kinds of entries.
const PRIVATE_KEY: u32 = 1;
const CERTIFICATE: u32 = 2;
const SECRET_KEY: u32 = 3;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.0.get(..count)?;
        self.0 = self.0.get(count..)?;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// A string in Java's modified UTF-8, its length before it.
    fn utf(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        self.take(usize::from(length))
    }
}

/// What the store in `bytes` holds; `None` when it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<KeyStore> {
    let (&magic, _) = bytes.split_first_chunk::<4>()?;
    let format = match magic {
        JKS_MAGIC => "jks",
        JCEKS_MAGIC => "jceks",
        _ => return None,
    };
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
    let mut reader = Reader(content.get(4..)?);
    let version = reader.number()?;
    let count = reader.number()?;
    if !matches!(version, 1 | 2) || count > MAX_KEY_STORE_ENTRIES {
        return None;
    }
    let mut store = KeyStore { format, ..KeyStore::default() };
    for _ in 0..count {
        if entry(&mut reader, version, &mut store).is_none() {
            store.closed = true;
            break;
        }
    }
    store.password = passwords::WELL_KNOWN.into_iter().find(|p| opens(p, content, hash));
    store.key.format = "jks".to_owned();
    store.key.encrypted = store.password.is_none();
    Some(store)
}

fn opens(password: &str, content: &[u8], hash: &[u8]) -> bool {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&passwords::utf16(password));
    context.update(WHITENER);
    context.update(content);
    context.finish().as_ref() == hash
}

/// Reads one entry; `None` when it is cut off or of a kind without a length.
fn entry(reader: &mut Reader<'_>, version: u32, store: &mut KeyStore) -> Option<()> {
    let kind = reader.number()?;
    reader.utf()?; // alias
    reader.take(8)?; // date
    match kind {
        PRIVATE_KEY => {
            let key = reader.block()?;
            private_key::read(key)?;
            let chain = reader.number()?;
            if chain > MAX_KEY_STORE_ENTRIES {
                return None;
            }
            store.private_keys += 1;
            for place in 0..chain {
                let der = one_certificate(reader, version)?;
                store.certificates += 1;
                if place == 0 && store.private_keys == 1 {
                    keep_first(der, store);
                }
            }
        }
        CERTIFICATE => {
            one_certificate(reader, version)?;
            store.certificates += 1;
        }
        SECRET_KEY => {
            store.secret_keys += 1;
            return None; // a serialised object: its length is not told
        }
        _ => return None,
    }
    Some(())
}

fn one_certificate<'a>(reader: &mut Reader<'a>, version: u32) -> Option<&'a [u8]> {
    if version == 2 {
        reader.utf()?;
    }
    reader.block()
}

/// A key's own certificate stands first in its chain and tells the public part.
fn keep_first(der: &[u8], store: &mut KeyStore) {
    store.certificate = certificate::read(der);
    if let Some(facts) = &store.certificate {
        store.key.public_key.clone_from(&facts.public_key);
    }
}
