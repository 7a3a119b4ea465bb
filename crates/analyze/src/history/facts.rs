//! What the commands of a step do to files, as lines that rules can be written against:
//!
//! - `writes PATH by NAME: CONTENT` for every file that a command writes;
//! - `fetch unverified run PATH URL` for every file that comes from the network: whether a checksum
//!   or signature is tested in the step (`verified`), and what becomes of it (`run`, `executable`,
//!   `installed`, `kept`);
//! - `removes PATH` for a file that this step deletes and did not write.

use std::collections::BTreeMap;
use std::ops::Range;

use super::paths::{base_name, resolve};
use super::shell::{Command, RedirectKind, Script, is_interpreter};
use super::subject::Subject;
use crate::limits::MAX_STEP_FACTS;

/// Commands that put a file from the network onto the disk.
const FETCHERS: [&str; 7] = ["curl", "wget", "wget2", "aria2c", "axel", "fetch", "lwp-download"];
/// Commands that test a checksum or a signature when they are called so.
const VERIFIERS: [&str; 5] = ["gpgv", "cosign", "minisign", "signify", "slsa-verifier"];
/// Longest content of a written file that a line holds, in bytes.
const MAX_CONTENT_BYTES: usize = 4 << 10;

/// Everything that the facts of a step are gathered from.
pub(super) struct Facts {
    directory: String,
    fetched: Vec<Fetch>,
    written: BTreeMap<String, ()>,
    verified: bool,
    lines: Vec<Subject>,
}

/// One file from the network.
struct Fetch {
    url: String,
    path: String,
    range: Range<usize>,
    fate: Fate,
}

/// What becomes of it. Ordered: the worst is the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Kept,
    Installed,
    Executable,
    Run,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Fate::Kept => "kept",
            Fate::Installed => "installed",
            Fate::Executable => "executable",
            Fate::Run => "run",
        }
    }
}

/// The facts of a script that starts in a directory.
pub(super) fn of_script(script: &Script, directory: &str) -> Vec<Subject> {
    let mut facts = Facts {
        directory: directory.to_owned(),
        fetched: Vec::new(),
        written: BTreeMap::new(),
        verified: false,
        lines: Vec::new(),
    };
    for pipeline in &script.pipelines {
        for (place, command) in pipeline.iter().enumerate() {
            let source = pipeline.first().filter(|_| place > 0).unwrap_or(command);
            facts.command(command, source);
        }
    }
    facts.finish()
}

/// The facts of a `COPY` or `ADD`: the files that it writes.
pub(super) fn of_copy(words: &[String], range: &Range<usize>, directory: &str) -> Vec<Subject> {
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let Some((target, sources)) = words.split_last() else { return Vec::new() };
    let sources = sources.iter().filter(|word| **word != "in").take(MAX_STEP_FACTS);
    let many = sources.clone().count() > 1;
    sources
        .map(|source| {
            let named = if target.ends_with('/') || many || *target == "." {
                format!("{target}/{}", base_name(source))
            } else {
                (*target).to_owned()
            };
            let path = resolve(directory, &named);
            let line = format!("writes {path} by copy: {source}");
            Subject {
                text: line,
                range: range.clone(),
                paths: vec![path],
                directory: directory.to_owned(),
            }
        })
        .collect()
}

impl Facts {
    fn command(&mut self, command: &Command, source: &Command) {
        for (kind, target) in &command.redirects {
            if matches!(kind, RedirectKind::Write | RedirectKind::Append) {
                let content = content(command, source);
                self.writes(target, command, &content);
            }
        }
        let Some((name, arguments)) = command.words.split_first() else { return };
        let name = base_name(name);
        if name == "cd" || name == "pushd" {
            if let Some(to) = arguments.iter().find(|word| !word.starts_with('-')) {
                self.directory = resolve(&self.directory, to);
            }
            return;
        }
        self.verified |= verifies(name, arguments);
        self.run(command);
        if FETCHERS.contains(&name) {
            self.fetch(name, command);
        } else if name == "git" && arguments.first().is_some_and(|word| word == "clone") {
            self.clone_repository(command);
        } else {
            self.file_command(name, command, source);
        }
    }

