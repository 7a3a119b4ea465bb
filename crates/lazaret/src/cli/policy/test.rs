//! `lazaret policy test`: do the cases beside a policy come out as written?

use std::path::{Path, PathBuf};

use clap::Args;
use model::Report;
use policy::cases::{CaseResult, Cases};

use super::Format;
use super::check::folder_of;
use super::facts::read_report;
use crate::cli::judging::{read_policy, read_text};
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy test policy.test.yaml
  lazaret policy test policy.test.yaml --policy edited.yaml

A file of cases:
  policy: policy.yaml            # beside this file
  today: 2026-11-25
  cases:
    - name: images with malicious code do not start
      report: reports/evil.json  # of `lazaret scan -f json`
      expect: {decision: deny, rules: [malware]}
    - name: nobody runs privileged
      pod: {kind: Pod, spec: {containers: [{image: app, securityContext: {privileged: true}}]}}
      expect: {decision: deny, rules: [privileged]}

Exit status: 0 all as expected, 1 some are not, 2 the job could not be done.";

/// Run cases.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Test {
    /// Files of cases
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The policy in place of the one that the files name
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

impl Test {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut results: Vec<CaseResult> = Vec::new();
        for file in &self.files {
            results.extend(self.run_file(file)?);
        }
        let failed = results.iter().filter(|result| !result.failures.is_empty()).count();
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&results)?),
            Format::Table => {
                for result in &results {
                    show(context, result);
                }
                if !context.quiet {
                    println!("{} cases, {failed} failed", results.len());
                }
            }
        }
        Ok(if failed == 0 { Outcome::Allowed } else { Outcome::Denied })
    }

    fn run_file(&self, file: &Path) -> anyhow::Result<Vec<CaseResult>> {
        let cases = Cases::parse(&file.display().to_string(), &read_text(file)?)?;
        let folder = folder_of(file);
        let named = cases.policy.as_ref().map(|name| folder.join(name));
        let policy = read_policy(self.policy.as_deref().or(named.as_deref()))?;
        let load = |name: &str| -> Result<Report, String> {
            read_report(&folder.join(name)).map_err(|error| format!("{error:#}"))
        };
        Ok(cases.run(&policy, &load))
    }
}

fn show(context: &Context, result: &CaseResult) {
    let passes = result.failures.is_empty();
    if passes && context.quiet {
        return;
    }
    println!("{} {}", if passes { "ok  " } else { "FAIL" }, result.name);
    for failure in &result.failures {
        println!("       {failure}");
    }
}
