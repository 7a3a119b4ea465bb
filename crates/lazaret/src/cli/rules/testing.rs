//! `lazaret rules test`: compile rules and say what is wrong with them; run them on files.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use malware::{Detector, RuleSource, Sample, YaraDetector, YaraRules};

use super::added::{self, Pack};
use crate::cli::writing::write_to;
use crate::cli::{Context, Outcome};
use crate::terminal;

/// Bytes of a file that rules are run on.
const FILE_BYTES: u64 = 256 << 20;

/// Compile rules and say what is wrong with them; run them on files.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Rule files, folders or archives; the built-in and added rules when none is given
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// For which kinds of files they are, when the rules do not say
    #[arg(long = "for", value_name = "KINDS", default_value = "")]
    kinds: String,

    /// Run the rules on this file or folder; may be given several times
    #[arg(long = "on", value_name = "PATH")]
    targets: Vec<PathBuf>,
}

/// What running the rules came to.
#[derive(Default)]
struct Tally {
    files: u64,
    bytes: u64,
    hits: u64,
    failures: u64,
}

impl Test {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let rules = YaraRules::new(self.sources(context)?);
        let problems = rules.problems()?;
        for problem in &problems {
            terminal::warn(&format!("left out:\n{}", problem.message.trim_end()));
        }
        let (files, count) = (rules.sources().len(), rules.facts()?.len());
        let wrong = problems.len();
        write_to(None, |out| {
            Ok(writeln!(out, "{count} rules in {files} files compile; {wrong} problems")?)
        })?;
        if !self.targets.is_empty() {
            self.run_on_files(YaraDetector::new(rules))?;
        }
        Ok(if problems.is_empty() { Outcome::Allowed } else { Outcome::Failed })
    }

    fn sources(&self, context: &Context) -> anyhow::Result<Vec<RuleSource>> {
        if self.paths.is_empty() {
            return super::sources(&context.data_dir);
        }
        let mut sources = Vec::new();
        for path in &self.paths {
            let (rules, licences) = added::read(path)?;
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let kinds = self.kinds.clone();
            let alone = matches!(rules.as_slice(), [(inner, _)] if *inner == name);
            let pack = Pack {
                name,
                origin: String::new(),
                licence: String::new(),
                kinds,
                rules,
                licences,
            };
            let mut found = pack.sources();
            if alone {
                found.iter_mut().for_each(|source| source.name = path.display().to_string());
            }
            sources.extend(found);
        }
        Ok(sources)
    }

    fn run_on_files(&self, detector: YaraDetector) -> anyhow::Result<()> {
        let mut tally = Tally::default();
        let mut waiting = self.targets.clone();
        waiting.reverse();
        while let Some(path) = waiting.pop() {
            let metadata = std::fs::symlink_metadata(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            if metadata.is_dir() {
                let entries = std::fs::read_dir(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let mut inside: Vec<PathBuf> =
                    entries.flatten().map(|entry| entry.path()).collect();
                inside.sort_by(|a, b| b.cmp(a));
                waiting.extend(inside);
            } else if metadata.is_file() {
                tally.look(&detector, &path)?;
            }
        }
        let Tally { files, bytes, hits, failures } = tally;
        write_to(None, |out| {
            Ok(writeln!(
                out,
                "{files} files, {} MiB: {hits} hits, {failures} not looked at",
                bytes >> 20
            )?)
        })
    }
}

impl Tally {
    /// Runs the rules on one file and prints what they find.
    fn look(&mut self, detector: &YaraDetector, path: &Path) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes));
        let shown = path.display().to_string();
        if let Err(error) = read {
            self.failures += 1;
            terminal::warn(&format!("{shown}: {error}"));
            return Ok(());
        }
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let sample = Sample::new(&shown, false, &bytes);
        if !detector.wants(&sample) {
            return Ok(());
        }
        match detector.scan(&sample) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => write_to(None, |out| {
                for hit in &found.evidence {
                    self.hits += 1;
                    let at =
                        hit.span.map_or_else(String::new, |span| format!(" at {}", span.offset));
                    writeln!(out, "{shown}: {} {:.2}{at}: {}", hit.name, hit.score, hit.excerpt)?;
                }
                Ok(())
            }),
            Err(error) => {
                self.failures += 1;
                terminal::warn(&format!("{shown}: {error}"));
                Ok(())
            }
        }
    }
}
