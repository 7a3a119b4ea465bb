//! One 512-byte tar header.

use crate::input::Block;
use crate::stop::Stop;

/// The header formats that matter for the fields read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Before POSIX: no prefix.
    V7,
    /// POSIX ustar, the carrier of PAX: a prefix for long names.
    Ustar,
    /// Old GNU: sparse maps where ustar has the prefix.
    Gnu,
}

/// A header whose checksum is right.
pub(super) struct Header<'a> {
    block: &'a Block,
}

/// Offsets of the fields, in bytes: start and end.
mod field {
    pub(super) const NAME: (usize, usize) = (0, 100);
    pub(super) const MODE: (usize, usize) = (100, 108);
    pub(super) const UID: (usize, usize) = (108, 116);
    pub(super) const GID: (usize, usize) = (116, 124);
    pub(super) const SIZE: (usize, usize) = (124, 136);
    pub(super) const CHECKSUM: (usize, usize) = (148, 156);
    pub(super) const TYPE: usize = 156;
    pub(super) const LINK_NAME: (usize, usize) = (157, 257);
    pub(super) const MAGIC: (usize, usize) = (257, 263);
    pub(super) const PREFIX: (usize, usize) = (345, 500);
    pub(super) const STAR_PREFIX: (usize, usize) = (345, 476);
    pub(super) const STAR_TRAILER: (usize, usize) = (508, 512);
}

impl<'a> Header<'a> {
    /// The header in `block`; `None` when its checksum is wrong.
    pub(super) fn new(block: &'a Block) -> Option<Self> {
        let header = Header { block };
        let claimed = octal(header.bytes(field::CHECKSUM))?;
        let right =
            claimed == unsigned_sum(block) || i64::try_from(claimed) == Ok(signed_sum(block));
        right.then_some(header)
    }

    pub(super) fn kind(&self) -> u8 {
        self.block[field::TYPE]
    }

    pub(super) fn format(&self) -> Format {
        match self.bytes(field::MAGIC) {
            b"ustar\0" => Format::Ustar,
            b"ustar " => Format::Gnu,
            _ => Format::V7,
        }
    }

    /// Appends the name, prefix and all.
    pub(super) fn name(&self, name: &mut Vec<u8>) {
        if self.format() == Format::Ustar {
            let star = self.bytes(field::STAR_TRAILER) == b"tar\0";
            let prefix = if star { field::STAR_PREFIX } else { field::PREFIX };
            let prefix = until_nul(self.bytes(prefix));
            if !prefix.is_empty() {
                name.extend_from_slice(prefix);
                name.push(b'/');
            }
        }
        name.extend_from_slice(until_nul(self.bytes(field::NAME)));
    }

    pub(super) fn link_name(&self) -> &'a [u8] {
        until_nul(self.bytes(field::LINK_NAME))
    }

    /// Bytes of content in the archive.
    pub(super) fn size(&self) -> Result<u64, Stop> {
        number(self.bytes(field::SIZE))
            .ok_or_else(|| Stop::malformed("a tar header has no readable size"))
    }

    /// Permission bits; 0 when unreadable.
    pub(super) fn mode(&self) -> u32 {
        (number(self.bytes(field::MODE)).unwrap_or(0) & 0o7777) as u32
    }

    /// Owner; 0 when unreadable.
    pub(super) fn uid(&self) -> u32 {
        number(self.bytes(field::UID)).and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
    }

    /// Group; 0 when unreadable.
    pub(super) fn gid(&self) -> u32 {
        number(self.bytes(field::GID)).and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
    }

    fn bytes(&self, (start, end): (usize, usize)) -> &'a [u8] {
        &self.block[start..end]
    }
}

/// A numeric field: base-256 when its first bit is set, else octal. `None` when it is neither, is
/// negative or does not fit a file size.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        return octal(field);
    }
    if first & 0x40 != 0 {
        return None; // Negative.
    }
    let mut value = u64::from(first & 0x3f);
    for &byte in field.get(1..)? {
        if value >> 55 != 0 {
            return None; // Would pass 2^63.
        }
        value = value << 8 | u64::from(byte);
    }
    Some(value)
}

/// Octal digits with spaces and NULs around; nothing is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let digits = field.get(start..)?;
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    // Old tars end a field in any mix of blanks; a second number behind them is damage.
    if !rest.iter().all(blank) && !rest.starts_with(&[0]) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' if value >> 60 == 0 => Some(value << 3 | u64::from(digit - b'0')),
        _ => None,
    })
}

/// The sum of all bytes, the checksum field counted as spaces.
fn unsigned_sum(block: &Block) -> u64 {
    let (start, end) = field::CHECKSUM;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    u64::from(sum(block) - sum(&block[start..end]) + (end - start) as u32 * u32::from(b' '))
}

/// The same of signed bytes, as some old tars added them up.
fn signed_sum(block: &Block) -> i64 {
    let (start, end) = field::CHECKSUM;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| i64::from(byte.cast_signed())).sum::<i64>();
    sum(block) - sum(&block[start..end]) + (end - start) as i64 * i64::from(b' ')
}

/// The bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
