//! Red Hat's CSAF VEX documents (security.access.redhat.com/data/csaf/v2/vex), one a CVE: which
//! builds are repaired, which components are affected, refused, out of support or not affected.
//!
//! The same knowledge as the Security Data API's documents (`redhat_cve`), so it is the same
//! source. A product id such as `red_hat_enterprise_linux_8:curl.src` is a relationship between a
//! component, which has a package URL, and a product, which has a CPE (CSAF 2.0 §3.2.2).

use std::collections::{BTreeSet, HashMap};

use model::{Affected, Ecosystem, FixState, NameOf, PurlParts, RangeEnd, Severity, VersionRange};
use serde::Deserialize;

use super::names::is_debug_rpm;
use super::osv::merge;
use super::redhat;
use super::text::{Text, one_line, or_default, timestamp};
use super::{Feed, Malformed, Reading, advisory, severity};
use crate::{CvssVector, Record};

const PUBLISHER: &str = "https://www.redhat.com";
/// Source of the ratings of CVEs that name no package.
const SCORER: &str = "redhat";
const RPM_PURL: &str = "pkg:rpm/";
const MODULE_PURL: &str = "pkg:rpmmod/";
/// Stream of application bundles, which are no modules of the operating system.
const FLATPAK: &str = ":flatpak";

/// VEX documents.
pub(super) struct VexFeed;

#[derive(Deserialize)]
struct Vex<'a> {
    #[serde(borrow)]
    document: Document<'a>,
    #[serde(borrow, default)]
    product_tree: Tree<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    aggregate_severity: Option<Word<'a>>,
    #[serde(borrow)]
    publisher: Publisher<'a>,
    #[serde(borrow)]
    tracking: Tracking<'a>,
}

#[derive(Deserialize)]
struct Word<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Deserialize)]
struct Publisher<'a> {
    #[serde(borrow, default)]
    namespace: Text<'a>,
}

#[derive(Deserialize)]
struct Tracking<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    initial_release_date: Text<'a>,
    #[serde(borrow, default)]
    current_release_date: Text<'a>,
}

#[derive(Default, Deserialize)]
struct Tree<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    relationships: Vec<Relationship<'a>>,
}

/// Branches nest; the JSON reader bounds how deep.
#[derive(Deserialize)]
struct Branch<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    product: Option<Product<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Text<'a>,
    #[serde(borrow, default, rename = "product_identification_helper")]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    cpe: Option<Text<'a>>,
    #[serde(borrow, default)]
    purl: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(borrow)]
    full_product_name: FullName<'a>,
    #[serde(borrow)]
    product_reference: Text<'a>,
    #[serde(borrow)]
    relates_to_product_reference: Text<'a>,
}

#[derive(Deserialize)]
struct FullName<'a> {
    #[serde(borrow)]
    product_id: Text<'a>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow, default)]
    cve: Option<Text<'a>>,
    #[serde(borrow, default)]
    product_status: Status<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    scores: Vec<Scores<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    remediations: Vec<About<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    threats: Vec<About<'a>>,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    fixed: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    known_affected: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    known_not_affected: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    under_investigation: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Scores<'a> {
    #[serde(borrow, default)]
    cvss_v2: Option<Score<'a>>,
    #[serde(borrow, default)]
    cvss_v3: Option<Score<'a>>,
}

#[derive(Deserialize)]
struct Score<'a> {
    #[serde(borrow, default, rename = "vectorString")]
    vector: Text<'a>,
}

/// A remediation or a threat of some products.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow, default)]
    category: Text<'a>,
    #[serde(borrow, default)]
    details: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    product_ids: Vec<Text<'a>>,
}

