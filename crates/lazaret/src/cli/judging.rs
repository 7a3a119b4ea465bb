//! How images are judged: the options that `scan` and `diff` share, and the judge they make.

use std::io::Read;
use std::path::{Path, PathBuf};

use advisory::Database;
use anyhow::{Context as _, bail};
use clap::Args;
use image::Target;
use model::{Exception, Lookaside, Report, Timestamp};
use policy::Policy;
use policy::trust::TrustPolicy;
use scan::{Inspection, Judge, TrustCheck, Vex};

use super::Context;
use super::seeing::{Kind, Seeing};

/// The ignore files that are read when none is named.
const IGNORE_FILES: [&str; 3] = [".lazaretignore.yaml", ".lazaretignore", ".trivyignore"];
/// The folder beside a `containers-policy.json` that says where signatures lie.
const REGISTRIES_D: &str = "registries.d";
/// Most bytes of a policy, an ignore file or a VEX document.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// How an image is judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judgement")]
pub(crate) struct Judging {
    /// The policy; without one the built-in policy judges (`lazaret policy show`)
    #[arg(long, value_name = "FILE", env = "LAZARET_POLICY")]
    policy: Option<PathBuf>,

    /// Whom to trust for which images: a trust section, or a containers-policy.json
    /// [default: the policy's own section]
    #[arg(long, value_name = "FILE", env = "LAZARET_TRUST_POLICY")]
    trust_policy: Option<PathBuf>,

    /// Findings to live with: id, owner, reason, expiry [default: .lazaretignore.yaml]
    #[arg(long, value_name = "FILE")]
    ignore_file: Option<PathBuf>,

    /// VEX documents (OpenVEX, CSAF) whose statements take findings out
    #[arg(long, value_name = "FILE")]
    vex: Vec<PathBuf>,
}

/// A judge that owns what it judges with.
pub(crate) struct Court {
    database: Option<Database>,
    policy: Policy,
    trust: Option<TrustPolicy>,
    /// The folder that relative paths of keys are meant from.
    folder: PathBuf,
    exceptions: Vec<Exception>,
    vex: Vex,
}

impl Judging {
    /// Reads the policy, the exceptions, the VEX documents and, when vulnerabilities are looked
    /// for, the database.
    pub(crate) fn court(&self, context: &Context, seeing: &Seeing) -> anyhow::Result<Court> {
        self.seated(context, seeing.wants(Kind::Vuln))
    }

    /// The same without a database: for templates, which hold no packages.
    pub(crate) fn court_of_templates(&self, context: &Context) -> anyhow::Result<Court> {
        self.seated(context, false)
    }

    fn seated(&self, context: &Context, with_database: bool) -> anyhow::Result<Court> {
        let policy = read_policy(self.policy.as_deref())?;
        let mut exceptions = Vec::new();
        if let Some(path) = self.ignore_file.clone().or_else(default_ignore_file) {
            let name = path.display().to_string();
            exceptions = policy::parse_ignore_file(&name, &read_text(&path)?)?;
        }
        let mut vex = Vex::default();
        for path in &self.vex {
            vex.extend(Vex::parse(read_text(path)?.as_bytes(), &path.display().to_string())?);
        }
        if !context.quiet {
            vex.notes().iter().for_each(|note| crate::terminal::warn(note));
        }
        let database = with_database.then(|| open_database(&context.data_dir)).transpose()?;
        let (trust, folder) = self.trust(&policy)?;
        Ok(Court { database, policy, trust, folder, exceptions, vex })
    }
}

impl Judging {
    /// The trust policy, and the folder that it lies in.
    fn trust(&self, policy: &Policy) -> anyhow::Result<(Option<TrustPolicy>, PathBuf)> {
        let folder = |path: Option<&Path>| {
            path.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned)
        };
        let Some(path) = &self.trust_policy else {
            return Ok((policy.trust.clone(), folder(self.policy.as_deref())));
        };
        let mut trust = TrustPolicy::parse(&path.display().to_string(), &read_text(path)?)?;
        let folder = folder(Some(path));
        if trust.lookasides.is_empty() {
            trust.lookasides = lookasides(&folder.join(REGISTRIES_D))?;
        }
        Ok((Some(trust), folder))
    }
}

/// Where GPG signatures lie, by the folder that podman and skopeo read beside their policy.
fn lookasides(folder: &Path) -> anyhow::Result<Vec<Lookaside>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let name = path.display().to_string();
        found.extend(policy::trust::registries_d(&name, &read_text(&path)?)?);
    }
    Ok(found)
}

impl Court {
    /// Gathers what the trust policy asks of an image.
    pub(crate) fn gather(
        &self,
        target: &Target,
        options: &image::Options,
        inspection: &mut Inspection,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some(policy) = &self.trust else { return Ok(()) };
        let check = TrustCheck { policy, folder: &self.folder, options };
        Ok(check.gather(target, inspection, now)?)
    }

    /// Judges what was found in an image.
    pub(crate) fn report(&self, inspection: Inspection, now: Timestamp) -> anyhow::Result<Report> {
        Ok(self.judge(now).report(inspection)?)
    }

    /// The judge, at a time.
    pub(crate) fn judge(&self, now: Timestamp) -> Judge<'_> {
        Judge {
            database: self.database.as_ref(),
            policy: &self.policy,
            trust: self.trust.as_ref(),
            exceptions: &self.exceptions,
            vex: &self.vex,
            tool_version: env!("CARGO_PKG_VERSION"),
            now,
        }
    }
}

/// The policy in a file, or the built-in one.
pub(crate) fn read_policy(path: Option<&Path>) -> anyhow::Result<Policy> {
    match path {
        Some(path) => Ok(Policy::parse(&path.display().to_string(), &read_text(path)?)?),
        None => Ok(Policy::built_in()?),
    }
}

/// The advisory database in the data directory.
pub(crate) fn open_database(data_dir: &Path) -> anyhow::Result<Database> {
    Database::open(data_dir).with_context(|| {
        format!(
            "no advisories to match against; fetch them with `lazaret advisories update`, or read \
             local copies with `lazaret advisories import DIR` (data directory {})",
            data_dir.display()
        )
    })
}

fn default_ignore_file() -> Option<PathBuf> {
    IGNORE_FILES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// A text file, within the bound.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    let read = file.take(MAX_DOCUMENT_BYTES + 1).read_to_string(&mut text);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() as u64 > MAX_DOCUMENT_BYTES {
        bail!(
            "{}: larger than {} MiB, the most for a document",
            path.display(),
            MAX_DOCUMENT_BYTES >> 20
        );
    }
    Ok(text)
}
