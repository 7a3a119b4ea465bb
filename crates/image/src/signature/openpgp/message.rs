//! `SignedMessage`: a document and one signature over it (RFC 9580, section 10.3).

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use model::Timestamp;

use super::certificate::{Certificate, SigningKey};
use super::packet::{
    COMPRESSED, Input, LITERAL, MARKER, ONE_PASS_SIGNATURE, Packet, SIGNATURE, read_all,
};
use super::signature::{Signature, kind};

/// Most bytes of a document when it is unpacked.
const UNPACKED_MAX_BYTES: u64 = 1 << 20;
/// Most compressed packets within each other.
const MAX_NESTING: usize = 2;
/// How far a signer's clock may be ahead, in seconds.
const CLOCK_SKEW_S: i64 = 600;

/// A document and its signature; nothing is checked yet.
pub(crate) struct SignedMessage {
    /// The document.
    pub(crate) document: Vec<u8>,
    signature: Signature,
}

impl SignedMessage {
    /// Reads a message, which must hold exactly one document and one signature.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut packets = read_all(bytes)?;
        for _ in 0..MAX_NESTING {
            packets.retain(|packet| packet.tag != MARKER);
            match packets.as_slice() {
                [packet] if packet.tag == COMPRESSED => packets = read_all(&unpack(&packet.body)?)?,
                _ => break,
            }
        }
        let tags: Vec<u8> = packets.iter().map(|packet| packet.tag).collect();
        if tags != [ONE_PASS_SIGNATURE, LITERAL, SIGNATURE] {
            return Err("it is not a message with one signature".to_owned());
        }
        let [_, literal, signature]: [Packet; 3] =
            packets.try_into().map_err(|_| "it is not a message with one signature".to_owned())?;
        let signature = Signature::read(&signature.body)?;
        if signature.kind != kind::DOCUMENT {
            return Err("it is not a signature over a binary document".to_owned());
        }
        let document = document(&literal.body).ok_or("its document cannot be read")?;
        Ok(SignedMessage { document, signature })
    }

    /// When it says it was made.
    pub(crate) fn signed_at(&self) -> Option<Timestamp> {
        Timestamp::from_second(i64::from(self.signature.created_s?)).ok()
    }

    /// The key of a certificate that signed the document; the error says why none did.
    pub(crate) fn signer<'a>(
        &self,
        certificate: &'a Certificate,
        now: Timestamp,
    ) -> Result<&'a SigningKey, String> {
        let (keys, refused) = certificate.signing_keys(now);
        let signs = |key: &&&SigningKey| self.signature.verifies(key, &self.document);
        let Some(key) = keys.iter().find(signs) else {
            // Say so when the key is known, and only not usable any more.
            let unusable = match keys.is_empty() {
                true => refused.into_iter().next(),
                false => None,
            };
            return Err(unusable
                .unwrap_or_else(|| "it is signed by another key, or was changed".to_owned()));
        };
        self.life(now)?;
        Ok(key)
    }

    fn life(&self, now: Timestamp) -> Result<(), String> {
        let created = self.signature.created_s.ok_or("it does not say when it was made")?;
        let created = i64::from(created);
        if created > now.as_second().saturating_add(CLOCK_SKEW_S) {
            return Err("it says it was made in the future".to_owned());
        }
        match self.signature.expires_after_s {
            Some(after) if after != 0 && created + i64::from(after) <= now.as_second() => {
                Err("the signature has expired".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// The content of a literal packet.
fn document(body: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input::new(body);
    input.byte()?;
    let name = usize::from(input.byte()?);
    input.take(name)?;
    input.u32()?;
    Some(input.rest.to_vec())
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, String> {
    let (algorithm, packed) = body.split_first().ok_or("it is empty")?;
    let reader: Box<dyn Read> = match algorithm {
        0 => Box::new(packed),
        1 => Box::new(DeflateDecoder::new(packed)),
        2 => Box::new(ZlibDecoder::new(packed)),
        _ => return Err("messages packed with bzip2 are not supported".to_owned()),
    };
    let mut bytes = Vec::new();
    let read = reader.take(UNPACKED_MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|_| "it cannot be unpacked".to_owned())?;
    if bytes.len() as u64 > UNPACKED_MAX_BYTES {
        return Err(format!("it has more than {UNPACKED_MAX_BYTES} bytes when unpacked"));
    }
    Ok(bytes)
}
