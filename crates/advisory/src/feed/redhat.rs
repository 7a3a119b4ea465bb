//! What Red Hat's feeds share: product names (CPE URIs), the release they belong to, and module
//! streams, which its notices name in their title only.
//!
//! The rebuilds (Alma, Rocky) title their notices the same way.

use std::cmp::Ordering;

use model::{Affected, RangeEnd};

use model::version::{Scheme, compare};

/// Stream of a modular package whose notice does not name it.
const UNNAMED_STREAM: &str = "*";
/// Products whose second part is the release of RHEL itself.
const RHEL_PRODUCTS: [&str; 6] =
    ["enterprise_linux", "rhel_eus", "rhel_aus", "rhel_tus", "rhel_e4s", "rhel_els"];
/// Beginnings of the names of other products that count their releases like RHEL.
const RHEL_PRODUCT_PREFIXES: [&str; 5] = [
    "rhel_extras",
    "rhel_mission_critical",
    "rhel_virtualization",
    "rhel_productivity",
    "rhel_rhn_tools",
];
/// Variants of RHEL that are the operating system, not an application (`cpe:/o:`).
const OS_VARIANTS: [&str; 13] = [
    "as",
    "aw",
    "baseos",
    "client",
    "client_workstation",
    "computenode",
    "desktop",
    "es",
    "fastdatapath",
    "hypervisor",
    "server",
    "workstation",
    "ws",
];
/// Releases of RHEL that we inventory.
const RELEASES: std::ops::RangeInclusive<u32> = 3..=10;

/// The CPE URI of a product as OSV writes it (`enterprise_linux:8::appstream`), with the part that
/// OSV leaves out: `a` for an application, `o` for an operating system. Red Hat's
/// repository-to-CPE list decides which is which.
pub(super) fn cpe_uri(product: &str) -> String {
    let part = if is_os(product) { 'o' } else { 'a' };
    format!("cpe:/{part}:redhat:{product}")
}

fn is_os(product: &str) -> bool {
    let mut parts = product.split(':');
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let variant = parts.nth(1).unwrap_or_default();
    match name {
        "rhel_els" | "rhel_mission_critical" => true,
        "rhev_hypervisor" => variant == "el8" || variant.is_empty(),
        // From 10.0 on every repository of a minor release counts as operating system.
        "enterprise_linux" if version.starts_with("10.") => true,
        _ if RHEL_PRODUCTS.contains(&name) => variant.is_empty() || OS_VARIANTS.contains(&variant),
        _ => false,
    }
}

/// The release of RHEL that a product runs on: `cpe:/a:redhat:rhel_eus:8.6::appstream` is 8,
/// `cpe:/a:redhat:openshift:4.12::el9` is 9. `None` when the name does not say.
pub(super) fn release_of(cpe: &str) -> Option<u32> {
    let mut parts = cpe.strip_prefix("cpe:/")?.split(':').skip(2);
    let product = parts.next()?;
    let version = parts.next().unwrap_or_default();
    if let Some(release) = parts.find_map(|part| part.strip_prefix("el")).and_then(major) {
        return Some(release);
    }
    let counts_like_rhel = RHEL_PRODUCTS.contains(&product)
        || RHEL_PRODUCT_PREFIXES.iter().any(|prefix| product.starts_with(prefix));
    if counts_like_rhel { major(version) } else { None }
}

/// The release of RHEL that a package was built for, by its release text (`-5.el8_2.1`).
pub(super) fn release_of_build(evr: &str) -> Option<u32> {
    evr.rsplit_once('-')?.1.split(['.', '+', '_']).find_map(|part| major(part.strip_prefix("el")?))
}

fn major(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let release = text.get(..digits)?.parse().ok()?;
    RELEASES.contains(&release).then_some(release)
}

/// Whether a product is RHEL itself in its main stream, whole: a statement about it is about every
/// package of the release.
pub(super) fn is_whole_rhel(cpe: &str) -> bool {
    let mut parts = cpe.split(':').skip(2);
    parts.next() == Some("redhat")
        && parts.next() == Some("enterprise_linux")
        && parts.next().is_some_and(|version| !version.contains('.'))
        && parts.next().is_none()
}

/// A statement about a package, for each module stream that its notice names when the package was
/// built in a module.
pub(super) fn by_stream(statement: Affected, build: &str, streams: &[String]) -> Vec<Affected> {
    if !is_modular(build) {
        return vec![statement];
    }
    let unnamed = [UNNAMED_STREAM.to_owned()];
    let streams = if streams.is_empty() { &unnamed } else { streams };
    let of_stream =
        |stream: &String| Affected { module: Some(stream.clone()), ..statement.clone() };
    streams.iter().map(of_stream).collect()
}