impl Feed for VexFeed {
    fn source(&self) -> &str {
        "redhat-cve"
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Reading, Malformed> {
        let vex: Vex<'_> = serde_json::from_slice(bytes)?;
        let document = &vex.document;
        if &*document.publisher.namespace != PUBLISHER {
            let why = format!(
                "it is a CSAF document of {}: only Red Hat's are read as advisories",
                &*document.publisher.namespace
            );
            return Err(Malformed(why));
        }
        let products = Products::of(&vex.product_tree);
        let dated = timestamp(&document.tracking.current_release_date);
        let mut reading = Reading { dated, ..Reading::default() };
        for vulnerability in &vex.vulnerabilities {
            reading.records.extend(self.record(document, vulnerability, &products));
        }
        Ok(reading)
    }
}

impl VexFeed {
    fn record(
        &self,
        document: &Document<'_>,
        vulnerability: &Vulnerability<'_>,
        products: &Products<'_>,
    ) -> Option<Record> {
        let id = vulnerability.cve.as_deref().unwrap_or(&document.tracking.id);
        let vectors = vectors(vulnerability);
        let rated = document.aggregate_severity.as_ref().map(|word| severity(&word.text));
        let affected = affected(vulnerability, products, rated.unwrap_or_default());
        if affected.is_empty() {
            let says = !vectors.is_empty() || rated.is_some_and(|r| r != Severity::Unknown);
            let (cve, source) = (id.to_owned(), SCORER.to_owned());
            return says.then_some(Record::Cvss(CvssVector {
                cve,
                source,
                vectors,
                severity: rated,
            }));
        }
        let mut advisory = advisory(self.source(), id);
        advisory.summary = one_line(&document.title);
        advisory.severity = rated.unwrap_or_default();
        advisory.cvss = vectors;
        advisory.published = timestamp(&document.tracking.initial_release_date);
        advisory.modified = timestamp(&document.tracking.current_release_date);
        advisory.affected = affected;
        Some(Record::Advisory(Box::new(advisory)))
    }
}

fn vectors(vulnerability: &Vulnerability<'_>) -> Vec<String> {
    let scores = &vulnerability.scores;
    let all = scores.iter().flat_map(|scores| [&scores.cvss_v3, &scores.cvss_v2]);
    let texts = all.flatten().filter_map(|score| score.vector.non_empty());
    texts.collect::<BTreeSet<_>>().into_iter().rev().map(str::to_owned).collect()
}

/// What the ids of a document's products mean.
struct Products<'a> {
    names: HashMap<&'a str, &'a Names<'a>>,
    /// A full id to its component and product.
    parts: HashMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Products<'a> {
    fn of(tree: &'a Tree<'a>) -> Self {
        let mut names = HashMap::new();
        let mut pending: Vec<&Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = pending.pop() {
            pending.extend(&branch.branches);
            if let Some(product) = &branch.product
                && let Some(helper) = &product.names
            {
                names.insert(&*product.product_id, helper);
            }
        }
        let part = |relationship: &'a Relationship<'a>| {
            let whole = &*relationship.full_product_name.product_id;
            let parts =
                (&*relationship.product_reference, &*relationship.relates_to_product_reference);
            (whole, parts)
        };
        Products { names, parts: tree.relationships.iter().map(part).collect() }
    }

    /// A statement about the package that an id names, without its versions; and the build.
    fn statement(&self, id: &str) -> Option<(Affected, Option<String>)> {
        let (component, mut product) = *self.parts.get(id)?;
        let purl = self.names.get(component)?.purl.as_deref()?;
        let package = PurlParts::read(purl).ok().filter(|_| purl.starts_with(RPM_PURL))?;
        if is_debug_rpm(&package.name) {
            return None;
        }
        let mut module = package.qualifiers.get("rpmmod").and_then(|label| stream(label));
        // In older documents a package is part of a module, and that of a product.
        if let Some((inner, outer)) = self.parts.get(product) {
            module = module.or(self.module(inner));
            product = outer;
        }
        if module.as_deref().is_some_and(|module| module.ends_with(FLATPAK)) {
            return None;
        }
        let cpe = self.names.get(product)?.cpe.as_deref()?;
        let build = build(&package);
        let of_build = || redhat::release_of_build(build.as_deref()?);
        let release = redhat::release_of(cpe).or_else(of_build)?;
        let is_source = package.qualifiers.get("arch").is_some_and(|arch| arch == "src");
        let cpes = if redhat::is_whole_rhel(cpe) { Vec::new() } else { vec![cpe.to_owned()] };
        let affected = Affected {
            ecosystem: Ecosystem(format!("rhel:{release}")),
            package: package.name,
            name_of: if is_source { NameOf::Source } else { NameOf::Binary },
            module,
            cpes,
            ..Affected::default()
        };
        Some((affected, build))
    }

