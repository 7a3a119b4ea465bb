//! `lazaret policy simulate`: what would change if this policy decided?

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::{DecisionRecord, Digest, Report};
use policy::Mode;
use policy::simulate::{Replay, Simulation, replay_decision, replay_report};
use store::Store;

use super::Format;
use super::explain::word;
use super::facts::{moment, open_store};
use crate::cli::judging::read_policy;
use crate::cli::writing::write_to;
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy simulate policy.yaml                    against all that is stored
  lazaret policy simulate policy.yaml --mode block       what would block do?
  lazaret policy simulate new.yaml --against old.yaml    two policies over the stored reports
  lazaret policy simulate policy.yaml --since 2026-11-01 -f json

Recorded decisions are made again with the same workload, the same reports and the same day; only
the policy differs. Exit status: 0 nothing changes, 1 something does, 2 the job could not be done.";

/// Rehearse a policy.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Simulate {
    /// The policy to rehearse
    #[arg(value_name = "POLICY")]
    policy: PathBuf,

    /// Compare the reports with what this policy says of them, not with the verdicts they carry
    #[arg(long, value_name = "POLICY")]
    against: Option<PathBuf>,

    /// Rehearse it as if every mode in it were this one
    #[arg(long, value_name = "MODE")]
    mode: Option<ModeWord>,

    /// Only what was scanned and decided since: a day or a moment
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// What is made again
    #[arg(long, value_name = "WHAT", default_value = "all")]
    only: What,

    /// Most reports, and most decisions, that are made again
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    limit: u32,

    /// Where reports and decisions are kept [default: in the data directory]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Shape of the answer
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeWord {
    Observe,
    Warn,
    Block,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    All,
    Reports,
    Decisions,
}

impl Simulate {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut policy = read_policy(Some(&self.policy))?;
        if let Some(mode) = self.mode {
            policy = policy.in_mode(match mode {
                ModeWord::Observe => Mode::Observe,
                ModeWord::Warn => Mode::Warn,
                ModeWord::Block => Mode::Block,
            });
        }
        let store = open_store(context, self.store.as_deref())?;
        let mut simulation = Simulation::default();
        if self.only != What::Decisions {
            self.replay_reports(&store, &policy, &mut simulation)?;
        }
        if self.only != What::Reports {
            self.replay_decisions(&store, &policy, &mut simulation)?;
        }
        write_to(None, |out| match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &simulation)?;
                Ok(writeln!(out)?)
            }
            Format::Table => as_table(&simulation, out),
        })?;
        Ok(if simulation.changes.is_empty() { Outcome::Allowed } else { Outcome::Denied })
    }

    /// The newest report of each image: what was there before it speaks no more.
    fn replay_reports(
        &self,
        store: &Store,
        policy: &policy::Policy,
        simulation: &mut Simulation,
    ) -> anyhow::Result<()> {
        let against = self.against.as_deref().map(|path| read_policy(Some(path))).transpose()?;
        let since = self.since.as_deref().map(moment).transpose()?;
        let mut seen: BTreeMap<String, ()> = BTreeMap::new();
        for head in store.latest_reports(self.limit)? {
            let image = head.image_id.as_ref().map_or_else(|| head.name.clone(), Digest::to_string);
            let is_old = since.is_some_and(|since| head.scanned_at < since);
            if is_old || seen.insert(image, ()).is_some() {
                continue;
            }
            if let Some(report) = store.report(head.id)? {
                simulation.add(replay_report(&report, against.as_ref(), policy));
            }
        }
        Ok(())
    }

    fn replay_decisions(
        &self,
        store: &Store,
        policy: &policy::Policy,
        simulation: &mut Simulation,
    ) -> anyhow::Result<()> {
        let decisions = match self.since.as_deref() {
            Some(since) => store.decisions(moment(since)?, self.limit)?,
            None => {
                let mut newest = store.latest_decisions(self.limit)?;
                newest.reverse();
                newest
            }
        };
        let mut known: BTreeMap<Digest, Option<Report>> = BTreeMap::new();
        for decision in decisions {
            let DecisionRecord { reports, .. } = &decision.record;
            for digest in reports.iter().flatten() {
                if !known.contains_key(digest) {
                    let found = store.report_by_digest(digest)?.map(|stored| stored.report);
                    known.insert(digest.clone(), found);
                }
            }
            let find = |digest: &Option<Digest>| known.get(digest.as_ref()?)?.as_ref();
            let reports: Vec<Option<&Report>> = reports.iter().map(find).collect();
            simulation.add(replay_decision(&decision.record, &reports, policy));
        }
        Ok(())
    }
}

fn as_table(simulation: &Simulation, out: &mut dyn Write) -> anyhow::Result<()> {
    let Simulation { replayed, changes, inexact, counts } = simulation;
    writeln!(out, "{replayed} decisions made again, {} would change", changes.len())?;
    for (way, count) in counts {
        writeln!(out, "  {count:>6}  {way}")?;
    }
    if *inexact > 0 {
        writeln!(out, "  {inexact} not exactly: a report they rest on is no longer stored")?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{:<20}  {:<14}  {:<14}  WHAT AND WHY", "WHEN", "GATE", "CHANGE")?;
    for replay in changes {
        let Replay { at, gate, before, after, .. } = replay;
        let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let change = format!("{} → {}", word(*before), word(*after));
        let plain: String = replay.subject.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "{at:<20}  {gate:<14}  {change:<14}  {plain}")?;
        let lines = [
            (replay.because.as_str(), ""),
            (&replay.new.join(", "), "speaks now: "),
            (&replay.silent.join(", "), "silent now: "),
        ];
        for (text, lead) in lines.into_iter().filter(|(text, _)| !text.is_empty()) {
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            writeln!(out, "{:54}{lead}{text}", "")?;
        }
    }
    Ok(())
}