/// Of several builds of one package in a notice, keeps the oldest: a module is rebuilt for each
/// minor release, the notice lists all builds, and the repair begins with the first. Takes
/// statements sorted by package.
pub(super) fn keep_oldest(found: &mut Vec<Affected>) {
    found.dedup_by(|next, kept| {
        let same = next.package == kept.package
            && next.ecosystem == kept.ecosystem
            && next.module == kept.module
            && next.name_of == kept.name_of
            && next.cpes == kept.cpes;
        let (Some(new), Some(old)) = (fix(next), fix(kept)) else {
            return false;
        };
        if same && compare(Scheme::Rpm, new, old) == Ok(Ordering::Less) {
            std::mem::swap(next, kept);
        }
        same
    });
}

/// The version of the repair, where a statement is about one span.
fn fix(affected: &Affected) -> Option<&str> {
    match affected.ranges.as_slice() {
        [range] => match &range.end {
            RangeEnd::Fixed(version) => Some(version),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a package was built in a module: `1.module+el8.6.0+824`, `1.module_el8.6.0+2905`.
pub(super) fn is_modular(evr: &str) -> bool {
    evr.contains(".module+el") || evr.contains(".module_el")
}

/// The module streams that a notice's title names: `nodejs:18 security update` names `nodejs:18`,
/// `httpd:2.4/mod_http2 security update` names `httpd:2.4`, `virt:rhel and virt-devel:rhel …` both.
pub(super) fn streams(title: &str) -> Vec<String> {
    let mut streams: Vec<String> =
        title.split([' ', ',', '/']).filter(|word| is_stream(word)).map(str::to_owned).collect();
    streams.dedup();
    streams
}

fn is_stream(word: &str) -> bool {
    let Some((name, stream)) = word.split_once(':') else {
        return false;
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let in_stream = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty()
        && !stream.is_empty()
        && name.chars().all(in_name)
        && stream.chars().all(in_stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_cpe_uris_as_red_hat_writes_them() {
        let cases = [
            ("enterprise_linux:8::appstream", "cpe:/a:redhat:enterprise_linux:8::appstream"),
            ("enterprise_linux:8::baseos", "cpe:/o:redhat:enterprise_linux:8::baseos"),
            ("enterprise_linux:7::server", "cpe:/o:redhat:enterprise_linux:7::server"),
            ("enterprise_linux:10.0::appstream", "cpe:/o:redhat:enterprise_linux:10.0::appstream"),
            ("rhel_eus:9.2::crb", "cpe:/a:redhat:rhel_eus:9.2::crb"),
            ("rhel_eus:7.6::server", "cpe:/o:redhat:rhel_eus:7.6::server"),
            ("openshift:4.12::el8", "cpe:/a:redhat:openshift:4.12::el8"),
        ];
        for (product, expect) in cases {
            assert_eq!(cpe_uri(product), expect);
        }
    }

    #[test]
    fn finds_the_release_of_products_and_builds() {
        let cases = [
            ("cpe:/o:redhat:enterprise_linux:8::baseos", Some(8)),
            ("cpe:/a:redhat:rhel_eus:8.6::appstream", Some(8)),
            ("cpe:/a:redhat:openshift:4.12::el9", Some(9)),
            ("cpe:/a:redhat:rhel_extras:6", Some(6)),
            ("cpe:/o:redhat:enterprise_linux:10", Some(10)),
            ("cpe:/a:redhat:openshift:4", None),
            ("cpe:/a:redhat:enterprise_linux:2.1::as", None),
            ("nonsense", None),
        ];
        for (cpe, expect) in cases {
            assert_eq!(release_of(cpe), expect, "{cpe}");
        }
        let builds = [
            ("0:1.2-5.el8_2.1", Some(8)),
            ("0:1.2-1.module+el8.6.0+824", Some(8)),
            ("1.2-0jpp_4rh.16", None),
        ];
        for (evr, expect) in builds {
            assert_eq!(release_of_build(evr), expect, "{evr}");
        }
        assert!(is_whole_rhel("cpe:/o:redhat:enterprise_linux:8"));
        assert!(!is_whole_rhel("cpe:/a:redhat:enterprise_linux:8::appstream"));
        assert!(!is_whole_rhel("cpe:/a:redhat:rhel_eus:8.6"));
    }

    #[test]
    fn reads_streams_from_titles() {
        let cases: [(&str, &[&str]); 6] = [
            ("Important: nodejs:18 security update", &["nodejs:18"]),
            ("virt:rhel and virt-devel:rhel security update", &["virt:rhel", "virt-devel:rhel"]),
            ("httpd:2.4/mod_http2 security update", &["httpd:2.4"]),
            ("idm:DL1 and idm:client security, bug fix update", &["idm:DL1", "idm:client"]),
            ("nodejs : security update", &[]),
            ("varnish security update", &[]),
        ];
        for (title, expect) in cases {
            assert_eq!(streams(title), expect, "{title}");
        }
    }
}
