//! From a distribution to the ecosystem whose advisories speak of its packages, and to the vendors
//! that build them.
//!
//! Only distributions that are known by name are mapped. One that is merely like another
//! (`ID_LIKE`) has packages of its own, so the other's advisories would be wrong in both directions.

use model::{Distro, Ecosystem};

/// Codenames of Debian, whose testing and unstable images carry no `VERSION_ID`.
const DEBIAN_CODENAMES: [(&str, &str); 10] = [
    ("duke", "15"),
    ("forky", "14"),
    ("trixie", "13"),
    ("bookworm", "12"),
    ("bullseye", "11"),
    ("buster", "10"),
    ("stretch", "9"),
    ("jessie", "8"),
    ("wheezy", "7"),
    ("sid", "sid"),
];

/// How much of `VERSION_ID` names the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    /// `8.9` is 8.
    Major,
    /// `3.19.1` is 3.19.
    MajorMinor,
    /// All of it.
    Whole,
    /// A rolling distribution: none.
    None,
}

/// A distribution known by name.
struct Known {
    /// `ID` of os-release.
    id: &'static str,
    /// The first part of the ecosystem.
    family: &'static str,
    release: Release,
    /// Beginnings of the rpm vendors whose packages the advisories speak of.
    vendors: &'static [&'static str],
}

const SUSE_VENDORS: &[&str] = &["SUSE", "openSUSE"];
const REDHAT_VENDORS: &[&str] = &["Red Hat", "CentOS"];

const fn known(
    id: &'static str,
    family: &'static str,
    release: Release,
    vendors: &'static [&'static str],
) -> Known {
    Known { id, family, release, vendors }
}

/// CentOS is built from RHEL's sources, and Red Hat's advisories are the only ones there are.
const KNOWN: &[Known] = &[
    known("almalinux", "almalinux", Release::Major, &["AlmaLinux"]),
    known("alpine", "alpine", Release::MajorMinor, &[]),
    known("amzn", "amzn", Release::Major, &["Amazon"]),
    known("arch", "arch", Release::None, &[]),
    known("azurelinux", "azurelinux", Release::MajorMinor, &["Microsoft"]),
    known("centos", "rhel", Release::Major, REDHAT_VENDORS),
    known("chainguard", "chainguard", Release::None, &[]),
    known("debian", "debian", Release::Major, &[]),
    known("fedora", "fedora", Release::Major, &["Fedora"]),
    known("mariner", "mariner", Release::MajorMinor, &["Microsoft"]),
    known("ol", "ol", Release::Major, &["Oracle"]),
    known("opensuse", "opensuse-leap", Release::MajorMinor, SUSE_VENDORS),
    known("opensuse-leap", "opensuse-leap", Release::MajorMinor, SUSE_VENDORS),
    known("opensuse-leap-micro", "opensuse-leap-micro", Release::MajorMinor, SUSE_VENDORS),
    known("opensuse-tumbleweed", "opensuse-tumbleweed", Release::None, SUSE_VENDORS),
    known("photon", "photon", Release::MajorMinor, &["VMware"]),
    known("rhel", "rhel", Release::Major, REDHAT_VENDORS),
    known("rocky", "rocky", Release::Major, &["Rocky"]),
    known("sl-micro", "sle-micro", Release::MajorMinor, SUSE_VENDORS),
    known("sle-micro", "sle-micro", Release::MajorMinor, SUSE_VENDORS),
    known("sle_hpc", "sles", Release::MajorMinor, SUSE_VENDORS),
    known("sled", "sles", Release::MajorMinor, SUSE_VENDORS),
    known("sles", "sles", Release::MajorMinor, SUSE_VENDORS),
    known("sles_sap", "sles", Release::MajorMinor, SUSE_VENDORS),
    known("ubuntu", "ubuntu", Release::Whole, &[]),
    known("wolfi", "wolfi", Release::None, &[]),
];

/// The distribution as the advisories know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Home {
    /// Advisories of this ecosystem speak of its packages.
    Known {
        /// The ecosystem.
        ecosystem: Ecosystem,
        /// Beginnings of the rpm vendors that the advisories speak of; empty where packages name
        /// none.
        vendors: &'static [&'static str],
    },
    /// Not known; the name to show, and why.
    Unknown {
        /// The distribution as found.
        name: String,
        /// One sentence for the reader.
        note: String,
    },
}

/// The home of an inventory's operating system packages.
pub(super) fn home(distro: Option<&Distro>) -> Home {
    let Some(distro) = distro else {
        let note = "The image names no distribution (no os-release), so no advisories can be \
                    chosen for its operating system packages.";
        return Home::Unknown { name: "unknown".to_owned(), note: note.to_owned() };
    };
    let Some(known) = KNOWN.iter().find(|known| known.id == distro.id) else {
        return unknown(distro);
    };
    match release(known, distro) {
        Some(release) if release.is_empty() => {
            Home::Known { ecosystem: Ecosystem(known.family.to_owned()), vendors: known.vendors }
        }
        Some(release) => Home::Known {
            ecosystem: Ecosystem(format!("{}:{release}", known.family)),
            vendors: known.vendors,
        },
        None => Home::Unknown {
            name: shown(distro),
            note: format!(
                "{} names no release that is known, so no advisories can be chosen for its \
                 packages.",
                shown(distro)
            ),
        },
    }
}

