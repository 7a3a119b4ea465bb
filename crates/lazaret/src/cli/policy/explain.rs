//! `lazaret policy explain`: why this verdict, rule by rule.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use model::{Decision, Report, Workload};
use policy::{Explanation, WorkloadVerdict, explain, explain_workload, judge, judge_workload};
use serde_json::json;

use super::Format;
use super::facts::{day, find_report, read_workload};
use crate::cli::judging::read_policy;
use crate::cli::writing::write_to;
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy explain 7                                    report 7 of `lazaret reports list`
  lazaret policy explain report.json --policy policy.yaml
  lazaret policy explain report.json --workload pod.yaml      the pod that runs this image
  lazaret policy explain --workload pod.yaml                  without a report

Exit status: 0 allowed, 1 denied, 2 the job could not be done.";

/// Explain a verdict.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Explain {
    /// Reports: a file, a number of `lazaret reports list`, or an image's digest; with --workload one
    /// for each container, in their order, `-` where there is none
    #[arg(value_name = "REPORT")]
    reports: Vec<String>,

    /// What is to be started: a Kubernetes object, or a workload as the decision log has it
    #[arg(long, short, value_name = "FILE")]
    workload: Option<PathBuf>,

    /// The policy; without one the built-in policy judges
    #[arg(long, value_name = "FILE", env = "LAZARET_POLICY")]
    policy: Option<PathBuf>,

    /// The day on which it is judged [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<String>,

    /// Where reports are kept [default: in the data directory]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Rules too that have nothing to say
    #[arg(long, short)]
    all: bool,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

/// What the judge says, and why.
struct Answer {
    said: WorkloadVerdict,
    rules: Vec<Explanation>,
    containers: Vec<String>,
}

impl Explain {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let policy = read_policy(self.policy.as_deref())?;
        let today = day(self.today.as_deref())?;
        let find = |word: &String| match word.as_str() {
            "-" => Ok(None),
            word => find_report(context, self.store.as_deref(), word).map(Some),
        };
        let reports: Vec<Option<Report>> =
            self.reports.iter().map(find).collect::<anyhow::Result<_>>()?;
        let workload = self.workload.as_deref().map(read_workload).transpose()?;
        let answer = match (workload, reports.as_slice()) {
            (Some(workload), reports) => of_workload(&workload, reports, &policy, &today),
            (None, [Some(report)]) => of_report(report, &policy, &today),
            _ => bail!("name one report, or --workload with the reports of its containers"),
        };
        write_to(None, |out| match self.format {
            Format::Json => as_json(&answer, out),
            Format::Table => self.as_text(&answer, out),
        })?;
        Ok(match answer.said.enforced {
            Decision::Deny => Outcome::Denied,
            Decision::Allow | Decision::Warn => Outcome::Allowed,
        })
    }

    fn as_text(&self, answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
        let said = &answer.said;
        write!(out, "{}", word(said.enforced))?;
        match said.because.as_str() {
            "" => writeln!(out)?,
            because => writeln!(out, " ({} but for {because})", word(said.verdict.decision))?,
        }
        for missing in &said.missing {
            let container = answer.containers.get(missing.container);
            writeln!(out, "no report: {}", container.map_or("", String::as_str))?;
        }
        let spoken = |rule: &&Explanation| self.all || rule.reason.is_some();
        for rule in answer.rules.iter().filter(spoken) {
            let container = rule.container.and_then(|at| answer.containers.get(at));
            let container = container.map_or(String::new(), |name| format!(" · {name}"));
            writeln!(out, "\n{} {}{container}  [{}]", mark(rule), rule.rule, rule.kind)?;
            match &rule.reason {
                _ if !rule.in_scope => writeln!(out, "    out of its scope")?,
                _ if rule.excused => writeln!(out, "    excused by an exception")?,
                Some(reason) => {
                    let mode = match rule.enforced == reason.decision {
                        true => String::new(),
                        false => format!(", mode {}", rule.mode.as_str()),
                    };
                    writeln!(out, "    {}{mode}: {}", word(reason.decision), reason.message)?;
                }
                None => writeln!(out, "    nothing to say")?,
            }
            for check in &rule.checks {
                let holds = if check.holds { "yes" } else { "no " };
                let value = check.value.as_deref().unwrap_or("there is none");
                writeln!(out, "      {holds}  {}  → {value}", check.check)?;
            }
        }
        if !said.message.is_empty() {
            writeln!(out, "\n{}", said.message)?;
        }
        Ok(())
    }
}

fn of_report(report: &Report, policy: &policy::Policy, today: &str) -> Answer {
    let verdict = judge(report, policy, today);
    let said =
        WorkloadVerdict { enforced: verdict.decision, verdict, ..WorkloadVerdict::default() };
    Answer { said, rules: explain(report, policy, today), containers: Vec::new() }
}

fn of_workload(
    workload: &Workload,
    reports: &[Option<Report>],
    policy: &policy::Policy,
    today: &str,
) -> Answer {
    let reports: Vec<Option<&Report>> = reports.iter().map(Option::as_ref).collect();
    let name = |container: &model::ContainerSpec| match container.name.as_str() {
        "" => container.image.reference.clone(),
        name => name.to_owned(),
    };
    Answer {
        said: judge_workload(workload, &reports, policy, today),
        rules: explain_workload(workload, &reports, policy, today),
        containers: workload.containers.iter().map(name).collect(),
    }
}

fn as_json(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let rule = |rule: &Explanation| {
        let checks = rule
            .checks
            .iter()
            .map(|check| json!({"check": check.check, "holds": check.holds, "value": check.value}));
        json!({
            "rule": rule.rule,
            "kind": rule.kind,
            "container": rule.container.and_then(|at| answer.containers.get(at)),
            "in_scope": rule.in_scope,
            "excused": rule.excused,
            "mode": rule.mode.as_str(),
            "enforced": rule.enforced,
            "reason": rule.reason,
            "checks": checks.collect::<Vec<_>>(),
        })
    };
    let value = json!({
        "decision": answer.said.enforced,
        "verdict": answer.said.verdict.decision,
        "because": answer.said.because,
        "missing": answer.said.missing.iter().map(|m| m.container).collect::<Vec<_>>(),
        "rules": answer.rules.iter().map(rule).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    Ok(writeln!(out)?)
}

/// A decision in one word.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Warn => "warn",
        Decision::Deny => "deny",
    }
}

fn mark(rule: &Explanation) -> &'static str {
    match rule.enforced {
        Decision::Deny => "✖",
        Decision::Warn => "▲",
        Decision::Allow if rule.reason.is_some() => "○",
        Decision::Allow => "·",
    }
}