    fn file_command(&mut self, name: &str, command: &Command, source: &Command) {
        let arguments = &command.words[1..];
        let plain: Vec<&String> =
            arguments.iter().filter(|word| !word.starts_with('-')).take(MAX_STEP_FACTS).collect();
        match name {
            "tee" => {
                let content = content(source, source);
                plain.iter().for_each(|target| self.writes(target, command, &content));
            }
            "cp" | "mv" | "install" | "ln" if plain.len() > 1 => {
                let (target, sources) = (plain[plain.len() - 1], &plain[..plain.len() - 1]);
                for source in sources {
                    let named = if target.ends_with('/') || sources.len() > 1 {
                        format!("{target}/{}", base_name(source))
                    } else {
                        (*target).clone()
                    };
                    self.writes(&named, command, source);
                    self.moved(source, &named);
                }
            }
            "sed" | "perl" if arguments.iter().any(|word| is_in_place(word)) => {
                let (scripts, files) = plain.split_at(1.min(plain.len()));
                let script = scripts.first().map_or("", |script| script.as_str());
                files.iter().for_each(|file| self.writes(file, command, script));
            }
            "dd" => {
                let targets = arguments.iter().filter_map(|word| word.strip_prefix("of="));
                targets.for_each(|target| self.writes(target, command, ""));
            }
            "chmod" if plain.first().is_some_and(|mode| is_executable_mode(mode)) => {
                plain[1..].iter().for_each(|file| self.fate(file, Fate::Executable));
            }
            "rm" | "shred" | "unlink" => {
                plain.iter().for_each(|file| self.removes(file, command));
            }
            _ => {}
        }
    }

    fn writes(&mut self, target: &str, command: &Command, content: &str) {
        if target.starts_with("/dev/") && !target.starts_with("/dev/shm/") {
            return;
        }
        let path = resolve(&self.directory, target);
        let by = command.words.first().map_or("", |name| base_name(name));
        let content = super::created_by::cut(content, MAX_CONTENT_BYTES);
        self.line(format!("writes {path} by {by}: {content}"), &command.range, Some(path.clone()));
        self.written.insert(path, ());
    }

    fn removes(&mut self, file: &str, command: &Command) {
        let path = resolve(&self.directory, file);
        if !self.written.contains_key(&path) {
            self.line(format!("removes {path}"), &command.range, Some(path));
        }
    }

    fn line(&mut self, text: String, range: &Range<usize>, path: Option<String>) {
        if self.lines.len() < MAX_STEP_FACTS {
            let (paths, directory) = (path.into_iter().collect(), self.directory.clone());
            self.lines.push(Subject { text, range: range.clone(), paths, directory });
        }
    }

    fn fetch(&mut self, name: &str, command: &Command) {
        let words = &command.words[1..];
        let urls: Vec<&String> = words.iter().filter(|word| is_address(word)).collect();
        let target = if name == "curl" { curl_target(words) } else { wget_target(words) };
        let piped = command.redirects.iter();
        let mut piped = piped.filter(|(kind, _)| *kind != RedirectKind::Read).map(|(_, word)| word);
        let redirected = piped.next_back().filter(|word| !word.starts_with("/dev/"));
        let fallback = words.iter().rfind(|word| !word.starts_with('-'));
        for url in urls.into_iter().chain(fallback).take(1) {
            let named = match &target {
                Target::File(file) if file != "-" => file.clone(),
                Target::Remote(directory) => {
                    format!("{directory}{}", base_name(without_query(url)))
                }
                _ => match redirected {
                    Some(file) => file.clone(),
                    None => return,
                },
            };
            let path = resolve(&self.directory, &named);
            self.written.insert(path.clone(), ());
            self.line(
                format!("writes {path} by {name}: {url}"),
                &command.range,
                Some(path.clone()),
            );
            self.add_fetch(url, path, &command.range);
        }
    }

    fn clone_repository(&mut self, command: &Command) {
        let plain: Vec<&String> =
            command.words[2..].iter().filter(|word| !word.starts_with('-')).collect();
        let Some(at) = plain.iter().position(|word| is_address(word) || word.starts_with("git@"))
        else {
            return;
        };
        let url = plain[at];
        let named = base_name(url).trim_end_matches(".git");
        let named = plain.get(at + 1).map_or(named, |directory| directory.as_str());
        let path = resolve(&self.directory, named);
        self.add_fetch(url, path, &command.range);
    }

    fn add_fetch(&mut self, url: &str, path: String, range: &Range<usize>) {
        if self.fetched.len() < MAX_STEP_FACTS {
            let (url, range) = (url.to_owned(), range.clone());
            self.fetched.push(Fetch { url, path, range, fate: Fate::Kept });
        }
    }

    /// Whether the command runs or installs a file that was fetched.
    fn run(&mut self, command: &Command) {
        if self.fetched.is_empty() {
            return;
        }
        let (name, arguments) = (&command.words[0], &command.words[1..]);
        self.fate(name, Fate::Run);
        let first = arguments.iter().find(|word| !word.starts_with(['-', '+']));
        match base_name(name) {
            name if is_interpreter(name) => {
                if let Some(file) = first {
                    self.fate(file, Fate::Run);
                }
            }
            "java" => arguments.iter().for_each(|word| self.fate(word, Fate::Run)),
            "dpkg" | "rpm" | "apt" | "apt-get" | "yum" | "dnf" | "apk" | "pip" | "pip3" | "npm"
            | "gem" => arguments.iter().for_each(|word| self.fate(word, Fate::Installed)),
            _ => {}
        }
    }

