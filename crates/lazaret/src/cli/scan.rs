//! `lazaret scan`: images in, reports out, the verdict as exit status.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use model::{Decision, Report, Severity};
use scan::report::{Filter, Format, GroupBy, Options, Origin, Template};

use super::judging::{Judging, read_text};
use super::looking::Looking;
use super::seeing::Seeing;
use super::templates::{Templating, path_of};
use super::writing::{Looks, write_to};
use super::{Context, Outcome};
use crate::terminal;

const EXAMPLES: &str = "\
IMAGE is a reference (looked for in docker, podman, containerd, then the registry), a file or a
directory; a prefix makes it explicit: registry: docker: podman: containerd: docker-archive:
oci-layout: oci-archive: rootfs: sbom: template:

Dockerfiles, compose files, Kubernetes manifests and folders of them are scanned for weaknesses and
secrets; template: says that a path is one.

Examples:
  lazaret scan debian:12                              from a daemon or the registry
  lazaret scan registry:127.0.0.1:5000/app:1.0        from this registry and nowhere else
  lazaret scan image.tar layout/ rootfs:/mnt/root     archives and directories
  lazaret scan sbom:app.cdx.json                      from a bill of materials
  lazaret scan Dockerfile compose.yaml deploy/        templates
  lazaret scan app:1.0 --only-fixed --severity high   what can be repaired, high or worse
  lazaret scan app:1.0 -f html -o report.html         a page to pass on
  lazaret scan app:1.0 --base debian:12 --own         without what the base image brought
  lazaret scan app:1.0 --scanners malware,secret      only malicious code and secrets
  lazaret scan app:1.0 --explain 3f9a                 everything about one finding

Exit status: 0 allowed, 1 denied by the policy, 2 an image could not be scanned.";

/// Find vulnerable packages, malicious code, secrets and suspicious build steps, and judge them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Scan {
    /// Images, archives, directories or bills of materials
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    /// Shape of the report: table, json, sarif, cyclonedx, spdx, html, junit, template, purls
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Write the report to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The template, for `--format template` (Jinja2 syntax)
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,

    /// Keep the reports in the data directory (`lazaret reports`)
    #[arg(long)]
    save: bool,

    /// Tell everything about one finding, by its id or the beginning of it
    #[arg(long, value_name = "FINDING", conflicts_with_all = ["format", "template"])]
    explain: Option<String>,

    /// End with status 0 whatever the verdict; failures still give 2
    #[arg(long)]
    exit_zero: bool,

    #[command(flatten)]
    showing: Showing,

    #[command(flatten)]
    seeing: Seeing,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    looking: Looking,

    #[command(flatten)]
    templating: Templating,
}

/// What is shown. The judge sees everything either way.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shown findings (the verdict sees all)")]
struct Showing {
    /// Only what a newer version repairs
    #[arg(long)]
    only_fixed: bool,

    /// Only this severity and worse; or a list: low,high
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',')]
    severity: Vec<Severity>,

    /// Only what is known to be exploited (CISA KEV)
    #[arg(long)]
    only_exploited: bool,

    /// Only what the image's own layers added
    #[arg(long, conflicts_with = "inherited")]
    own: bool,

    /// Only what came with the base image
    #[arg(long)]
    inherited: bool,

    /// In the table: list what is else summed up
    #[arg(long)]
    all: bool,

    /// In the table: put findings together by risk or by layer
    #[arg(long, value_name = "BY", default_value = "risk")]
    group: Grouping,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Grouping {
    Risk,
    Layer,
}

impl Scan {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let options = self.report_options()?;
        let words: Vec<(&str, Option<PathBuf>)> =
            self.images.iter().map(|word| (word.as_str(), path_of(word, context))).collect();
        // What only images need is opened for images only.
        let any_image = words.iter().any(|(_, template)| template.is_none());
        let any_template = words.iter().any(|(_, template)| template.is_some());
        let court = match any_image {
            true => self.judging.court(context, &self.seeing)?,
            false => self.judging.court_of_templates(context)?,
        };
        let viewer =
            any_image.then(|| self.looking.viewer(context, Some(&self.seeing))).transpose()?;
        let templates =
            any_template.then(|| self.templating.open(context, &self.seeing)).transpose()?;
        let mut outcome = Outcome::Allowed;
        let mut reports = Vec::new();
        for (word, template) in &words {
            let (word, now) = (*word, Timestamp::now());
            let judged = match (template, &templates, &viewer) {
                (Some(path), Some(templates), _) => {
                    templates.judge((word, path.as_path()), &court, now)
                }
                (_, _, Some(viewer)) => viewer.judge(word, &court, now),
                _ => continue,
            };
            match judged {
                Ok(report) => {
                    outcome = outcome.max(self.outcome(&report));
                    reports.push(report);
                }
                Err(error) => {
                    context.bar.clear();
                    outcome = Outcome::Failed;
                    terminal::error(&error.context(word.to_owned()));
                }
            }
        }
        if let Some(viewer) = &viewer {
            viewer.finish();
        }
        if self.save {
            super::reports::save(context, &reports)?;
        }
        if !reports.is_empty() {
            write_to(self.output.as_deref(), |out| match &self.explain {
                Some(id) => Ok(scan::report::explain(&reports, id, &options, out)?),
                None => Ok(scan::report::write(self.format, &reports, &options, out)?),
            })?;
        }
        Ok(outcome)
    }

    fn outcome(&self, report: &Report) -> Outcome {
        match report.verdict.decision {
            Decision::Deny if !self.exit_zero => Outcome::Denied,
            _ => Outcome::Allowed,
        }
    }

    fn report_options(&self) -> anyhow::Result<Options> {
        let looks = Looks::of(self.output.as_deref());
        let template = match &self.template {
            Some(path) => {
                Some(Template { name: path.display().to_string(), text: read_text(path)? })
            }
            None => None,
        };
        Ok(Options {
            filter: self.showing.filter(),
            width: looks.width,
            color: looks.color,
            ascii: looks.ascii,
            all: self.showing.all,
            group: match self.showing.group {
                Grouping::Risk => GroupBy::Risk,
                Grouping::Layer => GroupBy::Layer,
            },
            template,
        })
    }
}

impl Showing {
    fn filter(&self) -> Filter {
        let (min_severity, severities) = match self.severity.as_slice() {
            [least] => (Some(*least), Vec::new()),
            listed => (None, listed.to_vec()),
        };
        let origin = match (self.own, self.inherited) {
            (true, _) => Origin::Own,
            (_, true) => Origin::Base,
            _ => Origin::Any,
        };
        Filter {
            only_fixed: self.only_fixed,
            min_severity,
            severities,
            only_exploited: self.only_exploited,
            origin,
            ..Filter::default()
        }
    }
}
