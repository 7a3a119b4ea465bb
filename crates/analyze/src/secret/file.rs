//! One file: what its first bytes say it is, whole keys and key stores, formats with their own
//! fields, and the engine over all of it, piece by piece when it is large.

use model::{
    Confidence, Content, FileEntry, Secret, SecretCategory, SecretPlace, Skip, SkipReason,
};

use super::SecretScan;
use super::engine::{Engine, Found, Text};
use super::fields;
use super::hit::{self, Hit};
use super::keys;
use super::syntax::Syntax;
use crate::limits::{
    MAX_KEY_FILE_BYTES, MAX_SECRET_FILE_BYTES, MAX_SECRETS_PER_FILE, MIN_BUNDLE_CERTIFICATES,
    SECRET_LOOK_BACK_BYTES, SECRET_OVERLAP_BYTES, SECRET_WINDOW_BYTES,
};

/// Bytes that tell text from binary.
const HEAD_BYTES: usize = 8 << 10;

/// How compressed and media formats begin: no text lies in them.
const OPAQUE_HEADS: [&[u8]; 20] = [
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"PK\x03\x04",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"wOFF",
    b"wOF2",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\x1aE\xdf\xa3",
    b"RIFF",
    b"!<arch>\ndebian",
    b"\x00\x00\x00\x0cjP",
];
/// Directories of the certificate authorities that a system trusts.
const TRUST_DIRECTORIES: [&str; 6] = [
    "etc/ssl/certs/",
    "usr/share/ca-certificates/",
    "etc/pki/ca-trust/",
    "etc/pki/tls/certs/",
    "usr/share/pki/",
    "etc/ca-certificates/",
];

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Utf16,
    Binary,
    Opaque,
}

/// Looks through one file.
pub(crate) fn scan(engine: &Engine, entry: &FileEntry, content: &dyn Content) -> SecretScan {
    let mut found = SecretScan::default();
    let size_bytes = content.size_bytes();
    if size_bytes > MAX_SECRET_FILE_BYTES {
        let detail =
            format!("{size_bytes} bytes, more than {MAX_SECRET_FILE_BYTES} searched for secrets");
        found.skipped.push(skip(entry, SkipReason::TooLarge, detail));
        return found;
    }
    if let Err(error) = look(engine, entry, content, &mut found) {
        found.skipped.push(skip(entry, SkipReason::Unreadable, error.to_string()));
    }
    drop_bundles(&entry.path, &mut found.secrets);
    found
}

fn look(
    engine: &Engine,
    entry: &FileEntry,
    content: &dyn Content,
    found: &mut SecretScan,
) -> std::io::Result<()> {
    if let Some(bytes) = content.bytes() {
        whole(engine, entry, bytes, found);
        return Ok(());
    }
    let mut head = vec![0; HEAD_BYTES];
    let length = content.read_at(0, &mut head)?;
    let kind = kind_of(head.get(..length).unwrap_or_default());
    if kind == Kind::Opaque {
        return Ok(());
    }
    if content.size_bytes() <= MAX_KEY_FILE_BYTES {
        let mut bytes = vec![0; usize::try_from(content.size_bytes()).unwrap_or(0)];
        let length = content.read_at(0, &mut bytes)?;
        bytes.truncate(length);
        whole(engine, entry, &bytes, found);
        return Ok(());
    }
    in_pieces(engine, entry, (content, kind), found)
}

/// A file that lies in memory.
fn whole(engine: &Engine, entry: &FileEntry, bytes: &[u8], found: &mut SecretScan) {
    let kind = kind_of(bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default());
    if bytes.len() as u64 <= MAX_KEY_FILE_BYTES
        && let Some(hit) = keys::whole_file(bytes)
    {
        return keep(entry, vec![hit], (bytes, Base::default()), found);
    }
    match kind {
        Kind::Opaque => {}
        Kind::Utf16 => {
            let text = crate::text::decode(bytes);
            piece(engine, entry, (text.as_bytes(), Kind::Text, Base::default()), found);
        }
        _ => piece(engine, entry, (bytes, kind, Base::default()), found),
    }
}

/// Where a piece begins in its file.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    offset: u64,
    lines: u32,
    /// Hits that begin before this were told with the piece before.
    from: usize,
    /// Hits that begin from here on belong to the next piece; 0 when there is none.
    until: usize,
}

