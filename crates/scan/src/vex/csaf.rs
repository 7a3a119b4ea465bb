//! CSAF 2.0 and 2.1 (OASIS), as far as VEX goes: the product tree and the product statuses.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::Timestamp;
use serde::Deserialize;

use super::limits::MAX_BRANCH_DEPTH;
use super::product::{Identity, Product};
use super::{Statement, Status, Vex, justification};

#[derive(Deserialize)]
pub(super) struct Csaf {
    document: Head,
    #[serde(default)]
    product_tree: Branch,
    #[serde(default)]
    vulnerabilities: Vec<CsafVulnerability>,
}

#[derive(Deserialize)]
struct Head {
    tracking: Option<Tracking>,
}

#[derive(Deserialize)]
struct Tracking {
    current_release_date: Option<String>,
}

/// The product tree and each of its branches: what they have in common is all that is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Branch {
    branches: Vec<Branch>,
    product: Option<FullProduct>,
    full_product_names: Vec<FullProduct>,
    relationships: Vec<Relationship>,
    product_groups: Vec<Group>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FullProduct {
    product_id: String,
    name: String,
    product_identification_helper: Option<Identification>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identification {
    purl: Option<String>,
    /// CSAF 2.1.
    purls: Vec<String>,
    cpe: Option<String>,
    hashes: Vec<Hashes>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hashes {
    file_hashes: Vec<FileHash>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileHash {
    algorithm: String,
    value: String,
}

/// A component within a product: it gets a product id of its own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Relationship {
    full_product_name: FullProduct,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CsafVulnerability {
    cve: Option<String>,
    ids: Vec<OtherId>,
    product_status: HashMap<String, Vec<String>>,
    flags: Vec<About>,
    threats: Vec<About>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OtherId {
    text: String,
}

/// A flag or a threat: a justification for some products.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    label: String,
    category: String,
    details: String,
    product_ids: Vec<String>,
    group_ids: Vec<String>,
}

pub(super) fn read(csaf: Csaf, name: &str, vex: &mut Vex) {
    let tree = Tree::of(&csaf.product_tree);
    let name: Arc<str> = Arc::from(name);
    let time = csaf.document.tracking.and_then(|tracking| tracking.current_release_date);
    let time = time.and_then(|text| text.parse::<Timestamp>().ok());
    for vulnerability in &csaf.vulnerabilities {
        let names: Vec<String> = vulnerability
            .cve
            .iter()
            .cloned()
            .chain(vulnerability.ids.iter().map(|id| id.text.clone()))
            .collect();
        for (status, (reason, products)) in tree.statuses(vulnerability) {
            vex.add(Statement {
                document: name.clone(),
                vulnerability: names.clone(),
                products,
                status,
                justification: reason,
                time,
            });
        }
    }
}

fn status(word: &str) -> Option<Status> {
    Some(match word {
        "known_not_affected" => Status::NotAffected,
        "fixed" | "first_fixed" => Status::Fixed,
        "known_affected" | "first_affected" | "last_affected" => Status::Affected,
        "under_investigation" => Status::UnderInvestigation,
        _ => return None,
    })
}

/// Every product by its id.
struct Tree {
    products: HashMap<String, Arc<Product>>,
    groups: HashMap<String, Vec<String>>,
}

/// One statement to be: its reason and the products it is about.
type Claim = (String, Vec<Arc<Product>>);

impl Tree {
    fn of(root: &Branch) -> Self {
        let mut plain: HashMap<&str, Vec<Identity>> = HashMap::new();
        collect(root, MAX_BRANCH_DEPTH, &mut plain);
        let mut products: HashMap<String, Arc<Product>> = plain
            .iter()
            .map(|(id, identities)| {
                let product = Product { identities: identities.clone(), parts: Vec::new() };
                ((*id).to_owned(), Arc::new(product))
            })
            .collect();
        for relationship in &root.relationships {
            let product = related(relationship, &products);
            products.insert(relationship.full_product_name.product_id.clone(), Arc::new(product));
        }
        let groups = root.product_groups.iter();
        let groups = groups.map(|group| (group.group_id.clone(), group.product_ids.clone()));
        Tree { products, groups: groups.collect() }
    }

    /// The claims of one vulnerability, products with the same reason together.
    fn statuses(&self, vulnerability: &CsafVulnerability) -> Vec<(Status, Claim)> {
        let mut words: Vec<&String> = vulnerability.product_status.keys().collect();
        words.sort();
        let mut claims = Vec::new();
        for word in words {
            let Some(status) = status(word) else { continue };
            let mut by_reason: Vec<Claim> = Vec::new();
            let mut places: HashMap<String, usize> = HashMap::new();
            for id in &vulnerability.product_status[word] {
                let Some(product) = self.products.get(id) else { continue };
                let reason = self.reason(vulnerability, id);
                let place = *places.entry(reason.clone()).or_insert_with(|| {
                    by_reason.push((reason, Vec::new()));
                    by_reason.len() - 1
                });
                by_reason[place].1.push(product.clone());
            }
            claims.extend(by_reason.into_iter().map(|claim| (status, claim)));
        }
        claims
    }

    fn reason(&self, vulnerability: &CsafVulnerability, id: &str) -> String {
        let flag = vulnerability.flags.iter().find(|about| self.is_about(about, id));
        let threat = vulnerability
            .threats
            .iter()
            .find(|about| about.category == "impact" && self.is_about(about, id));
        let label = flag.map_or("", |flag| flag.label.as_str());
        justification(label, threat.map_or("", |threat| threat.details.as_str()))
    }

    fn is_about(&self, about: &About, id: &str) -> bool {
        let grouped = about.group_ids.iter().filter_map(|group| self.groups.get(group)).flatten();
        about.product_ids.iter().chain(grouped).any(|other| other == id)
    }
}

fn collect<'a>(branch: &'a Branch, depth: usize, plain: &mut HashMap<&'a str, Vec<Identity>>) {
    for product in branch.product.iter().chain(&branch.full_product_names) {
        plain.insert(product.product_id.as_str(), identities(product));
    }
    if depth > 0 {
        branch.branches.iter().for_each(|inner| collect(inner, depth - 1, plain));
    }
}

/// The component `product_reference` within the product `relates_to_product_reference`.
fn related(relationship: &Relationship, products: &HashMap<String, Arc<Product>>) -> Product {
    let parent = products.get(&relationship.relates_to_product_reference);
    let component = products.get(&relationship.product_reference);
    let mut parts: Vec<Vec<Identity>> = Vec::new();
    let own = identities_of_helper(&relationship.full_product_name);
    parts.extend((!own.is_empty()).then_some(own));
    if let Some(component) = component {
        parts.push(component.identities.clone());
        parts.extend(component.parts.iter().cloned());
    }
    Product {
        identities: parent.map(|parent| parent.identities.clone()).unwrap_or_default(),
        // Without its component the product would be cleared whole.
        parts: if parts.is_empty() { vec![Vec::new()] } else { parts },
    }
}

fn identities(product: &FullProduct) -> Vec<Identity> {
    let mut identities = identities_of_helper(product);
    if identities.is_empty() && !product.name.is_empty() {
        identities.push(Identity::Name(product.name.clone()));
    }
    identities
}

fn identities_of_helper(product: &FullProduct) -> Vec<Identity> {
    let Some(helper) = &product.product_identification_helper else { return Vec::new() };
    let purls = helper.purl.iter().chain(&helper.purls).map(|purl| Identity::read(purl));
    let hashes = helper.hashes.iter().flat_map(|hashes| &hashes.file_hashes);
    let hashes = hashes.filter_map(|hash| Identity::of_hash(&hash.algorithm, &hash.value));
    let cpe = helper.cpe.iter().map(|cpe| Identity::read(cpe));
    let mut seen = HashSet::new();
    let mut all: Vec<Identity> = purls.chain(hashes).chain(cpe).collect();
    all.retain(|identity| seen.insert(identity.clone()));
    all
}
