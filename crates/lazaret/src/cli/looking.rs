//! How images are looked at: the options that `scan`, `sbom` and `diff` share.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use image::{Limits, Options, Target};
use model::{Digest, Platform, Report, Timestamp};
use scan::{Eyes, Inspection, Inspector, LayerCache};

use super::Context;
use super::judging::Court;
use super::seeing::{FreshRules, Seeing};

/// Most bytes of a password or a bill of materials read from a file or standard input.
const MAX_SECRET_BYTES: u64 = 64 << 10;
const MAX_SBOM_BYTES: u64 = 512 << 20;

/// How an image is looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub(crate) struct Looking {
    /// Which build of a multi-architecture image, as os/architecture[/variant]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,

    /// The base image, by whose layers findings are split into inherited and own
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,

    /// Speak plain HTTP to this registry (loopback addresses always may)
    #[arg(long = "insecure-registry", value_name = "HOST[:PORT]")]
    insecure_registries: Vec<String>,

    /// User for the registry; without it the docker configuration decides
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,

    /// Read the registry password from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Read every layer again; keep nothing
    #[arg(long)]
    no_cache: bool,

    /// Threads that read layers; as many as processors by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Images ready to be looked at, with the same options for all.
pub(crate) struct Viewer<'a> {
    context: &'a Context,
    eyes: Eyes<'static>,
    fresh_rules: Option<FreshRules>,
    cache: Option<LayerCache>,
    options: Options,
    threads: usize,
    base: Option<Vec<Digest>>,
}

impl Looking {
    /// Opens the eyes and the layer cache and resolves the base image, once for all images.
    /// Without `seeing` only packages are looked for.
    pub(crate) fn viewer<'a>(
        &self,
        context: &'a Context,
        seeing: Option<&Seeing>,
    ) -> anyhow::Result<Viewer<'a>> {
        let (eyes, fresh_rules) = match seeing {
            Some(seeing) => seeing.eyes(context)?,
            None => (Eyes::default(), None),
        };
        let options = Options {
            platform: self.platform.clone(),
            limits: Limits::default(),
            insecure_registries: self.insecure_registries.clone(),
            credentials: self.credentials()?,
        };
        let cache = if self.no_cache { None } else { open_cache(context, &eyes, &options) };
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(available).max(1);
        let mut viewer = Viewer { context, eyes, fresh_rules, cache, options, threads, base: None };
        if let Some(word) = &self.base {
            let target = Target::parse(word)?;
            let ids = viewer.inspector().diff_ids(&target, &viewer.options);
            viewer.base = Some(ids.with_context(|| format!("base image {word}"))?);
        }
        Ok(viewer)
    }

    fn credentials(&self) -> anyhow::Result<Option<(String, String)>> {
        let Some(username) = &self.username else { return Ok(None) };
        let mut password = String::new();
        std::io::stdin().lock().take(MAX_SECRET_BYTES).read_to_string(&mut password)?;
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
        if password.is_empty() {
            bail!("--password-stdin: standard input is empty; pipe the password in");
        }
        Ok(Some((username.clone(), password)))
    }
}

fn open_cache(context: &Context, eyes: &Eyes<'_>, options: &Options) -> Option<LayerCache> {
    let directory = context.cache_dir.join("layers");
    match LayerCache::open(&directory, eyes, &options.limits) {
        Ok(cache) => Some(cache),
        Err(error) => {
            let place = directory.display();
            crate::terminal::warn(&format!("layer results are not kept: {place}: {error}"));
            None
        }
    }
}

impl Viewer<'_> {
    fn inspector(&self) -> Inspector<'_> {
        Inspector {
            eyes: &self.eyes,
            cache: self.cache.as_ref(),
            threads: self.threads,
            progress: &self.context.bar,
        }
    }

    /// Looks at one image or bill of materials.
    pub(crate) fn inspect(&self, word: &str, now: Timestamp) -> anyhow::Result<Inspection> {
        let target = Target::parse(word)?;
        let inspection = match &target {
            Target::Sbom(path) => Inspection::of_sbom(word, &read_sbom(path)?, now)?,
            target => self.inspector().inspect(target, &self.options, self.base.as_deref(), now)?,
        };
        self.context.bar.clear();
        Ok(inspection)
    }

    /// Looks at one image and judges it.
    pub(crate) fn judge(
        &self,
        word: &str,
        court: &Court,
        now: Timestamp,
    ) -> anyhow::Result<Report> {
        let mut inspection = self.inspect(word, now)?;
        court.gather(&Target::parse(word)?, &self.options, &mut inspection, now)?;
        court.report(inspection, now)
    }

    /// Keeps the layer cache within its bound, and what was compiled.
    pub(crate) fn finish(&self) {
        if let Some(rules) = &self.fresh_rules {
            rules.keep();
        }
        if let Some(cache) = &self.cache {
            let _ = cache.trim();
        }
    }
}

fn read_sbom(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(MAX_SBOM_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SBOM_BYTES {
        bail!(
            "{}: larger than {} MiB, the most for a bill of materials",
            path.display(),
            MAX_SBOM_BYTES >> 20
        );
    }
    Ok(bytes)
}
