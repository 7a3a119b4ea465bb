//! Writers: a report in the shape that somebody reads.
//!
//! The last step of a scan. A writer decides nothing: it shows the verdict that is in the report,
//! and the findings that the filter leaves. What the filter hides is always counted and said.
//! Every text from an image or a feed is foreign: each writer escapes it for its own format.

mod coverage;
mod cyclonedx;
mod diff_table;
mod explain;
mod filter;
mod fix_plan;
mod html;
mod json;
mod junit;
mod purls;
mod sarif;
mod spdx;
mod table;
mod tally;
mod template;
mod text;
mod version_order;
mod view;
mod wording;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use model::Report;

pub use diff_table::write_diff;
pub use explain::explain;
pub use filter::{Filter, Origin};
pub use template::Template;

pub(crate) use spdx::ANNOTATION_MARK;
pub(crate) use version_order::{compare as compare_versions, sort as sort_versions};

use view::View;

/// A shape of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text for a terminal, the fix first.
    Table,
    /// `model::Report` as JSON (`docs/schema/report-v1.json`).
    Json,
    /// SARIF 2.1.0 (OASIS), for code scanning.
    Sarif,
    /// CycloneDX 1.6 JSON, with vulnerabilities.
    CycloneDx,
    /// SPDX 2.3 JSON.
    Spdx,
    /// One self-contained page.
    Html,
    /// JUnit XML, for build servers.
    Junit,
    /// The user's own template.
    Template,
    /// Package URLs, one a line.
    Purls,
}

impl Format {
    /// Every format, in the order in which help texts list them.
    pub const ALL: [Format; 9] = [
        Format::Table,
        Format::Json,
        Format::Sarif,
        Format::CycloneDx,
        Format::Spdx,
        Format::Html,
        Format::Junit,
        Format::Template,
        Format::Purls,
    ];

    /// The name by which the command line knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::CycloneDx => "cyclonedx",
            Format::Spdx => "spdx",
            Format::Html => "html",
            Format::Junit => "junit",
            Format::Template => "template",
            Format::Purls => "purls",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Format::as_str).join(", ");
            format!("`{text}` is not a report format: expected one of {names}")
        })
    }
}

/// How findings are put together in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// The riskiest repair first, wherever it lies.
    #[default]
    Risk,
    /// Layer by layer, own layers before the base image's.
    Layer,
}

/// How to write a report.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which findings are shown.
    pub filter: Filter,
    /// Columns of the terminal; `None` for no limit.
    pub width: Option<usize>,
    /// Whether the table may use colour.
    pub color: bool,
    /// Whether the table must keep to ASCII.
    pub ascii: bool,
    /// Whether the table lists everything that it else sums up.
    pub all: bool,
    /// How the table puts findings together.
    pub group: GroupBy,
    /// The template, for `Format::Template`.
    pub template: Option<Template>,
}

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The output would not take it.
    #[error("the report could not be written: {0}")]
    Write(#[from] io::Error),
    /// A value has no form in the format.
    #[error("the report has no {format} form: {detail}")]
    Encode {
        /// The format.
        format: Format,
        /// What the encoder says.
        detail: String,
    },
    /// The format holds one image, several were given.
    #[error(
        "a {format} document describes one image and {count} were given: write one file for each"
    )]
    OneImage {
        /// The format.
        format: Format,
        /// How many reports there were.
        count: usize,
    },
    /// The template format needs a template.
    #[error("the format `template` needs a template file: name one with --template FILE")]
    NoTemplate,
    /// The template is wrong.
    #[error("template {name}, line {line}: {detail}")]
    Template {
        /// The template's name.
        name: String,
        /// The line, from 1; 0 when the engine does not say.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// No finding has this id.
    #[error(
        "no finding has the id `{id}`: the JSON report and the table name each finding's id, of which the first few digits suffice"
    )]
    NoFinding {
        /// What was asked for.
        id: String,
    },
    /// Several findings' ids begin so.
    #[error("`{id}` is the beginning of more than one finding's id: give more of it; {first}")]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// The first few, each with its place.
        first: String,
    },
}

/// Writes reports in a format.
///
/// Formats that describe one image (CycloneDX, SPDX) refuse any other number of reports; JSON is
/// one object for one report and an array for several.
pub fn write(
    format: Format,
    reports: &[Report],
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let views: Vec<View<'_>> =
        reports.iter().map(|report| View::new(report, &options.filter)).collect();
    let only = || match views.as_slice() {
        [view] => Ok(view),
        _ => Err(ReportError::OneImage { format, count: views.len() }),
    };
    match format {
        Format::Table => table::write(&views, options, out)?,
        Format::Json => json::write(&views, out)?,
        Format::Sarif => sarif::write(&views, out)?,
        Format::CycloneDx => cyclonedx::write(only()?, out)?,
        Format::Spdx => spdx::write(only()?, out)?,
        Format::Html => html::write(&views, out)?,
        Format::Junit => junit::write(&views, out)?,
        Format::Template => template::write(&views, options.template.as_ref(), out)?,
        Format::Purls => purls::write(reports, out)?,
    }
    Ok(out.flush()?)
}

/// Writes a value as indented JSON with a last line end.
fn write_json(
    format: Format,
    value: &impl serde::Serialize,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(|error| {
        match error.io_error_kind() {
            Some(kind) => ReportError::Write(kind.into()),
            None => ReportError::Encode { format, detail: error.to_string() },
        }
    })?;
    Ok(out.write_all(b"\n")?)
}
