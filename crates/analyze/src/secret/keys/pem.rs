//! Armoured blocks: `-----BEGIN …-----` (RFC 7468, RFC 1421, RFC 9580 §6), also within string
//! literals, JSON (`\n` for line ends), comments and indented texts.

use std::ops::Range;

use super::base64;
use crate::limits::MAX_PEM_BYTES;

/// Longest label, in bytes.
const MAX_LABEL_BYTES: usize = 48;
/// Longest header line, in bytes.
const MAX_HEADER_BYTES: usize = 512;
/// Most header lines.
const MAX_HEADERS: usize = 16;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands after `BEGIN`, as it is written.
    pub(crate) label: String,
    /// From the first dash to the last.
    pub(crate) span: Range<usize>,
    /// The decoded body; empty when it is no base64.
    pub(crate) body: Vec<u8>,
    /// Base64 digits in the body.
    pub(crate) digits: usize,
    /// Whether a header says that the body is encrypted (RFC 1421 `Proc-Type`).
    pub(crate) encrypted: bool,
    /// Whether the block has an end.
    pub(crate) complete: bool,
}

/// The block whose `-----BEGIN ` is at `start`, when its label is wanted.
pub(crate) fn block_at(text: &[u8], start: usize, wanted: fn(&str) -> bool) -> Option<Block> {
    let limit = text.len().min(start.saturating_add(MAX_PEM_BYTES));
    let whole = text.get(start..limit)?;
    let after = whole.get(b"-----BEGIN ".len()..)?;
    let dashes = memchr::memmem::find(after.get(..after.len().min(MAX_LABEL_BYTES))?, b"-----")?;
    let label = std::str::from_utf8(after.get(..dashes)?).ok()?.trim().to_owned();
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ';
    if label.is_empty() || !label.bytes().all(plain) || !wanted(&label) {
        return None;
    }
    // Up to the next beginning, so that a text of beginnings alone is read once.
    let body = after.get(dashes + 5..)?;
    let body = body.get(..memchr::memmem::find(body, b"-----BEGIN ").unwrap_or(body.len()))?;
    let close = format!("-----END {label}-----");
    let end = memchr::memmem::find(body, close.as_bytes());
    let complete = end.is_some();
    let length = end.unwrap_or_else(|| run_of_digits(body));
    let body_start = start + b"-----BEGIN ".len() + dashes + 5;
    let closing = if complete { close.len() } else { 0 };
    let (digits, encrypted) = body_digits(body.get(..length)?, diff_sign(text, start));
    Some(Block {
        label,
        span: start..body_start + length + closing,
        body: base64::decode(&digits).unwrap_or_default(),
        digits: digits.len(),
        encrypted,
        complete,
    })
}

/// The sign before each line of a patch, when the block lies in one.
fn diff_sign(text: &[u8], start: usize) -> Option<u8> {
    let sign = *text.get(start.checked_sub(1)?)?;
    let first = start < 2 || text.get(start - 2) == Some(&b'\n');
    (first && matches!(sign, b'+' | b'-')).then_some(sign)
}

/// How far a body without an end goes: to the first line that is no base64.
fn run_of_digits(body: &[u8]) -> usize {
    let stops = |&b: &u8| {
        !(base64::digit(b).is_some() || b.is_ascii_whitespace() || matches!(b, b'=' | b'\\'))
    };
    body.iter().position(stops).unwrap_or(body.len())
}

/// The digits of the body without headers, and whether these say that it is encrypted.
fn body_digits(body: &[u8], sign: Option<u8>) -> (Vec<u8>, bool) {
    let (body, encrypted) = past_headers(body);
    let mut digits = Vec::with_capacity(body.len());
    for line in body.split(|&b| b == b'\n') {
        let unsigned = sign.and_then(|sign| line.strip_prefix(&[sign])).unwrap_or(line);
        if !line_digits(bare_line(unsigned), &mut digits) {
            break;
        }
    }
    (digits, encrypted)
}

