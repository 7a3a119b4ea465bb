//! The section `.dep-v0` that `cargo auditable` puts into programs: the crates linked into it.
//!
//! Zlib-compressed JSON. Crates of kind `build` ran at build time and are not in the program; they
//! are left out. All sources are listed (crates.io, git, local): the program's own crate is local.
//! Source: the format description in rust-secure-code/cargo-auditable, `PARSING.md`.

use std::io::Read;

use flate2::read::ZlibDecoder;
use model::{Content, FileEntry, Package, PackageKind};
use serde::Deserialize;

use crate::content_reader::ContentReader;
use crate::executable::Executable;
use crate::limits::{MAX_AUDITABLE_BYTES, MAX_AUDITABLE_JSON_BYTES, MAX_PACKAGES};
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// Name of the section in ELF, PE and Mach-O.
const SECTION: &[u8] = b".dep-v0";

/// Reads programs built with `cargo auditable`.
pub(super) struct RustBinary;

#[derive(Deserialize)]
struct Document {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    kind: Kind,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Runtime,
    Build,
    #[serde(other)]
    Unknown,
}

impl Analyzer for RustBinary {
    fn name(&self) -> &'static str {
        "rust-binary"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Executable]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let reader = ContentReader::new(content);
        // Broken headers are reported once, by the reader of Go programs.
        let Ok(Some(executable)) = Executable::parse(&reader) else { return Ok(()) };
        let Some(section) = executable.section(SECTION) else { return Ok(()) };
        if section.size_bytes > MAX_AUDITABLE_BYTES {
            let message = format!(".dep-v0 of {} bytes", section.size_bytes);
            return Err(AnalyzeError::TooLarge(message));
        }
        let packed = reader
            .slice(section.offset, section.size_bytes)
            .ok_or_else(|| AnalyzeError::Malformed(".dep-v0 lies outside the file".to_owned()))?;
        found.packages.extend(packages(packed)?);
        Ok(())
    }
}

/// The crates in the program.
fn packages(packed: &[u8]) -> Result<Vec<Package>, AnalyzeError> {
    let broken = |what: String| AnalyzeError::Malformed(format!(".dep-v0: {what}"));
    let mut json = Vec::new();
    ZlibDecoder::new(packed)
        .take(MAX_AUDITABLE_JSON_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| broken(error.to_string()))?;
    if json.len() as u64 > MAX_AUDITABLE_JSON_BYTES {
        let message = format!(".dep-v0 expands beyond {MAX_AUDITABLE_JSON_BYTES} bytes");
        return Err(AnalyzeError::TooLarge(message));
    }
    let document: Document =
        serde_json::from_slice(&json).map_err(|error| broken(error.to_string()))?;
    Ok(document
        .packages
        .into_iter()
        .filter(|one| one.kind != Kind::Build)
        .take(MAX_PACKAGES)
        .map(|one| Package::new(PackageKind::Cargo, one.name, one.version))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use crate::AnalyzeError;
    use crate::executable::fixture::Elf;
    use crate::testing::{Paged, analyze, analyze_content, packages, try_analyze};

    const JSON: &str = r#"{"packages":[
        {"name":"app","version":"0.2.0","source":"local","dependencies":[1,2,3,4],"root":true},
        {"name":"serde","version":"1.0.193","source":"crates.io","kind":"runtime"},
        {"name":"forked","version":"2.0.0-rc.1+git","source":"git"},
        {"name":"cc","version":"1.0.83","source":"crates.io","kind":"build"},
        {"name":"later","version":"3.0.0","source":{"registry":"x"},"kind":"of-the-future"}
    ],"format":1}"#;

    fn program(section: &[u8]) -> Vec<u8> {
        Elf::new(true, false)
            .part(".text", b"nothing", false)
            .part(".dep-v0", section, false)
            .build()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lists_what_is_in_the_program() {
        let bytes = program(&zlib(JSON.as_bytes()));
        let expect = ["app 0.2.0", "forked 2.0.0-rc.1+git", "later 3.0.0", "serde 1.0.193"];
        assert_eq!(packages(&analyze("usr/bin/app", &bytes)), expect);
        assert_eq!(packages(&analyze_content("usr/bin/app", &Paged(&bytes)).0), expect);
    }

    #[test]
    fn broken_sections_are_said() {
        for section in [&b"no zlib"[..], &zlib(b"no json"), &zlib(JSON.as_bytes())[..40], &[]] {
            let (found, errors) = try_analyze("usr/bin/app", &program(section));
            assert!(found.packages.is_empty());
            let is_said = matches!(errors[..], [AnalyzeError::Malformed(_)]);
            assert_eq!(is_said, !section.is_empty(), "{errors:?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = zlib(&vec![b' '; 40 << 20]);
        let (_, errors) = try_analyze("usr/bin/app", &program(&bomb));
        assert!(matches!(errors[..], [AnalyzeError::TooLarge(_)]), "{errors:?}");
    }
}
