//! Red Hat's products: which of them an image is made of, so which statements are about it.
//!
//! A statement of Red Hat is limited to products (CPE URIs). The image's content sets say which
//! products it was built from; without them it is taken for plain RHEL, never for one of the paid
//! streams (EUS, AUS, E4S, TUS), whose repairs have versions of their own.

use crate::AdvisoryError;
use crate::database::Session;

/// The product of plain RHEL.
const PLAIN_PRODUCT: &str = "enterprise_linux";

/// The products an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Products {
    products: Chosen,
    /// Content sets that no list of repositories knows.
    unknown_content_sets: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Chosen {
    /// Plain RHEL of this major release, every variant.
    Plain { release: String },
    /// These, as the content sets say.
    Named(Vec<Cpe>),
}

/// The parts of a CPE URI that tell products apart: `cpe:/a:redhat:enterprise_linux:8::appstream`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cpe {
    product: String,
    version: String,
    /// `appstream`, `baseos`, `el8` …; empty for all.
    variant: String,
}

impl Products {
    /// The products of an image of RHEL (or CentOS) of this release.
    pub(super) fn choose(
        release: &str,
        content_sets: &[String],
        session: &mut Session<'_>,
    ) -> Result<Self, AdvisoryError> {
        let mut named = Vec::new();
        let mut unknown_content_sets = Vec::new();
        for content_set in content_sets {
            match session.repository_cpes(content_set)? {
                Some(cpes) => named.extend(cpes.iter().filter_map(|cpe| Cpe::parse(cpe))),
                None => unknown_content_sets.push(content_set.clone()),
            }
        }
        let products = match named.is_empty() {
            true => Chosen::Plain { release: release.to_owned() },
            false => Chosen::Named(named),
        };
        Ok(Products { products, unknown_content_sets })
    }

    /// Content sets that no list of repositories knows.
    pub(super) fn unknown_content_sets(&self) -> &[String] {
        &self.unknown_content_sets
    }

    /// Whether a statement limited to these products is about the image; limited to none, it is.
    pub(super) fn include(&self, cpes: &[&str]) -> bool {
        cpes.is_empty()
            || cpes.iter().filter_map(|cpe| Cpe::parse(cpe)).any(|cpe| self.includes(&cpe))
    }

    fn includes(&self, cpe: &Cpe) -> bool {
        match &self.products {
            Chosen::Plain { release } => {
                let major = cpe.version.split('.').next().unwrap_or_default();
                cpe.product == PLAIN_PRODUCT && major == release
            }
            Chosen::Named(products) => products.iter().any(|product| product.includes(cpe)),
        }
    }
}

impl Cpe {
    fn parse(cpe: &str) -> Option<Self> {
        let mut parts = cpe.strip_prefix("cpe:/")?.split(':');
        let _part = parts.next()?;
        let vendor = parts.next()?;
        let product = parts.next()?.to_owned();
        let version = parts.next().unwrap_or_default().to_owned();
        // The update is empty in all that Red Hat publishes; the variant stands after it.
        let variant = parts.next_back().unwrap_or_default().to_owned();
        (vendor == "redhat").then_some(Cpe { product, version, variant })
    }

    /// Whether what is said of `other` is said of this product: a variant less is any variant.
    fn includes(&self, other: &Cpe) -> bool {
        let any = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
        self.product == other.product
            && any(&self.version, &other.version)
            && any(&self.variant, &other.variant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::database;
    use crate::{Record, RepositoryCpes};

    fn check(content_sets: &[&str], cases: &[(&str, bool)]) {
        let repository = |name: &str, cpes: &[&str]| {
            Record::RepositoryCpes(RepositoryCpes {
                repository: name.into(),
                cpes: cpes.iter().map(|cpe| (*cpe).to_owned()).collect(),
            })
        };
        let database = database(&[(
            "redhat-repositories",
            vec![
                repository("baseos", &["cpe:/o:redhat:enterprise_linux:8::baseos"]),
                repository("baseos-eus", &["cpe:/o:redhat:rhel_eus:8.4::baseos"]),
            ],
        )]);
        let mut session = Session::new(&database).unwrap();
        let content_sets: Vec<String> = content_sets.iter().map(|set| (*set).to_owned()).collect();
        let products = Products::choose("8", &content_sets, &mut session).unwrap();
        for (cpe, included) in cases {
            assert_eq!(products.include(&[cpe]), *included, "{content_sets:?} {cpe}");
        }
        assert!(products.include(&[]));
        let unknown: Vec<&String> =
            content_sets.iter().filter(|set| !set.starts_with("baseos")).collect();
        assert_eq!(products.unknown_content_sets.iter().collect::<Vec<_>>(), unknown);
    }

    #[test]
    fn without_content_sets_it_is_plain_rhel() {
        let cases = [
            ("cpe:/o:redhat:enterprise_linux:8::baseos", true),
            ("cpe:/a:redhat:enterprise_linux:8::appstream", true),
            ("cpe:/o:redhat:enterprise_linux:8", true),
            ("cpe:/o:redhat:enterprise_linux:8.2", true),
            ("cpe:/o:redhat:enterprise_linux:9::baseos", false),
            ("cpe:/a:redhat:rhel_eus:8.4::appstream", false),
            ("cpe:/a:redhat:rhel_aus:8.4::appstream", false),
            ("cpe:/a:redhat:rhel_e4s:8.1::appstream", false),
            ("cpe:/a:redhat:openshift:4.12::el8", false),
            ("cpe:/a:other:enterprise_linux:8", false),
            ("nonsense", false),
        ];
        check(&[], &cases);
        check(&["no-such-repository"], &cases);
    }

    #[test]
    fn content_sets_choose_the_products() {
        check(
            &["baseos"],
            &[
                ("cpe:/o:redhat:enterprise_linux:8::baseos", true),
                ("cpe:/o:redhat:enterprise_linux:8", true),
                ("cpe:/a:redhat:enterprise_linux:8::appstream", false),
                ("cpe:/o:redhat:rhel_eus:8.4::baseos", false),
            ],
        );
        check(
            &["baseos-eus", "unknown"],
            &[
                ("cpe:/o:redhat:rhel_eus:8.4::baseos", true),
                ("cpe:/o:redhat:rhel_eus:8.6::baseos", false),
                ("cpe:/o:redhat:enterprise_linux:8::baseos", false),
            ],
        );
    }
}
