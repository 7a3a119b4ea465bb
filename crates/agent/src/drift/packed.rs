//! Packed programs: an ELF file that unpacks itself into memory, as UPX and its kin make them.
//!
//! Two signs: UPX's own mark near the beginning, or no section headers together with code that
//! looks like noise. A linker leaves section headers, and machine code has about six bits a byte.

/// UPX's mark, and how far from the beginning it is looked for, in bytes.
const UPX: &[u8] = b"UPX!";
const UPX_WITHIN_BYTES: usize = 4096;
/// Bits a byte above which code is noise.
const NOISE_BITS: f64 = 7.4;
/// Bytes of code that are needed to tell.
const SAMPLE_MIN_BYTES: usize = 4096;
const PT_LOAD: u32 = 1;
const PF_X: u32 = 1;
/// Program headers that are looked at.
const MAX_HEADERS: usize = 64;

/// Whether the first bytes of a file are those of a packed program.
pub fn is_packed(head: &[u8]) -> bool {
    if !head.starts_with(b"\x7fELF") {
        return false;
    }
    let marked = head.get(..UPX_WITHIN_BYTES.min(head.len())).unwrap_or_default();
    if marked.windows(UPX.len()).any(|bytes| bytes == UPX) {
        return true;
    }
    has_no_sections(head) && code(head).is_some_and(is_noise)
}

fn is_64(head: &[u8]) -> bool {
    head.get(4) == Some(&2)
}

/// A number of the file's byte order.
fn number(head: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = head.get(at..at.checked_add(bytes)?)?;
    let big = head.get(5) == Some(&2);
    let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Some(if big { field.iter().fold(0, fold) } else { field.iter().rev().fold(0, fold) })
}

fn has_no_sections(head: &[u8]) -> bool {
    number(head, if is_64(head) { 60 } else { 48 }, 2) == Some(0)
}

/// The bytes of the first segment that may be run, as far as they are at hand.
fn code(head: &[u8]) -> Option<&[u8]> {
    let wide = is_64(head);
    let (table_at, size_at, count_at) = if wide { (32, 54, 56) } else { (28, 42, 44) };
    let table = number(head, table_at, if wide { 8 } else { 4 })?;
    let (size, count) = (number(head, size_at, 2)?, number(head, count_at, 2)?);
    for index in 0..count.min(MAX_HEADERS as u64) {
        let at = usize::try_from(table.checked_add(index.checked_mul(size)?)?).ok()?;
        let kind = number(head, at, 4)?;
        let flags = number(head, at.checked_add(if wide { 4 } else { 24 })?, 4)?;
        if kind != u64::from(PT_LOAD) || flags & u64::from(PF_X) == 0 {
            continue;
        }
        let word = if wide { 8 } else { 4 };
        let offset = number(head, at.checked_add(if wide { 8 } else { 4 })?, word)?;
        let length = number(head, at.checked_add(if wide { 32 } else { 16 })?, word)?;
        let from = usize::try_from(offset).ok()?;
        let to =
            usize::try_from(offset.saturating_add(length)).unwrap_or(usize::MAX).min(head.len());
        return head.get(from..to);
    }
    None
}

/// Shannon's entropy above what code has.
fn is_noise(code: &[u8]) -> bool {
    if code.len() < SAMPLE_MIN_BYTES {
        return false;
    }
    let mut counts = [0u32; 256];
    for byte in code {
        counts[usize::from(*byte)] += 1;
    }
    let total = code.len() as f64;
    let bits = |count: u32| {
        let share = f64::from(count) / total;
        -share * share.log2()
    };
    counts.into_iter().filter(|count| *count > 0).map(bits).sum::<f64>() > NOISE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit file with one segment of code, without section headers.
    fn elf(code: &[u8], sections: u8) -> Vec<u8> {
        let mut head = vec![0; 120];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (head[32], head[54], head[56], head[60]) = (64, 56, 1, sections);
        (head[64], head[68], head[72]) = (1, 5, 120);
        head[96..104].copy_from_slice(&(code.len() as u64).to_le_bytes());
        head.extend_from_slice(code);
        head
    }

    fn noise() -> Vec<u8> {
        let mut state = 1u64;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..65536).map(next).collect()
    }

    #[test]
    fn noise_without_sections_is_packed() {
        assert!(is_packed(&elf(&noise(), 0)));
        assert!(!is_packed(&elf(&noise(), 30)));
        assert!(!is_packed(&elf(&[0x90; 65536], 0)));
        let mut marked = elf(&[0x90; 65536], 30);
        marked[200..204].copy_from_slice(UPX);
        assert!(is_packed(&marked));
    }

    #[test]
    fn what_the_system_has_is_not_packed() {
        for path in ["/bin/sh", "/usr/bin/perl", "/bin/busybox"] {
            let Ok(program) = std::fs::read(path) else { continue };
            assert!(!is_packed(&program), "{path}");
        }
    }

    #[test]
    fn cut_and_broken_files_are_not_packed() {
        let whole = elf(&noise(), 0);
        for length in [0, 3, 4, 5, 40, 63, 64, 100, 119, 120] {
            assert!(!is_packed(&whole[..length]), "{length}");
        }
        let mut far = whole;
        far[72..80].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(!is_packed(&far));
    }
}
