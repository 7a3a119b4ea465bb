//! `lazaret rules fetch`: public sets of rules, from their authors, on their terms. What is known
//! is in `rules/yara/sources.yaml`.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use malware::unpack_rules;
use model::Progress;
use serde::Deserialize;

use super::added::{PACK_BYTES, Pack};
use crate::cli::writing::write_to;
use crate::cli::{Context, Outcome};

const SOURCES: &str = include_str!("../../../../../rules/yara/sources.yaml");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
const BODY_TIMEOUT: Duration = Duration::from_secs(600);
const COPY_BUFFER_BYTES: usize = 128 << 10;
const USER_AGENT: &str = concat!("lazaret/", env!("CARGO_PKG_VERSION"));

/// Fetch a public set of rules; without a name, list what can be fetched.
#[derive(Debug, Args)]
pub(super) struct Fetch {
    /// The set
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Ask this mirror instead: it has NAME.tar.gz
    #[arg(long, value_name = "URL", env = "LAZARET_RULES_MIRROR")]
    mirror: Option<String>,

    /// Use the rules under the licence that is shown
    #[arg(long)]
    accept_licence: bool,
}

/// A public set of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    what: String,
    url: String,
    licence: String,
    /// Whether the licence lets anybody use and pass on the rules with attribution.
    free: bool,
    /// For which kinds of files its rules are.
    #[serde(default, rename = "for")]
    kinds: String,
    /// The folder of the archive that is taken; all when empty.
    #[serde(default)]
    below: String,
}

impl Fetch {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let sources = sources()?;
        let Some(name) = &self.name else { return list(&sources) };
        let Some(source) = sources.iter().find(|source| source.name == *name) else {
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            bail!("no public set `{name}` is known; there are: {}", known.join(", "));
        };
        if !source.free && !self.accept_licence {
            let licence = &source.licence;
            bail!("{name} is under {licence}: say --accept-licence when these terms suit you");
        }
        let url = match &self.mirror {
            Some(mirror) => format!("{}/{name}.tar.gz", mirror.trim_end_matches('/')),
            None => source.url.clone(),
        };
        let bytes = download(name, &url, context)?;
        let (rules, licences) = unpack_rules(name, &bytes).with_context(|| url.clone())?;
        let rules = source.wanted(rules);
        let pack = Pack {
            name: source.name.clone(),
            origin: url,
            licence: source.licence.clone(),
            kinds: source.kinds.clone(),
            rules,
            licences,
        };
        super::keep(pack, true, context)
    }
}

impl Source {
    /// The rule files of the folder that is taken; archives have one folder around all.
    fn wanted(&self, rules: Vec<(String, String)>) -> Vec<(String, String)> {
        let inside = |path: &str| {
            let inner = path.split_once('/').map_or(path, |(_, inner)| inner);
            self.below.is_empty() || inner.starts_with(&self.below) || path.starts_with(&self.below)
        };
        rules.into_iter().filter(|(path, _)| inside(path)).collect()
    }
}

fn sources() -> anyhow::Result<Vec<Source>> {
    serde_saphyr::from_str(SOURCES).context("rules/yara/sources.yaml")
}

fn list(sources: &[Source]) -> anyhow::Result<Outcome> {
    write_to(None, |out| {
        writeln!(out, "{:20} {:14} {:80} LICENCE", "SET", "TERMS", "WHAT")?;
        for source in sources {
            let terms = if source.free { "free" } else { "to be accepted" };
            writeln!(out, "{:20} {terms:14} {:80} {}", source.name, source.what, source.licence)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Allowed)
}

/// The bytes behind an address, bounded in size and time.
fn download(name: &str, url: &str, context: &Context) -> anyhow::Result<Vec<u8>> {
    let agent = ureq::Agent::config_builder()
        .user_agent(USER_AGENT)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .timeout_recv_body(Some(BODY_TIMEOUT))
        .build()
        .new_agent();
    let response = agent.get(url).call().with_context(|| format!("cannot fetch {url}"))?;
    let mut body = response.into_body();
    context.bar.begin(name, body.content_length());
    let mut reader = body.as_reader();
    let mut bytes = Vec::new();
    let mut buffer = vec![0; COPY_BUFFER_BYTES];
    loop {
        let read = reader.read(&mut buffer).with_context(|| format!("cannot fetch {url}"))?;
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(buffer.get(..read).unwrap_or(&[]));
        context.bar.advance(read as u64);
        if bytes.len() as u64 > PACK_BYTES {
            bail!("{url}: larger than {} MiB", PACK_BYTES >> 20);
        }
    }
    context.bar.clear();
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let sources = sources().unwrap();
        let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        assert!(sources.iter().all(|source| source.url.starts_with("https://")));
        assert!(sources.iter().all(|source| !source.licence.is_empty()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), sources.len());
    }

    #[test]
    fn only_the_wanted_folder_is_taken() {
        let sources = sources().unwrap();
        let elastic = sources.iter().find(|source| source.name == "elastic").unwrap();
        let file = |path: &str| (path.to_owned(), String::new());
        let kept =
            elastic.wanted(vec![file("x-HEAD/yara/rules/a.yar"), file("x-HEAD/other/b.yar")]);
        assert_eq!(kept, [file("x-HEAD/yara/rules/a.yar")]);
    }
}
