//! What a refused user reads, made fit for a terminal.

use std::fmt::Write;

use crate::limits::MESSAGE_TO_USER_BYTES;

/// A refusal with the words of the place on how to ask for an exception.
pub(crate) fn with_contact(message: &str, contact: &str) -> String {
    let room = MESSAGE_TO_USER_BYTES.saturating_sub(contact.len() + 8);
    let mut text = shorten(message, room);
    if !contact.is_empty() {
        let _ = write!(text, "\n{contact}");
    }
    shorten(&text, MESSAGE_TO_USER_BYTES)
}

/// The message of a request whose kind is not allowed.
pub(crate) fn not_allowed(what: &str, why: &str, how_to_allow: &str) -> String {
    let mut text = format!("lazaret: {what} is not allowed on this machine");
    if !why.is_empty() {
        let _ = write!(text, ": {why}");
    }
    let _ = write!(text, "\n{how_to_allow}");
    shorten(&text, MESSAGE_TO_USER_BYTES)
}

/// A text without control characters but line ends, at most so many bytes.
pub(crate) fn shorten(text: &str, max_bytes: usize) -> String {
    let mut short = String::new();
    for c in text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }) {
        if short.len() + c.len_utf8() + '…'.len_utf8() > max_bytes {
            short.push('…');
            break;
        }
        short.push(c);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_never_cut_off() {
        let text = with_contact(&"x".repeat(10_000), "ask us");
        assert!(text.len() <= MESSAGE_TO_USER_BYTES && text.ends_with("…\nask us"));
        assert_eq!(with_contact("no\u{1b}[31m", ""), "no [31m");
        assert_eq!(
            not_allowed("build", "why", "how"),
            "lazaret: build is not allowed on this machine: why\nhow"
        );
    }
}