/// A file that is read in windows which overlap.
fn in_pieces(
    engine: &Engine,
    entry: &FileEntry,
    (content, kind): (&dyn Content, Kind),
    found: &mut SecretScan,
) -> std::io::Result<()> {
    let mut window = vec![0; SECRET_WINDOW_BYTES];
    let mut base = Base::default();
    loop {
        let length = content.read_at(base.offset, &mut window)?;
        let bytes = window.get(..length).unwrap_or_default();
        let last = base.offset.saturating_add(length as u64) >= content.size_bytes()
            || length < SECRET_WINDOW_BYTES;
        let step = length.saturating_sub(SECRET_OVERLAP_BYTES);
        base.until = if last { 0 } else { step };
        piece(engine, entry, (bytes, kind, base), found);
        if last || found.secrets.len() >= MAX_SECRETS_PER_FILE {
            return Ok(());
        }
        let passed = step.saturating_sub(SECRET_LOOK_BACK_BYTES);
        let lines = count_lines(bytes.get(..passed).unwrap_or_default());
        base.lines = base.lines.saturating_add(lines);
        base.offset = base.offset.saturating_add(passed as u64);
        base.from = step - passed;
    }
}

fn piece(
    engine: &Engine,
    entry: &FileEntry,
    (bytes, kind, base): (&[u8], Kind, Base),
    found: &mut SecretScan,
) {
    let binary = kind == Kind::Binary;
    let text = Text { bytes, syntax: Syntax::of(&entry.path), binary };
    let Found { mut hits, exhausted } = engine.hits(text);
    if exhausted {
        let detail = "more keywords of secrets than are looked at in one file".to_owned();
        found.skipped.push(skip(entry, SkipReason::TooMany, detail));
    }
    if base.offset == 0 {
        hits.extend(fields::hits(&entry.path, bytes));
    }
    let until = if base.until > 0 { base.until } else { usize::MAX };
    hits.retain(|hit| (base.from..until).contains(&hit.secret.start));
    keep(entry, hits, (bytes, base), found);
}

/// Puts hits in order, counts their lines and makes the nouns.
fn keep(
    entry: &FileEntry,
    mut hits: Vec<Hit<'_>>,
    (bytes, base): (&[u8], Base),
    found: &mut SecretScan,
) {
    if hits.is_empty() {
        return;
    }
    hit::settle(&mut hits);
    let room = MAX_SECRETS_PER_FILE.saturating_sub(found.secrets.len());
    let more = hits.len().saturating_sub(room);
    let hidden = hit::hidden(bytes, &hits);
    let is_text = !bytes.iter().take(HEAD_BYTES).any(|&b| b == 0);
    let (mut line, mut at) = (base.lines.saturating_add(1), 0);
    for hit in hits.into_iter().take(room) {
        line =
            line.saturating_add(count_lines(bytes.get(at..hit.secret.start).unwrap_or_default()));
        at = hit.secret.start;
        let place = SecretPlace::File(entry.path.clone());
        let line = if is_text { line } else { 0 };
        found.secrets.push(hit.into_secret(bytes, &hidden, (place, line, base.offset)));
    }
    if more > 0 {
        let detail =
            format!("{more} secrets more than the {MAX_SECRETS_PER_FILE} told of one file");
        found.skipped.push(skip(entry, SkipReason::TooMany, detail));
    }
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

fn kind_of(head: &[u8]) -> Kind {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Kind::Utf16;
    }
    if OPAQUE_HEADS.iter().any(|opaque| head.starts_with(opaque)) {
        return Kind::Opaque;
    }
    if memchr::memchr(0, head).is_some() { Kind::Binary } else { Kind::Text }
}

/// Certificates of authorities that a system trusts are facts, no findings: bundles of many, and
/// what lies in the directories made for them. The same holds for chains that repeat them.
fn drop_bundles(path: &str, secrets: &mut Vec<Secret>) {
    let is_certificate = |secret: &Secret| secret.category == SecretCategory::Certificate;
    let many = secrets.iter().filter(|s| is_certificate(s)).count() >= MIN_BUNDLE_CERTIFICATES;
    let trusted = TRUST_DIRECTORIES.iter().any(|directory| path.starts_with(directory));
    secrets.retain(|secret| {
        let is_ca = secret.certificate.as_ref().is_some_and(|facts| facts.is_ca);
        !is_certificate(secret) || !(many || trusted && is_ca)
    });
    secrets
        .retain(|secret| !(is_certificate(secret) && secret.confidence == Confidence::Placeholder));
}

fn skip(entry: &FileEntry, reason: SkipReason, detail: String) -> Skip {
    Skip { layer: None, path: entry.path.clone(), reason, detail }
}
