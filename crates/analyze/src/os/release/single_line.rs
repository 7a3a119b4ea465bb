//! The release files from before os-release: a line of prose, or a bare version.

use model::Distro;

use super::debian_release;
use crate::os::bytes::{field, word};

/// How a name in a release file begins, and the os-release `ID` of that distribution.
const NAMES: [(&str, &str); 15] = [
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Rocky Linux", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Oracle Linux", "ol"),
    ("Fedora", "fedora"),
    ("Amazon Linux", "amzn"),
    ("CBL-Mariner", "mariner"),
    ("Azure Linux", "azurelinux"),
    ("Microsoft Azure Linux", "azurelinux"),
    ("VMware Photon", "photon"),
    ("Scientific Linux", "scientific"),
    ("CloudLinux", "cloudlinux"),
    ("openEuler", "openeuler"),
    ("Anolis OS", "anolis"),
];

/// `NAME [release] VERSION [(CODENAME)]`, the form of Red Hat and most rpm distributions.
pub(super) fn name_and_release(text: &str) -> Option<Distro> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let id = id_of(line)?;
    let version_like = |word: &&str| {
        let digits = word.strip_prefix('V').unwrap_or(word);
        digits.starts_with(|c: char| c.is_ascii_digit())
    };
    let version = line.split_whitespace().find(version_like);
    let version = version.and_then(|text| word(text.as_bytes()))?;
    let codename = line.split_once('(').and_then(|(_, rest)| rest.split(')').next());
    Some(Distro {
        version: as_version_id(&id, &version).to_owned(),
        id,
        codename: codename.and_then(|text| field(text.as_bytes())).unwrap_or_default(),
        pretty_name: field(line.as_bytes()).unwrap_or_default(),
        ..Distro::default()
    })
}

/// The `ID` of the distribution that a line names. One that is not known is named by its own
/// words, so that the report says which it is.
fn id_of(line: &str) -> Option<String> {
    if let Some((_, id)) = NAMES.iter().find(|(name, _)| line.starts_with(name)) {
        return Some((*id).to_owned());
    }
    let (name, _) = line.split_once(" release ")?;
    let words: Vec<&str> = name.split_whitespace().filter(|word| *word != "Linux").collect();
    word(words.join("-").to_lowercase().as_bytes())
}

/// Cuts a release to what the distribution's os-release has as `VERSION_ID`: CentOS only the
/// major number, Amazon Linux 2023 the year, Mariner and Azure Linux no build date.
fn as_version_id<'a>(id: &str, version: &'a str) -> &'a str {
    let parts = match id {
        "centos" => 1,
        "amzn" if !version.starts_with("201") => 1,
        _ => 2,
    };
    let end = version.match_indices('.').nth(parts - 1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

/// `etc/alpine-release`: the version and nothing else.
pub(super) fn alpine(text: &str) -> Option<Distro> {
    let version = word(text.as_bytes())?;
    let pretty_name = format!("Alpine Linux {version}");
    Some(Distro { id: "alpine".into(), version, pretty_name, ..Distro::default() })
}

/// `etc/arch-release` says by being there.
pub(super) fn arch() -> Distro {
    Distro { id: "arch".into(), pretty_name: "Arch Linux".into(), ..Distro::default() }
}

/// `etc/debian_version`: `12.5`, or `trixie/sid` on testing and unstable.
pub(super) fn debian(text: &str) -> Option<Distro> {
    let text = word(text.as_bytes())?;
    let first = text.split(['.', '/']).next().unwrap_or(&text);
    let numeric = first.bytes().all(|b| b.is_ascii_digit());
    let (version, codename) = if numeric { (first, "") } else { (debian_release(first), first) };
    Some(Distro {
        id: "debian".into(),
        version: version.to_owned(),
        codename: codename.to_owned(),
        pretty_name: format!("Debian GNU/Linux {text}"),
        ..Distro::default()
    })
}

/// `etc/SuSE-release`: a name, then `VERSION = 12` and `PATCHLEVEL = 5` or `CODENAME = …`.
pub(super) fn suse(text: &str) -> Option<Distro> {
    let name = text.lines().next()?;
    let setting = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(left, _)| left.trim() == key)
            .and_then(|(_, right)| word(right.as_bytes()))
    };
    let id = match () {
        () if name.starts_with("openSUSE") => "opensuse",
        () if name.starts_with("SUSE Linux Enterprise Desktop") => "sled",
        () if name.starts_with("SUSE Linux Enterprise") => "sles",
        () => return None,
    };
    let version = setting("VERSION")?;
    let version = match setting("PATCHLEVEL").filter(|level| level != "0") {
        Some(level) => format!("{version}.{level}"),
        None => version,
    };
    Some(Distro {
        id: id.into(),
        version,
        codename: setting("CODENAME").unwrap_or_default(),
        pretty_name: field(name.as_bytes()).unwrap_or_default(),
        ..Distro::default()
    })
}
