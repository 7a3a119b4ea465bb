//! Text formats: a file's bytes as text within limits, and JSON, TOML and YAML read from it with
//! errors that name the place. What the fields may hold is in `value`.

pub(crate) mod base64;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use model::{Content, FileEntry};

use crate::limits::{
    MAX_TOML_BYTES, MAX_TOML_VALUES, MAX_TREE_TEXT_BYTES, MAX_YAML_ALIASES, MAX_YAML_DEPTH,
    MAX_YAML_DOCUMENTS, MAX_YAML_EVENTS, MAX_YAML_NODES,
};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Longest message of a parser that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// An analyzer of one text format: everything but the reading of the text is data.
pub(crate) struct TextAnalyzer {
    /// See [`Analyzer::name`].
    pub(crate) name: &'static str,
    /// See [`Analyzer::version`].
    pub(crate) version: u32,
    /// See [`Analyzer::patterns`].
    pub(crate) patterns: &'static [Pattern],
    /// Largest file that is read, in bytes.
    pub(crate) max_bytes: u64,
    /// Says by its path whether a file that fits a pattern is truly meant.
    pub(crate) accepts: fn(&FileEntry) -> bool,
    /// Reads the text of one file.
    pub(crate) read: fn(&FileEntry, &str, &mut Analysis) -> Result<(), AnalyzeError>,
}

impl TextAnalyzer {
    /// Accepts every file that fits a pattern.
    pub(crate) const ANY: fn(&FileEntry) -> bool = |_| true;
}

impl Analyzer for TextAnalyzer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn patterns(&self) -> &'static [Pattern] {
        self.patterns
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        if !(self.accepts)(entry) {
            return Ok(());
        }
        let bytes = read_bytes(content, self.max_bytes)?;
        (self.read)(entry, &decode(&bytes), found)
    }
}

/// The whole content, at most `max_bytes`; borrowed when it lies in memory.
pub(crate) fn read_bytes(
    content: &dyn Content,
    max_bytes: u64,
) -> Result<Cow<'_, [u8]>, AnalyzeError> {
    let size_bytes = content.size_bytes();
    if size_bytes > max_bytes {
        return Err(AnalyzeError::TooLarge(format!(
            "{size_bytes} bytes, more than the {max_bytes} that are read of such a file"
        )));
    }
    if let Some(bytes) = content.bytes() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut bytes = vec![0; usize::try_from(size_bytes).unwrap_or(0)];
    let count = content.read_at(0, &mut bytes)?;
    bytes.truncate(count);
    Ok(Cow::Owned(bytes))
}

/// Bytes as text: a byte order mark decides for UTF-8 or UTF-16 and is taken away; what is not
/// valid becomes U+FFFD, so that one odd byte in a description does not hide a package.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Cow::Owned(decode_utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Cow::Owned(decode_utf16(rest, u16::from_be_bytes));
    }
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().copied().map(unit))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Reads JSON (RFC 8259). Nesting is limited by the parser; the error names line and column.
pub(crate) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, AnalyzeError> {
    serde_json::from_str(text).map_err(|error| malformed("JSON", &error.to_string()))
}

/// Reads JSON piece by piece, as the seed says, so that nothing of a large file is held.
pub(crate) fn json_with<'a, S: DeserializeSeed<'a>>(
    text: &'a str,
    seed: S,
) -> Result<S::Value, AnalyzeError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| malformed("JSON", &error.to_string()))
}

/// Reads TOML 1.1. The parser holds the whole document as a tree, many times its size, so its
/// bytes and its values are limited before. Nesting is limited by the parser; the error names
/// line and column.
pub(crate) fn toml<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, AnalyzeError> {
    let opens_value = |byte: &u8| matches!(byte, b'=' | b',' | b'[' | b'{');
    if text.len() > MAX_TOML_BYTES
        || text.as_bytes().iter().copied().filter(opens_value).count() > MAX_TOML_VALUES
    {
        return Err(AnalyzeError::TooLarge(format!(
            "more than {MAX_TOML_BYTES} bytes or {MAX_TOML_VALUES} values of TOML"
        )));
    }
    ::toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        malformed("TOML", &format!("{} at line {line} column {column}", error.message()))
    })
}

