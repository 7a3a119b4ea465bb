//! What is looked for in an image, and the eyes that look.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analyze::SecretScanner;
use analyze::history::HistoryScanner;
use clap::{Args, ValueEnum};
use malware::{Detector, VirusEngine, YaraDetector, YaraRules};
use model::Method;
use scan::Eyes;

use super::Context;

/// Most bytes of compiled rules that are read back.
const MAX_COMPILED_BYTES: u64 = 256 << 20;

/// What is looked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Looked for")]
pub(crate) struct Seeing {
    /// What to look for
    #[arg(
        long,
        value_name = "WHAT",
        value_delimiter = ',',
        default_value = "vuln,malware,secret,history"
    )]
    scanners: Vec<Kind>,

    /// By which methods malicious code is looked for: hash_list, fuzzy_hash, yara, textcnn,
    /// linear, virus_engine, heuristic [default: all]
    #[arg(long, value_name = "METHOD", value_delimiter = ',', value_parser = method)]
    methods: Vec<Method>,

    /// Ask this ClamAV daemon too: the path of its socket, or HOST:PORT
    #[arg(long, value_name = "ADDRESS", env = "LAZARET_CLAMD")]
    clamd: Option<String>,
}

fn method(word: &str) -> Result<Method, String> {
    Method::ALL.into_iter().find(|method| method.as_str() == word).ok_or_else(|| {
        let known = Method::ALL.map(Method::as_str).join(", ");
        format!("expected one of {known}")
    })
}

/// A dimension of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Packages with known vulnerabilities
    Vuln,
    /// Malicious code, layer by layer, deleted files too
    Malware,
    /// Secrets, keys and certificates
    Secret,
    /// Suspicious build steps
    History,
}

/// Rules in use, whose compiled form is kept after the scan when it is not yet.
pub(crate) struct FreshRules {
    rules: Arc<YaraRules>,
    path: PathBuf,
}

impl Seeing {
    /// Whether this is looked for.
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.scanners.contains(&kind)
    }

    /// The eyes, and the rules whose compiled form may have to be kept.
    pub(crate) fn eyes(
        &self,
        context: &Context,
    ) -> anyhow::Result<(Eyes<'static>, Option<FreshRules>)> {
        let mut eyes = Eyes::default();
        let mut fresh = None;
        if self.wants(Kind::Secret) {
            eyes.secrets = Some(SecretScanner::built_in()?);
        }
        if self.wants(Kind::History) {
            eyes.history = Some(HistoryScanner::built_in()?);
        }
        if self.wants(Kind::Malware) {
            let rules = yara_rules(context)?;
            let yara = YaraDetector::new(Arc::clone(&rules.rules));
            fresh = Some(rules);
            let mut detectors: Vec<Box<dyn Detector>> = vec![Box::new(yara)];
            let lists = super::digests::lists(&context.data_dir)?;
            detectors.extend(malware::built_in_detectors(&lists)?);
            if let Some(address) = &self.clamd {
                detectors.push(Box::new(VirusEngine::connect(address)?));
            }
            let wanted = |method: Method| self.methods.is_empty() || self.methods.contains(&method);
            detectors.retain(|detector| wanted(detector.method()));
            eyes.malware = Some(malware::Scanner::new(detectors));
        }
        Ok((eyes, fresh))
    }
}

/// The built-in rules and those that were added. What was compiled before is read back when the
/// first file needs it.
fn yara_rules(context: &Context) -> anyhow::Result<FreshRules> {
    let rules = YaraRules::new(super::rules::sources(&context.data_dir)?);
    let path = context.cache_dir.join("yara").join(rules.key());
    let kept = path.clone();
    let rules = Arc::new(rules.stored_by(move || read_own(&kept).ok()));
    Ok(FreshRules { rules, path })
}

impl FreshRules {
    /// Keeps the compiled form for the next scan. Without it the next scan only takes longer.
    pub(crate) fn keep(&self) {
        if !self.rules.has_fresh() {
            return;
        }
        if let Ok(bytes) = self.rules.to_bytes() {
            let _ = self.write(&bytes);
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let partial = self.path.with_extension(std::process::id().to_string());
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, &self.path)
    }
}

/// A file that nobody but this user could have written: compiled rules hold machine code.
fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let me = std::fs::metadata("/proc/self")?.uid();
    let trusted = |place: &Path| -> io::Result<bool> {
        let metadata = std::fs::symlink_metadata(place)?;
        let is_own = metadata.uid() == me && metadata.mode() & 0o022 == 0;
        Ok(is_own && metadata.len() <= MAX_COMPILED_BYTES)
    };
    let parent = path.parent().unwrap_or(Path::new("."));
    if trusted(parent)? && trusted(path)? {
        std::fs::read(path)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}