/// The release within the family; empty for a rolling distribution, `None` when it is not named.
fn release(known: &Known, distro: &Distro) -> Option<String> {
    let version = distro.version.as_str();
    match known.family {
        "debian" if !version.starts_with(|c: char| c.is_ascii_digit()) => {
            let codename = distro.codename.as_str();
            let found = DEBIAN_CODENAMES.iter().find(|(name, _)| *name == codename);
            return found.map(|(_, release)| (*release).to_owned());
        }
        "alpine" if version.contains("_alpha") || version == "edge" => {
            return Some("edge".to_owned());
        }
        // The first Amazon Linux dates its releases: 2018.03.
        "amzn" if version.starts_with("201") => return Some("1".to_owned()),
        _ => {}
    }
    let mut parts = version.split('.');
    let major = parts.next().filter(|part| !part.is_empty());
    match known.release {
        Release::None => Some(String::new()),
        Release::Whole => major.map(|_| version.to_owned()),
        Release::Major => major.map(str::to_owned),
        Release::MajorMinor => {
            let minor = parts
                .next()
                .map(|minor| minor.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
            match (major?, minor) {
                // SUSE writes the first release of 15 as 15, 15.0 means the same.
                (major, None) => Some(major.to_owned()),
                (major, Some("0")) if known.family == "sles" => Some(major.to_owned()),
                (major, Some(minor)) => Some(format!("{major}.{minor}")),
            }
        }
    }
}

fn unknown(distro: &Distro) -> Home {
    let name = shown(distro);
    let like: Vec<&str> = distro.like.iter().map(String::as_str).collect();
    let derived = if like.is_empty() {
        String::new()
    } else {
        format!(
            " It is like {}, but has packages of its own, which the advisories of {} do not \
             speak of.",
            like.join(" and "),
            like[0]
        )
    };
    let note = format!("{name} is not a distribution whose advisories are known.{derived}");
    Home::Unknown { name, note }
}

/// A distribution in a word.
fn shown(distro: &Distro) -> String {
    let release = if distro.version.is_empty() { &distro.codename } else { &distro.version };
    match (distro.id.as_str(), release.as_str()) {
        ("", _) => "unknown".to_owned(),
        (id, "") => id.to_owned(),
        (id, release) => format!("{id}:{release}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_ecosystem() {
        let cases = [
            ("debian", "12", "bookworm", "debian:12"),
            ("debian", "", "trixie", "debian:13"),
            ("debian", "", "sid", "debian:sid"),
            ("debian", "10.3", "", "debian:10"),
            ("ubuntu", "22.04", "jammy", "ubuntu:22.04"),
            ("alpine", "3.19.1", "", "alpine:3.19"),
            ("alpine", "3.10.0", "", "alpine:3.10"),
            ("alpine", "3.21.0_alpha20240807", "", "alpine:edge"),
            ("alpine", "3.21_alpha20240807", "", "alpine:edge"),
            ("alpine", "3.23.0_rc1", "", "alpine:3.23"),
            ("rhel", "8.9", "", "rhel:8"),
            ("centos", "7", "", "rhel:7"),
            ("almalinux", "9.3", "", "almalinux:9"),
            ("rocky", "9.3", "", "rocky:9"),
            ("ol", "8.9", "", "ol:8"),
            ("sles", "15.4", "", "sles:15.4"),
            ("sles", "15", "", "sles:15"),
            ("sle_hpc", "15.3", "", "sles:15.3"),
            ("opensuse-leap", "15.5", "", "opensuse-leap:15.5"),
            ("opensuse-tumbleweed", "20240101", "", "opensuse-tumbleweed"),
            ("amzn", "2023", "", "amzn:2023"),
            ("amzn", "2", "", "amzn:2"),
            ("amzn", "2018.03", "", "amzn:1"),
            ("azurelinux", "3.0", "", "azurelinux:3.0"),
            ("mariner", "2.0.20240101", "", "mariner:2.0"),
            ("arch", "20240101.0.1", "", "arch"),
            ("wolfi", "20230201", "", "wolfi"),
        ];
        for (id, version, codename, expected) in cases {
            let distro = Distro {
                id: id.into(),
                version: version.into(),
                codename: codename.into(),
                ..Distro::default()
            };
            match home(Some(&distro)) {
                Home::Known { ecosystem, .. } => assert_eq!(ecosystem.0, expected),
                unknown => panic!("{id} {version}: {unknown:?}"),
            }
        }
    }

    #[test]
    fn derivatives_are_not_taken_for_what_they_are_like() {
        let distro = |id: &str, version: &str, like: &[&str]| Distro {
            id: id.into(),
            version: version.into(),
            like: like.iter().map(|id| (*id).to_owned()).collect(),
            ..Distro::default()
        };
        for unknown in [
            distro("linuxmint", "21", &["ubuntu", "debian"]),
            distro("raspbian", "12", &["debian"]),
            distro("debian", "", &[]),
            distro("ubuntu", "", &[]),
        ] {
            let Home::Unknown { name, note } = home(Some(&unknown)) else {
                panic!("{unknown:?} is known")
            };
            assert!(name.starts_with(&unknown.id) && note.contains(&name), "{note}");
        }
        assert!(matches!(home(None), Home::Unknown { .. }));
    }
}
