//! Bills of materials in: somebody else's inventory, read as if it were an image's.
//!
//! Reads CycloneDX JSON and XML, SPDX 2.2 and 2.3 as JSON and tag-value, in-toto statements around
//! them, and plain lists of package URLs. Which tool wrote it shows in names and properties: those
//! of syft, trivy, cdxgen and of our own reports are known. What cannot be read of a document is a
//! [`Skip`]; a document that is none is an error.

mod collect;
mod component;
mod cyclonedx;
mod cyclonedx_xml;
mod limits;
mod purl_list;
mod spdx;
mod spdx_package;
mod tag_value;

use model::{Inventory, Skip};
use serde::Deserialize;

use collect::Collector;
use limits::MAX_SBOM_BYTES;

/// The bytes are no bill of materials that can be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SbomError {
    /// Larger than the limit.
    #[error("the SBOM has {size_bytes} bytes, {limit_bytes} at most are read")]
    TooLarge {
        /// Bytes given.
        size_bytes: usize,
        /// Bytes allowed.
        limit_bytes: usize,
    },
    /// Not text.
    #[error("not an SBOM: the file is not UTF-8 text (byte {at})")]
    NotText {
        /// The first byte that is wrong.
        at: usize,
    },
    /// Text, but nothing that is known.
    #[error(
        "not an SBOM: expected CycloneDX (JSON or XML), SPDX 2.2 or 2.3 (JSON or tag-value) or a list of package URLs"
    )]
    Unknown,
    /// A format or a version that is not read.
    #[error("cannot read this SBOM: {what}")]
    Unsupported {
        /// What it is, and what to write instead.
        what: String,
    },
    /// It breaks its format.
    #[error("the {format} document is broken: {detail}")]
    Syntax {
        /// The format it claims to have.
        format: &'static str,
        /// What is wrong and where.
        detail: String,
    },
}

/// Reads a bill of materials of any known format; the format is told from the content.
///
/// The packages are sorted; all lie in layer 0. Skips have the package or line as their path.
pub fn read_sbom(bytes: &[u8]) -> Result<(Inventory, Vec<Skip>), SbomError> {
    if bytes.len() > MAX_SBOM_BYTES {
        return Err(SbomError::TooLarge { size_bytes: bytes.len(), limit_bytes: MAX_SBOM_BYTES });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| SbomError::NotText { at: error.valid_up_to() })?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut collector = Collector::default();
    match text.as_bytes().first() {
        Some(b'{') => read_json(text, &mut collector)?,
        Some(b'<') => cyclonedx_xml::read(text, &mut collector)?,
        _ if tag_value::is_tag_value(text) => tag_value::read(text, &mut collector)?,
        _ if purl_list::is_purl_list(text) => purl_list::read(text, &mut collector),
        _ => return Err(SbomError::Unknown),
    }
    Ok(collector.finish())
}

/// What tells JSON documents apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
    predicate_type: Option<String>,
    payload_type: Option<String>,
    #[serde(rename = "@context")]
    context: Option<serde::de::IgnoredAny>,
    #[serde(rename = "SchemaVersion")]
    schema_version: Option<serde::de::IgnoredAny>,
    artifacts: Option<serde::de::IgnoredAny>,
    predicate: Option<PredicateProbe>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PredicateProbe {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
}

/// An in-toto statement around a document.
#[derive(Deserialize)]
struct Statement<T> {
    predicate: T,
}

fn read_json(text: &str, collector: &mut Collector) -> Result<(), SbomError> {
    let probe: Probe = parse("JSON", text)?;
    let whole = (probe.bom_format, probe.spec_version, probe.spdx_version);
    let (wrapped, (bom_format, spec_version, spdx_version)) = match probe.predicate {
        Some(inner) if probe.predicate_type.is_some() => {
            (true, (inner.bom_format, inner.spec_version, inner.spdx_version))
        }
        _ => (false, whole),
    };
    if bom_format.is_some_and(|format| format.eq_ignore_ascii_case("cyclonedx")) {
        cyclonedx::check_version(spec_version.as_deref().unwrap_or_default())?;
        cyclonedx::collect(unwrap("CycloneDX", text, wrapped)?, collector);
        return Ok(());
    }
    if let Some(version) = spdx_version {
        spdx::check_version(&version)?;
        spdx::collect(unwrap("SPDX", text, wrapped)?, collector);
        return Ok(());
    }
    let what = if probe.payload_type.is_some() {
        "it is a signed envelope (DSSE); take the payload out first, such as with `cosign verify-attestation … | jq -r .payload | base64 -d`"
    } else if probe.context.is_some() {
        "it looks like SPDX 3, which is not read yet; write SPDX 2.3 or CycloneDX"
    } else if probe.schema_version.is_some() {
        "it looks like trivy's own report; write it with `--format cyclonedx`"
    } else if probe.artifacts.is_some() {
        "it looks like syft's own format; write it with `-o cyclonedx-json`"
    } else {
        return Err(SbomError::Unknown);
    };
    Err(SbomError::Unsupported { what: what.to_owned() })
}

fn unwrap<'a, T: Deserialize<'a>>(
    format: &'static str,
    text: &'a str,
    wrapped: bool,
) -> Result<T, SbomError> {
    if wrapped {
        return parse::<Statement<T>>(format, text).map(|statement| statement.predicate);
    }
    parse(format, text)
}

/// Nesting is bounded by the JSON reader itself: 128 levels.
fn parse<'a, T: Deserialize<'a>>(format: &'static str, text: &'a str) -> Result<T, SbomError> {
    serde_json::from_str(text)
        .map_err(|error| SbomError::Syntax { format, detail: error.to_string() })
}
