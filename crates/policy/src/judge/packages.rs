//! Judging which packages are installed.

use model::version::Scheme;
use model::{Package, Purl, PurlParts, Reason};

use super::{Case, reason};
use crate::exceptions::names;
use crate::rule::{PackageCondition, Rule};

pub(super) fn by_packages(
    rule: &Rule,
    case: &Case<'_>,
    wanted: &PackageCondition,
) -> Option<Reason> {
    let purls: Vec<(Purl, PurlParts)> =
        wanted.purls.iter().map(|purl| (purl.without_version(), purl.parts())).collect();
    let mut found = Vec::new();
    for package in &case.report?.inventory.packages {
        let Some(purl) = &package.purl else { continue };
        // The text first: most packages have another name, and taking a URL apart costs.
        let named = purls.iter().filter(|(name, _)| is_of(purl, name));
        let wanted_parts: Vec<&PurlParts> = named.map(|(_, parts)| parts).collect();
        if wanted_parts.is_empty() {
            continue;
        }
        let own = purl.parts();
        if wanted_parts.iter().any(|wanted| names(wanted, &own))
            && is_in(wanted, package)
            && !case.pardons.excuses_package(&rule.name, &own, &package.path)
        {
            found.push(purl.to_string());
        }
    }
    reason(rule, ("package", "packages"), found)
}

/// Whether a package URL begins with this one, which has no version.
fn is_of(purl: &Purl, name: &Purl) -> bool {
    let rest = purl.as_str().strip_prefix(name.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '?', '#']))
}

fn is_in(wanted: &PackageCondition, package: &Package) -> bool {
    let scheme = Scheme::for_kind(package.kind);
    wanted.versions.as_ref().is_none_or(|versions| versions.contains(scheme, &package.version))
}
