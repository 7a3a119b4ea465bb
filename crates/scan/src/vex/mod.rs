//! VEX in: what the makers of software say of vulnerabilities in it, taken as a reason not to
//! judge a finding. Reads OpenVEX 0.2 and CSAF 2.0 and 2.1 (profile VEX).
//!
//! A statement takes a finding away when it is about the same vulnerability (by any of its names),
//! about the same product, says `not_affected` or `fixed`, and no later one says otherwise. What
//! is taken away stays in the report, with the document and its words.

mod csaf;
mod limits;
mod openvex;
mod product;

use std::collections::HashMap;
use std::sync::Arc;

use model::{Finding, Ignored, IgnoredBy, Inventory, ScanSource, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use limits::{MAX_JUSTIFICATION_CHARS, MAX_NOTES, MAX_VEX_BYTES};
use product::{Matcher, Product};

/// A document is no VEX that can be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum VexError {
    /// Larger than the limit.
    #[error("VEX document {name} has {size_bytes} bytes, {limit_bytes} at most are read")]
    TooLarge {
        /// The document.
        name: String,
        /// Bytes given.
        size_bytes: usize,
        /// Bytes allowed.
        limit_bytes: usize,
    },
    /// JSON, but neither OpenVEX nor CSAF.
    #[error("{name} is no VEX document: expected OpenVEX or CSAF VEX, as JSON")]
    Unknown {
        /// The document.
        name: String,
    },
    /// It breaks its format.
    #[error("VEX document {name} is broken: {detail}")]
    Syntax {
        /// The document.
        name: String,
        /// What is wrong and where.
        detail: String,
    },
}

/// The statements of one or several VEX documents.
#[derive(Debug, Clone, Default)]
pub struct Vex {
    statements: Vec<Statement>,
    /// Places of statements by the vulnerability's names, in capitals.
    index: HashMap<String, Vec<usize>>,
    notes: Vec<String>,
}

/// What a scan says of itself, for statements about the whole image.
#[derive(Debug, Clone, Copy)]
pub struct VexSubject<'a> {
    /// Where the image came from: its reference and digests.
    pub source: &'a ScanSource,
    /// What is installed: which package lies in which file, built from which source.
    pub inventory: &'a Inventory,
}

/// One statement: this vulnerability in these products has this status.
#[derive(Debug, Clone)]
struct Statement {
    document: Arc<str>,
    /// Every name of the vulnerability.
    vulnerability: Vec<String>,
    products: Vec<Arc<Product>>,
    status: Status,
    justification: String,
    time: Option<Timestamp>,
}

/// The four statuses of VEX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    NotAffected,
    Fixed,
    Affected,
    UnderInvestigation,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Status::NotAffected => "not_affected",
            Status::Fixed => "fixed",
            Status::Affected => "affected",
            Status::UnderInvestigation => "under_investigation",
        }
    }
}

/// What tells the formats apart.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "@context")]
    context: Option<serde_json::Value>,
    statements: Option<IgnoredAny>,
    document: Option<IgnoredAny>,
}

impl Vex {
    /// Reads one document; the format is told from the content. `name` is what reports call it.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, VexError> {
        let name_of = || name.to_owned();
        if bytes.len() > MAX_VEX_BYTES {
            let (size_bytes, limit_bytes) = (bytes.len(), MAX_VEX_BYTES);
            return Err(VexError::TooLarge { name: name_of(), size_bytes, limit_bytes });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let broken = |error: serde_json::Error| VexError::Syntax {
            name: name_of(),
            detail: error.to_string(),
        };
        let probe: Probe = serde_json::from_slice(bytes).map_err(broken)?;
        let openvex = probe.context.as_ref().is_some_and(is_openvex);
        let mut vex = Vex::default();
        if openvex || (probe.statements.is_some() && probe.document.is_none()) {
            openvex::read(serde_json::from_slice(bytes).map_err(broken)?, name, &mut vex);
        } else if probe.document.is_some() {
            csaf::read(serde_json::from_slice(bytes).map_err(broken)?, name, &mut vex);
        } else {
            return Err(VexError::Unknown { name: name_of() });
        }
        Ok(vex)
    }

    /// Adds the statements of another document; by time, not by order, the last one counts.
    pub fn extend(&mut self, other: Vex) {
        other.statements.into_iter().for_each(|statement| self.add(statement));
        other.notes.into_iter().for_each(|note| self.note(note));
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// What of the documents can never match, one sentence each, for their author.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Parts findings into those that stay and those that a statement takes away, both in order.
    pub fn apply(
        &self,
        findings: Vec<Finding>,
        subject: &VexSubject<'_>,
    ) -> (Vec<Finding>, Vec<Ignored>) {
        if self.is_empty() {
            return (findings, Vec::new());
        }
        let matcher = Matcher::new(subject);
        let (mut kept, mut ignored) = (Vec::new(), Vec::new());
        for finding in findings {
            match self.decisive(&finding, &matcher).map(Statement::reason) {
                Some(by) => ignored.push(Ignored { by, finding }),
                None => kept.push(finding),
            }
        }
        (kept, ignored)
    }

    /// The statement that takes a finding away: the latest that speaks of it, if it clears it.
    fn decisive(&self, finding: &Finding, matcher: &Matcher<'_>) -> Option<&Statement> {
        let vulnerability = finding.vulnerability()?;
        let names = std::iter::once(&vulnerability.id).chain(&vulnerability.aliases);
        let mut places: Vec<usize> = names
            .filter_map(|name| self.index.get(&name.0.to_ascii_uppercase()))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        let found = matcher.found(vulnerability);
        let speaking = places.into_iter().filter(|place| {
            let products = &self.statements[*place].products;
            products.iter().any(|product| matcher.is_about(product, &found))
        });
        let latest = speaking.max_by_key(|place| (self.statements[*place].time, *place))?;
        let statement = &self.statements[latest];
        matches!(statement.status, Status::NotAffected | Status::Fixed).then_some(statement)
    }

    fn add(&mut self, statement: Statement) {
        if self.statements.len() >= limits::MAX_STATEMENTS {
            self.note(format!(
                "{}: more than {} statements",
                statement.document,
                limits::MAX_STATEMENTS
            ));
            return;
        }
        for name in &statement.vulnerability {
            self.index.entry(name.to_ascii_uppercase()).or_default().push(self.statements.len());
        }
        if !statement.products.iter().any(|product| product.can_match()) {
            let name = statement.vulnerability.first().map_or("?", String::as_str);
            self.note(format!(
                "{}: the statement about {name} names no product by package URL, digest, CPE or image reference, so it matches nothing",
                statement.document
            ));
        }
        self.statements.push(statement);
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES && self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
    }
}

impl Statement {
    fn reason(&self) -> IgnoredBy {
        IgnoredBy::Vex {
            document: self.document.to_string(),
            status: self.status.as_str().to_owned(),
            justification: self.justification.chars().take(MAX_JUSTIFICATION_CHARS).collect(),
        }
    }
}

/// The context is a URL below openvex.dev, or a list that has one.
fn is_openvex(context: &serde_json::Value) -> bool {
    let is =
        |value: &serde_json::Value| value.as_str().is_some_and(|text| text.contains("openvex"));
    is(context) || context.as_array().is_some_and(|list| list.iter().any(is))
}

/// The reason in two parts, as documents have them: a label and a sentence.
fn justification(label: &str, sentence: &str) -> String {
    match (label.trim(), sentence.trim()) {
        (label, "") => label.to_owned(),
        ("", sentence) => sentence.to_owned(),
        (label, sentence) => format!("{label}: {sentence}"),
    }
}
