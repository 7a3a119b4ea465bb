//! Looking for a row's version string in a file, in windows that overlap.

use model::Content;
use regex::bytes::{Regex, RegexBuilder};

use super::classifiers::{Classifier, Number};
use crate::AnalyzeError;
use crate::content_reader::read_exact_at;
use crate::limits::{MAX_CLASSIFIED_BYTES, MAX_EVIDENCE_BYTES, SEARCH_WINDOW_BYTES};

/// The version that the first of the row's expressions finds, in the order of the table, then of
/// the file. A version that contradicts the number in the file's name does not count.
pub(super) fn version(
    row: &Classifier,
    name: &str,
    content: &dyn Content,
) -> Result<Option<String>, AnalyzeError> {
    let number = number_in(name);
    if row.number == Number::Demanded && number.is_none() {
        return Ok(None);
    }
    if content.size_bytes() > MAX_CLASSIFIED_BYTES {
        let message = format!(
            "{} bytes; at most {MAX_CLASSIFIED_BYTES} are searched for a version",
            content.size_bytes()
        );
        return Err(AnalyzeError::TooLarge(message));
    }
    let expressions = row.expressions();
    let mut best: Option<(usize, String)> = None;
    windows(content, |window| {
        let limit = best.as_ref().map_or(expressions.len(), |(rank, _)| *rank);
        for (rank, expression) in expressions.iter().take(limit).enumerate() {
            if let Some(version) = first_fitting(expression, window, row.number, number) {
                best = Some((rank, version));
                break;
            }
        }
        best.as_ref().is_none_or(|(rank, _)| *rank > 0)
    })?;
    Ok(best.map(|(_, version)| version))
}

/// Compiles an expression of the table over bytes.
pub(super) fn compile(expression: &str) -> Option<Regex> {
    RegexBuilder::new(expression).unicode(false).build().ok()
}

/// The first capture that fits the number in the name.
fn first_fitting(
    expression: &Regex,
    window: &[u8],
    rule: Number,
    number: Option<&str>,
) -> Option<String> {
    let mut captures = expression.captures_iter(window).filter_map(|captures| {
        let version = captures.get(1)?.as_bytes();
        String::from_utf8(version.to_vec()).ok()
    });
    captures.find(|version| match (rule, number) {
        (Number::Ignored, _) | (_, None) => true,
        (_, Some(number)) => version
            .strip_prefix(number)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())),
    })
}

/// The first number with a dot in a file name: `3.11` of `libpython3.11.so.1.0`. What follows
/// `.so` is the version of an interface.
fn number_in(name: &str) -> Option<&str> {
    let name = name.split_once(".so").map_or(name, |(stem, _)| stem);
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let rest = name.get(start..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let number = rest.get(..end)?.trim_end_matches('.');
    number.contains('.').then_some(number)
}

/// Calls `look` with each window until it gives false.
fn windows(content: &dyn Content, mut look: impl FnMut(&[u8]) -> bool) -> Result<(), AnalyzeError> {
    if let Some(bytes) = content.bytes() {
        look(bytes);
        return Ok(());
    }
    let mut window = Vec::new();
    let mut start = 0;
    while start < content.size_bytes() {
        let length = (content.size_bytes() - start).min(SEARCH_WINDOW_BYTES as u64);
        window.resize(usize::try_from(length).unwrap_or(0), 0);
        read_exact_at(content, start, &mut window)?;
        if !look(&window) || start + length == content.size_bytes() {
            break;
        }
        start += length - MAX_EVIDENCE_BYTES as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_number_in_a_name() {
        for (name, expect) in [
            ("python3.11", Some("3.11")),
            ("libpython3.11.so.1.0", Some("3.11")),
            ("libpython3.6m.so.1.0", Some("3.6")),
            ("libperl.so.5.36.0", None),
            ("libtcl8.6.so", Some("8.6")),
            ("perl5.36.0", Some("5.36.0")),
            ("python3", None),
            ("bash", None),
            ("x1.", None),
        ] {
            assert_eq!(number_in(name), expect, "{name}");
        }
    }
}
