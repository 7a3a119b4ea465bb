//! Which distribution: os-release, and the release files that were there before it.
//!
//! Several of these files may be in one image; each gives its answer with a rank and the highest
//! wins: `etc/os-release`, then `usr/lib/os-release` (os-release(5) demands this order), then a
//! file that only one distribution has, then `lsb-release`, then the files that derivatives
//! inherit or fake (`redhat-release`, `system-release`, `debian_version`).

mod os_release;
mod single_line;

use model::{Content, Distro, FileEntry};

use super::bytes::whole;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

const RANK_ETC_OS_RELEASE: u8 = 100;
const RANK_USR_OS_RELEASE: u8 = 90;
const RANK_OWN_FILE: u8 = 60;
const RANK_LSB_RELEASE: u8 = 50;
const RANK_SYSTEM_RELEASE: u8 = 45;
const RANK_REDHAT_RELEASE: u8 = 40;
const RANK_DEBIAN_VERSION: u8 = 20;

/// Reads the files that name the distribution.
pub(crate) struct Release;

impl Analyzer for Release {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn version(&self) -> u32 {
        1
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[
            Pattern::Path("etc/os-release"),
            Pattern::Path("usr/lib/os-release"),
            Pattern::Path("etc/lsb-release"),
            Pattern::Path("etc/alpine-release"),
            Pattern::Path("etc/debian_version"),
            Pattern::Path("etc/redhat-release"),
            Pattern::Path("etc/centos-release"),
            Pattern::Path("etc/rocky-release"),
            Pattern::Path("etc/almalinux-release"),
            Pattern::Path("etc/oracle-release"),
            Pattern::Path("etc/fedora-release"),
            Pattern::Path("etc/system-release"),
            Pattern::Path("etc/mariner-release"),
            Pattern::Path("etc/azurelinux-release"),
            Pattern::Path("etc/photon-release"),
            Pattern::Path("etc/SuSE-release"),
            Pattern::Path("etc/arch-release"),
        ]
    }

    fn analyze(
        &self,
        entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let bytes = whole(content)?;
        let text = String::from_utf8_lossy(&bytes);
        if let Some((rank, distro)) = read(&entry.path, &text) {
            found.distro = Some((rank, distro));
        } else if !text.trim().is_empty() && entry.path != "etc/lsb-release" {
            // Many distributions have an lsb-release with nothing but the LSB's own version.
            let text = super::bytes::quoted(text.trim().as_bytes());
            return Err(AnalyzeError::Malformed(format!("names no distribution: {text}")));
        }
        Ok(())
    }
}

/// The distribution that the file at `path` tells, with the rank of such a file.
fn read(path: &str, text: &str) -> Option<(u8, Distro)> {
    let (rank, distro) = match path {
        "etc/os-release" => (RANK_ETC_OS_RELEASE, os_release::read(text)),
        "usr/lib/os-release" => (RANK_USR_OS_RELEASE, os_release::read(text)),
        "etc/lsb-release" => (RANK_LSB_RELEASE, os_release::read_lsb(text)),
        "etc/alpine-release" => (RANK_OWN_FILE, single_line::alpine(text)),
        "etc/arch-release" => (RANK_OWN_FILE, Some(single_line::arch())),
        "etc/SuSE-release" => (RANK_OWN_FILE, single_line::suse(text)),
        "etc/debian_version" => (RANK_DEBIAN_VERSION, single_line::debian(text)),
        "etc/redhat-release" => (RANK_REDHAT_RELEASE, single_line::name_and_release(text)),
        "etc/system-release" => (RANK_SYSTEM_RELEASE, single_line::name_and_release(text)),
        _ => (RANK_OWN_FILE, single_line::name_and_release(text)),
    };
    Some((rank, distro?))
}