    fn fate(&mut self, word: &str, fate: Fate) {
        let path = resolve(&self.directory, word);
        for fetch in &mut self.fetched {
            if fetch.path == path {
                fetch.fate = fetch.fate.max(fate);
            }
        }
    }

    fn moved(&mut self, from: &str, to: &str) {
        let (from, to) = (resolve(&self.directory, from), resolve(&self.directory, to));
        let inside = format!("{to}/{}", base_name(&from));
        let moved: Vec<Fetch> = self
            .fetched
            .iter()
            .filter(|fetch| fetch.path == from)
            .flat_map(|fetch| {
                [to.clone(), inside.clone()].map(|path| Fetch {
                    path,
                    url: fetch.url.clone(),
                    range: fetch.range.clone(),
                    fate: fetch.fate,
                })
            })
            .collect();
        self.fetched.extend(moved);
        self.fetched.truncate(MAX_STEP_FACTS);
    }

    fn finish(mut self) -> Vec<Subject> {
        let verified = if self.verified { "verified" } else { "unverified" };
        for fetch in std::mem::take(&mut self.fetched) {
            let Fetch { url, path, range, fate } = fetch;
            let line = format!("fetch {verified} {} {path} {url}", fate.as_str());
            self.line(line, &range, Some(path));
        }
        self.lines
    }
}

/// What is written: the words of `echo` and `printf`, the text of a here-document, else the source.
fn content(command: &Command, source: &Command) -> String {
    let documents = command.redirects.iter().chain(&source.redirects);
    let document = documents
        .filter(|(kind, _)| matches!(kind, RedirectKind::HereDocument | RedirectKind::HereString))
        .map(|(_, text)| text.clone())
        .next();
    document.unwrap_or_else(|| source.words.join(" "))
}

/// Whether a command tests a checksum or a signature.
fn verifies(name: &str, arguments: &[String]) -> bool {
    let any = |test: &dyn Fn(&str) -> bool| arguments.iter().any(|word| test(word));
    match name {
        "[" | "[[" | "test" => any(&|word| word.contains("sum ") || word.contains("openssl ")),
        "gpg" | "gpg2" => any(&|word| matches!(word, "--verify" | "--decrypt" | "-d")),
        "openssl" => any(&|word| word == "-verify"),
        "rpm" | "rpmkeys" => any(&|word| matches!(word, "-K" | "--checksig")),
        name if name.ends_with("sum") => any(&|word| {
            word == "--check"
                || word.starts_with('-') && !word.starts_with("--") && word.contains('c')
        }),
        name => VERIFIERS.contains(&name),
    }
}

/// Where a fetcher puts what it gets.
enum Target {
    /// In this file; `-` for the standard output.
    File(String),
    /// Under its own name, behind this prefix.
    Remote(String),
    /// On the standard output.
    Output,
}

fn curl_target(words: &[String]) -> Target {
    let mut target = Target::Output;
    for (at, word) in words.iter().enumerate() {
        let short = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        if let Some(file) = word.strip_prefix("--output=") {
            return Target::File(file.to_owned());
        }
        if word == "--output" || short.is_some_and(|letters| letters.ends_with('o')) {
            return words.get(at + 1).map_or(Target::Output, |file| Target::File(file.clone()));
        }
        if word.starts_with("--remote-name") || short.is_some_and(|letters| letters.contains('O')) {
            target = Target::Remote(String::new());
        }
    }
    target
}

fn wget_target(words: &[String]) -> Target {
    let mut directory = String::new();
    for (at, word) in words.iter().enumerate() {
        let next = || words.get(at + 1).cloned().unwrap_or_default();
        let short = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        if let Some(file) = word.strip_prefix("--output-document=") {
            return Target::File(file.to_owned());
        }
        if let Some((_, file)) = short.and_then(|letters| letters.split_once('O')) {
            return Target::File(if file.is_empty() { next() } else { file.to_owned() });
        }
        if word == "--output-document" || word == "-o" && words[0] == "aria2c" {
            return Target::File(next());
        }
        if let Some(prefix) = word.strip_prefix("--directory-prefix=") {
            directory = format!("{prefix}/");
        } else if word == "-P" || word == "--directory-prefix" {
            directory = format!("{}/", next());
        }
    }
    Target::Remote(directory)
}

/// Whether a word is an address: with a scheme, or a variable's.
fn is_address(word: &str) -> bool {
    word.contains("://")
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

fn is_in_place(word: &str) -> bool {
    word.starts_with("--in-place")
        || word
            .strip_prefix('-')
            .is_some_and(|letters| !letters.starts_with('-') && letters.contains('i'))
}

/// `+x`, `a+rx`, `755`, `0700`.
fn is_executable_mode(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) {
        return mode.bytes().rev().take(3).any(|digit| (digit - b'0') & 1 == 1);
    }
    mode.contains('x') && mode.contains(['+', '='])
}
