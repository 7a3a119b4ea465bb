//! Names of packages as their ecosystems compare them, and the parts of rpm file names.

use std::borrow::Cow;

/// A package name as its ecosystem compares names. `family` is the part of the ecosystem before
/// the colon.
pub(super) fn normal<'a>(family: &str, name: &'a str) -> Cow<'a, str> {
    match family {
        "pypi" => pypi(name),
        "composer" | "nuget" | "hex" | "pub" | "bitnami" => lower(name),
        "swift" => swift(name),
        _ => Cow::Borrowed(name),
    }
}

/// PEP 503: lower case, runs of `-`, `_` and `.` are one `-`.
fn pypi(name: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if name.bytes().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut normal = String::with_capacity(name.len());
    let mut in_run = false;
    for c in name.chars() {
        let separator = matches!(c, '-' | '_' | '.');
        if !separator {
            normal.extend(c.to_lowercase());
        } else if !in_run {
            normal.push('-');
        }
        in_run = separator;
    }
    Cow::Owned(normal)
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.chars().any(char::is_uppercase) {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The address of a Swift package: without scheme and `.git`, lower case.
fn swift(name: &str) -> Cow<'_, str> {
    let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let bare = bare.unwrap_or(name);
    lower(bare.strip_suffix(".git").unwrap_or(bare))
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether an rpm holds only what a debugger needs: no code that runs.
pub(super) fn is_debug_rpm(name: &str) -> bool {
    name.ends_with("-debuginfo")
        || name.ends_with("-debugsource")
        || name.contains("-debuginfo-")
        || name.ends_with("-debuginfo-common")
}

/// The name and the version of an rpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nevra<'a> {
    /// Name.
    pub(super) name: &'a str,
    /// `epoch:version-release`, the epoch where it was written.
    pub(super) evr: &'a str,
    /// Architecture, where it was written.
    pub(super) arch: Option<&'a str>,
}

impl<'a> Nevra<'a> {
    /// Reads `name-[epoch:]version-release`.
    pub(super) fn without_arch(text: &'a str) -> Option<Self> {
        let (before_release, release) = text.rsplit_once('-')?;
        let (name, version) = before_release.rsplit_once('-')?;
        let digit = version.starts_with(|c: char| c.is_ascii_digit());
        let complete = !name.is_empty() && !version.is_empty() && !release.is_empty();
        let evr = text.get(name.len() + 1..)?;
        (complete && (digit || version.contains(':'))).then_some(Nevra { name, evr, arch: None })
    }

    /// Reads `name-[epoch:]version-release.arch[.rpm]`.
    pub(super) fn with_arch(text: &'a str) -> Option<Self> {
        let text = text.strip_suffix(".rpm").unwrap_or(text);
        let (nevr, arch) = text.rsplit_once('.')?;
        Some(Nevra { arch: Some(arch), ..Nevra::without_arch(nevr)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_as_each_ecosystem_does() {
        let cases = [
            ("pypi", "Zope.Interface", "zope-interface"),
            ("pypi", "foo_-._bar", "foo-bar"),
            ("pypi", "flask", "flask"),
            ("nuget", "Newtonsoft.Json", "newtonsoft.json"),
            ("composer", "Symfony/HTTP-Kernel", "symfony/http-kernel"),
            ("npm", "@Angular/Core", "@Angular/Core"),
            ("maven", "org.Foo:Bar", "org.Foo:Bar"),
            ("swift", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio"),
        ];
        for (family, name, expect) in cases {
            assert_eq!(normal(family, name), expect, "{family} {name}");
        }
    }

    #[test]
    fn splits_rpm_names() {
        let cases = [
            ("libpng-2:1.6.34-5.el8", Some(("libpng", "2:1.6.34-5.el8"))),
            ("java-1.8.0-ibm-1:1.8.0.5-1jpp.el6", Some(("java-1.8.0-ibm", "1:1.8.0.5-1jpp.el6"))),
            ("kernel-4.18.0-80.el8", Some(("kernel", "4.18.0-80.el8"))),
            ("php:7.3-8020020200715124551.ceb1cf90", None),
            ("libpng", None),
            ("a-b-c", None),
            ("", None),
        ];
        for (text, expect) in cases {
            let found = Nevra::without_arch(text).map(|nevra| (nevra.name, nevra.evr));
            assert_eq!(found, expect, "{text}");
        }
        let file = Nevra::with_arch("runc-0:1.0.0-56.rc5.module+el8.x86_64.rpm");
        let expect = Nevra { name: "runc", evr: "0:1.0.0-56.rc5.module+el8", arch: Some("x86_64") };
        assert_eq!(file, Some(expect));
    }
}