/// Reads one YAML 1.2 document within a budget of nodes, depth and aliases. Of equal keys the
/// last holds; the error names line and column.
pub(crate) fn yaml<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, AnalyzeError> {
    serde_saphyr::from_str_with_options(text, yaml_options())
        .map_err(|error| malformed("YAML", &error.to_string()))
}

/// The same for a stream of documents; empty ones are left out.
pub(crate) fn yaml_documents<'a, T: Deserialize<'a>>(
    text: &'a str,
) -> Result<Vec<T>, AnalyzeError> {
    serde_saphyr::from_multiple_with_options(text, yaml_options())
        .map_err(|error| malformed("YAML", &error.to_string()))
}

fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: MAX_YAML_EVENTS,
            max_nodes: MAX_YAML_NODES,
            max_depth: MAX_YAML_DEPTH,
            max_aliases: MAX_YAML_ALIASES,
            max_anchors: MAX_YAML_ALIASES,
            max_documents: MAX_YAML_DOCUMENTS,
            max_total_scalar_bytes: usize::try_from(MAX_TREE_TEXT_BYTES).unwrap_or(usize::MAX),
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The error of a parser in one line.
pub(crate) fn malformed(format: &str, message: &str) -> AnalyzeError {
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_MESSAGE_CHARS)
        .collect();
    AnalyzeError::Malformed(format!("not valid {format}: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Paged;

    #[test]
    fn decodes_by_byte_order_mark_and_replaces_what_is_invalid() {
        for (bytes, expect) in [
            (&b"plain"[..], "plain"),
            (b"\xef\xbb\xbfa", "a"),
            (b"\xff\xfea\0\xac\x20", "a€"),
            (b"\xfe\xff\0a\x20\xac", "a€"),
            (b"\xff\xfe\x00\xd8", "\u{fffd}"),
            (b"\xff\xfea", ""),
            (b"caf\xe9", "caf\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes), expect, "{bytes:?}");
        }
    }

    #[test]
    fn reads_paged_content_within_the_limit() {
        assert_eq!(&*read_bytes(&Paged(b"12345"), 5).unwrap(), b"12345");
        let error = read_bytes(&Paged(b"12345"), 4).unwrap_err();
        assert!(matches!(error, AnalyzeError::TooLarge(_)), "{error}");
    }

    #[test]
    fn errors_are_one_line_and_name_the_place() {
        let json = json::<Vec<u8>>("[1,\n x]").unwrap_err().to_string();
        let toml = toml::<std::collections::BTreeMap<String, u8>>("a = 1\nb = = 2").unwrap_err();
        let yaml = yaml::<Vec<u8>>("- 1\n- [2").unwrap_err().to_string();
        assert!(json.ends_with("at line 2 column 2"), "{json}");
        assert!(toml.to_string().ends_with("at line 2 column 5"), "{toml}");
        assert!(yaml.contains("line 2"), "{yaml}");
        assert!(!yaml.contains('\n'), "{yaml}");
    }

    #[test]
    fn bombs_stop_at_a_limit() {
        let deep = "[".repeat(100_000);
        assert!(json::<serde_json::Value>(&deep).is_err());
        assert!(toml::<serde_json::Value>(&format!("a = {deep}")).is_err());
        let wide = format!("a = [{}]", "1,".repeat(MAX_TOML_VALUES));
        let error = toml::<serde_json::Value>(&wide).unwrap_err();
        assert!(matches!(error, AnalyzeError::TooLarge(_)), "{error}");
        assert!(yaml::<serde_json::Value>(&deep).is_err());
        let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let inner = format!("*a{}, ", level - 1).repeat(10);
            aliases.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        assert!(yaml::<serde_json::Value>(&aliases).is_err());
    }
}
