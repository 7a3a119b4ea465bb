//! Package lists equal what the package managers themselves list, for the lab's images.

use std::collections::BTreeSet;
use std::fs;

use walks::{lab, lazaret, shared};

/// The packages of one kind in an image, as `name version`.
fn found(image: &str, kind: &str) -> BTreeSet<String> {
    let report = lazaret(&["sbom", "--format", "json", image]).expect(0).json();
    let packages = report["inventory"]["packages"].as_array().unwrap().clone();
    packages
        .iter()
        .filter(|package| package["kind"] == kind)
        .map(|package| {
            let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("name"), text("version"))
        })
        .collect()
}

fn lines(name: &str) -> Vec<String> {
    fs::read_to_string(lab(name)).unwrap().lines().map(str::to_owned).collect()
}

fn same(found: &BTreeSet<String>, expected: &BTreeSet<String>) {
    let missing: Vec<_> = expected.difference(found).collect();
    let surplus: Vec<_> = found.difference(expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
    assert!(!expected.is_empty());
}

fn image(name: &str) -> String {
    lab(name).display().to_string()
}

#[test]
fn dpkg() {
    same(&found(&image("debian.tar"), "deb"), &lines("debian.dpkg").into_iter().collect());
}

#[test]
fn pip() {
    // pip prints names as their authors write them; we keep the form that PEP 503 compares.
    let normal = |name: &str| {
        let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
        name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    };
    let expected = lines("python.pip")
        .iter()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| format!("{} {version}", normal(name)))
        .collect();
    // Copies that an installed package carries inside itself are unknown to pip.
    let report = lazaret(&["sbom", "--format", "json", &image("python.tar")]).expect(0).json();
    let vendored = report["inventory"]["packages"]
        .as_array()
        .unwrap()
        .iter()
        .any(|package| package["path"].as_str().is_some_and(|path| path.contains("_vendor")));
    let found = found(&image("python.tar"), "pypi");
    if vendored {
        let expected: &BTreeSet<String> = &expected;
        assert!(found.is_superset(expected), "{:?}", expected.difference(&found));
    } else {
        same(&found, &expected);
    }
}

#[test]
fn npm() {
    if !std::path::Path::new(&walks::root().join("target/lab/node.npm")).exists() {
        eprintln!("skipped: npm is not installed");
        return;
    }
    // `path:name@version`, the first line being the application itself.
    let expected = lines("node.npm")
        .iter()
        .skip(1)
        .filter_map(|line| line.split(':').nth(1)?.rsplit_once('@'))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let mut found = found(&image("node.tar"), "npm");
    found.remove("app 1.0.0");
    same(&found, &expected);
}

#[test]
fn rpm() {
    let expected = lines("rpm.rpm")
        .iter()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let (name, epoch, version) = (word(), word(), word());
            match epoch {
                "0" | "(none)" => format!("{name} {version}"),
                epoch => format!("{name} {epoch}:{version}"),
            }
        })
        .collect();
    same(&found(&image("rpm.tar"), "rpm"), &expected);
}

#[test]
fn apk_of_a_real_image() {
    let Some(image) = shared("fixtures/images/alpine-3.10.docker-archive.tar.gz") else { return };
    let found = found(&image.display().to_string(), "apk");
    assert_eq!(found.len(), 14, "{found:?}");
    assert!(found.contains("musl 1.1.22-r4") || found.iter().any(|p| p.starts_with("musl ")));
}
