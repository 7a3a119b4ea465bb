//! The law of `of` and `to_package`, and other tools' spellings. The specification's own cases are
//! in `tests/purl_specification.rs`, since they are read from files.

use proptest::prelude::*;

use super::*;
use crate::SourcePackage;

#[test]
fn writes_packages() {
    let check = |package: &Package, distro: Option<&Distro>, expected: &str| {
        let purl = Purl::of(package, distro).unwrap();
        assert_eq!(purl.as_str(), expected);
        assert_eq!(purl.as_str().parse(), Ok(purl));
    };
    let debian = Distro { id: "debian".into(), version: "12".into(), ..Distro::default() };
    let mut curl = Package::new(PackageKind::Deb, "libcurl4", "1:7.88.1-10+deb12u5");
    curl.arch = Some("amd64".into());
    curl.source =
        Some(SourcePackage { name: "curl".into(), version: "1:7.88.1-10+deb12u5".into() });
    check(
        &curl,
        Some(&debian),
        "pkg:deb/debian/libcurl4@1:7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12&upstream=curl",
    );
    let rocky = Distro { id: "rocky".into(), version: "8.9".into(), ..Distro::default() };
    let mut node = Package::new(PackageKind::Rpm, "nodejs", "1:16.20.2-4.module+el8");
    node.module = Some("nodejs:16:8090020240:a75119d5".into());
    node.source = Some(SourcePackage { name: "nodejs".into(), version: "16.20.2-4".into() });
    check(
        &node,
        Some(&rocky),
        "pkg:rpm/rocky/nodejs@16.20.2-4.module%2Bel8?distro=rocky-8.9&epoch=1\
         &rpmmod=nodejs:16:8090020240:a75119d5&upstream=nodejs%4016.20.2-4",
    );
    for (kind, name, version, expected) in [
        (PackageKind::Npm, "@babel/core", "7.0.0", "pkg:npm/%40babel/core@7.0.0"),
        (PackageKind::Maven, "org.slf4j:slf4j-api", "2.0", "pkg:maven/org.slf4j/slf4j-api@2.0"),
        (PackageKind::Maven, "orphan", "1", "pkg:maven/orphan@1"),
        (PackageKind::Golang, "stdlib", "1.22.1", "pkg:golang/stdlib@1.22.1"),
        (
            PackageKind::Golang,
            "github.com/BurntSushi/toml/v2",
            "v2.0.0+incompatible",
            "pkg:golang/github.com/BurntSushi/toml/v2@v2.0.0%2Bincompatible",
        ),
        (PackageKind::Pypi, "Ruamel_yaml", "1", "pkg:pypi/ruamel-yaml@1"),
        (PackageKind::Generic, "a/b", "", "pkg:generic/a%2Fb"),
    ] {
        check(&Package::new(kind, name, version), Some(&debian), expected);
    }
    assert!(Purl::of(&Package::new(PackageKind::Npm, "", "1"), None).is_err());
    // Shorter than the limit, but not once it is encoded.
    let long = "\u{e9}".repeat(PURL_MAX_BYTES / 3);
    assert!(Purl::of(&Package::new(PackageKind::Npm, &*long, "1"), None).is_err());
    assert!(format!("pkg:npm/{long}").parse::<Purl>().is_err());
}

#[test]
fn names_a_package_without_its_version() {
    let purl: Purl = "pkg:npm/%40babel/core@7.0.0?arch=x#y".parse().unwrap();
    assert_eq!(purl.without_version().as_str(), "pkg:npm/%40babel/core");
    assert_eq!((purl.type_text(), purl.kind()), ("npm", Some(PackageKind::Npm)));
    assert_eq!("pkg:github/a/b".parse::<Purl>().unwrap().kind(), None);
    assert_eq!("pkg:git/host/a//b%2F".parse::<Purl>().unwrap().as_str(), "pkg:git/host/a/b");
}

