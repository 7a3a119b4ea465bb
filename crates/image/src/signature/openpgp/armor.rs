//! ASCII armour: base64 between lines of dashes (RFC 9580, section 6.2).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// The packets of a file of public keys: of its armoured blocks, or the file itself when it is
/// binary. The checksum of the armour is not looked at: what counts is signed.
pub(super) fn packets_of(bytes: &[u8]) -> Result<Vec<u8>, String> {
    // Every packet's first byte has the highest bit; no text begins so.
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is neither a key nor text".to_owned())?;
    let mut packets = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while lines.any(|line| line == BEGIN) {
        let mut block = String::new();
        let mut ended = false;
        for line in lines.by_ref().skip_while(|line| line.contains(": ")) {
            if line == END {
                ended = true;
                break;
            }
            if !line.starts_with('=') {
                block.push_str(line.trim());
            }
        }
        if !ended {
            return Err("an armoured key does not end".to_owned());
        }
        let decoded = BASE64_STANDARD.decode(&block);
        packets.extend(decoded.map_err(|_| "the armour holds no base64".to_owned())?);
    }
    if packets.is_empty() {
        return Err("it holds no OpenPGP public key".to_owned());
    }
    Ok(packets)
}
