//! `lazaret model`: train, measure and question the classifiers of malicious code.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use malware::{
    Corpus, Detector, LearntModel, LinearDetector, Sample, TextcnnDetector, Training, YaraDetector,
    YaraRules,
};
use policy::Fusion;

use super::writing::write_to;
use super::{Context, Outcome};

/// Bytes of a model file that are read.
const MODEL_BYTES: u64 = 1 << 20;
/// Bytes of a file that is explained.
const FILE_BYTES: u64 = 64 << 20;

const EXAMPLES: &str = "\
Examples:
  lazaret model explain upload.php                          which tokens speak against a file
  lazaret model evaluate --data samples/                    what every method and their fusion find
  lazaret model train --data samples/ --seed 1 --out my.model

The folder of samples holds train and dev, each NAME.tar.zst, or NAME.jsonl with NAME.bin.";

/// Train, measure and question the classifiers of malicious code.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Model {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train a model; the same samples and seed give the same file
    Train(Train),
    /// Measure the methods and their fusion on labelled samples of other sources
    Evaluate(Evaluate),
    /// Learn the weights of the methods, and check them on sources they were not learnt from
    Fit(Fit),
    /// Show which tokens of a file speak against it
    Explain(Explain),
}

#[derive(Debug, Args)]
struct Train {
    /// The folder of samples: learns from train, calibrates on dev
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// The model file to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    /// Threads; the result does not depend on it
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
}

#[derive(Debug, Args)]
struct Evaluate {
    /// The folder of samples
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Which samples of the folder
    #[arg(long, value_name = "NAME", default_value = "dev")]
    set: String,

    /// The model file; the built-in one when not given
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Only the two classifiers, not the other methods
    #[arg(long)]
    learnt: bool,

    /// Plant each web shell into an honest file first
    #[arg(long)]
    planted: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Fit {
    /// The folder of samples: those of dev, from which no classifier has learnt
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Explain {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The model file; the built-in one when not given
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Model {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::Train(verb) => verb.run(context),
            Verb::Evaluate(verb) => verb.run(context),
            Verb::Fit(verb) => verb.run(context),
            Verb::Explain(verb) => verb.run(),
        }
    }
}

impl Train {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let training = open_corpus(&self.data, "train")?;
        let validation = open_corpus(&self.data, "dev")?;
        let given = Training {
            training: &training,
            validation: &validation,
            seed: self.seed,
            jobs: usize::from(self.jobs),
        };
        let bytes = malware::train(&given, &mut |line| {
            if !context.quiet {
                anstream::eprintln!("{line}");
            }
        })?;
        let model = LearntModel::read(&bytes)?;
        write_to(Some(&self.out), |out| Ok(out.write_all(&bytes)?))?;
        let (facts, shown) = (model.facts(), self.out.display());
        write_to(None, |out| {
            writeln!(out, "{shown}: {} bytes, SHA-256 {}", bytes.len(), model.digest())?;
            let (shells, others) = facts.files;
            writeln!(out, "trained on {shells} web shells and {others} other files")?;
            Ok(writeln!(out, "training data BLAKE3 {}", facts.training_hash)?)
        })?;
        Ok(Outcome::Allowed)
    }
}

impl Evaluate {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let model = open_model(self.model.as_deref())?;
        let mut corpus = open_corpus(&self.data, &self.set)?;
        if self.planted {
            corpus = malware::plant(&corpus, 1);
        }
        let detectors = if self.learnt { learnt(&model) } else { all(context, &model)? };
        let detectors: Vec<&dyn Detector> = detectors.iter().map(AsRef::as_ref).collect();
        let fusion = Fusion::built_in()?;
        let found =
            malware::evaluate(&corpus, &detectors, |scores| fusion.fuse(&mut scores.to_vec()).0);
        write_to(None, |out| {
            if self.json {
                let split = &model.facts().random_split;
                let json = serde_json::json!({
                    "model": model.digest(), "evaluation": found, "random_split": split,
                });
                return Ok(writeln!(out, "{json:#}")?);
            }
            write!(out, "{}", malware::print_evaluation(&found))?;
            writeln!(out, "\nA random fifth of the training files, near duplicates on both sides")?;
            writeln!(out, "(what papers measure; it says little about other sources):\n")?;
            for (name, one, tenth) in &model.facts().random_split {
                writeln!(out, "  {name:<12} {one:.3} at 1 %, {tenth:.3} at 0.1 %")?;
            }
            Ok(())
        })?;
        Ok(Outcome::Allowed)
    }
}

