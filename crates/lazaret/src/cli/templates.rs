//! How templates are scanned: what of the command line they are, and what they are looked at with.
//!
//! `template:PATH` is explicit. Without it a file that is named or written like a Dockerfile,
//! compose file or Kubernetes manifest is a template; a folder is a tree of templates when one lies
//! in it and it does not look like a root filesystem. `rootfs:PATH` is the way to packages in a
//! folder that holds both.

use std::path::{Path, PathBuf};

use analyze::SecretScanner;
use analyze::template::{Catalogue, TemplateScanner};
use anyhow::Context as _;
use clap::Args;
use model::{Digest, Report, Timestamp};
use scan::TemplateInspector;
use store::Store;

use super::Context;
use super::judging::{Court, read_text};
use super::seeing::{Kind, Seeing};
use crate::terminal;

const PREFIX: &str = "template:";
/// The settings that are read when none are named.
const SETTINGS: &str = ".lazaret-templates.yaml";
/// Words under which `scan --save` may have kept the report of an image.
const KEPT_AS: [&str; 5] = ["", "registry:", "docker:", "podman:", "containerd:"];

/// What templates are looked at with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Templates")]
pub(crate) struct Templating {
    /// Which template rules speak, how severe they are, what they are given
    /// [default: .lazaret-templates.yaml]
    #[arg(long, value_name = "FILE")]
    template_rules: Option<PathBuf>,
}

/// Rules ready, and the reports kept of images.
pub(crate) struct Templates {
    scanner: TemplateScanner,
    secrets: Option<&'static SecretScanner>,
    store: Option<Store>,
}

/// The path of a template or a folder of them; `None` when the word means an image.
pub(crate) fn path_of(word: &str, context: &Context) -> Option<PathBuf> {
    if let Some(path) = word.strip_prefix(PREFIX) {
        return Some(path.into());
    }
    let path = Path::new(word);
    if scan::is_template(path) {
        return Some(path.to_owned());
    }
    if !path.is_dir() || path.join("index.json").is_file() || !scan::has_template(path) {
        return None;
    }
    if !context.quiet {
        let text = format!("{word}: taken for templates; rootfs:{word} looks for packages in it");
        terminal::warn(&text);
    }
    Some(path.to_owned())
}

impl Templating {
    /// Reads the rules and opens the reports that are kept, if there are any.
    pub(crate) fn open(&self, context: &Context, seeing: &Seeing) -> anyhow::Result<Templates> {
        let mut catalogue = Catalogue::built_in()?;
        let usual = Some(PathBuf::from(SETTINGS)).filter(|path| path.is_file());
        if let Some(path) = self.template_rules.clone().or(usual) {
            let set = catalogue.set(&read_text(&path)?);
            set.with_context(|| path.display().to_string())?;
        }
        let secrets = seeing.wants(Kind::Secret).then(SecretScanner::built_in).transpose()?;
        let kept = context.data_dir.join("lazaret.sqlite");
        let store = if kept.is_file() { Store::open(&kept).ok() } else { None };
        Ok(Templates { scanner: TemplateScanner::new(catalogue), secrets, store })
    }
}

impl Templates {
    /// Looks through a template, or a folder of them, and judges it.
    pub(crate) fn judge(
        &self,
        (word, path): (&str, &Path),
        court: &Court,
        now: Timestamp,
    ) -> anyhow::Result<Report> {
        let inspector = TemplateInspector { scanner: &self.scanner, secrets: self.secrets };
        let inspection = inspector.inspect(path, word, now)?;
        let judge = court.judge(now);
        Ok(judge.template_report(inspection, &self.scanner, &|image| self.stored(image)))
    }

    /// The newest report kept of an image, by its digest or else by its name.
    fn stored(&self, image: &str) -> Option<Report> {
        let store = self.store.as_ref()?;
        if let Some((_, digest)) = image.split_once('@') {
            let digest: Digest = digest.parse().ok()?;
            return store.report_by_manifest(&digest).ok().flatten();
        }
        let last = image.rsplit('/').next().unwrap_or(image);
        let tagged = if last.contains(':') { image.to_owned() } else { format!("{image}:latest") };
        let names = KEPT_AS
            .iter()
            .flat_map(|kept| [image, tagged.as_str()].map(|name| format!("{kept}{name}")));
        let heads =
            names.filter_map(|name| store.reports_by_name(&name, 1).ok()?.into_iter().next());
        let newest = heads.max_by_key(|head| head.scanned_at)?;
        store.report(newest.id).ok().flatten()
    }
}