/// The line without the signs of comments and of joined string literals around it.
fn bare_line(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    for sign in [&b"// "[..], b"+ "] {
        line = line.strip_prefix(sign).unwrap_or(line);
    }
    for sign in [&b"\" +"[..], b"' +", b"\"+", b"'+"] {
        line = line.strip_suffix(sign).unwrap_or(line);
    }
    line
}

/// Appends the digits of one line; false at the checksum of an OpenPGP armour.
fn line_digits(line: &[u8], digits: &mut Vec<u8>) -> bool {
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let next = line.get(at + 1).copied().unwrap_or(0);
        match byte {
            // `\n`, `\r` and `\t` of string literals; `\/` of JSON.
            b'\\' if matches!(next, b'n' | b'r' | b't') => at += 1,
            b'=' if base64::digit(next).is_some() && digits.len().is_multiple_of(4) => {
                return false;
            }
            b'=' => digits.push(byte),
            b'-' | b'_' => {}
            _ if base64::digit(byte).is_some() => digits.push(byte),
            _ => {}
        }
        at += 1;
    }
    true
}

/// The body behind lines of the form `Name: value` and the empty line after them.
fn past_headers(body: &[u8]) -> (&[u8], bool) {
    let mut rest = body;
    let mut encrypted = false;
    for _ in 0..MAX_HEADERS {
        let start = rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
        let line = rest.get(start..).unwrap_or_default();
        let end = line.iter().take(MAX_HEADER_BYTES).position(|&b| b == b'\n' || b == b'\\');
        let Some(end) = end else { break };
        let text = line.get(..end).unwrap_or_default();
        if memchr::memmem::find(text, b": ").is_none() {
            break;
        }
        encrypted |= memchr::memmem::find(text, b"ENCRYPTED").is_some();
        let escape = line.get(end) == Some(&b'\\');
        rest = line.get(end + 1 + usize::from(escape)..).unwrap_or_default();
    }
    (rest, encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, label: &str, body: &[u8]) {
        let start = text.find("-----BEGIN ").unwrap();
        let block = block_at(text.as_bytes(), start, |_| true).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((block.label.as_str(), &block.body[..]), (label, body), "{text}");
    }

    #[test]
    fn reads_blocks_however_they_are_written() {
        let begin = concat!("-----BEGIN ", "TEST KEY-----");
        let end = concat!("-----END ", "TEST KEY-----");
        for text in [
            format!("{begin}\nYWJj\nZGVm\n{end}\n"),
            format!("x {begin}\r\n  YWJj\r\n  ZGVm\r\n  {end}"),
            format!("{{\"key\": \"{begin}\\nYWJj\\nZGVm\\n{end}\\n\"}}"),
            format!("\"{begin}\\n\" +\n \"YWJjZGVm\\n\" +\n \"{end}\""),
            format!("# {begin}\n# YWJj\n# ZGVm\n# {end}"),
            format!("+{begin}\n+YWJj\n+ZGVm\n+{end}"),
            format!("{begin}\nProc-Type: 4,CLEAR\nX: y\n\nYWJjZGVm\n{end}"),
            format!("{begin} YWJjZGVm {end}"),
            format!("{begin}\nYWJjZGVm\n=AbCd\n{end}"),
            format!("{begin}\nYWJjZGVm"),
        ] {
            check(&text, "TEST KEY", b"abcdef");
        }
    }

    #[test]
    fn headers_tell_encryption() {
        let text = concat!(
            "-----BEGIN ",
            "A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nYWJj\n-----END A-----"
        );
        assert!(block_at(text.as_bytes(), 0, |_| true).unwrap().encrypted);
    }

    #[test]
    fn refuses_what_is_no_block() {
        for text in [
            "-----BEGIN -----",
            "-----BEGIN x-----",
            "-----BEGIN A",
            "-----BEGIN AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-----",
        ] {
            assert_eq!(block_at(text.as_bytes(), 0, |_| true), None, "{text}");
        }
    }
}
