//! `lazaret policy check`: are these files well formed?

use std::path::{Path, PathBuf};

use clap::Args;
use policy::PolicyError;
use policy::cases::Cases;
use policy::filter::tables;
use policy::rules::{RulesFile, load};

use crate::cli::judging::read_text;
use crate::cli::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy check policy.yaml
  lazaret policy check falco_rules.yaml my_rules.yaml   rules files, in the order they are loaded
  lazaret policy check policy.test.yaml                 cases

Every mistake is shown with its line. Exit status: 0 well formed, 1 not, 2 a file cannot be read.";

/// Check files.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Policies, rules files and files of cases
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Warnings about rules files count as mistakes
    #[arg(long)]
    strict: bool,
}

/// What a file is, told by how it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Policy,
    Cases,
    Rules,
}

impl Check {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let read = |path: &PathBuf| Ok((path.display().to_string(), read_text(path)?));
        let files: Vec<(String, String)> =
            self.files.iter().map(read).collect::<anyhow::Result<_>>()?;
        let mut mistakes = 0;
        let mut rules: Vec<RulesFile<'_>> = Vec::new();
        for (name, text) in &files {
            let told = match kind_of(text) {
                Kind::Rules => {
                    rules.push(RulesFile { name, text });
                    continue;
                }
                Kind::Cases => Cases::parse(name, text).map(|c| format!("{} cases", c.len())),
                Kind::Policy => policy::Policy::parse(name, text).map(|p| described(&p)),
            };
            mistakes += tell(context, name, told);
        }
        if !rules.is_empty() {
            mistakes += self.check_rules(context, &rules);
        }
        Ok(if mistakes == 0 { Outcome::Allowed } else { Outcome::Denied })
    }

    /// Rules files change one another: they are loaded together, in their order.
    fn check_rules(&self, context: &Context, files: &[RulesFile<'_>]) -> usize {
        let loaded = load(files, &tables::all());
        loaded.errors.iter().for_each(complain);
        let unexpected = loaded.skipped.iter().filter(|skipped| !skipped.expected);
        let mut warnings = 0;
        for skipped in unexpected {
            warnings += 1;
            crate::terminal::warn(&format!("rule left out: {}", skipped.reason));
        }
        for note in loaded.warnings() {
            warnings += 1;
            crate::terminal::warn(&note.text.to_string());
        }
        if !context.quiet {
            let enabled = loaded.rules.iter().filter(|rule| rule.enabled).count();
            println!(
                "{} rules files: {} rules ({enabled} enabled), {} lists, {} macros, {} rules left \
                 out, {warnings} warnings, {} mistakes",
                files.len(),
                loaded.rules.len(),
                loaded.lists,
                loaded.macros,
                loaded.skipped.len(),
                loaded.errors.len()
            );
        }
        loaded.errors.len() + if self.strict { warnings } else { 0 }
    }
}

/// Says what came of a file; gives the number of mistakes.
fn tell(context: &Context, name: &str, told: Result<String, PolicyError>) -> usize {
    match told {
        Ok(what) => {
            if !context.quiet {
                println!("{name}: {what}, well formed");
            }
            0
        }
        Err(error) => {
            complain(&error);
            1
        }
    }
}

fn complain(error: &PolicyError) {
    crate::terminal::error(&anyhow::Error::new(error.clone()));
}

fn described(policy: &policy::Policy) -> String {
    let exceptions = match policy.exceptions.len() {
        0 => String::new(),
        1 => ", 1 exception".to_owned(),
        many => format!(", {many} exceptions"),
    };
    let mode = policy.mode.as_str();
    format!("{} rules{exceptions}, mode {mode}", policy.rules.len())
}

fn kind_of(text: &str) -> Kind {
    let mut lines = text.lines().map(|line| line.trim_start_matches('\u{feff}'));
    let first = lines.clone().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && line != "---"
    });
    match first {
        Some(first) if first.trim_start().starts_with(['-', '[']) => Kind::Rules,
        _ if lines.any(|line| line.starts_with("cases:")) => Kind::Cases,
        _ => Kind::Policy,
    }
}

/// The name of a file's folder, for paths that are meant from it.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}
