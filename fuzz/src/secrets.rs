//! Secrets: files through the built-in rules and readers of keys, and what may not be shown.

use std::sync::LazyLock;

use analyze::SecretScanner;
use model::{Confidence, Secret, SecretCategory};

use crate::analyzers::Paged;
use crate::names::{entry, pick};

/// The longest secret that an excerpt may hold by chance, in bytes.
const CHANCE_BYTES: usize = 8;
/// How UTF-16 begins: places in it are those of the text, decoded.
const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// The scanner with the built-in rules.
pub static SCANNER: LazyLock<&SecretScanner> =
    LazyLock::new(|| SecretScanner::built_in().unwrap_or_else(|error| panic!("{error}")));

/// Looks for secrets in the input as the file that its first byte picks from the table. Laws: the
/// same in memory and in pieces; a secret lies within the file; no excerpt holds one in clear.
pub fn look(table: &[&str], input: &[u8]) {
    let Some((path, bytes)) = pick(table, input) else { return };
    let found = SCANNER.scan_file(&entry(path, bytes.len()), &bytes);
    let paged = SCANNER.scan_file(&entry(path, bytes.len()), &Paged(bytes));
    assert_eq!(found, paged, "{path}: in memory and in pieces differ");
    for secret in &found.secrets {
        assert!(!secret.excerpt.contains(char::is_control), "{secret:?}");
        assert!(!secret.fingerprint.is_empty() && !secret.rule.is_empty(), "{secret:?}");
    }
    if UTF16.iter().any(|mark| bytes.starts_with(mark)) {
        return;
    }
    for secret in &found.secrets {
        let clear = clear(secret, bytes);
        let hidden = secret.category != SecretCategory::Certificate
            && secret.confidence >= Confidence::Likely
            && clear.len() > CHANCE_BYTES;
        let shown = found.secrets.iter().find(|one| hidden && one.excerpt.contains(&clear));
        assert_eq!(shown, None, "{clear:?} is shown");
    }
}

/// The secret itself, as an excerpt would show it.
fn clear(secret: &Secret, bytes: &[u8]) -> String {
    let span = secret.span.unwrap_or_else(|| panic!("{secret:?} has no place"));
    let end = span.offset.checked_add(span.length).map(|end| end as usize);
    let inside = end.and_then(|end| bytes.get(span.offset as usize..end));
    let inside = inside.unwrap_or_else(|| panic!("{secret:?} lies beyond {} bytes", bytes.len()));
    let text = String::from_utf8_lossy(inside);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