/// Debian's releases since the first that had an os-release file, by codename. Testing and
/// unstable have no `VERSION_ID`; testing already has the codename of the release it will be.
const DEBIAN_CODENAMES: [(&str, &str); 9] = [
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

/// The release of Debian with this codename; empty for `sid` and unknown ones.
fn debian_release(codename: &str) -> &'static str {
    DEBIAN_CODENAMES.iter().find(|(name, _)| *name == codename).map_or("", |(_, release)| release)
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, try_analyze, wanted_by};

    fn distro(path: &str, text: &str) -> (u8, String) {
        let (rank, distro) = analyze(path, text.as_bytes()).distro.unwrap();
        (rank, format!("{} {} {}", distro.id, distro.version, distro.codename).trim().to_owned())
    }

    const FAMILIES: &[(&str, &str, &str)] = &[
        (
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
            "debian 12 bookworm",
        ),
        (
            "etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian\nVERSION_CODENAME=forky",
            "debian 14 forky",
        ),
        (
            "etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\nID=debian",
            "debian 13 trixie",
        ),
        ("etc/os-release", "ID=debian\nVERSION_CODENAME=sid", "debian  sid"),
        ("etc/os-release", "ID=\"rhel\"\nVERSION_ID=\"8.9\"", "rhel 8.9"),
        ("etc/os-release", "ID='amzn'\nVERSION_ID='2023'", "amzn 2023"),
        ("etc/os-release", "ID=arch\nBUILD_ID=rolling", "arch"),
        (
            "etc/os-release",
            "ID=alpine\nVERSION_ID=3.21.0_alpha20240807",
            "alpine 3.21.0_alpha20240807",
        ),
        ("etc/os-release", "ID=\"opensuse-leap\"\nVERSION_ID=\"15.5\"", "opensuse-leap 15.5"),
        ("etc/alpine-release", "3.10.4\n", "alpine 3.10.4"),
        ("etc/debian_version", "12.5\n", "debian 12"),
        ("etc/debian_version", "6.0.10\n", "debian 6"),
        ("etc/debian_version", "trixie/sid\n", "debian 13 trixie"),
        ("etc/debian_version", "sid\n", "debian  sid"),
        (
            "etc/redhat-release",
            "Red Hat Enterprise Linux Server release 7.9 (Maipo)\n",
            "rhel 7.9 Maipo",
        ),
        ("etc/redhat-release", "Red Hat Enterprise Linux release 9.3 (Plow)\n", "rhel 9.3 Plow"),
        ("etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos 7 Core"),
        ("etc/centos-release", "CentOS release 6.10 (Final)\n", "centos 6 Final"),
        ("etc/centos-release", "CentOS Stream release 9\n", "centos 9"),
        ("etc/rocky-release", "Rocky Linux release 9.3 (Blue Onyx)\n", "rocky 9.3 Blue Onyx"),
        (
            "etc/almalinux-release",
            "AlmaLinux release 8.9 (Midnight Oncilla)",
            "almalinux 8.9 Midnight Oncilla",
        ),
        ("etc/oracle-release", "Oracle Linux Server release 8.9\n", "ol 8.9"),
        ("etc/fedora-release", "Fedora release 39 (Thirty Nine)\n", "fedora 39 Thirty Nine"),
        ("etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amzn 2 Karoo"),
        ("etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn 2018.03"),
        (
            "etc/system-release",
            "Amazon Linux release 2023.3.20240122 (Amazon Linux)",
            "amzn 2023 Amazon Linux",
        ),
        (
            "etc/redhat-release",
            "Kylin Linux Advanced Server release V10 (Tercel)",
            "kylin-advanced-server V10 Tercel",
        ),
        (
            "etc/mariner-release",
            "CBL-Mariner 2.0.20240112\nMARINER_BUILD_NUMBER=2b8f2d5\n",
            "mariner 2.0",
        ),
        ("etc/azurelinux-release", "Azure Linux 3.0.20240401\n", "azurelinux 3.0"),
        ("etc/photon-release", "VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1\n", "photon 4.0"),
        (
            "etc/SuSE-release",
            "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 5\n",
            "sles 12.5",
        ),
        (
            "etc/SuSE-release",
            "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 0\n",
            "sles 11",
        ),
        (
            "etc/SuSE-release",
            "openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n",
            "opensuse 13.2 Harlequin",
        ),
        (
            "etc/lsb-release",
            "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\nDISTRIB_DESCRIPTION=\"Ubuntu 14.04.6 LTS\"\n",
            "ubuntu 14.04 trusty",
        ),
        ("etc/lsb-release", "DISTRIB_ID=\"Linux Mint\"\nDISTRIB_RELEASE=21\n", "linuxmint 21"),
        ("etc/arch-release", "Arch Linux release\n", "arch"),
        ("etc/arch-release", "", "arch"),
    ];

    #[test]
    fn every_family_is_told_by_its_files() {
        for (path, text, expect) in FAMILIES {
            assert_eq!(distro(path, text).1, *expect, "{path}: {text}");
        }
    }

    #[test]
    fn the_more_telling_file_has_the_higher_rank() {
        let ranked = [
            ("etc/os-release", "ID=ol"),
            ("usr/lib/os-release", "ID=ol"),
            ("etc/oracle-release", "Oracle Linux Server release 8.9"),
            ("etc/lsb-release", "DISTRIB_ID=Ubuntu"),
            ("etc/system-release", "Oracle Linux Server release 8.9"),
            ("etc/redhat-release", "Red Hat Enterprise Linux release 8.9 (Ootpa)"),
            ("etc/debian_version", "bookworm/sid"),
        ];
        let ranks: Vec<u8> = ranked.iter().map(|(path, text)| distro(path, text).0).collect();
        assert!(ranks.is_sorted_by(|a, b| a > b), "{ranks:?}");
    }

    #[test]
    fn what_names_no_distribution_is_told() {
        for (path, text) in [
            ("etc/os-release", "<html>"),
            ("etc/os-release", "VERSION_ID=12\nID=\n"),
            ("etc/redhat-release", "hello"),
            ("etc/redhat-release", "release 8"),
            ("etc/alpine-release", "edge of\x07 the world"),
            ("etc/SuSE-release", "VERSION = 1"),
        ] {
            let (found, errors) = try_analyze(path, text.as_bytes());
            assert_eq!((found.distro, errors.len()), (None, 1), "{path}: {text}");
        }
        assert!(analyze("etc/os-release", b"\n").is_empty());
        assert!(analyze("etc/lsb-release", b"LSB_VERSION=1.4\n").is_empty());
        assert_eq!(wanted_by("etc/os-release"), ["os-release"]);
    }
}