    fn module(&self, component: &str) -> Option<String> {
        let purl = self.names.get(component)?.purl.as_deref()?;
        let module = PurlParts::read(purl).ok().filter(|_| purl.starts_with(MODULE_PURL))?;
        stream(&format!("{}:{}", module.name, module.version?))
    }
}

/// `nodejs:18` of the label `nodejs:18:8090020240301110609:rhel8`.
fn stream(label: &str) -> Option<String> {
    let mut parts = label.split(':');
    let (name, stream) = (parts.next()?, parts.next()?);
    (!name.is_empty() && !stream.is_empty()).then(|| format!("{name}:{stream}"))
}

/// `epoch:version-release` of a package URL that names a build.
fn build(package: &PurlParts) -> Option<String> {
    let version = package.version.as_deref()?;
    let epoch = package.qualifiers.get("epoch").map_or("0", String::as_str);
    Some(format!("{epoch}:{version}"))
}

/// Every statement of a document, repaired builds first.
fn affected(
    vulnerability: &Vulnerability<'_>,
    products: &Products<'_>,
    rated: Severity,
) -> Vec<Affected> {
    let status = &vulnerability.product_status;
    let states = states(&vulnerability.remediations);
    let impacts = impacts(&vulnerability.threats);
    let rate = |id: &str, statement: Affected| {
        let impact = impacts.get(id).copied().filter(|impact| *impact != rated);
        Affected { severity: impact, ..statement }
    };
    let open = |id: &str, fix_state| {
        let (statement, build) = products.statement(id)?;
        // That one build is not affected says nothing of the others.
        if fix_state == FixState::NotAffected && build.is_some() {
            return None;
        }
        let ranges = vec![VersionRange { introduced: None, end: RangeEnd::Open }];
        Some(rate(id, Affected { fix_state, ranges, ..statement }))
    };
    let fixed = status.fixed.iter().filter_map(|id| {
        let (statement, build) = products.statement(id)?;
        let ranges = vec![VersionRange { introduced: None, end: RangeEnd::Fixed(build?) }];
        Some(rate(id, Affected { fix_state: FixState::Fixed, ranges, ..statement }))
    });
    let known = status
        .known_affected
        .iter()
        .filter_map(|id| open(id, states.get(&**id).copied().unwrap_or(FixState::Affected)));
    let looking = &status.under_investigation;
    let looking = looking.iter().filter_map(|id| open(id, FixState::UnderInvestigation));
    let clear = &status.known_not_affected;
    let clear = clear.iter().filter_map(|id| open(id, FixState::NotAffected));
    merge(fixed.chain(known).chain(looking).chain(clear).collect())
}

/// The state of products without a repair, in Red Hat's words.
fn states<'a>(remediations: &'a [About<'a>]) -> HashMap<&'a str, FixState> {
    let mut states = HashMap::new();
    for remediation in remediations {
        let state = match (&*remediation.category, &*remediation.details) {
            ("no_fix_planned", "Out of support scope") => FixState::EndOfLife,
            ("no_fix_planned", _) => FixState::WillNotFix,
            ("none_available", "Fix deferred") => FixState::Deferred,
            ("none_available", _) => FixState::Affected,
            _ => continue,
        };
        states.extend(remediation.product_ids.iter().map(|id| (&**id, state)));
    }
    states
}

/// The rating of each product.
fn impacts<'a>(threats: &'a [About<'a>]) -> HashMap<&'a str, Severity> {
    let mut impacts = HashMap::new();
    for threat in threats.iter().filter(|threat| &*threat.category == "impact") {
        let impact = severity(&threat.details);
        if impact != Severity::Unknown {
            impacts.extend(threat.product_ids.iter().map(|id| (&**id, impact)));
        }
    }
    impacts
}

#[cfg(test)]
mod tests;
