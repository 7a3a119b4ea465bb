//! `lazaret sbom`: what is installed, as a bill of materials.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use scan::report::{Format, Options};

use super::looking::Looking;
use super::writing::write_to;
use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret sbom debian:12 > debian.cdx.json
  lazaret sbom image.tar -f spdx -o image.spdx.json
  lazaret sbom app:1.0 -f purls | grep maven
  lazaret scan sbom:debian.cdx.json              scans it again, without the image";

/// List what is installed in an image as a bill of materials. Needs no advisories.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sbom {
    /// An image, an archive, a directory or another bill of materials
    image: String,

    /// Shape of the list
    #[arg(long, short, value_name = "FORMAT", default_value = "cyclonedx")]
    format: SbomFormat,

    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    looking: Looking,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SbomFormat {
    /// CycloneDX 1.6 JSON
    Cyclonedx,
    /// SPDX 2.3 JSON
    Spdx,
    /// Package URLs, one a line
    Purls,
    /// Lazaret's own report, without findings
    Json,
}

impl From<SbomFormat> for Format {
    fn from(format: SbomFormat) -> Format {
        match format {
            SbomFormat::Cyclonedx => Format::CycloneDx,
            SbomFormat::Spdx => Format::Spdx,
            SbomFormat::Purls => Format::Purls,
            SbomFormat::Json => Format::Json,
        }
    }
}

impl Sbom {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let now = Timestamp::now();
        let viewer = self.looking.viewer(context, None)?;
        let report = viewer.inspect(&self.image, now)?.into_unjudged(env!("CARGO_PKG_VERSION"));
        viewer.finish();
        write_to(self.output.as_deref(), |out| {
            Ok(scan::report::write(self.format.into(), &[report], &Options::default(), out)?)
        })?;
        Ok(Outcome::Allowed)
    }
}
