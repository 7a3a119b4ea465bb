//! `lazaret rules`: show, test, add, fetch and remove YARA rules for malicious code.

mod added;
mod fetch;
mod testing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use malware::{RuleFacts, RuleSource, YaraRules, built_in_rules};

use self::added::{Added, Pack};
use super::writing::write_to;
use super::{Context, Outcome};
use crate::terminal;

/// Licences that are shown of a set.
const LICENCES_SHOWN: usize = 12;
/// Messages of the compiler that are shown of one set.
const PROBLEMS_SHOWN: usize = 20;

const EXAMPLES: &str = "\
Examples:
  lazaret rules list                            the built-in rules and the sets that were added
  lazaret rules test my.yar --on suspect.php    compile rules, and run them on a file
  lazaret rules add my-rules/ --name mine       use your own rules in scans
  lazaret rules fetch                           the public sets that can be fetched, with licences
  lazaret rules fetch reversinglabs             fetch one and use it in scans
  lazaret rules remove mine";

/// Show, test, add, fetch and remove YARA rules for malicious code.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rules {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the sets of rules: built-in and added
    List(List),
    /// Compile rules and say what is wrong with them; run them on files
    Test(testing::Test),
    /// Add a file, folder or archive of rules
    Add(Add),
    /// Fetch a public set of rules; without a name, list what can be fetched
    Fetch(fetch::Fetch),
    /// Remove a set that was added
    Remove(Remove),
}

#[derive(Debug, Args)]
struct List {
    /// List every rule
    #[arg(long)]
    all: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Add {
    /// A rule file, a folder of them, or a zip or tar
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// What to call the set; the name of the file or folder when not given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// For which kinds of files it is, when the rules do not say: php, jsp, web, script, elf …
    #[arg(long = "for", value_name = "KINDS", default_value = "")]
    kinds: String,

    /// Use the rules under the licences that are shown
    #[arg(long)]
    accept_licence: bool,
}

#[derive(Debug, Args)]
struct Remove {
    /// The set
    #[arg(value_name = "NAME")]
    name: String,
}

impl Rules {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::List(list) => list.run(context),
            Verb::Test(test) => test.run(context),
            Verb::Add(add) => add.run(context),
            Verb::Fetch(fetch) => fetch.run(context),
            Verb::Remove(remove) => {
                Added::open(&context.data_dir).remove(&remove.name)?;
                Ok(Outcome::Allowed)
            }
        }
    }
}

/// The built-in rules and those that were added, for scans.
pub(crate) fn sources(data_dir: &Path) -> anyhow::Result<Vec<RuleSource>> {
    let mut sources = built_in_rules();
    sources.extend(Added::open(data_dir).sources()?);
    Ok(sources)
}

impl List {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if self.all {
            return list_every_rule(context);
        }
        let built_in = built_in_rules();
        let rules = YaraRules::new(built_in.clone());
        let facts = rules.facts()?;
        let mut rows = vec![Row {
            name: "built-in".to_owned(),
            files: built_in.len(),
            rules: facts.len(),
            licence: "Apache-2.0".to_owned(),
            digest: rules.key(),
            origin: "shipped".to_owned(),
        }];
        for set in Added::open(&context.data_dir).sets()? {
            rows.push(Row {
                name: set.name,
                files: set.files,
                rules: set.rules,
                licence: set.licence,
                digest: set.digest,
                origin: set.origin,
            });
        }
        write_to(None, |out| {
            if self.json {
                let rows: Vec<serde_json::Value> = rows.iter().map(Row::json).collect();
                serde_json::to_writer_pretty(&mut *out, &rows)?;
                return Ok(writeln!(out)?);
            }
            writeln!(
                out,
                "{:24} {:>6} {:>6}  {:16} {:28} FROM",
                "SET", "FILES", "RULES", "DIGEST", "LICENCE"
            )?;
            for row in &rows {
                let digest = row.digest.get(..16).unwrap_or(&row.digest);
                let Row { name, files, rules, licence, origin, .. } = row;
                writeln!(
                    out,
                    "{name:24} {files:>6} {rules:>6}  {digest:16} {licence:28} {origin}"
                )?;
            }
            Ok(())
        })?;
        Ok(Outcome::Allowed)
    }
}

