//! The published order tables, the laws of an order, and cases of our own for what no table has.

use std::path::PathBuf;

use crate::{Ecosystem, PackageKind, RangeEnd, VersionRange};
use proptest::prelude::*;

use super::*;

/// Tables by the beginning of their file names.
const TABLES: [(&str, Scheme); 12] = [
    ("alpine", Scheme::Apk),
    ("cran", Scheme::Cran),
    ("debian", Scheme::Deb),
    ("hackage", Scheme::Hackage),
    ("maven", Scheme::Maven),
    ("nuget", Scheme::Nuget),
    ("packagist", Scheme::Composer),
    ("pub", Scheme::Pub),
    ("pypi", Scheme::Pep440),
    ("redhat", Scheme::Rpm),
    ("rubygems", Scheme::Gem),
    ("semver", Scheme::Semver),
];

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LAZARET_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Checks `A < B`, `A = B` or `A > B`, and the same the other way round.
fn check(scheme: Scheme, line: &str) -> Result<(), String> {
    let [a, sign, b] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(format!("{scheme}: `{line}` is no assertion"));
    };
    let expected = match sign {
        "<" => Ordering::Less,
        "=" => Ordering::Equal,
        ">" => Ordering::Greater,
        _ => return Err(format!("{scheme}: `{line}` has no sign")),
    };
    let found = (compare(scheme, a, b), compare(scheme, b, a));
    if found == (Ok(expected), Ok(expected.reverse())) {
        return Ok(());
    }
    Err(format!("{scheme}: {line}, found {found:?}"))
}

