//! Templates: what builds or runs containers, before it does. Dockerfiles, compose files and
//! Kubernetes manifests to flaws, each with the lines where it stands.
//!
//! Pure, as the whole room: texts in, flaws out; files beside a template are asked for through
//! [`Tree`]. A flaw names a rule of the [`Catalogue`] (`rules/template/*.yaml`), which says how bad
//! it is and how to repair it: data, not code. `scan` walks the files, gives each to [`classify`],
//! hands them together to [`TemplateScanner`], and makes findings of what comes back.

mod classify;
mod compose;
mod dockerfile;
pub mod ignore;
mod image_name;
mod kubernetes;
mod rules;
mod scanner;
mod variables;
pub mod yaml;

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{Skip, SkipReason, TemplatePlace};

use crate::limits::{MAX_TEMPLATE_BYTES, MAX_TEMPLATE_FLAWS};

pub use classify::{classify, guess, may_be};
pub use ignore::IgnoreComment;
pub use kubernetes::pod_security;
pub use rules::{Catalogue, Example, TemplateRule, TemplateRuleError, Tier};
pub use scanner::TemplateScanner;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A compose file.
    Compose,
    /// Kubernetes objects, in YAML or JSON.
    Kubernetes,
}

impl TemplateKind {
    /// Every kind.
    pub const ALL: [TemplateKind; 3] =
        [TemplateKind::Dockerfile, TemplateKind::Compose, TemplateKind::Kubernetes];

    /// The word in reports, and the name of its file in `rules/template/`.
    pub fn as_str(self) -> &'static str {
        match self {
            TemplateKind::Dockerfile => "dockerfile",
            TemplateKind::Compose => "compose",
            TemplateKind::Kubernetes => "kubernetes",
        }
    }
}

/// One file to look at.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// Its path, relative to what is scanned, `/` between parts.
    pub name: &'a str,
    /// What it is.
    pub kind: TemplateKind,
    /// Its text, as [`text`] reads it.
    pub text: &'a str,
}

/// The files beside a template: those that it includes, and those whose absence is a flaw.
///
/// Paths are relative to what is scanned; the implementation must not lead out of it.
pub trait Tree {
    /// The text of a file; `None` when it is not there, is too large or is no text.
    fn text(&self, path: &str) -> Option<String>;
}

/// No files beside.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTree;

impl Tree for NoTree {
    fn text(&self, _path: &str) -> Option<String> {
        None
    }
}

impl Tree for BTreeMap<String, String> {
    fn text(&self, path: &str) -> Option<String> {
        self.get(path).cloned()
    }
}

/// Something in a template that a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flaw {
    /// Where.
    pub place: TemplatePlace,
    /// The rule's id in the catalogue.
    pub rule: &'static str,
    /// What it is about: a stage, a service, `Deployment/web container app`; empty for the file.
    pub subject: String,
    /// What was seen, in one sentence, with the values. Never a secret in clear.
    pub message: String,
    /// The comment or annotation that takes it out of judgement.
    pub ignored: Option<IgnoreComment>,
}

/// An image that a template builds on or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse {
    /// The reference, variables put in as far as they are known.
    pub image: String,
    /// Where it is named.
    pub place: TemplatePlace,
    /// The stage, service or container.
    pub subject: String,
}

/// What templates hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The flaws.
    pub flaws: Vec<Flaw>,
    /// The images that they build on or run.
    pub images: Vec<ImageUse>,
    /// What was not looked at.
    pub skipped: Vec<Skip>,
}

impl Found {
    /// Adds a flaw; beyond [`MAX_TEMPLATE_FLAWS`] none.
    pub(crate) fn flaw(
        &mut self,
        rule: &'static str,
        place: TemplatePlace,
        subject: &str,
        message: String,
    ) {
        if self.flaws.len() < MAX_TEMPLATE_FLAWS {
            let (subject, ignored) = (subject.to_owned(), None);
            self.flaws.push(Flaw { place, rule, subject, message, ignored });
        }
    }

    /// Adds what was not looked at.
    pub(crate) fn skip(&mut self, file: &str, reason: SkipReason, detail: impl Into<String>) {
        self.skipped.push(Skip {
            layer: None,
            path: file.to_owned(),
            reason,
            detail: detail.into(),
        });
    }
}

/// A place in a file, both lines included.
pub(crate) fn place(file: &str, first_line: u32, last_line: u32) -> TemplatePlace {
    TemplatePlace { file: file.to_owned(), first_line, last_line: last_line.max(first_line) }
}

/// The text of a template: without byte order mark. Errors for what is no text: larger than
/// [`MAX_TEMPLATE_BYTES`], a zero byte, bytes that are not UTF-8.
pub fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<Cow<'b, str>, Skip> {
    let skip = |reason, detail: String| Skip { layer: None, path: name.to_owned(), reason, detail };
    if bytes.len() > MAX_TEMPLATE_BYTES {
        let detail = format!("{} bytes, more than {MAX_TEMPLATE_BYTES}", bytes.len());
        return Err(skip(SkipReason::TooLarge, detail));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Ok(Cow::Owned(crate::text::decode(bytes).into_owned()));
    }
    if memchr::memchr(0, bytes).is_some() {
        return Err(skip(SkipReason::Malformed, "a zero byte: not a text".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("not UTF-8 at byte {}", error.valid_up_to());
        skip(SkipReason::Malformed, detail)
    })?;
    Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)))
}