/// One set of rules, as it is listed.
struct Row {
    name: String,
    files: usize,
    rules: usize,
    licence: String,
    digest: String,
    origin: String,
}

impl Row {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name, "files": self.files, "rules": self.rules,
            "licence": self.licence, "digest": self.digest, "origin": self.origin,
        })
    }
}

fn list_every_rule(context: &Context) -> anyhow::Result<Outcome> {
    let facts = YaraRules::new(sources(&context.data_dir)?).facts()?;
    write_to(None, |out| {
        writeln!(out, "{:36} {:>5} {:32} WHAT", "RULE", "SCORE", "FILE")?;
        for rule in &facts {
            let RuleFacts { name, score, source, description, .. } = rule;
            writeln!(out, "{name:36} {score:>5.2} {source:32} {description}")?;
        }
        Ok(())
    })?;
    Ok(Outcome::Allowed)
}

impl Add {
    fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let stem = self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.or(stem).unwrap_or_default();
        let (rules, licences) = added::read(&self.path)?;
        let origin = self.path.display().to_string();
        let pack =
            Pack { name, origin, licence: String::new(), kinds: self.kinds, rules, licences };
        keep(pack, self.accept_licence, context)
    }
}

/// Compiles a set, shows its licences and what is wrong with it, and adds it.
fn keep(pack: Pack, accepted: bool, context: &Context) -> anyhow::Result<Outcome> {
    let added = Added::open(&context.data_dir);
    added.check_name(&pack.name)?;
    let compiled = YaraRules::new(pack.sources());
    let problems = compiled.problems()?;
    let facts = compiled.facts()?;
    for problem in problems.iter().take(PROBLEMS_SHOWN) {
        terminal::warn(&format!("left out:\n{}", problem.message.trim_end()));
    }
    if problems.len() > PROBLEMS_SHOWN {
        terminal::warn(&format!("{} more are left out", problems.len() - PROBLEMS_SHOWN));
    }
    if facts.is_empty() {
        bail!("{}: no rule of it compiles, nothing added", pack.name);
    }
    let licence = show_licences(&pack, &facts)?;
    if !accepted {
        bail!("{}: not added; say --accept-licence when these terms suit you", pack.name);
    }
    let pack = Pack { licence, ..pack };
    added.add(&pack, facts.len())?;
    let (rules, name) = (facts.len(), &pack.name);
    write_to(None, |out| {
        Ok(writeln!(out, "added {rules} rules as `{name}`: scans use them from now on")?)
    })?;
    Ok(Outcome::Allowed)
}

/// Says under which licences the rules are; gives the words for the set.
fn show_licences(pack: &Pack, facts: &[RuleFacts]) -> anyhow::Result<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in facts.iter().filter(|rule| !rule.licence.is_empty()) {
        *counts.entry(rule.licence.as_str()).or_default() += 1;
    }
    let unnamed = facts.len() - counts.values().sum::<usize>();
    write_to(None, |out| {
        writeln!(out, "{}: {} rules in {} files", pack.name, facts.len(), pack.rules.len())?;
        if !pack.licence.is_empty() {
            writeln!(out, "  the set: {}", pack.licence)?;
        }
        for (path, text) in &pack.licences {
            let title = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
            writeln!(out, "  {path}: {title}")?;
        }
        for (licence, count) in counts.iter().take(LICENCES_SHOWN) {
            writeln!(out, "  {count} rules: {licence}")?;
        }
        Ok(writeln!(out, "  {unnamed} rules name no licence of their own")?)
    })?;
    let named = counts.iter().max_by_key(|(_, count)| **count).map(|(licence, _)| *licence);
    Ok(match (&pack.licence, named) {
        (set, _) if !set.is_empty() => set.clone(),
        (_, Some(named)) => named.to_owned(),
        _ => "unknown".to_owned(),
    })
}
