//! The lists of components that Bitnami's images carry: SPDX 2 JSON,
//! `opt/bitnami/<component>/.spdx-<component>.spdx`, each package with its package URL.
//!
//! Packages of the operating system are left to its own database.

use std::collections::HashSet;

use model::{FileEntry, Package, Purl};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::text::{TextAnalyzer, json};
use crate::value::{List, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Components of Bitnami's images.
pub(super) const BITNAMI: TextAnalyzer = TextAnalyzer {
    name: "bitnami",
    version: 1,
    patterns: &[Pattern::Shape { directory: "", prefix: ".spdx-", suffix: ".spdx" }],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts,
    read,
};

/// What SPDX writes when nothing is said.
const NOT_SAID: [&str; 2] = ["NOASSERTION", "NONE"];

record! {
    Document {
        packages = "packages": List<Loose<Component<'a>>>,
    }
}

record! {
    Component {
        references = "externalRefs": List<Loose<Reference<'a>>>,
        declared = "licenseDeclared": Text<'a>,
        supplier = "supplier": Text<'a>,
    }
}

record! {
    Reference {
        kind = "referenceType": Text<'a>,
        locator = "referenceLocator": Text<'a>,
    }
}

fn accepts(entry: &FileEntry) -> bool {
    entry.path.starts_with("opt/bitnami/")
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let document: Document<'_> = json(text)?;
    let mut seen = HashSet::new();
    for Loose(component) in &document.packages.0 {
        let Some(mut package) = package(component) else { continue };
        if package.purl.take().is_none_or(|purl| !seen.insert(purl)) {
            continue;
        }
        if !component.declared.is_empty() && !NOT_SAID.contains(&&*component.declared) {
            package.licenses.push(component.declared.to_string());
        }
        package.vendor = component.supplier.strip_prefix("Organization: ").map(str::to_owned);
        found.packages.push(package);
    }
    Ok(())
}

/// The package that the first usable package URL of a component names.
fn package(component: &Component<'_>) -> Option<Package> {
    let purls = component.references.0.iter().filter(|reference| &*reference.0.kind == "purl");
    let mut packages = purls.filter_map(|Loose(reference)| {
        let purl: Purl = reference.locator.parse().ok()?;
        let (package, _) = purl.to_package()?;
        (!package.kind.is_os() && !package.version.is_empty()).then_some(package)
    });
    packages.next()
}

#[cfg(test)]
mod tests {
    use model::PackageKind;

    use crate::testing::{analyze, check, packages, try_analyze};

    const SPDX: &[u8] = br#"{"spdxVersion":"SPDX-2.3","packages":[
        {"name":"redis","versionInfo":"7.0.11","licenseDeclared":"BSD-3-Clause",
         "supplier":"Organization: Acme","externalRefs":[
           {"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:x"},
           {"referenceType":"purl","referenceLocator":"pkg:bitnami/redis@7.0.11-1?arch=amd64&distro=debian-11"}]},
        {"name":"redis","externalRefs":[{"referenceType":"purl",
           "referenceLocator":"pkg:bitnami/redis@7.0.11-1?distro=debian-11&arch=amd64"}]},
        {"name":"lodash","licenseDeclared":"NOASSERTION","externalRefs":[{"referenceType":"purl",
           "referenceLocator":"pkg:npm/%40acme/lodash@1.0.0"}]},
        {"name":"libc6","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:deb/debian/libc6@2"}]},
        {"name":"x","externalRefs":[{"referenceType":"purl","referenceLocator":"not a purl"}]},
        {"name":"y","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:bitnami/y"}]},
        {"name":"z"},7]}"#;

    #[test]
    fn components_by_their_package_url() {
        let found = analyze("opt/bitnami/redis/.spdx-redis.spdx", SPDX);
        assert_eq!(packages(&found), ["@acme/lodash 1.0.0", "redis 7.0.11-1"]);
        let redis = &found.packages[0];
        assert_eq!((redis.kind, redis.arch.as_deref()), (PackageKind::Bitnami, Some("amd64")));
        assert_eq!((&*redis.licenses[0], redis.vendor.as_deref()), ("BSD-3-Clause", Some("Acme")));
        assert!(found.packages[1].licenses.is_empty());
    }

    #[test]
    fn only_where_bitnami_puts_them() {
        check("opt/bitnami/.spdx-common.spdx", SPDX, &["@acme/lodash 1.0.0", "redis 7.0.11-1"]);
        check("home/.spdx-redis.spdx", SPDX, &[]);
        for bad in ["", "SPDXVersion: SPDX-2.3", "{\"packages\":1}"] {
            assert_eq!(try_analyze("opt/bitnami/x/.spdx-x.spdx", bad.as_bytes()).1.len(), 1);
        }
    }
}