#[test]
fn published_tables() {
    let Some(folder) = shared("fixtures/versions") else { return };
    let mut failed = Vec::new();
    for (name, scheme) in TABLES {
        let (mut right, mut lines) = (0, 0);
        for file in [format!("{name}-versions.txt"), format!("{name}-versions-generated.txt")] {
            let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
            let asserted = |line: &&str| !line.trim().is_empty() && !line.starts_with("//");
            for line in text.lines().filter(asserted) {
                lines += 1;
                match check(scheme, line) {
                    Ok(()) => right += 1,
                    Err(why) => failed.push(why),
                }
            }
        }
        println!("{name}: {right} of {lines} lines");
    }
    assert!(failed.is_empty(), "{} wrong:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn own_cases() {
    let cases = [
        // vercmp(8).
        (Scheme::Alpm, "1.0a < 1.0alpha"),
        (Scheme::Alpm, "1.0alpha < 1.0b"),
        (Scheme::Alpm, "1.0rc < 1.0"),
        (Scheme::Alpm, "1.0 < 1.0.a"),
        (Scheme::Alpm, "1.0.a < 1.0.1"),
        (Scheme::Alpm, "1.5 = 1.5-1"),
        (Scheme::Alpm, "1.5-1 < 1.5-2"),
        (Scheme::Alpm, "1:1.0 > 2.0-1"),
        (Scheme::Alpm, "0:1.0 = 1.0"),
        (Scheme::Alpm, "2.0 < 2..0"),
        (Scheme::Alpm, "2.0.0 > 2.0"),
        (Scheme::Alpm, "2___a > 2_a"),
        // Go.
        (Scheme::Go, "v1.2.3 = 1.2.3"),
        (Scheme::Go, "v2.0.0+incompatible = v2.0.0"),
        (Scheme::Go, "v0.0.0-20190101000000-aaaaaaaaaaaa < v0.0.0-20200101000000-aaaaaaaaaaaa"),
        (Scheme::Go, "v1.2.4-0.20200101000000-abcdefabcdef > v1.2.3"),
        (Scheme::Go, "v1.2.4-0.20200101000000-abcdefabcdef < v1.2.4-pre"),
        (Scheme::Go, "go1.22rc1 < 1.22.0"),
        (Scheme::Go, "go1.22rc1 = 1.22.0-rc.1"),
        (Scheme::Go, "go1.22rc2 < go1.22rc10"),
        (Scheme::Go, "go1.22beta1 < go1.22rc1"),
        (Scheme::Go, "go1.9.7 < go1.10"),
        (Scheme::Go, "1.22 = 1.22.0"),
        (Scheme::Go, "1.21.0-0 < 1.21rc1"),
        // What npm reads loosely.
        (Scheme::Semver, "=1.2.3 = v1.2.3"),
        (Scheme::Semver, "1.2.3beta < 1.2.3"),
        (Scheme::Semver, "1.2.3beta = 1.2.3-beta"),
        (Scheme::Semver, "1.2 = 1.2.0"),
        // What has no package manager.
        (Scheme::Generic, "1.1.1w > 1.1.1k"),
        (Scheme::Generic, "1.1.1 < 1.1.1a"),
        (Scheme::Generic, "1.1.1zh > 1.1.1z"),
        (Scheme::Generic, "1.1.1w < 1.1.2"),
        (Scheme::Generic, "3.0.0-alpha17 < 3.0.0-beta1"),
        (Scheme::Generic, "3.13.0a1 < 3.13.0b1"),
        (Scheme::Generic, "3.13.0rc2 < 3.13.0"),
        (Scheme::Generic, "1.25.3 < 1.25.10"),
        (Scheme::Generic, "6.2.0-3 > 6.2.0-1"),
        (Scheme::Generic, "6.2.0-3 > 6.2.0"),
        (Scheme::Generic, "9.3p2 > 9.3p1"),
        (Scheme::Generic, "17.0.9+9 < 17.0.10+7"),
        (Scheme::Generic, "1.8.0_392-b08 > 1.8.0_392"),
        (Scheme::Generic, "8u392 < 8u402"),
        (Scheme::Generic, "v2.9-dev3 < 2.9"),
        (Scheme::Generic, "5.3.0.Final = 5.3.0"),
        // PEP 440 corners.
        (Scheme::Pep440, "1.0.dev1 < 1.0a1"),
        (Scheme::Pep440, "1.0a1.dev1 < 1.0a1"),
        (Scheme::Pep440, "1.0.post1.dev1 < 1.0.post1"),
        (Scheme::Pep440, "1.0+abc < 1.0+5"),
        (Scheme::Pep440, "1.0+5 < 1.0+5.1"),
        (Scheme::Pep440, "1!1.0 > 2.0"),
        (Scheme::Pep440, "1.0-r4 = 1.0.post4"),
        (Scheme::Pep440, "v1.0 = 1"),
        (Scheme::Pep440, "1.0c1 = 1.0rc1"),
        (Scheme::Pep440, "1.0.preview1 = 1.0rc1"),
        (Scheme::Pep440, "1.0-SNAPSHOT < 0.1"),
    ];
    let failed: Vec<_> = cases.iter().filter_map(|(s, line)| check(*s, line).err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn refuses_what_has_no_place() {
    let cases = [
        (Scheme::Semver, "latest"),
        (Scheme::Go, "(devel)"),
        (Scheme::Nuget, "x.y"),
        (Scheme::Deb, "a:1"),
        (Scheme::Gem, "beta"),
        (Scheme::Hackage, "1.a"),
        (Scheme::Generic, "unknown"),
    ];
    for (scheme, text) in cases {
        let error = Version::parse(scheme, text).unwrap_err().to_string();
        assert!(error.contains(text) && !error.contains('\n'), "{error}");
    }
    for scheme in Scheme::ALL {
        assert!(Version::parse(scheme, "").is_err());
        assert!(Version::parse(scheme, " ").is_err());
        assert!(Version::parse(scheme, &"1".repeat(VERSION_MAX_BYTES + 1)).is_err());
        assert!(Version::parse(scheme, &"1".repeat(VERSION_MAX_BYTES)).is_ok());
    }
}

#[test]
fn schemes_of_ecosystems() {
    let cases = [
        ("debian:12", Scheme::Deb),
        ("ubuntu:22.04", Scheme::Deb),
        ("alpine:3.19", Scheme::Apk),
        ("wolfi", Scheme::Apk),
        ("rhel:8", Scheme::Rpm),
        ("opensuse-leap:15.5", Scheme::Rpm),
        ("amzn:2023", Scheme::Rpm),
        ("arch", Scheme::Alpm),
        ("npm", Scheme::Semver),
        ("golang", Scheme::Go),
        ("pypi", Scheme::Pep440),
        ("cran", Scheme::Cran),
        ("no-such-thing:1", Scheme::Generic),
    ];
    for (text, scheme) in cases {
        assert_eq!(Scheme::for_ecosystem(&Ecosystem(text.into())), scheme, "{text}");
    }
    for kind in PackageKind::ALL {
        let by_name = Scheme::for_ecosystem(&Ecosystem(kind.as_str().into()));
        assert_eq!(by_name, Scheme::for_kind(kind), "{kind}");
    }
}

fn range(introduced: &str, end: RangeEnd) -> VersionRange {
    let introduced = (!introduced.is_empty()).then(|| introduced.to_owned());
    VersionRange { introduced, end }
}

#[test]
fn stands_among_ranges() {
    let fixed = |v: &str| RangeEnd::Fixed(v.into());
    let ranges = [
        range("0", fixed("1.5")),
        range("1.4", fixed("1.6")),
        range("2.0", RangeEnd::LastAffected("2.2".into())),
        range("3.0", RangeEnd::Open),
        range("9.0", fixed("not a version")),
    ];
    let versions = ["1.7".to_owned()];
    let cases = [
        ("1.0", Some(Some("1.6"))),
        ("1.5.9", Some(Some("1.6"))),
        ("1.6", None),
        ("1.7.0", Some(None)),
        ("2.2.0", Some(None)),
        ("2.3", None),
        ("3.0", Some(None)),
        ("0.0.0-0", Some(Some("1.6"))),
    ];
    for (version, expected) in cases {
        let parsed = Version::parse(Scheme::Semver, version).unwrap();
        let found = position(&parsed, version, &ranges, &versions);
        let expected = Position { affected: expected.is_some(), fixed: expected.flatten() };
        assert_eq!(found, expected, "{version}");
        assert_eq!(affects(Scheme::Semver, version, &ranges, &versions), expected.affected);
    }
    assert!(!affects(Scheme::Semver, "latest", &[range("", RangeEnd::Open)], &[]));
    assert!(affects(Scheme::Semver, "latest", &[], &["latest".into()]));
    assert!(!affects(Scheme::Composer, "dev-main", &[range("", fixed("2"))], &[]));
}

/// Text that looks like versions of a scheme, the odd ones included.
fn any_version(scheme: Scheme) -> BoxedStrategy<String> {
    let part = prop_oneof![
        4 => "[0-9]{1,3}".boxed(),
        1 => "0{1,2}[0-9]?".boxed(),
        2 => prop::sample::select(vec![
            "a", "b", "m", "p", "r", "x", "rc", "RC1", "alpha", "beta2", "dev", "post1", "pre",
            "final", "sp", "snapshot", "git", "cvs", "el9", "foo", "SNAPSHOT", "p1", "u1",
        ])
        .prop_map(str::to_owned)
        .boxed(),
    ];
    let divider = match scheme {
        Scheme::Deb => vec![".", "-", "~", "+", ""],
        Scheme::Rpm => vec![".", "-", "~", "^", "", "_"],
        Scheme::Apk => vec![".", "_", "-r", "~", ""],
        Scheme::Alpm => vec![".", "_", "", "+"],
        Scheme::Cran | Scheme::Hackage => {
            return prop::collection::vec("[0-9]{1,2}", 1..5).prop_map(|v| v.join(".")).boxed();
        }
        _ => vec![".", "-", "+", "_", "", "~"],
    };
    let tail = prop::collection::vec((prop::sample::select(divider), part), 0..5);
    // Neither Maven's `.word` nor pacman's missing release goes into a total order.
    let dotted_words = scheme != Scheme::Maven;
    let release = if scheme == Scheme::Alpm { "-1" } else { "" };
    ("[0-3]", tail)
        .prop_map(move |(first, tail)| {
            let mut tail: String = tail.into_iter().map(|(d, p)| format!("{d}{p}")).collect();
            if !dotted_words {
                tail = undot_words(&tail);
            }
            format!("{first}{tail}{release}")
        })
        .boxed()
}

fn undot_words(tail: &str) -> String {
    let mut parts = tail.split('.');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(if part.starts_with(|c: char| c.is_ascii_digit()) { '.' } else { '-' });
        text.push_str(part);
    }
    text
}

fn three() -> impl Strategy<Value = (Scheme, [String; 3])> {
    prop::sample::select(Scheme::ALL.to_vec()).prop_flat_map(|scheme| {
        let version = || any_version(scheme);
        (Just(scheme), [version(), version(), version()])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn is_a_total_order((scheme, [a, b, c]) in three()) {
        let order = |x: &str, y: &str| compare(scheme, x, y);
        let (Ok(ab), Ok(bc), Ok(ac)) = (order(&a, &b), order(&b, &c), order(&a, &c)) else {
            return Ok(());
        };
        prop_assert_eq!(order(&a, &a), Ok(Ordering::Equal));
        prop_assert_eq!(order(&b, &a), Ok(ab.reverse()));
        if ab == bc || bc == Ordering::Equal {
            prop_assert_eq!(ac, ab, "{} {} {} {}", scheme, a, b, c);
        } else if ab == Ordering::Equal {
            prop_assert_eq!(ac, bc, "{} {} {} {}", scheme, a, b, c);
        }
    }

    #[test]
    fn takes_any_bytes(a in "\\PC{0,24}", b in "[0-9]{1,3}\\PC{0,12}") {
        for scheme in Scheme::ALL {
            if let (Ok(x), Ok(y)) = (compare(scheme, &a, &b), compare(scheme, &b, &a)) {
                prop_assert_eq!(x, y.reverse());
            }
        }
    }
}

#[test]
#[ignore = "prints times; run with --release"]
fn speed() {
    let cases = [
        (Scheme::Deb, "1:7.88.1-10+deb12u5", "1:7.88.1-10+deb12u12"),
        (Scheme::Rpm, "0:3.10.0-229.1.2.el7", "0:3.10.0-229.4.2.el7"),
        (Scheme::Apk, "2.9.11_pre20051101-r2", "2.9.11_pre20051101-r3"),
        (Scheme::Semver, "4.17.20", "4.17.21"),
        (Scheme::Go, "v0.0.0-20190101000000-aaaaaaaaaaaa", "v0.0.0-20200101000000-aaaaaaaaaaaa"),
        (Scheme::Pep440, "2.31.0", "2.32.0rc1"),
        (Scheme::Maven, "2.14.1", "2.15.0-rc1"),
        (Scheme::Gem, "6.1.4.1", "6.1.4.2"),
        (Scheme::Composer, "v5.4.0", "v5.4.20"),
        (Scheme::Generic, "1.1.1k", "1.1.1w"),
    ];
    const ROUNDS: u32 = 1_000_000;
    for (scheme, a, b) in cases {
        let parsed = Version::parse(scheme, a).unwrap();
        let begun = std::time::Instant::now();
        for _ in 0..ROUNDS {
            let other = Version::parse(scheme, std::hint::black_box(b)).unwrap();
            std::hint::black_box(parsed.compare(&other));
        }
        println!("{scheme}: {:?} to parse and compare", begun.elapsed() / ROUNDS);
    }
}