impl Fit {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let corpus = open_corpus(&self.data, "dev")?;
        let detectors = all(context, &LearntModel::built_in()?)?;
        let detectors: Vec<&dyn Detector> = detectors.iter().map(AsRef::as_ref).collect();
        let files = malware::score(&corpus, &detectors);
        let weighing = scan::weighing::weigh(&files, &Fusion::built_in()?);
        write_to(None, |out| {
            for check in &weighing.checks {
                writeln!(out, "# checked on {}", check.sources.join(", "))?;
                for (name, had) in [("in use", &check.in_use), ("learnt", &check.learnt)] {
                    writeln!(out, "#   {name}: {}", found(had))?;
                }
            }
            Ok(write!(out, "{}", weighing.learnt.to_yaml())?)
        })?;
        Ok(Outcome::Allowed)
    }
}

/// What weights find, in a line.
fn found(outcome: &scan::weighing::Outcome) -> String {
    let points = outcome.figures.points.iter();
    let recall: Vec<String> =
        points.map(|point| format!("{:.3} at {} %", point.recall, point.allowed * 100.0)).collect();
    let ((found, shells), (accused, others)) = (outcome.found, outcome.accused);
    format!("{}; malicious: {found} of {shells}, {accused} of {others} others", recall.join(", "))
}

/// Every method: the two classifiers of a model, the rules, and what else is built in.
fn all(context: &Context, model: &Arc<LearntModel>) -> anyhow::Result<Vec<Box<dyn Detector>>> {
    let mut detectors: Vec<Box<dyn Detector>> = learnt(model);
    let rules = YaraRules::new(super::rules::sources(&context.data_dir)?);
    detectors.push(Box::new(YaraDetector::new(rules)));
    let others = malware::built_in_detectors(&[])?;
    let known: Vec<_> = detectors.iter().map(|detector| detector.method()).collect();
    detectors.extend(others.into_iter().filter(|other| !known.contains(&other.method())));
    Ok(detectors)
}

impl Explain {
    fn run(self) -> anyhow::Result<Outcome> {
        let model = open_model(self.model.as_deref())?;
        let bytes = read(&self.file, FILE_BYTES)?;
        let path = self.file.to_string_lossy();
        let sample = Sample::new(&path, false, &bytes);
        let mut found = Vec::new();
        for detector in learnt(&model) {
            if detector.wants(&sample) {
                found.extend(detector.scan(&sample)?);
            }
        }
        write_to(None, |out| {
            if self.json {
                return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?);
            }
            if found.is_empty() {
                return Ok(writeln!(out, "{path}: nothing speaks against it")?);
            }
            for score in &found {
                writeln!(out, "{}: {:.3}", score.method, score.score)?;
                for piece in &score.evidence {
                    let at = piece.span.map_or(0, |span| span.offset);
                    writeln!(out, "  {:>6.3}  at {at:<8} {}", piece.score, piece.excerpt)?;
                }
            }
            Ok(())
        })?;
        Ok(Outcome::Allowed)
    }
}

/// The two classifiers of a model.
fn learnt(model: &Arc<LearntModel>) -> Vec<Box<dyn Detector>> {
    vec![
        Box::new(TextcnnDetector::new(Arc::clone(model))),
        Box::new(LinearDetector::new(Arc::clone(model))),
    ]
}

fn open_model(path: Option<&Path>) -> anyhow::Result<Arc<LearntModel>> {
    let Some(path) = path else { return Ok(LearntModel::built_in()?) };
    let model = LearntModel::read(&read(path, MODEL_BYTES)?);
    Ok(Arc::new(model.with_context(|| path.display().to_string())?))
}

/// The samples NAME of a folder, packed or not.
fn open_corpus(folder: &Path, name: &str) -> anyhow::Result<Corpus> {
    let packed = folder.join(format!("{name}.tar.zst"));
    let index = folder.join(format!("{name}.jsonl"));
    if index.exists() {
        let container = open(&folder.join(format!("{name}.bin")))?;
        let corpus = Corpus::read(BufReader::new(open(&index)?), container);
        return corpus.with_context(|| index.display().to_string());
    }
    if !packed.exists() {
        let folder = folder.display();
        bail!("{folder} holds no samples: give a folder with {name}.tar.zst or {name}.jsonl");
    }
    Corpus::read_archive(open(&packed)?).with_context(|| packed.display().to_string())
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reading = open(path)?.take(limit + 1).read_to_end(&mut bytes);
    reading.with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > limit {
        bail!("{} is larger than {} MiB", path.display(), limit >> 20);
    }
    Ok(bytes)
}
