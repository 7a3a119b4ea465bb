//! OSV's names of ecosystems (`Debian:12`, `Red Hat:enterprise_linux:8::appstream`, `crates.io`)
//! as ours. The list is the OSV schema's, `docs/schema.md#defined-ecosystems`.

use crate::feed::{redhat, suse};

/// Whose statements they are. What a snapshot of one says of another's packages is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::feed) enum Vendor {
    Alma,
    /// Alpine.
    Alpine,
    /// Wolfi and Chainguard: apk packages without releases.
    Wolfi,
    Debian,
    RedHat,
    Rocky,
    Suse,
    Ubuntu,
    /// A language's registry: our name of it.
    Language(&'static str),
}

/// Where a package name of an OSV document has its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::feed) struct Place {
    pub(in crate::feed) vendor: Vendor,
    /// Our name of the ecosystem.
    pub(in crate::feed) ecosystem: String,
    /// The product that the statement is limited to (Red Hat).
    pub(in crate::feed) cpe: Option<String>,
    /// Repairs reach subscribers only (Ubuntu Pro).
    pub(in crate::feed) pro: bool,
}

/// The place an OSV ecosystem names; `None` when nothing that we inventory lives there.
pub(in crate::feed) fn place(osv: &str) -> Option<Place> {
    let (name, rest) = osv.split_once(':').unwrap_or((osv, ""));
    if let Some(language) = language(name) {
        return Some(plain(Vendor::Language(language), language.to_owned()));
    }
    match name {
        "AlmaLinux" => release(Vendor::Alma, "almalinux", rest),
        "Alpine" => release(Vendor::Alpine, "alpine", rest.trim_start_matches('v')),
        "Chainguard" => Some(plain(Vendor::Wolfi, "chainguard".to_owned())),
        "Wolfi" => Some(plain(Vendor::Wolfi, "wolfi".to_owned())),
        "Debian" => release(Vendor::Debian, "debian", rest.trim_end_matches(".0")),
        "Rocky Linux" => release(Vendor::Rocky, "rocky", rest),
        "Red Hat" => redhat_place(rest),
        "SUSE" | "openSUSE" => {
            Some(plain(Vendor::Suse, suse::ecosystem(name == "openSUSE", rest)?))
        }
        "Ubuntu" => ubuntu_place(rest),
        _ => None,
    }
}

/// Whose statements an OSV ecosystem's are, even when the release is none of ours.
pub(in crate::feed) fn vendor(osv: &str) -> Option<Vendor> {
    let (name, _) = osv.split_once(':').unwrap_or((osv, ""));
    if let Some(language) = language(name) {
        return Some(Vendor::Language(language));
    }
    Some(match name {
        "AlmaLinux" => Vendor::Alma,
        "Alpine" => Vendor::Alpine,
        "Chainguard" | "Wolfi" => Vendor::Wolfi,
        "Debian" => Vendor::Debian,
        "Rocky Linux" => Vendor::Rocky,
        "Red Hat" => Vendor::RedHat,
        "SUSE" | "openSUSE" => Vendor::Suse,
        "Ubuntu" => Vendor::Ubuntu,
        _ => return None,
    })
}

fn language(name: &str) -> Option<&'static str> {
    Some(match name {
        "Bitnami" => "bitnami",
        "ConanCenter" => "conan",
        "crates.io" => "cargo",
        "Go" => "golang",
        "Hex" => "hex",
        "Maven" => "maven",
        "npm" => "npm",
        "NuGet" => "nuget",
        "Packagist" => "composer",
        "Pub" => "pub",
        "PyPI" => "pypi",
        "RubyGems" => "gem",
        "SwiftURL" => "swift",
        _ => return None,
    })
}

fn plain(vendor: Vendor, ecosystem: String) -> Place {
    Place { vendor, ecosystem, cpe: None, pro: false }
}

fn release(vendor: Vendor, id: &str, release: &str) -> Option<Place> {
    (!release.is_empty()).then(|| plain(vendor, format!("{id}:{release}")))
}

/// `enterprise_linux:8::appstream`: the rest of a CPE URI after its vendor.
fn redhat_place(product: &str) -> Option<Place> {
    let cpe = redhat::cpe_uri(product);
    // Products that name no release of their own are placed by the release of their packages.
    let ecosystem = redhat::release_of(&cpe).map(|major| format!("rhel:{major}"));
    let ecosystem = ecosystem.unwrap_or_default();
    Some(Place { vendor: Vendor::RedHat, ecosystem, cpe: Some(cpe), pro: false })
}

/// `22.04:LTS`, `24.10`, `Pro:18.04:LTS`. The certified (FIPS) and real-time builds are other
/// archives, with versions of their own.
fn ubuntu_place(rest: &str) -> Option<Place> {
    let (pro, rest) = match rest.strip_prefix("Pro:") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let version = rest.split(':').next().unwrap_or_default();
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(Place { pro, ..plain(Vendor::Ubuntu, format!("ubuntu:{version}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_every_kind_of_ecosystem() {
        let cases = [
            ("Debian:12", Some("debian:12")),
            ("Debian:6.0", Some("debian:6")),
            ("Debian:3.1", Some("debian:3.1")),
            ("Alpine:v3.19", Some("alpine:3.19")),
            ("Ubuntu:22.04:LTS", Some("ubuntu:22.04")),
            ("Ubuntu:Pro:18.04:LTS", Some("ubuntu:18.04")),
            ("Ubuntu:Pro:FIPS-updates:20.04:LTS", None),
            ("AlmaLinux:9", Some("almalinux:9")),
            ("Rocky Linux:8", Some("rocky:8")),
            ("Red Hat:rhel_eus:8.6::appstream", Some("rhel:8")),
            ("SUSE:Linux Enterprise Server 15 SP4-LTSS", Some("sles:15.4")),
            ("openSUSE:Tumbleweed", Some("opensuse-tumbleweed")),
            ("crates.io", Some("cargo")),
            ("Packagist:https://packages.drupal.org/8", Some("composer")),
            ("OSS-Fuzz", None),
            ("", None),
        ];
        for (osv, expect) in cases {
            let found = place(osv);
            assert_eq!(found.as_ref().map(|p| p.ecosystem.as_str()), expect, "{osv}");
            if let Some(found) = found {
                assert_eq!(Some(found.vendor), vendor(osv), "{osv}");
            }
        }
        assert!(place("Ubuntu:Pro:18.04:LTS").is_some_and(|place| place.pro));
    }
}
