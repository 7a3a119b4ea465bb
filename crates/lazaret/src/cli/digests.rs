//! `lazaret digests`: lists of known files, exact and fuzzy digests. Kept in
//! `<data-dir>/digests/<name>.tsv`; scans use every list that is there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use malware::KnownDigests;

use super::writing::write_to;
use super::{Context, Outcome};
use crate::terminal;

/// Characters of the name of a list.
const NAME_CHARS: usize = 64;
/// Lines that are no digests, shown of one list.
const REJECTS_SHOWN: usize = 10;
/// What the shipped list is called.
const BUILT_IN: &str = "built-in";

const EXAMPLES: &str = "\
Examples:
  lazaret digests import known.txt --name ours   use a list in scans
  ssdeep -s shell.php | lazaret digests import - --name ours
  lazaret digests list                           which lists there are, and how long
  lazaret digests export built-in                print a list: METHOD, DIGEST, NAME
  lazaret digests remove ours

A line is METHOD, DIGEST and NAME with tabs between; methods are sha256, text, tlsh, text-tlsh and
ctph. Lines of ssdeep, sha256sum and ClamAV's .hdb are read too.";

/// Import, export and list digests of known malicious files.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Digests {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the lists: built-in and imported
    List,
    /// Import a list; what is already in a list of that name stays
    Import(Import),
    /// Print a list as text
    Export(Export),
    /// Remove a list that was imported
    Remove(Named),
}

#[derive(Debug, Args)]
struct Import {
    /// The list; `-` reads standard input
    #[arg(value_name = "FILE")]
    path: PathBuf,

    /// What to call it; the name of the file when not given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct Export {
    /// The list
    #[arg(value_name = "NAME", default_value = BUILT_IN)]
    name: String,

    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Named {
    /// The list
    #[arg(value_name = "NAME")]
    name: String,
}

impl Digests {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let folder = context.data_dir.join("digests");
        match self.verb {
            Verb::List => list(&folder)?,
            Verb::Import(import) => import.run(&folder)?,
            Verb::Export(export) => {
                let text = open(&folder, &export.name)?.to_text();
                write_to(export.output.as_deref(), |out| Ok(out.write_all(text.as_bytes())?))?;
            }
            Verb::Remove(named) => {
                let path = path(&folder, &named.name)?;
                fs::remove_file(&path)
                    .with_context(|| format!("no list is called `{}`", named.name))?;
            }
        }
        Ok(Outcome::Allowed)
    }
}

/// The imported lists, for scans.
pub(crate) fn lists(data_dir: &Path) -> anyhow::Result<Vec<KnownDigests>> {
    let folder = data_dir.join("digests");
    names(&folder)?.iter().map(|name| open(&folder, name)).collect()
}

impl Import {
    fn run(self, folder: &Path) -> anyhow::Result<()> {
        let stem = self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.or(stem).unwrap_or_default();
        let target = path(folder, &name)?;
        let (new, rejected) = match self.path.as_os_str() == "-" {
            true => KnownDigests::read(std::io::stdin().lock())?,
            false => {
                let shown = self.path.display();
                let file =
                    File::open(&self.path).with_context(|| format!("cannot read {shown}"))?;
                KnownDigests::read(file)?
            }
        };
        for line in rejected.iter().take(REJECTS_SHOWN) {
            terminal::warn(&format!("left out: {line}"));
        }
        if rejected.len() > REJECTS_SHOWN {
            terminal::warn("more lines are left out");
        }
        if new.is_empty() {
            bail!("{}: no line of it is a digest, nothing imported", self.path.display());
        }
        let mut list = match target.exists() {
            true => open(folder, &name)?,
            false => KnownDigests::default(),
        };
        let before = list.len();
        list.merge(new);
        fs::create_dir_all(folder)?;
        write_to(Some(&target), |out| Ok(out.write_all(list.to_text().as_bytes())?))?;
        let added = list.len() - before;
        write_to(None, |out| {
            Ok(writeln!(out, "{added} digests new in `{name}`: scans use them from now on")?)
        })
    }
}

fn list(folder: &Path) -> anyhow::Result<()> {
    let mut names = names(folder)?;
    names.insert(0, BUILT_IN.to_owned());
    write_to(None, |out| {
        writeln!(out, "{:24} {:>9}  METHODS", "LIST", "DIGESTS")?;
        for name in &names {
            let list = open(folder, name)?;
            let mut counts = std::collections::BTreeMap::<&str, usize>::new();
            list.files().for_each(|file| *counts.entry(file.method).or_default() += 1);
            let counts: Vec<String> =
                counts.iter().map(|(method, count)| format!("{count} {method}")).collect();
            writeln!(out, "{name:24} {:>9}  {}", list.len(), counts.join(", "))?;
        }
        Ok(())
    })
}

/// The names of the imported lists, in order.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".tsv").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn open(folder: &Path, name: &str) -> anyhow::Result<KnownDigests> {
    if name == BUILT_IN {
        return Ok(KnownDigests::shipped()?.clone());
    }
    let path = path(folder, name)?;
    let file = File::open(&path).with_context(|| format!("no list is called `{name}`"))?;
    Ok(KnownDigests::read(file)?.0)
}

/// Where a list lies: its name becomes that of a file.
fn path(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && name.len() <= NAME_CHARS && name.chars().all(allowed);
    if !fits || name.starts_with(['.', '-']) {
        bail!("`{name}` cannot name a list: use letters, digits, `-`, `_` and `.`, and --name");
    }
    if name == BUILT_IN {
        bail!("`{BUILT_IN}` names the list that is shipped; choose another name");
    }
    Ok(folder.join(format!("{name}.tsv")))
}
