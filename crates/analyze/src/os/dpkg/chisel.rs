//! The manifest of Chisel (`manifest.wall`): a zstd stream of JSON lines ("jsonwall").
//!
//! Ubuntu images made of package slices have no dpkg database; this file is their only list of
//! packages. It names no source packages. Format: Chisel's reference, "Chisel manifest".

use std::io::{BufRead, BufReader, Cursor, Read};

use serde::Deserialize;

use model::{Content, FileEntry, Package, PackageKind};

use super::super::bytes::{quoted, whole, word};
use super::super::ledger::Ledger;
use crate::limits::{MAX_TEXT_BYTES, MAX_ZSTD_WINDOW_LOG};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Reads Chisel's manifest.
pub(crate) struct ChiselManifest;

/// One line: the header has `jsonwall` and no kind.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Package {
        name: String,
        version: String,
        #[serde(default)]
        arch: String,
    },
    Content {
        slice: String,
        path: String,
    },
    #[serde(other)]
    Other,
}

impl Analyzer for ChiselManifest {
    fn name(&self) -> &'static str {
        "chisel"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Path("var/lib/chisel/manifest.wall")]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let mut ledger = Ledger::new(found);
        ledger.database();
        let result = read_wall(&whole(content)?, &mut ledger);
        ledger.close();
        result
    }
}

fn read_wall(bytes: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    let malformed = |e: std::io::Error| AnalyzeError::Malformed(format!("zstd stream: {e}"));
    let mut decoder = zstd::Decoder::with_buffer(Cursor::new(bytes)).map_err(malformed)?;
    decoder.window_log_max(MAX_ZSTD_WINDOW_LOG).map_err(malformed)?;
    let mut text = BufReader::new(decoder.take(MAX_TEXT_BYTES));
    let mut line = Vec::new();
    read_line(&mut text, &mut line).map_err(malformed)?;
    let header = serde_json::from_slice::<serde_json::Value>(&line).unwrap_or_default();
    if header.get("jsonwall").is_none() {
        return Err(AnalyzeError::Malformed(format!(
            "no jsonwall header; it begins with {}",
            quoted(&line)
        )));
    }
    while read_line(&mut text, &mut line).map_err(malformed)? {
        take_line(&line, ledger)?;
    }
    if text.into_inner().limit() == 0 {
        return Err(AnalyzeError::TooLarge(format!(
            "more than {MAX_TEXT_BYTES} bytes unpacked; the rest is not read"
        )));
    }
    Ok(())
}

/// Reads the next line that is not blank; false at the end.
fn read_line(text: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    loop {
        line.clear();
        if text.read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if !line.trim_ascii().is_empty() {
            return Ok(true);
        }
    }
}

fn take_line(line: &[u8], ledger: &mut Ledger<'_>) -> Result<(), AnalyzeError> {
    let package = match serde_json::from_slice(line) {
        Ok(Line::Package { name, version, arch }) => {
            word(name.as_bytes()).zip(word(version.as_bytes())).map(|(name, version)| {
                let mut package = Package::new(PackageKind::Deb, name, version);
                package.arch = word(arch.as_bytes());
                package
            })
        }
        Ok(Line::Content { slice, path }) => {
            // A slice is PACKAGE_NAME; a package's name has no underscore.
            ledger.owner(slice.split('_').next().unwrap_or(&slice));
            ledger.path(b"", path.as_bytes());
            return Ok(());
        }
        Ok(Line::Other) => return Ok(()),
        Err(_) => None,
    };
    match package {
        Some(package) => ledger.package(package),
        None => ledger.broken(|| format!("not a manifest line: {}", quoted(line.trim_ascii()))),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    const PATH: &str = "var/lib/chisel/manifest.wall";
    const WALL: &str = r#"{"jsonwall":"1.0","schema":"1.0","count":10}
{"kind":"content","slice":"hello_bins","path":"/usr/bin/hello"}
{"kind":"content","slice":"hello_bins","path":"/var/empty/"}
{"kind":"content","slice":"libc6_libs","path":"/lib/libc.so.6"}
{"kind":"package","name":"hello","version":"2.10-3","sha256":"00","arch":"amd64"}
{"kind":"package","name":"libc6","version":"2.39-0ubuntu8","sha256":"00","arch":"amd64"}
{"kind":"path","path":"/usr/bin/hello","mode":"0755","slices":["hello_bins"],"size":1}
{"kind":"slice","name":"hello_bins"}
{"kind":"package","name":"broken"}
{"kind":"later","x":[1]}
"#;

    #[test]
    fn the_wall_lists_packages_and_their_files() {
        let found = analyze(PATH, &zstd::encode_all(WALL.as_bytes(), 3).unwrap());
        assert_eq!(packages(&found), ["hello 2.10-3", "libc6 2.39-0ubuntu8"]);
        assert_eq!(found.packages[0].arch.as_deref(), Some("amd64"));
        assert!(found.is_database);
        let owned: Vec<_> =
            found.owned.iter().map(|o| (o.package.as_str(), o.paths.join(" "))).collect();
        assert_eq!(
            owned,
            [("hello", "usr/bin/hello".to_owned()), ("libc6", "lib/libc.so.6".to_owned())]
        );
        assert_eq!(found.skipped.len(), 1);
    }

    #[test]
    fn what_is_no_wall_is_an_error() {
        let whole = zstd::encode_all(WALL.as_bytes(), 3).unwrap();
        let plain = zstd::encode_all(&b"{\"kind\":\"package\"}\n"[..], 3).unwrap();
        for bytes in [&whole[..whole.len() - 9], &plain, WALL.as_bytes(), b""] {
            assert_eq!(try_analyze(PATH, bytes).1.len(), 1);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let header = b"{\"jsonwall\":\"1.0\"}\n";
        let bomb = [&header[..], &vec![b' '; 80 << 20]].concat();
        let (_, errors) = try_analyze(PATH, &zstd::encode_all(&bomb[..], 1).unwrap());
        assert!(matches!(errors[0], crate::AnalyzeError::TooLarge(_)));
    }
}
