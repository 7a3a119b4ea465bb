//! `View`: one report as the writers see it, its findings filtered and its packages indexed.

use std::borrow::Cow;
use std::collections::HashMap;

use model::{Finding, Layer, LayerIndex, Package, Report, Vulnerability};

use super::filter::Filter;
use super::text;

/// One report, what the filter leaves of its findings, and a way from a finding to its package.
pub(crate) struct View<'a> {
    pub(crate) report: &'a Report,
    /// What is shown, the riskiest first.
    pub(crate) findings: Vec<&'a Finding>,
    /// How many the filter hides.
    pub(crate) hidden: usize,
    /// The filter in words; empty when it lets all pass.
    pub(crate) filter: String,
    packages: HashMap<(&'a str, &'a str), &'a Package>,
}

impl<'a> View<'a> {
    pub(crate) fn new(report: &'a Report, filter: &Filter) -> Self {
        let (findings, hidden) = filter.apply(&report.findings);
        let packages = report
            .inventory
            .packages
            .iter()
            .filter_map(|package| {
                let purl = package.purl.as_ref()?;
                Some(((purl.as_str(), package.path.as_str()), package))
            })
            .collect();
        View { report, findings, hidden, filter: filter.describe(), packages }
    }

    /// The installed package that a vulnerability lies in.
    pub(crate) fn package(&self, vulnerability: &Vulnerability) -> Option<&'a Package> {
        let key = (vulnerability.purl.as_str(), vulnerability.path.as_str());
        self.packages.get(&key).copied()
    }

    /// The layer with an index; `None` for a bill of materials, which has none.
    pub(crate) fn layer(&self, index: LayerIndex) -> Option<&'a Layer> {
        self.report.image.layers.iter().find(|layer| layer.index == index)
    }

    /// The vulnerabilities among what is shown.
    pub(crate) fn vulnerabilities(&self) -> impl Iterator<Item = &'a Vulnerability> {
        self.findings.iter().filter_map(|finding| finding.vulnerability())
    }

    /// What the image is called in a heading: its name as the user gave it.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        text::clean(&self.report.source.name)
    }

    /// The distribution as people call it; `None` when none was recognised.
    pub(crate) fn distro(&self) -> Option<String> {
        let distro = self.report.inventory.distro.as_ref()?;
        let name = if distro.pretty_name.is_empty() {
            format!("{} {}", distro.id, distro.version).trim_end().to_owned()
        } else {
            distro.pretty_name.clone()
        };
        Some(text::clean(&name).into_owned())
    }

    /// Whether any layer is known to have come with a base image.
    pub(crate) fn has_base(&self) -> bool {
        self.report.image.layers.iter().any(|layer| layer.base)
    }
}

/// Where the public can read of a vulnerability; `None` when its name tells no place. Only names
/// of a strict shape become part of an address.
pub(crate) fn advisory_url(id: &str) -> Option<String> {
    let strict = id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'));
    if !strict {
        return None;
    }
    let (family, _) = id.split_once('-')?;
    Some(match family {
        "CVE" => format!("https://www.cve.org/CVERecord?id={id}"),
        "GHSA" => format!("https://github.com/advisories/{id}"),
        "RHSA" | "RHBA" | "RHEA" => format!("https://access.redhat.com/errata/{id}"),
        "DSA" | "DLA" => format!("https://security-tracker.debian.org/tracker/{id}"),
        "USN" => format!("https://ubuntu.com/security/notices/{id}"),
        _ => format!("https://osv.dev/vulnerability/{id}"),
    })
}

/// Where MITRE describes a technique of ATT&CK: `T1059` or `T1059.004`.
pub(crate) fn attack_url(technique: &str) -> Option<String> {
    let digits =
        |text: &str, number| text.len() == number && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = technique.strip_prefix('T')?;
    let (main, sub) = number.split_once('.').map_or((number, None), |(a, b)| (a, Some(b)));
    if !digits(main, 4) || sub.is_some_and(|sub| !digits(sub, 3)) {
        return None;
    }
    let sub = sub.map(|sub| format!("{sub}/")).unwrap_or_default();
    Some(format!("https://attack.mitre.org/techniques/T{main}/{sub}"))
}

/// An address that a rule names, when it is one that may become a link.
pub(crate) fn reference_url(reference: &str) -> Option<String> {
    const MAX_URL_BYTES: usize = 300;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,;=%".contains(&byte);
    let strict = reference.starts_with("https://")
        && reference.len() <= MAX_URL_BYTES
        && reference.bytes().all(plain);
    strict.then(|| reference.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_names_become_addresses() {
        let technique = attack_url("T1059.004");
        assert_eq!(technique.as_deref(), Some("https://attack.mitre.org/techniques/T1059/004/"));
        for bad in ["T1059.04", "T105", "T1059/../x", "", "TA0001"] {
            assert_eq!(attack_url(bad), None, "{bad}");
        }
        assert!(reference_url("https://example.org/a?b=c").is_some());
        for bad in
            ["javascript:alert(1)", "http://example.org", "https://x/\"onload=", "https://a b"]
        {
            assert_eq!(reference_url(bad), None, "{bad}");
        }
    }
}
