//! On a Debian machine the analyzers read what `dpkg-query` prints of that machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use lazaret_analyze::{Analysis, Analyzers};
use model::{FileEntry, FileKind, Package};

const STATUS: &str = "var/lib/dpkg/status";

/// Reads a file of this machine as if it lay in an image; `None` when it is not there.
fn analyze(path: &str) -> Option<Analysis> {
    let bytes = std::fs::read(Path::new("/").join(path)).ok()?;
    let entry = FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes: bytes.len() as u64,
        mode: 0o644,
        uid: 0,
        gid: 0,
    };
    let mut found = Analysis::default();
    for analyzer in Analyzers::default().for_name(&entry) {
        if let Err(error) = analyzer.analyze(&entry, &&bytes[..], &mut found) {
            panic!("{path}: {error}");
        }
    }
    Some(found)
}

/// The sorted lines that `dpkg-query -W` prints; `None` without dpkg.
fn query(format: &str) -> Option<Vec<String>> {
    let output = Command::new("dpkg-query").args(["-W", "-f", format]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    Some(lines)
}

fn line(package: &Package) -> String {
    let source = package.source.as_ref();
    format!(
        "{} {} {} {} {}",
        package.name,
        package.version,
        package.arch.as_deref().unwrap_or(""),
        source.map_or(&package.name, |s| &s.name),
        source.map_or(&package.version, |s| &s.version),
    )
}

#[test]
fn packages_are_those_of_dpkg_query() {
    let fields = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}";
    let lines = query(&format!("${{db:Status-Status}} {fields}\n"));
    let (Some(found), Some(lines)) = (analyze(STATUS), lines) else {
        println!("skipped: no dpkg on this machine");
        return;
    };
    let mut expect: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split_once(' '))
        .filter(|(status, _)| !matches!(*status, "config-files" | "not-installed"))
        .map(|(_, rest)| rest)
        .collect();
    expect.sort_unstable();
    let mut ours: Vec<_> = found.packages.iter().map(line).collect();
    ours.sort();
    println!("{} packages", ours.len());
    assert_eq!(ours, expect);
    assert!(found.skipped.is_empty());
}

#[test]
fn owned_files_are_those_of_the_lists() {
    let Some(names) = query("${binary:Package}\n") else {
        println!("skipped: no dpkg on this machine");
        return;
    };
    let lists = names.iter().filter_map(|name| analyze(&format!("var/lib/dpkg/info/{name}.list")));
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for owned in lists.flat_map(|found| found.owned) {
        owners.extend(owned.paths.into_iter().map(|path| (path, owned.package.clone())));
    }
    assert_eq!(owners.get("usr/bin/dpkg-query").map(String::as_str), Some("dpkg"));
    // An empty directory looks like a file in a list; all others must be left out.
    let real_directory = |path: &&String| {
        let path = Path::new("/").join(path);
        path.is_dir() && !path.is_symlink()
    };
    let directories = owners.keys().filter(real_directory).count();
    println!("{} files, {directories} of them directories", owners.len());
    assert!(directories * 20 < owners.len());
}