#[test]
fn reads_other_tools() {
    let read = |text: &str| text.parse::<Purl>().unwrap().to_package().unwrap();
    let cases = [
        ("pkg:deb/debian/a@1?distro=jessie", "debian", "", "jessie"),
        ("pkg:deb/0day/a@1?distro=0day-sid", "0day", "", "sid"),
        ("pkg:deb/debian/a@1?distro=debian-12", "debian", "12", ""),
        ("pkg:deb/debian/a@1?distro=debian-forky", "debian", "", "forky"),
        ("pkg:deb/ubuntu/a@1", "ubuntu", "", ""),
        ("pkg:apk/alpine/a@1?distro=3.19.1", "alpine", "3.19.1", ""),
        ("pkg:apk/alpine/a@1?distro=alpine-edge", "alpine", "edge", ""),
        ("pkg:rpm/redhat/a@1?distro=redhat-8.9", "rhel", "8.9", ""),
        ("pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.5", "opensuse-leap", "15.5", ""),
        ("pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed", "opensuse-tumbleweed", "", ""),
        ("pkg:rpm/amazon/a@1?distro=amazon-2", "amzn", "2", ""),
        ("pkg:rpm/cbl-mariner/a@1?distro=cbl-mariner-2.0", "mariner", "2.0", ""),
        ("pkg:alpm/arch/a@1?distro=arch", "arch", "", ""),
    ];
    for (text, id, version, codename) in cases {
        let distro = read(text).1.unwrap();
        let found = (distro.id.as_str(), distro.version.as_str(), distro.codename.as_str());
        assert_eq!(found, (id, version, codename), "{text}");
    }
    assert_eq!(read("pkg:rpm/a@1?epoch=2").0.version, "2:1");
    assert_eq!(read("pkg:deb/debian/a@1-1?epoch=2").0.version, "2:1-1");
    assert_eq!(read("pkg:deb/debian/a@2:1-1?epoch=2").0.version, "2:1-1");
    assert_eq!(read("pkg:rpm/a@1?epoch=s:2").0.version, "1");
    assert_eq!(read("pkg:rpm/a@:1?epoch=2").0.version, "2::1");
    let package = read("pkg:rpm/rhel/libssl@1.1-2?upstream=openssl-libs-1.1-2.el8.src.rpm").0;
    let source = SourcePackage { name: "openssl-libs".into(), version: "1.1-2.el8".into() };
    assert_eq!(package.source, Some(source));
    let module = "pkg:golang/github.com/hashicorp/vault@v1.0.0#api/auth";
    assert_eq!(read(module).0.name, "github.com/hashicorp/vault/api/auth");
    let spelt = Purl::of(&Package::new(PackageKind::Apk, "R-dev", "4"), None).unwrap();
    assert_eq!(spelt.as_str(), "pkg:apk/r-dev@4?upstream=R-dev");
    let (package, _) = spelt.to_package().unwrap();
    assert_eq!((package.name.as_str(), package.source), ("R-dev", None));
}

#[test]
fn refuses_in_one_line() {
    for bad in ["", "pkg:", "pkg:npm", "npm/a", "pkg:n pm/a", "pkg:npm/a%zz", "pkg:npm/a%ff"] {
        let error = bad.parse::<Purl>().unwrap_err().to_string();
        assert!(!error.contains('\n') && error.contains("not a package URL"), "{error}");
    }
    assert!(format!("pkg:npm/{}", "a".repeat(PURL_MAX_BYTES)).parse::<Purl>().is_err());
}

fn any_name(kind: PackageKind) -> BoxedStrategy<String> {
    let word = "[a-z][a-z0-9.+~]{0,8}";
    match kind {
        PackageKind::Maven => (word, word).prop_map(|(g, a)| format!("{g}:{a}")).boxed(),
        PackageKind::Npm => (word, word).prop_map(|(s, n)| format!("@{s}/{n}")).boxed(),
        PackageKind::Golang | PackageKind::Swift => {
            prop::collection::vec("[a-zA-Z][a-zA-Z0-9.~-]{0,8}", 2..5)
                .prop_map(|v| v.join("/"))
                .boxed()
        }
        PackageKind::Composer => (word, word).prop_map(|(v, n)| format!("{v}/{n}")).boxed(),
        PackageKind::Pub => "[a-z][a-z0-9_]{0,8}".boxed(),
        _ => word.boxed(),
    }
}

prop_compose! {
    fn any_package()(kind in prop::sample::select(PackageKind::ALL.to_vec()))(
        name in any_name(kind),
        epoch in prop::option::of(0u8..3),
        version in "[0-9][0-9a-zA-Z.+~^_%&?#/ ü-]{0,10}",
        source in prop::option::of(("[a-z][a-z0-9.+-]{0,8}", "[0-9][0-9a-z:.+~-]{0,8}", any::<bool>())),
        arch in prop::option::of("[a-z0-9_]{1,8}"),
        module in prop::option::of("[a-z]{1,5}:[0-9a-z.]{1,5}:[0-9]{1,5}:[0-9a-f]{1,8}"),
        kind in Just(kind),
    ) -> Package {
        let os = kind.is_os() && kind != PackageKind::Apk;
        let epoch = epoch.filter(|_| os).map_or(String::new(), |e| format!("{e}:"));
        let mut package = Package::new(kind, name, format!("{epoch}{version}"));
        package.arch = arch;
        if kind.is_os() {
            package.module = module;
            package.source = source.map(|(name, own, same)| {
                let version = if same { package.version.clone() } else { own };
                SourcePackage { name, version }
            });
        }
        package
    }
}

proptest! {
    #[test]
    fn to_package_undoes_of(
        package in any_package(),
        id in prop::sample::select(vec!["debian", "alpine", "rhel", "opensuse-leap", "sles"]),
        version in "[0-9]{1,2}(\\.[0-9]{1,2})?",
    ) {
        let distro = Distro { id: id.into(), version, ..Distro::default() };
        let purl = Purl::of(&package, Some(&distro)).unwrap();
        let (mut back, hinted) = purl.to_package().unwrap();
        prop_assert_eq!(back.purl.take(), Some(purl));
        prop_assert_eq!(hinted, package.kind.is_os().then_some(distro));
        prop_assert_eq!(back, package);
    }

    #[test]
    fn canonical_text_is_a_fixed_point(text in "pkg:[a-z]{1,6}/[ -~]{0,30}") {
        if let Ok(purl) = text.parse::<Purl>() {
            prop_assert_eq!(purl.as_str().parse::<Purl>(), Ok(purl.clone()));
            prop_assert_eq!(purl.parts().build(), Ok(purl));
        }
    }
}
