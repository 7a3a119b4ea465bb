//! OpenVEX 0.0 and 0.2 (https://github.com/openvex/spec).

use std::sync::Arc;

use model::Timestamp;
use serde::Deserialize;

use super::product::{Identity, Product};
use super::{Statement, Status, Vex, justification};

#[derive(Deserialize)]
pub(super) struct Document {
    timestamp: Option<String>,
    last_updated: Option<String>,
    #[serde(default)]
    statements: Vec<OpenStatement>,
}

#[derive(Deserialize)]
struct OpenStatement {
    vulnerability: Option<OneOrName<OpenVulnerability>>,
    #[serde(default)]
    products: Vec<OneOrName<OpenProduct>>,
    /// Only before 0.2, where products were plain texts.
    #[serde(default)]
    subcomponents: Vec<OneOrName<OpenProduct>>,
    #[serde(default)]
    status: String,
    justification: Option<String>,
    impact_statement: Option<String>,
    timestamp: Option<String>,
    last_updated: Option<String>,
}

/// An object, or before 0.2 its name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrName<T> {
    Name(String),
    One(T),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OpenVulnerability {
    #[serde(rename = "@id")]
    id: Option<String>,
    name: Option<String>,
    aliases: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OpenProduct {
    #[serde(rename = "@id")]
    id: Option<String>,
    identifiers: std::collections::BTreeMap<String, String>,
    hashes: std::collections::BTreeMap<String, String>,
    subcomponents: Vec<OneOrName<OpenProduct>>,
}

pub(super) fn read(document: Document, name: &str, vex: &mut Vex) {
    let name: Arc<str> = Arc::from(name);
    let written = latest(document.timestamp.as_deref(), document.last_updated.as_deref());
    for statement in document.statements {
        let Some(status) = status(&statement.status) else {
            vex.note(format!(
                "{name}: the status `{:.40}` is not one of OpenVEX",
                statement.status
            ));
            continue;
        };
        let shared: Vec<Vec<Identity>> = statement.subcomponents.iter().map(identities).collect();
        let products =
            statement.products.iter().map(|product| Arc::new(self::product(product, &shared)));
        let time = latest(statement.timestamp.as_deref(), statement.last_updated.as_deref());
        vex.add(Statement {
            document: name.clone(),
            vulnerability: statement.vulnerability.map(names).unwrap_or_default(),
            products: products.collect(),
            status,
            justification: justification(
                statement.justification.as_deref().unwrap_or_default(),
                statement.impact_statement.as_deref().unwrap_or_default(),
            ),
            time: time.or(written),
        });
    }
}

fn status(text: &str) -> Option<Status> {
    Some(match text {
        "not_affected" => Status::NotAffected,
        "fixed" => Status::Fixed,
        "affected" => Status::Affected,
        "under_investigation" => Status::UnderInvestigation,
        _ => return None,
    })
}

fn latest(written: Option<&str>, updated: Option<&str>) -> Option<Timestamp> {
    let time = |text: Option<&str>| text.and_then(|text| text.parse::<Timestamp>().ok());
    time(written).max(time(updated))
}

/// Every name; of an address its last part too, since many ids are the address of an entry.
fn names(vulnerability: OneOrName<OpenVulnerability>) -> Vec<String> {
    let vulnerability = match vulnerability {
        OneOrName::Name(name) => return vec![name],
        OneOrName::One(vulnerability) => vulnerability,
    };
    let id = vulnerability.id.as_deref().map(|id| id.rsplit(['/', '=', ':']).next().unwrap_or(id));
    let mut names: Vec<String> = vulnerability.name.into_iter().collect();
    names.extend(vulnerability.aliases);
    names.extend(id.map(str::to_owned));
    names.retain(|name| !name.is_empty());
    names
}

fn product(product: &OneOrName<OpenProduct>, shared: &[Vec<Identity>]) -> Product {
    let mut parts: Vec<Vec<Identity>> = shared.to_vec();
    if let OneOrName::One(product) = product {
        parts.extend(product.subcomponents.iter().map(identities));
    }
    Product { identities: identities(product), parts }
}

fn identities(product: &OneOrName<OpenProduct>) -> Vec<Identity> {
    match product {
        OneOrName::Name(name) => vec![Identity::read(name)],
        OneOrName::One(product) => {
            let named = product.id.iter().chain(product.identifiers.values());
            let mut identities: Vec<Identity> = named.map(|text| Identity::read(text)).collect();
            identities.extend(
                product.hashes.iter().filter_map(|(kind, hex)| Identity::of_hash(kind, hex)),
            );
            identities
        }
    }
}
