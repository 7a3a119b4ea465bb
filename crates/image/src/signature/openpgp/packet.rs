//! Packets: a tag and a body (RFC 9580, section 4), and the numbers in them.

/// Most bytes of all packets of a message or key file.
const MAX_BYTES: usize = 4 << 20;
/// Most packets.
const MAX_PACKETS: usize = 20_000;

/// Tags of packets.
pub(super) const SIGNATURE: u8 = 2;
pub(super) const ONE_PASS_SIGNATURE: u8 = 4;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const COMPRESSED: u8 = 8;
pub(super) const MARKER: u8 = 10;
pub(super) const LITERAL: u8 = 11;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;

/// A packet.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

/// Reads packets to the end.
pub(super) fn read_all(bytes: &[u8]) -> Result<Vec<Packet>, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("more than {MAX_BYTES} bytes"));
    }
    let mut input = Input::new(bytes);
    let mut packets = Vec::new();
    while !input.rest.is_empty() {
        if packets.len() >= MAX_PACKETS {
            return Err(format!("more than {MAX_PACKETS} packets"));
        }
        packets.push(read_one(&mut input).ok_or("a packet cannot be read")?);
    }
    Ok(packets)
}

fn read_one(input: &mut Input<'_>) -> Option<Packet> {
    let first = input.byte()?;
    if first & 0x80 == 0 {
        return None;
    }
    if first & 0x40 == 0 {
        let tag = (first >> 2) & 0x0f;
        let body = match first & 3 {
            0 => {
                let length = input.byte()?;
                input.take(usize::from(length))?
            }
            1 => {
                let length = input.u16()?;
                input.take(usize::from(length))?
            }
            2 => {
                let length = input.u32()?;
                input.take(usize::try_from(length).ok()?)?
            }
            // To the end: a compressed packet of GnuPG.
            _ => input.take(input.rest.len())?,
        };
        return Some(Packet { tag, body: body.to_vec() });
    }
    let mut body = Vec::new();
    loop {
        let (length, more) = new_length(input)?;
        body.extend_from_slice(input.take(length)?);
        if !more {
            return Some(Packet { tag: first & 0x3f, body });
        }
    }
}

/// A length of the newer form, and whether another part follows.
fn new_length(input: &mut Input<'_>) -> Option<(usize, bool)> {
    let first = input.byte()?;
    Some(match first {
        0..=191 => (usize::from(first), false),
        192..=223 => {
            let second = input.byte()?;
            (((usize::from(first) - 192) << 8) + usize::from(second) + 192, false)
        }
        224..=254 => (1_usize << (first & 0x1f), true),
        255 => (usize::try_from(input.u32()?).ok()?, false),
    })
}

/// Bytes that are read from the front.
pub(super) struct Input<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Input { rest }
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A number of any size: its bits are counted first (RFC 9580, section 3.2).
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        let bits = self.u16()?;
        self.take(usize::from(bits).div_ceil(8))
    }
}
