//! What SUSE's feeds need: products as releases, and the binary packages of a notice.
//!
//! A module or extension of a service pack is installed beside it, so its packages belong to that
//! release; so do the long-term branches (LTSS, ESPOS, BCL), whose repairs reach subscribers only.
//! Products with repositories of their own (Manager, OpenStack Cloud, Storage …) are left out.

use model::{Affected, Ecosystem, FixState, NameOf, RangeEnd, VersionRange};

use super::names::is_debug_rpm;
use super::osv::OsvAffected;

/// Beginnings of the names of products that are SUSE Linux Enterprise or lie on top of it.
const ENTERPRISE: [&str; 3] = ["Linux Enterprise ", "Package Hub ", "Real Time Module "];

/// Our name for `Linux Enterprise Server 15 SP4-LTSS` (SUSE) or `Leap 15.5` (openSUSE).
pub(super) fn ecosystem(open: bool, product: &str) -> Option<String> {
    if open {
        return open_ecosystem(product);
    }
    if let Some(version) = product.strip_prefix("Linux Enterprise Micro ") {
        return Some(format!("sle-micro:{}", version.split([' ', '-']).next()?));
    }
    let rest = ENTERPRISE.iter().find_map(|prefix| product.strip_prefix(prefix))?;
    Some(format!("sles:{}", service_pack(rest)?))
}

fn open_ecosystem(product: &str) -> Option<String> {
    if product == "Tumbleweed" {
        return Some("opensuse-tumbleweed".to_owned());
    }
    let (id, rest) = match product.strip_prefix("Leap Micro ") {
        Some(rest) => ("opensuse-leap-micro", rest),
        None => ("opensuse-leap", product.strip_prefix("Leap ")?),
    };
    let version = rest.split(' ').next().filter(|version| !version.is_empty())?;
    Some(format!("{id}:{version}"))
}

/// The release in a product's name, as os-release writes it: `… 15 SP4-LTSS` is 15.4, `… 12` is
/// 12. The last such number counts: `Module for Python 3 15 SP4` is 15.4.
fn service_pack(product: &str) -> Option<String> {
    let words: Vec<&str> = product.split([' ', '-']).collect();
    let number = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let at = words.iter().rposition(number)?;
    let major = words.get(at)?;
    let pack = words.get(at + 1).and_then(|word| word.strip_prefix("SP")).filter(number);
    Some(match pack {
        Some(pack) => format!("{major}.{pack}"),
        None => (*major).to_owned(),
    })
}

/// The binary packages that a statement about a source package lists.
pub(super) fn binaries<'a>(
    ecosystem: &'a str,
    affected: &'a OsvAffected<'_>,
) -> impl Iterator<Item = Affected> + 'a {
    let listed = affected.ecosystem_specific.iter().flat_map(|specific| &specific.binaries);
    let pairs = listed.flat_map(|binaries| &binaries.0);
    pairs.filter(|(name, _)| !is_debug_rpm(name)).map(|(name, version)| Affected {
        ecosystem: Ecosystem(ecosystem.to_owned()),
        package: (**name).to_owned(),
        name_of: NameOf::Binary,
        ranges: vec![VersionRange {
            introduced: None,
            end: RangeEnd::Fixed((**version).to_owned()),
        }],
        fix_state: FixState::Fixed,
        ..Affected::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_products_to_releases() {
        let cases = [
            (false, "Linux Enterprise Server 15 SP4", Some("sles:15.4")),
            (false, "Linux Enterprise Server 12-LTSS", Some("sles:12")),
            (false, "Linux Enterprise Module for Python 3 15 SP5", Some("sles:15.5")),
            (false, "Linux Enterprise Module for Basesystem 15", Some("sles:15")),
            (false, "Linux Enterprise Server LTSS Extended Security 12 SP5", Some("sles:12.5")),
            (false, "Linux Enterprise High Performance Computing 15-ESPOS", Some("sles:15")),
            (false, "Linux Enterprise Server 11 SP4 LTSS EXTREME CORE", Some("sles:11.4")),
            (false, "Linux Enterprise Micro 5.3", Some("sle-micro:5.3")),
            (false, "Package Hub 15 SP6", Some("sles:15.6")),
            (false, "Manager Server 4.3", None),
            (false, "EL-9:Update:Products:SaltBundle:Update", None),
            (true, "Leap 15.5", Some("opensuse-leap:15.5")),
            (true, "Leap 15.5 NonFree", Some("opensuse-leap:15.5")),
            (true, "Leap Micro 5.3", Some("opensuse-leap-micro:5.3")),
            (true, "Tumbleweed", Some("opensuse-tumbleweed")),
        ];
        for (open, product, expect) in cases {
            assert_eq!(ecosystem(open, product).as_deref(), expect, "{product}");
        }
    }
}
